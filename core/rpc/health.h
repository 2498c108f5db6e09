/* grpc.health.v1: a server that answers at all is serving. Whether a VM runs is no matter of this service:
 * --inspect-status tells. */
#pragma once

#include "rpc/service.h"

extern const lima_service lima_health_service;
