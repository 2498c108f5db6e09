#include "qemu_test.h"

#include "qemu/image_info.h"

static char *quoted(const char *text)
{
    char *copy = lima_mem_strdup(text);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    return copy;
}

static bool parse(const char *text, qemu_image_info *ret, lima_err *err)
{
    char *json = quoted(text);
    bool ok = lima_qemu_image_info_parse(json, strlen(json), "/i/disk", ret, err);
    free(json);
    return ok;
}

static const char plain_qcow2[] =
    "{'virtual-size':10485760,'filename':'/i/"
    "disk','cluster-size':65536,'format':'qcow2','actual-size':200704,"
    "'format-specific':{'type':'qcow2','data':{'compat':'1.1','corrupt':false}},'dirty-flag':true,"
    "'children':[{'name':'file','info':{'children':[],'virtual-size':197120,'filename':'/i/"
    "disk','format':'file'}}],"
    "'snapshots':[{'id':'1','name':'t','vm-state-size':5,'date-sec':1,'vm-clock-sec':0}]}";

static void parse__plain_qcow2__passes(void **state)
{
    (void)state;
    qemu_image_info info = {0};
    assert_ok(parse(plain_qcow2, &info, &err));
    assert_ok(lima_qemu_image_info_check(&info, "/i/disk", &err));
    assert_string_equal(info.format, "qcow2");
    assert_int_equal(info.snapshots.len, 1);
    lima_qemu_image_info_free(&info);
    assert_null(info.format);
}

static void parse__accepted_formats__pass(void **state)
{
    (void)state;
    const char *texts[] = {
        "{'virtual-size':0,'format':'raw'}",
        "{'virtual-size':1,'format':'vhdx'}",
        "{'virtual-size':1,'format':'vmdk','format-specific':{'type':'vmdk','data':{'extents':[{'filename':'/"
        "i/disk'}]}}}",
        "{'virtual-size':1,'format':'vmdk','filename':'rel/"
        "disk','format-specific':{'data':{'extents':[{'filename':'rel/disk'}]}}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        qemu_image_info info = {0};
        assert_ok(parse(texts[i], &info, &err));
        assert_ok(lima_qemu_image_info_check(&info, "/i/disk", &err));
        lima_qemu_image_info_free(&info);
    }
}

