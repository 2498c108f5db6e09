# core/driver and the server side of core/rpc
lima_fuzz(fuzz_instance DEPENDS lima_driver lima_data lima_os lima_base)
lima_fuzz(fuzz_inspect DEPENDS lima_rpc lima_driver lima_data lima_os lima_base)
lima_fuzz(fuzz_http2 DEPENDS lima_scripted lima_rpc lima_driver lima_data lima_os lima_base)
target_include_directories(fuzz_http2 PRIVATE "${PROJECT_SOURCE_DIR}/tests/rpc")
