/* What is quoted of the documents of HCS and HCN: good ones, cut ones, and what is none. */
#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf.h"
#include "hcs_words.h"

static void assert_words(const char *document, const char *wanted)
{
    char *exact = lima_mem_strdup(document); /* so that a byte too far is found */
    char *words = lima_hcs_words(exact);

    assert_string_equal(words, wanted);
    free(words);
    free(exact);
}

static void words__result_of_hcs__are_messages_and_details(void **state)
{
    (void)state;
    assert_words(
        "{\"Error\":-2143878912,\"ErrorMessage\":\"Cannot start.\",\"ErrorEvents\":[{\"Message\":\"'x' "
        "Synthetic "
        "SCSI Controller: failed to power "
        "on\",\"Provider\":\"51ddfa29-d5c8-4803-be4b-2ecb715570fe\",\"EventId\":"
        "12010,\"Flags\":0,\"Source\":\"VMM\",\"Data\":[{\"Type\":\"String\",\"Value\":\"Message\"}]},"
        "{\"Message\":\"Attachment '\\\\\\\\.\\\\x' : denied\"}],"
        "\"Attribution\":[{\"WorkerExit\":{\"ExitCode\":0,\"Type\":\"InitializationFailed\",\"Detail\":"
        "\"ColdStartFailure\",\"Initiator\":\"Internal\"}}]}",
        "Cannot start.; 'x' Synthetic SCSI Controller: failed to power on; Attachment '\\\\.\\x' : denied; "
        "ColdStartFailure");
}

static void words__record_of_hcn__are_its_error(void **state)
{
    (void)state;
    assert_words("{\"Success\":false,\"Error\":\"The network was not found. \",\"ErrorCode\":2151350273}",
                 "The network was not found.");
}

static void words__same_message_twice__are_told_once(void **state)
{
    (void)state;
    assert_words("[{\"Message\":\"a\"},{\"Message\":\"a\"},{\"Message\":\"b\"},{\"Message\":\"\"}]", "a; b");
}

static void words__escapes__become_characters_of_one_line(void **state)
{
    (void)state;
    assert_words("{\"Message\" : \"\\u0041\\u00fc\\ud83d\\udc27 \\\"q\\\" a\\r\\nb\\/\"}",
                 "A\xc3\xbc\xf0\x9f\x90\xa7 \"q\" a  b/");
    assert_words("{\"Message\":\"\\ud83d\\u0041\"}", "?A");
    assert_words("{\"Message\":\"\\udc27\\ud83d\"}", "??");
    assert_words("{\"Message\":\"\\u12g4\"}", "u12g4");
    assert_words("{\"Message\":\"a\nb\"}", "a b");
}

static void words__values_of_other_keys__are_not_told(void **state)
{
    (void)state;
    assert_words("{\"Message\":null,\"x\":\"secret\",\"Message\":[\"in\",\"list\"],\"y\":\"z\"}", "in");
    assert_words("{\"Message\":{\"x\":\"inside\"},\"k\":[\"Message\"]}",
                 "{\"Message\":{\"x\":\"inside\"},\"k\":[\"Message\"]}");
}

static void words__document_that_is_cut__give_what_was_there(void **state)
{
    static const char whole[] = "{\"Message\":\"one\\u00fc\",\"Message\":\"two\"}";

    (void)state;
    for (size_t len = 0; len < sizeof whole; len++) {
        char *cut = lima_mem_strndup(whole, len), *words = lima_hcs_words(cut);
        assert_true(strlen(words) <= LIMA_HCS_WORDS_MAX && lima_utf8_valid(words, strlen(words)));
        free(words);
        free(cut);
    }
    assert_words("{\"Message\":\"one\",\"Message\":\"tw", "one; tw");
    assert_words("{\"Message\":\"one\\", "one");
}

static void words__no_json__are_its_beginning(void **state)
{
    (void)state;
    assert_words(NULL, "");
    assert_words("", "");
    assert_words("  Access is\tdenied.\r\n", "Access is denied.  ");
    assert_words("{}", "{}");
}

static void words__very_long_messages__are_cut_between_characters(void **state)
{
    char document[8192] = "{\"Message\":\"";

    (void)state;
    for (size_t i = 0; i < 2000; i++)
        strcat(document, "\xe2\x82\xac");
    strcat(document, "\",\"ErrorMessage\":\"end\"}");
    char *words = lima_hcs_words(document);
    assert_true(lima_utf8_valid(words, strlen(words)));
    assert_int_equal(strlen(words), 300 + strlen("; end"));
    free(words);
}

static void words__very_many_messages__stay_within_the_limit(void **state)
{
    char document[8192] = "[",
         name[] = "{\"Message\":\"a\xc3\xbc\xc3\xbc\xc3\xbc 01234567890123456789012345678901234567890"
                  "12345678901234567890123456789012345678901234567890123456789\"},";

    (void)state;
    for (int i = 0; i < 26; i++) {
        name[12] = (char)('a' + i);
        strcat(document, name);
    }
    char *words = lima_hcs_words(document);
    assert_true(strlen(words) <= LIMA_HCS_WORDS_MAX && lima_utf8_valid(words, strlen(words)));
    assert_string_equal(words + strlen(words) - 3, "...");
    free(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words__result_of_hcs__are_messages_and_details),
        cmocka_unit_test(words__record_of_hcn__are_its_error),
        cmocka_unit_test(words__same_message_twice__are_told_once),
        cmocka_unit_test(words__escapes__become_characters_of_one_line),
        cmocka_unit_test(words__values_of_other_keys__are_not_told),
        cmocka_unit_test(words__document_that_is_cut__give_what_was_there),
        cmocka_unit_test(words__no_json__are_its_beginning),
        cmocka_unit_test(words__very_long_messages__are_cut_between_characters),
        cmocka_unit_test(words__very_many_messages__stay_within_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
