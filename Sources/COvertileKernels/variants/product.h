// The matrix product under every convolution: rows of pixels times a panel of PANEL output channels, kept in registers.
//
// Rows up to PRODUCT_ROWS have a function each, so that a rest of any size runs without a tail loop: a caller splits n
// rows into equal groups.
#define PANEL (VECTOR * PRODUCT_WIDTH)

// `count` steps of the inner dimension: acc[row] += a[row * row_stride + k] * b[k][width vectors].
INLINE const float *accumulate(
    vector acc[PRODUCT_ROWS][PRODUCT_WIDTH], int rows, int width, const float *a, ptrdiff_t row_stride, const float *b,
    size_t count) {
    for (size_t k = 0; k < count; k++, b += width * VECTOR) {
        vector w[PRODUCT_WIDTH];
        UNROLL for (int j = 0; j < width; j++) w[j] = load(b + j * VECTOR);
        UNROLL for (int i = 0; i < rows; i++) {
            float x = a[i * row_stride + (ptrdiff_t)k];
            UNROLL for (int j = 0; j < width; j++) acc[i][j] += x * w[j];
        }
    }
    return b;
}

INLINE void clear(vector acc[PRODUCT_ROWS][PRODUCT_WIDTH], int rows, int width) {
    UNROLL for (int i = 0; i < rows; i++) {
        UNROLL for (int j = 0; j < width; j++) acc[i][j] = (vector){};
    }
}

// c[row][width vectors] = a[row] * b, with the inner dimension in one piece.
typedef void plain_product(
    const float *a, ptrdiff_t a_stride, const float *b, size_t count, float *c, ptrdiff_t c_stride);

INLINE void plain_product_body(
    int rows, int width, const float *a, ptrdiff_t a_stride, const float *b, size_t count, float *c,
    ptrdiff_t c_stride) {
    vector acc[PRODUCT_ROWS][PRODUCT_WIDTH];
    clear(acc, rows, width);
    accumulate(acc, rows, width, a, a_stride, b, count);
    UNROLL for (int i = 0; i < rows; i++) {
        UNROLL for (int j = 0; j < width; j++) store(c + i * c_stride + j * VECTOR, acc[i][j]);
    }
}

// A piece of the inner dimension, `length` channels from `a` on: a tap's part of a block, or of a plain channel.
typedef struct {
    const float *a;
    const float *b;     // its rows of the packed weights
} piece;

// What a gathered product does with its result.
typedef struct {
    const float *bias;          // of the panel's channels
    bool relu;
    float *c;                   // the first row's first channel
    ptrdiff_t c_stride;         // floats from a row to the next
    ptrdiff_t c_plane;          // from a block of 16 channels to the next
} epilogue;

// c[row] = bias + the sum over all pieces of a[row] * b.
typedef void gathered_product(
    const piece *pieces, size_t count, size_t length, ptrdiff_t offset, ptrdiff_t a_stride, const epilogue *end);

INLINE void gathered_product_body(
    int rows, int width, const piece *pieces, size_t count, size_t length, ptrdiff_t offset, ptrdiff_t a_stride,
    const epilogue *end) {
    vector acc[PRODUCT_ROWS][PRODUCT_WIDTH];
    UNROLL for (int i = 0; i < rows; i++) {
        UNROLL for (int j = 0; j < width; j++) acc[i][j] = load_loose(end->bias + j * VECTOR);
    }
    for (size_t p = 0; p < count; p++) {
        accumulate(acc, rows, width, pieces[p].a + offset, a_stride, pieces[p].b, length);
    }
    UNROLL for (int i = 0; i < rows; i++) {
        UNROLL for (int j = 0; j < width; j++) {
            vector x = end->relu ? relu(acc[i][j]) : acc[i][j];
            int channel = j * VECTOR;
            store(
                end->c + i * end->c_stride + channel / OVERTILE_BLOCK * end->c_plane + channel % OVERTILE_BLOCK, x);
        }
    }
}

// A panel of half the width serves the last 16 channels where PANEL is 32.
#define NARROW (OVERTILE_BLOCK / VECTOR)
#define ROWS(n)                                                                                                        \
    __attribute__((noinline)) static void plain_wide_##n(                                                             \
        const float *a, ptrdiff_t a_stride, const float *b, size_t count, float *c, ptrdiff_t c_stride) {              \
        plain_product_body(n, PRODUCT_WIDTH, a, a_stride, b, count, c, c_stride);                                      \
    }                                                                                                                  \
    __attribute__((noinline)) static void plain_narrow_##n(                                                           \
        const float *a, ptrdiff_t a_stride, const float *b, size_t count, float *c, ptrdiff_t c_stride) {              \
        plain_product_body(n, NARROW, a, a_stride, b, count, c, c_stride);                                             \
    }                                                                                                                  \
    __attribute__((noinline)) static void gathered_wide_##n(                                                          \
        const piece *pieces, size_t count, size_t length, ptrdiff_t offset, ptrdiff_t a_stride, const epilogue *end) { \
        gathered_product_body(n, PRODUCT_WIDTH, pieces, count, length, offset, a_stride, end);                         \
    }                                                                                                                  \
    __attribute__((noinline)) static void gathered_narrow_##n(                                                        \
        const piece *pieces, size_t count, size_t length, ptrdiff_t offset, ptrdiff_t a_stride, const epilogue *end) { \
        gathered_product_body(n, NARROW, pieces, count, length, offset, a_stride, end);                                \
    }

ROWS(1)
ROWS(2)
ROWS(3)
ROWS(4)
ROWS(5)
ROWS(6)
#if PRODUCT_ROWS == 14
ROWS(7)
ROWS(8)
ROWS(9)
ROWS(10)
ROWS(11)
ROWS(12)
ROWS(13)
ROWS(14)
#define EACH_ROWS(kind) \
    {kind##_1, kind##_2, kind##_3, kind##_4, kind##_5, kind##_6, kind##_7, kind##_8, kind##_9, kind##_10, kind##_11, \
     kind##_12, kind##_13, kind##_14}
#else
#define EACH_ROWS(kind) {kind##_1, kind##_2, kind##_3, kind##_4, kind##_5, kind##_6}
#endif

static plain_product *const plain_products[2][PRODUCT_ROWS] = {EACH_ROWS(plain_narrow), EACH_ROWS(plain_wide)};
static gathered_product *const gathered_products[2][PRODUCT_ROWS] = {
    EACH_ROWS(gathered_narrow), EACH_ROWS(gathered_wide)};

// Equal groups of at most PRODUCT_ROWS of n rows: group g is rows [group_start(g), group_start(g + 1)).
INLINE size_t group_count(size_t rows) { return (rows + PRODUCT_ROWS - 1) / PRODUCT_ROWS; }
INLINE size_t group_start(size_t rows, size_t groups, size_t group) { return rows * group / groups; }

// Output channels of the panel that starts at one.
INLINE size_t panel_width(size_t oc, size_t first) { return oc - first < PANEL ? OVERTILE_BLOCK : PANEL; }
