// Building operations out of the library's primitives, and their weights.
#include <stdio.h>
#include <string.h>

#include "operation.h"

static dnnl_status_t make_attr(dnnl_primitive_attr_t *attr, odnn_activation activation) {
    dnnl_status_t status = dnnl_primitive_attr_create(attr);
    if (status != dnnl_success) return status;
    status = dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
    // Else an environment variable could ask for bfloat16 arithmetic.
    if (status == dnnl_success) status = dnnl_primitive_attr_set_fpmath_mode(*attr, dnnl_fpmath_mode_strict);
    if (status != dnnl_success || activation == ODNN_LINEAR) return status;

    dnnl_post_ops_t ops;
    status = dnnl_post_ops_create(&ops);
    if (status != dnnl_success) return status;
    status = append_relu(ops);
    if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(*attr, ops);
    dnnl_post_ops_destroy(ops);
    return status;
}

builder start_operation(odnn_activation activation) {
    builder b = {.saved_threads = enter_single_thread()};
    b.status = cpu_engine(&b.engine);
    if (b.status) return b;
    b.status = (odnn_status)make_attr(&b.attr, activation);
    if (b.status) return b;
    b.operation = calloc(1, sizeof *b.operation);
    if (!b.operation) b.status = ODNN_OUT_OF_MEMORY;
    return b;
}

odnn_status finish_operation(builder *b, odnn_operation **out) {
    if (b->attr) dnnl_primitive_attr_destroy(b->attr);
    leave_single_thread(b->saved_threads);
    if (b->status) {
        odnn_operation_destroy(b->operation);
        b->operation = NULL;
    }
    *out = b->operation;
    return b->status;
}

static const char *kernel_name(const_dnnl_primitive_desc_t chosen) {
    const char *name = NULL;
    dnnl_status_t status = dnnl_primitive_desc_query(chosen, dnnl_query_impl_info_str, 0, (void *)&name);
    return status == dnnl_success && name ? name : "unnamed";
}

// It is "ref:any", or "conv:any+ref:any" where 3.x runs one kernel inside another. "gemm:ref" is a fair matrix product.
bool is_reference(const_dnnl_primitive_desc_t chosen) { return strstr(kernel_name(chosen), "ref:") != NULL; }

// Once for each kernel: an up-convolution's taps all have the same ones.
static void append_name(odnn_operation *operation, const char *name) {
    if (strstr(operation->implementation, name)) return;
    size_t used = strlen(operation->implementation);
    snprintf(operation->implementation + used, sizeof operation->implementation - used, "%s%s", used ? " + " : "",
             name);
}

static void add_operand(builder *b, step *s, buffer from) {
    odnn_md md = NULL;
    b->status = (odnn_status)md_clone(&md, from.md);
    if (b->status) return;
    s->operands[s->operand_count++] =
        (operand){.argument = from.argument, .slot = from.slot, .offset = from.offset, .md = md};
    b->operation->uses[from.slot] = true;
    if (from.slot == SLOT_SCRATCH) {
        size_t end = from.offset + dnnl_memory_desc_get_size(md);
        if (end > b->operation->scratch_size) b->operation->scratch_size = end;
    }
}

void add_step(builder *b, const_dnnl_primitive_desc_t chosen, const buffer *buffers, int count, size_t scratch_offset) {
    if (!b->status) {
        step *s = &b->operation->steps[b->operation->step_count++];
        for (int i = 0; i < count && !b->status; i++) add_operand(b, s, buffers[i]);

        odnn_md_view scratchpad = dnnl_primitive_desc_query_md(chosen, dnnl_query_scratchpad_md, 0);
        if (!b->status && scratchpad && dnnl_memory_desc_get_size(scratchpad) > 0)
            add_operand(b, s, (buffer){DNNL_ARG_SCRATCHPAD, SLOT_SCRATCH, scratch_offset, scratchpad});

        append_name(b->operation, kernel_name(chosen));
        if (!b->status) b->status = (odnn_status)dnnl_primitive_create(&s->primitive, chosen);
    }
}

