// 32 registers of 4 floats: 6 x 4 accumulators, 4 of weights, 1 of pixels.
#if defined(__aarch64__)
#include "kernel_sets.h"
#define VECTOR 4
#define PRODUCT_ROWS 6
#define PRODUCT_WIDTH 4
#include "variants/variant.h"

const overtile_kernels overtile_kernels_neon = {.name = "neon", KERNELS};
#endif
