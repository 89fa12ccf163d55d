#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 600
# Arguments and local variables of the crashing thread against gdb's, one by one: over the matrix of crashers
# (tests/crashers/matrix), and of some of them from slim cores, too. Every difference has its reason in
# tests/golden/variables.tsv, or it is a failure. FULL=1 takes the whole matrix; KEEP=1 keeps what was compared; ONLY=REGEX names
# programs.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/golden/stacks.sh
. "$ROOT/tests/golden/stacks.sh"
need jq gdb python3 make gcc
need_file_cores

MATRIX=$ROOT/build/crashers-matrix
ROWS=$ROOT/tests/crashers/matrix/rows.tsv
KNOWN=$ROOT/tests/golden/variables.tsv
DEBUG=$MATRIX/debug
SLIM_CORE=$BUILD/tests/lib/slim-core
JOBS=$(nproc)
# Nothing is known at the start, and nothing is left behind.
export CORRAL_CACHE=$WORK/cache

# Those that were made for this, and of the others the ones whose debug information is of another kind.
USUAL='(values|places)-.*|chain-.*-(O2|lto|dwarf2|g1|split)|shop-.*-(O2|types|dwz|zdebug|mini|stripped)'
USUAL+='|.*-clang-lines|(threads|handler|altstack|realign|tail|vdso)-.*|rust-(opt3|panic)|go-plain|poisoned-gcc-wild|heap-.*'
SLIM='values-(gcc-O2|g\+\+-O0|rust-opt0)|places-(gcc|clang)-O2|threads-.*'
[ -z "${FULL:-}" ] || USUAL='.*'

analyse() { # CORE PROGRAM OPTION...
    "$WORKERD" --analyse "$1" --exe "$2" --debuginfo "$DEBUG" --format json "${@:3}"
}

# --- One core -----------------------------------------------------------------------------------------------------------

# Leaves what it has to say in its folder, so that several can run at a time.
examine() { # NAME PROGRAM: of $WORK/NAME/core
    local in=$WORK/$1 status=0
    analyse "$in/core" "$2" --variables >"$in/corral.json" 2>"$in/said" &&
        CORE=$in/core EXE=$2 OUT=$in/gdb.json DEBUGINFO=$DEBUG \
            timeout 120 gdb -nx -batch -x tests/lib/gdb-variables.py >>"$in/said" 2>&1 </dev/null &&
        tests/lib/variables-diff --program "$1" --used "$in/used" "$in/corral.json" "$in/gdb.json" >"$in/diff" 2>>"$in/said" ||
        status=$?
    echo $status >"$in/status"
    [ -n "${KEEP:-}" ] || rm -f "$in/core"
}

EXAMINED=()
start() { # NAME PROGRAM: as soon as there is a processor for it
    EXAMINED+=("$1")
    while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do wait -n; done
    examine "$1" "$2" &
}

TOTALS=$WORK/totals
judge() { # NAME
    local in=$WORK/$1 description="$1: every variable is as in gdb, or the difference has a reason"
    if [ "$(cat "$in/status")" = 0 ]; then
        pass "$description"
    else
        fail "$description"
        grep -h '^unexplained' "$in/diff" | head -n 20 | cut -c 1-400 | sed 's/^/# /'
        tail -n 5 "$in/said" | sed 's/^/# /'
    fi
    # Where the debug information is refused, with a reason, variables are not to be counted.
    if [ -f "$in/diff" ] && [[ $1 != *-split ]]; then grep '^total' "$in/diff" >>"$TOTALS"; fi
}

# --- The matrix ---------------------------------------------------------------------------------------------------------

ok 'the matrix is built' make -s --no-print-directory -j "$JOBS" crashers-matrix

while IFS=$'\t' read -r name _; do
    [[ $name =~ ^(${ONLY:-$USUAL})$ ]] || continue
    if [ -e "$MATRIX/$name.skip" ]; then
        skip "$(cat "$MATRIX/$name.skip")" "$name"
        continue
    fi
    make_core "$WORK/$name" timeout 20 "$MATRIX/$name"
    if [ ! -f "$WORK/$name/core" ]; then
        fail "$name: leaves a core"
        continue
    fi
    if [[ $name =~ ^($SLIM)$ ]]; then
        mkdir "$WORK/$name-slim"
        ok "$name: a slim core" "$SLIM_CORE" "$WORK/$name/core" "$WORK/$name-slim/core"
        start "$name-slim" "$MATRIX/$name"
    fi
    start "$name" "$MATRIX/$name"
done < <(grep -v '^#' "$ROWS")
wait
for name in "${EXAMINED[@]}"; do judge "$name"; done

# --- Only where it was asked for -------------------------------------------------------------------------------------------

