#!/bin/sh
# Builds examples/library, a package that depends on this one, and runs it on a small scene: the areas that it prints are
# those of the scene's pixels. Then compiles the example in the comment of each public type.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/overtile-library.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A package of its own has a build of its own. The example is always compiled anew: where a type of the library got another
# package property, its size is another, and an incremental build does not see that from outside the package.
# Without the plan of the last build, the folder is laid out anew.
rm -rf "$root"/.build/library/*/debug/areas.build "$root"/.build/library/debug.yaml
swift build --package-path "$root/examples/library" --scratch-path "$root/.build/library"
areas=$(swift build --package-path "$root/examples/library" --scratch-path "$root/.build/library" --show-bin-path)/areas

# 64 x 48 pixels of 10 m: 30.72 hectares.
gdal_create -q -of GTiff -ot Byte -outsize 64 48 -bands 3 -burn 10 -burn 40 -burn 90 -a_srs EPSG:32633 \
    -a_ullr 500000 5300000 500640 5299520 "$work/scene.tif"
"$areas" "$work/scene.tif" "$root/examples/models/water.safetensors" "$work/mask.tif" | tee "$work/output"
sum=$(sed -n 's/.*: \([0-9]*\) ha$/\1/p' "$work/output" | awk '{ sum += $1 } END { print sum }')
[ "$sum" -ge 30 ] && [ "$sum" -le 31 ] || { echo "library: the areas add up to $sum ha, not 31" >&2; exit 1; }
[ -f "$work/mask.tif" ] || { echo "library: there is no mask" >&2; exit 1; }
echo "library: the example builds and runs"

# An example may use what it does not make: these arguments.
build=$(swift build --package-path "$root/examples/library" --scratch-path "$root/.build/library" --show-bin-path)
{
    echo "import Foundation"
    echo "import Overtile"
    find "$root/Sources" -name '*.swift' | sort | xargs awk '
        FNR == 1 || !/^\/\/\// && !/^public / { code = "" }
        /^\/\/\/     / { code = code "    " substr($0, 9) "\n" }
        /^public (final )?(struct|class|enum|protocol|actor) / {
            name = ($2 == "final") ? $4 : $3
            sub(/[:<].*/, "", name)
            if (code == "") { print "error: " name " has no example" > "/dev/stderr"; failed = 1 }
            print "func example" name "("
            print "    model: Model, run: SceneRun, batch: Batch, scenes: [String], results: [SceneResult], started: Date,"
            print "    statistics: MaskStatistics"
            print ") throws {\n" code "}"
            code = ""
        }
        END { exit failed }'
} > "$work/Examples.swift"
set --
for module in "$root"/Sources/C*/module.modulemap "$build"/*.build/module.modulemap \
    "$root"/.build/library/checkouts/*/Sources/*/module.modulemap; do
    [ -f "$module" ] && set -- "$@" -Xcc "-fmodule-map-file=$module"
done
for flag in $(pkg-config --cflags-only-I gdal libtiff-4 sqlite3 fontconfig); do set -- "$@" -Xcc "$flag"; done
swiftc -typecheck -swift-version 6 -suppress-warnings -I "$build/Modules" "$@" "$work/Examples.swift"
echo "library: $(grep -c '^func example' "$work/Examples.swift") examples of public types compile"
