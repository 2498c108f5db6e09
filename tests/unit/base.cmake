# core/base
foreach(module err mem buf strv str words number base64 utf sha256 crc32c path guid ipv4)
    lima_test(test_${module} LEVEL unit DEPENDS lima_base)
endforeach()
lima_test(test_log LEVEL unit DEPENDS lima_base lima_os)    # threads
# The level is read once per process: one run per value. 3 is debug, 2 is info (the default, also for nonsense).
foreach(value debug:3 WARN:1 nonsense:2)
    string(REPLACE ":" ";" pair ${value})
    list(GET pair 0 text)
    list(GET pair 1 level)
    lima_script_test(test_log_env_${text} LEVEL unit
        COMMAND ${CMAKE_COMMAND} -E env LIMA_DRIVER_LOG=${text} ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:test_log> ${level})
endforeach()
