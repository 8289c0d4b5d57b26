#ifndef COVERTILE_WINOGRAD_BLOCKING_H
#define COVERTILE_WINOGRAD_BLOCKING_H

#include "COvertileKernels.h"

// How a Winograd convolution is cut into blocks: a rule on its shape alone, for the caches of common processors (from
// 512 KiB of second level for each core, a few MiB of third level). Results do not depend on it.
typedef struct {
    size_t across, tiles;       // tiles in a row, and in all
    size_t block;               // tiles worked on at a time
    size_t channels;            // output channels worked on at a time
    size_t v_row, v_matrix;     // floats from a tile to the next, and between the matrices: transformed input
    size_t m_row, m_matrix;     // the same: products
    bool streams;               // whether the output is too large to stay in a cache
} winograd_blocking;

// `tile` is the side of the output's tiles, 2 or 4.
winograd_blocking winograd_blocking_for(const overtile_convolution *conv, size_t tile);

// The bytes of scratch that a convolution needs.
size_t winograd_scratch_count(const overtile_convolution *conv, size_t tile);

#endif
