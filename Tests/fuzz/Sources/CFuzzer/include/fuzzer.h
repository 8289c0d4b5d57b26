#ifndef CFUZZER_H
#define CFUZZER_H
#include <stddef.h>

// Begins to count the bytes that the process allocates and has not given back.
void cfuzzer_begin_memory(void);
// The most bytes that were allocated at a time since then, beyond those that were before.
size_t cfuzzer_peak_memory(void);
#endif
