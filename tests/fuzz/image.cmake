# core/image
lima_fuzz(fuzz_qcow2 DEPENDS test_folder lima_image lima_os lima_base)
foreach(format qcow2 vmdk vhd)
    string(TOUPPER ${format} id)
    set(gap 0)
    if(format STREQUAL "vhd")
        set(gap 540000)    # one of its blocks, which have half a MiB at least
    endif()
    lima_fuzz(fuzz_disk_${format} SOURCES fuzz_disk.c DEFINES DISK_FORMAT=LIMA_DISK_${id} DISK_GAP=${gap} DEPENDS test_folder lima_image lima_os lima_base)
endforeach()
lima_fuzz(fuzz_disk_vhdx SOURCES fuzz_disk.c fuzz_disk_vhdx.c DEFINES DISK_FORMAT=LIMA_DISK_VHDX DISK_OVERLAY
    DEPENDS test_folder lima_image lima_os lima_base)