variables() { # JSON SLICE: how many there are in those threads
    jq "[.threads[$2][].frames[].variables[]?] | length" "$1"
}
if [[ threads-clang-O2 =~ ^(${ONLY:-$USUAL})$ ]]; then
    in=$WORK/threads-clang-O2
    make_core "$in" "$MATRIX/threads-clang-O2"
    analyse "$in/core" "$MATRIX/threads-clang-O2" >"$in/without.json"
    is "$(variables "$in/without.json" 0:)" 0 'an analysis has no variables that were not asked for'
    ok 'and is otherwise the same' diff <(jq -S . "$in/without.json") \
        <(analyse "$in/core" "$MATRIX/threads-clang-O2" --variables | jq -S 'del(.threads[].frames[] | .variables, .variables_left_out)')
    unlike "$(variables "$in/corral.json" :1)" '^0$' 'the thread that crashed has some'
    is "$(variables "$in/corral.json" 1:)" 0 'other threads have none'
fi

# --- The comparison itself ------------------------------------------------------------------------------------------------

# Frames of which all are as in gdb, and one change of them at a time.
altered() { # DESCRIPTION FILTER
    jq "$2" "$WORK/values-gcc-O0/gdb.json" >"$WORK/altered.json"
    not_ok "noticed: $1" tests/lib/variables-diff --known /dev/null "$WORK/altered.json" "$WORK/plain.json"
}
if [[ values-gcc-O0 =~ ^(${ONLY:-$USUAL})$ ]]; then
    jq 'del(.threads[0].frames[].variables[]? | select(.hidden))' "$WORK/values-gcc-O0/gdb.json" >"$WORK/plain.json"
    cp "$WORK/plain.json" "$WORK/values-gcc-O0/gdb.json"
    ok 'the variables as they are have no difference' tests/lib/variables-diff --known /dev/null "$WORK/plain.json" "$WORK/plain.json"
    first='.threads[0].frames[0].variables[0]'
    altered 'another value' "$first.value = \"4\""
    altered 'another type' "$first.type = \"long\""
    altered 'another name' "$first.name = \"other\""
    altered 'a local variable that is an argument' "$first.argument |= not"
    altered 'no value' "$first |= (del(.value) | .problem = \"optimized out\")"
    altered 'a variable less' "del($first)"
    altered 'a variable more' ".threads[0].frames[0].variables += [$first]"
    altered 'a frame less' 'del(.threads[0].frames[2])'
    altered 'no variables at all' 'del(.threads[0].frames[].variables)'
    jq "$first |= (del(.value) | .problem = \"optimized out\")" "$WORK/plain.json" >"$WORK/less.json"
    not_ok 'noticed: a value where gdb has none' tests/lib/variables-diff --known /dev/null "$WORK/plain.json" "$WORK/less.json"
    jq "$first.stale = true" "$WORK/plain.json" >"$WORK/stale.json"
    not_ok 'noticed: what a callee has left' tests/lib/variables-diff --known /dev/null "$WORK/plain.json" "$WORK/stale.json"
    ok 'a variable that is not there is none' tests/lib/variables-diff --known /dev/null "$WORK/less.json" "$WORK/stale.json"
fi

# --- In sum -----------------------------------------------------------------------------------------------------------------

percent() { echo "$(($1 / 100)).$(printf %02d $(($1 % 100))) %"; }
read -r shown equal value none missing excused same types more stale right < <(awk '
    { for (i = 2; i <= 11; i++) sum[i] += $i }
    END { for (i = 2; i <= 11; i++) printf "%d ", sum[i]; print int(sum[3] * 10000 / (sum[2] > sum[7] ? sum[2] - sum[7] : 1)) }' "$TOTALS")
diag "$equal of $shown variables that gdb shows are the same, of those where gdb is right $(percent "$right");" \
    "$value have another value, $none none, $missing are missing; in $excused of these it is gdb that is wrong;" \
    "$more have a value that gdb does not have, $stale that gdb shows are wrong and not shown; $same of $types types are the same"
if [ -z "${ONLY:-}" ]; then
    ok 'at least 99 of 100 variables are as in gdb' [ "$right" -ge 9900 ]
    ok 'they are many' [ "$shown" -ge 4000 ]
fi
unused=$(comm -23 <(grep -nE '^[^#]' "$KNOWN" | cut -d : -f 1 | sort) <(cat "$WORK"/*/used 2>/dev/null | sort -u) | sort -n | tr '\n' ' ')
if [ -n "${FULL:-}" ] && [ -z "${ONLY:-}" ]; then
    is "$unused" '' 'every row of variables.tsv is needed'
else
    diag "rows of variables.tsv that nothing needed here: $unused"
fi
done_testing
