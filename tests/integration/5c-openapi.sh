#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 300
# The description of the REST API is sound, has the routes that there are, and says what real answers look like: of real crashes, of changes,
# of mistakes.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need curl jq gcc gdb python3

DOCUMENT=dashd/static/openapi.json
ok 'the document is sound and has the routes of the sources' python3 tests/lib/openapi.py document "$DOCUMENT" dashd/main.c ingestd/main.c
sed 's|^    {"GET", "/api/v1/groups", 0.*||' dashd/main.c >"$WORK/main.c"
not_ok 'a route less is seen' python3 tests/lib/openapi.py document "$DOCUMENT" "$WORK/main.c" ingestd/main.c
jq 'del(.paths["/groups/{id}"])' "$DOCUMENT" >"$WORK/less.json"
not_ok 'an address less is seen' python3 tests/lib/openapi.py document "$WORK/less.json" dashd/main.c ingestd/main.c
ok 'the manual page lists the same addresses' python3 tests/lib/openapi.py manual "$DOCUMENT" docs/man/corral-api.7
grep -v '^\.It Li POST /tokens$' docs/man/corral-api.7 >"$WORK/less.7"
not_ok 'an address less is seen' python3 tests/lib/openapi.py manual "$DOCUMENT" "$WORK/less.7"

# shellcheck disable=SC2119
stack_up
ok 'no sender in this test' stack stop sender
INGEST="Authorization: Bearer $(cat "$STACK/tokens/ingest")"
ADMIN="Authorization: Bearer $(cat "$STACK/tokens/admin")"

# --- Helpers --------------------------------------------------------------------------------------------------------

# Asks, and holds the answer against the document.
call() { # STATUS METHOD PATH-OF-DOCUMENT PATH [CURL-ARGUMENT...]
    request -H "$ADMIN" -X "$2" "${@:5}" "$CORRAL_URL/api/v1$4"
    is "$STATUS" "$1" "$2 $4 is answered $1" || diag "$BODY"
    fits "$2" "$3" "$1"
}
fits() { # METHOD PATH-OF-DOCUMENT STATUS: BODY
    printf '%s' "$BODY" >"$WORK/answer"
    python3 tests/lib/openapi.py answer "$DOCUMENT" "$1" "$2" "$3" <"$WORK/answer" >"$WORK/wrong" 2>&1
    is "$(cat "$WORK/wrong")" '' "... as it is described: $1 $2"
}
stored() { [ "$(sql "SELECT count(*) FROM crash_events WHERE crash_id = '$1'")" = 1 ]; } # CRASH
ended() { [ "$(sql "SELECT count(*) FROM grouping_requests WHERE state IN ('waiting', 'running')")" = 0 ]; }

# Two programs that die in functions of different names.
program() { # NAME BUILD-ID-DIGIT STATEMENT
    local id
    id=$(printf "%.0s$2" {1..40})
    printf '%s\n' '#include <stdlib.h>' 'int volatile *nowhere, zero;' \
        "__attribute__((noinline)) static int $1_work(int n) { $3; return n; }" \
        "int main(int argc, char **argv) { return $1_work(argc) + (argv[0] ? abs(argc) : 0); }" >"$WORK/$1.c"
    gcc -g -O1 -Wl,--build-id="0x$id" -o "$WORK/$1" "$WORK/$1.c" &&
        gdb -batch -nx -ex run -ex "generate-core-file $WORK/$1.core" "$WORK/$1" >"$WORK/gdb.log" 2>&1
    [ -s "$WORK/$1.core" ] || return 1
    if [ "$4" = yes ]; then
        curl -fsS -H "$INGEST" -T "$WORK/$1" "$CORRAL_INGEST_URL/api/v1/modules/$id/executable"
    fi
}
CRASH=
crash() { # NAME HOST SIGNAL [MEMBERS]: CRASH is then its id
    CRASH=$(uuid)
    printf '{"crash_id":"%s","hostname":"%s","executable":"%s","version":"1.0","pid":4711,"signal":%s%s}' \
        "$CRASH" "$2" "$WORK/$1" "$3" "${4:-}" >"$WORK/meta"
    request -H "$INGEST" -F "meta=<$WORK/meta;type=application/json" \
        -F "core=@$WORK/$1.core;type=application/octet-stream" "$CORRAL_INGEST_URL/api/v1/crashes"
    fits POST /crashes "$STATUS"
    wait_for 30 stored "$CRASH"
}

