// What training takes beside the kernels of inference: sums over a batch, normalisation by them, and the gradients of a
// network's operations. Maps are dense planes of blocks of 16 channels unless a plane or a row says otherwise.
//
// Sums over pixels run in double, or in float over a band of rows at a time, so that they hold up over a whole batch. Their
// order follows from the shapes alone.

// Twice as long as a register, so that no function may take or give one: hence the macros.
typedef double wide __attribute__((vector_size(VECTOR * 8), aligned(8)));
#define WIDENED(x) __builtin_convertvector(x, wide)
#define WIDE_AT(sums) (*(wide *)(sums))

// The values of x where `out` is above 0, zeros elsewhere.
INLINE vector gated(vector x, vector out) { return (vector)((out > (vector){}) & (lanes)x); }

static void moments_run(size_t pixels, const float *src, double *sums) {
    for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) {
        wide sum = WIDE_AT(sums + c), squares = WIDE_AT(sums + OVERTILE_BLOCK + c);
        for (size_t p = 0; p < pixels; p++) {
            wide x = WIDENED(load(src + p * OVERTILE_BLOCK + c));
            sum += x;
            squares += x * x;
        }
        WIDE_AT(sums + c) = sum;
        WIDE_AT(sums + OVERTILE_BLOCK + c) = squares;
    }
}

static void normalize_run(
    size_t pixels, const float *mean, const float *scale, const float *shift, bool has_relu, const float *src,
    float *dst) {
    for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) {
        vector m = load_loose(mean + c), s = load_loose(scale + c), t = load_loose(shift + c);
        for (size_t p = 0; p < pixels; p++) {
            vector x = (load(src + p * OVERTILE_BLOCK + c) - m) * s + t;
            store(dst + p * OVERTILE_BLOCK + c, has_relu ? relu(x) : x);
        }
    }
}

static void norm_sums_run(
    size_t pixels, const float *mean, const float *src, const float *out, const float *gradient, double *sums) {
    for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) {
        vector m = load_loose(mean + c);
        wide sum = WIDE_AT(sums + c), products = WIDE_AT(sums + OVERTILE_BLOCK + c);
        for (size_t p = 0; p < pixels; p++) {
            size_t at = p * OVERTILE_BLOCK + (size_t)c;
            vector g = load(gradient + at);
            if (out) g = gated(g, load(out + at));
            sum += WIDENED(g);
            products += WIDENED(g) * WIDENED(load(src + at) - m);
        }
        WIDE_AT(sums + c) = sum;
        WIDE_AT(sums + OVERTILE_BLOCK + c) = products;
    }
}

static void norm_gradient_run(
    size_t pixels, const overtile_norm_gradient *norm, bool gates_src, const float *src, const float *out,
    float *gradient, double *sums) {
    for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) {
        vector m = load_loose(norm->mean + c), factor = load_loose(norm->factor + c);
        vector slope = load_loose(norm->slope + c), offset = load_loose(norm->offset + c);
        wide sum = sums ? WIDE_AT(sums + c) : (wide){};
        for (size_t p = 0; p < pixels; p++) {
            size_t at = p * OVERTILE_BLOCK + (size_t)c;
            vector x = load(src + at), g = load(gradient + at);
            if (out) g = gated(g, load(out + at));
            g = g * factor + ((x - m) * slope + offset);
            if (gates_src) g = gated(g, x);
            if (sums) sum += WIDENED(g);
            store(gradient + at, g);
        }
        if (sums) WIDE_AT(sums + c) = sum;
    }
}

static void gate_run(size_t pixels, const float *out, float *gradient, double *sums) {
    for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) {
        wide sum = sums ? WIDE_AT(sums + c) : (wide){};
        for (size_t p = 0; p < pixels; p++) {
            size_t at = p * OVERTILE_BLOCK + (size_t)c;
            vector g = load(gradient + at);
            if (out) {
                g = gated(g, load(out + at));
                store(gradient + at, g);
            }
            if (sums) sum += WIDENED(g);
        }
        if (sums) WIDE_AT(sums + c) = sum;
    }
}

static void add_run(size_t height, size_t width, overtile_plane src, float *dst, ptrdiff_t row) {
    for (size_t y = 0; y < height; y++) {
        const float *from = src.pixels + (ptrdiff_t)y * src.row;
        float *to = dst + (ptrdiff_t)y * row;
        for (size_t i = 0; i < width * OVERTILE_BLOCK; i += VECTOR) store(to + i, load(to + i) + load(from + i));
    }
}

// Rows and columns of a pooling window that lie on the map: taps [first, end) of those from `start` on.
INLINE tap_range pooling_taps(const overtile_window *window, size_t position, size_t extent, ptrdiff_t *start) {
    *start = (ptrdiff_t)(position * window->stride) - window->before;
    return taps_inside(*start, window->taps, window->dilation, extent);
}

