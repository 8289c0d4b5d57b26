// 3 x 3 convolution by Winograd's minimal filtering, F(4x4, 3x3): Lavin and Gray, "Fast Algorithms for Convolutional
// Neural Networks" (2015). Each 4 x 4 tile of the output takes 36 products a channel pair instead of 144:
//
//     Y = A^T [ (G g G^T) . (B^T d B) ] A
//
// The output's tiles are worked through in blocks. For a block the input is transformed (36 matrices of tiles x ic),
// multiplied by the weights' 36 matrices of ic x oc, and transformed back, so that what lies between stays in the cache.

// B^T applied to six rows, or columns.
INLINE void transform_input(vector d0, vector d1, vector d2, vector d3, vector d4, vector d5, vector *out, int step) {
    vector a = d4 - 4.0f * d2, b = d3 - 4.0f * d1, c = d4 - d2, e = d3 - d1;
    out[0] = 4.0f * d0 + (d4 - 5.0f * d2);
    out[step] = a + b;
    out[2 * step] = a - b;
    out[3 * step] = c + 2.0f * e;
    out[4 * step] = c - 2.0f * e;
    out[5 * step] = 4.0f * d1 + (d5 - 5.0f * d3);
}

// A^T applied to six rows, or columns.
INLINE void transform_output(vector m0, vector m1, vector m2, vector m3, vector m4, vector m5, vector *out, int step) {
    vector a = m1 + m2, b = m1 - m2, c = m3 + m4, d = m3 - m4;
    out[0] = m0 + a + c;
    out[step] = b + 2.0f * d;
    out[2 * step] = a + 4.0f * c;
    out[3 * step] = (b + m5) + 8.0f * d;
}

// The 36 values of a 6 x 6 patch, for VECTOR channels.
INLINE void input_tile(const float *src, ptrdiff_t row, float *v, ptrdiff_t matrix) {
    vector t[36], out[6];
    UNROLL for (int j = 0; j < 6; j++) {
        const float *d = src + j * OVERTILE_BLOCK;
        transform_input(
            load(d), load(d + row), load(d + 2 * row), load(d + 3 * row), load(d + 4 * row), load(d + 5 * row), t + j, 6);
    }
    UNROLL for (int i = 0; i < 6; i++) {
        const vector *d = t + 6 * i;
        transform_input(d[0], d[1], d[2], d[3], d[4], d[5], out, 1);
        UNROLL for (int j = 0; j < 6; j++) store(v + (6 * i + j) * matrix, out[j]);
    }
}

// A 4 x 4 tile of the output, for VECTOR channels.
INLINE void output_tile(
    const float *m, ptrdiff_t matrix, vector bias, bool has_relu, bool streams, float *dst, ptrdiff_t row) {
    vector t[24], out[4];
    UNROLL for (int j = 0; j < 6; j++) {
        const float *c = m + j * matrix;
        transform_output(
            load(c), load(c + 6 * matrix), load(c + 12 * matrix), load(c + 18 * matrix), load(c + 24 * matrix),
            load(c + 30 * matrix), t + j, 6);
    }
    UNROLL for (int i = 0; i < 4; i++) {
        const vector *c = t + 6 * i;
        transform_output(c[0], c[1], c[2], c[3], c[4], c[5], out, 1);
        UNROLL for (int j = 0; j < 4; j++) {
            vector x = out[j] + bias;
            if (has_relu) x = relu(x);
            float *to = dst + i * row + j * OVERTILE_BLOCK;
            if (streams) stream(to, x); else store(to, x);
        }
    }
}

// Tiles of the output, row by row; the last of a row or column may reach beyond it.
typedef struct {
    size_t across;
    size_t y, x;
} tile_cursor;

INLINE tile_cursor tile_at(size_t index, size_t across) { return (tile_cursor){across, index / across, index % across}; }

INLINE void next_tile(tile_cursor *tile) {
    if (++tile->x == tile->across) {
        tile->x = 0;
        tile->y++;
    }
}

