# What of win/ is plain C: tested on every host.
lima_test(test_win_path LEVEL unit SOURCES test_win_path.c ../../win/path.c DEPENDS lima_base)
target_include_directories(test_win_path PRIVATE "${PROJECT_SOURCE_DIR}/win")
lima_test(test_quote LEVEL unit SOURCES test_quote.c ../../win/quote.c DEPENDS lima_base)
target_include_directories(test_quote PRIVATE "${PROJECT_SOURCE_DIR}/win")
lima_test(test_win_registry LEVEL unit SOURCES test_win_registry.c ../../win/registry_value.c DEPENDS lima_base)
target_include_directories(test_win_registry PRIVATE "${PROJECT_SOURCE_DIR}/win")
lima_test(test_hresult LEVEL unit
    SOURCES test_hresult.c ../../win/hresult.c ../../win/hresult_table.c DEPENDS lima_os lima_base)
target_include_directories(test_hresult PRIVATE "${PROJECT_SOURCE_DIR}/win")
lima_test(test_hcs_words LEVEL unit SOURCES test_hcs_words.c ../../win/hcs_words.c DEPENDS lima_base)
target_include_directories(test_hcs_words PRIVATE "${PROJECT_SOURCE_DIR}/win")
