/* One socket per kind, written under a lock, read by a thread that hands answers to those who wait. A call
 * whose caller has given up is freed when it ends. */
#define _GNU_SOURCE
#include "calls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

enum { FRAME_MAX = 1 << 20, HEAD = 5, SLICE_MS = 20, MISTAKE = 254 };
#define GONE 0x800706BAu

struct call {
    call *next;
    call_kind kind;
    uint64_t id;
    char *request;
    size_t len;
    bool tracked, ended, abandoned;
    char *fields; /* of the frame that ended it; NULL: the back end has gone */
    call_late *late;
    void *context;
};

typedef struct connection {
    int socket;
    bool open;
    call *calls;
} connection;

static const char *const kinds[CALL_KINDS] = {"hcs", "hcn", "virtdisk"};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, sending = PTHREAD_MUTEX_INITIALIZER;
static lima_monitor *changed;
static connection connections[CALL_KINDS];
static uint64_t last_id;
static call_event *on_event;

static void mistake(const char *words)
{
    fprintf(stderr, "hcssim: %s\n", words);
    exit(MISTAKE);
}

static void add(call *one, const char *bytes, size_t len)
{
    one->request = realloc(one->request, one->len + len);
    if (!one->request)
        mistake("no memory");
    memcpy(one->request + one->len, bytes, len);
    one->len += len;
}

void call_text(call *one, const char *name, const char *value)
{
    if (!value)
        return;
    add(one, name, strlen(name));
    add(one, "=", 1);
    add(one, value, strlen(value) + 1);
}

void call_number(call *one, const char *name, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    call_text(one, name, text);
}

static const char *field(const char *fields, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = fields; at && *at; at += strlen(at) + 1) {
        if (strncmp(at, name, len) == 0 && at[len] == '=')
            return at + len + 1;
    }
    return NULL;
}

static uint64_t field_number(const char *fields, const char *name)
{
    const char *value = field(fields, name);
    return value ? strtoull(value, NULL, 0) : 0;
}

const char *call_field(const call *one, const char *name)
{
    return field(one->fields, name);
}

uint64_t call_field_number(const call *one, const char *name)
{
    return field_number(one->fields, name);
}

uint32_t call_code(const call *one)
{
    return one->fields ? (uint32_t)field_number(one->fields, "hr") : GONE;
}

void call_free(call *one)
{
    if (!one)
        return;
    free(one->request);
    free(one->fields);
    free(one);
}

void call_on_event(call_event *event)
{
    pthread_mutex_lock(&lock);
    on_event = event;
    pthread_mutex_unlock(&lock);
}

/* ---- the connection ---- */

