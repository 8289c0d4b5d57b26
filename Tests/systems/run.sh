#!/bin/sh
# Builds and tests this checkout on Debian releases that need not be the machine's: each in a root of its own, made from
# scratch.
#
#   Tests/systems/run.sh [--short | --all | --package] [--keep DIR] [bookworm] [trixie]
#
#   --all       what Tests/run.sh does, which is the default
#   --short     the build, every network's conformance, and the kernels', oneDNN's and the engine's tests
#   --package   runs the steps of examples/packaging/Containerfile, which build the Debian package in this root, and
#               install it in another one, which has no Swift; there it is used and removed
#   --keep DIR  makes the roots below DIR, or takes those that are there, and keeps them for the next time
#               Without a name, both releases.
#
# The root has packages of its own; the Swift toolchain, local mirrors of Swift packages (git's insteadOf) and the
# folder of shared test data are mounted into it, all read-only. The checkout is copied. Needs root's rights and
# debootstrap, and the network where a root is made. Leaves with 69 where something of this is missing, before anything
# is made.
#
# Everything is mounted in a mount namespace of the processes in the root. Nobody else sees those mounts, and they end
# with these processes: what is removed here afterwards is nothing but folders.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
checkout=$(cd "$here/../.." && pwd)
usage() { echo "systems: $1 (--short, --all, --package, --keep DIR, bookworm, trixie)" >&2; exit 64; }
unavailable() { echo "systems: not possible here: $1" >&2; exit 69; }

suite=--all
kept=
releases=
while [ $# -gt 0 ]; do
    case $1 in
        --short | --all | --package) suite=$1 ;;
        --keep)
            [ $# -gt 1 ] || usage "--keep needs a folder"
            shift
            mkdir -p "$1"
            kept=$(cd "$1" && pwd)
            ;;
        bookworm | trixie) releases="$releases $1" ;;
        *) usage "unknown argument $1" ;;
    esac
    shift
done
releases=${releases:-bookworm trixie}

[ "$(id -u)" -eq 0 ] || unavailable "making a root needs root's rights: run it as root"
PATH=$PATH:/usr/sbin:/sbin
for tool in debootstrap setpriv unshare wget; do
    command -v "$tool" >/dev/null || unavailable "$tool is missing: install it"
done
unshare --mount --pid --fork true 2>/dev/null || unavailable "this machine does not let root mount anything"
swift=$(command -v swift) || unavailable "there is no swift on the PATH"
toolchain=$(dirname "$(dirname "$(dirname "$(readlink -f "$swift")")")")
[ "$toolchain" != / ] && [ -x "$toolchain/usr/bin/swift" ] ||
    unavailable "$swift has no folder of its own that could be mounted: unpack a toolchain, its usr/bin on the PATH"

# The machine's own mirror of Debian, and Debian's where it has none.
mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    sed -n '/security/d; s/^Debian //p' | head -n 1)
mirror=${mirror:-http://deb.debian.org/debian}
for release in $releases; do
    [ -z "$kept" ] || [ ! -d "$kept/$release" ] || continue
    wget -q -O /dev/null --timeout=20 --tries=2 "${mirror%/}/dists/$release/InRelease" ||
        unavailable "$mirror has no $release, or cannot be reached"
done

inside=
roots=
finish() {
    status=$?
    trap '' INT TERM HUP
    if [ -n "$inside" ]; then
        # `unshare` takes the first process of the namespace along, and that one all others.
        kill -KILL "$inside" 2>/dev/null || true
        wait "$inside" 2>/dev/null || true
    fi
    if [ -n "$roots" ] && [ -z "$kept" ]; then remove "$roots"; fi
    exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Removes a folder in which nothing is mounted. Processes that were killed may still be on their way out.
remove() {
    if grep -qF " $(readlink -f "$1" | sed 's/ /\\040/g')" /proc/self/mountinfo; then
        echo "systems: $1 is left alone, as something is mounted there" >&2
        return 0
    fi
    for _ in 1 2 3 4 5; do
        rm -rf --one-file-system "$1" 2>/dev/null && return 0
        sleep 1
    done
    rm -rf --one-file-system "$1"
}

# Runs a command whose mounts and processes nobody else sees, and which ends with this script, however that ends.
apart() {
    # In the background, so that signals are answered at once.
    setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child "$@" </dev/null &
    inside=$!
    status=0
    wait "$inside" || status=$?
    inside=
    return "$status"
}

if [ -n "$kept" ]; then roots=$kept; else roots=$(mktemp -d "${TMPDIR:-/tmp}/overtile-systems.XXXXXX"); fi
shared=${OVERTILE_SHARED:-$checkout/../shared}
if [ -d "$shared" ]; then shared=$(readlink -f "$shared"); else shared=; fi

# Makes the root of a release, unless it is there.
make_root() { # RELEASE FOLDER
    [ ! -d "$2" ] || return 0
    echo "systems: making a root of $1 from $mirror"
    remove "$2.unfinished"
    apart debootstrap --variant=minbase "$1" "$2.unfinished" "$mirror" >"$2.log" 2>&1 || {
        tail -n 20 "$2.log" >&2
        exit 1
    }
    # It need not survive a power loss.
    echo force-unsafe-io >"$2.unfinished/etc/dpkg/dpkg.cfg.d/unsafe-io"
    mv "$2.unfinished" "$2"
}

for release in $releases; do
    root=$roots/$release
    make_root "$release" "$root"

    # The checkout as it is, but for what is built and what git knows; builds of an earlier time stay.
    place=$root/overtile/checkout
    mkdir -p "$place"
    find "$place" -mindepth 1 -maxdepth 1 ! -name .build -exec rm -rf {} +
    tar -C "$checkout" --exclude=./.build --exclude=./.git -cf - . | tar -C "$place" -xf -
    # Where git finds packages.
    git -C "$checkout" config --get-regexp '^url\..*\.insteadof$' >"$root/overtile/mirrors" || true

    # What git knows of the checkout, which it does not know there.
    told=$(sh "$checkout/examples/packaging/commit.sh")
    # shellcheck disable=SC2086
    apart sh "$here/enter.sh" "$root" "$toolchain" "$shared" env $told sh /overtile/checkout/Tests/systems/suite.sh "$suite"
    if [ "$suite" = --package ]; then
        # A root of its own each time: nothing that an earlier package needed is there.
        bare=$roots/$release-bare
        remove "$bare"
        make_root "$release" "$bare"
        mkdir "$bare/overtile"
        : >"$bare/overtile/mirrors"
        cp -r "$root/overtile/package" "$root/overtile/scene.tif" "$here/package.sh" "$here/steps.sh" \
            "$checkout/examples/packaging/Containerfile" "$bare/overtile"
        # shellcheck disable=SC2086
        apart sh "$here/enter.sh" "$bare" "" "" env $told sh /overtile/package.sh
        remove "$bare"
    fi
    if [ -z "$kept" ]; then remove "$root"; fi
done
