#!/bin/sh
# Fuzzes the readers of files from outside, with libFuzzer and the address sanitizer: first all that was ever found, and
# then new inputs for so many seconds in all, shared out between the readers.
#
#   sh Tests/fuzz/run.sh 600            ten minutes, all readers
#   sh Tests/fuzz/run.sh 600 ledger     one of them
#   sh Tests/fuzz/run.sh 0              past findings alone
#
# New findings are kept in .build/fuzz/findings: make one small with
#   .build/fuzz/release/fuzz TARGET -minimize_crash=1 FILE
# and put it, once it is mended, into Tests/fuzz/corpus/TARGET.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:-60}
[ $# -eq 0 ] || shift
scratch=$root/.build/fuzz
# A crash is printed by the sanitizer; the toolchain's own backtrace takes minutes.
export SWIFT_BACKTRACE=enable=no
# Memory of GDAL's drivers, which live as long as the process, is no leak of a reader's.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
export OVERTILE_FUZZ_FOLDER="/dev/shm/overtile-fuzz-$$"
mkdir -p "$OVERTILE_FUZZ_FOLDER" "$scratch/findings" "$scratch/found"
trap 'rm -rf "$OVERTILE_FUZZ_FOLDER"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

swift build --package-path "$root/Tests/fuzz" --scratch-path "$scratch" -c release --product fuzz \
    --sanitize=fuzzer --sanitize=address -Xswiftc -enable-testing
fuzz=$(swift build --package-path "$root/Tests/fuzz" --scratch-path "$scratch" -c release --show-bin-path)/fuzz
[ $# -gt 0 ] || set -- $("$fuzz")
share=$((seconds / $#))
status=0
for target; do
    corpus=$root/Tests/fuzz/corpus/$target
    mkdir -p "$scratch/found/$target"
    options="-timeout=5 -rss_limit_mb=2048 -artifact_prefix=$scratch/findings/$target-"
    # Without new inputs, each file of the corpus is run once.
    # shellcheck disable=SC2086
    "$fuzz" "$target" $options -runs=0 "$corpus" >"$scratch/$target.log" 2>&1 || status=$?
    if [ "$status" -eq 0 ] && [ "$share" -gt 0 ]; then
        # shellcheck disable=SC2086
        "$fuzz" "$target" $options -max_total_time="$share" -max_len=65536 -print_final_stats=1 \
            "$scratch/found/$target" "$corpus" >"$scratch/$target.log" 2>&1 || status=$?
    fi
    if [ "$status" -ne 0 ]; then
        tail -n 40 "$scratch/$target.log" >&2
        echo "fuzz: $target has a finding: see $scratch/findings" >&2
        exit 1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/$target.log")
    echo "fuzz: $target held, ${runs:-$(find "$corpus" -type f | wc -l)} inputs"
done
