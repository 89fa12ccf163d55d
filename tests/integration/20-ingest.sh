#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 300
# Uploads by curl and by hand, good and bad, while servers come and go. A bad one is told what to do and leaves nothing behind.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need curl zstd gcore readelf sha256sum

mkdir -p "$STACK/conf"
# libmicrohttpd sometimes learns of a cut connection only by its silence.
printf '%s\n' 'core_max = 8M' 'module_max = 8M' 'free_min = 1M' 'idle_timeout = 4s' >"$STACK/conf/ingestd.extra"
stack_up
# So that what was accepted stays where the test can look at it.
ok 'no worker and no sender in this test' stack stop workerd sender

DATA=$STACK/data
CRASHES=$CORRAL_INGEST_URL/api/v1/crashes
MODULES=$CORRAL_INGEST_URL/api/v1/modules
TOKEN=$(cat "$STACK/tokens/ingest")
AUTH="Authorization: Bearer $TOKEN"

# --- Material -------------------------------------------------------------------------------------------------------

meta() { # ID [MEMBERS]: the JSON
    printf '{"crash_id":"%s","hostname":"web1","executable":"/usr/bin/sleep","pid":4711,"signal":11%s}' "$1" "${2:-}"
}

sleep 1000 &
VICTIM=$!
ok 'a core of a living process' gcore -o "$WORK/core" "$VICTIM"
kill "$VICTIM"
mv "$WORK/core.$VICTIM" "$WORK/core"
zstd -q "$WORK/core" -o "$WORK/core.zst"
# Another crash's: as long, with other bytes.
{ head -c -4 "$WORK/core" && echo end; } >"$WORK/core.other"
# A core that does not get smaller: 6 MB that the disk has to take.
{ cat "$WORK/core" && head -c 6000000 /dev/urandom; } >"$WORK/core.large"
{ cat "$WORK/core.large" && head -c 3000000 /dev/urandom; } >"$WORK/core.oversized"
MODULE=$(realpath "$(command -v sleep)")
BUILD_ID=$(readelf -n "$MODULE" | sed -n 's/.*Build ID: //p')

# --- What holds after every bad request -----------------------------------------------------------------------------

pending() { find "$DATA/pending" -type f | wc -l; }
tmp_empty() { [ -z "$(ls -A "$DATA/tmp")" ]; }
crashes() { find "$DATA/crashes" -mindepth 4 -maxdepth 4 | wc -l; }

BEFORE=
remember() { BEFORE="$(pending) pending, $(crashes) crashes"; }

nothing_left() { # WHAT
    ok "$1: tmp/ is empty again" wait_for 20 tmp_empty
    is "$(pending) pending, $(crashes) crashes" "$BEFORE" "$1: nothing was accepted"
}

is_problem() { # WHAT STATUS WORD: of the last request
    is "$STATUS" "$2" "$1: $2"
    like "$HEADERS" 'Content-Type: application/problem\+json' "$1: problem+json"
    like "$(json .detail <<<"$BODY")" "$3" "$1: says what to do"
}

refused() { # WHAT STATUS WORD CURL-ARGUMENT...
    remember
    request -H "$AUTH" "${@:4}"
    is_problem "$1" "$2" "$3"
    nothing_left "$1"
}

