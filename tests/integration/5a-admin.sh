#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 300
# Users, tokens and the audit log, by pages and by REST: who may, what is shown once, what ends at once, and that the last administrator
# stays.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need curl jq

# shellcheck disable=SC2119
stack_up
ok 'no worker and no sender in this test' stack stop workerd sender
PASSWORD=$(cat "$STACK/password")
ADMIN=$("$BIN/corral-dashd" -c "$STACK/conf/dashd.conf" --add-token admin root 2>/dev/null)

# --- Helpers --------------------------------------------------------------------------------------------------------

sign_in() { # NAME PASSWORD: STATUS; the session is NAME.jar
    rm -f "$WORK/$1.jar"
    request -c "$WORK/$1.jar" -H 'Sec-Fetch-Site: same-origin' --data-urlencode "name=$1" --data-urlencode "password=$2" "$CORRAL_URL/login"
}
page() { request -b "$WORK/$1.jar" "${@:3}" "$CORRAL_URL$2"; } # NAME PATH [CURL-ARGUMENT...]
csrf() { curl -sS -b "$WORK/$1.jar" "$CORRAL_URL/account" | sed -n 's/.*name="csrf" value="\([0-9a-f]*\)".*/\1/p' | head -n 1; } # NAME
form() { page "$1" "$2" -d "csrf=$(csrf "$1")&$3"; } # NAME PATH FIELDS
api() { request -H "Authorization: Bearer $ADMIN" "${@:2}" "$CORRAL_URL/api/v1/$1"; } # PATH [CURL-ARGUMENT...]
secret() { sed -n 's/.*<pre class="cmd"[^>]*>\([^<]*\)<.*/\1/p' <<<"$BODY"; }
audited() { sql "SELECT count(*) FROM audit_log WHERE action = '$1' AND subject = '$2'"; } # ACTION SUBJECT
used() { [ "$(sql "SELECT last_used_at IS NOT NULL FROM api_tokens WHERE name = '$1'")" = t ]; } # NAME

# --- Users ----------------------------------------------------------------------------------------------------------

sign_in admin "$PASSWORD"
is "$STATUS" 303 'the administrator signs in'
page admin /admin
is "$STATUS" 200 'and sees the users'
form admin /admin/users 'name=vera&role=triager'
VERA=$(secret)
like "$STATUS $VERA" '^200 [A-Za-z0-9]{20,}$' 'a new user gets a password, which is shown'
page admin /admin
unlike "$BODY" "$VERA" '... this once'
is "$(sql "SELECT count(*) FROM audit_log WHERE detail::text LIKE '%$VERA%'") $(audited user.add vera)" '0 1' 'and nowhere in the audit log'
form admin /admin/users 'name=vera&role=admin'
is "$STATUS $(sql "SELECT role FROM users WHERE name = 'vera'")" '409 triager' 'sent twice it changes nothing'
form admin /admin/users 'name=-rf%20/&role=viewer'
is "$STATUS" 400 'names are plain'
form admin /admin/users 'name=mallory&role=root'
is "$STATUS" 400 'and roles are those that there are'
sign_in vera "$VERA"
is "$STATUS" 303 'the new user signs in'
for path in /admin /admin/tokens /admin/audit; do
    page vera "$path"
    is "$STATUS" 403 "and may not see $path"
done
form vera /admin/users/vera 'do=role&role=admin'
is "$STATUS $(sql "SELECT role FROM users WHERE name = 'vera'")" '403 triager' 'nor rise'
form admin /admin/users/vera 'do=role&role=developer'
page vera /account
like "$BODY" 'Role: developer' 'a new role holds at once'
form admin /admin/users/vera 'do=disable'
page vera /account
is "$STATUS" 303 'who is disabled is out at once'
sign_in vera "$VERA"
is "$STATUS" 401 'and stays out'
form admin /admin/users/vera 'do=enable'
sign_in vera "$VERA"
is "$STATUS" 303 'until enabled'
form admin /admin/users/vera 'do=password'
NEW=$(secret)
page vera /account
is "$STATUS" 303 'a new password ends all sessions'
sign_in vera "$NEW"
is "$STATUS" 303 'and lets in'
form vera /account "old=wrong&new=correct-horse-battery"
is "$STATUS" 403 'the own password needs the old one'
form vera /account "old=$NEW&new=short"
is "$STATUS" 400 'and some length'
form vera /account "old=$NEW&new=correct-horse-battery"
is "$STATUS" 303 'then it is changed'
sign_in vera correct-horse-battery
is "$STATUS" 303 'and is the new one'
for what in 'do=disable' 'do=role&role=viewer'; do
    form admin /admin/users/admin "$what"
    is "$STATUS $(sql "SELECT role, disabled_at IS NULL FROM users WHERE name = 'admin'")" '409 admin|t' "the last administrator stays: $what"
