lima_fuzz(fuzz_hcs_words SOURCES fuzz_hcs_words.c ../../win/hcs_words.c ../../win/hresult.c ../../win/hresult_table.c
    DEPENDS lima_os lima_base)
target_include_directories(fuzz_hcs_words PRIVATE "${PROJECT_SOURCE_DIR}/win")
