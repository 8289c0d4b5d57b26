#include "map.h"

// Where one output position samples an axis: between two pixels, so much of the way to the second.
typedef struct {
    size_t low, high;
    float weight;
} sample;

static sample sample_at(size_t position, size_t src, size_t dst) {
    float step = dst > 1 ? (float)(src - 1) / (float)(dst - 1) : 0;
    float place = step * (float)position;
    size_t low = (size_t)place;
    if (low > src - 1) low = src - 1;
    return (sample){low, low + 1 < src ? low + 1 : low, place - (float)low};
}

void overtile_bilinear_aligned(const overtile_map *src, const overtile_map *dst, const float *from, float *to) {
    size_t n = src->block;
    for (size_t b = 0; b < dst->blocks; b++) {
        for (size_t oh = 0; oh < dst->height; oh++) {
            sample y = sample_at(oh, src->height, dst->height);
            const float *above = from + pixel_offset(src, b, y.low, 0);
            const float *below = from + pixel_offset(src, b, y.high, 0);
            float *out = to + pixel_offset(dst, b, oh, 0);
            for (size_t ow = 0; ow < dst->width; ow++, out += n) {
                sample x = sample_at(ow, src->width, dst->width);
                const float *nw = above + x.low * n, *ne = above + x.high * n;
                const float *sw = below + x.low * n, *se = below + x.high * n;
                for (size_t c = 0; c < n; c++) {
                    float top = (1 - x.weight) * nw[c] + x.weight * ne[c];
                    float bottom = (1 - x.weight) * sw[c] + x.weight * se[c];
                    out[c] = (1 - y.weight) * top + y.weight * bottom;
                }
            }
        }
    }
}
