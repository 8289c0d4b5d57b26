// Transposed convolution whose stride is its kernel: every tap is a 1 x 1 convolution that writes its own pixels.

static size_t up_packed_count(const overtile_convolution *conv) { return conv->oc * conv->ic * conv->kh * conv->kw; }

// [kh][kw][oc / PANEL][ic][PANEL]
static void up_pack(const overtile_convolution *conv, const float *weights, float *packed) {
    size_t taps = conv->kh * conv->kw;
    for (size_t tap = 0; tap < taps; tap++, packed += conv->oc * conv->ic) {
        for (size_t oc = 0; oc < conv->oc; oc++) {
            size_t first = oc / PANEL * PANEL, width = panel_width(conv->oc, first);
            for (size_t ic = 0; ic < conv->ic; ic++) {
                packed[first * conv->ic + ic * width + (oc - first)] = weights[(ic * conv->oc + oc) * taps + tap];
            }
        }
    }
}

static size_t up_scratch_count(const overtile_convolution *conv) {
    return conv->ic / OVERTILE_BLOCK * sizeof(piece);
}

static void up_run(
    const overtile_convolution *conv, const overtile_plane *src, const float *packed, const float *bias,
    overtile_target dst, void *scratch) {
    piece *pieces = scratch;
    size_t blocks = conv->ic / OVERTILE_BLOCK, groups = group_count(conv->iw);
    for (size_t ih = 0; ih < conv->ih; ih++) {
        for (size_t tap = 0; tap < conv->kh * conv->kw; tap++) {
            size_t oh = ih * conv->kh + tap / conv->kw, ow = tap % conv->kw;
            float *to = dst.pixels + (ptrdiff_t)oh * dst.row + (ptrdiff_t)ow * OVERTILE_BLOCK;
            for (size_t oc = 0, width; oc < conv->oc; oc += width) {
                width = panel_width(conv->oc, oc);
                const float *panel = packed + (tap * conv->oc + oc) * conv->ic;
                for (size_t b = 0; b < blocks; b++) {
                    pieces[b] = (piece){
                        src[b].pixels + (ptrdiff_t)ih * src[b].row, panel + b * OVERTILE_BLOCK * width};
                }
                for (size_t g = 0; g < groups; g++) {
                    size_t start = group_start(conv->iw, groups, g), end = group_start(conv->iw, groups, g + 1);
                    epilogue finish = {
                        .bias = bias + oc,
                        .relu = conv->relu,
                        .c = to + (ptrdiff_t)(oc / OVERTILE_BLOCK) * dst.plane
                            + (ptrdiff_t)(start * conv->kw) * OVERTILE_BLOCK,
                        .c_stride = (ptrdiff_t)conv->kw * OVERTILE_BLOCK,
                        .c_plane = dst.plane,
                    };
                    gathered_products[width == PANEL][end - start - 1](
                        pieces, blocks, OVERTILE_BLOCK, (ptrdiff_t)start * OVERTILE_BLOCK, OVERTILE_BLOCK, &finish);
                }
            }
        }
    }
}
