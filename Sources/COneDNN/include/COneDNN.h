// The few functions through which Overtile uses oneDNN; they hide whether it is 2.x or 3.x.
//
// Maps are float32, one image, `channels` x `height` x `width`, in one of three layouts:
//   ODNN_PLAIN       [channels][height][width]
//   ODNN_BLOCKED     [channels/B][height][width][B], B = odnn_channel_block(); channels is a multiple of B
//   ODNN_BLOCKED_16  the same with B = 16 on every processor; where that is not the processor's own block, convolutions
//                    are staged
// A slice of whole blocks of a blocked map is a blocked map itself: move the pointer by whole planes.
// An operation is immutable after its creation and may be shared by threads. A binding fixes the buffers that one
// thread runs it on, one run at a time; this target allocates nothing in odnn_run. Every operation runs on the calling
// thread alone, where odnn_keeps_to_calling_thread says so.
//
// What works, on every processor (fast: by a kernel made for it; staged: through dense copies in scratch, which
// odnn_scratch_size includes and the name odnn_implementation shows):
//   convolution           any layouts, windows, groups, dilations. Fast with AVX-512 or AVX2: plain src of few
//                         channels or blocked src, to blocked dst, both dense; groups of whole blocks, or depthwise.
//                         Staged: everything else.
//   deconvolution         any layouts and windows. Fast: blocked, stride = kernel of at most 16 taps, dilation 1, one
//                         group; dst may be a window. Others run by the library's slower kernel, staged if need be.
//   pooling, bilinear,    both maps of one layout. Dense maps always work (blocked fast, plain by whatever there is);
//   ReLU, sigmoid, SiLU,  windows only where there is a fast kernel, else ODNN_UNIMPLEMENTED: copy the window out first
//   affine, addition      (no oneDNN up to 3.13 has one). For ReLU, sigmoid, SiLU, affine and
//                         addition dst may be src.
// Results depend on the shapes and on the processor's instruction set, never on the number of threads.
#ifndef COVERTILE_ONEDNN_H
#define COVERTILE_ONEDNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { ODNN_PLAIN, ODNN_BLOCKED, ODNN_BLOCKED_16 } odnn_layout;

// A window of a larger map (the parent): what an operation reads or writes, without copying it out.
typedef struct {
    odnn_layout layout;
    int64_t channels, height, width;            // of the window
    int64_t parent_height, parent_width;        // of the buffer it lies in; equal to height, width for a whole map
    int64_t top, left;                          // of the window within the parent
} odnn_map;

typedef struct {
    int64_t height, width;                      // taps
    int64_t stride_y, stride_x;
    int64_t dilation_y, dilation_x;             // 1: none
    int64_t groups;                             // 1: dense
} odnn_kernel;

// Zeros around a source map.
typedef struct {
    int64_t top, left, bottom, right;
} odnn_padding;

typedef enum { ODNN_DIRECT, ODNN_WINOGRAD } odnn_algorithm;
typedef enum { ODNN_LINEAR, ODNN_RELU } odnn_activation;

typedef struct odnn_operation odnn_operation;
typedef struct odnn_binding odnn_binding;

// 0, or a code that odnn_status_text explains. Other codes than these are the library's own.
typedef int odnn_status;
enum {
    ODNN_SUCCESS = 0,
    ODNN_OUT_OF_MEMORY = 1,
    ODNN_INVALID = 2,                           // sizes, layouts or pointers do not fit together
    ODNN_UNIMPLEMENTED = 3,                     // no (fast enough) kernel for this: ask for it in another way
    ODNN_RUNTIME_ERROR = 5,
    ODNN_TOO_LARGE = 100,                       // a plane beyond 2^25 pixels, or weights beyond 2^31 values
};
const char *odnn_status_text(odnn_status status);

// Library version, as 1000000 * major + 1000 * minor + patch.
int odnn_version(void);

// The file that the library was loaded from; NULL where the system does not say.
const char *odnn_library_path(void);

