/* Server reflection, from the descriptors that protoc wrote beside the generated code: nothing is listed
 * by hand. */
#pragma once

#include "rpc/service.h"

extern const lima_service lima_reflection_service; /* grpc.reflection.v1 */
/* The same under its older name, for older clients. */
extern const lima_service lima_reflection_alpha_service;
