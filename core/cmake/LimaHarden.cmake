# What ships. Fat LTO objects: the SDK's static library must link without LTO too.
target_compile_options(lima_flags INTERFACE
    $<$<NOT:$<BOOL:$<TARGET_PROPERTY:LIMA_TEST>>>:-flto=auto;-ffat-lto-objects> -ffunction-sections -fdata-sections
    -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
# The same bytes wherever it is built: __FILE__ tells a path in the tree. ccache makes relative paths of absolute ones, by
# the way from the build folder. A prefix is compared byte by byte: it must end in one slash.
file(RELATIVE_PATH from_build "${CMAKE_BINARY_DIR}" "${PROJECT_SOURCE_DIR}")
string(REGEX REPLACE "/+$" "" from_build "${from_build}")
target_compile_options(lima_flags INTERFACE "-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=" "-ffile-prefix-map=${from_build}/="
    "-ffile-prefix-map=${CMAKE_BINARY_DIR}/=")
# Depends on what the optimiser inlines, and cannot know that an output is set when a function says true. Preset dev keeps it.
target_compile_options(lima_flags INTERFACE -Wno-maybe-uninitialized)
target_link_options(lima_flags INTERFACE -Wl,--gc-sections)
target_link_options(lima_ship INTERFACE -flto=auto -O2)
# Dozens of test programs: the machine code in the fat objects does, and links in a tenth of the time.
target_link_options(lima_test_link INTERFACE -fno-lto -fno-use-linker-plugin)
if(WIN32)
    # Position-independent and stack-probing by nature. What gcc has not: control-flow guard (/guard:cf).
    target_link_options(lima_flags INTERFACE -Wl,--dynamicbase,--high-entropy-va,--nxcompat,--no-insert-timestamp -s
        -fstack-protector-strong)
    return()
endif()
target_compile_options(lima_flags INTERFACE -fPIE -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(lima_flags INTERFACE -fcf-protection=full)
endif()
target_link_options(lima_flags INTERFACE -Wl,--as-needed)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    target_link_options(lima_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack -s)
    # Programs without any shared library start several times faster. Tests cannot: CMocka is a shared library.
    if(LIMA_GRPC STREQUAL "bundled")
        # Relocations in the packed form take 1 KB of memory instead of 140.
        target_link_options(lima_ship INTERFACE -static-pie -Wl,-z,pack-relative-relocs)
    else()
        target_link_options(lima_ship INTERFACE -pie)
    endif()
endif()
