# core/os: one suite per contract header, written only against the headers. Whoever implements them must pass.
lima_program(contract_child TEST SOURCES child.c DEPENDS lima_os)
set_target_properties(contract_child PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/contract")

foreach(part clock thread host file file_open folder stream listener accept process process_start process_run)
    set(needs "")
    if(part MATCHES "^(stream|listener|accept)$")
        set(needs SOCKETS)
    endif()
    lima_test(contract_${part} LEVEL contract ${needs} SOURCES test_${part}.c support.c DEPENDS test_folder lima_os)
    add_dependencies(contract_${part} contract_child)
endforeach()

# What only posix/ promises, or what only POSIX calls can see.
if(NOT WIN32)
    foreach(part files listener process signals)
        lima_test(contract_posix_${part} LEVEL contract SOURCES posix/test_${part}.c support.c DEPENDS test_folder lima_os
            DEFINES _GNU_SOURCE)
        add_dependencies(contract_posix_${part} contract_child)
    endforeach()
endif()
