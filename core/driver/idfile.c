#include "driver/idfile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"

enum { TEXT_MAX = 64 };

bool lima_idfile_write(const lima_instance *inst, const char *file, lima_process_id id, lima_err *err)
{
    char *path = lima_instance_path(inst, file),
         *line = lima_mem_printf("%" PRIu32 " %" PRIu64 "\n", id.pid, id.start);
    bool ok = lima_file_write(path, line, strlen(line), LIMA_FILE_PRIVATE, err);
    free(line);
    free(path);
    return ok;
}

static bool parse(const char *text, lima_process_id *ret)
{
    lima_strv words = {0};
    bool ok = lima_str_split_words(text, &words, NULL) && words.len == 2
              && lima_parse_u32(words.items[0], &ret->pid, NULL)
              && lima_parse_u64(words.items[1], &ret->start, NULL);
    lima_strv_free(&words);
    return ok && ret->pid;
}

bool lima_idfile_find(const lima_instance *inst, const char *file, lima_process_id *ret)
{
    lima_process_id id = {0}, now = {0};
    lima_buf text = LIMA_BUF(TEXT_MAX);
    char *path = lima_instance_path(inst, file);
    bool found = lima_file_read(path, &text, NULL) && parse(lima_buf_str(&text), &id)
                 && lima_process_find(id.pid, &now) && now.start == id.start;
    lima_buf_free(&text);
    free(path);
    if (found)
        *ret = id;
    return found;
}
