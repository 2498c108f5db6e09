/* CMocka with what it needs around it, and a skip that says why.
 * The closing lines of ./dev test count cases and repeat the reason of each skip. */
#ifndef LIMA_TEST_H
#define LIMA_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define lima_skip(reason)                                                                                    \
    do {                                                                                                     \
        print_message("skip: %s: %s\n", __func__, (reason));                                                 \
        skip();                                                                                              \
    } while (0)

#endif
