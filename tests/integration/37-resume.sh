#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 120
# A full core of many megabytes behind its crash: it arrives byte for byte whatever is killed on the way, and what was sent
# before a kill is not sent again.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/lib/spoolkit.sh
. "$(dirname "$0")/../lib/spoolkit.sh"
need curl zstd openssl perl jq flock

MIB=${MIB:-256}
KILLS=${KILLS:-12}
PART=$((8 << 20)) # the largest (client/sender/full.c)
KIND=00112233445566778899aabbccddeeff
stack_up
stack stop sender workerd dashd
PORT=${CORRAL_INGEST_URL##*:}
relay_start "$PORT"
sender_conf "server = http://127.0.0.1:$RELAY_PORT"

full_core() { # MIB: sets SIZE and DIGEST of $WORK/full
    elf_core $(($1 << 20)) | zstd -q -1 >"$WORK/full"
    SIZE=$(stat -c %s "$WORK/full")
    DIGEST=$(sha256sum <"$WORK/full")
}

facts() { echo "{\"core_bytes\":$SIZE,\"core_expected\":$SIZE,\"core_truncated\":false}"; }

is_whole() { # ID: at the server, byte for byte
    [ "$(sha256sum <"$(stored "$1")/full.zst")" = "$DIGEST" ]
}

# Starts anew, ends what was begun in the middle: COMMAND... is done again and again until the crash has left the spool.
interruptions() { # ID COMMAND...
    local id=$1 n=0
    shift
    while [ -d "$SPOOL/$id" ] && [ $n -lt 300 ]; do
        "$@"
        n=$((n + 1))
    done
    echo $n
}

nap() { sleep "0.$((RANDOM % 30 + 10))"; }

# --- kill -9 of the sender ----------------------------------------------------------------------------------------

full_core "$MIB"
A=$(crash_id)
sender_conf "server = http://127.0.0.1:$RELAY_PORT" 'bandwidth = 80M'
spool_crash "$A" $KIND /bin/a 20000 "$WORK/full" "$(facts)"
start_and_kill() { sender_start; nap; sender_kill KILL; }
N=$(interruptions "$A" start_and_kill)
ok "the sender was killed at least $KILLS times ($N)" test "$N" -ge "$KILLS"
ok 'kill -9 of the sender: the full core is at the server, byte for byte' is_whole "$A"
ok "… and no more than a part was sent again for each kill ($(($(relayed) - SIZE)) bytes for $SIZE)" \
    test "$(relayed)" -le $((SIZE + (N + 1) * PART))
ok '… which is far from all of it each time' test "$(relayed)" -le $((SIZE * 3 / 2))
is "$(jq -r '[.core_bytes, .core_truncated] | join(" ")' "$(stored "$A")/full.json")" "$SIZE false" \
    '… and its facts are with it'
ok '… once' test "$(find "$STACK/data/crashes" -mindepth 4 -maxdepth 4 | wc -l)" = 1

# --- kill -9 of the server ----------------------------------------------------------------------------------------

: >"$WORK/relay.bytes"
full_core $((MIB / 2))
B=$(crash_id)
spool_crash "$B" $KIND /bin/a 20000 "$WORK/full" "$(facts)"
sender_start
kill_server() { nap; nap; stack kill ingestd; stack start ingestd; }
N=$(interruptions "$B" kill_server)
sender_kill TERM
ok "kill -9 of the server, $N times: byte for byte" is_whole "$B"
ok "… and a part sent again for each ($(($(relayed) - SIZE)) bytes for $SIZE)" \
    test "$(relayed)" -le $((SIZE + (N + 1) * PART))

# --- Cuts on the way ----------------------------------------------------------------------------------------------

: >"$WORK/relay.bytes"
full_core 48
C=$(crash_id)
sender_conf "server = http://127.0.0.1:$RELAY_PORT"
spool_crash "$C" $KIND /bin/a 20000 "$WORK/full" "$(facts)"
cuts=
for i in 1 2 3 4 5; do cuts+="cut $((RANDOM * 300 + i)); "; done
relay_start "$PORT"
fault "script ${cuts}drop; drop; pass"
sender_conf "server = http://127.0.0.1:$RELAY_PORT"
sender_start
ok 'connections cut at five places, two answers lost: it arrives' wait_for 60 spool_empty
ok '… byte for byte' is_whole "$C"
sender_kill TERM

# --- A file that grows --------------------------------------------------------------------------------------------

fault pass
full_core 24
D=$(crash_id)
E=$(crash_id)
: >"$WORK/growing"
exec 8<>"$WORK/growing"
flock 8 # as the handler holds it
spool_crash "$D" $KIND /bin/a 20000 "$WORK/growing"
sender_start
head -c $((SIZE / 2)) "$WORK/full" >&8
part_is_there() { [ "$(stat -c %s "$(stored "$D")/full.part")" -gt $((SIZE / 3)) ]; }
ok 'a file that still grows is followed' wait_for 10 part_is_there
ok '… while the crash itself is there' is_stored "$D"
spool_crash "$E" $KIND /bin/b 20000
ok '… and another crash is not kept waiting' wait_for 2 is_stored "$E"
tail -c +$((SIZE / 2 + 1)) "$WORK/full" >&8
printf '%s' "$(facts)" >"$WORK/facts"
mv "$WORK/facts" "$SPOOL/$D/full.json"
exec 8>&-
ok '… and it ends when the handler says so' wait_for 20 spool_empty
ok '… byte for byte' is_whole "$D"

# --- A handler that died ------------------------------------------------------------------------------------------

full_core 4
SIZE=$((SIZE / 2))
head -c $SIZE "$WORK/full" >"$WORK/half"
DIGEST=$(sha256sum <"$WORK/half")
F=$(crash_id)
spool_crash "$F" $KIND /bin/a 20000 "$WORK/half"
ok 'a full core that nobody writes any more is sent' wait_for 20 spool_empty
ok '… as far as it goes' is_whole "$F"
is "$(jq -r '[.core_truncated, .core_problem] | join(" ")' "$(stored "$F")/full.json")" \
    'true the handler ended before the core was complete' '… and said to be cut'
: >"$WORK/empty"
G=$(crash_id)
spool_crash "$G" $KIND /bin/a 20000 "$WORK/empty"
ok 'one that was never begun is given up' wait_for 10 spool_empty
ok '… and the log says so' grep -q "full core was given up.*$G" "$SENDER_LOG"
done_testing