# --- Crashes --------------------------------------------------------------------------------------------------------

ok 'a program that reads where nothing is' program shop a 'n += *nowhere' yes
ok 'one that aborts, and stays unknown' program bank b 'abort()' no
MEMBERS=',"unit":"shop.service","kernel":"6.1.0","distribution":"Debian","tags":{"image":"shop:1"},"environment":["A=b","C"],"threads":[{"tid":4711,"name":"shop"}]'
MEMBERS+=",\"modules\":[{\"path\":\"$WORK/shop\",\"build_id\":\"$(printf '%.0sa' {1..40})\",\"start\":\"0x1000\",\"end\":\"0x2000\",\"offered\":true}]"
crash shop web1 11 "$MEMBERS"
SHOP=$CRASH
crash shop web2 11 "$MEMBERS"
crash bank db1 6
BANK=$CRASH
request -H "$INGEST" -F 'meta={"crash_id":"x"};type=application/json' "$CORRAL_INGEST_URL/api/v1/crashes"
fits POST /crashes "$STATUS"
request -H "$INGEST" -T /etc/hostname "$CORRAL_INGEST_URL/api/v1/modules/abcd/executable"
fits PUT '/modules/{build_id}/{kind}' "$STATUS"
request -F executable=/bin/x "$CORRAL_INGEST_URL/api/upload"
is "$STATUS" 401 'no token'
fits POST /upload 401
G=G-$(sql "SELECT group_id FROM crash_events WHERE crash_id = '$SHOP'")
OTHER=G-$(sql "SELECT group_id FROM crash_events WHERE crash_id = '$BANK'")

# --- Reading --------------------------------------------------------------------------------------------------------

request "$CORRAL_URL/api/v1/openapi.json"
is "$STATUS $(jq -r .openapi <<<"$BODY")" '200 3.1.0' 'anyone may read the document'
ok 'it is the one of the sources' cmp "$WORK/.body" "$DOCUMENT"
request -H "If-None-Match: $(sed -n 's/^[Ee][Tt]ag: //p' <<<"$HEADERS")" "$CORRAL_URL/api/v1/openapi.json"
is "$STATUS" 304 '... once'
call 200 GET /groups '/groups?limit=1'
is "$(jq -r 'has("next_cursor")' <<<"$BODY")" true 'a page of several'
call 200 GET '/groups/{id}' "/groups/$G"
is "$(jq -r '(.stack | length > 0) and (.cause.rule != null) and (.fingerprints | length > 0)' <<<"$BODY")" true 'a group of which much is known'
call 200 GET '/groups/{id}' "/groups/$OTHER"
call 200 GET '/events/{id}' "/events/$SHOP"
is "$(jq -r '(.meta.tags.image == "shop:1") and (.analysis.threads | length > 0) and .state == "complete"' <<<"$BODY")" true 'an event of which much is known'
call 200 GET '/events/{id}' "/events/$BANK"
call 200 GET '/events/{id}/analysis' "/events/$SHOP/analysis"
call 200 GET '/groups/{id}/merge' "/groups/$G/merge?into=$OTHER"
call 200 GET '/groups/{id}/split' "/groups/$G/split"
is "$(jq -r '.choices | type' <<<"$BODY")" array 'what may tell crashes apart'
call 200 GET /symbols/missing '/symbols/missing?limit=1'

# --- Mistakes -------------------------------------------------------------------------------------------------------

