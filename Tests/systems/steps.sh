#!/bin/sh
# Runs the steps (RUN) of a stage of examples/packaging/Containerfile, in the root that stands in for its base image.
#
#   steps.sh CONTAINERFILE STAGE
#
# The first stage is 1. Nothing else of the file is followed: Tests/systems/run.sh copies what COPY does.
set -eu

steps=$(awk -v stage="$2" '$1 == "FROM" { at++ } $1 == "RUN" && at == stage { sub(/^RUN +/, ""); print }' "$1")
[ -n "$steps" ] || { echo "steps.sh: stage $2 of $1 has no RUN" >&2; exit 1; }
echo "$steps" | sh -eux
