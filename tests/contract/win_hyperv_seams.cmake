# Of win/: what drivers/hyperv uses of Windows beside Hyper-V's DLLs. The same source against win/ and, natively, against what the
# double (tests/fakes/hcs/linux) has in its place.
if(WIN32)
    set(hyperv_seam hyperv/seam_win.c)
    set(hyperv_given lima_os)
else()
    set(hyperv_seam hyperv/seam_linux.c)
    set(hyperv_given hcs_fake_win lima_os)
endif()
foreach(part pipe_server routes neighbours file_traits)
    lima_test(contract_${part} LEVEL contract SOURCES hyperv/test_${part}.c ${hyperv_seam} support.c DEPENDS test_folder ${hyperv_given})
    target_include_directories(contract_${part} PRIVATE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/win")
    add_dependencies(contract_${part} contract_child)
endforeach()
