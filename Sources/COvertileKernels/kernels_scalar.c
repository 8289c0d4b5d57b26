// Every kernel as plain loops, in the order of the formula: for processors that have no set of their own, and what the
// other sets are tested against. The inner loop goes over a block's 16 output channels.
#include "kernel_sets.h"

#include <string.h>

// Gradients are written in vectors of any length, which the compiler takes apart where the processor has none.
#define VECTOR 4
#include "variants/vector.h"
#include "variants/taps.h"
#include "variants/gradients.h"

static size_t output_blocks(const overtile_convolution *conv) {
    return (conv->oc + OVERTILE_BLOCK - 1) / OVERTILE_BLOCK;
}

// A channel's value at a pixel of the source.
static inline float pixel_of(const overtile_convolution *conv, const overtile_plane *src, size_t ic, size_t ih, size_t iw) {
    if (conv->plain_src) return src[ic].pixels[(ptrdiff_t)ih * src[ic].row + (ptrdiff_t)iw];
    const overtile_plane *plane = src + ic / OVERTILE_BLOCK;
    return plane->pixels[(ptrdiff_t)ih * plane->row + (ptrdiff_t)(iw * OVERTILE_BLOCK + ic % OVERTILE_BLOCK)];
}

static void put(
    const overtile_convolution *conv, overtile_target dst, size_t block, size_t oh, size_t ow, const float *sums) {
    size_t channels = conv->oc - block * OVERTILE_BLOCK;
    if (channels > OVERTILE_BLOCK) channels = OVERTILE_BLOCK;
    for (size_t c = 0; c < channels; c++) {
        float x = conv->relu && sums[c] <= 0 ? 0 : sums[c];
        size_t oc = block * OVERTILE_BLOCK + c;
        if (conv->plain_dst) {
            dst.pixels[(ptrdiff_t)oc * dst.plane + (ptrdiff_t)oh * dst.row + (ptrdiff_t)ow] = x;
        } else {
            dst.pixels[(ptrdiff_t)block * dst.plane + (ptrdiff_t)oh * dst.row + (ptrdiff_t)(ow * OVERTILE_BLOCK + c)] = x;
        }
    }
}

static void add_products(float *sums, float x, const float *weights) {
    for (int c = 0; c < OVERTILE_BLOCK; c++) sums[c] += x * weights[c];
}

static size_t packed_count(const overtile_convolution *conv) {
    return output_blocks(conv) * OVERTILE_BLOCK * conv->ic * conv->kh * conv->kw;
}

static size_t no_scratch(const overtile_convolution *conv) {
    (void)conv;
    return 0;
}

// [oc / 16][kh][kw][ic][16], with zeros for the channels that fill up the last block, from [oc][ic][kh][kw] or
// [ic][oc][kh][kw]: `oc_stride` and `ic_stride` are the floats from one channel's weights to the next's.
static void pack_channels(
    const overtile_convolution *conv, const float *weights, size_t oc_stride, size_t ic_stride, float *packed) {
    for (size_t block = 0; block < output_blocks(conv); block++) {
        for (size_t tap = 0; tap < conv->kh * conv->kw; tap++) {
            for (size_t ic = 0; ic < conv->ic; ic++) {
                for (size_t c = 0; c < OVERTILE_BLOCK; c++) {
                    size_t oc = block * OVERTILE_BLOCK + c;
                    *packed++ = oc < conv->oc ? weights[oc * oc_stride + ic * ic_stride + tap] : 0;
                }
            }
        }
    }
}

static void pack(const overtile_convolution *conv, const float *weights, float *packed) {
    size_t taps = conv->kh * conv->kw;
    pack_channels(conv, weights, conv->ic * taps, taps, packed);
}

static void pack_up(const overtile_convolution *conv, const float *weights, float *packed) {
    size_t taps = conv->kh * conv->kw;
    pack_channels(conv, weights, taps, conv->oc * taps, packed);
}

