# What only win/ promises, or what only calls of Windows can see: its own headers may be used here.
if(WIN32)
    foreach(part files paths)
        lima_test(contract_win_${part} LEVEL contract SOURCES win/test_${part}.c support.c DEPENDS test_folder lima_os)
        target_include_directories(contract_win_${part} PRIVATE "${PROJECT_SOURCE_DIR}/win")
    endforeach()
endif()
