/* What wsl.exe may write: always valid text, a code whose parts fit, an error that is never empty, and a list
 * that is one or an error. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf.h"
#include "wsl2/argv.h"
#include "wsl2/error_code.h"
#include "wsl2/listing.h"
#include "wsl2/output.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_words(const char *text)
{
    wsl2_error_code code = {0};
    if (lima_wsl2_error_code_find(text, &code))
        assert(*code.symbol && strncmp(code.whole, "Wsl/", 4) == 0 && strlen(code.whole) < sizeof code.whole);
    wsl2_failure failure = {"what", "exit status 1", -1, text, text};
    lima_err err = {0};
    assert(!lima_wsl2_failed(&failure, NULL, NULL, &err) && err.code != LIMA_CODE_OK && err.text[0]);
    char *line = lima_wsl2_output_one_line(text, 100);
    assert(strlen(line) <= 100 && !strchr(line, '\n') && lima_utf8_valid(line, strlen(line)));
    free(line);
    lima_strv warnings = {0};
    lima_wsl2_output_warnings(text, &warnings);
    lima_strv_free(&warnings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = lima_wsl2_output_text(data, size);
    assert(lima_utf8_valid(text, strlen(text)) && !strchr(text, '\r'));
    check_words(text);
    free(text);
    lima_strv names = {0};
    if (lima_wsl2_listing_names(data, size, NULL, &names, NULL))
        for (size_t i = 0; i < names.len; i++)
            assert(lima_wsl2_name_valid(names.items[i]));
    lima_strv_free(&names);
    wsl2_version version = {0};
    lima_wsl2_version_parse(data, size, &version, NULL);
    return 0;
}
