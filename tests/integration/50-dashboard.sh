#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The dashboard over a made-up fleet (tests/browser/fixture): who gets in, what pages and API show, what they change, and that
# hostile texts stay texts. Without a browser; tests/browser has one.
# LIMIT: 300
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need curl jq zstd gzip

# shellcheck disable=SC2119
stack_up
# The fixture's crashes did not come in through them, and one must stay as if it waited for a worker.
ok 'only dashd and the database are needed' stack stop ingestd workerd sender
OWNER="host=$(cat "$STACK/sockets") user=postgres dbname=corral"
if ! tests/browser/fixture "$OWNER" "$STACK/data" >"$WORK/ids" 2>"$WORK/.output"; then
    diag "$(cat "$WORK/.output")"
    bail 'the fixture is loaded'
fi
# shellcheck disable=SC1091
. "$WORK/ids"
CONF=$STACK/conf/dashd.conf
PASSWORD=$(cat "$STACK/password")
HOSTILE='<script>window.hostile'

# --- Helpers --------------------------------------------------------------------------------------------------------

sign_in() { # NAME PASSWORD JAR: as a browser does
    rm -f "$3"
    request -c "$3" -H 'Sec-Fetch-Site: same-origin' --data-urlencode "name=$1" --data-urlencode "password=$2" "$CORRAL_URL/login"
}

page() { # PATH [CURL-ARGUMENT...]: as the admin
    request -b "$WORK/admin.jar" "${@:2}" "$CORRAL_URL$1"
}

header() { # NAME: its value in HEADERS
    sed -n "s/^$1: //Ip" <<<"$HEADERS"
}

csrf() { # JAR: the token in that session's forms
    curl -sS -b "$1" "$CORRAL_URL/groups/G-2" | sed -n 's/.*name="csrf" value="\([0-9a-f]*\)".*/\1/p' | head -n 1
}

status_of() { sql "SELECT status FROM crash_groups WHERE id = $1"; } # GROUP

audited() { # ACTION SUBJECT: how often
    sql "SELECT count(*) FROM audit_log WHERE action = '$1' AND subject = '$2'"
}

add_token() { "$BIN/corral-dashd" -c "$CONF" --add-token "$1" "test-$1" 2>/dev/null; } # SCOPE

add_user() { # NAME ROLE [ARGUMENT...]
    "$BIN/corral-dashd" -c "$CONF" --add-user "$1" --role "$2" "${@:3}"
}

with_token() { # TOKEN CURL-ARGUMENT...
    request -H "Authorization: Bearer $1" "${@:2}"
}

# --- Nobody is signed in --------------------------------------------------------------------------------------------

request "$CORRAL_URL/groups?q=a%20b&status=all"
is "$STATUS $(header Location)" '303 /login?next=%2Fgroups%3Fq%3Da%2520b%26status%3Dall' 'a page sends to the sign-in and remembers itself'
for path in /api/v1/groups /api/v1/groups/G-1 "/api/v1/events/$EVENT" "/api/v1/events/$EVENT/core"; do
    request "$CORRAL_URL$path"
    is "$STATUS $(header Content-Type) $(header WWW-Authenticate)" '401 application/problem+json Bearer realm="corral"' "$path wants a token"
done
with_token corral_admin_0000 "$CORRAL_URL/api/v1/groups"
is "$STATUS" 401 'a token that nobody gave opens nothing'
for path in /healthz /readyz /metrics /login; do
    request "$CORRAL_URL$path"
    is "$STATUS" 200 "$path is open"
done

# Every address of the route table: what is not open must not answer, and leads nowhere but to the sign-in page.
sed -n 's/^    {"\(GET\|POST\)", "\([^"]*\)", .*/\1 \2/p' dashd/main.c >"$WORK/routes"
is "$(wc -l <"$WORK/routes")" "$(grep -cE '"(GET|POST|PUT|PATCH|DELETE|HEAD)"' dashd/main.c)" 'the table of addresses is read'
open_to_strangers() {
    while read -r method path; do
        path=${path//\{id\}/1}
        request -X "$method" -d '' "$CORRAL_URL$path"
        case "$STATUS $path $(header Location)" in
        200*' /healthz ' | 200*' /readyz ' | 200*' /metrics ' | 200*' /login ' | 200*' /api/v1/openapi.json ' | 404*' /static/'* | 401*' /login ') ;;
        401*' /api/'* | 401*' /groups.atom ' | 401*' /buildid/'* | 303*' /login' | 303*' /login?next='*) ;;
        *) echo "$method $path: $STATUS $(header Location)" ;;
        esac
    done <"$WORK/routes"
}
is "$(open_to_strangers)" '' 'no other address answers a stranger'