static void check__image_that_needs_more_than_itself__is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *word;
        lima_code code;
    } table[] = {
        {"{'virtual-size':1,'format':'qcow2','backing-filename':'/etc/shadow'}", "/etc/shadow",
         LIMA_CODE_INVALID_ARGUMENT},
        {"{'virtual-size':1,'format':'qcow2','full-backing-filename':'/b'}", "backing file '/b'",
         LIMA_CODE_INVALID_ARGUMENT},
        {"{'virtual-size':1,'format':'qcow2','backing-filename':''}", "has the backing file;",
         LIMA_CODE_INVALID_ARGUMENT},
        {"{'virtual-size':1,'format':'qcow2','format-specific':{'data':{'data-file':'/d,ü'}}}", "'/d,ü'",
         LIMA_CODE_INVALID_ARGUMENT},
        {"{'virtual-size':1,'format':'vmdk','format-specific':{'data':{'extents':[{'filename':'/i/"
         "disk'},{'filename':'/i/f2'}]}}}",
         "'/i/f2'", LIMA_CODE_INVALID_ARGUMENT},
        {"{'virtual-size':1,'format':'vmdk','format-specific':{'data':{'extents':[{}]}}}", "unnamed extent",
         LIMA_CODE_INVALID_ARGUMENT},
        {"{'virtual-size':1,'format':'raw','children':[{'name':'file','info':{'filename':'/etc/passwd'}}]}",
         "/etc/passwd", LIMA_CODE_INVALID_ARGUMENT},
        {"{'virtual-size':1,'format':'qcow2','children':[{'info':{'filename':'/i/"
         "disk'}},{'info':{'filename':'/i/disk'}}]}",
         "several files", LIMA_CODE_INVALID_ARGUMENT},
        {"{'virtual-size':1,'format':'qcow2','children':[{'info':{'filename':'/i/disk','children':[{}]}}]}",
         "several files", LIMA_CODE_INVALID_ARGUMENT},
        {"{'virtual-size':1,'format':'qcow2','children':[{}]}", "unnamed child", LIMA_CODE_INVALID_ARGUMENT},
        {"{'virtual-size':1,'format':'qcow2','encrypted':true}", "is encrypted;", LIMA_CODE_INVALID_ARGUMENT},
        {"{'virtual-size':1,'format':'qcow2','format-specific':{'data':{'encrypt':{'format':'luks'}}}}",
         "encrypted", LIMA_CODE_INVALID_ARGUMENT},
        {"{'virtual-size':1,'format':'qcow2','format-specific':{'data':{'corrupt':true}}}", "corrupt",
         LIMA_CODE_DATA_LOSS},
        {"{'virtual-size':1,'format':'vdi'}", "format 'vdi'", LIMA_CODE_INVALID_ARGUMENT},
        {"{'virtual-size':1,'format':'luks'}", "possible are qcow2, raw", LIMA_CODE_INVALID_ARGUMENT},
        {"{'virtual-size':1,'format':''}", "format ''", LIMA_CODE_INVALID_ARGUMENT},
        {"{'virtual-size':1}", "format ''", LIMA_CODE_INVALID_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        qemu_image_info info = {0};
        assert_ok(parse(table[i].text, &info, &err));
        assert_err(lima_qemu_image_info_check(&info, "/i/disk", &err), table[i].code, table[i].word,
                   "image '/i/disk'");
        lima_qemu_image_info_free(&info);
    }
}

static void parse__nonsense__fails_and_keeps_output(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "null",
        "[]",
        "{'virtual-size':1,",
        "{}",
        "{'virtual-size':-1}",
        "{'virtual-size':'1'}",
        "{'virtual-size':1.5}",
        "{'virtual-size':1,'format':7}",
        "{'virtual-size':1,'backing-filename':{}}",
        "{'virtual-size':1,'encrypted':'no'}",
        "{'virtual-size':1,'children':{}}",
        "{'virtual-size':1,'format-specific':[]}",
        "{'virtual-size':1,'format-specific':{'data':1}}",
        "{'virtual-size':1,'format-specific':{'data':{'data-file':1}}}",
        "{'virtual-size':1,'format-specific':{'data':{'extents':1}}}",
        "{'virtual-size':1,'snapshots':[{}]}",
        "{'virtual-size':1} x",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        qemu_image_info info = {0};
        assert_err(parse(texts[i], &info, &err), LIMA_CODE_UNKNOWN, "image '/i/disk'");
        assert_null(info.format);
        assert_null(info.snapshots.items);
    }
}

static void parse__too_long__fails(void **state)
{
    (void)state;
    size_t len = QEMU_IMAGE_INFO_BYTES_MAX + 1;
    char *text = lima_mem_zalloc(len + 1, 1);
    memset(text, ' ', len);
    memcpy(text, "{\"virtual-size\":1}", 18);
    qemu_image_info info = {0};
    assert_err(lima_qemu_image_info_parse(text, len, "/i", &info, &err), LIMA_CODE_UNKNOWN, "too many");
    assert_ok(lima_qemu_image_info_parse(text, len - 1, "/i", &info, &err));
    lima_qemu_image_info_free(&info);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__plain_qcow2__passes),
        cmocka_unit_test(parse__accepted_formats__pass),
        cmocka_unit_test(check__image_that_needs_more_than_itself__is_refused),
        cmocka_unit_test(parse__nonsense__fails_and_keeps_output),
        cmocka_unit_test(parse__too_long__fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
