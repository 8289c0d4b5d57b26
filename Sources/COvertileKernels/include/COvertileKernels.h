// Overtile's own kernels on float32 maps: what oneDNN does not offer.
#ifndef COVERTILE_KERNELS_H
#define COVERTILE_KERNELS_H

#include <stddef.h>

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
