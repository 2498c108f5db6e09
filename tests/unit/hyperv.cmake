add_subdirectory(hyperv)
