# The client side of core/rpc without a server (tests/rpc has those with one), and what limadrv check is made of.
if(NOT WIN32)       # its drivers are shell scripts
    lima_test(test_launch LEVEL unit DEPENDS lima_rpc lima_data lima_os lima_base)
endif()
lima_test(test_pump LEVEL unit SOCKETS DEPENDS lima_rpc lima_os lima_base)
lima_test(test_services LEVEL unit DEPENDS lima_rpc lima_base)
lima_test(test_check LEVEL unit DEPENDS test_folder lima_ctl lima_data lima_os lima_base)
