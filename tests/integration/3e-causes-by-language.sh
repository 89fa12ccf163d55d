#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 300
# Why programs ended themselves that are written in Rust and Go, use GLib, or are built with a sanitizer: what they must be told
# (tests/crashers/cause/languages.tsv), and the title of it. ONLY=REGEX names cases, "PROGRAM CASE".
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/golden/stacks.sh
. "$ROOT/tests/golden/stacks.sh"
need jq gcc
need_file_cores
export CORRAL_CACHE=$WORK/cache
export ASAN_OPTIONS=abort_on_error=1:disable_coredump=0 UBSAN_OPTIONS=abort_on_error=1
export TSAN_OPTIONS=abort_on_error=1:halt_on_error=1:disable_coredump=0 GOTRACEBACK=crash

CAUSES=$ROOT/tests/crashers/cause
GLIB=$(find /usr/lib /lib -name 'libglib-2.0.so.0' 2>/dev/null | head -n 1)
sanitized() { "$1" -g -O1 -w "-fsanitize=$2" "${@:3}" "$CAUSES/sanitized.c" -lpthread; }

build() { # PROGRAM: false when this cannot be built here
    local out=(-o "$WORK/$1")
    case $1 in
    rust) rustc --version >/dev/null 2>&1 && rustc --edition 2021 -g -Copt-level=3 -Coverflow-checks=on -Cpanic=abort "${out[@]}" "$CAUSES/panics.rs" ;;
    go) command -v go >/dev/null && GOCACHE=$WORK/go-cache GOFLAGS=-mod=mod go build "${out[@]}" "$CAUSES/panics.go" ;;
    glib) [ -n "$GLIB" ] && gcc -g -O1 -w "${out[@]}" "$CAUSES/glib.c" "$GLIB" ;;
    *-asan) sanitized "${1%-asan}" address "${out[@]}" ;;
    *-ubsan) sanitized "${1%-ubsan}" undefined -fno-sanitize-recover=all "${out[@]}" ;;
    *-tsan) sanitized "${1%-tsan}" thread "${out[@]}" ;;
    esac >"$WORK/build.log" 2>&1
}

title() {
    jq '{message, signal, executable, frames: .threads[0].frames | map(del(.column))} | del(..|nulls)' <"$1" |
        "$WORKERD" --fingerprint - | jq -r .title
}

check_case() { # PROGRAM CASE RULE SENTENCE TITLE
    local rule sentence
    make_core "$WORK/core" timeout 20 "$WORK/$1" "$2" 2>/dev/null
    "$WORKERD" --analyse "$WORK/core/core" --format json >"$WORK/json" 2>/dev/null
    rm -rf "$WORK/core"
    IFS=$'\t' read -r rule sentence < <(jq -r '.cause // {} | [.rule // "unknown", .sentence // "-"] | join("\t")' <"$WORK/json")
    is "$rule" "$3" "$1 $2: rule"
    like "$sentence" "$4" "$1 $2: sentence"
    like "$(title "$WORK/json")" "$5" "$1 $2: title"
}

check_program() { # PROGRAM AS: the cases of AS
    if ! build "$1"; then
        skip "$(tail -n 1 "$WORK/build.log" | cut -c 1-80)" "$1 cannot be built"
        return
    fi
    while IFS=$'\t' read -r _ name rule sentence title; do
        [[ "$1 $name" =~ ^(${ONLY:-.*})$ ]] || continue
        check_case "$1" "$name" "$rule" "$sentence" "$title"
    done < <(awk -F '\t' -v p="$2" '$1 == p' "$CAUSES/languages.tsv")
}

for program in rust go glib; do check_program $program $program; done
for compiler in gcc clang; do
    for sanitizer in asan ubsan tsan; do check_program $compiler-$sanitizer $sanitizer; done
done
done_testing
