#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Atom feed of groups that are new or came back: who may read it and how, what is in it, that it is XML whatever crashes are called.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need curl jq python3

# shellcheck disable=SC2119
stack_up
ok 'no sender in this test' stack stop sender
INGEST="Authorization: Bearer $(cat "$STACK/tokens/ingest")"
READ=$("$BIN/corral-dashd" -c "$STACK/conf/dashd.conf" --add-token read reader 2>/dev/null)

crash() { # PROGRAM VERSION: a crash without a core
    ID=$(uuid)
    request -H "$INGEST" -F "meta={\"crash_id\":\"$ID\",\"hostname\":\"web1\",\"executable\":\"$1\",\"version\":\"$2\",\"pid\":1,\"signal\":11,\"core_problem\":\"none\"};type=application/json" \
        "$CORRAL_INGEST_URL/api/v1/crashes"
    wait_for 20 stored "$ID"
}
stored() { [ "$(sql "SELECT count(*) FROM crash_events WHERE crash_id = '$1'")" = 1 ]; } # CRASH
feed() { request -H "Authorization: Bearer $READ" "${@:2}" "$CORRAL_URL$1"; }              # PATH [CURL-ARGUMENT...]
# A line for each entry of BODY: what XPath's words of ElementTree find in it.
entries() { # ELEMENT
    printf '%s' "$BODY" >"$WORK/feed.xml"
    python3 - "$WORK/feed.xml" "$1" <<'END'
import sys, xml.etree.ElementTree as tree
atom = "{http://www.w3.org/2005/Atom}"
feed = tree.parse(sys.argv[1]).getroot()
assert feed.tag == atom + "feed"
for name in ("id", "title", "updated", "author"):
    assert len(feed.findall(atom + name)) == 1, name
for entry in feed.findall(atom + "entry"):
    for name in ("id", "title", "updated", "link", "summary"):
        assert len(entry.findall(atom + name)) == 1, name
    print(entry.find(atom + sys.argv[2]).text)
END
}

# --- What is in it --------------------------------------------------------------------------------------------------

feed /groups.atom
is "$STATUS $(entries id)" '200 ' 'an empty feed'
ok 'crashes of two programs' crash /usr/bin/one 1.0
crash /usr/bin/two 1.0
feed /api/v1/groups.atom
like "$HEADERS" 'Content-Type: application/atom\+xml' 'a feed below /api/v1'
ONE=$(sql "SELECT id FROM crash_groups WHERE executable = '/usr/bin/one'")
is "$(entries id | tail -n 1)" "tag:127.0.0.1,2026:groups/$ONE" 'an id that stays'
is "$(entries summary | tail -n 1)" "G-$ONE was seen for the first time: SIGSEGV in /usr/bin/one." 'and what happened'
TAG=$(sed -n 's/^[Ee][Tt]ag: //p' <<<"$HEADERS")
crash /usr/bin/one 1.0
feed /api/v1/groups.atom -H "If-None-Match: $TAG"
is "$STATUS" 304 'another crash of a known group is no news'
like "$HEADERS" 'Cache-Control: private' 'nobody else keeps it'
request -H "Authorization: Bearer $CORRAL_TOKEN" -d in=1.1 "$CORRAL_URL/api/v1/groups/G-$ONE/resolve"
crash /usr/bin/one 1.1
feed /api/v1/groups.atom -H "If-None-Match: $TAG"
is "$STATUS $(entries title | head -n 1 | cut -d: -f1)" '200 Regressed' 'one that came back is'
is "$(entries summary | head -n 1)" "G-$ONE came back in version 1.1: SIGSEGV in /usr/bin/one." 'with the version'
is "$(entries id | sort | uniq -d)" '' 'no id twice'
feed '/groups.atom?q=exe:two'
is "$(entries summary | grep -c /usr/bin/two) $(entries id | wc -l)" '1 1' 'a query narrows it'
feed '/groups.atom?q=bogus:1'
is "$STATUS" 400 'a query that is none'
feed '/groups.atom?status=resolved'
is "$STATUS $(entries id)" '200 ' 'so does a state'
sql "UPDATE crash_groups SET title = E'<script>]]>&amp;\"''\\x01' || chr(65534) || chr(8238) WHERE id = $ONE"
feed /groups.atom
is "$(entries title | tail -n 1)" $'New: <script>]]>&amp;"\'[U+0001]\uFFFD[U+202E]' 'a hostile title'
sql "INSERT INTO crash_groups (title, executable, signal, first_seen, last_seen, status)
     SELECT 't' || i, '/bin/x', 11, now(), now(), 'new' FROM generate_series(1, 80) i"
feed /groups.atom
is "$(entries id | wc -l)" 50 'the latest fifty'

# --- Who may read it ------------------------------------------------------------------------------------------------

request "$CORRAL_URL/groups.atom"
is "$STATUS $(grep -ci '^www-authenticate: \(basic\|bearer\)' <<<"$HEADERS")" '401 2' 'not everybody; a password will do'
request -u "anything:$READ" "$CORRAL_URL/groups.atom"
is "$STATUS" 200 'a token as password'
request -u "anything:$READ" "$CORRAL_URL/api/v1/groups"
is "$STATUS" 401 '... here only'
for bad in '' 'x' ':' 'x:' "$READ:" ":${READ}0" "x:corral_read_$(printf '0%.0s' {1..600})"; do
    request -H "Authorization: Basic $(printf '%s' "$bad" | base64 -w 0)" "$CORRAL_URL/groups.atom"
    is "$STATUS" 401 "no password: ${bad:0:20}"
done
request -H 'Authorization: Basic %%%' "$CORRAL_URL/groups.atom"
is "$STATUS" 401 'no Base64'
request -u "x:$(cat "$STACK/tokens/ingest")" "$CORRAL_URL/groups.atom"
is "$STATUS" 403 'a token for something else'
curl -sS -c "$WORK/jar" -o /dev/null -H 'Sec-Fetch-Site: same-origin' --data-urlencode "name=admin" --data-urlencode "password=$(cat "$STACK/password")" "$CORRAL_URL/login"
request -b "$WORK/jar" "$CORRAL_URL/groups.atom"
is "$STATUS" 200 'somebody who is signed in'
request -b "$WORK/jar" "$CORRAL_URL/groups?q=exe:two%26"
like "$BODY" '<link rel="alternate" type="application/atom\+xml"[^>]* href="/groups.atom\?q=exe%3Atwo%26">' 'the list of groups names its feed'

done_testing
