#!/bin/sh
# Installs what is missing, builds everything and runs every test: the kernels once more under sanitizers, the scripts of
# Tests/night in small, object storage, terminals, a minute of Tests/fuzz, a Slurm cluster where root may start one, the
# QGIS script where QGIS is installed, the documentation, the library's example, and the commit that builds tell. Arguments
# go to `swift test`, and leave the scripts out, for example
#   sh Tests/run.sh --filter TileGeometryTests
# Tests on real scenes need a folder of shared test data beside the checkout (or OVERTILE_SHARED) and are skipped without.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# Chosen tests can do without the browser and what other systems are made with.
if [ $# -eq 0 ]; then groups=''; else groups='build scripts'; fi
# shellcheck disable=SC2086
sh "$root/Tests/install-packages.sh" $groups
cd "$root"
sh Tests/kernels/sanitize.sh
# Release: the tests run whole networks, and it is what users run. A folder of its own, as testable code is built with
# another flag.
flags='-c release --scratch-path .build/tests -Xswiftc -enable-testing'
# shellcheck disable=SC2086
swift build --build-tests $flags
if [ $# -eq 0 ]; then
    OVERTILE=.build/tests/release/overtile sh Tests/storage/run.sh
    OVERTILE=.build/tests/release/overtile sh Tests/terminal/run.sh
    for script in watch-race known-scenes kills races; do
        OVERTILE=.build/tests/release/overtile sh "Tests/night/$script.sh"
    done
    # Always the same inputs: new ones are for those who look at what they find.
    FUZZ_SEED=1 sh Tests/fuzz/run.sh 60
    OVERTILE=.build/tests/release/overtile sh Tests/slurm/run.sh
    sh Tests/qgis/run.sh .build/tests/release/overtile
    sh Tests/documentation/run.sh .build/tests/release
    sh Tests/library/run.sh
    sh Tests/packaging/run.sh
fi
# shellcheck disable=SC2086
exec swift test --disable-xctest --skip-build $flags "$@"