static void run(
    const overtile_convolution *conv, const overtile_plane *src, const float *packed, const float *bias,
    overtile_target dst, void *scratch) {
    (void)scratch;
    for (size_t block = 0; block < output_blocks(conv); block++) {
        const float *weights = packed + block * conv->kh * conv->kw * conv->ic * OVERTILE_BLOCK;
        for (size_t oh = 0; oh < conv->oh; oh++) {
            for (size_t ow = 0; ow < conv->ow; ow++) {
                float sums[OVERTILE_BLOCK];
                memcpy(sums, bias + block * OVERTILE_BLOCK, sizeof sums);
                for (size_t kh = 0; kh < conv->kh; kh++) {
                    // Below the first row the difference wraps to a number beyond the last.
                    size_t ih = oh * conv->stride + kh * conv->dilation - conv->top;
                    for (size_t kw = 0; kw < conv->kw; kw++) {
                        size_t iw = ow * conv->stride + kw * conv->dilation - conv->left;
                        if (ih >= conv->ih || iw >= conv->iw) continue;
                        const float *tap = weights + (kh * conv->kw + kw) * conv->ic * OVERTILE_BLOCK;
                        for (size_t ic = 0; ic < conv->ic; ic++) {
                            add_products(sums, pixel_of(conv, src, ic, ih, iw), tap + ic * OVERTILE_BLOCK);
                        }
                    }
                }
                put(conv, dst, block, oh, ow, sums);
            }
        }
    }
}

static void run_up(
    const overtile_convolution *conv, const overtile_plane *src, const float *packed, const float *bias,
    overtile_target dst, void *scratch) {
    (void)scratch;
    for (size_t block = 0; block < output_blocks(conv); block++) {
        const float *weights = packed + block * conv->kh * conv->kw * conv->ic * OVERTILE_BLOCK;
        for (size_t oh = 0; oh < conv->oh; oh++) {
            for (size_t ow = 0; ow < conv->ow; ow++) {
                float sums[OVERTILE_BLOCK];
                memcpy(sums, bias + block * OVERTILE_BLOCK, sizeof sums);
                size_t tap = oh % conv->kh * conv->kw + ow % conv->kw;
                for (size_t ic = 0; ic < conv->ic; ic++) {
                    float x = pixel_of(conv, src, ic, oh / conv->kh, ow / conv->kw);
                    add_products(sums, x, weights + (tap * conv->ic + ic) * OVERTILE_BLOCK);
                }
                put(conv, dst, block, oh, ow, sums);
            }
        }
    }
}

static void run_max_pooling(
    size_t blocks, size_t oh_count, size_t ow_count, size_t extent, size_t stride, const overtile_plane *src,
    overtile_target dst) {
    for (size_t b = 0; b < blocks; b++) {
        for (size_t oh = 0; oh < oh_count; oh++) {
            for (size_t ow = 0; ow < ow_count; ow++) {
                const float *window =
                    src[b].pixels + (ptrdiff_t)(oh * stride) * src[b].row + (ptrdiff_t)(ow * stride * OVERTILE_BLOCK);
                float *to = dst.pixels + (ptrdiff_t)b * dst.plane + (ptrdiff_t)oh * dst.row
                    + (ptrdiff_t)(ow * OVERTILE_BLOCK);
                for (size_t c = 0; c < OVERTILE_BLOCK; c++) {
                    float largest = window[c];
                    for (size_t i = 0; i < extent; i++) {
                        for (size_t j = 0; j < extent; j++) {
                            float x = window[(ptrdiff_t)i * src[b].row + (ptrdiff_t)(j * OVERTILE_BLOCK + c)];
                            if (x > largest || x != x) largest = x;
                        }
                    }
                    to[c] = largest;
                }
            }
        }
    }
}

const overtile_kernels overtile_kernels_scalar = {
    .name = "scalar",
    .winograd = {packed_count, pack, no_scratch, run},
    .winograd_2x2 = {packed_count, pack, no_scratch, run},
    .direct = {packed_count, pack, no_scratch, run},
    .up_convolution = {packed_count, pack_up, no_scratch, run_up},
    .max_pooling = run_max_pooling,
    .gradients = GRADIENTS,
};
