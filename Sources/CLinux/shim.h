// What Linux's C library has and Swift's Glibc leaves out.
#ifndef CLINUX_SHIM_H
#define CLINUX_SHIM_H
#include <sched.h>
#include <spawn.h>
#include <sys/types.h>

int fallocate(int descriptor, int mode, off_t offset, off_t length);
int sched_getaffinity(pid_t process, size_t size, cpu_set_t *processors);
int malloc_trim(size_t pad);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);
#endif
