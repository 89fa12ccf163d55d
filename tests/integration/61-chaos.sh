#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 240
# A crash storm of several programs, of which little is kept and most is counted, while everything between the kernel and the database is
# killed with SIGKILL and the network flaps. Afterwards the events and the crashes that they stand for are as many as happened, exactly.
# Of the programs whose handlers are killed, too, each kill may have cost the crash in hand and nothing else.
# CRASHES: how many (1000). SEED: of what is chosen at random here.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/lib/spoolkit.sh
. "$(dirname "$0")/../lib/spoolkit.sh"
need_root
need curl gcc jq perl zstd

CRASHES=${CRASHES:-1000}
SEED=${SEED:-$RANDOM}
RANDOM=$SEED
DOOMED_PERCENT=40 # of the handlers of doomed programs are killed

mkdir -p "$STACK/conf"
# Full cores on top of slim ones, and what a dead worker left taken over within the test's time.
echo 'want_core = full' >"$STACK/conf/ingestd.extra"
echo 'claim_idle = 2s' >"$STACK/conf/workerd.extra"
# A sender that a handler starts is seen in its log and by who kills.
printf '#!/bin/bash\nexec %q "$@" 2>>%q\n' "$BIN/corral-sender" "$WORK/once.log" >"$WORK/once"
chmod 755 "$WORK/once"
: >"$WORK/once.log"
stack_up --core-pattern
BEGUN=$EPOCHSECONDS
SPOOL=$STACK/spool
SENDER_LOG=$STACK/log/sender.log
relay_start "${CORRAL_INGEST_URL##*:}"
stack stop sender
sed -i -E '/^(server|sender|retry_|budget_)/d' "$STACK/conf/client.conf"
cat >>"$STACK/conf/client.conf" <<EOT
server = http://127.0.0.1:$RELAY_PORT
sender = $WORK/once
budget_full = executable 5/24h
budget_slim = kind 6/24h
budget_meta = kind 12/24h
retry_min = 100ms
retry_max = 400ms
timeout = 3s
EOT
ok 'the sender starts' stack start sender

# --- Between the kernel and the handler -----------------------------------------------------------

# Starts the handler, keeps no copy of its descriptors, kills it at a random moment if its program is doomed, and writes down how it ended.
cat >"$WORK/fate.c" <<'EOT'
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

static int is_doomed(char **argv)
{
    for (; *argv; argv++)
        if (strncmp(*argv, "E!", 2) == 0 && strstr(*argv, "!doomed-"))
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    unsigned short dice[2] = {0};
    char line[32];
    int status, fd, n;
    pid_t pid = argc > 0 ? fork() : -1;

    argv[0] = HANDLER;
    if (pid == 0) {
        execv(HANDLER, argv);
        _exit(127);
    }
    close_range(0, ~0u, 0);
    if (is_doomed(argv) && getrandom(dice, sizeof dice, 0) > 0 && dice[0] % 100 < PERCENT) {
        usleep(dice[1] % 5000);
        kill(pid, SIGKILL);
    }
    if (waitpid(pid, &status, 0) < 0 || (fd = open(LOG, O_WRONLY | O_CREAT | O_APPEND, 0600)) < 0)
        return 1;
    n = snprintf(line, sizeof line, "%s\n",
                 WIFSIGNALED(status) ? "killed" : status ? "failed" : "done");
    return write(fd, line, n) != n;
}
EOT
gcc -O1 -D_GNU_SOURCE -DHANDLER="\"$BIN/corral-handler\"" -DLOG="\"$WORK/fates\"" -DPERCENT="$DOOMED_PERCENT" \
    -o "$WORK/fate" "$WORK/fate.c" || bail 'the wrapper is built'
: >"$WORK/fates"
ln -sf "$WORK/fate" "$(cat "$STACK/hook")/handler"
fates() { grep -cx "$1" "$WORK/fates"; } # HOW

# --- The storm --------------------------------------------------------------------------------------------------------

PROGRAMS=()
for name in nullderef fpe abort assert threads; do PROGRAMS+=("$WORK/exact-$name"); done
for name in nofp sighandler; do PROGRAMS+=("$WORK/doomed-$name"); done
for program in "${PROGRAMS[@]}"; do cp "build/crashers/${program##*-}" "$program"; done

