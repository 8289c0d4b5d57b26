#!/bin/sh
# Mounts into a root what a build in it needs, and runs a command there. For Tests/systems/run.sh, which gives it a
# mount namespace of its own: without one, the mounts would stay.
#
#   enter.sh ROOT TOOLCHAIN SHARED COMMAND...
#
# TOOLCHAIN is Swift's, and SHARED the folder of shared test data; either may be empty.
set -eu

root=$1 toolchain=$2 shared=$3
shift 3
[ "$(readlink /proc/self/ns/mnt)" != "$(readlink "/proc/$PPID/ns/mnt" 2>/dev/null)" ] ||
    { echo "enter.sh: start it by Tests/systems/run.sh" >&2; exit 64; }

lend() { # FOLDER PLACE: mounts it there, not to be written
    mkdir -p "$root$2"
    mount --bind "$1" "$root$2"
    mount -o remount,bind,ro "$root$2"
}

mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
# Terminals and shared memory of its own, and of the machine's devices those that do no harm.
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"

if [ -n "$toolchain" ]; then lend "$toolchain" "$toolchain"; fi
if [ -n "$shared" ]; then lend "$shared" /overtile/shared; fi
# Mirrors of Swift packages: those in a folder are mounted, and git is told of all.
printf '[safe]\n\tdirectory = *\n' >"$root/etc/gitconfig"
while read -r key from; do
    place=${key#url.}
    place=${place%.insteadof}
    printf '[url "%s"]\n\tinsteadOf = %s\n' "$place" "$from" >>"$root/etc/gitconfig"
    folder=${place#file://}
    case $folder in
        /*)
            folder=${folder%/}
            # One folder may stand in for several addresses.
            if [ -d "$folder" ] && ! mountpoint -q "$root$folder"; then lend "$folder" "$folder"; fi
            ;;
    esac
done <"$root/overtile/mirrors"
cp -L --remove-destination /etc/resolv.conf "$root/etc/resolv.conf"

# Nothing of the caller's surroundings but the way to the network.
exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
    ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
    ${no_proxy:+"no_proxy=$no_proxy"} \
    PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin${toolchain:+:$toolchain/usr/bin}" "$@"
