# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# corral-handler under the real core_pattern without any server: what a test of the capture is
# written with. The user of this file has read testlib.sh. capture_begin sets SPOOL; crash, victim
# and kill_victim set PID; arrived sets ENTRY, the folder of that pid's crash.

PROC=/proc/sys/kernel
SPOOL=
ENTRY=
PID=
AT_END=

# COMMAND: run at the end of the test, the last first
capture_at_end() { AT_END="$1; $AT_END"; }

capture_end() {
    eval "$AT_END" 2>/dev/null
    test_end
}

# LINE...: client.conf anew. core_pattern has 127 bytes: it points to links in $WORK.
configure_client() {
    {
        echo 'server = http://127.0.0.1:1'
        echo 'sender = /bin/true'
        if [[ " $* " != *'spool = '* ]]; then echo "spool = $SPOOL"; fi
        if [[ " $* " != *'budget_'* ]]; then printf '%s = off\n' budget_full budget_slim budget_meta; fi
        printf '%s\n' "$@"
    } >"$WORK/c"
}

# LINE...: of client.conf
capture_begin() {
    core_pattern_lock
    cat $PROC/core_pattern >"$WORK/found"
    capture_at_end "cat $WORK/found >$PROC/core_pattern; echo $(cat $PROC/core_pipe_limit) >$PROC/core_pipe_limit"
    trap capture_end EXIT
    chmod 711 "$WORK"
    SPOOL=$WORK/spool
    mkdir -m 700 "$SPOOL"
    chown nobody:nogroup "$SPOOL"
    ln -s "$BIN/corral-handler" "$WORK/h"
    configure_client "$@"
    echo 16 >$PROC/core_pipe_limit
    echo "|$WORK/h -c$WORK/c P%P I%I u%u g%g s%s t%t d%d C%C F%F h%h e%e E%E" >$PROC/core_pattern
}

# PROGRAM ARGUMENT...: runs it to its death
crash() {
    {
        "$@" >/dev/null 2>&1 &
        PID=$!
        wait "$PID"
    } 2>/dev/null
}

# PROGRAM ARGUMENT...: one that waits for a signal
victim() {
    "$@" >/dev/null 2>&1 </dev/zero &
    PID=$!
    # Until it is that program, and no longer this shell.
    wait_for 5 test ! /proc/$$/exe -ef "/proc/$PID/exe"
}

kill_victim() { # SIGNAL: and waits for its end
    {
        kill "-$1" "$PID"
        wait "$PID"
    } 2>/dev/null
}

threads_are() { [ "$(find "/proc/$PID/task" -mindepth 1 -maxdepth 1 | wc -l)" -ge "$1" ]; }

arrived() {
    local entry
    for entry in "$SPOOL"/????????-*; do
        if [ -f "$entry/meta.json" ] && [ "$(jq .pid "$entry/meta.json")" = "$PID" ]; then
            ENTRY=$entry
            return
        fi
    done
    return 1
}

meta() { jq -r "$1" "$ENTRY/meta.json"; } # FILTER
