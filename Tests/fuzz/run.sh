#!/bin/sh
# Fuzzes the readers of files from outside, with libFuzzer and the sanitizers that the toolchain has on Linux: that of
# addresses for everything, that of undefined behaviour for C (Swift traps by itself). First all that was ever found, and
# then new inputs for so many seconds in all, shared out between the readers.
#
#   sh Tests/fuzz/run.sh 600            ten minutes, all readers
#   sh Tests/fuzz/run.sh 600 ledger     one of them
#   sh Tests/fuzz/run.sh 0              past findings alone
#
# FUZZ_RUNS=1000000 ends each reader after so many inputs. FUZZ_SEED=1 makes the same inputs each time. New findings are kept in .build/fuzz/findings: make one small with
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
# Where memory was allocated is taken down when a finding is run again: that takes longer than most readers do.
sanitizer=detect_leaks=0:allocator_may_return_null=1
export ASAN_OPTIONS=$sanitizer:malloc_context_size=1:quarantine_size_mb=16
export OVERTILE_FUZZ_FOLDER="/dev/shm/overtile-fuzz-$$"
mkdir -p "$OVERTILE_FUZZ_FOLDER" "$scratch/findings"
trap 'rm -rf "$OVERTILE_FUZZ_FOLDER"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

build() {
    swift build --package-path "$root/Tests/fuzz" --scratch-path "$scratch" -c release --sanitize=fuzzer \
        --sanitize=address -Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined -Xswiftc -enable-testing "$@"
}
build --product fuzz
fuzz=$(build --show-bin-path)/fuzz
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $("$fuzz")
"$fuzz" seeds "$scratch/seeds"
share=$((seconds / $#))
for target; do
    found=$scratch/found/$target
    seeds=$scratch/seeds/$target
    corpus=$root/Tests/fuzz/corpus/$target
    log=$scratch/$target.log
    mkdir -p "$found" "$seeds" "$corpus"
    # The reader itself minds processor time and memory. Without new inputs, each file of the corpus is run once.
    # Without `-print_funcs=0`, a symbolizer would read the whole program for each new function: a second for an input.
    options="-print_funcs=0 -timeout=60 -rss_limit_mb=4096 -artifact_prefix=$scratch/findings/$target-"
    status=0
    # shellcheck disable=SC2086
    "$fuzz" "$target" $options -runs=0 "$corpus" "$seeds" >"$log" 2>&1 || status=$?
    if [ "$status" -eq 0 ] && [ "$share" -gt 0 ]; then
        # shellcheck disable=SC2086
        "$fuzz" "$target" $options -max_total_time="$share" -runs="${FUZZ_RUNS:--1}" -max_len=65536 \
            ${FUZZ_SEED:+-seed=$FUZZ_SEED} -print_final_stats=1 "$found" "$corpus" "$seeds" >"$log" 2>&1 || status=$?
    fi
    if [ "$status" -ne 0 ]; then
        tail -n 40 "$log" >&2
        found=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
        [ -z "$found" ] || ASAN_OPTIONS=$sanitizer "$fuzz" "$target" "$found" 2>&1 | tail -n 40 >&2 || true
        echo "fuzz: $target has a finding: see $scratch/findings" >&2
        exit 1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "fuzz: $target held, ${runs:-$(find "$corpus" "$seeds" -type f | wc -l)} inputs"
done
