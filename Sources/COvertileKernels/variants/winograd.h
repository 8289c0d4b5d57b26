// 3 x 3 convolution by Winograd's minimal filtering, F(TILE x TILE, 3 x 3): Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks" (2015). A tile of 4 x 4 takes 36 products a channel pair instead of 144, one of 2 x 2
// takes 16 instead of 36 and rounds no worse than a plain sum:
//
//     Y = A^T [ (G g G^T) . (B^T d B) ] A
//
// The output's tiles are worked through in blocks. For a block the input is transformed (PATCH x PATCH matrices of tiles x
// ic), multiplied by the weights' matrices of ic x oc, and transformed back, so that what lies between stays in the cache.
//
// This file is read once for each TILE, which its names end with.
#define PATCH (TILE + 2)
#define MATRICES (PATCH * PATCH)

#ifndef OF_TILE
#define JOINED(name, tile) name##_##tile
#define JOIN(name, tile) JOINED(name, tile)
#define OF_TILE(name) JOIN(name, TILE)
#define WINOGRAD(tile) \
    {JOIN(winograd_packed_count, tile), JOIN(winograd_pack, tile), JOIN(winograd_scratch_count, tile), \
     JOIN(winograd_run, tile)}

// Patches are read ahead by so many pixels: their rows are more streams than the hardware follows.
enum { PIXELS_AHEAD = 16 };

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
#endif

// B^T applied to the rows, or columns, of a patch.
INLINE void OF_TILE(transform_input)(const vector *d, vector *out, int step) {
#if TILE == 4
    vector a = d[4] - 4.0f * d[2], b = d[3] - 4.0f * d[1], c = d[4] - d[2], e = d[3] - d[1];
    out[0] = 4.0f * d[0] + (d[4] - 5.0f * d[2]);
    out[step] = a + b;
    out[2 * step] = a - b;
    out[3 * step] = c + 2.0f * e;
    out[4 * step] = c - 2.0f * e;
    out[5 * step] = 4.0f * d[1] + (d[5] - 5.0f * d[3]);
#else
    out[0] = d[0] - d[2];
    out[step] = d[1] + d[2];
    out[2 * step] = d[2] - d[1];
    out[3 * step] = d[1] - d[3];
#endif
}

// A^T applied to the rows, or columns, of products.
INLINE void OF_TILE(transform_output)(const vector *m, vector *out, int step) {
    vector a = m[1] + m[2], b = m[1] - m[2];
#if TILE == 4
    vector c = m[3] + m[4], d = m[3] - m[4];
    out[0] = m[0] + a + c;
    out[step] = b + 2.0f * d;
    out[2 * step] = a + 4.0f * c;
    out[3 * step] = (b + m[5]) + 8.0f * d;
#else
    out[0] = m[0] + a;
    out[step] = b - m[3];
#endif
}

// The transformed values of a patch, for VECTOR channels.
INLINE void OF_TILE(input_tile)(const float *src, ptrdiff_t row, float *v, ptrdiff_t matrix) {
    vector t[MATRICES], d[PATCH], out[PATCH];
    UNROLL for (int j = 0; j < PATCH; j++) {
        UNROLL for (int i = 0; i < PATCH; i++) d[i] = load(src + j * OVERTILE_BLOCK + i * row);
        OF_TILE(transform_input)(d, t + j, PATCH);
    }
    UNROLL for (int i = 0; i < PATCH; i++) {
        OF_TILE(transform_input)(t + PATCH * i, out, 1);
        UNROLL for (int j = 0; j < PATCH; j++) store(v + (PATCH * i + j) * matrix, out[j]);
    }
}

// A tile of the output, for VECTOR channels.
INLINE void OF_TILE(output_tile)(
    const float *m, ptrdiff_t matrix, vector bias, bool has_relu, bool streams, float *dst, ptrdiff_t row) {
    vector t[TILE * PATCH], c[PATCH], out[TILE];
    UNROLL for (int j = 0; j < PATCH; j++) {
        UNROLL for (int i = 0; i < PATCH; i++) c[i] = load(m + (i * PATCH + j) * matrix);
        OF_TILE(transform_output)(c, t + j, PATCH);
    }
    UNROLL for (int i = 0; i < TILE; i++) {
        OF_TILE(transform_output)(t + PATCH * i, out, 1);
        UNROLL for (int j = 0; j < TILE; j++) {
            vector x = out[j] + bias;
            if (has_relu) x = relu(x);
            float *to = dst + i * row + j * OVERTILE_BLOCK;
            if (streams) stream(to, x); else store(to, x);
        }
    }
}