crash_on() { # SEED TIMES: writes down which program crashed, when it has
    local i program
    RANDOM=$1
    for ((i = 0; i < $2; i++)); do
        program=${PROGRAMS[RANDOM % ${#PROGRAMS[@]}]}
        "$program"
        echo "$program" >>"$WORK/crashed"
        sleep "0.0$((RANDOM % 10))"
    done
}
storm() {
    local i
    for i in 1 2 3 4; do crash_on $((SEED + i)) $((CRASHES / 4)) & done
    wait
} >/dev/null 2>&1
crashed() { grep -c "$1" "$WORK/crashed"; } # PROGRAM, or a part of its path
: >"$WORK/crashed"

# --- The chaos --------------------------------------------------------------------------------------------------------

flap() { # for as long as it may: every second connection is broken in some way
    while [ ! -e "$WORK/calm" ]; do
        case $((RANDOM % 10)) in
        0) fault refuse ;;
        1 | 2 | 3) fault drop ;;
        4) fault "cut $((RANDOM % 2000))" ;;
        5) fault "cut $((RANDOM * 4))" ;;
        *) fault pass ;;
        esac
        sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
    done
    fault pass
}

# Senders beside the service and beside each other, as handlers start them; some are killed.
send_once() (
    for _ in 1 2 3; do
        timeout -s KILL "0.$((RANDOM % 5))5" "$WORK/once" --once -c "$STACK/conf/client.conf" &
    done
    wait
) >/dev/null 2>&1 </dev/null