# --- Signing in -----------------------------------------------------------------------------------------------------

sign_in admin wrong-password "$WORK/x.jar"
is "$STATUS" 401 'a wrong password is refused'
answer_to() { sed "s/Request [0-9a-f]*//; s/value=\"$1\"//" "$WORK/.body"; } # NAME: without what differs by name
first=$(answer_to admin)
sign_in nobody wrong-password "$WORK/x.jar"
is "$(answer_to nobody)" "$first" 'an unknown name gets the same answer'
request -H 'Origin: https://evil.example' -d "name=admin&password=$PASSWORD" "$CORRAL_URL/login"
is "$STATUS" 403 "another site's form can't sign in"
request -H 'Sec-Fetch-Site: cross-site' -d "name=admin&password=$PASSWORD" "$CORRAL_URL/login"
is "$STATUS" 403 'nor one that a browser calls cross-site'
request -d "name=admin&password=$PASSWORD&next=//evil.example" "$CORRAL_URL/login"
is "$STATUS $(header Location)" '303 /' 'after signing in there is no way to another site'
like "$(header Set-Cookie)" '^corral_session=[0-9a-f]{64}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax$' 'the cookie is for us alone'
sign_in admin "$PASSWORD" "$WORK/admin.jar"
is "$STATUS" 303 'the right password is taken'
cp "$WORK/admin.jar" "$WORK/old.jar"
request -b "$WORK/old.jar" -c "$WORK/admin.jar" -d "name=admin&password=$PASSWORD" "$CORRAL_URL/login"
request -b "$WORK/old.jar" "$CORRAL_URL/"
is "$STATUS" 303 'signing in again ends the session before'
page /
is "$STATUS" 200 'and begins a new one'
is "$(sql "SELECT count(*) FROM sessions WHERE digest = sha256('$(awk '/corral_session/ { print $7 }' "$WORK/admin.jar")')")" 1 \
    "the database has the cookie's digest alone"

for _ in 1 2 3 4 5; do sign_in victim guess "$WORK/x.jar"; done
sign_in victim guess "$WORK/x.jar"
is "$STATUS" 429 'the sixth guess at one account has to wait'
like "$(header Retry-After)" '^[0-9]+$' 'and is told how long'
sign_in admin "$PASSWORD" "$WORK/x.jar"
is "$STATUS" 303 'other accounts are free to sign in'

# --- Pages ----------------------------------------------------------------------------------------------------------

state() { # everything that a GET must leave alone
    sql "SELECT md5(string_agg(g::text, '' ORDER BY id)) FROM crash_groups g"
    sql "SELECT count(*) FROM audit_log WHERE action <> 'user.login'"
}
before=$(state)

page /
is "$STATUS" 200 'overview'
is "$(header Content-Security-Policy)" \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'" \
    'a policy without a hole'
is "$(header Cache-Control) $(header X-Content-Type-Options) $(header X-Frame-Options)" 'no-store nosniff DENY' 'and its companions'
like "$BODY" 'Crashes, last 24 h</a></dt><dd><b>[0-9]' 'figures'
like "$BODY" '<svg class="bars"' 'a chart'
day=$(sql "SELECT to_char(sum(events), 'FM999,999') FROM group_hours WHERE hour >= date_trunc('hour', now()) - interval '23 hours'")
like "$BODY" "<b>$day</b>" 'crashes of the last 24 hours as the database has them'
page /groups
is "$STATUS" 200 'groups'
like "$BODY" 'G-1 ·' 'with their numbers'
page "/groups?q=lru.c"
like "$BODY" 'heap corruption in cache_evict\(\) lru.c:88' 'searched'
unlike "$BODY" 'process_data' 'and the rest left out'
page "/groups?q=100%25_%5C%5C&status=all"
like "$BODY" 'No group here matches' 'signs of LIKE are plain text'
page "/groups?q=is:open+fnc:%3Cb%3E"
is "$STATUS" 400 'a query with a mistake'
like "$BODY" 'did you mean func\?' '... tells what may be meant'
like "$BODY" $'is:open fnc:&lt;b&gt;\n        \\^\\^\\^' '... and where it is'
page "/groups?q=%230++evict+(n%3D1)+at+app.c:3"
is "$STATUS $(header Location)" '303 /groups?status=all&q=func%3Aevict' 'a backtrace in the search field is one for its functions'
page '/groups?sort=title'
is "$STATUS" 400 'an order that there is not'
like "$BODY" 'sort must be last_seen, first_seen, events or hosts' 'is told with those that there are'
page /groups/G-1
is "$STATUS" 200 'a group'
for text in 'SIGSEGV in process_data\(\)' 'web-01.example.net' '2.4.0-1' 'libvendor.so.3' 'class="v-kept"' 'skipped by no-name' "/events/$EVENT"; do
    like "$BODY" "$text" "… with $text"