# Sends bytes as they are, then the end of the stream; the answer's status line and head go to stdout.
raw() { # FILE
    local port=${CORRAL_INGEST_URL##*:}
    exec 8<>"/dev/tcp/127.0.0.1/${port%/}"
    cat "$1" >&8
    timeout 10 cat <&8
    exec 8>&-
}

stored() { find "$DATA/crashes" -mindepth 4 -maxdepth 4 -name "$1"; } # ID

same_core() { zstd -dcq "$(stored "$1")/core.zst" | cmp - "$2"; } # ID FILE

queued() { redis XRANGE corral:jobs - + | grep -qx "$1"; } # ID

# --- Good uploads ---------------------------------------------------------------------------------------------------

ID=$(uuid)
meta "$ID" ',"modules":[{"path":"'"$MODULE"'","build_id":"'"$BUILD_ID"'","start":"0x1000","end":"0x2000","offered":true}]' >"$WORK/meta"
request -H "$AUTH" -F "meta=@$WORK/meta" -F "core=@$WORK/core" "$CRASHES"
is "$STATUS" 202 'a core as it is: 202'
is "$(json .crash_id <<<"$BODY")" "$ID" 'the answer names the crash'
is "$(json '.want.modules[]' <<<"$BODY")" "$BUILD_ID" 'and the module that is wanted'
is "$(json .want.core <<<"$BODY")" full 'and how much of the next core'
like "$HEADERS" "Location: $CORRAL_URL/events/$ID" 'and where people will see it'
ok 'the core is stored' same_core "$ID" "$WORK/core"
ok 'the pending entry is there' test -e "$DATA/pending/$ID"
ok 'the job is queued' wait_for 10 queued "$ID"
ok 'tmp/ is empty' wait_for 20 tmp_empty
is "$(json .receipt.core_sha256 <"$(stored "$ID")/meta.json")" "$(sha256sum <"$WORK/core" | cut -d' ' -f1)" 'the digest is in the record'
is "$(json .meta.hostname <"$(stored "$ID")/meta.json")" web1 'and what the client said'

remember
request -H "$AUTH" -F "meta=@$WORK/meta" -F "core=@$WORK/core" "$CRASHES"
is "$STATUS" 200 'the same again: 200'
is "$(json .crash_id <<<"$BODY")" "$ID" 'with the same body'
nothing_left 'the same again'
refused 'the same id with another core' 409 "$ID" -F "meta=@$WORK/meta" -F "core=@$WORK/core.other" "$CRASHES"
ok 'the first core is still the one' same_core "$ID" "$WORK/core"

ID=$(uuid)
meta "$ID" ',"encoding":"zstd"' >"$WORK/meta.zstd"
request -H "$AUTH" -F "meta=@$WORK/meta.zstd" -F "core=@$WORK/core.zst" "$CRASHES"
is "$STATUS" 202 'a core in zstd: 202'
ok 'stored as it came' cmp "$(stored "$ID")/core.zst" "$WORK/core.zst"

request -H "$AUTH" -F executable=/usr/bin/sleep -F signal=SIGSEGV -F pid=4711 -F "core=@$WORK/core" "$CRASHES"
is "$STATUS" 202 'plain fields: 202'
ok 'under an id of the server' same_core "$(json .crash_id <<<"$BODY")" "$WORK/core"
request -H "$AUTH" -F executable=/usr/bin/sleep -F "dump=@$WORK/core.zst" "$CORRAL_INGEST_URL/api/upload"
is "$STATUS" 202 '/api/upload with a dump: 202'
ok 'stored' same_core "$(json .crash_id <<<"$BODY")" "$WORK/core"

ID=$(uuid)
meta "$ID" ',"core_problem":"the disk was full"' >"$WORK/meta.alone"
request -H "$AUTH" -F "meta=@$WORK/meta.alone" "$CRASHES"
is "$STATUS" 202 'a crash without a core that says why: 202'
ok 'it is queued' wait_for 10 queued "$ID"

request -H "$AUTH" -H 'Transfer-Encoding: chunked' -F "meta=$(meta "$(uuid)")" -F "core=@$WORK/core.large" "$CRASHES"
is "$STATUS" 202 'of unknown length: 202'

# --- Bad ones -------------------------------------------------------------------------------------------------------

NEW=$(meta "$(uuid)")
refused 'not multipart' 415 multipart -H 'Content-Type: application/octet-stream' --data-binary "@$WORK/core" "$CRASHES"
refused 'multipart in name alone' 400 boundary -H 'Content-Type: multipart/form-data; boundary=x' --data-binary "@$WORK/core" "$CRASHES"
refused 'no metadata' 400 metadata -F "core=@$WORK/core" "$CRASHES"
refused 'metadata after the core' 400 'first' -F "core=@$WORK/core" -F "meta=$NEW" "$CRASHES"
refused 'a field after the core' 400 'before' -F pid=1 -F "core=@$WORK/core" -F signal=11 "$CRASHES"
refused 'no core' 400 core -F "meta=$NEW" "$CRASHES"
refused 'metadata that is no JSON' 400 JSON -F 'meta={' -F "core=@$WORK/core" "$CRASHES"
refused 'a crash id that is none' 422 crash_id -F 'meta={"crash_id":"../../etc"}' -F "core=@$WORK/core" "$CRASHES"
refused 'a field out of bounds' 422 pid -F pid=-1 -F "core=@$WORK/core" "$CRASHES"
refused 'an unknown field' 400 colour -F colour=red -F "core=@$WORK/core" "$CRASHES"
refused 'a program in place of a core' 415 core -F "meta=$NEW" -F "core=@$MODULE" "$CRASHES"
refused 'a text in place of a core' 415 core -F "meta=$NEW" -F "core=@$0" "$CRASHES"
refused 'too large a core' 413 core_max -F "meta=$NEW" -F "core=@$WORK/core.oversized" "$CRASHES"
refused 'too large a core of unknown length' 413 core_max -H 'Transfer-Encoding: chunked' -F "meta=$NEW" -F "core=@$WORK/core.oversized" "$CRASHES"

AUTH='X-No: token'
refused 'no token' 401 Bearer -F "meta=$NEW" -F "core=@$WORK/core" "$CRASHES"
like "$HEADERS" 'WWW-Authenticate: Bearer' 'no token: says how'
AUTH="Authorization: Bearer ${TOKEN%?}"
refused 'a token cut short' 401 Bearer -F "meta=$NEW" -F "core=@$WORK/core" "$CRASHES"
READER=corral_read_$(od -An -N20 -tx1 /dev/urandom | tr -d ' \n')
sql "INSERT INTO api_tokens (name, scope, digest) VALUES ('reader', 'read', sha256('$READER'))"
AUTH="Authorization: Bearer $READER"
reader_known() { [ "$(curl -s -o /dev/null -w '%{http_code}' -H "$AUTH" -X POST "$CRASHES")" = 403 ]; }
ok 'a new token is known soon' wait_for 10 reader_known
refused 'a token for something else' 403 scope -F "meta=$NEW" -F "core=@$WORK/core" "$CRASHES"
AUTH="Authorization: Bearer $TOKEN"

# --- Cut connections ------------------------------------------------------------------------------------------------

# The request as curl would send it: body in $WORK/body, head with the length that is asked for.
multipart_body() { # META
    printf -- '--b\r\nContent-Disposition: form-data; name="meta"\r\n\r\n%s\r\n' "$1"
    printf -- '--b\r\nContent-Disposition: form-data; name="core"; filename="core"\r\n\r\n'
    cat "$WORK/core"
    printf -- '\r\n--b--\r\n'
}
multipart_head() { # LENGTH
    printf 'POST /api/v1/crashes HTTP/1.1\r\nHost: x\r\n%s\r\nContent-Type: multipart/form-data; boundary=b\r\n' "$AUTH"
    printf 'Content-Length: %s\r\nConnection: close\r\n\r\n' "$1"
}
multipart_body "$NEW" >"$WORK/body"
LENGTH=$(stat -c %s "$WORK/body")

remember
{ multipart_head $((LENGTH - 20)) && head -c $((LENGTH - 20)) "$WORK/body"; } >"$WORK/raw"
like "$(raw "$WORK/raw" | head -1)" '^HTTP/1.1 400' 'a body that ends too early: 400'
nothing_left 'a body that ends too early'

remember
{ multipart_head $((LENGTH + 1000)) && cat "$WORK/body"; } >"$WORK/raw"
exec 8<>"/dev/tcp/127.0.0.1/${CORRAL_INGEST_URL##*:}"
cat "$WORK/raw" >&8
in_tmp() { ! tmp_empty; }
ok 'a Content-Length that promises too much: the server waits' wait_for 10 in_tmp
exec 8>&-
nothing_left 'a Content-Length that promises too much'

remember
curl -s -H "$AUTH" --limit-rate 500k -F "meta=$NEW" -F "core=@$WORK/core.large" "$CRASHES" >"$WORK/.output" &
CURL=$!
ok 'a slow upload is on its way' wait_for 10 in_tmp
kill -KILL $CURL
wait $CURL 2>/dev/null
nothing_left 'a client that was killed'

# --- Modules --------------------------------------------------------------------------------------------------------

URL=$MODULES/$BUILD_ID/executable
request -I -H "$AUTH" "$URL"
is "$STATUS" 404 'a module that is not there: 404'
request -H "$AUTH" -T "$MODULE" "$URL"
is "$STATUS" 201 'PUT: 201'
request -I -H "$AUTH" "$URL"
is "$STATUS" 200 'now it is there'
ok 'stored as it came' cmp "$DATA/modules/${BUILD_ID:0:2}/$BUILD_ID/executable" "$MODULE"
request -H "$AUTH" -T "$MODULE" "$URL"
is "$STATUS" 200 'PUT again: 200'
request -H "$AUTH" -F "meta=@$WORK/meta" -F "core=@$WORK/core" "$CRASHES"
is "$(json '.want.modules | length' <<<"$BODY")" 0 'it is not wanted any more'

zstd -q -19 "$MODULE" -o "$WORK/module.zst"
request -H "$AUTH" -H 'Content-Encoding: zstd' -T "$WORK/module.zst" "$MODULES/$BUILD_ID/debuginfo"
is "$STATUS" 201 'PUT of a compressed one: 201'
ok 'stored as it was before' cmp "$DATA/modules/${BUILD_ID:0:2}/$BUILD_ID/debuginfo" "$MODULE"

OTHER=$(tr 0-9a-f 1-9a-f0 <<<"$BUILD_ID")
head -c -5 "$WORK/module.zst" >"$WORK/module.short"
{ cat "$MODULE" && head -c 64M /dev/zero; } | zstd -q >"$WORK/module.bomb"
zstd -q -3 --zstd=wlog=24 -c - <"$WORK/core.large" >"$WORK/module.wide"
refused 'a compressed module that was cut off' 422 'cut off' -H 'Content-Encoding: zstd' -T "$WORK/module.short" "$MODULES/$BUILD_ID/unwind"
refused 'a module that is 64 MB when it is decompressed' 413 module_max -H 'Content-Encoding: zstd' -T "$WORK/module.bomb" "$MODULES/$BUILD_ID/unwind"
refused 'a window of 16 MiB' 415 window -H 'Content-Encoding: zstd' -T "$WORK/module.wide" "$MODULES/$BUILD_ID/unwind"
refused 'a module that is not compressed as it says' 415 zstd -H 'Content-Encoding: zstd' -T "$MODULE" "$MODULES/$BUILD_ID/unwind"
refused 'a module in another encoding' 415 zstd -H 'Content-Encoding: gzip' -T "$MODULE" "$MODULES/$BUILD_ID/unwind"
head -c 2000 "$MODULE" >"$WORK/module.cut"
echo 'int main(void) { return 0; }' | gcc -x c - -Wl,--build-id=none -o "$WORK/module.none"
refused 'a module under another build-id' 422 "$BUILD_ID" -T "$MODULE" "$MODULES/$OTHER/executable"
refused 'a module without a build-id' 422 build-id -T "$WORK/module.none" "$MODULES/$OTHER/executable"
refused 'a module that was cut off' 422 'cut off' -T "$WORK/module.cut" "$MODULES/$BUILD_ID/debuginfo"
refused 'a module that is no ELF file' 415 ELF -T "$0" "$MODULES/$OTHER/executable"
refused 'too large a module' 413 module_max -T "$WORK/core.oversized" "$MODULES/$OTHER/executable"
refused 'a build-id that is a path' 404 '' --path-as-is -T "$MODULE" "$MODULES/..%2f..%2fx/executable"
refused 'a build-id in capitals' 400 lower-case -T "$MODULE" "$MODULES/${BUILD_ID^^}/executable"
refused 'an unknown kind of module' 404 debuginfo -T "$MODULE" "$MODULES/$BUILD_ID/index"
request -I -H "$AUTH" "$MODULES/$OTHER/executable"
is "$STATUS" 404 'none of them is there'

# --- Without Redis, without PostgreSQL ------------------------------------------------------------------------------

accepted() { # WHAT: one more crash; its id goes to ID
    ID=$(uuid)
    request -H "$AUTH" -F "meta=$(meta "$ID")" -F "core=@$WORK/core" "$CRASHES"
    is "$STATUS" 202 "$1: 202"
    ok "$1: the pending entry is there" test -e "$DATA/pending/$ID"
}
ready_says() { # WORD
    request "$CORRAL_INGEST_URL/readyz"
    [ "$STATUS" = 200 ] && [ "$(json ".$1" <<<"$BODY")" = "$2" ]
}

ok 'Redis stops' stack stop redis
accepted 'without Redis'
ok 'degraded, and ready all the same' wait_for 10 ready_says redis away
ok 'Redis starts' stack start redis
ok 'what was accepted meanwhile is queued' wait_for 20 queued "$ID"
ok 'not degraded any more' wait_for 10 ready_says status ready

redis FLUSHALL >/dev/null
ok 'what a FLUSHALL took away is queued again' wait_for 20 queued "$ID"
all_queued() { [ "$(redis SCARD corral:queued)" = "$(pending)" ]; }
ok 'all of it' wait_for 20 all_queued
is "$(redis XLEN corral:jobs)" "$(pending)" 'once each'

ok 'PostgreSQL stops' stack stop postgres
ok 'degraded, and ready all the same' wait_for 10 ready_says database away
accepted 'without PostgreSQL'
ok 'ingestd restarts without PostgreSQL' stack restart ingestd
accepted 'after a restart without PostgreSQL'
request -H 'Authorization: Bearer corral_ingest_unknown' -F "core=@$WORK/core" "$CRASHES"
is "$STATUS" 401 'an unknown token is still unknown'
ok 'PostgreSQL starts' stack start postgres
ok 'not degraded any more' wait_for 20 ready_says status ready

# --- Ends -----------------------------------------------------------------------------------------------------------

# An upload whose last byte is held back while the daemon is told to end.
ID=$(uuid)
multipart_body "$(meta "$ID")" >"$WORK/body"
LENGTH=$(stat -c %s "$WORK/body")
exec 8<>"/dev/tcp/127.0.0.1/${CORRAL_INGEST_URL##*:}"
{ multipart_head "$LENGTH" && head -c -1 "$WORK/body"; } >&8
ok 'all but a byte of an upload is there' wait_for 10 in_tmp
stack stop ingestd >"$WORK/.stop" 2>&1 &
STOP=$!
refuses() { ! curl -s -o /dev/null "$CORRAL_INGEST_URL/healthz"; }
ok 'a daemon that ends takes no new connection' wait_for 10 refuses
tail -c 1 "$WORK/body" >&8
like "$(timeout 10 head -1 <&8)" '^HTTP/1.1 202' 'but finishes what has begun'
exec 8>&-
ok 'and ends' wait "$STOP"
ok 'that crash is stored' same_core "$ID" "$WORK/core"
ok 'ingestd starts' stack start ingestd

remember
curl -s -H "$AUTH" --limit-rate 500k -F "meta=$(meta "$(uuid)")" -F "core=@$WORK/core.large" "$CRASHES" >/dev/null &
CURL=$!
ok 'a slow upload is on its way' wait_for 10 in_tmp
ok 'ingestd is killed' stack kill ingestd
wait $CURL
is "$(pending) pending, $(crashes) crashes" "$BEFORE" 'half an upload is not to be seen'
find "$DATA/tmp" -mindepth 1 -maxdepth 1 -exec touch -d '2 days ago' {} +
ok 'ingestd starts' stack start ingestd
ok 'and clears what is left' wait_for 20 tmp_empty

# --- A full disk ----------------------------------------------------------------------------------------------------

sed -i 's/^free_min = .*/free_min = 1000T/' "$STACK/conf/ingestd.conf"
ok 'ingestd stops' stack stop ingestd
"$BIN/corral-ingestd" -c "$STACK/conf/ingestd.conf" >"$STACK/log/full.log" 2>&1 &
FULL=$!
full() { [ "$(curl -s -o /dev/null -w '%{http_code}' "$CORRAL_INGEST_URL/readyz")" = 503 ]; }
ok 'with too little space it is not ready' wait_for 10 full
refused 'too little space' 503 full -F "meta=$NEW" -F "core=@$WORK/core" "$CRASHES"
like "$HEADERS" 'Retry-After: [0-9]+' 'too little space: says when to try again'
like "$HEADERS" 'HTTP/1.1 503' 'too little space: the body is not read'
kill $FULL
wait $FULL

if [ "$(id -u)" = 0 ] && mkdir "$WORK/small" && mount -t tmpfs -o size=3m corral-test "$WORK/small" 2>/dev/null; then
    trap 'ENDED=$?; umount "$WORK/small"; (exit "$ENDED"); test_end' EXIT
    cp "$DATA/tokens.json" "$WORK/small"
    sed -e 's/^free_min = .*/free_min = 1M/' -e "s|^data = .*|data = $WORK/small|" "$STACK/conf/ingestd.conf" >"$WORK/small.conf"
    DATA=$WORK/small
    "$BIN/corral-ingestd" -c "$WORK/small.conf" >"$STACK/log/small.log" 2>&1 &
    SMALL=$!
    alive() { curl -fs "$CORRAL_INGEST_URL/readyz"; }
    ok 'a store of 3 MB' wait_for 10 alive
    refused 'a core that does not fit' 503 'full|store' -H 'Transfer-Encoding: chunked' -F "meta=$NEW" -F "core=@$WORK/core.large" "$CRASHES"
    like "$HEADERS" 'Retry-After: [0-9]+' 'a core that does not fit: says when to try again'
    accepted 'a core that fits afterwards'
    kill $SMALL
    wait $SMALL
else
    skip 'needs root: it mounts a small file system' 'a disk that fills up in the middle'
fi

# --- Numbers --------------------------------------------------------------------------------------------------------

sed -i 's/^free_min = .*/free_min = 1M/' "$STACK/conf/ingestd.conf"
DATA=$STACK/data
ok 'ingestd starts' stack start ingestd
accepted 'a last one'
metric() { curl -fs "$CORRAL_INGEST_URL/metrics" | sed -n "s/^$1 //p"; } # NAME
is "$(metric 'corral_uploads_total{result="accepted"}')" 1 'it is counted'
is "$(metric corral_pending_jobs)" "$(pending)" 'pending jobs are counted'
is "$(metric corral_upload_bytes_total)" "$(stat -c %s "$WORK/core")" 'bytes are counted'
like "$(metric corral_blob_free_bytes)" '^[1-9][0-9]*$' 'free space is told'
request "$CORRAL_INGEST_URL/healthz"
is "$STATUS" 200 'healthz'
done_testing