KILLS=0
chaos_step() {
    local parts=(sender sender sender ingestd ingestd workerd redis) part
    part=${parts[RANDOM % ${#parts[@]}]}
    stack kill "$part"
    KILLS=$((KILLS + 1))
    if [ "$part" = sender ]; then
        # Each begins with what the last one did not bring to its end.
        for _ in 1 2 3 4; do send_once; done
    elif ((RANDOM % 2)); then
        sleep "0.$((RANDOM % 4))"
    fi
    stack start "$part"
}

storm &
STORM=$!
flap &
FLAPPING=$!
while kill -0 "$STORM" 2>/dev/null; do chaos_step; done
wait "$STORM"
for _ in 1 2 3; do chaos_step; done # what waits now is drained under fire, too
touch "$WORK/calm"
wait "$FLAPPING"
stack start redis ingestd workerd sender
STORMED=$((EPOCHSECONDS - BEGUN))

# --- Until all is quiet -------------------------------------------------------------------------------------------------

N=$(wc -l <"$WORK/crashed")
handled() { [ "$(wc -l <"$WORK/fates")" = "$N" ]; }
pending() { find "$STACK/data/pending" -type f; }
waiting() { "$BIN/corralctl" -c "$STACK/conf/client.conf" client status --json; }
left() { find "$SPOOL" -mindepth 1 -maxdepth 1 -name '????????-????-7*'; }
quiet() { [ -z "$(left)" ] && [ "$(waiting | jq '[.. | .counted? // empty] | add')" = 0 ] && [ -z "$(pending)" ]; }
is "$N" "$((CRASHES / 4 * 4))" 'all crashed'
ok 'the kernel gave each to a handler' wait_for 20 handled
ok 'the spool, the ledger and the queue empty' wait_for 60 quiet
KILLED=$(fates killed)

# --- The reckoning ------------------------------------------------------------------------------------------------------

events() { # COLUMNS: of the programs here
    sql "SELECT $1 FROM crash_events e JOIN programs p ON p.id = e.program_id
         LEFT JOIN event_counts c USING (crash_id, received_at) WHERE p.executable LIKE '$2'"
}
happened() { events 'coalesce(sum(coalesce(c.crashes, 1)), 0)' "$1"; } # PROGRAM

# The programs whose handlers were left alone.
for program in "${PROGRAMS[@]}"; do
    case $program in
    *exact*) is "$(happened "$program")" "$(crashed "$program")" "${program##*/}: events and counts are as many as crashes" ;;
    esac
done
# Those whose handlers were killed.
LOST=$(($(crashed doomed-) - $(happened "$WORK/doomed-%")))
ok "no crash of a killed handler is there twice, and each kill cost one at most ($LOST lost by $KILLED kills)" \
    test "$LOST" -ge 0 -a "$LOST" -le "$KILLED"
ok 'handlers were killed' test "$KILLED" -ge $((CRASHES / 50))
is "$(fates failed)" 0 'no other handler failed'
is "$(sql "SELECT coalesce(sum(coalesce(c.crashes, 1)), 0) FROM crash_events e LEFT JOIN event_counts c USING (crash_id, received_at)")" \
    "$(happened "$WORK/%")" 'every count has its program'
is "$(events 'count(*) - count(DISTINCT (pid, e.crashed_at))' "$WORK/%' AND e.pid IS NOT NULL AND '' = '")" 0 'no process is there twice'

# What the server acknowledged, as the senders wrote it down, as its store has it, and as its database has it.
grep -hE 'msg="(crash sent|counted crashes reported)"' "$SENDER_LOG" "$WORK/once.log" |
    grep -oE 'crash_id=[0-9a-f-]+' | cut -d= -f2 | sort -u >"$WORK/acknowledged"
find "$STACK/data/crashes" -mindepth 4 -maxdepth 4 -type d -printf '%f\n' | sort >"$WORK/accepted"
sql 'SELECT crash_id FROM crash_events' | sort >"$WORK/stored"
ok 'the senders have logged what was acknowledged' test "$(wc -l <"$WORK/acknowledged")" -ge 50
is "$(comm -23 "$WORK/acknowledged" "$WORK/stored")" '' 'all that was acknowledged is in the database'
is "$(diff "$WORK/accepted" "$WORK/stored")" '' 'what lies in the store is in the database, once'
is "$(sql 'SELECT sum(event_count) FROM crash_groups') $(sql 'SELECT sum(events) FROM group_hours')" \
    "$(happened "%") $(happened "%")" 'groups and hours have the same sums'
is "$(find "$SPOOL/rejected" -mindepth 1)" '' 'nothing was refused'
is "$(redis XLEN corral:dead)" 0 'no job was given up'

# Full cores came whole, in the end.
broken_fulls() {
    local folder
    find "$STACK/data/crashes" -mindepth 4 -maxdepth 4 -type d | while read -r folder; do
        jq -e '.meta | .fidelity == "full" and (.executable | contains("exact-"))' "$folder/meta.json" >/dev/null || continue
        zstd -tq "$folder/full.zst" 2>/dev/null && jq -e '.core_truncated | not' "$folder/full.json" >/dev/null || echo "$folder"
    done
}
is "$(broken_fulls)" '' 'every full core is there behind its slim one, whole'
is "$(find "$STACK/data/crashes" -name 'full.part')" '' 'none is left half'
LEFT=$(find "$SPOOL" -maxdepth 1 -name 'tmp.*' | wc -l)
ok "what killed handlers left half is in nobody's way ($LEFT)" test "$LEFT" -le "$KILLED"

# --- The numbers --------------------------------------------------------------------------------------------------------

find "$STACK/data/crashes" -name meta.json -exec cat {} + | jq -r .meta.fidelity | sort | uniq -c >"$WORK/fidelities"
kept() { awk -v f="$1" '$2 == f { n = $1 } END { print n + 0 }' "$WORK/fidelities"; }
COUNTED=$(events 'coalesce(sum(c.crashes), 0)' "$WORK/%")
for fidelity in full slim meta count; do ok "some came as $fidelity" test "$(kept $fidelity)" -gt 0; done
ok 'most were only counted' test "$COUNTED" -gt $((N / 3))
diag "seed $SEED: $N crashes, $KILLS kills of servers and senders, $KILLED of handlers; $(grep -c . "$WORK/relay.bytes") connections"
diag "events: $(kept full) full, $(kept slim) slim, $(kept meta) meta; $COUNTED crashes in $(kept count) tallies; lost with their handler: $LOST"
diag "storm over after $STORMED s, all quiet and looked at after $((EPOCHSECONDS - BEGUN)) s"
done_testing
