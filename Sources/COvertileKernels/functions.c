#include <math.h>

#include "map.h"

static float softplus(float x) { return log1pf(expf(-fabsf(x))) + (x > 0 ? x : 0); }

static float gelu_approximate(float x) {
    return 0.5f * x * (1 + tanhf(0.7978845608028654f * (x + 0.044715f * x * x * x)));
}

static float quantized(float x, const float *p) {
    float q = nearbyintf(x / p[0]) + p[1];
    return q < p[2] ? p[2] : q > p[3] ? p[3] : q;
}

// The same loop for each function, so that none is chosen inside it.
#define FOR_EACH_VALUE(expression)                                                      \
    for (size_t b = 0; b < dst->blocks; b++) {                                          \
        for (size_t row = 0; row < dst->height; row++) {                                \
            const float *in = from + pixel_offset(src, b, row, 0);                      \
            float *out = to + pixel_offset(dst, b, row, 0);                             \
            for (size_t i = 0; i < dst->width * dst->block; i++) {                      \
                float x = in[i];                                                        \
                out[i] = (expression);                                                  \
            }                                                                           \
        }                                                                               \
    }

void overtile_function(
    overtile_function_kind kind, const float *parameters, const overtile_map *src, const overtile_map *dst,
    const float *from, float *to) {
    const float *p = parameters;
    switch (kind) {
    case OVERTILE_ELU: FOR_EACH_VALUE(x < 0 ? p[0] * expm1f(x) : x) break;
    case OVERTILE_GELU: FOR_EACH_VALUE(0.5f * x * (1 + erff(x * 0.7071067811865476f))) break;
    case OVERTILE_GELU_APPROXIMATE: FOR_EACH_VALUE(gelu_approximate(x)) break;
    case OVERTILE_MISH: FOR_EACH_VALUE(x * tanhf(softplus(x))) break;
    case OVERTILE_TANH: FOR_EACH_VALUE(tanhf(x)) break;
    case OVERTILE_SOFTPLUS: FOR_EACH_VALUE(softplus(x)) break;
    case OVERTILE_ERF: FOR_EACH_VALUE(erff(x)) break;
    case OVERTILE_EXPONENTIAL: FOR_EACH_VALUE(expf(x)) break;
    case OVERTILE_SQUARE_ROOT: FOR_EACH_VALUE(sqrtf(x)) break;
    case OVERTILE_POWER: FOR_EACH_VALUE(powf(x, p[0])) break;
    case OVERTILE_ABSOLUTE: FOR_EACH_VALUE(fabsf(x)) break;
    case OVERTILE_QUANTIZED: FOR_EACH_VALUE(quantized(x, p)) break;
    }
}

void overtile_product(
    size_t rows, size_t inner, size_t columns, const float *restrict a, const float *restrict b, float *restrict c) {
    for (size_t row = 0; row < rows; row++) {
        const float *factors = a + row * inner;
        float *out = c + row * columns;
        for (size_t column = 0; column < columns; column++) out[column] = 0;
        size_t i = 0;
        for (; i + 4 <= inner; i += 4) {
            const float *b0 = b + i * columns, *b1 = b0 + columns, *b2 = b1 + columns, *b3 = b2 + columns;
            float f0 = factors[i], f1 = factors[i + 1], f2 = factors[i + 2], f3 = factors[i + 3];
            for (size_t column = 0; column < columns; column++)
                out[column] += f0 * b0[column] + f1 * b1[column] + f2 * b2[column] + f3 * b3[column];
        }
        for (; i < inner; i++) {
            for (size_t column = 0; column < columns; column++) out[column] += factors[i] * b[i * columns + column];
        }
    }
}
