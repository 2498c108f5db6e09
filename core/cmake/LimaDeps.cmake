# lima::grpc, lima::protobuf_c, lima::yaml, lima::jansson, lima::zlib, lima::zstd, lima::slirp, lima::cmocka: the only names by which the tree
# knows third parties. LIMA_GRPC=system: Debian's shared libraries. bundled: core/deps, static.
find_package(Threads REQUIRED)

function(_lima_system name)
    find_package(PkgConfig REQUIRED)
    string(MAKE_C_IDENTIFIER "dep_${name}" var)
    pkg_check_modules(${var} REQUIRED IMPORTED_TARGET ${ARGN})
    add_library(lima::${name} ALIAS PkgConfig::${var})
endfunction()

if(LIMA_GRPC STREQUAL "system")
    # grpc_unsecure.pc drags the whole of abseil onto the command line; a C program needs these two only.
    find_library(LIMA_LIB_GRPC grpc_unsecure REQUIRED)
    find_library(LIMA_LIB_GPR gpr REQUIRED)
    add_library(lima_grpc INTERFACE)
    target_link_libraries(lima_grpc INTERFACE ${LIMA_LIB_GRPC} ${LIMA_LIB_GPR} Threads::Threads)
    add_library(lima::grpc ALIAS lima_grpc)
    _lima_system(protobuf_c libprotobuf-c)
    _lima_system(yaml yaml-0.1)
    _lima_system(jansson jansson)
    _lima_system(zlib zlib)
    _lima_system(zstd libzstd)
elseif(LIMA_GRPC STREQUAL "bundled")
    include(LimaBundled)
else()
    message(FATAL_ERROR "LIMA_GRPC is '${LIMA_GRPC}', must be system or bundled")
endif()

include(LimaSlirp)
if(LIMA_TESTS AND NOT TARGET lima::cmocka)
    _lima_system(cmocka cmocka)
endif()
