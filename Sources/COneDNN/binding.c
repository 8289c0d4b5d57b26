// Bindings: an operation together with the buffers that one thread runs it on.
#include "operation.h"

typedef struct {
    dnnl_primitive_t primitive;                 // the operation's; NULL where the step is a copy
    int count;
    dnnl_exec_arg_t arguments[OPERAND_LIMIT];
    copy copy;
    const float *copy_from;
    float *copy_to;
} bound_step;

struct odnn_binding {
    dnnl_stream_t stream;
    int step_count;
    bound_step steps[STEP_LIMIT];
};

static odnn_status bind_step(const step *from, char *const slots[SLOT_COUNT], dnnl_engine_t engine, bound_step *to) {
    to->primitive = from->primitive;
    if (!from->primitive) {
        to->copy = from->copy;
        to->copy_from = (const float *)(const void *)(slots[from->copy.src.slot] + from->copy.src.offset);
        to->copy_to = (float *)(void *)(slots[from->copy.dst.slot] + from->copy.dst.offset);
        return ODNN_SUCCESS;
    }
    for (int i = 0; i < from->operand_count; i++) {
        const operand *o = &from->operands[i];
        dnnl_memory_t memory;
        dnnl_status_t status = dnnl_memory_create(&memory, o->md, engine, slots[o->slot] + o->offset);
        if (status) return (odnn_status)status;
        to->arguments[to->count++] = (dnnl_exec_arg_t){o->argument, memory};
    }
    return ODNN_SUCCESS;
}

odnn_status odnn_bind(const odnn_operation *operation, const float *src, const float *other, const void *weights,
                      const float *bias, float *dst, void *scratch, odnn_binding **out) {
    *out = NULL;
    // The library's memories are writable whatever they hold; its kernels only read these.
    char *const slots[SLOT_COUNT] = {
        [SLOT_SRC] = (char *)(uintptr_t)src,         [SLOT_OTHER] = (char *)(uintptr_t)other,
        [SLOT_WEIGHTS] = (char *)(uintptr_t)weights, [SLOT_BIAS] = (char *)(uintptr_t)bias,
        [SLOT_DST] = (char *)dst,                    [SLOT_SCRATCH] = scratch,
    };
    for (int i = 0; i < SLOT_COUNT; i++)
        if (operation->uses[i] && !slots[i]) return ODNN_INVALID;

    dnnl_engine_t engine;
    odnn_status status = cpu_engine(&engine);
    if (status) return status;
    odnn_binding *binding = calloc(1, sizeof *binding);
    if (!binding) return ODNN_OUT_OF_MEMORY;

    status = (odnn_status)dnnl_stream_create(&binding->stream, engine, dnnl_stream_default_flags);
    for (int i = 0; i < operation->step_count && !status; i++) {
        binding->step_count++;
        status = bind_step(&operation->steps[i], slots, engine, &binding->steps[i]);
    }
    if (status) {
        odnn_binding_destroy(binding);
        return status;
    }
    *out = binding;
    return ODNN_SUCCESS;
}

odnn_status odnn_run(const odnn_binding *binding) {
    int saved = enter_single_thread();
    dnnl_status_t status = dnnl_success;
    for (int i = 0; i < binding->step_count && !status; i++) {
        const bound_step *s = &binding->steps[i];
        if (s->primitive)
            status = dnnl_primitive_execute(s->primitive, binding->stream, s->count, s->arguments);
        else
            overtile_copy(s->copy.channels, s->copy.height, s->copy.width, s->copy.src.strides, s->copy_from,
                          s->copy.dst.strides, s->copy_to);
    }
    dnnl_status_t waited = dnnl_stream_wait(binding->stream);
    leave_single_thread(saved);
    return (odnn_status)(status ? status : waited);
}

void odnn_binding_destroy(odnn_binding *binding) {
    if (!binding) return;
    for (int i = 0; i < binding->step_count; i++)
        for (int j = 0; j < binding->steps[i].count; j++) dnnl_memory_destroy(binding->steps[i].arguments[j].memory);
    if (binding->stream) dnnl_stream_destroy(binding->stream);
    free(binding);
}
