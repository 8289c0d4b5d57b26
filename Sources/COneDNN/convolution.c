// Convolution and transposed convolution. Both have packed weights, a bias and an optional ReLU, and both may have to
// run in other layouts than the caller's.
#include "operation.h"

typedef dnnl_status_t choose(dnnl_primitive_desc_t *, dnnl_engine_t, const convolution_problem *, odnn_md_view,
                             odnn_md_view, odnn_md_view, odnn_md_view, const_dnnl_primitive_attr_t);

typedef struct {
    odnn_map src, dst;
    convolution_problem problem;
    choose *choose;
    odnn_md weights, plain_weights, bias;
} convolution;

// A convolution in the layouts in which its kernel runs. A side that differs from the caller's map is staged: copied
// between the map and a dense one in scratch.
typedef struct {
    bool stage_src, stage_dst;
    odnn_map src_map, dst_map;
    odnn_md src, dst;
    dnnl_primitive_desc_t chosen;
} candidate;

static void candidate_discard(candidate *c) {
    md_destroy(c->src);
    md_destroy(c->dst);
    if (c->chosen) dnnl_primitive_desc_destroy(c->chosen);
    *c = (candidate){0};
}

static odnn_status candidate_try(candidate *c, const builder *b, const convolution *conv) {
    odnn_status status = map_md(&c->src, &c->src_map, conv->src.channels);
    if (!status) status = map_md(&c->dst, &c->dst_map, conv->dst.channels);
    if (!status)
        status = (odnn_status)conv->choose(&c->chosen, b->engine, &conv->problem, c->src, conv->weights, conv->bias,
                                           c->dst, b->attr);
    return status;
}

// The caller's own layouts first; then blocked ones; then plain ones, for which a matrix product serves processors
// and shapes that have no special kernel; the library's reference loop last.
static odnn_status choose_candidate(candidate *best, const builder *b, const convolution *conv) {
    enum { ASKED, ALL_BLOCKED, ALL_PLAIN, WAYS };
    odnn_status failure = ODNN_UNIMPLEMENTED;
    candidate fallback = {0};
    for (int way = ASKED; way < WAYS; way++) {
        odnn_layout layout = way == ALL_BLOCKED ? ODNN_BLOCKED : ODNN_PLAIN;
        candidate c = {.src_map = conv->src, .dst_map = conv->dst};
        if (way != ASKED) {
            c.stage_src = conv->src.layout != layout || is_window(&conv->src);
            c.stage_dst = conv->dst.layout != layout || is_window(&conv->dst);
            if (!c.stage_src && !c.stage_dst) continue;  // that is what was asked
            c.src_map = dense_map(&conv->src, layout);
            c.dst_map = dense_map(&conv->dst, layout);
        }
        odnn_status status = candidate_try(&c, b, conv);
        if (!status && !is_reference(c.chosen)) {
            candidate_discard(&fallback);
            *best = c;
            return ODNN_SUCCESS;
        }
        // The reference loop of a transposed convolution in 3.2 crashes on windows.
        bool window = way == ASKED && (is_window(&conv->src) || is_window(&conv->dst));
        if (!status && !fallback.chosen && !window) {
            fallback = c;
            continue;
        }
        if (status && way == ASKED) failure = status;
        candidate_discard(&c);
    }
    *best = fallback;
    return fallback.chosen ? ODNN_SUCCESS : failure;
}

static place place_of(const odnn_map *map, slot slot, size_t offset) {
    return (place){slot, offset + map_offset(map), map_strides(map)};
}

// All channels of a map, which `src` and `dst` may round up to whole blocks.
static copy copy_map(const odnn_map *map, place src, place dst) {
    return (copy){(size_t)map->channels, (size_t)map->height, (size_t)map->width, src, dst};
}

// Adds the copy that stages the source, if it needs one, and gives the buffer from which the kernel reads.
static buffer add_staged_source(builder *b, const candidate *c, const odnn_map *src) {
    if (!c->stage_src) return (buffer){DNNL_ARG_SRC, SLOT_SRC, map_offset(src), c->src};
    add_copy(b, copy_map(src, place_of(src, SLOT_SRC, 0), place_of(&c->src_map, SLOT_SCRATCH, 0)));
    return (buffer){DNNL_ARG_SRC, SLOT_SCRATCH, 0, c->src};
}

// Scratch holds the staged source, then the staged destination, then the kernel's own scratchpad.
static void add_convolution(builder *b, const convolution *conv) {
    candidate c = {0};
    b->status = choose_candidate(&c, b, conv);
    if (!b->status) {
        size_t staged_dst = c.stage_src ? map_size(&c.src_map) : 0;
        size_t scratchpad = staged_dst + (c.stage_dst ? map_size(&c.dst_map) : 0);
        buffer dst = {DNNL_ARG_DST, c.stage_dst ? SLOT_SCRATCH : SLOT_DST,
                      c.stage_dst ? staged_dst : map_offset(&conv->dst), c.dst};

        buffer src = add_staged_source(b, &c, &conv->src);
        add_weights(b, conv->plain_weights, c.chosen, 1);
        const buffer buffers[] = {src,
                                  {DNNL_ARG_WEIGHTS, SLOT_WEIGHTS, 0, b->operation->packed_weights},
                                  {DNNL_ARG_BIAS, SLOT_BIAS, 0, conv->bias},
                                  dst};
        add_step(b, c.chosen, buffers, 4, scratchpad);
        if (c.stage_dst)
            add_copy(b, copy_map(&conv->dst, place_of(&c.dst_map, SLOT_SCRATCH, staged_dst),
                                 place_of(&conv->dst, SLOT_DST, 0)));
    }
    candidate_discard(&c);
}

