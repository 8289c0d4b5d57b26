// Any convolution, tap by tap: for the first layer with its few bands, the last with its few classes, 1 x 1, and
// whatever has strides or dilation.
//
// A row of output pixels is a matrix product whose inner dimension goes over the taps and channels; each tap's part of
// a block of channels is a piece of it. Where padding is, taps that fall on it are left out.

static size_t padded_oc(const overtile_convolution *conv) {
    return (conv->oc + OVERTILE_BLOCK - 1) / OVERTILE_BLOCK * OVERTILE_BLOCK;
}

static size_t direct_packed_count(const overtile_convolution *conv) {
    return padded_oc(conv) * conv->ic * conv->kh * conv->kw;
}

// [oc / PANEL][kh][kw][ic][PANEL], with zeros for the channels that fill up the last panel
static void direct_pack(const overtile_convolution *conv, const float *weights, float *packed) {
    size_t oc_count = padded_oc(conv), taps = conv->kh * conv->kw;
    for (size_t oc = 0; oc < oc_count; oc++) {
        size_t first = oc / PANEL * PANEL, width = panel_width(oc_count, first);
        float *panel = packed + first * conv->ic * taps + (oc - first);
        for (size_t tap = 0; tap < taps; tap++) {
            for (size_t ic = 0; ic < conv->ic; ic++) {
                panel[(tap * conv->ic + ic) * width] = oc < conv->oc ? weights[(oc * conv->ic + ic) * taps + tap] : 0;
            }
        }
    }
}

// The pieces of one output pixel, and room for a panel of plain output.
static size_t direct_scratch_count(const overtile_convolution *conv) {
    return conv->ic / direct_length(conv) * conv->kh * conv->kw * sizeof(piece)
        + PRODUCT_ROWS * PANEL * sizeof(float) + 64;
}

// The pieces of the output pixel whose first tap is at (ih, iw), for the panel whose weights these are.
static size_t gather(
    const overtile_convolution *conv, const overtile_plane *src, ptrdiff_t ih, ptrdiff_t iw, tap_range rows,
    tap_range columns, const float *packed, size_t width, piece *pieces) {
    size_t length = direct_length(conv), count = 0;
    for (size_t kh = rows.first; kh < rows.end; kh++) {
        for (size_t kw = columns.first; kw < columns.end; kw++) {
            ptrdiff_t y = ih + (ptrdiff_t)(kh * conv->dilation), x = iw + (ptrdiff_t)(kw * conv->dilation);
            const float *b = packed + (kh * conv->kw + kw) * conv->ic * width;
            for (size_t plane = 0; plane < conv->ic / length; plane++, b += length * width) {
                const float *a = src[plane].pixels + y * src[plane].row + x * (ptrdiff_t)length;
                pieces[count++] = (piece){a, b};
            }
        }
    }
    return count;
}

// Output pixels [start, end) of a row, all of whose taps lie in the given ranges.
static void direct_pixels(
    const overtile_convolution *conv, const overtile_plane *src, size_t oh, size_t start, size_t end, tap_range rows,
    tap_range columns, const float *packed, const float *bias, overtile_target dst, piece *pieces, float *plain) {
    size_t length = direct_length(conv), oc_count = padded_oc(conv);
    ptrdiff_t ih = (ptrdiff_t)(oh * conv->stride) - (ptrdiff_t)conv->top;
    ptrdiff_t iw = (ptrdiff_t)(start * conv->stride) - (ptrdiff_t)conv->left;
    ptrdiff_t pixel = conv->plain_dst ? 1 : OVERTILE_BLOCK;
    float *to = dst.pixels + (ptrdiff_t)oh * dst.row + (ptrdiff_t)start * pixel;
    size_t groups = group_count(end - start);
    for (size_t oc = 0, width; oc < oc_count; oc += width) {
        width = panel_width(oc_count, oc);
        const float *panel = packed + oc * conv->ic * conv->kh * conv->kw;
        size_t count = gather(conv, src, ih, iw, rows, columns, panel, width, pieces);
        epilogue finish = {.bias = bias + oc, .relu = conv->relu};
        for (size_t g = 0; g < groups; g++) {
            size_t first = group_start(end - start, groups, g), last = group_start(end - start, groups, g + 1);
            if (conv->plain_dst) {
                finish.c = plain;
                finish.c_stride = PANEL;
                finish.c_plane = OVERTILE_BLOCK;
            } else {
                finish.c = to + (ptrdiff_t)(oc / OVERTILE_BLOCK) * dst.plane + (ptrdiff_t)first * pixel;
                finish.c_stride = pixel;
                finish.c_plane = dst.plane;
            }
            gathered_products[width == PANEL][last - first - 1](
                pieces, count, length, (ptrdiff_t)(first * conv->stride * length),
                (ptrdiff_t)(conv->stride * length), &finish);
            if (!conv->plain_dst) continue;
            for (size_t c = 0; c < width && oc + c < conv->oc; c++) {
                float *row = to + (ptrdiff_t)(oc + c) * dst.plane + (ptrdiff_t)first;
                for (size_t i = 0; i < last - first; i++) row[i] = plain[i * PANEL + c];
            }
        }
    }
}

static void direct_run(
    const overtile_convolution *conv, const overtile_plane *src, const float *packed, const float *bias,
    overtile_target dst, void *scratch) {
    float *plain = scratch;
    piece *pieces = (piece *)(plain + PRODUCT_ROWS * PANEL);
    for (size_t oh = 0; oh < conv->oh; oh++) {
        ptrdiff_t ih = (ptrdiff_t)(oh * conv->stride) - (ptrdiff_t)conv->top;
        tap_range rows = taps_inside(ih, conv->kh, conv->dilation, conv->ih);
        // Runs of pixels with the same taps: one in the middle, and single ones where padding takes some away.
        for (size_t start = 0, end; start < conv->ow; start = end) {
            ptrdiff_t iw = (ptrdiff_t)(start * conv->stride) - (ptrdiff_t)conv->left;
            tap_range columns = taps_inside(iw, conv->kw, conv->dilation, conv->iw);
            end = start + 1;
            if (columns.first == 0 && columns.end == conv->kw) {
                ptrdiff_t reach = (ptrdiff_t)((conv->kw - 1) * conv->dilation);
                size_t last = (size_t)((ptrdiff_t)conv->iw - 1 - reach + (ptrdiff_t)conv->left) / conv->stride;
                end = last + 1 < conv->ow ? last + 1 : conv->ow;
            }
            direct_pixels(conv, src, oh, start, end, rows, columns, packed, bias, dst, pieces, plain);
        }
    }
}
