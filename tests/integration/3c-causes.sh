#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 900
# Why it crashed: programs that die for one known reason each (tests/crashers/cause), by gcc and clang, with optimisation and without,
# must be told that reason (expected.tsv) or, where nothing is certain, none; and no other crasher is told a wrong one. ONLY=REGEX
# names cases.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/golden/stacks.sh
. "$ROOT/tests/golden/stacks.sh"
need jq gcc g++
need_file_cores
export CORRAL_CACHE=$WORK/cache

CAUSES=$ROOT/tests/crashers/cause
analyse() { "$WORKERD" --analyse "$@" --format json; }

# --- Cases ----------------------------------------------------------------------------------------------------------------

build() { # COMPILER OPTIMISATION: the programs c and cc
    local plus=${1/gcc/g++}
    if [ "$1" = clang ]; then plus=clang++; fi
    "$1" -std=gnu17 -D_GNU_SOURCE -w -g "-$2" -fstack-protector-strong -o "$WORK/$1-$2-c" "$CAUSES/cases.c" -lpthread -lm &&
        "$plus" -std=c++17 -w -g "-$2" -o "$WORK/$1-$2-cc" "$CAUSES/cases.cc"
}

program_of() { # CASE
    if grep -q "CASE($1)" "$CAUSES/cases.c"; then echo c; else echo cc; fi
}

one_of() { case "|$2|" in *"|$1|"*) return 0 ;; *) return 1 ;; esac }

says() { # JSON RULE CERTAINTY SENTENCE: what is wrong with its cause, if anything
    local rule certainty sentence
    IFS=$'\t' read -r rule certainty sentence < <(
        jq -r '.cause // {rule: "unknown"} | [.rule, .certainty // "-", .sentence // "-"] | join("\t")' <"$1")
    if ! one_of "$rule" "$2"; then
        echo "rule $rule: $sentence"
    elif ! one_of "$certainty" "$3"; then
        echo "$rule is $certainty"
    elif [ "$2" != unknown ] && ! [[ $sentence =~ $4 ]]; then
        echo "sentence: $sentence"
    fi
}

check_case() { # BUILD CASE RULE CERTAINTY SENTENCE
    local program
    program=$WORK/$1-$(program_of "$2")
    make_core "$WORK/core.$1-$2" timeout 20 "$program" "$2" 2>/dev/null
    analyse "$WORK/core.$1-$2/core" >"$WORK/json" 2>"$WORK/said"
    is "$(says "$WORK/json" "$3" "$4" "$5")" '' "$1, $2: $3"
    rm -rf "$WORK/core.$1-$2"
}

for compiler in gcc clang; do
    if ! command -v $compiler >/dev/null; then
        skip "$compiler is not installed" "causes by $compiler"
        continue
    fi
    for optimisation in O0 O2; do
        ok "$compiler -$optimisation builds them" build $compiler $optimisation
        while IFS=$'\t' read -r name rule certainty sentence; do
            [[ $name =~ ^(${ONLY:-.*})$ ]] || continue
            check_case $compiler-$optimisation "$name" "$rule" "$certainty" "$sentence"
        done < <(grep -v '^#' "$CAUSES/expected.tsv")
    done
done

# Every case has its line, and every line its case.
is "$(sed -nE 's/.*CASE\(([a-z]\w+)\).*/\0/p' "$CAUSES/cases.c" | grep -oE 'CASE\(\w+\)' | grep -v 'CASE(name)' | sed -E 's/CASE\((.*)\)/\1/' | sort)" \
    "$(grep -v '^#' "$CAUSES/expected.tsv" | cut -f 1 | while read -r n; do [ "$(program_of "$n")" = cc ] || echo "$n"; done | sort)" \
    'all cases of cases.c are expected'

# Every rule is in the documentation, and nothing else is.
documented=$(sed -n '/^## Rules/,/^## How/p' docs/causes.md | grep '^| `' | cut -d '|' -f 2 | tr -d ' `' | tr , '\n' | sort -u)
is "$(comm -13 <(echo "$documented") <(cut -f 2 "$CAUSES/expected.tsv" | grep -v '^#' | tr '|' '\n' | grep -v '^unknown$' | grep -E '^[a-z-]+$' | sort -u))" '' \
    'every rule that was seen here is in docs/causes.md'
