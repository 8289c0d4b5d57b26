// What a build is told of itself from outside.
#ifndef COVERTILE_VERSION_H
#define COVERTILE_VERSION_H

// The commit that this was built from, ending in -dirty where the checkout had changes; empty where the build was not
// told. It is a file of C because a Swift setting has no value.
const char *overtile_commit(void);

#endif
