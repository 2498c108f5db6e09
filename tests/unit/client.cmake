# The client side of core/rpc, and what limadrv check is made of.
set(rpc "${PROJECT_SOURCE_DIR}/tests/rpc")
lima_test(test_client LEVEL rpc SOURCES test_client.c "${rpc}/harness.c" DEPENDS lima_scripted lima_rpc lima_driver lima_data lima_os lima_base)
target_include_directories(test_client PRIVATE "${rpc}")
lima_test(test_launch LEVEL unit DEPENDS lima_rpc lima_data lima_os lima_base)
lima_test(test_pump LEVEL unit DEPENDS lima_rpc lima_os lima_base)
lima_test(test_services LEVEL unit DEPENDS lima_rpc lima_base)
lima_test(test_check LEVEL unit DEPENDS lima_ctl lima_data lima_os lima_base)
