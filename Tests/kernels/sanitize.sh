#!/bin/sh
# Builds the kernels and check.c under the address and undefined-behaviour sanitizers, and runs them.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/.build/sanitize
mkdir -p "$build"
# Swift's own clang brings the sanitizers along, and lld, which links them without a word.
"${CC:-clang}" -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
    -fuse-ld=lld -Wall -Wextra -Werror -I"$root/Sources/COvertileKernels/include" \
    "$root/Tests/kernels/check.c" "$root"/Sources/COvertileKernels/*.c -lm -o "$build/check"
exec "$build/check"
