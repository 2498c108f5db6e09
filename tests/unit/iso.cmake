# core/image/iso
lima_test(test_iso LEVEL unit DEPENDS test_folder lima_image lima_os lima_base)
