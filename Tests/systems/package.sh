#!/bin/sh
# Installs Overtile's package on a system that has nothing of it, uses it as its reader would, and removes it. For
# Tests/systems/run.sh, which puts it into a bare root, beside the folder of the package and a scene.
set -eu

cd "$(dirname "$0")"
export DEBIAN_FRONTEND=noninteractive
fail() { echo "systems: $1" >&2; exit 1; }
# Everything that has its name, but for what is not the package's: this test, apt's log, what man remembers of pages that
# were read, and what a user's own runs remember.
remains() {
    find / -xdev \( -path /overtile -o -path /proc -o -path /var/log -o -path /var/cache/man -o -path /root/.cache \) -prune \
        -o -name '*overtile*' -print
}

apt-get update -qq
apt-get install -qq -y --no-install-recommends man-db zsh fish >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }
[ -z "$(remains)" ] || fail "there is something of Overtile before it is installed"
sh steps.sh Containerfile 2 >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }

! ldd /usr/bin/overtile | grep -E 'not found|swift' || fail "the program misses a library, or wants Swift's"
version=$(overtile --version)
[ "$version" = "${version%%+*}${OVERTILE_COMMIT:++$OVERTILE_COMMIT}" ] ||
    fail "the program was built from commit ${OVERTILE_COMMIT:-unknown}, and says $version"

for page in overtile overtile.segment overtile.batch; do
    man -P cat "$page" | grep -q SYNOPSIS || fail "no manual page $page"
done

# Shells offer commands, and models by their endings.
mkdir /tmp/models
touch /tmp/models/unet.onnx /tmp/models/unet.txt
cd /tmp/models
# In the order of words; the last one is being typed.
offered_bash() { bash -c 'source /usr/share/bash-completion/completions/overtile
    read -ra offer <<<"$(complete -p overtile)"; COMP_WORDS=("$@" ""); COMP_CWORD=$#; COMP_LINE="$* "; COMP_POINT=${#COMP_LINE}
    "${offer[-2]}" overtile "" "${!#}"; printf "%s\n" "${COMPREPLY[@]}"' bash "$@"; }
offered_fish() { fish -c "complete -C '$* '" | cut -f 1; }
for shell in bash fish; do
    "offered_$shell" overtile >/tmp/offered
    grep -qx segment /tmp/offered || fail "$shell does not offer the commands"
    "offered_$shell" overtile inspect >/tmp/offered
    grep -qx unet.onnx /tmp/offered || fail "$shell does not offer models"
    ! grep -qx unet.txt /tmp/offered || fail "$shell offers what is no model"
done
zsh -n /usr/share/zsh/vendor-completions/_overtile
cd /overtile

overtile doctor >/dev/null || fail "doctor finds this system wrong"
overtile segment scene.tif --model /usr/share/overtile/water.safetensors --output /tmp/mask.tif --polygons /tmp/mask.gpkg \
    --quiet
grep -aqF ">$version<" /tmp/mask.tif || fail "the mask does not say that $version made it"
overtile stats /tmp/mask.tif >/tmp/stats.txt
for name in land water; do grep -q "$name" /tmp/stats.txt || fail "the mask has no $name"; done

apt-get remove -qq -y overtile >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }
left=$(remains)
[ -z "$left" ] || fail "removing leaves $left"
echo "systems: the package installs, runs and is removed on $(. /etc/os-release && echo "$PRETTY_NAME")"
