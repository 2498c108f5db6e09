# Compiler and linker options. lima_flags: everything of ours. lima_strict: what tests are spared,
# because CMocka's macros convert by design. lima_ship, lima_test_link: how programs and tests are linked.
add_library(lima_flags INTERFACE)
add_library(lima_ship INTERFACE)
add_library(lima_test_link INTERFACE)
add_library(lima_strict INTERFACE)

target_compile_options(lima_flags INTERFACE
    -Wall -Wextra -Wpedantic -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wno-format-nonliteral -Wno-format-zero-length -Wundef
    -Wvla -Wwrite-strings -Wpointer-arith -Wimplicit-fallthrough -Wswitch-enum
    -fno-common -fno-strict-aliasing -fvisibility=hidden)
target_compile_options(lima_strict INTERFACE -Wconversion -Wno-sign-conversion -Wcast-qual -Wcast-align)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(lima_strict INTERFACE -Wduplicated-cond -Wlogical-op)
else()
    target_compile_options(lima_strict INTERFACE -Wno-string-conversion)    # part of clang's -Wconversion
endif()

# Windows 10, standard printf formats, and no DLL of the tool chain's; programs start in win/start.c.
if(WIN32)
    # None but "known DLLs": Windows would look for any other in the program's own folder first (tests/win/hardening.py).
    set(LIMA_WINDOWS_LIBS ws2_32 advapi32 ntdll)
    target_compile_definitions(lima_flags INTERFACE _WIN32_WINNT=0x0A00 WIN32_LEAN_AND_MEAN __USE_MINGW_ANSI_STDIO=1 UNICODE _UNICODE)
    target_link_options(lima_flags INTERFACE -static)
endif()

set(CMAKE_C_FLAGS_RELEASE "-O2")    # no NDEBUG: asserts stay in what ships

if(LIMA_SANITIZE)
    target_compile_options(lima_flags INTERFACE -fsanitize=${LIMA_SANITIZE} -fno-sanitize-recover=all
        -fno-omit-frame-pointer -O1)
    target_link_options(lima_flags INTERFACE -fsanitize=${LIMA_SANITIZE})
endif()
if(LIMA_FUZZ)
    target_compile_options(lima_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(LIMA_COVERAGE)
    target_compile_options(lima_flags INTERFACE --coverage -fprofile-update=atomic -O0)
    target_link_options(lima_flags INTERFACE --coverage)
endif()
if(LIMA_HARDEN)
    include("${CMAKE_CURRENT_LIST_DIR}/LimaHarden.cmake")
endif()
