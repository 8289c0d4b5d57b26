// What differs between oneDNN 2.x and 3.x, under names of our own. Nothing else in this target asks for the version.
//
// A memory description (odnn_md) is an open struct in 2.x and an opaque handle in 3.x. Here it is always a pointer
// that its creator owns and gives to md_destroy; a borrowed one is an odnn_md_view.
#ifndef COVERTILE_LIBRARY_VERSIONS_H
#define COVERTILE_LIBRARY_VERSIONS_H

#include <dnnl.h>
#include <stdlib.h>

// What a convolution or deconvolution consists of. All extents are of the two spatial dimensions.
typedef struct {
    dnnl_alg_kind_t algorithm;
    dnnl_dims_t strides;
    dnnl_dims_t dilates;                        // oneDNN counts the gaps between taps: 0 is none
    dnnl_dims_t padding_before, padding_after;  // zeros around the source
} convolution_problem;

typedef struct {
    dnnl_dims_t strides, kernel;
    dnnl_dims_t dilates;                        // 0 is none
} pooling_problem;

static const dnnl_dims_t no_padding = {0, 0};

#if DNNL_VERSION_MAJOR == 2

typedef dnnl_memory_desc_t *odnn_md;
typedef const dnnl_memory_desc_t *odnn_md_view;

static inline void md_destroy(odnn_md md) { free(md); }

static inline dnnl_status_t md_clone(odnn_md *out, odnn_md_view md) {
    *out = malloc(sizeof **out);
    if (!*out) return dnnl_out_of_memory;
    **out = *md;
    return dnnl_success;
}

static inline dnnl_status_t md_create(odnn_md *out, int rank, const dnnl_dims_t dims, dnnl_format_tag_t tag) {
    dnnl_memory_desc_t md;
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(&md, rank, dims, dnnl_f32, tag);
    return status ? status : md_clone(out, &md);
}

static inline dnnl_status_t md_create_strided(odnn_md *out, int rank, const dnnl_dims_t dims,
                                              const dnnl_dims_t strides) {
    dnnl_memory_desc_t md;
    dnnl_status_t status = dnnl_memory_desc_init_by_strides(&md, rank, dims, dnnl_f32, strides);
    return status ? status : md_clone(out, &md);
}

static inline dnnl_status_t md_create_part(odnn_md *out, odnn_md_view whole, const dnnl_dims_t dims) {
    static const dnnl_dims_t start = {0};
    dnnl_memory_desc_t md;
    dnnl_status_t status = dnnl_memory_desc_init_submemory(&md, whole, dims, start);
    return status ? status : md_clone(out, &md);
}

static inline dnnl_status_t append_relu(dnnl_post_ops_t ops) {
    return dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, 0, 0);
}

static inline dnnl_status_t convolution_choose(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                               const convolution_problem *problem, odnn_md_view src,
                                               odnn_md_view weights, odnn_md_view bias, odnn_md_view dst,
                                               const_dnnl_primitive_attr_t attr) {
    dnnl_convolution_desc_t desc;
    dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
        &desc, dnnl_forward_inference, problem->algorithm, src, weights, bias, dst, problem->strides,
        problem->dilates, problem->padding_before, problem->padding_after);
    return status ? status : dnnl_primitive_desc_create(out, &desc, attr, engine, NULL);
}

static inline dnnl_status_t deconvolution_choose(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                                 const convolution_problem *problem, odnn_md_view src,
                                                 odnn_md_view weights, odnn_md_view bias, odnn_md_view dst,
                                                 const_dnnl_primitive_attr_t attr) {
    dnnl_deconvolution_desc_t desc;
    dnnl_status_t status = dnnl_dilated_deconvolution_forward_desc_init(
        &desc, dnnl_forward_inference, dnnl_deconvolution_direct, src, weights, bias, dst, problem->strides,
        problem->dilates, no_padding, no_padding);
    return status ? status : dnnl_primitive_desc_create(out, &desc, attr, engine, NULL);
}

static inline dnnl_status_t max_pooling_choose(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                               const pooling_problem *problem, odnn_md_view src, odnn_md_view dst,
                                               const_dnnl_primitive_attr_t attr) {
    dnnl_pooling_v2_desc_t desc;
    dnnl_status_t status = dnnl_pooling_v2_forward_desc_init(
        &desc, dnnl_forward_inference, dnnl_pooling_max, src, dst, problem->strides, problem->kernel,
        problem->dilates, no_padding, no_padding);
    return status ? status : dnnl_primitive_desc_create(out, &desc, attr, engine, NULL);
}

static inline dnnl_status_t bilinear_choose(dnnl_primitive_desc_t *out, dnnl_engine_t engine, odnn_md_view src,
                                            odnn_md_view dst, const_dnnl_primitive_attr_t attr) {
    dnnl_resampling_desc_t desc;
    dnnl_status_t status = dnnl_resampling_forward_desc_init(&desc, dnnl_forward_inference, dnnl_resampling_linear,
                                                             NULL, src, dst);
    return status ? status : dnnl_primitive_desc_create(out, &desc, attr, engine, NULL);
}

