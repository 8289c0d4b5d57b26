// Overtile's own kernels on float32 maps: the U-Net's hot path, and what oneDNN does not offer.
#ifndef COVERTILE_KERNELS_H
#define COVERTILE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

// ---- The hot path -----------------------------------------------------------------------------------------------
//
// Maps lie in blocks of 16 channels, [c / 16][h][w][16] (oneDNN's nChw16c), or plain, [c][h][w]. A source is given as
// one plane for each block (for each channel where it is plain), so that it may be a window of a larger map, or the
// concatenation of windows of several. Blocks are aligned to 64 bytes.

enum { OVERTILE_BLOCK = 16 };

// A block's (or channel's) part of a window.
typedef struct {
    const float *pixels;    // its first pixel
    ptrdiff_t row;          // floats from a row to the next
} overtile_plane;

// The window that a kernel writes.
typedef struct {
    float *pixels;          // the first pixel of the first block
    ptrdiff_t row;          // floats from a row to the next
    ptrdiff_t plane;        // floats from a block (or channel) to the next
} overtile_target;

// A convolution, or an up-convolution (kernel = stride, no padding, dilation 1), with its bias and perhaps a ReLU.
typedef struct {
    size_t ic, oc;          // channels: multiples of 16 where the map is blocked
    size_t ih, iw, oh, ow;  // pixels of source and destination
    size_t kh, kw;          // taps
    size_t stride, dilation;
    size_t top, left;       // zeros around the source; those at bottom and right follow from the sizes
    bool plain_src, plain_dst;
    bool relu;              // max(0, x)
} overtile_convolution;

// A way of computing a convolution. Weights are packed once and shared by threads; scratch belongs to one run.
typedef struct {
    size_t (*packed_count)(const overtile_convolution *);                   // floats
    // weights: [oc][ic][kh][kw]; of an up-convolution [ic][oc][kh][kw]. packed: aligned to 64 bytes. bias: of oc rounded
    // up to whole blocks.
    void (*pack)(const overtile_convolution *, const float *weights, float *packed);
    size_t (*scratch_count)(const overtile_convolution *);                  // bytes
    void (*run)(
        const overtile_convolution *, const overtile_plane *src, const float *packed, const float *bias,
        overtile_target dst, void *scratch);
} overtile_algorithm;

// Windows along one axis, and the padding around the source.
typedef struct {
    size_t taps, stride, dilation;
    ptrdiff_t before, after;
} overtile_window;

// Where a row or column of dst samples src: between two pixels, so much of the way to the second.
typedef struct {
    size_t low, high;
    float weight;
} overtile_sample;

// ---- Training ----------------------------------------------------------------------------------------------------
//
// Dense planes of one block of 16 channels, unless a plane or a row says otherwise. Sums are of 16 channels each, and are
// added to what is there.

// What a batch norm's gradient is made of, for each of 16 channels: gradient * factor + (x - mean) * slope + offset.
typedef struct {
    const float *mean, *factor, *slope, *offset;
} overtile_norm_gradient;

typedef struct {
    // sums: 16 of x, 16 of x * x.
    void (*moments)(size_t pixels, const float *src, double *sums);
    // dst = (src - mean) * scale + shift, and max(0, x) of it with `relu`.
    void (*normalize)(
        size_t pixels, const float *mean, const float *scale, const float *shift, bool relu, const float *src,
        float *dst);
    // sums: 16 of the gradient, 16 of the gradient times (src - mean). Where `out` is given, the gradient counts only
    // where that is above 0.
    void (*norm_sums)(
        size_t pixels, const float *mean, const float *src, const float *out, const float *gradient, double *sums);
    // In place. `out` is as above; with gates_src the result is 0 where src is not above 0. sums: 16 of the result, or
    // NULL.
    void (*norm_gradient)(
        size_t pixels, const overtile_norm_gradient *norm, bool gates_src, const float *src, const float *out,
        float *gradient, double *sums);
    // Sets the gradient to 0 where `out`, if given, is not above 0. sums: 16 of the result, or NULL.
    void (*gate)(size_t pixels, const float *out, float *gradient, double *sums);
    // dst += src; `row` is the floats from a row of dst to the next.
    void (*add)(size_t height, size_t width, overtile_plane src, float *dst, ptrdiff_t row);
    // The largest value of each window.
    void (*pooling)(
        const overtile_window *vertical, const overtile_window *horizontal, size_t ih, size_t iw, size_t oh, size_t ow,
        const float *src, float *dst);
    // Adds each window's gradient to dst where its largest value was.
    void (*pooling_gradient)(
        const overtile_window *vertical, const overtile_window *horizontal, size_t ih, size_t iw, size_t oh, size_t ow,
        const float *src, const float *out, const float *gradient, float *dst);
    // Samples src for each of height x width pixels.
    void (*resample)(
        const overtile_sample *rows, const overtile_sample *columns, size_t height, size_t width, overtile_plane src,
        float *dst, ptrdiff_t dst_row);
    // Adds the gradient of height x width samples to dst, where they were taken from.
    void (*resample_gradient)(
        const overtile_sample *rows, const overtile_sample *columns, size_t height, size_t width,
        overtile_plane gradient, float *dst, ptrdiff_t dst_row);
    // The gradient of a convolution's weights between one block of its source, or one plain channel, and one block of its
    // output. sums: [kh][kw][16 of src, or 1][16 of gradient].
    void (*weight_gradient)(
        const overtile_convolution *conv, overtile_plane src, overtile_plane gradient, float *sums);
} overtile_gradients;