// The offset, in floats, of a tap of a window.
INLINE ptrdiff_t tap_offset(
    const overtile_window *vertical, const overtile_window *horizontal, ptrdiff_t top, ptrdiff_t left, size_t i,
    size_t j, size_t iw) {
    ptrdiff_t y = top + (ptrdiff_t)(i * vertical->dilation), x = left + (ptrdiff_t)(j * horizontal->dilation);
    return (y * (ptrdiff_t)iw + x) * OVERTILE_BLOCK;
}

static void pooling_run(
    const overtile_window *vertical, const overtile_window *horizontal, size_t ih, size_t iw, size_t oh, size_t ow,
    const float *src, float *dst) {
    for (size_t y = 0; y < oh; y++) {
        ptrdiff_t top, left;
        tap_range rows = pooling_taps(vertical, y, ih, &top);
        for (size_t x = 0; x < ow; x++) {
            tap_range columns = pooling_taps(horizontal, x, iw, &left);
            float *to = dst + (y * ow + x) * OVERTILE_BLOCK;
            for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) {
                vector largest =
                    load(src + tap_offset(vertical, horizontal, top, left, rows.first, columns.first, iw) + c);
                for (size_t i = rows.first; i < rows.end; i++) {
                    for (size_t j = columns.first; j < columns.end; j++) {
                        largest = maximum(
                            largest, load(src + tap_offset(vertical, horizontal, top, left, i, j, iw) + c));
                    }
                }
                store(to + c, largest);
            }
        }
    }
}

// Of equal values the first one, row by row, gets the gradient, as in PyTorch.
static void pooling_gradient_run(
    const overtile_window *vertical, const overtile_window *horizontal, size_t ih, size_t iw, size_t oh, size_t ow,
    const float *src, const float *out, const float *gradient, float *dst) {
    for (size_t y = 0; y < oh; y++) {
        ptrdiff_t top, left;
        tap_range rows = pooling_taps(vertical, y, ih, &top);
        for (size_t x = 0; x < ow; x++) {
            tap_range columns = pooling_taps(horizontal, x, iw, &left);
            size_t at = (y * ow + x) * OVERTILE_BLOCK;
            for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) {
                vector largest = load(out + at + c), rest = load(gradient + at + c);
                for (size_t i = rows.first; i < rows.end; i++) {
                    for (size_t j = columns.first; j < columns.end; j++) {
                        ptrdiff_t tap = tap_offset(vertical, horizontal, top, left, i, j, iw) + c;
                        lanes is_largest = load(src + tap) == largest;
                        store(dst + tap, load(dst + tap) + (vector)(is_largest & (lanes)rest));
                        rest = (vector)(~is_largest & (lanes)rest);
                    }
                }
            }
        }
    }
}

static void resample_run(
    const overtile_sample *rows, const overtile_sample *columns, size_t height, size_t width, overtile_plane src,
    float *dst, ptrdiff_t dst_row) {
    for (size_t y = 0; y < height; y++) {
        const float *low = src.pixels + (ptrdiff_t)rows[y].low * src.row;
        const float *high = src.pixels + (ptrdiff_t)rows[y].high * src.row;
        float *to = dst + (ptrdiff_t)y * dst_row;
        vector wy = (vector){} + rows[y].weight;
        for (size_t x = 0; x < width; x++, to += OVERTILE_BLOCK) {
            size_t a = columns[x].low * OVERTILE_BLOCK, b = columns[x].high * OVERTILE_BLOCK;
            vector wx = (vector){} + columns[x].weight;
            for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) {
                vector above = load(low + a + c) * (1 - wx) + load(low + b + c) * wx;
                vector below = load(high + a + c) * (1 - wx) + load(high + b + c) * wx;
                store(to + c, above * (1 - wy) + below * wy);
            }
        }
    }
}

INLINE void add_share(float *to, vector x) { store(to, load(to) + x); }

static void resample_gradient_run(
    const overtile_sample *rows, const overtile_sample *columns, size_t height, size_t width, overtile_plane gradient,
    float *dst, ptrdiff_t dst_row) {
    for (size_t y = 0; y < height; y++) {
        const float *from = gradient.pixels + (ptrdiff_t)y * gradient.row;
        float *low = dst + (ptrdiff_t)rows[y].low * dst_row, *high = dst + (ptrdiff_t)rows[y].high * dst_row;
        vector wy = (vector){} + rows[y].weight;
        for (size_t x = 0; x < width; x++, from += OVERTILE_BLOCK) {
            size_t a = columns[x].low * OVERTILE_BLOCK, b = columns[x].high * OVERTILE_BLOCK;
            vector wx = (vector){} + columns[x].weight;
            for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) {
                vector g = load(from + c), above = g * (1 - wy), below = g * wy;
                add_share(low + a + c, above * (1 - wx));
                add_share(low + b + c, above * wx);
                add_share(high + a + c, below * (1 - wx));
                add_share(high + b + c, below * wx);
            }
        }
    }
}

