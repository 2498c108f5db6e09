# The static libraries of core/deps, built once per recipe by a script (about five minutes) and kept in a cache.
set(LIMA_DEPS "" CACHE PATH "Folder of a finished core/deps build; empty: core/deps/build finds or makes it")

if(LIMA_DEPS)
    set(_deps "${LIMA_DEPS}")
else()
    set(_toolchain "")
    if(CMAKE_TOOLCHAIN_FILE)
        set(_toolchain --toolchain "${CMAKE_TOOLCHAIN_FILE}")
    endif()
    execute_process(COMMAND "${PROJECT_SOURCE_DIR}/core/deps/build" ${_toolchain}
        OUTPUT_VARIABLE _deps OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
        "${PROJECT_SOURCE_DIR}/core/deps/build" "${PROJECT_SOURCE_DIR}/core/deps/CMakeLists.txt"
        "${PROJECT_SOURCE_DIR}/core/deps/sources.txt")
endif()
message(STATUS "Bundled libraries: ${_deps}")
set(LIMA_BUNDLED "${_deps}")

function(_lima_bundled name archive)
    add_library(lima::${name} STATIC IMPORTED GLOBAL)
    set_target_properties(lima::${name} PROPERTIES IMPORTED_LOCATION "${LIMA_BUNDLED}/lib/${archive}"
        INTERFACE_LINK_LIBRARIES "${ARGN}")
    target_include_directories(lima::${name} SYSTEM INTERFACE "${LIMA_BUNDLED}/include")
endfunction()

_lima_bundled(grpc liblima_grpc.a stdc++ m Threads::Threads ${LIMA_WINDOWS_LIBS})
_lima_bundled(protobuf_c libprotobuf-c.a)
_lima_bundled(yaml libyaml.a)
target_compile_definitions(lima::yaml INTERFACE YAML_DECLARE_STATIC)
_lima_bundled(jansson libjansson.a)
_lima_bundled(zlib libz.a)
_lima_bundled(zstd libzstd.a)
if(EXISTS "${LIMA_BUNDLED}/lib/libcmocka.a")
    _lima_bundled(cmocka libcmocka.a)
endif()
