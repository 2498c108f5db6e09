#include "qemu_test.h"

#include "base/log.h"
#include "qemu/settings.h"

typedef struct world {
    qemu_host host;
    lima_strv words, user_v2;
    qemu_features features;
    qemu_choice choice;
    qemu_inputs inputs;
} world;

static int make_world(void **state)
{
    world *w = lima_mem_zalloc(1, sizeof *w);
    w->host = (qemu_host){"linux", "x86_64", false};
    w->choice = (qemu_choice){.accel = "tcg", .cpu = "max"};
    lima_strv_add(&w->words, "qemu-system-x86_64");
    lima_strv_add(&w->user_v2, "user-v2");
    w->inputs = (qemu_inputs){.host = &w->host,
                              .machine_id = "m",
                              .home = "/home/u",
                              .program_words = &w->words,
                              .features = &w->features,
                              .choice = &w->choice,
                              .user_v2 = &w->user_v2};
    *state = w;
    return 0;
}

static int free_world(void **state)
{
    world *w = *state;
    lima_strv_free(&w->words);
    lima_strv_free(&w->user_v2);
    lima_qemu_features_free(&w->features);
    free(w);
    return 0;
}

static void settings__minimal__has_names_and_files(void **state)
{
    world *w = *state;
    lima_instance *inst = make_instance("{}");
    qemu_settings set = {0};
    assert_ok(lima_qemu_settings_from_instance(inst, LIMA_GENERATION_2_2, &w->inputs, &set, &err));
    assert_string_equal(set.name, "lima-dev");
    assert_string_equal(set.qmp_socket, "/lh/dev/qmp.sock");
    assert_string_equal(set.pid_file, "/lh/dev/qemu.pid");
    assert_string_equal(set.display, "none");
    assert_int_equal(set.memory_mib, 1024);
    assert_int_equal(set.cpus, 2);
    assert_null(set.disk.path);
    assert_null(set.cmdline);
    assert_null(set.agent_socket);
    lima_qemu_settings_free(&set);
    lima_qemu_settings_free(&set); /* an emptied one again */
    lima_instance_free(inst);
}

static void settings__other_driver_name__names_the_pid_file(void **state)
{
    world *w = *state;
    const char *types[][2] = {{"qemux", "/lh/dev/qemux.pid"}, {"", "/lh/dev/qemu.pid"}};
    for (size_t i = 0; i < 2; i++) {
        lima_instance *inst = make_instance("{}");
        lima_json_set_str(inst->doc, types[i][0], "vmType");
        assert_ok(lima_instance_refresh(inst, &err));
        qemu_settings set = {0};
        assert_ok(lima_qemu_settings_from_instance(inst, LIMA_GENERATION_2_2, &w->inputs, &set, &err));
        assert_string_equal(set.pid_file, types[i][1]);
        lima_qemu_settings_free(&set);
        lima_instance_free(inst);
    }
}

static void settings__audio_by_host(void **state)
{
    world *w = *state;
    static const char *const table[][2] = {
        {"linux", "pa"}, {"darwin", "coreaudio"}, {"windows", "dsound"}, {"freebsd", "oss"}};
    for (size_t i = 0; i < 4; i++) {
        lima_instance *inst = make_instance("{'audio':{'device':'default'}}");
        qemu_settings set = {0};
        w->host.os = table[i][0];
        assert_ok(lima_qemu_settings_from_instance(inst, LIMA_GENERATION_2_2, &w->inputs, &set, &err));
        assert_string_equal(set.audio_device, table[i][1]);
        assert_string_equal(set.audio_interface, "hda");
        lima_qemu_settings_free(&set);
        lima_instance_free(inst);
    }
}

static void settings__no_audio__has_none(void **state)
{
    world *w = *state;
    const char *configs[] = {"{'audio':{'device':''}}", "{'audio':{'device':'none','interface':'virtio'}}"};
    for (size_t i = 0; i < 2; i++) {
        lima_instance *inst = make_instance(configs[i]);
        qemu_settings set = {0};
        assert_ok(lima_qemu_settings_from_instance(inst, LIMA_GENERATION_2_2, &w->inputs, &set, &err));
        assert_null(set.audio_device);
        lima_qemu_settings_free(&set);
        lima_instance_free(inst);
    }
}

static void no_log(void *arg, const char *line, size_t len)
{
    (void)len;
    if (strstr(line, "audio.interface virtio"))
        ++*(int *)arg;
}

static void settings__virtio_sound_on_old_qemu__is_hda_with_warning(void **state)
{
    world *w = *state;
    int warned = 0;
    lima_instance *inst = make_instance("{'audio':{'device':'pa','interface':'virtio'}}");
    qemu_settings set = {0};
    w->features.version = (lima_version){8, 1, 9};
    lima_log_set_sink(no_log, &warned);
    assert_ok(lima_qemu_settings_from_instance(inst, LIMA_GENERATION_2_2, &w->inputs, &set, &err));
    lima_log_set_sink(NULL, NULL);
    assert_string_equal(set.audio_interface, "hda");
    assert_int_equal(warned, 1);
    lima_qemu_settings_free(&set);
    lima_instance_free(inst);
}