done
page "/events/$EVENT"
is "$STATUS" 200 'an event'
for text in 'SIGSEGV in process_data\(\),<wbr> app.c:142: Read of 8 bytes at NULL \+ 0x18</code></h1>' '<b>Certain</b>' '14 threads' \
    '\(order=0x0, count=17, options=&lt;optimized out&gt;\)' '>optimized out</td>' '20 more are not shown' 'PUT /api/v1/modules/0123456789abcdef' 'this thread&#39;s stack|this thread.s stack' 'a1b2c3d4e5f6' \
    '--config /etc/ordersd.toml' 'found by scanning' 'inlined' '<dt>State</dt><dd>present'; do
    like "$BODY" "$text" "… with $text"
done
is "$(grep -c '<details class="fold">' <<<"$BODY")" 3 '24 threads are folded to three stacks'
page "/events/$EVENT?threads=all"
is "$(grep -c '<details class="fold" open>' <<<"$BODY")" 24 'and unfolded when asked'
page "/events/$EVENT/text"
like "$(header Content-Type)" '^text/plain' 'as text'
is "$(grep -c '^Thread ' <<<"$BODY")" 25 'with every thread'
page "/events/$EVENT"
for text in 'docker <code>' '<dt>CPU</dt><dd>Example CPU 9000' 'ORDERS_SECRET' 'order 17 taken' 'the first 2 of 311' '700.0 MiB' 'filter' \
    'cut by the client: open_files'; do
    like "$BODY" "$text" "… with $text"
done
page "/events/$FULL"
for text in '<dt>Kept</dt><dd>full core' '<dt>State</dt><dd>full truncated: the process was released after 60 s' '<dt>Full core</dt>' \
    "ordersd-$FULL.full.core"; do
    like "$BODY" "$text" "a full core that came later: $text"
done
page "/events/$COUNTED"
like "$BODY" 'stands for <b>1,234 crashes</b>' 'a tally says how many it stands for'
page /groups/G-1
like "$BODY" '1,234 crashes, counted only' 'and so does its group'
page "/events/$TRUNCATED"
like "$BODY" 'core ends after 40 of 96 MiB' 'what went wrong is said'
like "$BODY" 'SIGSEGV / SEGV_MAPERR at address 0x18 \(NULL \+ 0x18\)' 'without a cause there is the signal'
like "$BODY" 'Not known: none of the rules' 'and that the cause is unknown'
page "/events/$BARE"
is "$STATUS" 200 'an event whose blobs are gone'
like "$BODY" 'no longer kept' 'says so'
page "/events/$PENDING"
like "$BODY" '<meta http-equiv="refresh" content="1">' 'a crash that waits for a worker loads itself again'
page /events/01990000-0000-7000-8000-000000000000
is "$STATUS" 404 'an unknown crash'
like "$BODY" 'No crash with this id' 'with what may be the reason'
for path in /groups/G-99999 /groups/x /groups/G-99999999999 /events/x '/events/../../etc/passwd' /nothing; do
    page "$path" --path-as-is
    is "$STATUS" 404 "$path is not there"
done
page "/groups?q=$EVENT"
is "$STATUS $(header Location)" "303 /events/$EVENT" 'a crash id in the search field leads to it'
page '/groups?q=g-7'
is "$STATUS $(header Location)" '303 /groups/G-7' 'and a group number, too'

