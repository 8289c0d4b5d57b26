// Every set of kernels against the plain one on random shapes, without Swift: for sanitizers and other processors. What
// each kernel has to do is tested in COvertileKernelsTests.
//
// All memory is as large as it must be and no larger, so that a sanitizer sees every element read or written beyond.
#include "COvertileKernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned failures;

static unsigned next_random(void) {
    static unsigned state = 1;
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

// 0 to n - 1
static size_t below(size_t n) { return next_random() % n; }
static bool coin(void) { return below(2) == 1; }
static size_t channels(void) { return 16 * (1 + below(6)); }

static void *allocate(size_t bytes) {
    void *memory = NULL;
    if (posix_memalign(&memory, 64, bytes > 0 ? bytes : 1)) abort();
    return memory;
}

static float *noise(size_t count, float scale) {
    float *values = allocate(count * sizeof(float));
    for (size_t i = 0; i < count; i++) values[i] = scale * ((float)next_random() / 8388608 - 1);
    return values;
}

// A map of noise in planes of its own, each a window with `around` pixels on every side.
typedef struct {
    size_t count;
    overtile_plane *planes;
    float **buffers;
} source;

static source make_source(size_t count, size_t height, size_t width, size_t block) {
    source src = {count, allocate(count * sizeof(overtile_plane)), allocate(count * sizeof(float *))};
    for (size_t i = 0; i < count; i++) {
        size_t around = below(3), row = (width + 2 * around) * block;
        src.buffers[i] = noise((height + 2 * around) * row, 1);
        src.planes[i] = (overtile_plane){src.buffers[i] + around * row + around * block, (ptrdiff_t)row};
    }
    return src;
}

static void free_source(source src) {
    for (size_t i = 0; i < src.count; i++) free(src.buffers[i]);
    free(src.buffers);
    free(src.planes);
}

// A destination without gaps.
static overtile_target make_target(size_t height, size_t width, size_t planes, size_t block) {
    size_t row = width * block, plane = height * row;
    return (overtile_target){noise(planes * plane, 1), (ptrdiff_t)row, (ptrdiff_t)plane};
}

static float largest_difference(const float *a, const float *b, size_t count) {
    float largest = 0;
    for (size_t i = 0; i < count; i++) {
        float difference = fabsf(a[i] - b[i]);
        if (!(difference <= largest)) largest = difference;
    }
    return largest;
}

static void expect(bool holds, const char *set, const char *kernel, const overtile_convolution *conv, float difference) {
    if (holds) return;
    failures++;
    printf(
        "%s %s differs by %g: %zu x %zu x %zu to %zu x %zu x %zu, taps %zu x %zu, stride %zu, dilation %zu, padding %zu, "
        "%zu, plain %d, %d\n",
        set, kernel, (double)difference, conv->ic, conv->ih, conv->iw, conv->oc, conv->oh, conv->ow, conv->kh, conv->kw,
        conv->stride, conv->dilation, conv->top, conv->left, conv->plain_src, conv->plain_dst);
}

static void run(
    overtile_algorithm algorithm, const overtile_convolution *conv, source src, const float *weights, const float *bias,
    overtile_target dst) {
    float *packed = allocate(algorithm.packed_count(conv) * sizeof(float));
    void *scratch = allocate(algorithm.scratch_count(conv));
    algorithm.pack(conv, weights, packed);
    algorithm.run(conv, src.planes, packed, bias, dst, scratch);
    free(scratch);
    free(packed);
}

static void compare(
    const char *set, const char *kernel, overtile_algorithm algorithm, overtile_algorithm plain,
    overtile_convolution conv, float tolerance) {
    size_t in = conv.plain_src ? 1 : OVERTILE_BLOCK, out = conv.plain_dst ? 1 : OVERTILE_BLOCK;
    size_t terms = conv.ic * conv.kh * conv.kw;
    float *weights = noise(conv.oc * terms, 3 / sqrtf((float)terms));
    float *bias = noise((conv.oc + OVERTILE_BLOCK - 1) / OVERTILE_BLOCK * OVERTILE_BLOCK, 1);
    source src = make_source(conv.ic / in, conv.ih, conv.iw, in);
    overtile_target actual = make_target(conv.oh, conv.ow, conv.oc / out, out);
    overtile_target expected = make_target(conv.oh, conv.ow, conv.oc / out, out);
    run(algorithm, &conv, src, weights, bias, actual);
    run(plain, &conv, src, weights, bias, expected);
    float difference = largest_difference(actual.pixels, expected.pixels, conv.oc * conv.oh * conv.ow);
    expect(difference <= tolerance, set, kernel, &conv, difference);
    free(expected.pixels);
    free(actual.pixels);
    free_source(src);
    free(bias);
    free(weights);
}

static size_t minus(size_t a, size_t b, size_t least) { return a > b + least ? a - b : least; }

static void check_winograd(const overtile_kernels *set, const overtile_kernels *plain) {
    overtile_convolution conv = {
        .ic = channels(), .oc = channels(), .oh = 1 + below(20), .ow = 1 + below(20), .kh = 3, .kw = 3, .stride = 1,
        .dilation = 1, .top = below(2), .left = below(2), .relu = coin()};
    conv.ih = minus(conv.oh + 2, conv.top + below(2), 1);
    conv.iw = minus(conv.ow + 2, conv.left + below(2), 1);
    compare(set->name, "Winograd", set->winograd, plain->winograd, conv, 1e-4f);
    compare(set->name, "Winograd of 2 x 2", set->winograd_2x2, plain->winograd_2x2, conv, 1e-5f);
}

static void check_direct(const overtile_kernels *set, const overtile_kernels *plain) {
    overtile_convolution conv = {
        .ic = channels(), .oc = channels(), .oh = 1 + below(20), .ow = 1 + below(20), .kh = 1 + below(7),
        .kw = 1 + below(7), .stride = 1 + below(3), .dilation = 1 + below(2), .top = below(4), .left = below(4),
        .plain_src = below(3) == 0, .plain_dst = below(3) == 0, .relu = coin()};
    if (conv.plain_src) conv.ic = 1 + below(5);
    if (conv.plain_dst) conv.oc = 1 + below(40);
    size_t reach_h = (conv.oh - 1) * conv.stride + (conv.kh - 1) * conv.dilation + 1;
    size_t reach_w = (conv.ow - 1) * conv.stride + (conv.kw - 1) * conv.dilation + 1;
    conv.ih = minus(reach_h, conv.top + below(3), 1);
    conv.iw = minus(reach_w, conv.left + below(3), 1);
    compare(set->name, "direct", set->direct, plain->direct, conv, 1e-4f);
}

static void check_up_convolution(const overtile_kernels *set, const overtile_kernels *plain) {
    size_t factor = 1 + below(4);
    overtile_convolution conv = {
        .ic = channels(), .oc = channels(), .ih = 1 + below(20), .iw = 1 + below(20), .kh = factor, .kw = factor,
        .stride = factor, .dilation = 1, .relu = coin()};
    conv.oh = conv.ih * factor;
    conv.ow = conv.iw * factor;
    compare(set->name, "up-convolution", set->up_convolution, plain->up_convolution, conv, 1e-4f);
}

static void check_max_pooling(const overtile_kernels *set, const overtile_kernels *plain) {
    size_t blocks = 1 + below(4), oh = 1 + below(9), ow = 1 + below(9), extent = 1 + below(3), stride = 1 + below(3);
    overtile_convolution shape = {
        .ic = blocks * OVERTILE_BLOCK, .oc = blocks * OVERTILE_BLOCK, .ih = (oh - 1) * stride + extent,
        .iw = (ow - 1) * stride + extent, .oh = oh, .ow = ow, .kh = extent, .kw = extent, .stride = stride};
    source src = make_source(blocks, shape.ih, shape.iw, OVERTILE_BLOCK);
    overtile_target actual = make_target(oh, ow, blocks, OVERTILE_BLOCK);
    overtile_target expected = make_target(oh, ow, blocks, OVERTILE_BLOCK);
    set->max_pooling(blocks, oh, ow, extent, stride, src.planes, actual);
    plain->max_pooling(blocks, oh, ow, extent, stride, src.planes, expected);
    float difference = largest_difference(actual.pixels, expected.pixels, blocks * OVERTILE_BLOCK * oh * ow);
    expect(difference == 0, set->name, "max pooling", &shape, difference);
    free(expected.pixels);
    free(actual.pixels);
    free_source(src);
}

// From planes into a window of blocks, that window moved within its map, and back: the same values.
static void check_copy(void) {
    size_t n = 1 + below(40), h = 1 + below(9), w = 1 + below(9), block = coin() ? 8 : 16;
    size_t stored = (n + block - 1) / block * block, rows = h + below(h + 4), columns = w + below(4);
    overtile_strides plain = {1, (ptrdiff_t)(h * w), (ptrdiff_t)w, 1};
    ptrdiff_t row = (ptrdiff_t)(columns * block);
    overtile_strides blocks = {block, (ptrdiff_t)rows * row, row, (ptrdiff_t)block};
    float *values = noise(n * h * w, 1), *map = noise(stored * rows * columns, 1), *back = noise(n * h * w, 1);
    float *first = map + (ptrdiff_t)below(rows - h + 1) * row + (ptrdiff_t)(below(columns - w + 1) * block);
    float *second = map + (ptrdiff_t)below(rows - h + 1) * row + (ptrdiff_t)(below(columns - w + 1) * block);
    overtile_copy(n, h, w, plain, values, blocks, first);
    overtile_copy(stored, h, w, blocks, first, blocks, second);
    overtile_copy(n, h, w, blocks, second, plain, back);
    float difference = largest_difference(values, back, n * h * w);
    if (difference != 0) {
        failures++;
        printf("copy of %zu x %zu x %zu within %zu x %zu, blocks of %zu\n", n, h, w, rows, columns, block);
    }
    free(back);
    free(map);
    free(values);
}

// Shapes that are worked through in several rounds, with weights or outputs beyond the caches; against the same set's
// direct convolution, as the plain one would take too long.
static void check_large(const overtile_kernels *set) {
    static const size_t shapes[][4] = {{16, 16, 90, 91}, {512, 32, 26, 27}, {512, 512, 18, 19}, {16, 512, 90, 93}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const size_t *s = shapes[i];
        overtile_convolution conv = {
            .ic = s[0], .oc = s[1], .oh = s[2], .ow = s[3], .ih = s[2] + 2, .iw = s[3] + 2, .kh = 3, .kw = 3,
            .stride = 1, .dilation = 1};
        compare(set->name, "large Winograd", set->winograd, set->direct, conv, 2e-4f);
    }
}

int main(void) {
    const overtile_kernels *const *sets = overtile_kernel_sets();
    size_t count = 0;
    while (sets[count] != NULL) count++;
    const overtile_kernels *plain = sets[count - 1];
    for (size_t i = 0; i + 1 < count; i++) {
        printf("%s\n", sets[i]->name);
        for (int round = 0; round < 100; round++) {
            check_winograd(sets[i], plain);
            for (int more = 0; more < 4; more++) check_direct(sets[i], plain);
            check_up_convolution(sets[i], plain);
            check_max_pooling(sets[i], plain);
        }
        check_large(sets[i]);
    }
    for (int round = 0; round < 1000; round++) check_copy();
    if (count == 1) printf("only plain C here: nothing to compare it with\n");
    printf("%u failures\n", failures);
    return failures > 0;
}
