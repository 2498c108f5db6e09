/* The rows behind hresult.h, in no order. */
#pragma once

#include "hresult.h"

extern const lima_hresult lima_hresult_table[];
extern const size_t lima_hresult_rows;