for path in /groups?status=all /groups/G-10 "/events/$HOSTILE_EVENT" "/events/$HOSTILE_EVENT?threads=all"; do
    page "$path"
    unlike "$BODY" "$HOSTILE" "$path: no markup of the attacker's"
    like "$BODY" '&lt;script&gt;window.hostile' '… but what it wrote, as text'
done
page "/events/$HOSTILE_EVENT"
like "$BODY" '\[U\+202E\]gnp.exe\[U\+202C\]' 'reversed text is shown as it was written'
like "$BODY" '\[U\+001B\]' 'and so are control characters'
unlike "$BODY" $'\xe2\x80\xae' 'which are not in the page'

is "$(state)" "$before" 'reading changes nothing'

# --- Budgets --------------------------------------------------------------------------------------------------------

compressed() { gzip -9c "$WORK/.body" | wc -c; }
page '/groups?status=all'
ok "a list page is at most 15 KB ($(compressed))" test "$(compressed)" -le 15360
page "/events/$EVENT"
ok "an event page is at most 40 KB ($(compressed))" test "$(compressed)" -le 40960
style=$(sed -n 's/.*href="\(\/static\/[^"]*\.css\)".*/\1/p' <<<"$BODY")
request "$CORRAL_URL$style"
is "$STATUS $(header Content-Type)" '200 text/css; charset=utf-8' 'the style sheet'
ok "at most 4 KB ($(compressed))" test "$(compressed)" -le 4096
is "$(header Cache-Control)" 'public, max-age=31536000, immutable' 'kept for ever'
request -H "If-None-Match: $(header ETag)" "$CORRAL_URL$style"
is "$STATUS" 304 'and not sent twice'
request "$CORRAL_URL/static/000000000000/corral.css"
is "$STATUS $(header Cache-Control)" '200 no-cache' 'under an old address it is not kept'
request "$CORRAL_URL/static/000000000000/main.c"
is "$STATUS" 404 'no other file is served'

# --- API ------------------------------------------------------------------------------------------------------------

page '/groups?status=all&sort=-events'
api '/groups?status=all&sort=-events' >"$WORK/groups.json"
is "$(jq -r '.groups[].id' "$WORK/groups.json")" "$(grep -o '^<div class="sub"><span>G-[0-9]*' <<<"$BODY" | grep -o 'G-.*')" 'list and page have the same groups in the same order'
is "$(jq -r '.groups[] | .event_count' "$WORK/groups.json" | head -n 5)" \
    "$(sed -n 's/^<td class="num">\([0-9,]*\)<.*/\1/p' <<<"$BODY" | tr -d , | head -n 5)" 'with the same counts'
is "$(jq -r '.groups[0] | [.status, .signal, .url] | @tsv' "$WORK/groups.json")" "$(printf 'ongoing\tSIGSEGV\t%s/groups/G-3' "$CORRAL_URL")" 'and what else a group has'

all_pages() { # SORT: the ids of all pages of seven, by their cursors
    local cursor=
    while :; do
        api "/groups?status=all&limit=7&sort=$1&cursor=$cursor" >"$WORK/page.json" || return
        jq -r '.groups[].id' "$WORK/page.json"
        cursor=$(jq -r '.next_cursor // empty' "$WORK/page.json")
        [ -n "$cursor" ] || return 0
    done
}
for sort in -last_seen last_seen -first_seen first_seen -events events -hosts hosts; do
    is "$(all_pages "$sort" | sort -u | wc -l) $(all_pages "$sort" | wc -l)" '70 70' "pages by $sort have each group once"
done
is "$(all_pages events)" "$(sql "SELECT 'G-' || id FROM crash_groups WHERE merged_into IS NULL ORDER BY event_count, id")" 'in order'
like "$(api /groups/G-1 | json '.hosts[0].host')" 'example.net' 'a group has its hosts'
is "$(api /groups/G-1 | json '.stack[0] | [.function, .verdict] | join(" ")')" 'process_data kept' 'and its stack with verdicts'
is "$(api /groups/G-1 | json '.hours | length')" 24 'and its hours'
is "$(api "/events/$EVENT" | json '[.id, .group, .host, .analysis.threads[0].registers.rip, .meta.unit, .core.state] | join(" ")')" \
    "$EVENT G-1 web-01.example.net 0x2098a69740 ordersd.service  present" 'an event has everything'
