# What only win/ promises, or what only calls of Windows can see: its own headers may be used here.
if(WIN32)
    set(timeout 120)
    foreach(part facts files paths private wait file_leaks)
        if(part STREQUAL "file_leaks")      # a thousand rounds of everything, which Wine takes its time for
            set(timeout 600)
        endif()
        lima_test(contract_win_${part} LEVEL contract TIMEOUT ${timeout} SOURCES win/test_${part}.c support.c DEPENDS test_folder lima_os)
        target_include_directories(contract_win_${part} PRIVATE "${PROJECT_SOURCE_DIR}/win")
        add_dependencies(contract_win_${part} contract_child)
    endforeach()
endif()