static bool send_frame(int to, char kind, const char *bytes, size_t len)
{
    uint32_t big = htonl((uint32_t)len);
    char head[HEAD] = {kind};
    memcpy(head + 1, &big, sizeof big);
    pthread_mutex_lock(&sending);
    bool ok =
        send(to, head, HEAD, MSG_NOSIGNAL) == HEAD && send(to, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
    pthread_mutex_unlock(&sending);
    return ok;
}

static void unlink_call(connection *of, call *one)
{
    call **at = &of->calls;
    while (*at != one)
        at = &(*at)->next;
    *at = one->next;
}

/* Takes over `fields`. */
static void end_call(connection *of, call *one, char *fields)
{
    pthread_mutex_lock(&lock);
    unlink_call(of, one);
    one->fields = fields;
    one->ended = true;
    bool abandoned = one->abandoned;
    pthread_mutex_unlock(&lock);
    if (abandoned) {
        if (one->late)
            one->late(one->context, call_code(one));
        call_free(one);
        return;
    }
    lima_monitor_enter(changed);
    lima_monitor_notify(changed);
    lima_monitor_leave(changed);
}

static call *find(connection *of, uint64_t id)
{
    pthread_mutex_lock(&lock);
    call *one = of->calls;
    while (one && one->id != id)
        one = one->next;
    pthread_mutex_unlock(&lock);
    return one;
}

static call_event *listener(void)
{
    pthread_mutex_lock(&lock);
    call_event *found = on_event;
    pthread_mutex_unlock(&lock);
    return found;
}

static void take(connection *of, char kind, char *fields)
{
    call_event *tell = kind == 'V' ? listener() : NULL;
    if (field(fields, "mistake"))
        mistake(field(fields, "mistake"));
    if (tell) {
        tell(field_number(fields, "handle"), (uint32_t)field_number(fields, "type"), field(fields, "data"));
    } else if (kind == 'B' || kind == 'F') {
        call *one = find(of, field_number(fields, "id"));
        bool begun = one && kind == 'B' && one->tracked && field_number(fields, "hr") == 0;
        if (one && !begun) {
            end_call(of, one, fields);
            return;
        }
    }
    free(fields);
}

static call *first(connection *of)
{
    pthread_mutex_lock(&lock);
    call *one = of->calls;
    pthread_mutex_unlock(&lock);
    return one;
}

static void *receive(void *context)
{
    connection *of = context;
    unsigned char head[HEAD];
    while (recv(of->socket, head, HEAD, MSG_WAITALL) == HEAD) {
        uint32_t len;
        memcpy(&len, head + 1, sizeof len);
        len = ntohl(len);
        char *fields = len <= FRAME_MAX ? calloc(1, len + 2) : NULL;
        if (!fields || recv(of->socket, fields, len, MSG_WAITALL) != (ssize_t)len) {
            free(fields);
            break;
        }
        take(of, (char)head[0], fields);
    }
    pthread_mutex_lock(&lock);
    of->open = false;
    pthread_mutex_unlock(&lock);
    for (call *one; (one = first(of)) != NULL;)
        end_call(of, one, NULL);
    if (of == &connections[CALL_HCS] && listener())
        listener()(0, 0x02000000, NULL);
    return NULL;
}

static int connect_back_end(char *token, size_t room)
{
    const char *state = getenv("HCSSIM_STATE");
    char path[4096], text[128] = "", format[16];
    unsigned port = 0;
    snprintf(path, sizeof path, "%s/daemon", state ? state : "");
    FILE *file = fopen(path, "re");
    snprintf(format, sizeof format, "%%u %%%zus", room - 1);
    bool found = file && fgets(text, sizeof text, file) && sscanf(text, format, &port, token) == 2;
    if (file)
        fclose(file);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a frame is two small pieces */
    if (!found || connect(made, (struct sockaddr *)&to, sizeof to) != 0)
        mistake("no back end: HCSSIM_STATE must name the folder of one; run `hcssimd start FOLDER` first");
    return made;
}

/* Under the lock. */
static void open_connection(connection *of, const char *kind)
{
    char token[64], folder[4096];
    pthread_t thread;
    call hello = {0};
    if (!changed)
        changed = lima_monitor_new();
    of->socket = connect_back_end(token, sizeof token);
    call_text(&hello, "token", token);
    call_text(&hello, "kind", kind);
    call_text(&hello, "system", "linux");
    call_number(&hello, "pid", (uint64_t)getpid());
    call_text(&hello, "cwd", getcwd(folder, sizeof folder));
    const char *faults = getenv("HCSSIM_FAULTS");
    call_text(&hello, "env.HCSSIM_FAULTS", faults);
    of->open = send_frame(of->socket, 'H', hello.request, hello.len);
    free(hello.request);
    if (pthread_create(&thread, NULL, receive, of) != 0)
        mistake("no thread");
    pthread_detach(thread);
}

call *call_new(call_kind kind, const char *name)
{
    call *one = lima_mem_zalloc(1, sizeof *one);
    one->kind = kind;
    pthread_mutex_lock(&lock);
    if (!connections[kind].open)
        open_connection(&connections[kind], kinds[kind]);
    one->id = ++last_id;
    pthread_mutex_unlock(&lock);
    call_number(one, "id", one->id);
    call_text(one, "call", name);
    return one;
}

void call_set_late(call *one, call_late *late, void *context)
{
    one->late = late;
    one->context = context;
}

static void send_call(call *one, bool abandoned)
{
    connection *of = &connections[one->kind];
    int to = of->socket;
    char *request = one->request;
    size_t len = one->len;
    one->request = NULL; /* another thread may free an abandoned call as soon as it is sent */
    pthread_mutex_lock(&lock);
    one->abandoned = abandoned;
    one->next = of->calls;
    of->calls = one;
    pthread_mutex_unlock(&lock);
    send_frame(to, 'Q', request, len); /* that the other side has gone is seen by the reader */
    free(request);
}

void call_send(call *one)
{
    send_call(one, true);
}

static bool has_ended(call *one, bool give_up)
{
    pthread_mutex_lock(&lock);
    bool ended = one->ended;
    one->abandoned = !ended && give_up;
    pthread_mutex_unlock(&lock);
    return ended;
}

bool call_run(call *one, bool tracked, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    bool cancelled = false, late = false;
    one->tracked = tracked;
    send_call(one, false);
    for (;;) {
        lima_monitor_enter(changed);
        bool ended = has_ended(one, false);
        if (!ended && !cancelled && !late)
            lima_monitor_wait(changed, lima_clock_in(SLICE_MS));
        lima_monitor_leave(changed);
        if (ended || ((cancelled || late) && has_ended(one, true)))
            return true;
        if (cancelled || late)
            return lima_err_set(err, cancelled ? LIMA_CODE_CANCELLED : LIMA_CODE_DEADLINE_EXCEEDED,
                                cancelled ? "cancelled" : "not ended in time; it goes on");
        cancelled = wake && lima_wake_wait(wake, 0);
        late = lima_clock_now() >= deadline;
    }
}
