#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 120
# What is taken must be usable afterwards: reports on the edge of every limit become events, those beyond it are refused before a
# 202. And a crash that the server can't take now is not in the way of the others.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need_root
need curl gcore

DATA=$STACK/data
mkdir -p "$DATA" "$STACK/conf"
# A disk with room for a small core, and not for a large one.
mount -t tmpfs -o size=64M,mode=0755 corral-test "$DATA" 2>"$WORK/.output" || skip_all "no tmpfs here: $(cat "$WORK/.output")"
trap 'ENDED=$?; stack down >/dev/null 2>&1; umount "$DATA"; (exit "$ENDED"); test_end' EXIT
printf '%s\n' 'free_min = 32M' >"$STACK/conf/ingestd.extra"
stack_up

CRASHES=$CORRAL_INGEST_URL/api/v1/crashes
AUTH="Authorization: Bearer $(cat "$STACK/tokens/ingest")"

# --- Reports on the edge --------------------------------------------------------------------------------------------

deep() { # ID DEPTH: a report that nests so deep, in a member that nobody knows
    local open close
    open=$(printf "%$(($2 - 1))s")
    close=${open// /]}
    printf '{"crash_id":"%s","core_problem":"none","future":%s%s}' "$1" "${open// /[}" "$close"
}

is_event() { [ "$(api "/events/$1" | json .state)" = complete ]; }

ID=$(uuid)
deep "$ID" 16 >"$WORK/meta"
request -H "$AUTH" -F "meta=<$WORK/meta" "$CRASHES"
is "$STATUS" 202 'a report that nests 16 deep is taken'
request -H "$AUTH" -F "meta=<$WORK/meta" "$CRASHES"
is "$STATUS" 200 'and known when it comes again'
ok 'and becomes an event' wait_for 20 is_event "$ID"
deep "$(uuid)" 17 >"$WORK/meta"
request -H "$AUTH" -F "meta=<$WORK/meta" "$CRASHES"
is "$STATUS" 400 'one that nests 17 deep is refused'

ID=$(uuid)
request -H "$AUTH" -F "crash_id=$ID" -F core_problem=none -F tag.a=1 -F tag.a=2 "$CRASHES"
is "$STATUS" 422 'a tag that comes twice is refused'
request -H "$AUTH" -F "crash_id=$ID" -F core_problem=none -F tag.a=1 -F tag.b=2 "$CRASHES"
is "$STATUS" 202 'two tags are taken'
ok 'and become an event' wait_for 20 is_event "$ID"

# --- A crash that is too large for the server's disk ----------------------------------------------------------------

ok 'no sender for now' stack stop sender
sleep 1000 &
VICTIM=$!
ok 'a core of a living process' gcore -o "$WORK/core" "$VICTIM"
mv "$WORK/core.$VICTIM" "$WORK/core"
{ cat "$WORK/core" && head -c 40000000 /dev/urandom; } >"$WORK/core.large"
sed 's|^sender *=.*||' "$STACK/conf/client.conf" >"$WORK/client.conf"
echo 'sender = /bin/true' >>"$WORK/client.conf"

spooled() { find "$STACK/spool" -mindepth 1 -maxdepth 1 -name '0*' -printf '%f\n'; }
crash() { "$BIN/corral-handler" -c "$WORK/client.conf" "P$VICTIM" "I$VICTIM" s11 d1 <"$1"; }

ok 'the large one crashes first' crash "$WORK/core.large"
LARGE=$(spooled)
ok 'then a small one' crash "$WORK/core"
is "$(spooled | wc -l)" 2 'both wait'
"$BIN/corral-sender" --once -c "$WORK/client.conf" 2>"$WORK/log"
is $? 75 'the sender leaves something'
is "$(spooled)" "$LARGE" 'which is the large one'
kill "$VICTIM"

done_testing
