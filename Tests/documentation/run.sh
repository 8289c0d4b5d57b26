#!/bin/sh
# Builds the library's documentation, and fails at any warning: a link that leads nowhere, a comment that does not fit. Links
# of the README and of the examples' pages are followed, too.
#
#   sh Tests/documentation/run.sh BUILD [OUTPUT]
#
# BUILD is a folder with the built modules, such as .build/tests/release. The pages are kept in OUTPUT where it is given:
#   docc preview shows them.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
[ $# -ge 1 ] || { echo "run.sh: name the folder of a build, such as .build/tests/release" >&2; exit 64; }
build=$(cd "$1" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/overtile-documentation.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
output=${2:-$work/pages}

# What the modules import: the system libraries' module maps, and those that the build made.
set --
for module in "$root"/Sources/C*/module.modulemap "$build"/../../checkouts/*/Sources/*/module.modulemap \
    "$build"/*.build/module.modulemap; do
    [ -f "$module" ] && set -- "$@" -Xcc "-fmodule-map-file=$module"
done
for flag in $(pkg-config --cflags-only-I gdal libtiff-4 sqlite3 fontconfig); do set -- "$@" -Xcc "$flag"; done

# The rooms whose public types `import Overtile` gives.
rooms=$(sed -n 's/^@_exported public import //p' "$root/Sources/Overtile/Overtile.swift" | paste -s -d , -)
mkdir "$work/graphs"
swift symbolgraph-extract -module-name Overtile -I "$build/Modules" "$@" -target "$(uname -m)-unknown-linux-gnu" \
    -output-dir "$work/graphs" -experimental-allowed-reexported-modules="$rooms" -minimum-access-level public
docc convert "$root/Sources/Overtile/Documentation.docc" --additional-symbol-graph-dir "$work/graphs" \
    --fallback-display-name Overtile --fallback-bundle-identifier overtile.Overtile --output-path "$output" \
    --warnings-as-errors

for page in "$root"/README.md "$root"/examples/*/README.md; do
    grep -o ']([^):]*)' "$page" | tr -d ']()' | while read -r target; do
        [ -e "$(dirname "$page")/$target" ] || echo "${page#"$root"/} links to $target, which is not there"
    done
done >"$work/broken"
if [ -s "$work/broken" ]; then
    cat "$work/broken" >&2
    exit 1
fi
echo "documentation: no warnings"
