// The largest value under each window.

INLINE void max_pooling_body(
    size_t blocks, size_t oh_count, size_t ow_count, size_t extent, size_t stride, const overtile_plane *src,
    overtile_target dst) {
    for (size_t b = 0; b < blocks; b++) {
        for (size_t oh = 0; oh < oh_count; oh++) {
            const float *from = src[b].pixels + (ptrdiff_t)(oh * stride) * src[b].row;
            float *to = dst.pixels + (ptrdiff_t)b * dst.plane + (ptrdiff_t)oh * dst.row;
            for (size_t ow = 0; ow < ow_count; ow++, from += stride * OVERTILE_BLOCK, to += OVERTILE_BLOCK) {
                for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) {
                    vector largest = load(from + c);
                    for (size_t i = 0; i < extent; i++) {
                        for (size_t j = 0; j < extent; j++) {
                            const float *x = from + (ptrdiff_t)i * src[b].row + j * OVERTILE_BLOCK + c;
                            largest = maximum(largest, load(x));
                        }
                    }
                    store(to + c, largest);
                }
            }
        }
    }
}

static void max_pooling_run(
    size_t blocks, size_t oh_count, size_t ow_count, size_t extent, size_t stride, const overtile_plane *src,
    overtile_target dst) {
    // A U-Net's, which the compiler unrolls.
    if (extent == 2 && stride == 2) {
        max_pooling_body(blocks, oh_count, ow_count, 2, 2, src, dst);
    } else {
        max_pooling_body(blocks, oh_count, ow_count, extent, stride, src, dst);
    }
}
