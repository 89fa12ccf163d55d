#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 300
# How well crashes are grouped (tests/score): the measures are what their definitions say, the sets are what they claim to be, and
# Corral does not fall below tests/score/thresholds.tsv on any of them, nor behind the simple peers. Of the crashers,
# which `make score` has in full, a few builds.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need python3 jq gcc clang

SCORE=$ROOT/tests/score
SETS=$WORK/sets
mkdir "$SETS"

# --- The measures -------------------------------------------------------------------------------------------------------

ok 'the four measures are those worked out by hand, and those counted pair by pair' "$SCORE/check-measures"

# Three crashes of one bug, of which one has another function; and one of another bug that looks like the first.
entry() { # BUG FUNCTION
    jq -cn --arg bug "$1" --arg f "$2" '{bug: $bug, note: "by hand", stack: {signal: 11, frames: [{function: $f}, {function: "main"}]}}'
}
{
    entry a one
    entry a one
    entry a two
    entry b one
} >"$WORK/toy.jsonl"
"$SCORE/score" --json --worst 0 "$WORK/toy.jsonl" >"$WORK/toy.out"
toy() { jq -r "select(.set == \"toy\") | $1" "$WORK/toy.out"; }
is "$(toy '"\(.stacks) \(.bugs) \(.groups)"')" '4 2 2' 'a set has its stacks, bugs and groups counted'
is "$(toy '.who.corral | [.precision, .recall, .f1, .ari] | map(. * 1000 | round) | join(" ")')" '333 333 333 -333' \
    'a grouping has its measures'
SAID=$("$SCORE/score" "$WORK/toy.jsonl")
like "$SAID" 'split   −2 pairs  toy:a into 2' 'the bug that was split is named'
like "$SAID" 'merged  −2 pairs  2 bugs in' 'the group of two bugs is named'
cp "$WORK/toy.jsonl" "$WORK/held-toy.jsonl"
unlike "$("$SCORE/score" "$WORK/held-toy.jsonl")" 'split|merged' 'but not of a set that nothing may be fitted to'
printf 'toy\t0.3\t0.3\n' >"$WORK/low.tsv"
printf 'toy\t0.3\t0.4\n' >"$WORK/high.tsv"
ok 'above its thresholds a set is well' "$SCORE/score" --thresholds "$WORK/low.tsv" "$WORK/toy.jsonl"
not_ok 'below one of them it is not' "$SCORE/score" --thresholds "$WORK/high.tsv" "$WORK/toy.jsonl"

# --- The sets -----------------------------------------------------------------------------------------------------------

for name in generated held-generated-1; do "$SCORE/generate" $name >"$SETS/$name.jsonl"; done
"$SCORE/probes" >"$SETS/probes.jsonl"
"$SCORE/tracker" >"$SETS/held-tracker.jsonl"
"$SCORE/generate" generated >"$WORK/again.jsonl"
ok 'what is generated is the same every time' cmp "$SETS/generated.jsonl" "$WORK/again.jsonl"
count() { jq -s "$2" "$SETS/$1.jsonl"; } # SET FILTER
ok 'at least 2000 stacks are generated' [ "$(count generated length)" -ge 2000 ]
ok 'of at least 150 bugs' [ "$(count generated 'map(.bug) | unique | length')" -ge 150 ]
ok 'in every language' [ "$(count generated '[.[].note | split(":")[0]] | unique | length')" -ge 14 ]
ok 'a tracker has at least 40 families' [ "$(count held-tracker 'map(.bug) | unique | length')" -ge 40 ]
is "$(count held-tracker 'group_by(.bug) | map(select(length < 3 or length > 6)) | length')" 0 'of three to six duplicates'
is "$(count held-tracker '[.[] | select((.stack.frames | length) != (.gdb | [match("(^|\n)#"; "g")] | length))] | length')" 0 \
    'every frame of their text is read'

# --- Real crashes, of a few builds ---------------------------------------------------------------------------------------

core_pattern_lock
case $(cat /proc/sys/kernel/core_pattern) in
core | core.%p)
    ok 'the programs are built and die' "$SCORE/crashers/run" "$WORK/crashers" gcc-O0 clang-O2 gcc-shifted gcc-asan \
        gcc-stripped rust-stripped go-stripped
    mv "$WORK"/crashers/*.jsonl "$SETS/"
    ok 'of every bug there are crashes' [ "$(count crashers 'map(.bug) | unique | length')" -ge 40 ]
    ;;
*) skip "core_pattern is '$(cat /proc/sys/kernel/core_pattern)', not 'core'" 'the programs are built and die' ;;
esac

# --- The thresholds -------------------------------------------------------------------------------------------------------

"$SCORE/score" --json "$SETS"/*.jsonl >"$WORK/found"
value() { jq -r --arg set "$1" "select(.set == \$set) | .who | $2" "$WORK/found"; } # SET FILTER
at_least() { jq -en "$1 >= $2" >/dev/null; }
while read -r name least_precision least_recall; do
    if [ ! -f "$SETS/$name.jsonl" ]; then continue; fi
    precision=$(value "$name" .corral.precision)
    recall=$(value "$name" .corral.recall)
    f1=$(value "$name" .corral.f1)
    best=$(value "$name" 'to_entries | map(select(.key != "corral").value.f1) | max')
    ok "$name: precision $precision is at least $least_precision" at_least "$precision" "$least_precision"
    ok "$name: recall $recall is at least $least_recall" at_least "$recall" "$least_recall"
    ok "$name: F1 $f1 is not below the best peer's, $best" at_least "$f1" "$best"
done < <(grep -v '^#' "$SCORE/thresholds.tsv")

# --- Groups of several bugs -----------------------------------------------------------------------------------------------

detector() { jq -r "select(.set == \"all\") | .detector | $1" "$WORK/found"; } # FILTER
read -r _ least_precision least_recall < <(grep '^detector' "$SCORE/thresholds.tsv")
ok 'there are hundreds of groups of one bug, and many of several' at_least "$(detector '[.detector.pure / 300, .detector.several / 50] | min')" 1
ok "of those that are flagged $(detector .detector.precision) hold several" at_least "$(detector .detector.precision)" "$least_precision"
ok "$(detector .detector.recall) of those that hold several are flagged" at_least "$(detector .detector.recall)" "$least_recall"
ok "which is four times as often as by the simple rule, $(detector .naive.precision)" at_least "$(detector .detector.precision)" "$(detector '4 * .naive.precision')"
done_testing
