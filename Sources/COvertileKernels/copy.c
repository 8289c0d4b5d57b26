#include "COvertileKernels.h"

#include <string.h>

static void zero_channels(size_t width, size_t count, ptrdiff_t step, float *to) {
    for (size_t column = 0; column < width; column++, to += step) memset(to, 0, count * sizeof(float));
}

// One row of maps of one block: blocks that follow each other are one piece of memory.
static void move_row(size_t width, size_t block, const float *from, ptrdiff_t src, float *to, ptrdiff_t dst) {
    if (src == (ptrdiff_t)block && dst == (ptrdiff_t)block) {
        memmove(to, from, width * block * sizeof(float));
        return;
    }
    for (size_t column = 0; column < width; column++, from += src, to += dst) memmove(to, from, block * sizeof(float));
}

static void copy_blocks(
    size_t channels, size_t height, size_t width, overtile_strides src, const float *from, overtile_strides dst,
    float *to) {
    // Where the windows overlap, a row is read before it is written.
    bool downwards = to > from;
    size_t blocks = channels / src.block;
    for (size_t i = 0; i < blocks; i++) {
        size_t plane = downwards ? blocks - 1 - i : i;
        for (size_t j = 0; j < height; j++) {
            ptrdiff_t row = (ptrdiff_t)(downwards ? height - 1 - j : j);
            move_row(
                width, src.block, from + (ptrdiff_t)plane * src.plane + row * src.row, src.pixel,
                to + (ptrdiff_t)plane * dst.plane + row * dst.row, dst.pixel);
        }
    }
}

void overtile_copy(
    size_t channels, size_t height, size_t width, overtile_strides src, const float *from, overtile_strides dst,
    float *to) {
    if (src.block == dst.block && channels % src.block == 0) {
        copy_blocks(channels, height, width, src, from, dst, to);
        return;
    }
    for (size_t channel = 0; channel < channels; channel++) {
        const float *in = from + (ptrdiff_t)(channel / src.block) * src.plane + channel % src.block;
        float *out = to + (ptrdiff_t)(channel / dst.block) * dst.plane + channel % dst.block;
        for (size_t row = 0; row < height; row++, in += src.row, out += dst.row)
            for (size_t column = 0; column < width; column++)
                out[(ptrdiff_t)column * dst.pixel] = in[(ptrdiff_t)column * src.pixel];
    }
    size_t last = channels % dst.block;
    if (last == 0) return;
    float *out = to + (ptrdiff_t)(channels / dst.block) * dst.plane + last;
    for (size_t row = 0; row < height; row++, out += dst.row) zero_channels(width, dst.block - last, dst.pixel, out);
}
