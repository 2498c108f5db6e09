/* What LIMA_TEST_RIGHTS means (test_rights_of.c), for the test of it. */
#pragma once

#include "rights.h"

void test_rights_of(const char *words, lima_rights *ret);
