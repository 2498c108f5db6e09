foreach(part answers config document snapshots usernet)
    lima_fuzz(fuzz_hyperv_${part} DEPENDS lima_hyperv_pure)
endforeach()