// The pixels that one tap of an up-convolution writes: every stride-th one, from row y and column x on.
static place place_of_tap(const odnn_map *dst, const odnn_kernel *kernel, int64_t y, int64_t x) {
    place place = place_of(dst, SLOT_DST, 0);
    place.offset += (size_t)(y * place.strides.row + x * place.strides.pixel) * sizeof(float);
    place.strides.row *= kernel->stride_y;
    place.strides.pixel *= kernel->stride_x;
    return place;
}

// Taps that do not overlap are independent 1x1 convolutions, each of which goes to its own pixels of dst: two to
// eight times as fast as the library's transposed convolution, which is made of a convolution's gradient.
static void add_upconvolution(builder *b, const convolution *conv, const odnn_kernel *kernel) {
    // Each tap goes through a dense map of its own, whose layout dst shares.
    convolution tap = *conv;
    tap.dst = dense_map(&conv->dst, conv->dst.layout);
    tap.dst.height = tap.dst.parent_height = conv->src.height;
    tap.dst.width = tap.dst.parent_width = conv->src.width;

    candidate c = {0};
    b->status = choose_candidate(&c, b, &tap);
    if (!b->status && (is_reference(c.chosen) || c.stage_dst)) b->status = ODNN_UNIMPLEMENTED;
    if (!b->status) {
        size_t tap_dst = c.stage_src ? map_size(&c.src_map) : 0, scratchpad = tap_dst + map_size(&tap.dst);
        int taps = (int)(kernel->height * kernel->width);

        buffer src = add_staged_source(b, &c, &conv->src);
        add_weights(b, conv->plain_weights, c.chosen, taps);
        for (int t = 0; t < taps && !b->status; t++) {
            const buffer buffers[] = {src,
                                      {DNNL_ARG_WEIGHTS, SLOT_WEIGHTS, packed_part_offset(b->operation, t),
                                       b->operation->packed_weights},
                                      {DNNL_ARG_BIAS, SLOT_BIAS, 0, conv->bias},
                                      {DNNL_ARG_DST, SLOT_SCRATCH, tap_dst, c.dst}};
            add_step(b, c.chosen, buffers, 4, scratchpad);
            add_copy(b, copy_map(&tap.dst, place_of(&tap.dst, SLOT_SCRATCH, tap_dst),
                                 place_of_tap(&conv->dst, kernel, t / kernel->width, t % kernel->width)));
        }
    }
    candidate_discard(&c);
}

static odnn_status check_convolution(const odnn_map *src, const odnn_map *dst, const odnn_kernel *kernel) {
    odnn_status status = check_map(src);
    if (!status) status = check_map(dst);
    if (!status) status = check_kernel(kernel);
    if (status) return status;
    if (src->channels % kernel->groups != 0 || dst->channels % kernel->groups != 0) return ODNN_INVALID;
    // Products of two factors below 2^31 fit in 64 bits.
    int64_t taps = kernel->height * kernel->width, channels = dst->channels * (src->channels / kernel->groups), total;
    if (__builtin_mul_overflow(taps, channels, &total) || total > INT32_MAX) return ODNN_TOO_LARGE;
    return ODNN_SUCCESS;
}

static convolution describe(const odnn_map *src, const odnn_map *dst, const odnn_kernel *kernel, choose *choose) {
    convolution conv = {.src = *src, .dst = *dst, .choose = choose};
    conv.problem.algorithm = dnnl_convolution_direct;
    conv.problem.strides[0] = kernel->stride_y;
    conv.problem.strides[1] = kernel->stride_x;
    conv.problem.dilates[0] = kernel->dilation_y - 1;
    conv.problem.dilates[1] = kernel->dilation_x - 1;
    return conv;
}

static void describe_weights(builder *b, convolution *conv, const odnn_kernel *kernel, dnnl_format_tag_t dense_tag,
                             dnnl_format_tag_t grouped_tag) {
    int64_t g = kernel->groups, oc = conv->dst.channels, ic = conv->src.channels;
    const dnnl_dims_t grouped = {g, oc / g, ic / g, kernel->height, kernel->width};
    const dnnl_dims_t dense = {oc, ic, kernel->height, kernel->width}, bias = {oc};
    int rank = g > 1 ? 5 : 4;
    const dnnl_dim_t *dims = g > 1 ? grouped : dense;
    if (!b->status) b->status = (odnn_status)md_create(&conv->bias, 1, bias, dnnl_x);
    if (!b->status) b->status = (odnn_status)md_create(&conv->weights, rank, dims, dnnl_format_tag_any);
    if (!b->status)
        b->status = (odnn_status)md_create(&conv->plain_weights, rank, dims, g > 1 ? grouped_tag : dense_tag);
}

