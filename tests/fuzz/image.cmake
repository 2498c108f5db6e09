# core/image
lima_fuzz(fuzz_qcow2 DEPENDS test_folder lima_image lima_os lima_base)