// A patch that reaches beyond the source, with zeros there.
static void copy_patch(
    const overtile_convolution *conv, const overtile_plane *src, ptrdiff_t top, ptrdiff_t left, float *patch) {
    for (ptrdiff_t i = 0; i < 6; i++) {
        for (ptrdiff_t j = 0; j < 6; j++, patch += OVERTILE_BLOCK) {
            ptrdiff_t ih = top + i, iw = left + j;
            bool inside = ih >= 0 && iw >= 0 && ih < (ptrdiff_t)conv->ih && iw < (ptrdiff_t)conv->iw;
            for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) {
                store(patch + c, inside ? load(src->pixels + ih * src->row + iw * OVERTILE_BLOCK + c) : (vector){});
            }
        }
    }
}

// Patches are read ahead by so many tiles: six rows are more streams than the hardware follows.
enum { TILES_AHEAD = 4 };

INLINE void prefetch_patch(const float *src, ptrdiff_t row) {
    const float *ahead = src + TILES_AHEAD * 4 * OVERTILE_BLOCK;
    UNROLL for (int i = 0; i < 6; i++) {
        UNROLL for (int j = 0; j < 4; j++) __builtin_prefetch(ahead + i * row + j * OVERTILE_BLOCK);
    }
}

static void transform_inputs(
    const overtile_convolution *conv, const winograd_blocking *plan, const overtile_plane *src, size_t first,
    size_t count, float *v) {
    _Alignas(64) float patch[36 * OVERTILE_BLOCK];
    for (size_t block = 0; block < conv->ic / OVERTILE_BLOCK; block++) {
        const overtile_plane *plane = src + block;
        tile_cursor tile = tile_at(first, plan->across);
        float *to = v + block * OVERTILE_BLOCK;
        for (size_t t = 0; t < count; t++, next_tile(&tile), to += plan->v_row) {
            ptrdiff_t top = (ptrdiff_t)(4 * tile.y) - (ptrdiff_t)conv->top;
            ptrdiff_t left = (ptrdiff_t)(4 * tile.x) - (ptrdiff_t)conv->left;
            const float *from = patch;
            ptrdiff_t row = 6 * OVERTILE_BLOCK;
            if (top >= 0 && left >= 0 && top + 6 <= (ptrdiff_t)conv->ih && left + 6 <= (ptrdiff_t)conv->iw) {
                from = plane->pixels + top * plane->row + left * OVERTILE_BLOCK;
                row = plane->row;
                prefetch_patch(from, row);
            } else {
                copy_patch(conv, plane, top, left, patch);
            }
            for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) input_tile(from + c, row, to + c, plan->v_matrix);
        }
    }
}

INLINE void transform_outputs(
    const overtile_convolution *conv, const winograd_blocking *plan, const float *m, size_t first, size_t count,
    const float *bias, bool streams, float *dst, ptrdiff_t dst_row) {
    _Alignas(64) float patch[16 * OVERTILE_BLOCK];
    tile_cursor tile = tile_at(first, plan->across);
    for (size_t t = 0; t < count; t++, next_tile(&tile), m += plan->m_row) {
        size_t height = conv->oh - 4 * tile.y, width = conv->ow - 4 * tile.x;
        float *to = dst + (ptrdiff_t)(4 * tile.y) * dst_row + (ptrdiff_t)(4 * tile.x) * OVERTILE_BLOCK;
        bool whole = height >= 4 && width >= 4;
        for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) {
            vector b = load_loose(bias + c);
            if (whole) {
                output_tile(m + c, plan->m_matrix, b, conv->relu, streams, to + c, dst_row);
            } else {
                output_tile(m + c, plan->m_matrix, b, conv->relu, false, patch + c, 4 * OVERTILE_BLOCK);
            }
        }
        if (whole) continue;
        for (size_t i = 0; i < 4 && i < height; i++) {
            size_t row = (width < 4 ? width : 4) * OVERTILE_BLOCK;
            for (size_t c = 0; c < row; c += VECTOR) {
                store(to + (ptrdiff_t)i * dst_row + c, load(patch + i * 4 * OVERTILE_BLOCK + c));
            }
        }
    }
}

