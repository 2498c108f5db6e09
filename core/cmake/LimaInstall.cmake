# What `cmake --install` lays down:
#   bin/limadrv                        libexec/lima/lima-driver-NAME, and lima-driver-NAMEx where limactl has a NAME of its own
#   lib/liblimadriver.a                base, os, data, driver, rpc and (bundled) everything below them, in one archive
#   include/lima/{base,os,data,driver} lib/pkgconfig/limadriver.pc   lib/cmake/limadriver/   share/doc/lima-drivers/example
set(LIMA_SDK_PARTS lima_rpc lima_proto lima_driver lima_data lima_os lima_base)
if(TARGET lima_libc)
    list(APPEND LIMA_SDK_PARTS lima_libc)
endif()
set(LIMA_SHADOWED qemu wsl2 vz)     # names a stock limactl never takes from outside

# What ships, and nothing for tests alone.
add_custom_target(ship)
if(TARGET limadrv)
    install(TARGETS limadrv RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    add_dependencies(ship limadrv)
endif()
foreach(driver qemu hyperv wsl2 vz)
    set(program lima-driver-${driver})
    if(NOT TARGET ${program} OR (WIN32 AND driver STREQUAL "qemu"))   # it compiles for Windows, and is not tried there
        continue()
    endif()
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/lima)
    add_dependencies(ship ${program})
    if(driver IN_LIST LIMA_SHADOWED)
        # A link beside the program in the build tree too: tests use the tree as it is.
        set(alias ${program}x${CMAKE_EXECUTABLE_SUFFIX})
        if(WIN32)                   # where users may not make links
            set(link copy $<TARGET_FILE:${program}>)
        else()
            set(link create_symlink $<TARGET_FILE_NAME:${program}>)
        endif()
        add_custom_target(${program}x ALL VERBATIM COMMAND ${CMAKE_COMMAND} -E ${link} $<TARGET_FILE_DIR:${program}>/${alias})
        add_dependencies(${program}x ${program})
        add_dependencies(ship ${program}x)
        install(FILES $<TARGET_FILE_DIR:${program}>/${alias} DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/lima)
    endif()
endforeach()

# Bundled: a driver's author needs a C compiler and pkg-config, nothing else, so libstdc++ goes in as well.
set(sdk_archives "")
set(sdk_targets "")
foreach(part ${LIMA_SDK_PARTS})
    if(TARGET ${part})
        get_target_property(type ${part} TYPE)
        if(type STREQUAL "STATIC_LIBRARY")
            list(APPEND sdk_archives $<TARGET_FILE:${part}>)
            list(APPEND sdk_targets ${part})
        endif()
    endif()
endforeach()
if(LIMA_GRPC STREQUAL "bundled")
    execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=libstdc++.a
        OUTPUT_VARIABLE libstdcxx OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    foreach(name lima_grpc protobuf-c yaml jansson)
        list(APPEND sdk_archives "${LIMA_BUNDLED}/lib/lib${name}.a")
    endforeach()
    list(APPEND sdk_archives "${libstdcxx}")
    set(LIMA_SDK_LIBS "-lm -lpthread")
    if(WIN32)
        list(TRANSFORM LIMA_WINDOWS_LIBS PREPEND -l OUTPUT_VARIABLE system)
        list(JOIN system " " system)
        set(LIMA_SDK_LIBS "-municode -static -fstack-protector-strong -lm -lpthread ${system}")
    endif()
else()
    set(LIMA_SDK_LIBS "-lgrpc_unsecure -lgpr -lprotobuf-c -lyaml -ljansson -lm -lpthread")
endif()

set(sdk "${CMAKE_BINARY_DIR}/lib/liblimadriver.a")
add_custom_command(OUTPUT "${sdk}" VERBATIM COMMENT "liblimadriver.a" DEPENDS ${sdk_targets} core/cmake/sdk.cmake
    COMMAND ${CMAKE_COMMAND} "-DAR=${CMAKE_AR}" "-DRANLIB=${CMAKE_RANLIB}" "-DOBJCOPY=${CMAKE_OBJCOPY}" "-DOUT=${sdk}"
            "-DARCHIVES=${sdk_archives}" -P "${PROJECT_SOURCE_DIR}/core/cmake/sdk.cmake")
add_custom_target(limadriver ALL DEPENDS "${sdk}")
add_dependencies(ship limadriver)
install(FILES "${sdk}" DESTINATION ${CMAKE_INSTALL_LIBDIR})

foreach(part base os data driver)
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/core/${part}" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/lima
        FILES_MATCHING PATTERN "*.h")
endforeach()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/drivers/example" DESTINATION ${CMAKE_INSTALL_DOCDIR}
    PATTERN CMakeLists.txt EXCLUDE)

include(CMakePackageConfigHelpers)
configure_file(core/cmake/limadriver.pc.in "${CMAKE_BINARY_DIR}/limadriver.pc" @ONLY)
configure_file(core/cmake/limadriver-config.cmake.in "${CMAKE_BINARY_DIR}/limadriver-config.cmake" @ONLY)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/limadriver-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/limadriver.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES "${CMAKE_BINARY_DIR}/limadriver-config.cmake" "${CMAKE_BINARY_DIR}/limadriver-config-version.cmake"
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/limadriver)