// The kernels of one instruction set. All sets compute the same, but for the last digits.
typedef struct {
    const char *name;
    // 3 x 3, stride 1, dilation 1, blocked on both sides: Winograd's F(4x4, 3x3) (Lavin and Gray 2015).
    overtile_algorithm winograd;
    // The same by F(2x2, 3x3), which saves less and rounds no worse than plain sums.
    overtile_algorithm winograd_2x2;
    // Any convolution of one group.
    overtile_algorithm direct;
    // Transposed convolution whose stride is its kernel, blocked on both sides, so that no outputs overlap.
    overtile_algorithm up_convolution;
    // The largest of extent x extent pixels at every stride-th, blocked on both sides. No window leaves the source.
    void (*max_pooling)(
        size_t blocks, size_t oh, size_t ow, size_t extent, size_t stride, const overtile_plane *src,
        overtile_target dst);
    overtile_gradients gradients;
} overtile_kernels;

// The sets that this processor can run, fastest first; the last is plain C. NULL behind it.
const overtile_kernels *const *overtile_kernel_sets(void);

// Scratch that a Winograd convolution needs: the same for every set but the plain one, from ic, oc, oh and ow alone.
size_t overtile_winograd_scratch_count(const overtile_convolution *conv);

// ---- What oneDNN does not offer ---------------------------------------------------------------------------------

// A window of a map stored as [blocks][parent rows][parent columns][block]; `block` is 1 for plain maps.
typedef struct {
    size_t blocks, block;                       // channel blocks, and channels in each
    size_t height, width;                       // of the window
    size_t parent_height, parent_width;         // of the map in memory
    size_t top, left;                           // of the window within it
} overtile_map;

// Bilinear interpolation in which the corner pixels of src and dst lie over each other (align_corners):
// dst pixel i samples src at i * (src - 1) / (dst - 1). Both have the same blocks; dst is larger than one pixel.
void overtile_bilinear_aligned(const overtile_map *src, const overtile_map *dst, const float *from, float *to);

// Where the values of a map lie: channel c of the pixel in row y and column x is c / block * plane + y * row + x * pixel
// + c % block floats behind the first one.
typedef struct {
    size_t block;                               // channels that lie together
    ptrdiff_t plane, row, pixel;                // floats from one block, row, pixel to the next
} overtile_strides;

// Copies so many channels of height x width pixels. Where dst keeps them in blocks, zeros fill the last one; src may be
// blocked otherwise. With equal strides src and dst may be windows of one map that overlap. oneDNN's reorders must not
// do this: 3.7.2, as in Debian 13, takes a window for a whole map (jit_direct_copy).
void overtile_copy(
    size_t channels, size_t height, size_t width, overtile_strides src, const float *from, overtile_strides dst,
    float *to);

// Zeros in a whole window.
void overtile_zero(const overtile_map *dst, float *to);

// Value by value. src and dst have the same blocks and size, and may be one.
// x < 0 ? slope * x : x, with a slope for each stored channel.
void overtile_slopes(
    const overtile_map *src, const overtile_map *dst, const float *slopes, const float *from, float *to);
void overtile_clip(
    const overtile_map *src, const overtile_map *dst, float lowest, float highest, const float *from, float *to);
