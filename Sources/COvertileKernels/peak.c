#include "COvertileKernels.h"

#include <time.h>

// Multiplications and additions on registers alone, in as many independent chains as hide the latency of any core: what
// no kernel of the same instructions can exceed.

enum { CHAINS = 12, ROUNDS = 1 << 16 };  // some 0.2 ms

// The sums leave through this, so that no compiler drops the loops.
static volatile float sink;

// The body of a function that runs ROUNDS of CHAINS times c = fma(a, c, a), which nears 1, and returns one lane.
#define CHAIN_LOOP(vector, set, fma, lane)                                      \
    vector a = set(0.5f), sum = set(0.0f), c[CHAINS];                           \
    for (int i = 0; i < CHAINS; i++) c[i] = set((float)i + 2);                  \
    for (int round = 0; round < ROUNDS; round++) {                              \
        _Pragma("clang loop unroll(full)")                                      \
        for (int i = 0; i < CHAINS; i++) c[i] = fma(a, c[i], a);                \
    }                                                                           \
    for (int i = 0; i < CHAINS; i++) sum = fma(a, c[i], sum);                   \
    return lane;

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx512f"))) static float chains_avx512(void) {
    CHAIN_LOOP(__m512, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_cvtss_f32(sum))
}

__attribute__((target("avx2,fma"))) static float chains_avx2(void) {
    CHAIN_LOOP(__m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_cvtss_f32(sum))
}

// Without fused instructions: one multiplication and one addition.
#define multiply_add(a, b, c) _mm_add_ps(c, _mm_mul_ps(a, b))
static float chains_sse(void) { CHAIN_LOOP(__m128, _mm_set1_ps, multiply_add, _mm_cvtss_f32(sum)) }

static float (*choose(int *lanes))(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f")) return *lanes = 16, chains_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return *lanes = 8, chains_avx2;
    return *lanes = 4, chains_sse;
}

#elif defined(__aarch64__)
#include <arm_neon.h>

#define neon_fma(a, b, c) vfmaq_f32(c, a, b)
static float chains_neon(void) { CHAIN_LOOP(float32x4_t, vdupq_n_f32, neon_fma, vgetq_lane_f32(sum, 0)) }

static float (*choose(int *lanes))(void) { return *lanes = 4, chains_neon; }

#else

#define scalar(value) (value)
#define scalar_fma(a, b, c) ((a) * (b) + (c))
static float chains_scalar(void) { CHAIN_LOOP(float, scalar, scalar_fma, sum) }

static float (*choose(int *lanes))(void) { return *lanes = 1, chains_scalar; }

#endif

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double overtile_peak_gigaflops(double seconds) {
    int lanes;
    float (*chains)(void) = choose(&lanes);
    double start = seconds_now(), best = 1e30;
    for (double from = start, to = start; to - start < seconds; from = to) {
        sink = chains();
        to = seconds_now();
        // The shortest time: the others were disturbed, or the clock had not risen yet.
        if (to - from < best) best = to - from;
    }
    return 2.0 * lanes * CHAINS * ROUNDS / best / 1e9;
}