// A patch that reaches beyond the source, with zeros there.
static void OF_TILE(copy_patch)(
    const overtile_convolution *conv, const overtile_plane *src, ptrdiff_t top, ptrdiff_t left, float *patch) {
    for (ptrdiff_t i = 0; i < PATCH; i++) {
        for (ptrdiff_t j = 0; j < PATCH; j++, patch += OVERTILE_BLOCK) {
            ptrdiff_t ih = top + i, iw = left + j;
            bool inside = ih >= 0 && iw >= 0 && ih < (ptrdiff_t)conv->ih && iw < (ptrdiff_t)conv->iw;
            for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) {
                store(patch + c, inside ? load(src->pixels + ih * src->row + iw * OVERTILE_BLOCK + c) : (vector){});
            }
        }
    }
}

INLINE void OF_TILE(prefetch_patch)(const float *src, ptrdiff_t row) {
    const float *ahead = src + PIXELS_AHEAD * OVERTILE_BLOCK;
    UNROLL for (int i = 0; i < PATCH; i++) {
        UNROLL for (int j = 0; j < TILE; j++) __builtin_prefetch(ahead + i * row + j * OVERTILE_BLOCK);
    }
}

static void OF_TILE(transform_inputs)(
    const overtile_convolution *conv, const winograd_blocking *plan, const overtile_plane *src, size_t first,
    size_t count, float *v) {
    _Alignas(64) float patch[MATRICES * OVERTILE_BLOCK];
    for (size_t block = 0; block < conv->ic / OVERTILE_BLOCK; block++) {
        const overtile_plane *plane = src + block;
        tile_cursor tile = tile_at(first, plan->across);
        float *to = v + block * OVERTILE_BLOCK;
        for (size_t t = 0; t < count; t++, next_tile(&tile), to += plan->v_row) {
            ptrdiff_t top = (ptrdiff_t)(TILE * tile.y) - (ptrdiff_t)conv->top;
            ptrdiff_t left = (ptrdiff_t)(TILE * tile.x) - (ptrdiff_t)conv->left;
            const float *from = patch;
            ptrdiff_t row = PATCH * OVERTILE_BLOCK;
            if (top >= 0 && left >= 0 && top + PATCH <= (ptrdiff_t)conv->ih && left + PATCH <= (ptrdiff_t)conv->iw) {
                from = plane->pixels + top * plane->row + left * OVERTILE_BLOCK;
                row = plane->row;
                OF_TILE(prefetch_patch)(from, row);
            } else {
                OF_TILE(copy_patch)(conv, plane, top, left, patch);
            }
            for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) OF_TILE(input_tile)(from + c, row, to + c, plan->v_matrix);
        }
    }
}

INLINE void OF_TILE(transform_outputs)(
    const overtile_convolution *conv, const winograd_blocking *plan, const float *m, size_t first, size_t count,
    const float *bias, bool streams, float *dst, ptrdiff_t dst_row) {
    _Alignas(64) float patch[TILE * TILE * OVERTILE_BLOCK];
    tile_cursor tile = tile_at(first, plan->across);
    for (size_t t = 0; t < count; t++, next_tile(&tile), m += plan->m_row) {
        size_t height = conv->oh - TILE * tile.y, width = conv->ow - TILE * tile.x;
        float *to = dst + (ptrdiff_t)(TILE * tile.y) * dst_row + (ptrdiff_t)(TILE * tile.x) * OVERTILE_BLOCK;
        bool whole = height >= TILE && width >= TILE;
        for (int c = 0; c < OVERTILE_BLOCK; c += VECTOR) {
            vector b = load_loose(bias + c);
            if (whole) {
                OF_TILE(output_tile)(m + c, plan->m_matrix, b, conv->relu, streams, to + c, dst_row);
            } else {
                OF_TILE(output_tile)(m + c, plan->m_matrix, b, conv->relu, false, patch + c, TILE * OVERTILE_BLOCK);
            }
        }
        if (whole) continue;
        for (size_t i = 0; i < TILE && i < height; i++) {
            size_t row = (width < TILE ? width : TILE) * OVERTILE_BLOCK;
            for (size_t c = 0; c < row; c += VECTOR) {
                store(to + (ptrdiff_t)i * dst_row + c, load(patch + i * TILE * OVERTILE_BLOCK + c));
            }
        }
    }
}