// 2.x knows one description for both sides.
static inline dnnl_status_t eltwise_choose(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                           dnnl_alg_kind_t function, float alpha, odnn_md_view src,
                                           odnn_md_view dst, const_dnnl_primitive_attr_t attr) {
    if (!dnnl_memory_desc_equal(src, dst)) return dnnl_unimplemented;
    dnnl_eltwise_desc_t desc;
    dnnl_status_t status =
        dnnl_eltwise_forward_desc_init(&desc, dnnl_forward_inference, function, src, alpha, 0);
    return status ? status : dnnl_primitive_desc_create(out, &desc, attr, engine, NULL);
}

static inline dnnl_status_t binary_choose(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                          dnnl_alg_kind_t algorithm, odnn_md_view left, odnn_md_view right,
                                          odnn_md_view dst, const_dnnl_primitive_attr_t attr) {
    dnnl_binary_desc_t desc;
    dnnl_status_t status = dnnl_binary_desc_init(&desc, algorithm, left, right, dst);
    return status ? status : dnnl_primitive_desc_create(out, &desc, attr, engine, NULL);
}

#elif DNNL_VERSION_MAJOR == 3

typedef dnnl_memory_desc_t odnn_md;
typedef const_dnnl_memory_desc_t odnn_md_view;

static inline void md_destroy(odnn_md md) {
    if (md) dnnl_memory_desc_destroy(md);
}

static inline dnnl_status_t md_clone(odnn_md *out, odnn_md_view md) { return dnnl_memory_desc_clone(out, md); }

static inline dnnl_status_t md_create(odnn_md *out, int rank, const dnnl_dims_t dims, dnnl_format_tag_t tag) {
    return dnnl_memory_desc_create_with_tag(out, rank, dims, dnnl_f32, tag);
}

static inline dnnl_status_t md_create_strided(odnn_md *out, int rank, const dnnl_dims_t dims,
                                              const dnnl_dims_t strides) {
    return dnnl_memory_desc_create_with_strides(out, rank, dims, dnnl_f32, strides);
}

static inline dnnl_status_t md_create_part(odnn_md *out, odnn_md_view whole, const dnnl_dims_t dims) {
    static const dnnl_dims_t start = {0};
    return dnnl_memory_desc_create_submemory(out, whole, dims, start);
}

static inline dnnl_status_t append_relu(dnnl_post_ops_t ops) {
    return dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, 0, 0);
}

static inline dnnl_status_t convolution_choose(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                               const convolution_problem *problem, odnn_md_view src,
                                               odnn_md_view weights, odnn_md_view bias, odnn_md_view dst,
                                               const_dnnl_primitive_attr_t attr) {
    return dnnl_convolution_forward_primitive_desc_create(
        out, engine, dnnl_forward_inference, problem->algorithm, src, weights, bias, dst, problem->strides,
        problem->dilates, problem->padding_before, problem->padding_after, attr);
}

static inline dnnl_status_t deconvolution_choose(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                                 const convolution_problem *problem, odnn_md_view src,
                                                 odnn_md_view weights, odnn_md_view bias, odnn_md_view dst,
                                                 const_dnnl_primitive_attr_t attr) {
    return dnnl_deconvolution_forward_primitive_desc_create(
        out, engine, dnnl_forward_inference, dnnl_deconvolution_direct, src, weights, bias, dst, problem->strides,
        problem->dilates, no_padding, no_padding, attr);
}

static inline dnnl_status_t max_pooling_choose(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                               const pooling_problem *problem, odnn_md_view src, odnn_md_view dst,
                                               const_dnnl_primitive_attr_t attr) {
    return dnnl_pooling_forward_primitive_desc_create(out, engine, dnnl_forward_inference, dnnl_pooling_max, src, dst,
                                                      problem->strides, problem->kernel, problem->dilates, no_padding,
                                                      no_padding, attr);
}

static inline dnnl_status_t bilinear_choose(dnnl_primitive_desc_t *out, dnnl_engine_t engine, odnn_md_view src,
                                            odnn_md_view dst, const_dnnl_primitive_attr_t attr) {
    return dnnl_resampling_forward_primitive_desc_create(out, engine, dnnl_forward_inference, dnnl_resampling_linear,
                                                         NULL, src, dst, attr);
}

static inline dnnl_status_t eltwise_choose(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                           dnnl_alg_kind_t function, float alpha, odnn_md_view src,
                                           odnn_md_view dst, const_dnnl_primitive_attr_t attr) {
    return dnnl_eltwise_forward_primitive_desc_create(out, engine, dnnl_forward_inference, function, src, dst, alpha, 0,
                                                      attr);
}

static inline dnnl_status_t binary_choose(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                          dnnl_alg_kind_t algorithm, odnn_md_view left, odnn_md_view right,
                                          odnn_md_view dst, const_dnnl_primitive_attr_t attr) {
    return dnnl_binary_primitive_desc_create(out, engine, algorithm, left, right, dst, attr);
}

#else
#error "Overtile knows oneDNN 2.x and 3.x only: library_versions.h needs a section for this one"
#endif

#endif
