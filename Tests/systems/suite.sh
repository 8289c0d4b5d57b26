#!/bin/sh
# What Tests/systems/run.sh does in a root: installs, builds and tests.
#
#   suite.sh --short | --all | --package
set -eu

cd "$(dirname "$0")/../.."
groups='build scripts toolchain'
case $1 in
    --all) groups="$groups browser systems" ;;
    --package) groups="$groups packaging" ;;
esac
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

case $1 in
    --short)
        rooms='COneDNNTests|COvertileKernelsTests|InferenceEngineTests'
        sh Tests/run.sh --filter "$rooms|OvertileCommandTests.ConformanceTests"
        ;;
    --all) sh Tests/run.sh ;;
    --package)
        rm -rf /overtile/package
        sh Tests/systems/steps.sh examples/packaging/Containerfile 1
        # A scene for the package to be tried on: dark water in the west, land in the east.
        cd /tmp
        gdal_create -q -bands 3 -outsize 200 300 -burn "11 29 72" -a_srs EPSG:32633 \
            -a_ullr 500000 5003000 502000 5000000 west.tif
        gdal_create -q -bands 3 -outsize 200 300 -burn "96 104 58" -a_srs EPSG:32633 \
            -a_ullr 502000 5003000 504000 5000000 east.tif
        gdalwarp -q -overwrite -ot Byte west.tif east.tif /overtile/scene.tif
        ;;
esac
echo "systems: $system passes ($1)"
