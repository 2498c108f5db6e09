# core/image
foreach(module iso qcow2)
    lima_test(test_${module} LEVEL unit DEPENDS test_folder lima_image lima_os lima_base)
endforeach()