is "$(api "/events/$FULL" | json '[.core | .fidelity, .state, .full_bytes, .full_problem] | join(" ")')" \
    'full truncated 900000 the process was released after 60 s' 'and the full core that came later'
is "$(api "/events/$COUNTED" | json '[.crashes, .fidelity, .core.state] | join(" ")')" '1234 count none' 'and a tally its number'
is "$(api "/events/$PENDING" | json .state)" queued 'an event that waits is queued'
api "/events/$EVENT/analysis" >"$WORK/analysis.json"
ok 'the analysis as it is stored' cmp "$WORK/analysis.json" "$(find "$STACK/data/crashes" -path "*$EVENT/analysis.json")"
is "$(api "/events/$HOSTILE_EVENT" | json '.stack[0].function' | head -c 20)" 'process_data"'"'"'><scri' 'hostile texts are whole in JSON'
for path in /groups/G-99999 /events/x /nothing '/groups?limit=1000'; do
    with_token "$CORRAL_TOKEN" "$CORRAL_URL/api/v1$path"
    like "$STATUS $(header Content-Type)" '^40[04] application/problem\+json$' "$path is a problem"
done
page /api/v1/groups
is "$STATUS" 200 'a browser session may read the API'

# --- Changes --------------------------------------------------------------------------------------------------------

TOKEN_OF_FORM=$(csrf "$WORK/admin.jar")
sign_in admin "$PASSWORD" "$WORK/other.jar"
for form in '' 'csrf=' "csrf=$(csrf "$WORK/other.jar")" "csrf=${TOKEN_OF_FORM:0:63}"; do
    page /groups/G-2/act -d "action=resolve&$form"
    is "$STATUS" 403 "a form with '${form:0:12}…' is not ours"
done
page /groups/G-2/act -H 'Sec-Fetch-Site: cross-site' -d "action=resolve&csrf=$TOKEN_OF_FORM"
is "$STATUS" 403 'nor one that comes from elsewhere'
is "$(status_of 2)" ongoing 'and nothing has changed'
# Every form of the route table.
while read -r path; do
    page "${path//\{id\}/G-2}" -d csrf=x
    is "$STATUS" 403 "$path wants the session's own token"
done < <(sed -n 's/^    {"POST", "\(\/[^"]*\)", .*/\1/p' dashd/main.c | grep -v -e /api/ -e /login)

page /groups/G-2/act -H 'Sec-Fetch-Site: same-origin' -d "action=resolve&csrf=$TOKEN_OF_FORM"
is "$STATUS $(header Location) $(status_of 2)" '303 /groups/G-2#activity resolved' 'resolved'
is "$(sql "SELECT actor, remote FROM audit_log WHERE action = 'group.resolve' AND subject = 'G-2'")" 'user:admin|127.0.0.1' 'and written down'
page /groups/G-2
like "$BODY" 'by admin' 'with who it was'
page /groups/G-2/act -d "action=resolve&csrf=$TOKEN_OF_FORM"
is "$STATUS $(audited group.resolve G-2)" '303 1' 'twice is once'
page /groups/G-2/act -d "action=reopen&csrf=$TOKEN_OF_FORM"
is "$STATUS $(status_of 2) $(audited group.reopen G-2)" '303 ongoing 1' 'reopened'