void add_copy(builder *b, copy copy) {
    if (b->status) return;
    b->operation->steps[b->operation->step_count++] = (step){.copy = copy};
    b->operation->uses[copy.src.slot] = b->operation->uses[copy.dst.slot] = true;
    append_name(b->operation, "copy");
}

void add_weights(builder *b, odnn_md_view plain, const_dnnl_primitive_desc_t chosen, int parts) {
    if (b->status) return;
    odnn_md_view packed = dnnl_primitive_desc_query_md(chosen, dnnl_query_weights_md, 0);
    b->operation->weight_parts = parts;
    b->status = (odnn_status)md_clone(&b->operation->plain_weights, plain);
    if (!b->status) b->status = (odnn_status)md_clone(&b->operation->packed_weights, packed);
}

size_t packed_part_offset(const odnn_operation *operation, int part) {
    if (!operation->packed_weights) return 0;
    size_t size = dnnl_memory_desc_get_size(operation->packed_weights);
    return (size + 63) / 64 * 64 * (size_t)part;
}

void odnn_operation_destroy(odnn_operation *operation) {
    if (!operation) return;
    for (int i = 0; i < operation->step_count; i++) {
        step *s = &operation->steps[i];
        if (s->primitive) dnnl_primitive_destroy(s->primitive);
        for (int j = 0; j < s->operand_count; j++) md_destroy(s->operands[j].md);
    }
    md_destroy(operation->plain_weights);
    md_destroy(operation->packed_weights);
    free(operation);
}

const char *odnn_implementation(const odnn_operation *operation) { return operation->implementation; }

size_t odnn_scratch_size(const odnn_operation *operation) { return operation->scratch_size; }

size_t odnn_packed_weights_size(const odnn_operation *operation) {
    return packed_part_offset(operation, operation->weight_parts);
}

// Runs one reorder on its own stream and waits for it.
static dnnl_status_t reorder_once(dnnl_engine_t engine, odnn_md_view src_md, void *src, odnn_md_view dst_md,
                                  void *dst) {
    dnnl_memory_t memories[2] = {NULL, NULL};
    dnnl_primitive_desc_t chosen = NULL;
    dnnl_primitive_t reorder = NULL;
    dnnl_stream_t stream = NULL;

    dnnl_status_t status = dnnl_memory_create(&memories[0], src_md, engine, src);
    if (!status) status = dnnl_memory_create(&memories[1], dst_md, engine, dst);
    if (!status) status = dnnl_reorder_primitive_desc_create(&chosen, src_md, engine, dst_md, engine, NULL);
    if (!status) status = dnnl_primitive_create(&reorder, chosen);
    if (!status) status = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
    if (!status) {
        const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, memories[0]}, {DNNL_ARG_DST, memories[1]}};
        status = dnnl_primitive_execute(reorder, stream, 2, arguments);
        dnnl_status_t waited = dnnl_stream_wait(stream);
        if (!status) status = waited;
    }
    if (stream) dnnl_stream_destroy(stream);
    if (reorder) dnnl_primitive_destroy(reorder);
    if (chosen) dnnl_primitive_desc_destroy(chosen);
    if (memories[1]) dnnl_memory_destroy(memories[1]);
    if (memories[0]) dnnl_memory_destroy(memories[0]);
    return status;
}

odnn_status odnn_pack_weights(const odnn_operation *operation, const float *plain, void *packed) {
    if (!operation->packed_weights) return ODNN_SUCCESS;
    if (!plain || !packed) return ODNN_INVALID;
    dnnl_engine_t engine;
    odnn_status status = cpu_engine(&engine);
    if (status) return status;

    // Opaque formats may have gaps: zeros make equal weights equal bytes.
    memset(packed, 0, odnn_packed_weights_size(operation));
    int saved = enter_single_thread();
    for (int part = 0; part < operation->weight_parts && !status; part++)
        status = (odnn_status)reorder_once(engine, operation->plain_weights, (void *)(uintptr_t)(plain + part),
                                           operation->packed_weights,
                                           (char *)packed + packed_part_offset(operation, part));
    leave_single_thread(saved);
    return status;
}
