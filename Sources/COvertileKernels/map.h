#ifndef COVERTILE_MAP_H
#define COVERTILE_MAP_H

#include "COvertileKernels.h"

// The first channel of a block at a pixel of the window.
static inline size_t pixel_offset(const overtile_map *map, size_t block, size_t row, size_t column) {
    return ((block * map->parent_height + map->top + row) * map->parent_width + map->left + column) * map->block;
}

#endif
