#!/bin/sh
# Installs what is missing, builds everything and runs every test, the kernels once more under sanitizers. Arguments go to
# `swift test`, for example
#   sh Tests/run.sh --filter TileGeometryTests
# Tests on real scenes need a folder of shared test data beside the checkout (or OVERTILE_SHARED) and are skipped without.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
sh "$root/Tests/install-packages.sh"
cd "$root"
sh Tests/kernels/sanitize.sh
# Release: the tests run whole networks, and it is what users run. A folder of its own, as testable code is built with
# another flag.
flags='-c release --scratch-path .build/tests -Xswiftc -enable-testing'
# shellcheck disable=SC2086
swift build --build-tests $flags
# shellcheck disable=SC2086
exec swift test --disable-xctest --skip-build $flags "$@"
