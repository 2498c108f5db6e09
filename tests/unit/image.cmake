# core/image
foreach(module iso qcow2 vhdx_write)
    lima_test(test_${module} LEVEL unit DEPENDS test_folder lima_image lima_os lima_base)
endforeach()
foreach(part disk disk_vmdk disk_vhd disk_vhdx disk_sweep convert)
    lima_test(test_${part} LEVEL unit SOURCES test_${part}.c disk_case.c DEPENDS test_folder lima_image lima_os lima_base lima::zlib)
endforeach()
foreach(part disk_qcow2 disk_qcow2_packed)
    lima_test(test_${part} LEVEL unit SOURCES test_${part}.c disk_case.c qcow2_case.c
        DEPENDS test_folder lima_image lima_os lima_base lima::zlib)
endforeach()
if(NOT WIN32)    # where a process may write no more than so much
    lima_test(test_convert_full LEVEL unit SOURCES test_convert_full.c disk_case.c DEPENDS test_folder lima_image lima_os lima_base DEFINES _GNU_SOURCE)
endif()