// Input channels whose sums are in registers at a time: as many accumulators as the registers hold.
#define GRADIENT_ROWS (VECTOR == 16 ? 16 : 4)
// Floats of a band of gradient rows; as many of the source's share the first level of the cache with them.
enum { GRADIENT_BAND = 4096 };

// acc[i][part] += src[i] * gradient[part] over a row of pixels.
INLINE void accumulate_row(
    vector acc[GRADIENT_ROWS][OVERTILE_BLOCK / VECTOR], int count, const float *src, size_t src_step,
    const float *gradient, size_t pixels) {
    for (size_t x = 0; x < pixels; x++, src += src_step, gradient += OVERTILE_BLOCK) {
        vector g[OVERTILE_BLOCK / VECTOR];
        UNROLL for (int part = 0; part < OVERTILE_BLOCK / VECTOR; part++) g[part] = load(gradient + part * VECTOR);
        UNROLL for (int i = 0; i < count; i++) {
            UNROLL for (int part = 0; part < OVERTILE_BLOCK / VECTOR; part++) acc[i][part] += src[i] * g[part];
        }
    }
}

// One tap's products over a band of rows, for `count` input channels from `src` on.
INLINE void accumulate_band(
    const overtile_convolution *conv, int count, overtile_plane src, overtile_plane gradient, size_t first, size_t end,
    size_t kh, size_t kw, float *sums) {
    vector acc[GRADIENT_ROWS][OVERTILE_BLOCK / VECTOR];
    UNROLL for (int i = 0; i < count; i++) {
        UNROLL for (int part = 0; part < OVERTILE_BLOCK / VECTOR; part++) acc[i][part] = (vector){};
    }
    size_t length = direct_length(conv);
    ptrdiff_t left = (ptrdiff_t)(kw * conv->dilation) - (ptrdiff_t)conv->left, stride = (ptrdiff_t)conv->stride;
    // Output columns whose pixel of the source lies on the map.
    ptrdiff_t start = left < 0 ? (-left + stride - 1) / stride : 0;
    ptrdiff_t last = ((ptrdiff_t)conv->iw - 1 - left) / stride;
    ptrdiff_t stop = last + 1 < (ptrdiff_t)conv->ow ? last + 1 : (ptrdiff_t)conv->ow;
    if (left >= (ptrdiff_t)conv->iw || stop <= start) return;
    for (size_t oh = first; oh < end; oh++) {
        ptrdiff_t ih = (ptrdiff_t)(oh * conv->stride + kh * conv->dilation) - (ptrdiff_t)conv->top;
        if (ih < 0 || ih >= (ptrdiff_t)conv->ih) continue;
        accumulate_row(
            acc, count, src.pixels + ih * src.row + (start * stride + left) * (ptrdiff_t)length,
            conv->stride * length, gradient.pixels + (ptrdiff_t)oh * gradient.row + start * OVERTILE_BLOCK,
            (size_t)(stop - start));
    }
    UNROLL for (int i = 0; i < count; i++) {
        UNROLL for (int part = 0; part < OVERTILE_BLOCK / VECTOR; part++) {
            float *to = sums + i * OVERTILE_BLOCK + part * VECTOR;
            store(to, load(to) + acc[i][part]);
        }
    }
}

static void weight_gradient_run(
    const overtile_convolution *conv, overtile_plane src, overtile_plane gradient, float *sums) {
    size_t row = conv->ow * OVERTILE_BLOCK, band = row < GRADIENT_BAND ? GRADIENT_BAND / row : 1;
    for (size_t first = 0; first < conv->oh; first += band) {
        size_t end = first + band < conv->oh ? first + band : conv->oh;
        float *to = sums;
        for (size_t kh = 0; kh < conv->kh; kh++) {
            for (size_t kw = 0; kw < conv->kw; kw++) {
                if (conv->plain_src) {
                    accumulate_band(conv, 1, src, gradient, first, end, kh, kw, to);
                    to += OVERTILE_BLOCK;
                    continue;
                }
                for (int c = 0; c < OVERTILE_BLOCK; c += GRADIENT_ROWS, to += GRADIENT_ROWS * OVERTILE_BLOCK) {
                    overtile_plane from = {src.pixels + c, src.row};
                    accumulate_band(conv, GRADIENT_ROWS, from, gradient, first, end, kh, kw, to);
                }
            }
        }
    }
}

#define GRADIENTS                                                                                                  \
    {moments_run, normalize_run, norm_sums_run, norm_gradient_run, gate_run, add_run, pooling_run, pooling_gradient_run, \
     resample_run, resample_gradient_run, weight_gradient_run}