READ=$(add_token read)
WRITE=$(add_token write)
with_token "$READ" -X POST "$CORRAL_URL/api/v1/groups/G-2/resolve"
is "$STATUS $(status_of 2)" '403 ongoing' 'a token that may read may not change'
page /api/v1/groups/G-2/resolve -X POST
is "$STATUS $(status_of 2)" '401 ongoing' "nor may a browser's session by the API"
with_token "$WRITE" -X POST "$CORRAL_URL/api/v1/groups/G-2/resolve"
is "$STATUS $(jq -r .status <<<"$BODY") $(status_of 2)" '200 resolved resolved' 'one that may write may'
with_token "$WRITE" -X POST "$CORRAL_URL/api/v1/groups/G-2/reopen"
is "$STATUS $(jq -r .status <<<"$BODY")" '200 ongoing' 'and back'
with_token "$(cat "$STACK/tokens/ingest")" "$CORRAL_URL/api/v1/groups"
is "$STATUS" 403 "a host's token may look at nothing"
sql "UPDATE api_tokens SET revoked_at = now() WHERE name = 'test-write'"
with_token "$WRITE" "$CORRAL_URL/api/v1/groups"
is "$STATUS" 401 'a revoked token is no token'
sql "UPDATE api_tokens SET revoked_at = NULL, expires_at = now() + interval '1 hour' WHERE name = 'test-write'"
with_token "$WRITE" "$CORRAL_URL/api/v1/groups"
is "$STATUS" 200 'one that has an end is one until then'
sql "UPDATE api_tokens SET expires_at = now() - interval '1 second' WHERE name = 'test-write'"
with_token "$WRITE" "$CORRAL_URL/api/v1/groups"
is "$STATUS" 401 '… and none from then on'

# --- Cores and restricted crashes -----------------------------------------------------------------------------------

page "/events/$EVENT/core"
is "$STATUS $(header Content-Type) $(header Content-Disposition)" \
    "200 application/zstd attachment; filename=\"ordersd-$EVENT.core.zst\"" 'a core is downloaded'
is "$(zstd -dcq <"$WORK/.body" | wc -c)" 300000 'whole'
is "$(audited core.download "$EVENT")" 1 'and that is written down'
page "/events/$FULL/core"
is "$(header Content-Disposition)" "attachment; filename=\"ordersd-$FULL.full.core.zst\"" 'the full core goes before the slim one'
is "$(zstd -dcq <"$WORK/.body" | wc -c)" 900000 'whole'
page "/events/$HOSTILE_EVENT/core"
like "$(header Content-Disposition)" '^attachment; filename="[A-Za-z0-9._+-]+\.core\.zst"$' "a hostile program's core has a harmless name"
page "/events/$BARE/core"
is "$STATUS" 404 'a core that is gone is not there'
VIEWER_PASSWORD=$(add_user vera viewer 2>/dev/null)
sign_in vera "$VIEWER_PASSWORD" "$WORK/vera.jar"
is "$STATUS" 303 'a generated password signs in'
request -b "$WORK/vera.jar" "$CORRAL_URL/events/$EVENT/core"
is "$STATUS $(audited core.download "$EVENT")" '403 1' 'a viewer gets no core'
with_token "$READ" "$CORRAL_URL/api/v1/events/$EVENT/core"
is "$STATUS" 403 'nor does a token that may read'
request -b "$WORK/vera.jar" -d "action=resolve&csrf=$(csrf "$WORK/vera.jar")" "$CORRAL_URL/groups/G-2/act"
is "$STATUS $(status_of 2)" '403 ongoing' 'nor may a viewer resolve'
request -b "$WORK/vera.jar" "$CORRAL_URL/events/$RESTRICTED"
like "$STATUS $BODY" '^200 .*restricted to the roles developer and admin' 'a restricted crash hides its details from a viewer'
unlike "$BODY" 'ordersd.toml|0x5a5a5a5a|ORDERS_SECRET|order 17|docker|Why it crashed|null-member|priority-|order=0x0|class="details"' \
    'command line, registers, cause and values among them'
with_token "$READ" "$CORRAL_URL/api/v1/events/$RESTRICTED"
is "$(jq -r '[.details_hidden, has("meta"), has("analysis"), has("cause")] | join(" ")' <<<"$BODY")" 'true false false false' 'in the API, too'
with_token "$READ" "$CORRAL_URL/api/v1/events/$RESTRICTED/analysis"
is "$STATUS" 404 'there is no way around'
page "/events/$RESTRICTED"
like "$BODY" 'ordersd.toml' 'an admin sees them'

# --- Sessions end ---------------------------------------------------------------------------------------------------

request -b "$WORK/vera.jar" -d "csrf=$(csrf "$WORK/vera.jar")" "$CORRAL_URL/logout"
is "$STATUS $(header Location)" '303 /login' 'signed out'
request -b "$WORK/vera.jar" "$CORRAL_URL/"
is "$STATUS" 303 'for good'
for change in "seen_at = now() - interval '25 hours'" "seen_at = now(), expires_at = now() - interval '1 second'"; do
    sign_in vera "$VIEWER_PASSWORD" "$WORK/vera.jar"
    sql "UPDATE sessions SET $change WHERE user_id = (SELECT id FROM users WHERE name = 'vera')"
    request -b "$WORK/vera.jar" "$CORRAL_URL/"
    is "$STATUS" 303 "a session is over: ${change%% - *}"
