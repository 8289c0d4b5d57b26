#!/bin/sh
# Segments from object storage into object storage, with a small server on loopback that is busy, refuses, hangs up and
# stalls: nothing half there may have its name, and the same command goes on.
#
#     OVERTILE=.build/release/overtile sh Tests/storage/run.sh
set -eu

overtile=$(realpath "${OVERTILE:?set OVERTILE to the program}")
here=$(cd "$(dirname "$0")" && pwd)
model="$here/../../examples/models/water.safetensors"
place=$(mktemp -d)
python3 "$here/trouble.py" "$overtile" "$place" "$model" && status=0 || status=$?
rm -rf "$place"
exit "$status"
