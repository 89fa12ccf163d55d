#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 400
# Programs keep crashing while every part is killed with SIGKILL, stopped and started again.
# Afterwards each crash that happened is in the database, exactly once, and nothing is left in a
# queue.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need_root

SEED=${SEED:-$RANDOM}
RANDOM=$SEED
diag "seed $SEED"

mkdir -p "$STACK/conf"
# Quicker than in production, so that what a dead worker left is taken over within the test's time.
echo 'claim_idle = 2s' >"$STACK/conf/workerd.extra"
# libc's debug file would come between two crashes, and make another stack of the same frames.
echo 'debuginfo = no' >"$STACK/conf/client.extra"
stack_up --core-pattern

# A program of its own, so that what others on this machine lose meanwhile is not counted.
VICTIM=$WORK/victim
cp build/crashers/nullderef "$VICTIM"
ours() { # EXPRESSION: over its events
    sql "SELECT $1 FROM crash_events e JOIN programs p ON p.id = program_id
         WHERE executable = '$VICTIM'"
}

# --- Crashes, one after another, until $WORK/enough appears ---------------------------------------------------------

crash_on() {
    local pid
    while [ ! -e "$WORK/enough" ]; do
        "$VICTIM" >/dev/null 2>&1 &
        pid=$!
        wait "$pid" 2>/dev/null
        echo "$pid" >>"$WORK/crashed"
    done
}
crashed() { wc -l <"$WORK/crashed"; }
more_crashes() { [ "$(crashed)" -ge "$1" ]; } # TOTAL

: >"$WORK/crashed"
crash_on 2>/dev/null &
CRASHING=$!

# With the part down, crashes go on; then it comes back.
without() { # HOW PART
    local before
    before=$(crashed)
    ok "$1 $2" stack "$1" "$2"
    wait_for 30 more_crashes $((before + 3 + RANDOM % 5))
    ok "$2 comes back" stack start "$2"
}

ok 'crashes arrive' wait_for 30 more_crashes 3
for part in ingestd workerd dashd sender redis postgres; do without kill "$part"; done
for part in redis postgres; do without stop "$part"; done
# Several at once, in random order and at random moments.
for _ in 1 2 3 4 5 6; do
    parts=(ingestd workerd sender redis postgres)
    first=${parts[RANDOM % 5]}
    second=${parts[RANDOM % 5]}
    stack kill "$first" "$second"
    wait_for 30 more_crashes $(($(crashed) + RANDOM % 3))
    ok "$first and $second come back" stack start "$first" "$second"
done
touch "$WORK/enough"
wait "$CRASHING"
diag "$(crashed) crashes"

# --- The reckoning --------------------------------------------------------------------------------------------------

spool_empty() { [ -z "$(spooled)" ]; }
spooled() {
    find "$STACK/spool" -mindepth 1 -maxdepth 1 \
        \( -name 'tmp.*' -o -name '????????-????-7???-????-????????????' \)
}
pending() { find "$STACK/data/pending" -type f; }
nothing_pending() { [ -z "$(pending)" ]; }

ok 'the spool empties' wait_for 60 spool_empty
is "$(find "$STACK/spool/rejected" -mindepth 1)" '' 'nothing was refused'
ok 'nothing stays pending' wait_for 60 nothing_pending

# What ingestd has acknowledged is what lies in its store under a final name.
find "$STACK/data/crashes" -mindepth 4 -maxdepth 4 -type d -printf '%f\n' | sort >"$WORK/accepted"
sql 'SELECT crash_id FROM crash_events ORDER BY 1' | sort >"$WORK/stored"
is "$(uniq -d "$WORK/stored")" '' 'no crash is in the database twice'
is "$(comm -23 "$WORK/accepted" "$WORK/stored")" '' 'every accepted crash is in the database'
is "$(comm -13 "$WORK/accepted" "$WORK/stored")" '' 'and nothing else is'
sort "$WORK/crashed" >"$WORK/happened"
ours pid | sort >"$WORK/seen"
is "$(diff "$WORK/happened" "$WORK/seen")" '' 'every process that crashed is there, once'

group=$(ours 'DISTINCT group_id')
like "$group" '^[0-9]+$' 'they are one group'
is "$(sql "SELECT event_count FROM crash_groups WHERE id = $group")" "$(crashed)" \
    'its count is the number of crashes'
is "$(sql "SELECT sum(events) FROM group_hours WHERE group_id = $group")" "$(crashed)" \
    'so is the sum of the hours'
is "$(ours 'count(DISTINCT stack_id)')" 1 'the stack is stored once'
is "$(redis XPENDING corral:jobs workers | head -n 1)" 0 'no job is with a worker'
is "$(redis SCARD corral:queued)" 0 'no job waits'
is "$(redis XLEN corral:dead)" 0 'no job was given up'
ok 'all parts run' stack status
done_testing
