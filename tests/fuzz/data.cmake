# core/data
lima_fuzz(fuzz_json DEPENDS lima_data lima_base)
lima_fuzz(fuzz_yaml DEPENDS lima_data lima_base)
