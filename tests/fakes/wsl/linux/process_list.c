/* win/processes.h on <state>/processes: per line the image, the pid and the command line, parted by tabs;
 * no command line at all stands for a process that Windows does not let us look into. */
#include "win/processes.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"
#include "state_folder.h"

enum { LIST_MAX = 4 << 20 };

static void add_line(const char *image, const char *line, lima_processes *list)
{
    lima_strv fields = {0};
    uint32_t pid;
    lima_str_split(line, '\t', &fields);
    if (fields.len >= 2 && lima_str_eq_nocase(fields.items[0], image)
        && lima_parse_u32(fields.items[1], &pid, NULL)) {
        list->entries = lima_mem_resize(list->entries, list->count + 1, sizeof *list->entries);
        list->entries[list->count++] = (lima_processes_entry){
            .pid = pid, .command = lima_mem_strdup(fields.len > 2 ? fields.items[2] : NULL)};
    }
    lima_strv_free(&fields);
}

bool lima_processes_find(const char *image, lima_processes *ret, lima_err *err)
{
    char *path = state_folder_path("processes", err);
    lima_buf text = LIMA_BUF(LIST_MAX);
    lima_strv lines = {0};
    lima_processes list = {0};
    bool ok = path && lima_file_read(path, &text, err);
    if (ok) {
        lima_str_split(lima_buf_str(&text), '\n', &lines);
        for (size_t i = 0; i < lines.len; i++)
            add_line(image, lines.items[i], &list);
        ok = list.count <= LIMA_PROCESSES_MAX
             || lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "too many processes '%s'", image);
    }
    if (ok)
        *ret = list;
    else
        lima_processes_free(&list);
    lima_strv_free(&lines);
    lima_buf_free(&text);
    free(path);
    return ok;
}
