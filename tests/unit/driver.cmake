# core/driver; the scripted driver is shared with tests/rpc
set(rpc "${PROJECT_SOURCE_DIR}/tests/rpc")
add_library(lima_scripted STATIC "${rpc}/scripted.c" "${rpc}/scripted_table.c")
target_include_directories(lima_scripted PRIVATE "${PROJECT_SOURCE_DIR}/tests" PUBLIC "${rpc}")
target_link_libraries(lima_scripted PUBLIC lima_driver PRIVATE lima::cmocka)
_lima_target(lima_scripted FALSE)

lima_test(test_identity LEVEL unit DEPENDS lima_driver lima_base)
lima_test(test_windows_mounts LEVEL unit DEPENDS lima_driver lima_data lima_os lima_base)
lima_test(test_door LEVEL unit SOCKETS DEPENDS test_folder lima_driver lima_os lima_base)
lima_test(test_lifecycle LEVEL unit DEPENDS lima_driver lima_base)
lima_test(test_instance LEVEL unit DEPENDS test_folder lima_driver lima_data lima_os lima_base)
lima_test(test_documents LEVEL unit DEPENDS lima_scripted test_folder lima_driver lima_data lima_os lima_base)
foreach(module control session)
    lima_test(test_${module} LEVEL unit SOURCES test_${module}.c control_fixture.c
        DEPENDS lima_scripted test_folder lima_driver lima_data lima_os lima_base)
endforeach()
