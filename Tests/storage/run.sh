#!/bin/sh
# Segments from object storage into object storage, with a small server on loopback that is busy, refuses, hangs up and
# stalls: nothing half there may have its name, and the same command goes on. Then batches and watches of buckets, and
# parts on machines that share nothing else.
#
#     OVERTILE=.build/release/overtile sh Tests/storage/run.sh
set -eu

overtile=$(realpath "${OVERTILE:?set OVERTILE to the program}")
here=$(cd "$(dirname "$0")" && pwd)
model="$here/../../examples/models/water.safetensors"
place=$(mktemp -d)
for story in trouble folders parts; do
    mkdir "$place/$story"
    python3 "$here/$story.py" "$overtile" "$place/$story" "$model" && status=0 || status=$?
    [ "$status" -eq 0 ] || break
done
rm -rf "$place"
exit "$status"
