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

// The kernels of one instruction set. All sets compute the same, but for the last digits.
typedef struct {
    const char *name;
    // 3 x 3, stride 1, dilation 1, blocked on both sides: Winograd's F(4x4, 3x3) (Lavin and Gray 2015).
    overtile_algorithm winograd;
    // Any convolution of one group.
    overtile_algorithm direct;
    // Transposed convolution whose stride is its kernel, blocked on both sides, so that no outputs overlap.
    overtile_algorithm up_convolution;
    // The largest of extent x extent pixels at every stride-th, blocked on both sides. No window leaves the source.
    void (*max_pooling)(
        size_t blocks, size_t oh, size_t ow, size_t extent, size_t stride, const overtile_plane *src,
        overtile_target dst);
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

// Zeros in a whole window.
void overtile_zero(const overtile_map *dst, float *to);

// Multiplications and additions, in milliards a second, that the calling thread does at best in so many seconds: the
// widest fused multiply-add of this processor, on registers alone.
double overtile_peak_gigaflops(double seconds);

#endif
