#!/bin/sh
# What Tests/systems/run.sh does in a root: installs, builds and tests.
#
#   suite.sh --short | --all
set -eu

cd "$(dirname "$0")/../.."
groups='build scripts toolchain'
[ "$1" = --short ] || groups="$groups browser systems"
# Where an earlier run was stopped at it.
dpkg --configure -a
# shellcheck disable=SC2086
sh Tests/install-packages.sh $groups >/tmp/packages.log 2>&1 || {
    tail -n 30 /tmp/packages.log >&2
    exit 1
}
version() { dpkg-query -W -f='${Version}' "$1"; }
system=$(. /etc/os-release && echo "$PRETTY_NAME")
libraries="GDAL $(version libgdal-dev), oneDNN $(version libdnnl-dev), libtiff $(version libtiff-dev)"
echo "systems: $system: $libraries"

if [ "$1" = --short ]; then
    rooms='COneDNNTests|COvertileKernelsTests|InferenceEngineTests'
    sh Tests/run.sh --filter "$rooms|OvertileCommandTests.ConformanceTests"
else
    sh Tests/run.sh
fi
echo "systems: $system passes ($1)"
