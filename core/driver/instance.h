/* One Lima instance as limactl describes it to a driver: the Instance JSON document, checked, with its main
 * facts at hand.
 *
 * The document keeps every key, known or not; what a driver does not change is echoed as it came (facts:
 * lima-driver-contract 2.2, 4.1). Configuration is read and written by path: lima_json_str(inst->doc, "none",
 * "config.video.display"), lima_json_set_str(inst->doc, "9p", "config.mountType"). Not thread-safe; calls get
 * their own copy or a constant one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "data/json.h"

typedef struct lima_instance {
    lima_json *doc; /* owned; the whole document. After changing a fact below in it: lima_instance_refresh */
    const char *name; /* borrowed from doc, "" when absent, as the others */
    const char *dir;  /* INSTDIR, absolute; "" only for --pre-driver-action without a file path */
    const char *vm_type;
    const char *arch;        /* guest: x86_64, aarch64, armv7l, ppc64le, riscv64, s390x */
    const char *guest_os;    /* config.os: Linux, Darwin, FreeBSD, Windows */
    const char *ssh_address; /* "127.0.0.1" when absent */
    uint16_t ssh_port;       /* sshLocalPort; 0: not chosen yet */
    uint32_t cpus;           /* at least 1 */
    uint64_t memory;         /* bytes */
    uint64_t disk;           /* bytes; 0: as the image */
    bool running; /* status is "Running" in limactl's eyes; ask the driver's inspect for the truth */
    uint32_t host_agent_pid; /* 0: none */
} lima_instance;

/* Fails with INVALID_ARGUMENT naming the key when a known key has the wrong type or a number is out of
 * range. */
bool lima_instance_parse(const char *json, size_t len, lima_instance **ret, lima_err *err);
/* The configuration alone (--pre-driver-action of Lima 2.0 and 2.1); `dir` is the folder of `file_path`, or
 * "" when that is empty or no absolute path (a template's name). Sizes come from the texts in the
 * configuration. `config` is copied. */
bool lima_instance_from_config(const lima_json *config, const char *file_path, lima_instance **ret,
                               lima_err *err);
lima_instance *lima_instance_copy(const lima_instance *inst);
bool lima_instance_refresh(lima_instance *inst, lima_err *err); /* reads the facts from the document again */
void lima_instance_free(lima_instance *inst);

/* Owned: a file of the instance folder. */
char *lima_instance_path(const lima_instance *inst, const char *file);
/* Owned: lima.yaml as the user wrote it, without limactl's defaults; NULL: there is none, or it cannot be read. */
lima_json *lima_instance_written(const lima_instance *inst);
