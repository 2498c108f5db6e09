/* Names of Windows, and those of `hostResolver.hosts`, for the guest's /etc/hosts: limactl answers for them by a DNS
 * server on Windows' loopback, which WSL's guests do not reach. */
#pragma once

#include "base/strv.h"
#include "driver/instance.h"

#define WSL2_HOST_NAME "host.lima.internal"
enum { WSL2_HOSTS_MAX = 256 };

/* Adds lines "ADDRESS NAME": host.lima.internal when `host` is not "", and each name of hostResolver.hosts (if it is
 * on) whose value is an IPv4 address, or leads to one by other names there. Others are left out. */
void lima_wsl2_hosts(const lima_instance *inst, const char *host, lima_strv *ret);
