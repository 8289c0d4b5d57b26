// The library as a whole: its version, its engine, its threads and its status codes.
#define _GNU_SOURCE  // dladdr
#include <dlfcn.h>
#include <pthread.h>

#include "operation.h"

int odnn_version(void) {
    const dnnl_version_t *version = dnnl_version();
    return 1000000 * version->major + 1000 * version->minor + version->patch;
}

const char *odnn_library_path(void) {
    Dl_info info;
    return dladdr((const void *)(uintptr_t)dnnl_version, &info) ? info.dli_fname : NULL;
}

void odnn_limit_instruction_set(odnn_instruction_set limit) {
    // Too late, and without effect, once a kernel has been made.
    dnnl_set_max_cpu_isa(limit == ODNN_AVX2 ? dnnl_cpu_isa_avx2 : dnnl_cpu_isa_sse41);
}

int64_t odnn_channel_block(void) {
#if defined(__x86_64__)
    // Later instruction sets contain the bits of the earlier ones.
    unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    return (isa & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core ? 16 : 8;
#else
    return 8;
#endif
}

const char *odnn_status_text(odnn_status status) {
    switch (status) {
        case ODNN_SUCCESS: return "success";
        case ODNN_OUT_OF_MEMORY: return "out of memory";
        case ODNN_INVALID: return "sizes, layouts or pointers that do not fit together";
        case ODNN_UNIMPLEMENTED: return "no such kernel in oneDNN for this shape on this processor";
        case ODNN_RUNTIME_ERROR: return "oneDNN failed to start or run (its runtime may lack a CPU device)";
        case ODNN_TOO_LARGE: return "a map or kernel larger than oneDNN's kernels can address";
        default: return "unexpected status of oneDNN";
    }
}

static dnnl_engine_t engine;
static dnnl_status_t engine_status;
static pthread_once_t engine_once = PTHREAD_ONCE_INIT;

static void make_engine(void) { engine_status = dnnl_engine_create(&engine, dnnl_cpu, 0); }

odnn_status cpu_engine(dnnl_engine_t *out) {
    pthread_once(&engine_once, make_engine);
    *out = engine;
    // A SYCL build without a CPU device says "invalid arguments", which would blame the caller.
    return engine_status == dnnl_success ? ODNN_SUCCESS : ODNN_RUNTIME_ERROR;
}

#if DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP

// clang's path does not have GCC's omp.h.
extern int omp_get_max_threads(void);
extern void omp_set_num_threads(int count);

int enter_single_thread(void) {
    int saved = omp_get_max_threads();
    if (saved != 1) omp_set_num_threads(1);
    return saved;
}

void leave_single_thread(int saved) {
    if (saved != 1) omp_set_num_threads(saved);
}

#endif

#if DNNL_CPU_THREADING_RUNTIME != DNNL_RUNTIME_OMP

// Sequential builds have no threads. TBB offers no C call to hold it to one: see odnn_keeps_to_calling_thread.
int enter_single_thread(void) { return 1; }
void leave_single_thread(int saved) { (void)saved; }

#endif

bool odnn_keeps_to_calling_thread(void) {
    return DNNL_CPU_RUNTIME == DNNL_RUNTIME_OMP || DNNL_CPU_RUNTIME == DNNL_RUNTIME_SEQ;
}
