#!/bin/sh
# Builds and tests this package against oneDNN 3.x from the Python package index, on systems that only have 2.x.
#
#   Tests/onednn3/run.sh [--all] [--keep DIR] [openmp] [sycl]
#
#   openmp      oneDNN 3.2 on GNU OpenMP, as Linux distributions build it (160 MB)
#   sycl        the newest oneDNN 3.x, on SYCL and TBB (2 GB); it chooses its threads itself
#               Without a name, both.
#   --all       all of the package's tests, not only those of COneDNN
#   --keep DIR  installs the libraries below DIR and keeps them for the next time
#
# Builds go to .build/onednn3-NAME, so that they leave the ordinary build alone.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
only='--filter COneDNNTests'
libraries=
flavours=
while [ $# -gt 0 ]; do
    case $1 in
        --all) only= ;;
        --keep)
            [ $# -gt 1 ] || { echo "run.sh: --keep needs a folder" >&2; exit 64; }
            shift
            mkdir -p "$1"
            libraries=$(cd "$1" && pwd)
            ;;
        openmp | sycl) flavours="$flavours $1" ;;
        *)
            echo "run.sh: unknown argument $1 (openmp, sycl, --all, --keep DIR)" >&2
            exit 64
            ;;
    esac
    shift
done

if [ -z "$libraries" ]; then
    libraries=$(mktemp -d "${TMPDIR:-/tmp}/onednn3.XXXXXX")
    trap 'rm -rf "$libraries"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
fi

for flavour in ${flavours:-openmp sycl}; do
    prefix=$libraries/$flavour
    # --prefix, because pip's --target leaves out a package's lib folder.
    install() { python3 -m pip install --quiet --no-warn-script-location --prefix "$prefix" "$@"; }
    if [ ! -e "$prefix/lib/libdnnl.so" ]; then
        case $flavour in
            # Without their dependencies: the compiler's runtimes, which libdnnl.so does not need.
            openmp) install --no-deps 'onednn-cpu-gomp==2023.2.0' 'onednn-devel-cpu-gomp==2023.2.0' ;;
            sycl) install onednn onednn-devel ;;
        esac
    fi
    # The other libraries' folder must not come before ours: it holds a libdnnl.so, too.
    mkdir -p "$prefix/without-folders"
    for library in gdal libtiff-4; do
        sed 's/-L[^ ]*//g' "$(pkg-config --variable=pcfiledir $library)/$library.pc" \
            > "$prefix/without-folders/$library.pc"
    done

    # SYCL finds the CPU through an OpenCL driver, which the wheel installs but does not announce. The library's own
    # dependencies lie beside it: --disable-new-dtags lets them be found through our run path too.
    echo "oneDNN 3.x, $flavour:"
    # shellcheck disable=SC2086 # $only is two words or none
    OCL_ICD_FILENAMES=$prefix/lib/libintelocl.so swift test --package-path "$root" \
        --scratch-path "$root/.build/onednn3-$flavour" --pkg-config-path "$prefix/without-folders" $only \
        -Xcc "-I$prefix/include" -Xlinker "-L$prefix/lib" -Xlinker -rpath -Xlinker "$prefix/lib" \
        -Xlinker --disable-new-dtags
done
