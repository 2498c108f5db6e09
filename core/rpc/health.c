/* The state never changes while the server lives: Watch sends it once and stays open. */
#include "rpc/health.h"

#include "base/str.h"
#include "rpc/health.pb-c.h"

enum { REQUEST_MAX = 4096 };

typedef Grpc__Health__V1__HealthCheckRequest health_request;
typedef Grpc__Health__V1__HealthCheckResponse health_reply;

static bool known(const char *service)
{
    return !*service || lima_str_eq(service, "Driver") || lima_str_eq(service, lima_health_service.name);
}

static void reply_with(Grpc__Health__V1__HealthCheckResponse__ServingStatus status, lima_buf *reply)
{
    health_reply message = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    message.status = status;
    size_t size = grpc__health__v1__health_check_response__get_packed_size(&message);
    char *room = lima_buf_reserve(reply, size);
    if (room)
        reply->len += grpc__health__v1__health_check_response__pack(&message, (uint8_t *)room);
}

static bool answer(const void *request, size_t len, bool watch, lima_buf *reply, lima_err *err)
{
    health_request *ask =
        len <= REQUEST_MAX ? grpc__health__v1__health_check_request__unpack(NULL, len, request) : NULL;
    if (!ask)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "the request is no HealthCheckRequest");
    bool ok = true;
    if (known(ask->service))
        reply_with(GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING, reply);
    else if (watch)
        reply_with(GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN, reply);
    else
        ok = lima_err_set(err, LIMA_CODE_NOT_FOUND, "no service '%s' here", ask->service);
    grpc__health__v1__health_check_request__free_unpacked(ask, NULL);
    return ok;
}

static bool check(const void *request, size_t len, lima_buf *reply, lima_err *err)
{
    return answer(request, len, false, reply, err);
}

static bool watch(const void *request, size_t len, lima_buf *reply, lima_err *err)
{
    return answer(request, len, true, reply, err);
}

static const lima_service_method methods[] = {
    {"/grpc.health.v1.Health/Check", LIMA_SERVICE_UNARY, check},
    {"/grpc.health.v1.Health/Watch", LIMA_SERVICE_HELD, watch},
    {0},
};

const lima_service lima_health_service = {"grpc.health.v1.Health", methods};
