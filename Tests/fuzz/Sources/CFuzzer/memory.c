#include "fuzzer.h"
#include <stdatomic.h>

// The address sanitizer's hooks (sanitizer/allocator_interface.h): it is called with each allocation, GDAL's too.
int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void *, size_t),
                                              void (*freed)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *pointer);

static atomic_long live, peak;
static long before;

static void allocated(const volatile void *pointer, size_t size) {
    (void)pointer;
    long now = atomic_fetch_add_explicit(&live, (long)size, memory_order_relaxed) + (long)size;
    long most = atomic_load_explicit(&peak, memory_order_relaxed);
    while (now > most && !atomic_compare_exchange_weak(&peak, &most, now)) {
    }
}

static void freed(const volatile void *pointer) {
    if (pointer) atomic_fetch_sub_explicit(&live, (long)__sanitizer_get_allocated_size(pointer), memory_order_relaxed);
}

void cfuzzer_begin_memory(void) {
    static int installed;
    if (!installed) installed = __sanitizer_install_malloc_and_free_hooks(allocated, freed) + 1;
    before = atomic_load(&live);
    atomic_store(&peak, before);
}

size_t cfuzzer_peak_memory(void) {
    long most = atomic_load(&peak) - before;
    return most > 0 ? (size_t)most : 0;
}
