/* Windows counts 100 ns since 1601. Its precise clock is asked, whose steps are below a millisecond. */
#include <windows.h>

#include <stdint.h>
#include <time.h>

#ifdef LIMA_LIBC_TIMESPEC_GET
int timespec_get(struct timespec *ret, int base)
{
    enum { PER_SECOND = 10000000 };
    const int64_t to_1970 = 11644473600;
    FILETIME now = {0};
    if (base != TIME_UTC)
        return 0;
    GetSystemTimePreciseAsFileTime(&now);
    int64_t ticks = (int64_t)((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime);
    ret->tv_sec = ticks / PER_SECOND - to_1970;
    ret->tv_nsec = (long)(ticks % PER_SECOND) * 100;
    return base;
}
#endif
