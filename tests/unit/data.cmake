# core/data
foreach(module json_parse json_limits json_print json_path json_read json_write yaml yaml_scalars)
    lima_test(test_${module} LEVEL unit DEPENDS lima_data lima_base)
endforeach()
