#!/bin/sh
# Runs commands on pseudo-terminals of 80 x 24 and of 60 x 20, and looks at them as a person does, through a terminal
# emulator: bars stand alone and go, Ctrl-C says what is kept, and nothing is torn that could be broken at its spaces.
#
#     OVERTILE=.build/release/overtile sh Tests/terminal/run.sh
set -eu

overtile=$(realpath "${OVERTILE:?set OVERTILE to the program}")
here=$(cd "$(dirname "$0")" && pwd)
# The emulator belongs to the system's Python, which need not be the first on the PATH.
python=/usr/bin/python3
place=$(mktemp -d)
# A path of its own, which is short enough for a line.
cp "$here/../../examples/models/water.safetensors" "$place"
model="$place/water.safetensors"
export PYTHONDONTWRITEBYTECODE=1
for story in words tables runs; do
    mkdir "$place/$story"
    "$python" "$here/$story.py" "$overtile" "$place/$story" "$model" && status=0 || status=$?
    [ "$status" -eq 0 ] || break
done
rm -rf "$place"
exit "$status"
