#!/bin/sh
# Installs the Debian packages that Overtile is built and tested with, where they are missing. The one list of them.
set -eu

packages='
libgdal-dev
libtiff-dev
libdnnl-dev
libsqlite3-dev
pkg-config
gdal-bin
python3
python3-venv
chromium
fonts-dejavu-core
'
# libgdal-dev, libtiff-dev, libdnnl-dev, libsqlite3-dev: what Overtile links; pkg-config tells the build where they are.
# gdal-bin, python3, python3-venv: for examples/demo.sh, which prepares its scene and judges the result with them, and the
# scripts in Tests/night.
# chromium, fonts-dejavu-core: Tests/browser, which looks at reports as their readers do.

missing=''
for package in $packages; do
    status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
    [ "$status" = 'install ok installed' ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "installing:$missing"
as_root=''
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "become root, or install sudo, to install:$missing" >&2; exit 1; }
    as_root='sudo'
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q
# $missing is a list of words
# shellcheck disable=SC2086
$as_root apt-get install -q -y --no-install-recommends $missing