// All 36 products of a block of tiles with `channels` output channels from `first` on.
static void multiply(
    const overtile_convolution *conv, const winograd_blocking *plan, size_t tiles, const float *v, const float *packed,
    size_t first, size_t channels, float *m) {
    size_t groups = group_count(tiles);
    for (int matrix = 0; matrix < 36; matrix++, v += plan->v_matrix, m += plan->m_matrix) {
        for (size_t oc = 0, width; oc < channels; oc += width) {
            width = panel_width(conv->oc, first + oc);
            const float *u = packed + ((size_t)matrix * conv->oc + first + oc) * conv->ic;
            for (size_t g = 0; g < groups; g++) {
                size_t start = group_start(tiles, groups, g), end = group_start(tiles, groups, g + 1);
                plain_products[width == PANEL][end - start - 1](
                    v + start * plan->v_row, (ptrdiff_t)plan->v_row, u, conv->ic, m + start * plan->m_row + oc,
                    (ptrdiff_t)plan->m_row);
            }
        }
    }
}

static void winograd_run(
    const overtile_convolution *conv, const overtile_plane *src, const float *packed, const float *bias,
    overtile_target dst, void *scratch) {
    winograd_blocking plan = winograd_blocking_for(conv);
    float *v = scratch, *m = v + 36 * plan.v_matrix;
    for (size_t first = 0; first < plan.tiles; first += plan.block) {
        size_t count = plan.tiles - first < plan.block ? plan.tiles - first : plan.block;
        transform_inputs(conv, &plan, src, first, count, v);
        for (size_t oc = 0; oc < conv->oc; oc += plan.channels) {
            size_t channels = conv->oc - oc < plan.channels ? conv->oc - oc : plan.channels;
            multiply(conv, &plan, count, v, packed, oc, channels, m);
            for (size_t c = 0; c < channels; c += OVERTILE_BLOCK) {
                float *to = dst.pixels + (ptrdiff_t)((oc + c) / OVERTILE_BLOCK) * dst.plane;
                transform_outputs(conv, &plan, m + c, first, count, bias + oc + c, plan.streams, to, dst.row);
            }
        }
    }
}

static size_t winograd_packed_count(const overtile_convolution *conv) { return 36 * conv->oc * conv->ic; }

// [36][oc / PANEL][ic][PANEL]
static void winograd_pack(const overtile_convolution *conv, const float *weights, float *packed) {
    static const double G[6][3] = {{1 / 4.0, 0, 0},
                                   {-1 / 6.0, -1 / 6.0, -1 / 6.0},
                                   {-1 / 6.0, 1 / 6.0, -1 / 6.0},
                                   {1 / 24.0, 1 / 12.0, 1 / 6.0},
                                   {1 / 24.0, -1 / 12.0, 1 / 6.0},
                                   {0, 0, 1}};
    for (size_t first = 0, width; first < conv->oc; first += width) {
        width = panel_width(conv->oc, first);
        for (size_t ic = 0; ic < conv->ic; ic++) {
            const float *g = weights + (first * conv->ic + ic) * 9;
            float *u = packed + first * conv->ic + ic * width;
            double half[6][3][PANEL];
            for (int i = 0; i < 6; i++) {
                for (int j = 0; j < 3; j++) {
                    for (size_t oc = 0; oc < width; oc++) {
                        const float *column = g + oc * conv->ic * 9 + j;
                        half[i][j][oc] = G[i][0] * column[0] + G[i][1] * column[3] + G[i][2] * column[6];
                    }
                }
            }
            for (int i = 0; i < 6; i++) {
                for (int j = 0; j < 6; j++, u += conv->oc * conv->ic) {
                    for (size_t oc = 0; oc < width; oc++) {
                        u[oc] = (float)(half[i][0][oc] * G[j][0] + half[i][1][oc] * G[j][1] + half[i][2][oc] * G[j][2]);
                    }
                }
            }
        }
    }
}
