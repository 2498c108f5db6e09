# core/rpc: messages, and the server side without a server (tests/rpc has those with one)
lima_test(test_messages LEVEL unit DEPENDS lima_rpc lima_driver lima_data lima_os lima_base)
lima_test(test_options LEVEL unit DEPENDS lima_scripted lima_rpc lima_driver lima_data lima_os lima_base)
