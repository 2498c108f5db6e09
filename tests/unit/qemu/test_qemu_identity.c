#include "qemu_test.h"

#include "qemu/identity.h"

/* Expected values: printf 'm123/home/u/.lima/dev' | sha256sum, and so on. */
static void mac__of_machine_and_folder__is_limas(void **state)
{
    (void)state;
    char mac[QEMU_MAC_SIZE];
    lima_qemu_mac("m123", "/home/u/.lima/dev", mac);
    assert_string_equal(mac, "52:55:55:c8:d9:a8");
}

static void tag__before_2_1__is_the_index(void **state)
{
    (void)state;
    for (int generation = LIMA_GENERATION_2_0_0; generation <= LIMA_GENERATION_2_0_3; generation++) {
        char *tag = lima_qemu_mount_tag((lima_generation)generation, 7, "/a", "/b");
        assert_string_equal(tag, "mount7");
        free(tag);
    }
}

static void tag__in_2_1__joins_with_nul(void **state)
{
    (void)state;
    char *tag = lima_qemu_mount_tag(LIMA_GENERATION_2_1, 0, "/home/ü", "/mnt/x");
    assert_string_equal(tag, "lima-ced1a728875625a8");
    free(tag);
}

static void tag__in_2_2__joins_with_colon(void **state)
{
    (void)state;
    char *tag = lima_qemu_mount_tag(LIMA_GENERATION_2_2, 0, "/home/ü", "/mnt/x");
    assert_string_equal(tag, "lima-e1ae4df3c508136e");
    free(tag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mac__of_machine_and_folder__is_limas),
        cmocka_unit_test(tag__before_2_1__is_the_index),
        cmocka_unit_test(tag__in_2_1__joins_with_nul),
        cmocka_unit_test(tag__in_2_2__joins_with_colon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
