#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 120
# The coredump socket of Linux 6.17: crashes come the whole way through `corral-handler --listen`, are refused when there is no budget
# left or when too many come at a time, and counted then; strangers are turned away; what hangs or is killed costs its own crash only.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need_root
need jq perl python3

PROC=/proc/sys/kernel
core_pattern_lock
grep -qx socket $PROC/core_modes 2>/dev/null || skip_all 'this kernel gives crashes to no socket: Linux 6.17 does'
FOUND=$(cat $PROC/core_pattern)
FOUND_LIMIT=$(cat $PROC/core_pipe_limit)
HOOK=$(mktemp -d /run/corral.XXXXXX)
SOCKET=$HOOK/core.sock
LISTENER=
found_again() {
    echo "$FOUND" >"$PROC/core_pattern"
    echo "$FOUND_LIMIT" >"$PROC/core_pipe_limit"
}
trap 'found_again; [ -z "$LISTENER" ] || kill "$LISTENER"; rm -rf "$HOOK"; test_end' EXIT

# shellcheck disable=SC2119
stack_up
echo "$STACK" >"$HOOK/owner"
CONF=$STACK/conf/client.conf
cp "$CONF" "$WORK/client.conf"

# KEY=VALUE...: in the place of what the stack has of those keys
configure() {
    local pair
    cp "$WORK/client.conf" "$WORK/new.conf"
    for pair; do
        sed -i "/^${pair%%=*} *=/d" "$WORK/new.conf"
        echo "$pair" >>"$WORK/new.conf"
    done
    mv "$WORK/new.conf" "$CONF"
}
listening() { [ -S "$SOCKET" ] && "$BIN/corralctl" -c "$CONF" client status | grep -q 'ours, by socket'; }
listen() {
    "$BIN/corral-handler" --listen -c "$CONF" "$SOCKET" 2>>"$WORK/handler.log" &
    LISTENER=$!
}
counted() { "$BIN/corralctl" -c "$CONF" client status --json | json .counted; }

# --- A crash --------------------------------------------------------------------------------------------------------

PID=
crash() { # PROGRAM ARGUMENT...: runs it to its death
    { # bash announces the death on the standard error of that moment
        "$@" >/dev/null 2>&1 &
        PID=$!
        wait "$PID"
    } 2>/dev/null
}
# Whether a core was written for it: the kernel says so to the parent, in a bit that shells do not show.
# shellcheck disable=SC2016 # perl's dollars
dumped() { perl -e 'system @ARGV; print $? & 128 ? "dumped" : "not dumped", "\n"' "$@" 2>&1; }
# What the host said of it.
reported() { jq -r ".meta // . | $2" "$(find "$STACK/data/crashes" -name "$(event_of "$1")")/meta.json"; } # PID FILTER
event_of() { sql "SELECT crash_id FROM crash_events WHERE pid = $1"; } # PID
arrived() { [ -n "$(event_of "$1")" ]; }

listen
ok 'corral-handler --listen makes its socket' wait_for 10 test -S "$SOCKET"
is "$(stat -c '%U %a' "$SOCKET")" 'root 600' 'which is nobody else'"'"'s'
echo "@@$SOCKET" >"$PROC/core_pattern"
ok 'corralctl client status knows it' listening

crash build/crashers/nullderef
ok 'a crash arrives' wait_for 30 arrived "$PID"
EVENT=$(api "/events/$(event_of "$PID")")
is "$(reported "$PID" '"\(.pid) \(.tid) \(.signal) \(.executable) \(.comm) \(.hostname) \(.uid)"')" \
    "$PID $PID 11 $ROOT/build/crashers/nullderef nullderef $(hostname) 0" 'who, of what, where'
is "$(json .group_title <<<"$EVENT")" 'SIGSEGV in process_data() nullderef.c:19' 'with its stack'
said=$("$BIN/corralctl" -c "$CONF" client test 2>&1)
like "$said" '/events/[0-9a-f-]{36}$' 'corralctl client test works'