// max(0, min(1, alpha * x + beta)), and that times x.
void overtile_hard_sigmoid(
    const overtile_map *src, const overtile_map *dst, float alpha, float beta, bool times_input, const float *from,
    float *to);

// Functions of each value for itself that take a library's exponentials, with up to four parameters.
typedef enum {
    OVERTILE_ELU,                               // alpha
    OVERTILE_GELU,
    OVERTILE_GELU_APPROXIMATE,
    OVERTILE_MISH,
    OVERTILE_TANH,
    OVERTILE_SOFTPLUS,
    OVERTILE_ERF,
    OVERTILE_EXPONENTIAL,
    OVERTILE_SQUARE_ROOT,
    OVERTILE_POWER,                             // exponent
    OVERTILE_ABSOLUTE,
    OVERTILE_QUANTIZED,                         // scale, zero point, lowest, highest
} overtile_function_kind;
void overtile_function(
    overtile_function_kind kind, const float *parameters, const overtile_map *src, const overtile_map *dst,
    const float *from, float *to);

// c[row][column] = sum of a[row][i] * b[i][column]; all dense.
void overtile_product(size_t rows, size_t inner, size_t columns, const float *a, const float *b, float *c);

typedef enum { OVERTILE_ADDITION, OVERTILE_SUBTRACTION, OVERTILE_MULTIPLICATION, OVERTILE_DIVISION } overtile_arithmetic;

// One of two maps that become one. What it has but one of is stretched.
typedef struct {
    overtile_map map;
    const float *from;
    ptrdiff_t only_channel;                     // stored position of its one channel; -1: it has all channels
    bool one_pixel;
} overtile_operand;

// dst = left operation right, and max(0, x) of it with `relu`. dst may be an operand that is not stretched.
// is_channel: for each stored channel of dst whether it is more than padding (above 0) or not.
void overtile_combine(
    overtile_arithmetic operation, const overtile_operand *left, const overtile_operand *right, bool relu,
    const float *is_channel, const overtile_map *dst, float *to);

typedef enum { OVERTILE_MAXIMUM, OVERTILE_MEAN, OVERTILE_MEAN_WITH_PADDING } overtile_pooling_kind;

// The largest or mean value of each window. Padding counts for nothing, but as pixels with OVERTILE_MEAN_WITH_PADDING.
void overtile_pooling(
    overtile_pooling_kind kind, const overtile_window *vertical, const overtile_window *horizontal,
    const overtile_map *src, const overtile_map *dst, const float *from, float *to);

void overtile_resample(
    const overtile_sample *rows, const overtile_sample *columns, const overtile_map *src, const overtile_map *dst,
    const float *from, float *to);

typedef enum { OVERTILE_CONSTANT, OVERTILE_REFLECT, OVERTILE_EDGE } overtile_padding_kind;

// src with `top` rows above it, `left` columns to the left of it, and what is left of dst behind it.
void overtile_pad(
    overtile_padding_kind kind, float value, size_t top, size_t left, const overtile_map *src,
    const overtile_map *dst, const float *from, float *to);

// The mean of all pixels, for each stored channel. dst is one pixel.
void overtile_global_mean(const overtile_map *src, const overtile_map *dst, const float *from, float *to);

// In what follows `channels` are stored positions, in ascending order for softmax.

// The mean of these channels, into the first channel of dst, a block.
void overtile_channel_mean(
    const size_t *channels, size_t count, const overtile_map *src, const overtile_map *dst, const float *from,
    float *to);

// Over these channels; all others of dst become 0. dst may be src.
void overtile_softmax(
    const size_t *channels, size_t count, const overtile_map *src, const overtile_map *dst, const float *from,
    float *to);

// These channels of src, as the first ones of dst, whose others become 0.
void overtile_channel_slice(
    const size_t *channels, size_t count, const overtile_map *src, const overtile_map *dst, const float *from,
    float *to);

// (x - mean) / sqrt(variance + epsilon) * scale + shift of these channels, mean and variance being those of all their
// pixels; scale and shift are of stored channels. Other channels of dst are left alone. dst may be src.
void overtile_group_normalization(
    const size_t *channels, size_t count, float epsilon, const float *scale, const float *shift,
    const overtile_map *src, const overtile_map *dst, const float *from, float *to);

// Multiplications and additions, in billions per second, that the calling thread does at best in so many seconds: the
// widest fused multiply-add of this processor, on registers alone.
double overtile_peak_gigaflops(double seconds);

#endif
