// What an operation is made of: one or several steps in a row, each a library primitive or a copy of our own, and where
// each finds its buffers.
#ifndef COVERTILE_OPERATION_H
#define COVERTILE_OPERATION_H

#include <COvertileKernels.h>

#include "COneDNN.h"
#include "library_versions.h"

// Where a step's buffer comes from: one of the caller's pointers, or the caller's scratch.
typedef enum { SLOT_SRC, SLOT_OTHER, SLOT_WEIGHTS, SLOT_BIAS, SLOT_DST, SLOT_SCRATCH, SLOT_COUNT } slot;

typedef struct {
    int argument;                               // DNNL_ARG_...
    slot slot;
    size_t offset;                              // bytes from the slot's pointer
    odnn_md md;
} operand;

// An up-convolution takes two steps for each of its taps, and one before them.
enum { TAP_LIMIT = 16, STEP_LIMIT = 1 + 2 * TAP_LIMIT, OPERAND_LIMIT = 6 };

// Where a copy reads or writes.
typedef struct {
    slot slot;
    size_t offset;                              // bytes from the slot's pointer
    overtile_strides strides;
} place;

// A copy between two maps or windows, by our own loops. The library's reorders are for weights alone: 3.7.2 takes a
// window of a map for a whole one (jit_direct_copy).
typedef struct {
    size_t channels, height, width;
    place src, dst;
} copy;

typedef struct {
    dnnl_primitive_t primitive;                 // NULL where the step is a copy
    int operand_count;
    operand operands[OPERAND_LIMIT];
    copy copy;
} step;

struct odnn_operation {
    int step_count;
    step steps[STEP_LIMIT];
    bool uses[SLOT_COUNT];
    size_t scratch_size;
    odnn_md plain_weights, packed_weights;      // NULL for operations without packed weights
    int weight_parts;                           // packed one behind the other, from every weight_parts-th plain value
    char implementation[192];                   // the kernels' names, joined with " + "
};

// An operation under construction. The first failure sticks in `status`; what follows it does nothing, so that a
// builder reads as a plain sequence and checks once, in finish_operation.
typedef struct {
    odnn_operation *operation;
    dnnl_engine_t engine;
    dnnl_primitive_attr_t attr;                 // strict float32, scratchpad given by the caller
    odnn_status status;
    int saved_threads;
} builder;

// A buffer of a step, before the step's own description of it is made.
typedef struct {
    int argument;
    slot slot;
    size_t offset;
    odnn_md_view md;
} buffer;

builder start_operation(odnn_activation activation);
odnn_status finish_operation(builder *b, odnn_operation **out);

// Adds the kernel that `chosen` names. Its scratchpad is placed at `scratch_offset`, behind what the operation itself
// keeps in scratch.
void add_step(builder *b, const_dnnl_primitive_desc_t chosen, const buffer *buffers, int count, size_t scratch_offset);
void add_copy(builder *b, copy copy);

// Adds the weights that `chosen` wants, as the caller's plain ones describe them, in so many parts.
void add_weights(builder *b, odnn_md_view plain, const_dnnl_primitive_desc_t chosen, int parts);
// Bytes from the packed weights' first part to the given one.
size_t packed_part_offset(const odnn_operation *operation, int part);

// Whether the chosen kernel is the library's plain loop, which serves for everything and is slow.
bool is_reference(const_dnnl_primitive_desc_t chosen);

// Maps.
odnn_status check_map(const odnn_map *map);
odnn_status check_kernel(const odnn_kernel *kernel);
// Channels that lie together in a layout, and so many channels rounded up to whole blocks.
int64_t block_of(odnn_layout layout);
int64_t whole_blocks(int64_t channels, odnn_layout layout);
bool is_window(const odnn_map *map);
bool same_map(const odnn_map *a, const odnn_map *b);
// Bytes from the parent's first element to the window's.
size_t map_offset(const odnn_map *map);
// Describes the window. `channels` may be less than the map's: the rest of the last block is padding, which kernels
// expect to be zeros.
odnn_status map_md(odnn_md *out, const odnn_map *map, int64_t channels);
overtile_strides map_strides(const odnn_map *map);
// The dense map of the same extent in another layout, its channels rounded up to whole blocks.
odnn_map dense_map(const odnn_map *map, odnn_layout layout);
// Bytes of a dense map, rounded up to 64.
size_t map_size(const odnn_map *map);

// The library's engine for this process's CPU, made once.
odnn_status cpu_engine(dnnl_engine_t *out);

// Every call into the library that builds or runs a kernel stands between these two: the OpenMP team's size is
// taken from the calling thread at either time, and must be one.
int enter_single_thread(void);
void leave_single_thread(int saved);

#endif
