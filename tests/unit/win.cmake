# What of win/ is plain C: tested on every host.
lima_test(test_win_path LEVEL unit SOURCES test_win_path.c ../../win/path.c DEPENDS lima_base)
target_include_directories(test_win_path PRIVATE "${PROJECT_SOURCE_DIR}/win")
lima_test(test_quote LEVEL unit SOURCES test_quote.c ../../win/quote.c DEPENDS lima_base)
target_include_directories(test_quote PRIVATE "${PROJECT_SOURCE_DIR}/win")
lima_test(test_win_registry LEVEL unit SOURCES test_win_registry.c ../../win/registry_value.c DEPENDS lima_base)
target_include_directories(test_win_registry PRIVATE "${PROJECT_SOURCE_DIR}/win")