// One tap's weights, out of [ic][oc][kh][kw].
static void describe_tap_weights(builder *b, convolution *conv, const odnn_kernel *kernel) {
    int64_t oc = conv->dst.channels, ic = conv->src.channels, taps = kernel->height * kernel->width;
    const dnnl_dims_t dims = {oc, ic, 1, 1}, strides = {taps, oc * taps, 1, 1}, bias = {oc};
    if (!b->status) b->status = (odnn_status)md_create(&conv->bias, 1, bias, dnnl_x);
    if (!b->status) b->status = (odnn_status)md_create(&conv->weights, 4, dims, dnnl_format_tag_any);
    if (!b->status) b->status = (odnn_status)md_create_strided(&conv->plain_weights, 4, dims, strides);
}

static void forget_weights(convolution *conv) {
    md_destroy(conv->bias);
    md_destroy(conv->weights);
    md_destroy(conv->plain_weights);
}

// Zeros on each side: at most the map's own size, or what a window spans.
static odnn_status check_padding(const odnn_padding *padding, const odnn_map *src, const odnn_kernel *kernel) {
    const int64_t rows[] = {padding->top, padding->bottom}, columns[] = {padding->left, padding->right};
    const int64_t spanned_rows = kernel->height * kernel->dilation_y, spanned_columns = kernel->width * kernel->dilation_x;
    const int64_t most_rows = src->height > spanned_rows ? src->height : spanned_rows;
    const int64_t most_columns = src->width > spanned_columns ? src->width : spanned_columns;
    for (int i = 0; i < 2; i++) {
        if (rows[i] < 0 || rows[i] > most_rows || columns[i] < 0 || columns[i] > most_columns) return ODNN_INVALID;
    }
    return ODNN_SUCCESS;
}

odnn_status odnn_convolution_create(const odnn_map *src, const odnn_map *dst, const odnn_kernel *kernel,
                                    const odnn_padding *padding, odnn_activation activation,
                                    odnn_algorithm algorithm, odnn_operation **out) {
    *out = NULL;
    odnn_status status = check_convolution(src, dst, kernel);
    if (!status && padding) status = check_padding(padding, src, kernel);
    if (status) return status;
    convolution conv = describe(src, dst, kernel, convolution_choose);
    if (padding) {
        conv.problem.padding_before[0] = padding->top;
        conv.problem.padding_before[1] = padding->left;
        conv.problem.padding_after[0] = padding->bottom;
        conv.problem.padding_after[1] = padding->right;
    }
    if (algorithm == ODNN_WINOGRAD) conv.problem.algorithm = dnnl_convolution_winograd;
    builder b = start_operation(activation);
    describe_weights(&b, &conv, kernel, dnnl_oihw, dnnl_goihw);
    if (!b.status) add_convolution(&b, &conv);
    forget_weights(&conv);
    return finish_operation(&b, out);
}

// The fast way; ODNN_UNIMPLEMENTED where there is none.
static odnn_status upconvolution_create(const odnn_map *src, const odnn_map *dst, const odnn_kernel *kernel,
                                        odnn_activation activation, odnn_operation **out) {
    bool apart = kernel->height == kernel->stride_y && kernel->width == kernel->stride_x;
    bool dense = kernel->dilation_y == 1 && kernel->dilation_x == 1 && kernel->groups == 1;
    if (!apart || !dense || kernel->height * kernel->width > TAP_LIMIT) return ODNN_UNIMPLEMENTED;
    if (dst->height / kernel->height != src->height || dst->height % kernel->height != 0) return ODNN_INVALID;
    if (dst->width / kernel->width != src->width || dst->width % kernel->width != 0) return ODNN_INVALID;

    const odnn_kernel point = {1, 1, 1, 1, 1, 1, 1};
    convolution conv = describe(src, dst, &point, convolution_choose);
    builder b = start_operation(activation);
    describe_tap_weights(&b, &conv, kernel);
    if (!b.status) add_upconvolution(&b, &conv, kernel);
    forget_weights(&conv);
    return finish_operation(&b, out);
}

odnn_status odnn_deconvolution_create(const odnn_map *src, const odnn_map *dst, const odnn_kernel *kernel,
                                      odnn_activation activation, odnn_operation **out) {
    *out = NULL;
    odnn_status status = check_convolution(src, dst, kernel);
    if (status) return status;
    status = upconvolution_create(src, dst, kernel, activation, out);
    if (status != ODNN_UNIMPLEMENTED) return status;

    convolution conv = describe(src, dst, kernel, deconvolution_choose);
    builder b = start_operation(activation);
    describe_weights(&b, &conv, kernel, dnnl_iohw, dnnl_giohw);
    if (!b.status) add_convolution(&b, &conv);
    forget_weights(&conv);
    return finish_operation(&b, out);
}
