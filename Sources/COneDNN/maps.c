// Maps: what is allowed, and how the library describes them.
#include "operation.h"

// oneDNN's kernels hold extents, and byte offsets within one channel block's plane, in 32 bits.
static const int64_t extent_limit = INT32_MAX;
static const int64_t plane_limit = INT32_MAX / (16 * (int64_t)sizeof(float));
static const int64_t map_limit = INT64_MAX / 4096;

static bool within(int64_t value, int64_t limit) { return value >= 1 && value <= limit; }

odnn_status check_map(const odnn_map *map) {
    if (!map || (unsigned)map->layout > ODNN_BLOCKED_16) return ODNN_INVALID;
    if (map->channels < 1 || map->height < 1 || map->width < 1 || map->top < 0 || map->left < 0) return ODNN_INVALID;
    if (map->top > map->parent_height - map->height || map->left > map->parent_width - map->width) return ODNN_INVALID;
    if (map->channels % block_of(map->layout) != 0) return ODNN_INVALID;

    int64_t plane, total;
    if (!within(map->parent_height, extent_limit) || !within(map->parent_width, extent_limit)) return ODNN_TOO_LARGE;
    if (!within(map->channels, extent_limit)) return ODNN_TOO_LARGE;
    plane = map->parent_height * map->parent_width;  // both below 2^31
    if (plane > plane_limit) return ODNN_TOO_LARGE;
    if (__builtin_mul_overflow(plane, map->channels, &total) || total > map_limit) return ODNN_TOO_LARGE;
    return ODNN_SUCCESS;
}

odnn_status check_kernel(const odnn_kernel *kernel) {
    if (!kernel) return ODNN_INVALID;
    const int64_t extents[] = {kernel->height,     kernel->width,      kernel->stride_y, kernel->stride_x,
                               kernel->dilation_y, kernel->dilation_x, kernel->groups};
    for (size_t i = 0; i < sizeof extents / sizeof *extents; i++) {
        if (extents[i] < 1) return ODNN_INVALID;
        if (extents[i] > extent_limit) return ODNN_TOO_LARGE;
    }
    return ODNN_SUCCESS;
}

int64_t block_of(odnn_layout layout) {
    return layout == ODNN_PLAIN ? 1 : layout == ODNN_BLOCKED ? odnn_channel_block() : 16;
}

int64_t whole_blocks(int64_t channels, odnn_layout layout) {
    int64_t block = block_of(layout);
    return (channels + block - 1) / block * block;
}

bool is_window(const odnn_map *map) { return map->height != map->parent_height || map->width != map->parent_width; }

bool same_map(const odnn_map *a, const odnn_map *b) {
    return a->layout == b->layout && a->channels == b->channels && a->height == b->height && a->width == b->width;
}

size_t map_offset(const odnn_map *map) {
    size_t pixel = (size_t)(map->top * map->parent_width + map->left);
    return pixel * sizeof(float) * (size_t)block_of(map->layout);
}

odnn_map dense_map(const odnn_map *map, odnn_layout layout) {
    odnn_map dense = *map;
    dense.layout = layout;
    dense.parent_height = map->height;
    dense.parent_width = map->width;
    dense.top = dense.left = 0;
    dense.channels = whole_blocks(map->channels, layout);
    return dense;
}

size_t map_size(const odnn_map *map) {
    size_t bytes = (size_t)(map->channels * map->height * map->width) * sizeof(float);
    return (bytes + 63) / 64 * 64;
}

overtile_strides map_strides(const odnn_map *map) {
    int64_t block = block_of(map->layout);
    return (overtile_strides){.block = (size_t)block,
                              .plane = map->parent_height * map->parent_width * block,
                              .row = map->parent_width * block,
                              .pixel = block};
}

odnn_status map_md(odnn_md *out, const odnn_map *map, int64_t channels) {
    int64_t block = block_of(map->layout);
    dnnl_format_tag_t tag = block == 1 ? dnnl_nchw : block == 16 ? dnnl_nChw16c : dnnl_nChw8c;
    const dnnl_dims_t parent = {1, channels, map->parent_height, map->parent_width};
    if (!is_window(map)) return (odnn_status)md_create(out, 4, parent, tag);

    // The window's place goes into the pointer (map_offset): kernels like descriptions without an offset.
    const dnnl_dims_t window = {1, channels, map->height, map->width};
    odnn_md whole = NULL;
    dnnl_status_t status = md_create(&whole, 4, parent, tag);
    if (status == dnnl_success) status = md_create_part(out, whole, window);
    md_destroy(whole);
    return (odnn_status)status;
}