// Whether the library was built to run on the calling thread alone (OpenMP, or sequential). Builds on TBB or SYCL work,
// but choose threads themselves.
bool odnn_keeps_to_calling_thread(void);

// Holds the library to kernels for older processors; to be called before anything else.
typedef enum { ODNN_SSE41, ODNN_AVX2 } odnn_instruction_set;
void odnn_limit_instruction_set(odnn_instruction_set limit);

// Channels that lie together in ODNN_BLOCKED: 16 with AVX-512, else 8.
int64_t odnn_channel_block(void);

// dst[oc] = activation(bias[oc] + sum src[ic] * weights[oc][ic][ky][kx]), with zeros around src where padding is not
// NULL. Plain weights are
// [oc][ic / groups][kh][kw]; the bias must be given. ODNN_WINOGRAD fails with ODNN_UNIMPLEMENTED where the library has
// no such kernel for the shape (never but for 3x3 without stride, dilation or groups; never in 3.x; never without
// AVX-512): the caller then asks for ODNN_DIRECT. Its scratch can be larger than its maps.
odnn_status odnn_convolution_create(const odnn_map *src, const odnn_map *dst, const odnn_kernel *kernel,
                                    const odnn_padding *padding, odnn_activation activation,
                                    odnn_algorithm algorithm, odnn_operation **out);

// Transposed convolution; plain weights are [ic][oc / groups][kh][kw], PyTorch's order. No padding; the bias must be
// given.
odnn_status odnn_deconvolution_create(const odnn_map *src, const odnn_map *dst, const odnn_kernel *kernel,
                                      odnn_activation activation, odnn_operation **out);

odnn_status odnn_max_pooling_create(const odnn_map *src, const odnn_map *dst, const odnn_kernel *kernel,
                                    odnn_operation **out);

// Bilinear by a whole factor (dst size / src size), half-pixel centres, clamped at the window's border.
odnn_status odnn_bilinear_create(const odnn_map *src, const odnn_map *dst, odnn_operation **out);

// max(0, x), element by element.
odnn_status odnn_relu_create(const odnn_map *src, const odnn_map *dst, odnn_operation **out);

// 1 / (1 + exp(-x)), and x times that, element by element.
odnn_status odnn_sigmoid_create(const odnn_map *src, const odnn_map *dst, odnn_operation **out);
odnn_status odnn_silu_create(const odnn_map *src, const odnn_map *dst, odnn_operation **out);

// dst[c] = src[c] * scale[c] + shift[c]: what is left of a batch norm that could not be folded. Bound with
// weights = scale and bias = shift, `channels` floats each.
odnn_status odnn_affine_create(const odnn_map *src, const odnn_map *dst, odnn_operation **out);

// dst = src + other, element by element; `other` has the layout and window of src.
odnn_status odnn_addition_create(const odnn_map *src, const odnn_map *dst, odnn_operation **out);

void odnn_operation_destroy(odnn_operation *operation);

// The library's own name of the chosen kernel, for logs.
const char *odnn_implementation(const odnn_operation *operation);

// Bytes that odnn_pack_weights writes (0 for operations without weights). Packed weights and scratch must be aligned
// to 64 bytes.
size_t odnn_packed_weights_size(const odnn_operation *operation);
odnn_status odnn_pack_weights(const odnn_operation *operation, const float *plain, void *packed);

// Bytes of scratch that one run needs; may be shared by all operations that one thread runs.
size_t odnn_scratch_size(const odnn_operation *operation);

// `src`, `other` and `dst` point at their parents' first element. `other` serves addition only; `weights`, `bias` and
// `scratch` may be NULL where the operation has none.
odnn_status odnn_bind(const odnn_operation *operation, const float *src, const float *other, const void *weights,
                      const float *bias, float *dst, void *scratch, odnn_binding **out);
odnn_status odnn_run(const odnn_binding *binding);
void odnn_binding_destroy(odnn_binding *binding);

#endif