for rule in $documented; do
    ok "$rule, which docs/causes.md names, is a rule" grep -qE "\"$rule\"" workerd/cause/faults.c workerd/cause/said.c workerd/cause/sent.c
done

# --- Without the code -------------------------------------------------------------------------------------------------------

# Of a program whose file is not at hand, what memory alone tells is still told, and nothing that it does not.
without_code() { # CASE RULE SENTENCE
    make_core "$WORK/bare-$1" timeout 20 "$WORK/gcc-O2-c" "$1" 2>/dev/null
    analyse "$WORK/bare-$1/core" --sysroot "$WORK/none" >"$WORK/json" 2>/dev/null
    is "$(says "$WORK/json" "$2" 'certain|likely|-' "$3")" '' "without the code, $1: $2"
}
mkdir "$WORK/none"
without_code null_read null-access '^Access to memory through a NULL pointer$'
without_code null_member null-member '^Access to memory at NULL \+ 0x18'
without_code unmapped unmapped '^Access to memory at 0x123456789000'
without_code non_canonical unknown -
without_code divide division '^Integer division by zero, or'
without_code trap illegal-instruction 'illegal'
without_code breakpoint unknown -

# --- The other crashers -----------------------------------------------------------------------------------------------------

allowed() { # NAME: what may be said of it
    case $1 in
    nullderef | nofp | stripped | threads | rust | static | static-pie) echo 'null-read|null-write|null-member|null-element|raised|unknown|rust-panic|abort' ;;
    abort | sighandler) echo 'abort|null-read|null-write|null-member' ;;
    heap) echo 'double-free|invalid-free|heap-corruption' ;;
    overflow | altstack) echo 'stack-overflow|abort' ;;
    fpe) echo 'division-by-zero' ;;
    terminate) echo 'uncaught-exception' ;;
    assert) echo 'assertion' ;;
    *) echo 'unknown|raised|abort' ;;
    esac
}
for name in $(crashers); do
    [ -x "$CRASHERS/$name" ] || continue
    make_core "$WORK/other-$name" "$CRASHERS/$name"
    analyse "$WORK/other-$name/core" >"$WORK/json" 2>/dev/null
    is "$(says "$WORK/json" "$(allowed "$name")" 'certain|likely|-' '')" '' "$name: nothing that is wrong"
    diag "$name: $(jq -r '.cause.sentence // "unknown"' "$WORK/json")"
done

# --- The matrix -------------------------------------------------------------------------------------------------------------

MATRIX=$ROOT/build/crashers-matrix
ROWS=$ROOT/tests/crashers/matrix

check_row() { # NAME RULE
    if [ ! -x "$MATRIX/$1" ]; then
        skip "$(cat "$MATRIX/$1.skip" 2>/dev/null || echo 'it is not built')" "$1"
        return
    fi
    make_core "$WORK/row" timeout 20 "$MATRIX/$1" 2>/dev/null
    analyse "$WORK/row/core" --debuginfo "$MATRIX/debug" >"$WORK/json" 2>/dev/null
    is "$(says "$WORK/json" "$2" 'certain|likely|-' '')" '' "$1: $2"
    rm -rf "$WORK/row"
}

ok 'the matrix is built' make -s --no-print-directory -j 2 crashers-matrix
is "$(grep -v '^#' "$ROWS/causes.tsv" | cut -f 1)" "$(grep -v '^#' "$ROWS/rows.tsv" | cut -f 1)" 'each row of the matrix has its cause'
while IFS=$'\t' read -r name rule; do
    [[ $name =~ ^(${ONLY:-.*})$ ]] || continue
    check_row "$name" "$rule"
done < <(grep -v '^#' "$ROWS/causes.tsv")

text=$("$WORKERD" --analyse "$WORK/other-heap/core")
like "$text" $'\nWhy: Memory was freed twice' 'the text has the sentence'
done_testing
