#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "driver/identity.h"

/* Expected values: printf 'm123/home/u/.lima/dev' | sha256sum, and so on. */
static void mac__of_machine_and_folder__is_limas(void **state)
{
    (void)state;
    char mac[LIMA_MAC_SIZE];
    lima_identity_mac("m123", "/home/u/.lima/dev", mac);
    assert_string_equal(mac, "52:55:55:c8:d9:a8");
}

static void tag__before_2_1__is_the_index(void **state)
{
    (void)state;
    for (int generation = LIMA_GENERATION_2_0_0; generation <= LIMA_GENERATION_2_0_3; generation++) {
        char *tag = lima_identity_mount_tag((lima_generation)generation, 7, "/a", "/b");
        assert_string_equal(tag, "mount7");
        free(tag);
    }
}

static void tag__in_2_1__joins_with_nul(void **state)
{
    (void)state;
    char *tag = lima_identity_mount_tag(LIMA_GENERATION_2_1, 0, "/home/ü", "/mnt/x");
    assert_string_equal(tag, "lima-ced1a728875625a8");
    free(tag);
}

static void tag__in_2_2__joins_with_colon(void **state)
{
    (void)state;
    char *tag = lima_identity_mount_tag(LIMA_GENERATION_2_2, 0, "/home/ü", "/mnt/x");
    assert_string_equal(tag, "lima-e1ae4df3c508136e");
    free(tag);
}

static void guid__one_folder_in_any_spelling__same_guid(void **state)
{
    (void)state;
    char guid[4][LIMA_GUID_SIZE];
    lima_identity_guid("vm", "C:\\LH\\dev", guid[0]);
    lima_identity_guid("vm", "c:/lh/dev/", guid[1]);
    lima_identity_guid("vm", "C:\\LH\\dev2", guid[2]);
    lima_identity_guid("nic", "C:\\LH\\dev", guid[3]);
    assert_string_equal(guid[0], guid[1]);
    assert_string_not_equal(guid[0], guid[2]);
    assert_string_not_equal(guid[0], guid[3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mac__of_machine_and_folder__is_limas),
        cmocka_unit_test(tag__before_2_1__is_the_index),
        cmocka_unit_test(tag__in_2_1__joins_with_nul),
        cmocka_unit_test(tag__in_2_2__joins_with_colon),
        cmocka_unit_test(guid__one_folder_in_any_spelling__same_guid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
