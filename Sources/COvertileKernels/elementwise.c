#include "map.h"

// ---- One map ----------------------------------------------------------------------------------------------------

void overtile_slopes(
    const overtile_map *src, const overtile_map *dst, const float *slopes, const float *from, float *to) {
    size_t n = src->block;
    for (size_t b = 0; b < dst->blocks; b++) {
        const float *slope = slopes + b * n;
        for (size_t row = 0; row < dst->height; row++) {
            const float *in = from + pixel_offset(src, b, row, 0);
            float *out = to + pixel_offset(dst, b, row, 0);
            for (size_t column = 0; column < dst->width; column++, in += n, out += n) {
                for (size_t c = 0; c < n; c++) out[c] = in[c] < 0 ? slope[c] * in[c] : in[c];
            }
        }
    }
}

void overtile_clip(
    const overtile_map *src, const overtile_map *dst, float lowest, float highest, const float *from, float *to) {
    for (size_t b = 0; b < dst->blocks; b++) {
        for (size_t row = 0; row < dst->height; row++) {
            const float *in = from + pixel_offset(src, b, row, 0);
            float *out = to + pixel_offset(dst, b, row, 0);
            for (size_t i = 0; i < dst->width * dst->block; i++) {
                float x = in[i] > lowest ? in[i] : lowest;
                out[i] = x < highest ? x : highest;
            }
        }
    }
}

void overtile_hard_sigmoid(
    const overtile_map *src, const overtile_map *dst, float alpha, float beta, bool times_input, const float *from,
    float *to) {
    for (size_t b = 0; b < dst->blocks; b++) {
        for (size_t row = 0; row < dst->height; row++) {
            const float *in = from + pixel_offset(src, b, row, 0);
            float *out = to + pixel_offset(dst, b, row, 0);
            for (size_t i = 0; i < dst->width * dst->block; i++) {
                float x = alpha * in[i] + beta;
                x = x > 0 ? x : 0;
                x = x < 1 ? x : 1;
                out[i] = times_input ? x * in[i] : x;
            }
        }
    }
}

// ---- Two maps ---------------------------------------------------------------------------------------------------

// The same loop for each operation, so that none is chosen inside it.
#define FOR_EACH_VALUE(count, expression)               \
    for (size_t i = 0; i < (count); i++) {              \
        float l = left[i * l_step], r = right[i * r_step]; \
        out[i] = (expression);                          \
    }

static inline void combine(
    overtile_arithmetic operation, size_t count, const float *left, size_t l_step, const float *right, size_t r_step,
    float *out) {
    switch (operation) {
    case OVERTILE_ADDITION: FOR_EACH_VALUE(count, l + r) break;
    case OVERTILE_SUBTRACTION: FOR_EACH_VALUE(count, l - r) break;
    case OVERTILE_MULTIPLICATION: FOR_EACH_VALUE(count, l * r) break;
    case OVERTILE_DIVISION: FOR_EACH_VALUE(count, l / r) break;
    }
}

// Rows of whole pixels, both operands with all channels: steps that the compiler knows.
static void combine_rows(
    overtile_arithmetic operation, size_t count, const float *left, const float *right, float *out) {
    combine(operation, count, left, 1, right, 1, out);
}

// Where an operand's values for a block's pixel are: stretched ones stay where they are.
typedef struct {
    const float *pixel;
    size_t pixel_step, channel_step;
} cursor;

static cursor cursor_at(const overtile_operand *operand, size_t block, size_t row) {
    const overtile_map *map = &operand->map;
    bool stretched = operand->only_channel >= 0;
    size_t channel = stretched ? (size_t)operand->only_channel : block * map->block;
    const float *pixel = operand->from + pixel_offset(map, channel / map->block, operand->one_pixel ? 0 : row, 0);
    return (cursor){pixel + channel % map->block, operand->one_pixel ? 0 : map->block, stretched ? 0 : 1};
}

void overtile_combine(
    overtile_arithmetic operation, const overtile_operand *left, const overtile_operand *right, bool relu,
    const float *is_channel, const overtile_map *dst, float *to) {
    size_t n = dst->block;
    for (size_t b = 0; b < dst->blocks; b++) {
        for (size_t row = 0; row < dst->height; row++) {
            cursor l = cursor_at(left, b, row), r = cursor_at(right, b, row);
            float *out = to + pixel_offset(dst, b, row, 0);
            if (l.pixel_step * l.channel_step == n && r.pixel_step * r.channel_step == n) {
                combine_rows(operation, dst->width * n, l.pixel, r.pixel, out);
            } else {
                for (size_t column = 0; column < dst->width; column++) {
                    combine(operation, n, l.pixel + column * l.pixel_step, l.channel_step,
                            r.pixel + column * r.pixel_step, r.channel_step, out + column * n);
                }
            }
            // Channels that pad a block: 0 / 0 would spread.
            if (operation == OVERTILE_DIVISION) {
                for (size_t i = 0; i < dst->width * n; i++) out[i] = is_channel[b * n + i % n] > 0 ? out[i] : 0;
            }
            if (relu) {
                for (size_t i = 0; i < dst->width * n; i++) out[i] = out[i] > 0 ? out[i] : 0;
            }
        }
    }
}
