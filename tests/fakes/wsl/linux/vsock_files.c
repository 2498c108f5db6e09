/* win/hvsocket.h: a vsock port P of the VM is the local socket <state>/vsock/P, which guests see as
 * /run/wslsim-vsock/P. The VM id must be that of the VM that runs now, from <state>/vm. WSLSIM_VSOCK=none: a Windows
 * without hvsockets, =denied: a VM of another user's. */
#define _GNU_SOURCE
#include "win/hvsocket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"
#include "os/host.h"
#include "state_folder.h"

enum { GUID_LEN = 36, VM_MAX = 64 * 1024 };

static char *plain_guid(const char *text)
{
    size_t len = strlen(text);
    bool braces = len == GUID_LEN + 2 && text[0] == '{' && text[len - 1] == '}';
    return braces ? lima_mem_strndup(text + 1, GUID_LEN) : lima_mem_strdup(text);
}

static bool is_guid(const char *text)
{
    return strlen(text) == GUID_LEN && strspn(text, "0123456789abcdefABCDEF-") == GUID_LEN;
}

/* <state>/vm begins {"id": "GUID", */
static bool is_running(const char *guid)
{
    char *path = state_folder_path("vm", NULL);
    lima_buf text = LIMA_BUF(VM_MAX);
    bool ok = path && lima_file_read(path, &text, NULL);
    const char *at = ok ? strstr(lima_buf_str(&text), "\"id\": \"") : NULL;
    char *id = at ? lima_mem_strndup(at + 7, GUID_LEN) : NULL;
    ok = id && lima_str_eq_nocase(id, guid);
    free(id);
    lima_buf_free(&text);
    free(path);
    return ok;
}

/* By way of a descriptor, since a socket's path is short and a state folder's may be long. */
static bool connect_in(const char *folder, uint32_t port, lima_deadline deadline, lima_stream **ret,
                       lima_err *err)
{
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return lima_err_set(err, LIMA_CODE_UNAVAILABLE, "'%s': %s", folder, strerror(errno));
    char *path = lima_mem_printf("/proc/self/fd/%d/%u", fd, port);
    bool ok = lima_stream_connect(path, deadline, ret, err);
    if (!ok && err && err->code == LIMA_CODE_NOT_FOUND)
        err->code = LIMA_CODE_UNAVAILABLE;
    free(path);
    close(fd);
    return ok;
}

static bool is_allowed(lima_err *err)
{
    char *word = lima_env_get("WSLSIM_VSOCK");
    bool none = lima_str_eq(word, "none"), denied = lima_str_eq(word, "denied");
    free(word);
    if (none)
        lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "hvsockets are not available on this Windows");
    if (denied)
        lima_err_set(err, LIMA_CODE_PERMISSION_DENIED, "the VM belongs to another user");
    return !none && !denied;
}

bool lima_hvsocket_connect(const char *vm_id, uint32_t port, lima_deadline deadline, lima_wake *wake,
                           lima_stream **ret, lima_err *err)
{
    (void)wake;
    char *guid = plain_guid(vm_id);
    char *folder = state_folder_path("vsock", err);
    bool ok =
        folder && is_allowed(err)
        && (is_guid(guid) || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "VM id '%s': not a GUID", vm_id))
        && (is_running(guid) || lima_err_set(err, LIMA_CODE_UNAVAILABLE, "VM %s: not running", guid))
        && connect_in(folder, port, deadline, ret, err);
    free(folder);
    free(guid);
    return ok;
}