done
form admin /admin/users/vera 'do=role&role=admin'
form admin /admin/users/admin 'do=role&role=viewer'
is "$STATUS $(sql "SELECT role FROM users WHERE name = 'admin'")" '303 viewer' 'with another one there the first may go'

# --- Tokens ---------------------------------------------------------------------------------------------------------

form vera /admin/tokens 'name=fleet&scope=ingest&days='
FLEET=$(secret)
like "$FLEET" '^corral_ingest_[0-9a-f]{48}$' 'a token is shown once'
page vera /admin/tokens
unlike "$BODY" "$FLEET" '... and not again'
form vera /admin/tokens 'name=fleet&scope=ingest&days='
is "$STATUS" 409 'a name that is in force is taken'
form vera /admin/tokens 'name=soon&scope=read&days=30'
is "$(sql "SELECT expires_at BETWEEN now() + interval '29 days' AND now() + interval '31 days' FROM api_tokens WHERE name = 'soon'")" t 'a token may expire'
form vera /admin/tokens 'name=soon2&scope=read&days=x'
is "$STATUS" 400 'in days'
READ=$(secret)
crash() { # TOKEN: STATUS of a crash sent with it
    request -H "Authorization: Bearer $1" -F "meta={\"crash_id\":\"$(uuid)\",\"hostname\":\"h\",\"executable\":\"/bin/x\",\"signal\":11,\"core_problem\":\"none\"};type=application/json" "$CORRAL_INGEST_URL/api/v1/crashes"
    [ "$STATUS" = "${2:-202}" ]
}
ok 'ingestd takes the new token' wait_for 20 crash "$FLEET"
ok 'its use is noted' wait_for 20 used fleet
ID=$(sql "SELECT id FROM api_tokens WHERE name = 'fleet'")
form vera "/admin/tokens/$ID/revoke" ''
is "$STATUS $(audited token.revoke "token:$ID")" '303 1' 'revoked'
ok 'ingestd refuses it soon' wait_for 20 crash "$FLEET" 401
form vera "/admin/tokens/$ID/revoke" ''
is "$STATUS" 409 'twice is once'
is "$READ" '' 'no token was made of a bad form'

# --- REST -----------------------------------------------------------------------------------------------------------

api tokens -d name=ci -d scope=symbols
is "$STATUS $(jq -r '.token | startswith("corral_symbols_")' <<<"$BODY")" '200 true' 'a token by REST'
api tokens
is "$(jq -r '.tokens[] | select(.name == "ci") | .made_by' <<<"$BODY") $(jq -r '.tokens[] | select(.name == "root") | .last_used_at | length > 0' <<<"$BODY")" \
    "token:$(sql "SELECT id FROM api_tokens WHERE name = 'root'") true" 'the list says who made it, and when one was used'
unlike "$BODY" 'corral_' 'and has no token in it'
api users -d name=bob -d role=viewer
like "$(jq -r .password <<<"$BODY")" '^[A-Za-z0-9]{20,}$' 'a user by REST'
api users/bob -d do=disable
is "$STATUS $(sql "SELECT disabled_at IS NOT NULL FROM users WHERE name = 'bob'")" '200 t' 'disabled by REST'
api 'audit?actor=user:vera&action=token.'
is "$(jq -c '[.entries[].action] | unique' <<<"$BODY")" '["token.add","token.revoke"]' 'the audit log by who and what'
page vera '/admin/audit?subject=vera&action=user.password'
is "$(grep -c '<td>user.password</td>' <<<"$BODY")" 2 'and as a page'
sql "INSERT INTO audit_log (actor, action, subject) SELECT 'system', 'test', i::text FROM generate_series(1, 250) i"
page vera '/admin/audit?action=test'
OLDER=$(sed -n 's/.*href="\([^"]*\)" rel="next".*/\1/p' <<<"$BODY" | sed 's/&amp;/\&/g')
page vera "$OLDER"
like "$BODY" '<td>150' 'page by page'
WRITE=$("$BIN/corral-dashd" -c "$STACK/conf/dashd.conf" --add-token write tool 2>/dev/null)
for path in users tokens audit; do
    request -H "Authorization: Bearer $WRITE" "$CORRAL_URL/api/v1/$path"
    is "$STATUS" 403 "$path is for administrators"
done

done_testing
