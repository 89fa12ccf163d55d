# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Numbers and tables of the benchmarks: one line for each measure and who it was taken of. JSON=1
# makes JSON lines of them. The user of this file has read testlib.sh and sets ROUNDS.

median() { # of the numbers on standard input; nothing when there are none
    sort -n | awk '{ v[NR] = $1 }
        END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

p99() { sort -n | awk '{ v[NR] = $1 } END { if (NR) { i = int(NR * 0.99 + 0.999); print v[i < 1 ? 1 : i] } }'; }

to_ms() { awk '{ printf "%.2f\n", $1 / 1000 }'; } # from microseconds

elapsed() { # COMMAND...: microseconds, nothing when the command fails
    local begin=${EPOCHREALTIME/./}
    "$@" >"$WORK/.output" 2>&1 </dev/null || return 1
    echo $((${EPOCHREALTIME/./} - begin))
}

rounds() { # COMMAND...: what it prints, ROUNDS times
    local i
    for ((i = 0; i < ROUNDS; i++)); do "$@"; done
}

heading() { if [ -z "${JSON:-}" ]; then printf '\n%s\n' "$1"; fi; }

# One line: MEASURE WHO MILLISECONDS [PEER-MILLISECONDS PEER [P99]]
report() {
    local ratio='' peer=${5:-} worst=${6:-}
    if [ -z "$3" ]; then
        diag "$1, $2: could not be measured: $(tail -n 1 "$WORK/.output")"
        return
    fi
    if [ -n "${4:-}" ]; then ratio=$(awk -v a="$3" -v b="$4" 'BEGIN { printf "%.3f", a / b }'); fi
    if [ -n "${JSON:-}" ]; then
        jq -cn --arg measure "$1" --arg who "$2" --arg ms "$3" --arg ratio "$ratio" --arg peer "$peer" \
            --arg rounds "$ROUNDS" --arg worst "$worst" \
            '{measure: $measure, who: $who, median_ms: ($ms | tonumber), rounds: ($rounds | tonumber)}
             + if $worst == "" then {} else {p99_ms: ($worst | tonumber)} end
             + if $ratio == "" then {} else {peer: $peer, ratio: ($ratio | tonumber)} end'
    else
        printf '  %-28s %12s ms%s%s\n' "$2" "$3" "${worst:+   p99 $worst}" "${ratio:+   $ratio × $peer}"
    fi
}
