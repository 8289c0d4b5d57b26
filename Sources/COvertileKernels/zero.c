#include "map.h"

#include <string.h>

void overtile_zero(const overtile_map *dst, float *to) {
    for (size_t b = 0; b < dst->blocks; b++) {
        for (size_t row = 0; row < dst->height; row++) {
            memset(to + pixel_offset(dst, b, row, 0), 0, dst->width * dst->block * sizeof(float));
        }
    }
}
