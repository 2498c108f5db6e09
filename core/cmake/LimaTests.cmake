# lima_test(NAME LEVEL level [SOURCES …] [DEPENDS …] [DEFINES …] [TIMEOUT s] [SOCKETS])   CMocka program; SOURCES default NAME.c
# lima_script_test(NAME LEVEL level COMMAND … [TIMEOUT s] [SOCKETS])   any program; exit 77 = skipped
# lima_fuzz(NAME [SOURCES …] [DEPENDS …] [CORPUS dir])                          see below
# level = ctest label = what a test needs to run: unit contract rpc drivers ctl fuzz arch sdk interop check e2e image; in a build for
# Windows: win, which is all C tests, wsl winlima msi. They run under Wine there; SOCKETS: not where it has no local sockets.
# Every test sees LIMA_BIN (programs), LIMA_TESTBIN (fakes), LIMA_SOURCE and the sanitizer options.
set(LIMA_TEST_ENV
    "LIMA_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" "LIMA_TESTBIN=${LIMA_TESTBIN}" "LIMA_SOURCE=${PROJECT_SOURCE_DIR}"
    "ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1"
    "LSAN_OPTIONS=suppressions='${PROJECT_SOURCE_DIR}/tests/lsan.supp':print_suppressions=0"
    "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
    "TSAN_OPTIONS=suppressions='${PROJECT_SOURCE_DIR}/tests/tsan.supp':halt_on_error=1:second_deadlock_stack=1")

if(WIN32)
    list(APPEND LIMA_TEST_ENV "LIMA_WINE_PREFIX=${CMAKE_BINARY_DIR}/wine" "LIMA_WINE_TEMPLATE=${CMAKE_BINARY_DIR}/wine-template")
    if(CMAKE_CROSSCOMPILING)
        set(CMAKE_CROSSCOMPILING_EMULATOR "${PROJECT_SOURCE_DIR}/tests/wine/run")
    endif()
endif()

function(_lima_register name level timeout sockets)
    set(env "${LIMA_TEST_ENV}")
    if(WIN32 AND level MATCHES "^(unit|contract|rpc|drivers|fuzz)$")
        set(level win)
    endif()
    if(sockets)
        list(APPEND env "LIMA_TEST_NEEDS=sockets")
    endif()
    set_tests_properties(${name} PROPERTIES LABELS "${level}" SKIP_RETURN_CODE 77 ENVIRONMENT "${env}")
    if(timeout)
        set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout})
    else()
        set_tests_properties(${name} PROPERTIES TIMEOUT 120)
    endif()
endfunction()

function(lima_test name)
    cmake_parse_arguments(arg "SOCKETS" "LEVEL;TIMEOUT" "SOURCES;DEPENDS;DEFINES" ${ARGN})
    if(NOT arg_SOURCES)
        set(arg_SOURCES "${name}.c")
    endif()
    add_executable(${name} ${arg_SOURCES})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/${arg_LEVEL}")
    target_include_directories(${name} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/tests")
    target_compile_definitions(${name} PRIVATE ${arg_DEFINES})
    _lima_target(${name} FALSE)
    target_link_libraries(${name} PRIVATE ${arg_DEPENDS} lima::cmocka)
    lima_windows_program(${name} TEST)
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
    _lima_register(${name} "${arg_LEVEL}" "${arg_TIMEOUT}" "${arg_SOCKETS}")
endfunction()

function(lima_script_test name)
    cmake_parse_arguments(arg "SOCKETS" "LEVEL;TIMEOUT" "COMMAND" ${ARGN})
    add_test(NAME ${name} COMMAND ${arg_COMMAND} WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
    _lima_register(${name} "${arg_LEVEL}" "${arg_TIMEOUT}" "${arg_SOCKETS}")
endfunction()

# One LLVMFuzzerTestOneInput, two lives: preset fuzz makes a libFuzzer program in bin/; all other presets link a small
# main() that replays the corpus as a test (label fuzz), so a crash once found stays found.
function(lima_fuzz name)
    cmake_parse_arguments(arg "" "CORPUS;TIMEOUT" "SOURCES;DEPENDS;DEFINES" ${ARGN})
    if(NOT arg_SOURCES)
        set(arg_SOURCES "${name}.c")
    endif()
    if(NOT arg_CORPUS)
        set(arg_CORPUS "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}")
    endif()
    get_filename_component(arg_CORPUS "${arg_CORPUS}" ABSOLUTE)
    if(LIMA_FUZZ)
        add_executable(${name} ${arg_SOURCES})
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    else()
        add_executable(${name} ${arg_SOURCES} "${PROJECT_SOURCE_DIR}/tests/fuzz_replay.c")
        set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/fuzz")
        add_test(NAME ${name} COMMAND ${name} "${arg_CORPUS}")
        _lima_register(${name} fuzz "${arg_TIMEOUT}" FALSE)
    endif()
    target_include_directories(${name} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/tests")
    target_compile_definitions(${name} PRIVATE ${arg_DEFINES})
    target_compile_options(${name} PRIVATE -Wno-missing-prototypes)
    _lima_target(${name} FALSE)
    target_link_libraries(${name} PRIVATE ${arg_DEPENDS})
    lima_windows_program(${name} TEST)
endfunction()
