# core/image/iso
lima_test(test_iso LEVEL unit DEPENDS lima_image lima_os lima_base)
