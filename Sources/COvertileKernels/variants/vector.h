// Vectors of VECTOR floats, as the instruction set has them. Every file below expects these macros:
//   VECTOR         floats in a register
//   PRODUCT_ROWS   rows of a matrix product's block of accumulators
//   PRODUCT_WIDTH  registers across it
#include "COvertileKernels.h"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef float vector __attribute__((vector_size(VECTOR * 4)));
typedef float loose_vector __attribute__((vector_size(VECTOR * 4), aligned(4)));
typedef int lanes __attribute__((vector_size(VECTOR * 4)));

INLINE vector load(const float *from) { return *(const vector *)from; }
INLINE vector load_loose(const float *from) { return *(const loose_vector *)from; }
INLINE void store(float *to, vector x) { *(vector *)to = x; }

// Past the caches: for maps that would not stay in them.
INLINE void stream(float *to, vector x) { __builtin_nontemporal_store(x, (vector *)to); }

// Keeps NaN, as PyTorch's does.
INLINE vector relu(vector x) { return (vector)(~(x <= (vector){}) & (lanes)x); }

// Keeps NaN of either, likewise.
INLINE vector maximum(vector a, vector b) {
    lanes second = (b > a) | (b != b);
    return (vector)((~second & (lanes)a) | (second & (lanes)b));
}
