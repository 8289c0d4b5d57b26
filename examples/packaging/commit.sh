#!/bin/sh
# Prints what a build of this checkout is to be told of itself, for the environment of deb.sh:
#
#   OVERTILE_COMMIT=1a2b3c4d5e6f-dirty SOURCE_DATE_EPOCH=1767225600
#
# The commit ends in -dirty where the checkout has changes. Prints nothing where git knows nothing of this folder, as where
# it was unpacked from an archive, be it in a checkout of something else.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
ask() { git -C "$root" "$@" 2>/dev/null; }
top=$(ask rev-parse --show-toplevel) && [ "$top" -ef "$root" ] || exit 0
[ -z "$(ask status --porcelain)" ] && changes='' || changes=-dirty
echo "OVERTILE_COMMIT=$(ask rev-parse --short=12 HEAD)$changes SOURCE_DATE_EPOCH=$(ask log -1 --format=%ct)"
