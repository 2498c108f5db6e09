/* qemu-img tells its failures in free text. What is looked for are the system's words for an error, which
 * stand in it whatever the command was. */
#include "qemu/img_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "qemu/text.h"

static lima_code code_of(const char *text)
{
    static const struct {
        const char *words;
        lima_code code;
    } known[] = {
        {"does not exist", LIMA_CODE_NOT_FOUND},
        {"not found", LIMA_CODE_NOT_FOUND},
        {"No such file or directory", LIMA_CODE_NOT_FOUND},
        {"already exists", LIMA_CODE_ALREADY_EXISTS},
        {"No space left", LIMA_CODE_RESOURCE_EXHAUSTED},
        {"quota", LIMA_CODE_RESOURCE_EXHAUSTED},
        {"Operation not supported", LIMA_CODE_FAILED_PRECONDITION},
        {"Failed to get \"write\" lock", LIMA_CODE_FAILED_PRECONDITION},
        {"Permission denied", LIMA_CODE_PERMISSION_DENIED},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strstr(text, known[i].words))
            return known[i].code;
    return LIMA_CODE_UNKNOWN;
}

static const char *hint_of(lima_code code)
{
    return code == LIMA_CODE_RESOURCE_EXHAUSTED ? "; free space on the disk that holds the instance" : "";
}

/* All that was said, on one line. */
static char *one_line(const char *text, size_t len)
{
    lima_strv lines = {0};
    lima_qemu_lines(text, len, &lines);
    char *joined = lima_strv_join(&lines, "; ");
    lima_strv_free(&lines);
    return joined;
}

bool lima_qemu_img_failed(const char *stderr_text, size_t len, const char *what, const char *exit_text,
                          lima_err *err)
{
    char *text = one_line(stderr_text, len);
    if (*text)
        lima_err_set(err, code_of(text), "%s: %.1000s%s", what, text, hint_of(code_of(text)));
    else
        lima_err_set(err, LIMA_CODE_UNKNOWN, "%s: qemu-img failed without a word (%s)", what, exit_text);
    free(text);
    return false;
}
