#include "COvertileVersion.h"

#ifndef OVERTILE_COMMIT
#define OVERTILE_COMMIT ""
#endif

const char *overtile_commit(void) { return OVERTILE_COMMIT; }
