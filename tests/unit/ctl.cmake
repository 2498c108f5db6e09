# core/ctl
foreach(module ctl_args ctl_texts ctl_offer)
    lima_test(test_${module} LEVEL unit DEPENDS lima_ctl)
endforeach()
