#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 180
# Crashes that never reach the handler: the kernel log tells of them, and the server hears how many
# there were and why, each once.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need_root
need jq

# Nobody else's lines, and not those of a burst that was held back (printk_ratelimited gives ten of
# each kind in five seconds).
if [ ! -r /dev/kmsg ]; then skip_all 'the kernel log cannot be read here'; fi

stack_up --core-pattern
limit() { echo "$1" >/proc/sys/kernel/core_pipe_limit; }
trap 'limit 16; test_end' EXIT

VICTIM=$WORK/victim
cp /bin/sleep "$VICTIM"

# The shell's child is ours to kill only when it is the victim.
is_victim() { [ "$(readlink "/proc/$1/exe")" = "$VICTIM" ]; } # PID

# COUNT: that many at the same moment.
crash_many() {
    local pids=() i pid
    for ((i = 0; i < $1; i++)); do
        "$VICTIM" 60 &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait_for 5 is_victim "$pid"; done
    kill -SEGV "${pids[@]}"
    { wait "${pids[@]}"; } 2>/dev/null
}
crash_one() { crash_many 1; }

reconcile() { "$BIN/corral-handler" --reconcile -c "$STACK/conf/client.conf"; }
# WORDS: how many crashes the server was told of that were missed for that reason.
counted() {
    find "$STACK/data/crashes" -name meta.json -exec cat {} + |
        jq -s --arg why "$1" '[.[].meta | select((.core_problem // "") | contains($why)) | .occurrences // 1] | add // 0'
}
arrived() { sql "SELECT count(*) FROM crash_events e JOIN programs p ON p.id = program_id WHERE executable = '$VICTIM'"; }
is_now() { [ "$("${@:2}")" = "$1" ]; } # VALUE COMMAND...
# The ring as it was before, so that only what is new counts.
lines() { dmesg | grep -c "$1"; }

crash_one
ok 'a crash arrives' wait_for 20 is_now 1 arrived
ok 'there is a mark of how far the log was read' test -s "$STACK/spool/kernel-log"

# --- More at once than core_pipe_limit --------------------------------------------------------------------------------

reconcile
before=$(lines 'over core_pipe_limit')
limit 1
crash_many 8
limit 16
skipped=$(($(lines 'over core_pipe_limit') - before))
diag "the kernel skipped $skipped of 8"
ok 'the kernel skipped some' test "$skipped" -gt 0
reconcile 2>"$WORK/said"
like "$(cat "$WORK/said")" "crashes=$skipped( |$)" 'as many are counted'
counts() { counted 'more crashes at once'; }
ok 'and the server hears of each' wait_for 30 is_now "$skipped" counts
ok 'the others arrived' wait_for 30 is_now $((9 - skipped)) arrived
reconcile
crash_one
ok 'the next one arrives' wait_for 30 is_now $((10 - skipped)) arrived
is "$(counts)" "$skipped" 'none is counted twice'

# --- The handler cannot be started ---------------------------------------------------------------------------------

hook=$(cat "$STACK/hook")
mv "$hook/handler" "$hook/aside"
crash_one
mv "$hook/aside" "$hook/handler"
reconcile
starts() { counted 'could not start'; }
ok 'a handler that is not there: counted' wait_for 30 is_now 1 starts

# --- The handler itself crashes ---------------------------------------------------------------------------------------

# Killed by its own filter, by a fault, by a signal: in its place runs a program of the same name
# that dies of what we like.
cat >"$WORK/handler.c" <<'C'
int volatile *nowhere;
int main(void) { return *nowhere; }
C
gcc -O1 -o "$WORK/corral-handler" "$WORK/handler.c"
mv "$hook/handler" "$hook/aside"
ln -s "$WORK/corral-handler" "$hook/handler"
crash_one
rm "$hook/handler"
mv "$hook/aside" "$hook/handler"
"$hook/handler" --reconcile -c "$STACK/conf/client.conf"
own() { counted 'handler itself crashed'; }
ok 'a handler that crashes: counted, once' wait_for 30 is_now 1 own
done_testing