call 400 GET /groups '/groups?limit=x'
is "$(jq -c '[.errors[] | {parameter, message}]' <<<"$BODY")" '[{"parameter":"limit","message":"limit must be a number from 1 to 200"}]' 'which says what is wrong'
call 400 GET /groups '/groups?q=host:a+bogus:1'
is "$(jq -r '.errors[0] | .parameter, .position' <<<"$BODY" | paste -sd ' ')" 'q 7' 'and where in a query'
call 400 GET /groups '/groups?fields=id,nothing'
request -H "$ADMIN" "$CORRAL_URL/api/v1/groups?fields=title,id&limit=1"
is "$STATUS $(jq -c '.groups[0] | keys' <<<"$BODY") $(grep -c '^Link: .*&fields=title,id>' <<<"$HEADERS")" '200 ["id","title"] 1' 'only some members, on all pages'
call 200 GET /groups '/groups?no_such_parameter=1'
call 404 GET '/groups/{id}' /groups/G-999999
call 404 GET '/events/{id}' "/events/$(uuid)"
call 400 POST '/groups/{id}/merge' "/groups/$G/merge"
is "$(jq -r '.errors[0].parameter' <<<"$BODY")" into 'a field that is missing'
call 400 POST '/groups/{id}/merge' "/groups/$G/merge" -H 'Content-Type: application/json' -d '{"into":"x"}'
is "$(jq -r '.errors[0].pointer' <<<"$BODY")" /into 'a pointer into JSON'
call 400 POST '/groups/{id}/mute' "/groups/$G/mute" -H 'Content-Type: application/json' -d '{"until":"soon"}'
is "$(jq -r '.errors[0].pointer' <<<"$BODY")" /until 'also of what people do with groups'
call 400 POST '/groups/{id}/merge' "/groups/$G/merge" -H 'Content-Type: application/json' -d '{"into":{}}'
call 400 POST /tokens /tokens -d name=ci -d scope=none
is "$(jq -r '.errors[0].parameter' <<<"$BODY")" scope 'and of administration'
call 409 POST '/groups/{id}/merge' "/groups/$G/merge" -d "into=$G"
request -H "$ADMIN" -X PUT "$CORRAL_URL/api/v1/groups"
is "$STATUS $(sed -n 's/^Allow: //p' <<<"$HEADERS") $(jq -r .title <<<"$BODY")" '405 GET, HEAD Method Not Allowed' 'a method that there is not'
request -H "$ADMIN" -I "$CORRAL_URL/api/v1/groups"
is "$STATUS $(grep -ci "^etag:" <<<"$HEADERS") $(grep -c "{" <<<"$BODY")" "200 1 0" 'HEAD is GET without the body'
request "$CORRAL_URL/api/v1/groups"
is "$STATUS" 401 'no token'
fits GET /groups 401
request -H "$INGEST" "$CORRAL_URL/api/v1/groups"
is "$STATUS" 403 'a token for something else'
fits GET /groups 403

# --- Changing -------------------------------------------------------------------------------------------------------

JSON=(-H 'Content-Type: application/json')
call 200 POST '/groups/{id}/resolve' "/groups/$G/resolve" "${JSON[@]}" -d '{"in":"2.0"}'
is "$(jq -r '.wakes.from_version' <<<"$BODY")" 2.0 'it rests'
call 412 POST '/groups/{id}/reopen' "/groups/$G/reopen" -H 'If-Match: "0"'
call 200 POST '/groups/{id}/reopen' "/groups/$G/reopen"
call 200 POST '/groups/{id}/mute' "/groups/$G/mute" -d until=100/24h
call 200 POST '/groups/{id}/assign' "/groups/$G/assign" -d to=admin
call 200 POST '/groups/{id}/label' "/groups/$G/label" -d label=backend
call 200 POST '/groups/{id}/unlabel' "/groups/$G/unlabel" -d label=backend
call 200 POST '/groups/{id}/comment' "/groups/$G/comment" -d 'text=what is this?'
call 200 POST '/groups/{id}/link' "/groups/$G/link" -d url=https://tracker.example/T-1
call 200 POST '/groups/{id}/unlink' "/groups/$G/unlink" -d url=https://tracker.example/T-1
call 200 POST /groups/act /groups/act "${JSON[@]}" -d "{\"action\":\"reopen\",\"ids\":[\"$G\",\"G-999999\"]}"
call 200 POST '/groups/{id}/one-bug' "/groups/$G/one-bug"
call 202 POST '/groups/{id}/merge' "/groups/$OTHER/merge" "${JSON[@]}" -d "{\"into\":\"$G\"}"
ASKED=$(jq -r .id <<<"$BODY")
ok 'the worker does it' wait_for 30 ended
call 200 GET '/grouping-requests/{id}' "/grouping-requests/$ASKED"
call 200 GET '/groups/{id}/split' "/groups/$G/split"
call 202 POST '/groups/{id}/split' "/groups/$G/split" -d by=executable
ok 'and splits it' wait_for 30 ended
call 400 POST '/groups/{id}/split' "/groups/$G/split" -d by=luck
call 200 GET '/groups/{id}' "/groups/$G"
call 202 POST '/groups/{id}/undo' "/groups/$G/undo" -d "decision=$(jq -r '[.decisions[] | select(.undone_at == null)][0].id' <<<"$BODY")"
ok 'and undoes it' wait_for 30 ended
call 202 POST '/groups/{id}/reprocess' "/groups/$G/reprocess"
call 202 POST /reprocess /reprocess "${JSON[@]}" -d '{"query":"host:web1"}'
call 200 GET '/groups/{id}' "/groups/$G"
call 202 POST '/groups/{id}/remove' "/groups/$G/remove"

# --- Lists of events ---------------------------------------------------------------------------------------------------

call 200 GET /events '/events?limit=1&q=signal:SIGSEGV'
call 200 GET /groups '/groups?facets=host,version&from=now-24h&status=all'
call 400 GET /events '/events?q=colour:red'

# --- Administration -------------------------------------------------------------------------------------------------

call 200 POST /users /users "${JSON[@]}" -d '{"name":"vera","role":"triager"}'
call 409 POST /users /users -d name=vera -d role=triager
call 200 POST '/users/{name}' /users/vera -d do=disable
call 200 GET /users /users
call 200 POST /tokens /tokens "${JSON[@]}" -d '{"name":"ci","scope":"symbols","days":30}'
TOKEN=$(jq -r .id <<<"$BODY")
call 200 POST '/tokens/{id}/revoke' "/tokens/$TOKEN/revoke"
call 409 POST '/tokens/{id}/revoke' "/tokens/$TOKEN/revoke"
call 200 GET /tokens /tokens
call 200 GET /audit /audit

# --- How often ------------------------------------------------------------------------------------------------------

like "$HEADERS" 'RateLimit-Policy: "token";q=6000;w=60' 'every answer has the limit'
like "$HEADERS" 'RateLimit: "token";r=5[0-9]{3};t=[0-9]+' 'and what is left'
echo 'api_rate = 3' >>"$STACK/conf/dashd.conf"
ok 'a lower limit' stack restart dashd
for _ in 1 2 3; do request -H "$ADMIN" "$CORRAL_URL/api/v1/groups?limit=1"; done
is "$STATUS" 200 'as often as allowed'
call 429 GET /groups /groups
like "$(sed -n 's/^Retry-After: //p' <<<"$HEADERS")" '^[0-9]+$' 'it says when to ask again'
like "$(jq -r .detail <<<"$BODY")" 'api_rate' 'and where the limit is from'
OTHER_TOKEN=$("$BIN/corral-dashd" -c "$STACK/conf/dashd.conf" --add-token read other 2>/dev/null)
request -H "Authorization: Bearer $OTHER_TOKEN" "$CORRAL_URL/api/v1/groups?limit=1"
is "$STATUS" 200 'others are not concerned'

done_testing
