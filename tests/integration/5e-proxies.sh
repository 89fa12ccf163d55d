#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Behind a proxy the address of the client is what the audit log, the receipt of a crash and the limit of sign-ins see; whoever is no
# proxy can't say who it is.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need curl jq

# shellcheck disable=SC2119
stack_up
ok 'no worker and no sender in this test' stack stop workerd sender
INGEST="Authorization: Bearer $(cat "$STACK/tokens/ingest")"
ADMIN="Authorization: Bearer $(cat "$STACK/tokens/admin")"

audited() { # HEADER...: the address in the audit log of what is done with these headers
    local args=() name
    name=t$(uuid)
    for header; do args+=(-H "$header"); done
    request -H "$ADMIN" "${args[@]}" -d "name=$name" -d scope=read "$CORRAL_URL/api/v1/tokens"
    sql "SELECT remote FROM audit_log WHERE detail ->> 'name' = '$name'"
}
received() { # HEADER: the address in the receipt of a crash
    local id
    id=$(uuid)
    request -H "$INGEST" -H "$1" -F "meta={\"crash_id\":\"$id\",\"executable\":\"/bin/x\",\"signal\":11,\"core_problem\":\"none\"};type=application/json" \
        "$CORRAL_INGEST_URL/api/v1/crashes"
    find "$STACK/data" -path "*$id*" -name meta.json -exec jq -r .receipt.remote {} +
}

is "$(audited 'X-Forwarded-For: 192.0.2.7')" 127.0.0.1 'nobody is believed unless it is configured'
is "$(received 'X-Forwarded-For: 192.0.2.7')" 127.0.0.1 'nor by corral-ingestd'

for daemon in dashd ingestd; do
    echo 'trusted_proxies = 127.0.0.1, 10.0.0.0/8' >>"$STACK/conf/$daemon.conf"
    stack stop "$daemon"
    ok "$daemon with a proxy" stack start "$daemon"
done
is "$(audited)" 127.0.0.1 'a request that no proxy passed on'
is "$(audited 'X-Forwarded-For: 192.0.2.7')" 192.0.2.7 'one that it did'
is "$(audited 'X-Forwarded-For: 6.6.6.6, 192.0.2.7')" 192.0.2.7 'what the client says is passed over'
is "$(audited 'X-Forwarded-For: 6.6.6.6' 'x-forwarded-for: 2001:DB8::7' 'X-Forwarded-For: 10.0.0.2')" 2001:db8::7 'in several headers, through two proxies'
is "$(audited "X-Forwarded-For: 6.6.6.6, ' OR 1=1 --")" 127.0.0.1 'what is no address'
is "$(audited "X-Forwarded-For: $(printf '10.0.0.1,%.0s' {1..1000})")" 127.0.0.1 'a long one that ends with nothing'
is "$(received 'X-Forwarded-For: 192.0.2.8')" 192.0.2.8 'a receipt has the client, too'

sign_in() { # ADDRESS: STATUS
    request -H 'Sec-Fetch-Site: same-origin' -H "X-Forwarded-For: $1" -d name=admin -d password=wrong "$CORRAL_URL/login"
}
limited() {
    sign_in 192.0.2.9
    [ "$STATUS" = 429 ]
}
ok 'guesses are limited' wait_for 60 limited
sign_in 192.0.2.10
is "$STATUS" 401 'which does not touch others behind the proxy'

echo 'trusted_proxies = localhost' >>"$STACK/conf/dashd.conf"
not_ok 'a name is no address' "$BIN/corral-dashd" -c "$STACK/conf/dashd.conf" -t

done_testing
