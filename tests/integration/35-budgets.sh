#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 180
# A crash loop costs the host next to nothing and loses no crash: the first is kept whole, some with
# their stacks or metadata, and the rest is counted in the ledger, whose counts the server gets.
# They survive a sender that does not run, a restart, and a disk that is full.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need_root
need jq gcc mount

trap 'umount -l "$STACK/spool" 2>/dev/null || true; test_end' EXIT
stack_up --core-pattern
# The budgets that a host has by default: the stack's own has none.
stack stop sender
sed -i '/^budget_/d' "$STACK/conf/client.conf"
stack start sender

# --- A handler that is measured -------------------------------------------------------------------

# Between the kernel and the handler: starts it, keeps no copy of its descriptors, and writes down
# the CPU time that it took.
cat >"$WORK/meter.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    struct rusage u;
    char line[64];
    int fd, n;
    argv[0] = HANDLER;
    if (argc > 0 && fork() == 0) {
        execv(HANDLER, argv);
        _exit(127);
    }
    close_range(0, ~0u, 0);
    if (wait4(-1, NULL, 0, &u) < 0 || (fd = open(LOG, O_WRONLY | O_CREAT | O_APPEND, 0600)) < 0)
        return 1;
    n = snprintf(line, sizeof line, "%ld %ld\n",
                 (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000L + u.ru_utime.tv_usec +
                     u.ru_stime.tv_usec, u.ru_maxrss);
    return write(fd, line, n) != n;
}
EOF
hook=$(cat "$STACK/hook")
gcc -O1 -D_GNU_SOURCE -DHANDLER="\"$BIN/corral-handler\"" -DLOG="\"$WORK/meter\"" \
    -o "$WORK/meter-handler" "$WORK/meter.c" || bail 'the meter is built'
ln -sf "$WORK/meter-handler" "$hook/handler"

handled() { [ "$(wc -l <"$WORK/meter" 2>/dev/null || echo 0)" -ge "$1" ]; } # NUMBER

# --- A crash loop ---------------------------------------------------------------------------------

crash_loop() { # PROGRAM TIMES
    local i
    for ((i = 0; i < $2; i++)); do "$1"; done
}

storm() { # PROGRAM TIMES: from four places at once, as fast as they die
    {
        for _ in 1 2 3 4; do crash_loop "$1" $(($2 / 4)) & done
        wait
    } >/dev/null 2>&1
}

events() { # PROGRAM: how many crashes of it the dashboard knows
    sql "SELECT coalesce(sum(event_count), 0) FROM crash_groups WHERE id IN (
             SELECT group_id FROM crash_events JOIN programs p ON p.id = program_id WHERE p.executable = '$1')"
}
counts() { [ "$(events "$1")" = "$2" ]; } # PROGRAM NUMBER

program=$(realpath build/crashers/nullderef)
begun=$EPOCHREALTIME
crash_loop "$program" 1 >/dev/null 2>&1
ok 'the first crash was handled' wait_for 20 handled 1
storm "$program" 996
crash_loop "$program" 3 >/dev/null 2>&1
took=$(((${EPOCHREALTIME/./} - ${begun/./}) / 1000))
ok 'every crash was handled' wait_for 20 handled 1000
spent=$(awk '{ sum += $1; if ($2 > most) most = $2 } END { printf "%d %d", sum / 1000, most }' "$WORK/meter")
diag "1000 crashes in $took ms; all handlers together ${spent% *} ms of CPU, the largest ${spent#* } KiB"
ok 'the handlers together take less than 5 s of CPU' test "${spent% *}" -lt 5000
ok 'and less than 64 MiB of memory each' test "${spent#* }" -lt 65536
ok 'every crash is counted at the server' wait_for 30 counts "$program" 1000
is "$(sql "SELECT count(DISTINCT group_id) FROM crash_events JOIN programs p ON p.id = program_id WHERE p.executable = '$program'")" 1 \
    'all in one group'

# --- What was kept --------------------------------------------------------------------------------

metas() { find "$STACK/data/crashes" -name meta.json -exec cat {} + | jq -c ".meta | select(.executable == \"$program\")"; }
metas >"$WORK/metas"
kept() { jq -r .fidelity "$WORK/metas" | grep -cx "$1"; } # FIDELITY
is "$(kept full)" 1 'one is kept whole'
ok 'few are kept slim' test "$(kept slim)" -le 6
ok 'and some as metadata' test "$(kept meta)" -le 25
first=$(jq -rs 'map(select(.fidelity == "full"))[0].crash_id' "$WORK/metas")
is "$(jq -rs 'min_by(.first_at // .timestamp).crash_id' "$WORK/metas")" "$first" 'the first, that is'
is "$(api "/events/$first/analysis" | json '[.threads[0].frames[].function] | index("main") != null')" true \
    'it has a stack'
is "$(jq -rs 'map(.kind) | unique | length' "$WORK/metas")" 1 'all are of one kind'
is "$(jq -rs 'map(select(.fidelity == "count") | .like != null) | all' "$WORK/metas")" true \
    'counts name the crash that they are like'
reports=$(kept count)
ok "few reports tell of the rest ($reports)" test "$reports" -le 12

# --- No sender, and a restart ---------------------------------------------------------------------

stack stop sender
crash_loop "$program" 40 >/dev/null 2>&1
ok 'handled without a sender' wait_for 20 handled 1040
stack kill ingestd
stack start sender
crash_loop "$program" 10 >/dev/null 2>&1
ok 'handled without a server' wait_for 20 handled 1050
stack kill sender
stack start ingestd sender
ok 'all are counted when both are back' wait_for 30 counts "$program" 1050

# --- A full disk ----------------------------------------------------------------------------------

stack stop sender
mount -t tmpfs -o size=3M,mode=700 tmpfs "$STACK/spool" || bail 'a small file system is mounted'
stack start sender
ok 'the ledger is there before the disk is full' wait_for 10 test -s "$STACK/spool/ledger"
dd if=/dev/zero of="$STACK/spool/filler" bs=64K 2>/dev/null
other=$(realpath build/crashers/fpe)
crash_loop "$other" 12 >/dev/null 2>&1
ok 'handled with a full disk' wait_for 20 handled 1062
ok 'counts reach the server from a full disk' wait_for 30 counts "$other" 12
stack stop sender
umount -l "$STACK/spool"
ln -sf "$BIN/corral-handler" "$hook/handler"
done_testing
