// Operations without packed weights: pooling, resampling and what goes element by element.
#include "operation.h"

// Descriptions of an operation's two maps, and the one kernel that it consists of.
typedef struct {
    odnn_md src, dst;
    dnnl_primitive_desc_t chosen;
} pair;

static odnn_status check_pair(const odnn_map *src, const odnn_map *dst) {
    odnn_status status = check_map(src);
    return status ? status : check_map(dst);
}

static pair describe(builder *b, const odnn_map *src, const odnn_map *dst) {
    pair p = {0};
    if (!b->status) b->status = map_md(&p.src, src, src->channels);
    if (!b->status) b->status = map_md(&p.dst, dst, dst->channels);
    return p;
}

// A window is for fast kernels only: the caller can copy it out and ask again.
static void refuse_slow_window(builder *b, pair *p, const odnn_map *src, const odnn_map *dst) {
    if (b->status || !is_reference(p->chosen)) return;
    if (is_window(src) || is_window(dst)) b->status = ODNN_UNIMPLEMENTED;
}

static odnn_status finish_pair(builder *b, pair *p, const odnn_map *src, const odnn_map *dst, buffer third,
                               buffer fourth, odnn_operation **out) {
    refuse_slow_window(b, p, src, dst);
    buffer buffers[4] = {{DNNL_ARG_SRC, SLOT_SRC, map_offset(src), p->src},
                         {DNNL_ARG_DST, SLOT_DST, map_offset(dst), p->dst}};
    int count = 2;
    if (third.md) buffers[count++] = third;
    if (fourth.md) buffers[count++] = fourth;
    if (p->chosen) {
        add_step(b, p->chosen, buffers, count, 0);
        dnnl_primitive_desc_destroy(p->chosen);
    }
    md_destroy(p->src);
    md_destroy(p->dst);
    return finish_operation(b, out);
}

static const buffer none = {0};

odnn_status odnn_max_pooling_create(const odnn_map *src, const odnn_map *dst, const odnn_kernel *kernel,
                                    odnn_operation **out) {
    *out = NULL;
    odnn_status status = check_pair(src, dst);
    if (!status) status = check_kernel(kernel);
    if (status) return status;
    if (src->layout != dst->layout || src->channels != dst->channels || kernel->groups != 1) return ODNN_INVALID;

    pooling_problem problem = {
        .strides = {kernel->stride_y, kernel->stride_x},
        .kernel = {kernel->height, kernel->width},
        .dilates = {kernel->dilation_y - 1, kernel->dilation_x - 1},
    };
    builder b = start_operation(ODNN_LINEAR);
    pair p = describe(&b, src, dst);
    if (!b.status) b.status = (odnn_status)max_pooling_choose(&p.chosen, b.engine, &problem, p.src, p.dst, b.attr);
    return finish_pair(&b, &p, src, dst, none, none, out);
}

odnn_status odnn_bilinear_create(const odnn_map *src, const odnn_map *dst, odnn_operation **out) {
    *out = NULL;
    odnn_status status = check_pair(src, dst);
    if (status) return status;
    if (src->layout != dst->layout || src->channels != dst->channels) return ODNN_INVALID;
    if (dst->height % src->height != 0 || dst->width % src->width != 0) return ODNN_INVALID;

    builder b = start_operation(ODNN_LINEAR);
    pair p = describe(&b, src, dst);
    if (!b.status) b.status = (odnn_status)bilinear_choose(&p.chosen, b.engine, p.src, p.dst, b.attr);
    return finish_pair(&b, &p, src, dst, none, none, out);
}

// A function of each element.
static odnn_status function_create(const odnn_map *src, const odnn_map *dst, dnnl_alg_kind_t function, float alpha,
                                   odnn_operation **out) {
    *out = NULL;
    odnn_status status = check_pair(src, dst);
    if (status) return status;
    if (!same_map(src, dst)) return ODNN_INVALID;

    builder b = start_operation(ODNN_LINEAR);
    pair p = describe(&b, src, dst);
    if (!b.status) b.status = (odnn_status)eltwise_choose(&p.chosen, b.engine, function, alpha, p.src, p.dst, b.attr);
    return finish_pair(&b, &p, src, dst, none, none, out);
}

odnn_status odnn_relu_create(const odnn_map *src, const odnn_map *dst, odnn_operation **out) {
    return function_create(src, dst, dnnl_eltwise_relu, 0, out);
}

odnn_status odnn_sigmoid_create(const odnn_map *src, const odnn_map *dst, odnn_operation **out) {
    return function_create(src, dst, dnnl_eltwise_logistic, 0, out);
}

odnn_status odnn_silu_create(const odnn_map *src, const odnn_map *dst, odnn_operation **out) {
    return function_create(src, dst, dnnl_eltwise_swish, 1, out);
}

// A product with the scales, and a sum with the shifts as its post-operation.
odnn_status odnn_affine_create(const odnn_map *src, const odnn_map *dst, odnn_operation **out) {
    *out = NULL;
    odnn_status status = check_pair(src, dst);
    if (status) return status;
    if (!same_map(src, dst)) return ODNN_INVALID;

    builder b = start_operation(ODNN_LINEAR);
    pair p = describe(&b, src, dst);
    // One value per channel: with one pixel both layouts are the same row of floats.
    const odnn_map row = {src->layout, src->channels, 1, 1, 1, 1, 0, 0};
    odnn_md per_channel = NULL;
    dnnl_post_ops_t shift = NULL;
    if (!b.status) b.status = map_md(&per_channel, &row, row.channels);
    if (!b.status) b.status = (odnn_status)dnnl_post_ops_create(&shift);
    if (!b.status) b.status = (odnn_status)dnnl_post_ops_append_binary(shift, dnnl_binary_add, per_channel);
    if (!b.status) b.status = (odnn_status)dnnl_primitive_attr_set_post_ops(b.attr, shift);
    if (!b.status)
        b.status = (odnn_status)binary_choose(&p.chosen, b.engine, dnnl_binary_mul, p.src, per_channel, p.dst, b.attr);
    const buffer scales = {DNNL_ARG_SRC_1, SLOT_WEIGHTS, 0, per_channel};
    const buffer shifts = {DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, SLOT_BIAS, 0, per_channel};
    status = finish_pair(&b, &p, src, dst, scales, shifts, out);
    if (shift) dnnl_post_ops_destroy(shift);
    md_destroy(per_channel);
    return status;
}

odnn_status odnn_addition_create(const odnn_map *src, const odnn_map *dst, odnn_operation **out) {
    *out = NULL;
    odnn_status status = check_pair(src, dst);
    if (status) return status;
    if (!same_map(src, dst)) return ODNN_INVALID;

    builder b = start_operation(ODNN_LINEAR);
    pair p = describe(&b, src, dst);
    if (!b.status)
        b.status = (odnn_status)binary_choose(&p.chosen, b.engine, dnnl_binary_add, p.src, p.src, p.dst, b.attr);
    const buffer other = {DNNL_ARG_SRC_1, SLOT_OTHER, map_offset(src), p.src};
    return finish_pair(&b, &p, src, dst, other, none, out);
}