done
sign_in vera "$VIEWER_PASSWORD" "$WORK/vera.jar"
request -b "$WORK/vera.jar" "$CORRAL_URL/"
is "$STATUS" 200 'one that has begun goes on'
sql "UPDATE users SET disabled_at = now() WHERE name = 'vera'"
request -b "$WORK/vera.jar" "$CORRAL_URL/"
is "$STATUS" 303 "not that of a user who is disabled"
sign_in vera "$VIEWER_PASSWORD" "$WORK/x.jar"
is "$STATUS" 401 '… and can sign in no more'
sql "UPDATE users SET disabled_at = NULL WHERE name = 'vera'"
sign_in vera "$VIEWER_PASSWORD" "$WORK/vera.jar"
ok 'a user is replaced' add_user vera triager --replace
request -b "$WORK/vera.jar" "$CORRAL_URL/"
is "$STATUS" 303 'which ends the sessions'
sign_in vera "$VIEWER_PASSWORD" "$WORK/vera.jar"
is "$STATUS" 401 'and the old password'

# --- One-shot modes -------------------------------------------------------------------------------------------------

not_ok 'a user is not added twice' add_user vera viewer
not_ok 'nor with a role that there is not' add_user walter boss
not_ok 'nor with a name of odd characters' add_user 'a b' viewer
echo short >"$WORK/short"
not_ok 'nor with a short password' add_user walter viewer --password-file "$WORK/short"
not_ok 'a token needs a scope that there is' add_token everything
printf 'base_pth = /x\n' >"$WORK/bad.conf"
"$BIN/corral-dashd" -t -c "$WORK/bad.conf" 2>"$WORK/.error"
is "$?" 78 'a key that there is not is refused'
like "$(cat "$WORK/.error")" 'bad.conf:1: .*base_path' 'with the nearest one'
ok 'the sample is valid' "$BIN/corral-dashd" -t -c etc/dashd.conf

# --- Without PostgreSQL, and below a path ---------------------------------------------------------------------------

ok 'PostgreSQL stops' stack stop postgres
page /
is "$STATUS" 503 'without a database pages say so'
like "$(header Retry-After) $BODY" '^5 .*nothing is lost' 'and when to come again'
request "$CORRAL_URL/readyz"
is "$STATUS" 503 'not ready'
request "$CORRAL_URL/healthz"
is "$STATUS" 200 'but alive'
ok 'PostgreSQL starts' stack start postgres
# shellcheck disable=SC2317
answers() { [ "$(curl -s -o /dev/null -w '%{http_code}' -b "$WORK/admin.jar" "$CORRAL_URL/")" = 200 ]; }
ok 'and the pages are back' wait_for 10 answers

ok 'dashd stops' stack stop dashd
sed -i "s|^public_url = .*|public_url = https://crash.example/corral|; \$a base_path = /corral" "$CONF"
"$BIN/corral-dashd" -c "$CONF" >"$WORK/below.log" 2>&1 &
BELOW=$!
ok 'dashd starts below a path' wait_for 10 curl -fsS "$CORRAL_URL/corral/readyz"
request -H 'Origin: https://crash.example' -c "$WORK/below.jar" -d "name=admin&password=$PASSWORD&next=/groups" "$CORRAL_URL/corral/login"
is "$STATUS $(header Location)" '303 /corral/groups' 'signing in stays below it'
like "$(header Set-Cookie)" 'Path=/corral; .*; Secure$' 'so does the cookie, which is secure now'
request -H "Cookie: $(header Set-Cookie | cut -d ';' -f 1)" "$CORRAL_URL/corral/groups/G-1"
is "$STATUS" 200 'a page below it'
is "$(grep -oE '(href|action|src)="/[^"]*' <<<"$BODY" | grep -v '="/corral')" '' 'every address in it is below it'
kill "$BELOW"
ok 'it ends when asked to' wait_for 10 inverted kill -0 "$BELOW"

done_testing
