# Of win/: streams, listeners and processes, beyond the contract.
if(WIN32)
    foreach(part process sockets leaks)
        set(needs "")
        if(NOT part STREQUAL "process")
            set(needs SOCKETS)
        endif()
        lima_test(contract_win_${part} LEVEL contract ${needs} TIMEOUT 300 SOURCES win/test_${part}.c support.c
            DEPENDS test_folder lima_os)
        target_include_directories(contract_win_${part} PRIVATE "${PROJECT_SOURCE_DIR}/win")
        add_dependencies(contract_win_${part} contract_child)
    endforeach()
endif()
