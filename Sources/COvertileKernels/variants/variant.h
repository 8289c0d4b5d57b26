// All kernels of one instruction set. The file that includes this sets the vector macros and the compiler's target, and
// puts KERNELS into the table of its set.
#include "vector.h"
#include "taps.h"
#include "product.h"
#include "../winograd_blocking.h"
#define TILE 4
#include "winograd.h"
#define TILE 2
#include "winograd.h"
#include "direct.h"
#include "up_convolution.h"
#include "max_pooling.h"
#include "gradients.h"

#define KERNELS                                                                                      \
    .winograd = WINOGRAD(4),                                                                         \
    .winograd_2x2 = WINOGRAD(2),                                                                     \
    .direct = {direct_packed_count, direct_pack, direct_scratch_count, direct_run},                  \
    .up_convolution = {up_packed_count, up_pack, up_scratch_count, up_run},                          \
    .max_pooling = max_pooling_run,                                                                  \
    .gradients = GRADIENTS
