#!/bin/sh
# Cross-compiles the kernels and check.c for 64-bit ARM and runs them under QEMU: the NEON set, on any machine.
#
#   apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user     # some 150 MB
#
# Not part of Tests/run.sh for what it installs. It takes half a minute.
set -eu

for tool in aarch64-linux-gnu-gcc qemu-aarch64 "${CC:-clang}"; do
    command -v "$tool" >/dev/null || {
        echo "arm.sh: $tool is missing: install gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user and clang" >&2
        exit 69
    }
done
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/.build/arm
mkdir -p "$build"
"${CC:-clang}" --target=aarch64-linux-gnu -O2 -static --ld-path=/usr/bin/aarch64-linux-gnu-ld \
    -Wall -Wextra -Werror -I"$root/Sources/COvertileKernels/include" \
    "$root/Tests/kernels/check.c" "$root"/Sources/COvertileKernels/*.c -lm -o "$build/check"
exec qemu-aarch64 "$build/check"
