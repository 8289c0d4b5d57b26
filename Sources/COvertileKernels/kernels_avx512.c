// 32 registers of 16 floats: 14 x 2 accumulators, 2 of weights, 1 of pixels.
#if defined(__x86_64__)
#include "kernel_sets.h"
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"))), apply_to = function)
#define VECTOR 16
#define PRODUCT_ROWS 14
#define PRODUCT_WIDTH 2
#include "variants/variant.h"

const overtile_kernels overtile_kernels_avx512 = {.name = "avx512", KERNELS};
#pragma clang attribute pop
#endif
