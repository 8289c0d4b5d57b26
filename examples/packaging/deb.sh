#!/bin/sh
# Builds a Debian package that needs no Swift: the program with Swift's runtime inside, its manual, completions for bash,
# zsh and fish, the services of examples/watch and the bundled model. It is for the release of Debian that it is built on,
# because it links that release's GDAL, libtiff, SQLite, fontconfig and oneDNN.
#
#   sh examples/packaging/deb.sh [FOLDER]
#
# The package is put into FOLDER, which is .build/package without one: overtile_VERSION_ARCHITECTURE.deb. Then
#
#   apt install ./.build/package/overtile_*.deb
#
# The program tells the commit that it was built from. Where there is no git to ask, OVERTILE_COMMIT and SOURCE_DATE_EPOCH
# (seconds since 1970) tell the commit and its time, as commit.sh prints them. Without them it tells its version alone.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$root/.build/package
mkdir -p "${1:-$scratch}"
place=$(cd "${1:-$scratch}" && pwd)
sh "$root/Tests/install-packages.sh" build packaging

# Git is asked for the commit, unless the environment tells it.
asked=''
if [ -z "${OVERTILE_COMMIT:-}" ]; then
    asked=$(sh "$root/examples/packaging/commit.sh")
    [ -z "$asked" ] || export "${asked% *}" "${asked#* }"
fi
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(date +%s)}"

built() { swift build --package-path "$root" --scratch-path "$scratch" -c release --static-swift-stdlib \
    --disable-local-rpath "$@"; }
built --product overtile
[ -z "$asked" ] || [ "$asked" = "$(sh "$root/examples/packaging/commit.sh")" ] ||
    { echo "deb.sh: the checkout changed while it was built: start again" >&2; exit 1; }
program=$(built --show-bin-path)/overtile

# Everything that is installed, as it lies below /.
tree=$scratch/tree
rm -rf "$tree"
put() { install -D -m "$1" "$2" "$tree/$3"; }
put 755 "$program" usr/bin/overtile
overtile=$tree/usr/bin/overtile
strip "$overtile"
if readelf -d "$overtile" | grep -E 'R(UN)?PATH|NEEDED.*swift' >&2; then
    echo "deb.sh: the program would look for libraries of this build" >&2
    exit 1
fi

# The argument parser's own tool makes the manual from the help.
parser=$scratch/checkouts/swift-argument-parser
manual=$scratch/manual
rm -rf "$manual"
mkdir -p "$manual"
swift run --package-path "$parser" --scratch-path "$scratch/manual-tool" -q \
    generate-manual "$overtile" --multi-page --output-directory "$manual" \
    --date "$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)"
for page in "$manual"/*.1; do
    # A paragraph begins where the help has an empty line.
    sed -i 's/^$/.Pp/' "$page"
    gzip -9n "$page"
    put 644 "$page.gz" "usr/share/man/man1/$(basename "$page").gz"
done

completion() { # SHELL FILE
    mkdir -p "$tree/$(dirname "$2")"
    "$overtile" --generate-completion-script "$1" >"$tree/$2"
}
completion bash usr/share/bash-completion/completions/overtile
completion zsh usr/share/zsh/vendor-completions/_overtile
completion fish usr/share/fish/vendor_completions.d/overtile.fish

documents=usr/share/doc/overtile
put 644 "$root/README.md" $documents/README.md
for page in "$root"/Sources/Overtile/Documentation.docc/Reference/*.md; do
    put 644 "$page" "$documents/reference/$(basename "$page")"
done
sed -i 's#Sources/Overtile/Documentation.docc/Reference#reference#' "$tree/$documents/README.md"
for file in "$root"/examples/qgis/*; do put 644 "$file" "$documents/examples/qgis/$(basename "$file")"; done
for file in "$root"/examples/watch/*; do
    name=$(basename "$file")
    case $name in
        *.service | *.timer) at=usr/lib/systemd/system/$name ;;
        *) at=$documents/examples/watch/$name ;;
    esac
    put 644 "$file" "$at"
    # Beside a package's files, /usr/local is for what somebody installs by hand.
    sed -i 's#/usr/local/#/usr/#g; s#/doc/overtile/watch/#/doc/overtile/examples/watch/#' "$tree/$at"
done
put 644 "$root/examples/models/water.safetensors" usr/share/overtile/water.safetensors

# The libraries that the program links are the packages that it depends on.
work=$scratch/shlibs
mkdir -p "$work/debian" "$tree/DEBIAN"
printf 'Source: overtile\n\nPackage: overtile\nArchitecture: any\n' >"$work/debian/control"
libraries=$(cd "$work" && dpkg-shlibdeps -O "$overtile" | sed -n 's/^shlibs:Depends=//p')
# A later commit's package is the newer one for apt: 0.1.0+20260131120000.1a2b3c4d5e6f.
version=$("$overtile" --version | sed "s/+/+$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S)./; s/-/./g")
architecture=$(dpkg --print-architecture)
cat >"$tree/DEBIAN/control" <<END
Package: overtile
Version: $version
Architecture: $architecture
Maintainer: The developers of Overtile <overtile@localhost>
Installed-Size: $(du -sk --exclude=DEBIAN "$tree" | cut -f 1)
Depends: $libraries
Section: science
Priority: optional
Description: segmentation of satellite and aerial scenes with U-Nets
 Overtile cuts a georeferenced raster into mirror-padded, overlapping tiles,
 runs a U-Net on each, and puts the masks back together on the scene's own
 grid: seamless, flat in memory, and with polygons, statistics and reports.
END
# In its own folder, one is enough.
[ $# -gt 0 ] || rm -f "$place"/overtile_*.deb
package=$place/overtile_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$tree" "$scratch/unfinished.deb" >/dev/null
mv "$scratch/unfinished.deb" "$package"
echo "$package"
