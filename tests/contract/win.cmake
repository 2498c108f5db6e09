# What only win/ promises, or what only calls of Windows can see: its own headers may be used here.
if(WIN32)
    foreach(part facts files paths private wait file_leaks)
        lima_test(contract_win_${part} LEVEL contract TIMEOUT 300 SOURCES win/test_${part}.c support.c DEPENDS test_folder lima_os)
        target_include_directories(contract_win_${part} PRIVATE "${PROJECT_SOURCE_DIR}/win")
        add_dependencies(contract_win_${part} contract_child)
    endforeach()
endif()