// All products of a block of tiles with `channels` output channels from `first` on.
static void OF_TILE(multiply)(
    const overtile_convolution *conv, const winograd_blocking *plan, size_t tiles, const float *v, const float *packed,
    size_t first, size_t channels, float *m) {
    size_t groups = group_count(tiles);
    for (int matrix = 0; matrix < MATRICES; matrix++, v += plan->v_matrix, m += plan->m_matrix) {
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

static void OF_TILE(winograd_run)(
    const overtile_convolution *conv, const overtile_plane *src, const float *packed, const float *bias,
    overtile_target dst, void *scratch) {
    winograd_blocking plan = winograd_blocking_for(conv, TILE);
    float *v = scratch, *m = v + MATRICES * plan.v_matrix;
    for (size_t first = 0; first < plan.tiles; first += plan.block) {
        size_t count = plan.tiles - first < plan.block ? plan.tiles - first : plan.block;
        OF_TILE(transform_inputs)(conv, &plan, src, first, count, v);
        for (size_t oc = 0; oc < conv->oc; oc += plan.channels) {
            size_t channels = conv->oc - oc < plan.channels ? conv->oc - oc : plan.channels;
            OF_TILE(multiply)(conv, &plan, count, v, packed, oc, channels, m);
            for (size_t c = 0; c < channels; c += OVERTILE_BLOCK) {
                float *to = dst.pixels + (ptrdiff_t)((oc + c) / OVERTILE_BLOCK) * dst.plane;
                OF_TILE(transform_outputs)(conv, &plan, m + c, first, count, bias + oc + c, plan.streams, to, dst.row);
            }
        }
    }
}

static size_t OF_TILE(winograd_scratch_count)(const overtile_convolution *conv) {
    return winograd_scratch_count(conv, TILE);
}

static size_t OF_TILE(winograd_packed_count)(const overtile_convolution *conv) { return MATRICES * conv->oc * conv->ic; }

// [MATRICES][oc / PANEL][ic][PANEL]
static void OF_TILE(winograd_pack)(const overtile_convolution *conv, const float *weights, float *packed) {
#if TILE == 4
    static const double G[PATCH][3] = {{1 / 4.0, 0, 0},
                                       {-1 / 6.0, -1 / 6.0, -1 / 6.0},
                                       {-1 / 6.0, 1 / 6.0, -1 / 6.0},
                                       {1 / 24.0, 1 / 12.0, 1 / 6.0},
                                       {1 / 24.0, -1 / 12.0, 1 / 6.0},
                                       {0, 0, 1}};
#else
    static const double G[PATCH][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
#endif
    for (size_t first = 0, width; first < conv->oc; first += width) {
        width = panel_width(conv->oc, first);
        for (size_t ic = 0; ic < conv->ic; ic++) {
            const float *g = weights + (first * conv->ic + ic) * 9;
            float *u = packed + first * conv->ic + ic * width;
            double half[PATCH][3][PANEL];
            for (int i = 0; i < PATCH; i++) {
                for (int j = 0; j < 3; j++) {
                    for (size_t oc = 0; oc < width; oc++) {
                        const float *column = g + oc * conv->ic * 9 + j;
                        half[i][j][oc] = G[i][0] * column[0] + G[i][1] * column[3] + G[i][2] * column[6];
                    }
                }
            }
            for (int i = 0; i < PATCH; i++) {
                for (int j = 0; j < PATCH; j++, u += conv->oc * conv->ic) {
                    for (size_t oc = 0; oc < width; oc++) {
                        u[oc] = (float)(half[i][0][oc] * G[j][0] + half[i][1][oc] * G[j][1] + half[i][2][oc] * G[j][2]);
                    }
                }
            }
        }
    }
}

#undef PATCH
#undef MATRICES
#undef TILE
