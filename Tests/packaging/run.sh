#!/bin/sh
# Tests which commit a build tells: the one that its environment names, another one as soon as that names another, and none
# where it names none. And what examples/packaging/commit.sh finds for that environment.
#
#   sh Tests/packaging/run.sh
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/overtile-packaging.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
fail() { echo "packaging: $1" >&2; exit 1; }
unset OVERTILE_COMMIT

# One file knows the commit. It is built in one place again and again, as where somebody works.
scratch=$root/.build/packaging
first=abcdefabcdef
second=fedcbafedcba-dirty
tell() { # [NAME=COMMIT]
    env "$@" swift build --package-path "$root" --scratch-path "$scratch" --target COvertileVersion >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        fail "the build failed"
    }
    object=$(find "$scratch"/*/debug -name commit.c.o)
}
knows() { grep -aqF "$1" "$object"; }
tell OVERTILE_COMMIT=$first
knows $first || fail "a build does not know the commit that it was told"
tell OVERTILE_COMMIT=$second
knows $second && ! knows $first || fail "a build does not know the commit that it was told after another"
tell
! knows $first && ! knows $second || fail "a build that was told no commit knows an earlier one"
! (tell OVERTILE_COMMIT='1a2b "') 2>/dev/null || fail "a build takes for a commit what is none"

# Checkouts of all kinds.
checkout=$work/checkout
mkdir -p "$checkout/examples/packaging"
cp "$root/examples/packaging/commit.sh" "$checkout/examples/packaging"
found() { sh "$1/examples/packaging/commit.sh"; }
by_git() { git -C "$checkout" -c user.name=test -c user.email=test@localhost "$@"; }
[ -z "$(found "$checkout")" ] || fail "a folder without git has a commit"
by_git init -q
by_git add .
GIT_COMMITTER_DATE='1767225600 +0000' by_git commit -q -m first
commit=$(by_git rev-parse HEAD | cut -c 1-12)
expect() { [ "$(found "$checkout")" = "$1" ] || fail "$2: $(found "$checkout")"; }
expect "OVERTILE_COMMIT=$commit SOURCE_DATE_EPOCH=1767225600" "a clean checkout"
touch "$checkout/new.swift"
expect "OVERTILE_COMMIT=$commit-dirty SOURCE_DATE_EPOCH=1767225600" "a checkout with a new file"
rm "$checkout/new.swift"
echo >>"$checkout/examples/packaging/commit.sh"
expect "OVERTILE_COMMIT=$commit-dirty SOURCE_DATE_EPOCH=1767225600" "a checkout with a change"
# An archive that was unpacked in a checkout of something else.
mkdir "$checkout/archive"
cp -r "$checkout/examples" "$checkout/archive"
[ -z "$(found "$checkout/archive")" ] || fail "a folder in another checkout has that one's commit"
echo "packaging: builds tell the commit that they are told, and no other"
