// The largest value under each window.

static void max_pooling_run(
    size_t blocks, size_t oh_count, size_t ow_count, size_t extent, size_t stride, const overtile_plane *src,
    overtile_target dst) {
    for (size_t b = 0; b < blocks; b++) {
        for (size_t oh = 0; oh < oh_count; oh++) {
            const float *from = src[b].pixels + (ptrdiff_t)(oh * stride) * src[b].row;
            float *to = dst.pixels + (ptrdiff_t)b * dst.plane + (ptrdiff_t)oh * dst.row;
            for (size_t ow = 0; ow < ow_count; ow++) {
                for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) {
                    const float *window = from + ow * stride * OVERTILE_BLOCK + c;
                    vector largest = load(window);
                    for (size_t i = 0; i < extent; i++) {
                        for (size_t j = 0; j < extent; j++) {
                            largest = maximum(largest, load(window + (ptrdiff_t)i * src[b].row + j * OVERTILE_BLOCK));
                        }
                    }
                    store(to + ow * OVERTILE_BLOCK + c, largest);
                }
            }
        }
    }
}
