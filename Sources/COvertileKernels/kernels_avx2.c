// 16 registers of 8 floats: 6 x 2 accumulators, 2 of weights, 1 of pixels.
#if defined(__x86_64__)
#include "kernel_sets.h"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define VECTOR 8
#define PRODUCT_ROWS 6
#define PRODUCT_WIDTH 2
#include "variants/variant.h"

const overtile_kernels overtile_kernels_avx2 = {.name = "avx2", KERNELS};
#pragma clang attribute pop
#endif
