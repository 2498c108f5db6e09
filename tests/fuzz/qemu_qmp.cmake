lima_fuzz(fuzz_qmp DEPENDS lima_qemu)
