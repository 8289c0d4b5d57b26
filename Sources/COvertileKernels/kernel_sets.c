#include "kernel_sets.h"

#if defined(__x86_64__)

static const overtile_kernels *const avx512_first[] = {
    &overtile_kernels_avx512, &overtile_kernels_avx2, &overtile_kernels_scalar, NULL};

const overtile_kernels *const *overtile_kernel_sets(void) {
    __builtin_cpu_init();
    bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
    return avx512_first + (has_avx512 ? 0 : has_avx2 ? 1 : 2);
}

#elif defined(__aarch64__)

static const overtile_kernels *const neon_first[] = {&overtile_kernels_neon, &overtile_kernels_scalar, NULL};

const overtile_kernels *const *overtile_kernel_sets(void) { return neon_first; }

#else

static const overtile_kernels *const scalar_only[] = {&overtile_kernels_scalar, NULL};

const overtile_kernels *const *overtile_kernel_sets(void) { return scalar_only; }

#endif