static void refuse(world *w, lima_instance *inst, lima_code code, const char *word)
{
    qemu_settings set = {0};
    assert_err(lima_qemu_settings_from_instance(inst, LIMA_GENERATION_2_2, &w->inputs, &set, &err), code,
               word);
    assert_null(set.name);
    lima_instance_free(inst);
}

static void settings__no_memory__fails(void **state)
{
    lima_instance *inst = make_instance("{}");
    inst->memory = 1000;
    refuse(*state, inst, LIMA_CODE_INVALID_ARGUMENT, "memory is 1000 bytes");
}

static void settings__no_ssh_port__fails_only_on_the_user_network(void **state)
{
    world *w = *state;
    lima_instance *inst = make_instance("{'networks':[{'lima':'user-v2'}]}");
    qemu_settings set = {0};
    inst->ssh_port = 0;
    assert_ok(lima_qemu_settings_from_instance(inst, LIMA_GENERATION_2_2, &w->inputs, &set, &err));
    lima_qemu_settings_free(&set);
    lima_instance_free(inst);
    inst = make_instance("{}");
    inst->ssh_port = 0;
    refuse(w, inst, LIMA_CODE_INVALID_ARGUMENT, "sshLocalPort is 0");
}

static void settings__too_many_disks__fails(void **state)
{
    world *w = *state;
    qemu_disk none = {0};
    w->inputs.extra_disks = &none;
    w->inputs.extra_disk_count = QEMU_DISKS_MAX + 1;
    refuse(w, make_instance("{}"), LIMA_CODE_INVALID_ARGUMENT, "additionalDisks has 25");
}

static void settings__disk_without_format__fails(void **state)
{
    world *w = *state;
    w->inputs.disk = "/lh/dev/disk";
    refuse(w, make_instance("{}"), LIMA_CODE_INTERNAL, "/lh/dev/disk");
}

static void settings__bad_mount_or_network__fails(void **state)
{
    refuse(*state, make_instance("{'mountType':'9p','mounts':[{'location':'x'}]}"),
           LIMA_CODE_INVALID_ARGUMENT, "mounts[0]");
    refuse(*state, make_instance("{'networks':[{'lima':'x'}]}"), LIMA_CODE_UNIMPLEMENTED, "networks[0]");
}

/* Every socket that QEMU opens is measured, the longest that fits passes. */
static void settings__long_folder__fails_where_a_socket_would(void **state)
{
    world *w = *state;
    static const struct {
        size_t dir_len;
        const char *config, *word;
    } table[] = {
        {107 - 13, "{}", NULL}, /* /serialp.sock is 13 bytes */
        {107 - 12, "{}", "serialp.sock"},
        {107 - 8, "{}", "qmp.sock"},
        {107 - 13, "{'mountType':'virtiofs','mounts':[{'location':'/a'}]}", "virtiofsd-0.sock"},
        {107 - 13, "{'mountType':'9p','mounts':[{'location':'/a'}],'tpm':true}", NULL},
        {107 - 14, "{'networks':[{'lima':'user-v2'}]}", "user-v2_qemu.sock"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *dir = lima_mem_zalloc(table[i].dir_len + 1, 1);
        memset(dir, 'd', table[i].dir_len);
        dir[0] = '/';
        dir[table[i].dir_len - 2] = '/';
        lima_instance *inst = make_instance_in(dir, "x86_64", table[i].config);
        qemu_settings set = {0};
        if (table[i].word) {
            refuse(w, inst, LIMA_CODE_INVALID_ARGUMENT, table[i].word);
        } else {
            assert_ok(lima_qemu_settings_from_instance(inst, LIMA_GENERATION_2_2, &w->inputs, &set, &err));
            lima_qemu_settings_free(&set);
            lima_instance_free(inst);
        }
        free(dir);
    }
}

static void stale_files__are_ours_only(void **state)
{
    (void)state;
    size_t count = 0;
    for (const char *const *file = lima_qemu_stale_files(); *file; file++, count++)
        assert_true(lima_str_has_prefix(*file, "serial") || lima_str_eq(*file, "qmp.sock"));
    assert_int_equal(count, 7);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(settings__minimal__has_names_and_files),
        WITH_WORLD(settings__other_driver_name__names_the_pid_file),
        WITH_WORLD(settings__audio_by_host),
        WITH_WORLD(settings__no_audio__has_none),
        WITH_WORLD(settings__virtio_sound_on_old_qemu__is_hda_with_warning),
        WITH_WORLD(settings__no_memory__fails),
        WITH_WORLD(settings__no_ssh_port__fails_only_on_the_user_network),
        WITH_WORLD(settings__too_many_disks__fails),
        WITH_WORLD(settings__disk_without_format__fails),
        WITH_WORLD(settings__bad_mount_or_network__fails),
        WITH_WORLD(settings__long_folder__fails_where_a_socket_would),
        cmocka_unit_test(stale_files__are_ours_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
