#include <math.h>
#include <string.h>

#include "map.h"

// Taps from `first` on, of which those inside the source are meant; and pixels, inside it and its padding, for the mean.
typedef struct {
    size_t first, last;         // taps, the last one not included
    ptrdiff_t start;            // source position of tap 0
    size_t padded;              // taps inside the source or its padding
} reach;

// The taps of a window from position `start` on that lie at positions from `low` on and before `high`.
static void taps_within(
    const overtile_window *window, ptrdiff_t start, ptrdiff_t low, ptrdiff_t high, size_t *first, size_t *last) {
    ptrdiff_t dilation = (ptrdiff_t)window->dilation, taps = (ptrdiff_t)window->taps;
    ptrdiff_t begin = start >= low ? 0 : (low - start + dilation - 1) / dilation;
    ptrdiff_t end = high <= start ? 0 : (high - start - 1) / dilation + 1;
    end = end < taps ? end : taps;
    *first = (size_t)(begin < end ? begin : end);
    *last = (size_t)end;
}

static reach reach_at(const overtile_window *window, size_t position, size_t length) {
    ptrdiff_t start = (ptrdiff_t)(position * window->stride) - window->before;
    reach r = {.start = start};
    taps_within(window, start, 0, (ptrdiff_t)length, &r.first, &r.last);
    size_t first, last;
    taps_within(window, start, -window->before, (ptrdiff_t)length + window->after, &first, &last);
    r.padded = last - first;
    return r;
}

void overtile_pooling(
    overtile_pooling_kind kind, const overtile_window *vertical, const overtile_window *horizontal,
    const overtile_map *src, const overtile_map *dst, const float *from, float *to) {
    size_t n = src->block;
    for (size_t b = 0; b < dst->blocks; b++) {
        for (size_t oh = 0; oh < dst->height; oh++) {
            reach y = reach_at(vertical, oh, src->height);
            float *out = to + pixel_offset(dst, b, oh, 0);
            for (size_t ow = 0; ow < dst->width; ow++, out += n) {
                reach x = reach_at(horizontal, ow, src->width);
                for (size_t c = 0; c < n; c++) out[c] = kind == OVERTILE_MAXIMUM ? -INFINITY : 0;
                for (size_t ky = y.first; ky < y.last; ky++) {
                    size_t ih = (size_t)(y.start + (ptrdiff_t)(ky * vertical->dilation));
                    for (size_t kx = x.first; kx < x.last; kx++) {
                        size_t iw = (size_t)(x.start + (ptrdiff_t)(kx * horizontal->dilation));
                        const float *in = from + pixel_offset(src, b, ih, iw);
                        if (kind == OVERTILE_MAXIMUM) {
                            for (size_t c = 0; c < n; c++) out[c] = in[c] > out[c] ? in[c] : out[c];
                        } else {
                            for (size_t c = 0; c < n; c++) out[c] += in[c];
                        }
                    }
                }
                if (kind == OVERTILE_MAXIMUM) continue;
                size_t count = kind == OVERTILE_MEAN_WITH_PADDING
                                   ? y.padded * x.padded
                                   : (y.last - y.first) * (x.last - x.first);
                float factor = count ? 1 / (float)count : 0;
                for (size_t c = 0; c < n; c++) out[c] *= factor;
            }
        }
    }
}

void overtile_resample(
    const overtile_sample *rows, const overtile_sample *columns, const overtile_map *src, const overtile_map *dst,
    const float *from, float *to) {
    size_t n = src->block;
    for (size_t b = 0; b < dst->blocks; b++) {
        for (size_t oh = 0; oh < dst->height; oh++) {
            overtile_sample y = rows[oh];
            const float *above = from + pixel_offset(src, b, y.low, 0);
            const float *below = from + pixel_offset(src, b, y.high, 0);
            float *out = to + pixel_offset(dst, b, oh, 0);
            for (size_t ow = 0; ow < dst->width; ow++, out += n) {
                overtile_sample x = columns[ow];
                const float *nw = above + x.low * n, *ne = above + x.high * n;
                const float *sw = below + x.low * n, *se = below + x.high * n;
                if (nw == se) {
                    memcpy(out, nw, n * sizeof *out);
                    continue;
                }
                for (size_t c = 0; c < n; c++) {
                    float top = (1 - x.weight) * nw[c] + x.weight * ne[c];
                    float bottom = (1 - x.weight) * sw[c] + x.weight * se[c];
                    out[c] = (1 - y.weight) * top + y.weight * bottom;
                }
            }
        }
    }
}

// The source pixel that a position takes, counted from the source's first; -1 where it is the constant.
static ptrdiff_t padded_position(overtile_padding_kind kind, ptrdiff_t position, ptrdiff_t length) {
    if (position >= 0 && position < length) return position;
    if (kind == OVERTILE_CONSTANT) return -1;
    if (kind == OVERTILE_EDGE) return position < 0 ? 0 : length - 1;
    return position < 0 ? -position : 2 * (length - 1) - position;
}

void overtile_pad(
    overtile_padding_kind kind, float value, size_t top, size_t left, const overtile_map *src,
    const overtile_map *dst, const float *from, float *to) {
    size_t n = src->block;
    for (size_t b = 0; b < dst->blocks; b++) {
        for (size_t row = 0; row < dst->height; row++) {
            ptrdiff_t y = padded_position(kind, (ptrdiff_t)row - (ptrdiff_t)top, (ptrdiff_t)src->height);
            float *out = to + pixel_offset(dst, b, row, 0);
            for (size_t column = 0; column < dst->width; column++, out += n) {
                ptrdiff_t x = padded_position(kind, (ptrdiff_t)column - (ptrdiff_t)left, (ptrdiff_t)src->width);
                if (y < 0 || x < 0) {
                    for (size_t c = 0; c < n; c++) out[c] = value;
                } else {
                    memcpy(out, from + pixel_offset(src, b, (size_t)y, (size_t)x), n * sizeof *out);
                }
            }
        }
    }
}
