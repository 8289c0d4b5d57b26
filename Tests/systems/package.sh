#!/bin/sh
# Installs Overtile's package on a system that has nothing of it, uses it as its reader would, and removes it. For
# Tests/systems/run.sh, which puts it into a bare root, beside the package and a scene.
set -eu

cd "$(dirname "$0")"
export DEBIAN_FRONTEND=noninteractive
fail() { echo "systems: $1" >&2; exit 1; }
# What the package leaves alone, and nothing else that has its name.
remains() { find / -xdev -path /overtile -prune -o -path /proc -prune -o -path /var/log -prune -o -name '*overtile*' -print; }

apt-get update -qq
apt-get install -qq -y --no-install-recommends man-db zsh fish >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }
[ -z "$(remains)" ] || fail "there is something of Overtile before it is installed"
apt-get install -qq -y --no-install-recommends ./overtile_*.deb >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }

! ldd /usr/bin/overtile | grep -E 'not found|swift' || fail "the program misses a library, or wants Swift's"
overtile --version
for page in overtile overtile.segment overtile.batch; do
    man -P cat "$page" | grep -q OPTIONS || fail "no manual page $page"
done
bash -c 'source /usr/share/bash-completion/completions/overtile && complete -p overtile' >/dev/null
zsh -n /usr/share/zsh/vendor-completions/_overtile
fish --no-execute /usr/share/fish/vendor_completions.d/overtile.fish

overtile doctor >/dev/null || fail "doctor finds this system wrong"
overtile segment scene.tif --model /usr/share/overtile/water.safetensors --output /tmp/mask.tif --polygons /tmp/mask.gpkg \
    --quiet
overtile stats /tmp/mask.tif >/tmp/stats.txt
for name in land water; do grep -q "$name" /tmp/stats.txt || fail "the mask has no $name"; done

apt-get remove -qq -y overtile >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }
left=$(remains)
[ -z "$left" ] || fail "removing leaves $left"
echo "systems: the package installs, runs and is removed on $(. /etc/os-release && echo "$PRETTY_NAME")"
