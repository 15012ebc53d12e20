#!/usr/bin/env bash
# Builds the targets without cargo-fuzz, for libFuzzer's coverage feedback alone: everything fuzzed is safe Rust, so the
# address sanitizer would find little and halve the speed. Usage: ./fuzz.sh build, then ./fuzz.sh TARGET [libFuzzer's options].
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

host=$(rustc -vV | sed -n 's/^host: //p')
if [[ $1 == build ]]; then
    export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1"
    export RUSTC_BOOTSTRAP=1
    exec cargo build --release --target "$host" "${@:2}"
fi
mkdir -p "corpus/$1" "artifacts/$1"
exec "target/$host/release/$1" -artifact_prefix="artifacts/$1/" -rss_limit_mb=2048 -timeout=10 -max_len=65536 "corpus/$1" "${@:2}"
