#include "qemu_test.h"

#include "qemu/img_text.h"

static void failed__words__have_code_and_object(void **state)
{
    (void)state;
    static const struct {
        const char *text, *word;
        lima_code code;
    } table[] = {
        {"qemu-img: Could not delete snapshot 'nope': snapshot not found\n", "snapshot not found",
         LIMA_CODE_NOT_FOUND},
        {"qemu-img: Could not apply snapshot 'nope': Failed to load snapshot: No such file or directory\n",
         "'nope'", LIMA_CODE_NOT_FOUND},
        {"qemu-img: Could not create snapshot 'x': -95 (Operation not supported)\n", "-95",
         LIMA_CODE_FAILED_PRECONDITION},
        {"qemu-img: Could not open 'd': Failed to get \"write\" lock\nIs another process using the image "
         "[d]?\n",
         "[d]", LIMA_CODE_FAILED_PRECONDITION},
        {"", "without a word (exit status 1)", LIMA_CODE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_err(lima_qemu_img_failed(table[i].text, strlen(table[i].text), "snapshot 'x': delete",
                                        "exit status 1", &err),
                   table[i].code, table[i].word, "snapshot 'x': delete: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed__words__have_code_and_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
