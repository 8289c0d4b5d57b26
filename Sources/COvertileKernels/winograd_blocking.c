#include "winograd_blocking.h"

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

// An odd number of blocks from one matrix to the next puts them into different sets of a cache.
static size_t odd_blocks(size_t floats) { return (floats / OVERTILE_BLOCK | 1) * OVERTILE_BLOCK; }

winograd_blocking winograd_blocking_for(const overtile_convolution *conv, size_t tile) {
    size_t matrices = (tile + 2) * (tile + 2);
    size_t across = (conv->ow + tile - 1) / tile, tiles = across * ((conv->oh + tile - 1) / tile);
    size_t weights = matrices * conv->ic * conv->oc * sizeof(float);
    size_t channels, block;
    if (weights <= (10 << 20)) {
        // Weights stay in the third level; transformed tiles and 32 channels of their products share the second with a
        // band of the maps.
        channels = smaller(conv->oc, 32);
        block = larger(14, (256 << 10) / (matrices * (conv->ic + channels) * sizeof(float)));
    } else {
        // Weights come from memory: many tiles for each time that they do.
        channels = conv->oc;
        block = larger(56, (24 << 20) / (matrices * (conv->ic + channels) * sizeof(float)));
    }
    size_t rounds = (tiles + block - 1) / block;
    block = (tiles + rounds - 1) / rounds;
    // 2 KiB and more from row to row would put a product's rows into a few sets.
    size_t v_row = conv->ic >= 512 ? conv->ic + OVERTILE_BLOCK : conv->ic;
    return (winograd_blocking){
        .across = across,
        .tiles = tiles,
        .block = block,
        .channels = channels,
        .v_row = v_row,
        .v_matrix = odd_blocks(block * v_row),
        .m_row = channels,
        .m_matrix = odd_blocks(block * channels),
        .streams = conv->oc * conv->oh * conv->ow * sizeof(float) > (16 << 20),
    };
}

size_t winograd_scratch_count(const overtile_convolution *conv, size_t tile) {
    winograd_blocking plan = winograd_blocking_for(conv, tile);
    return (tile + 2) * (tile + 2) * (plan.v_matrix + plan.m_matrix) * sizeof(float);
}

size_t overtile_winograd_scratch_count(const overtile_convolution *conv) { return winograd_scratch_count(conv, 4); }
