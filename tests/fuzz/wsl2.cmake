foreach(part config guest image output registration settings snapshot)
    lima_fuzz(fuzz_wsl2_${part} DEPENDS lima_wsl2_pure)
endforeach()
