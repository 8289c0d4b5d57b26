#!/bin/sh
# Installs the Debian packages that Overtile is built and tested with, where they are missing. The one list of them.
#
#   Tests/install-packages.sh [GROUP...]
#
#   build      what Overtile links; pkg-config tells the build where it is
#   scripts    for examples/demo.sh, which prepares its scene and judges the result with them, and for Tests/night and
#              Tests/terminal
#   browser    for Tests/browser, which looks at reports as their readers do
#   packaging  for examples/packaging/deb.sh, which makes a Debian package
#   cluster    for Tests/slurm, which starts a cluster on this machine
#   systems    for Tests/systems, which makes the root of another Debian
#   toolchain  what a Swift toolchain that was unpacked, not installed, needs of the system
#              Without a group, all but the packaging's and the toolchain's.
set -eu

packages=''
for group in ${*:-build scripts browser cluster systems}; do
    # A|B: one package whose name differs by release.
    case $group in
        build) more='libgdal-dev libtiff-dev libdnnl-dev libsqlite3-dev libfontconfig-dev pkg-config' ;;
        scripts) more='gdal-bin python3 python3-venv python3-pyte faketime' ;;
        browser) more='chromium fonts-dejavu-core' ;;
        packaging) more='binutils dpkg-dev' ;;
        cluster) more='slurmctld slurmd slurm-client munge' ;;
        systems) more='debootstrap' ;;
        toolchain)
            more='ca-certificates g++ git libcurl4|libcurl4t64 libedit2 libncurses6 libpython3-dev libxml2 tzdata
                zlib1g-dev'
            ;;
        *)
            echo "install-packages.sh: no group $group: build, scripts, browser, packaging, cluster, systems, toolchain" >&2
            exit 64
            ;;
    esac
    packages="$packages $more"
done

split() { echo "$1" | tr '|' ' '; }
is_installed() { [ "$(dpkg-query -W -f='${Status}' "$1" 2>/dev/null || true)" = 'install ok installed' ]; }

missing=''
for names in $packages; do
    found=''
    for name in $(split "$names"); do
        if is_installed "$name"; then found=$name; fi
    done
    [ -n "$found" ] || missing="$missing $names"
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
# Of several names, the one that this release has as a package of its own; of none, the first, for apt to complain of.
chosen=''
for names in $missing; do
    first=''
    for name in $(split "$names"); do
        [ -n "$first" ] || first=$name
        if apt-cache show --no-all-versions "$name" >/dev/null 2>&1; then first=$name; break; fi
    done
    chosen="$chosen $first"
done
# $chosen is a list of words
# shellcheck disable=SC2086
$as_root apt-get install -q -y --no-install-recommends $chosen
