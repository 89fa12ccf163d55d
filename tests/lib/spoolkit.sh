# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests of the sender: crashes made by hand, a sender of one's own, a relay that breaks
# connections. Used after testlib.sh, with the stack up and its own sender stopped.

SPOOL=$WORK/spool
CONF=$WORK/client.conf
SENDER_LOG=$WORK/sender.log
# Process ids of what was started here.
SENDER=
RELAY=

# --- Crashes ----------------------------------------------------------------------------------------------------

crash_id() { # [MSEC]: a UUIDv7 of that time, by default of now
    local msec=${1:-$(date +%s%3N)} rest
    rest=$(head -c 10 /dev/urandom | od -An -tx1 | tr -d ' \n')
    printf '%s-%s-7%s-a%s-%s\n' "$(printf '%012x' "$msec" | cut -c1-8)" "$(printf '%012x' "$msec" | cut -c9-12)" \
        "${rest:0:3}" "${rest:3:3}" "${rest:8:12}"
}

elf_core() { # BYTES: starts like a core, and does not get smaller by compression
    printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\4\0\76\0\1\0\0\0'
    head -c 40 /dev/zero
    head -c "$1" /dev/zero | openssl enc -aes-128-ctr -pass "pass:$RANDOM" -nosalt -iter 1 2>/dev/null
}

# Whole, as the handler leaves it: ID KIND EXECUTABLE CORE-BYTES [FULL-FILE [FULL-JSON]]. 0 bytes: no core. The full core is
# moved there, or with "-" made empty and locked by whoever comes next.
spool_crash() {
    local folder=$SPOOL/tmp.$1 fate='"encoding":"zstd","fidelity":"slim"'
    if [ "$4" = 0 ]; then fate='"fidelity":"meta","core_problem":"none was wanted"'; fi
    mkdir -m 700 "$folder"
    printf '{"crash_id":"%s","executable":"%s","kind":"%s","signal":11,"hostname":"h","timestamp":"%s",%s}' \
        "$1" "$3" "$2" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$fate" >"$folder/meta.json"
    if [ "$4" != 0 ]; then elf_core "$4" | zstd -q -1 >"$folder/core.zst"; fi
    if [ -n "${5:-}" ]; then mv "$5" "$folder/full.zst"; fi
    if [ -n "${6:-}" ]; then printf '%s' "$6" >"$folder/full.json"; fi
    chmod 600 "$folder"/*
    mv "$folder" "$SPOOL/$1"
}

spooled() { # prints the ids that still are in the spool
    find "$SPOOL" -mindepth 1 -maxdepth 1 -type d -name '*-*-7*' -printf '%f\n' | sort
}

spool_empty() { [ -z "$(spooled)" ]; }

stored() { # ID: its folder in the server's store
    find "$STACK/data/crashes" -mindepth 4 -maxdepth 4 -name "$1"
}

is_stored() { [ -e "$(stored "$1")/meta.json" ]; }

# --- The sender -------------------------------------------------------------------------------------------------

# "KEY = VALUE" lines beyond those that every test needs. Later lines win.
sender_conf() { # [LINE...]
    [ -d "$SPOOL" ] || mkdir -m 700 "$SPOOL"
    {
        printf '%s\n' "server = $CORRAL_INGEST_URL" "token_file = $STACK/tokens/ingest" "spool = $SPOOL" \
            'retry_min = 100ms' 'retry_max = 300ms' 'keep_free = 0' 'log_lines = 0' 'timeout = 10s' 'log_level = debug'
        printf '%s\n' "$@"
    } | awk -F' = ' '{ line[$1] = $0 } END { for (k in line) print line[k] }' >"$CONF"
}

sender_start() {
    "$BIN/corral-sender" -c "$CONF" </dev/null 2>>"$SENDER_LOG" 9>&- &
    SENDER=$!
}

sender_kill() { # SIGNAL
    { kill "-$1" "$SENDER" && wait "$SENDER"; } 2>/dev/null
    SENDER=
}

# Into the log, and what it says when it fails to standard error as well: the log is emptied between the steps of a test.
send_once() {
    local status=0 before
    before=$(stat -c %s "$SENDER_LOG" 2>/dev/null || echo 0)
    "$BIN/corral-sender" --once -c "$CONF" </dev/null 2>>"$SENDER_LOG" || status=$?
    if [ "$status" != 0 ]; then tail -c "+$((before + 1))" "$SENDER_LOG" >&2; fi
    return "$status"
}

# --- The relay --------------------------------------------------------------------------------------------------

relay_end() {
    if [ -n "$RELAY" ]; then { kill "$RELAY" && wait "$RELAY"; } 2>/dev/null; fi
    RELAY=
}

# A new one, for which the faults of a script begin anew.
relay_start() { # TARGET-PORT: sets RELAY_PORT
    relay_end
    echo pass >"$WORK/fault"
    rm -f "$WORK/relay"
    tests/lib/fault-proxy "$WORK/relay" "$1" "$WORK/fault" </dev/null 2>>"$WORK/relay.log" 9>&- &
    RELAY=$!
    wait_for 5 test -s "$WORK/relay" || bail 'the relay starts'
    # shellcheck disable=SC2034 # for the tests
    RELAY_PORT=$(cat "$WORK/relay")
    : >"$WORK/relay.bytes"
}

fault() { echo "$*" >"$WORK/fault"; }

relayed() { awk '{ n += $1 } END { printf "%d\n", n }' "$WORK/relay.bytes"; }

# --- The end ----------------------------------------------------------------------------------------------------

spoolkit_end() {
    local status=$?
    if [ -n "$SENDER" ]; then sender_kill KILL; fi
    relay_end
    if [ "$FAILED" != 0 ] && [ -s "$SENDER_LOG" ]; then diag '--- the sender'; tail -n 15 "$SENDER_LOG" | sed 's/^/#   /'; fi
    (exit "$status")
    test_end
}
trap spoolkit_end EXIT
