/* What the guest's scripts say (scripts.h), read line by line. Guests are not trusted: unknown and malformed
 * lines are skipped, lists are bounded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsl2/network.h"

enum { WSL2_GUEST_PORTS_MAX = 1024, WSL2_GUEST_TEXT_MAX = 128 };

/* Answers of the probe. "" and 0: not told. */
typedef struct wsl2_guest {
    bool answered;     /* the probe ran to its end */
    bool systemd_runs; /* … is process 1 of the distribution */
    bool has_systemd;  /* … is installed */
    bool has_sshd, has_tar, has_sudo, has_bash;
    wsl2_network network;                 /* wslinfo --networking-mode */
    char vm_id[37];                       /* lower case; "" before WSL 2.5.10, or WSL1 */
    char address[16];                     /* IPv4 of eth0 */
    char gateway[16];                     /* IPv4 of the default route */
    char arch[WSL2_GUEST_TEXT_MAX];       /* uname -m */
    char os_id[WSL2_GUEST_TEXT_MAX];      /* ID of os-release */
    char drive_root[WSL2_GUEST_TEXT_MAX]; /* where C:\ is: "/mnt/c"; "": automount is off */
    char uid_owner[WSL2_GUEST_TEXT_MAX];  /* who has the wanted uid; "": free */
    uint32_t user_uid;                    /* of the wanted user, when has_user */
    bool has_user;
    uint16_t ports[WSL2_GUEST_PORTS_MAX]; /* TCP ports that something listens on, in the shared network */
    size_t port_count;
} wsl2_guest;

void lima_wsl2_guest_parse(const char *output, size_t len, wsl2_guest *ret);
bool lima_wsl2_guest_port_used(const wsl2_guest *guest, uint16_t port);

/* One line of a running script, without its line end. */
typedef enum wsl2_word {
    WSL2_WORD_NOISE = 0,
    WSL2_WORD_KEEPER, /* number: pid in the guest */
    WSL2_WORD_SSHD_READY,
    WSL2_WORD_SSHD_FAILED, /* text: why */
    WSL2_WORD_PONG,        /* number */
    WSL2_WORD_STOPPED,
    WSL2_WORD_BOOT,  /* number: exit status of boot.sh */
    WSL2_WORD_LOG,   /* text */
    WSL2_WORD_LIMIT, /* text: "cpu ok", "memory failed WORDS" */
} wsl2_word;

typedef struct wsl2_line {
    wsl2_word word;
    uint32_t number;
    char text[512]; /* cut at a character; control bytes as '?' */
} wsl2_line;

void lima_wsl2_guest_line(const char *line, size_t len, wsl2_line *ret);
