add_subdirectory(qemu)