# The kernel tells no more than the process: that it was not the first thread is for us to find out.
cat >"$WORK/thread.py" <<'EOF'
import ctypes, threading
t = threading.Thread(target=lambda: ctypes.string_at(8))
t.start()
t.join()
EOF
crash python3 "$WORK/thread.py"
ok 'a crash of another thread arrives' wait_for 30 arrived "$PID"
is "$(reported "$PID" '.tid > .pid')" true 'as that thread'"'"'s'

# --- Strangers ------------------------------------------------------------------------------------------------------

connect() { # as whoever runs it: what becomes of a connection that the kernel did not make
    python3 - "$SOCKET" <<'EOF'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(10)
try:
    s.connect(sys.argv[1])
    s.send(b'\x10\0\0\0\x10\0\0\0\x0f\0\0\0\0\0\0\0')
    print('answered' if s.recv(16) else 'closed')
except ConnectionError: print('closed')
except PermissionError: print('forbidden')
EOF
}
is "$(connect)" closed 'a program of root that says it is the kernel is turned away'
chmod 755 "$HOOK"
is "$(setpriv --reuid=65534 --regid=65534 --clear-groups bash -c "$(declare -f connect); SOCKET=$SOCKET; connect")" forbidden \
    'others do not even get in'

# --- One that hangs -------------------------------------------------------------------------------------------------

configure core=full
# shellcheck disable=SC2016
(crash python3 -c 'import os, random; x = random.randbytes(200 << 20); os.abort()'; echo "$PID" >"$WORK/large") &
serving() { CHILD=$(pgrep -P "$LISTENER" | head -n 1) && [ -n "$CHILD" ]; }
ok 'a large crash is at work' wait_for 30 serving
CHILD=$(pgrep -P "$LISTENER" | head -n 1)
kill -STOP "$CHILD"
configure
crash build/crashers/heap
ok 'another one arrives while that one hangs' wait_for 30 arrived "$PID"
kill -CONT "$CHILD"
wait -n %?large 2>/dev/null
ok 'it ends' wait_for 60 test -s "$WORK/large"
ok 'and arrives' wait_for 60 arrived "$(cat "$WORK/large")"

# --- Too many -------------------------------------------------------------------------------------------------------

many() { # N: at once
    local i pids=()
    {
        for ((i = 0; i < $1; i++)); do
            build/crashers/abort >/dev/null 2>&1 &
            pids+=($!)
        done
        wait "${pids[@]}"
    } 2>/dev/null
}
total() { sql "SELECT coalesce(sum(event_count), 0) FROM crash_groups WHERE executable LIKE '%/abort'"; }
all_there() { [ "$(total)" = "$1" ]; }
many 40
ok 'of 40 at once each one is an event or counted' wait_for 60 all_there 40 ||
    diag "there are $(total): $(sql "SELECT crash_id, pid, crashed_at FROM crash_events WHERE executable LIKE '%/abort'") $(cat "$WORK/handler.log")"

# --- No budget ------------------------------------------------------------------------------------------------------

configure core=slim budget_{slim,meta}='host 1/1h'
is "$(dumped build/crashers/nullderef; dumped build/crashers/nullderef)" 'dumped
dumped' 'one slim, one with metadata alone'

is "$(dumped build/crashers/nullderef; dumped build/crashers/nullderef)" 'not dumped
not dumped' 'then none: the kernel is told so before it begins'
configure

# --- Killed ---------------------------------------------------------------------------------------------------------

kill -KILL "$LISTENER"
wait "$LISTENER" 2>/dev/null
begun=${EPOCHREALTIME/./}
is "$(dumped build/crashers/nullderef)" 'not dumped' 'with nobody there a crash is just a crash'
ok 'which waits for nobody' in_time $(((${EPOCHREALTIME/./} - begun) / 1000)) 1000
listen
ok 'started again' wait_for 10 listening
crash build/crashers/overflow
ok 'crashes arrive again' wait_for 30 arrived "$PID"
done_testing
