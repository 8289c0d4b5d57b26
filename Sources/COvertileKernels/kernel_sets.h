#ifndef COVERTILE_KERNEL_SETS_H
#define COVERTILE_KERNEL_SETS_H

#include "COvertileKernels.h"

extern const overtile_kernels overtile_kernels_avx512, overtile_kernels_avx2, overtile_kernels_neon,
    overtile_kernels_scalar;

#endif
