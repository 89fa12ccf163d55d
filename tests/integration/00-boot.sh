#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The programs start, say how they are, take the sample configurations and refuse wrong ones
# helpfully.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"

DAEMONS='ingestd workerd dashd'

# --- Programs by themselves -----------------------------------------------------------------------------------------

for program in corral-handler corral-sender corralctl corral-ingestd corral-workerd corral-dashd; do
    like "$("$BIN/$program" --version 2>&1)" "^$program [0-9]+\.[0-9]+\.[0-9]+$" "$program --version"
    ok "$program --help" "$BIN/$program" --help
done

for daemon in $DAEMONS; do
    ok "corral-$daemon accepts etc/$daemon.conf" "$BIN/corral-$daemon" -c "etc/$daemon.conf" -t
done
ok 'corral-sender accepts etc/client.conf' "$BIN/corral-sender" -c etc/client.conf -t

# DAEMON LINE REGEX: a configuration whose second line is LINE is refused with a message that names
# the place and matches.
refused() {
    local file=$WORK/wrong.conf status=0 said
    printf '# a comment\n%s\n' "$2" >"$file"
    said=$("$BIN/corral-$1" -c "$file" -t 2>&1) || status=$?
    is "$status" 78 "corral-$1 refuses '$2' with EX_CONFIG"
    like "$said" "$file:2" "and names file and line"
    like "$said" "$3" "and helps"
}
for daemon in $DAEMONS; do
    refused "$daemon" 'lissten = 127.0.0.1:1' 'listen'
    refused "$daemon" 'listen' '='
done
refused ingestd 'core_max = many' 'core_max'
refused workerd 'workers = 0' 'workers'

# --- All together ---------------------------------------------------------------------------------------------------

# The text format of Prometheus, and our rules for names: prefix, _total on counters, nothing
# unbounded as a label.
metrics_faults() {
    awk '
        /^$/ || /^# HELP corral_[a-z0-9_]+ ./ { next }
        /^# TYPE corral_[a-z0-9_]+ (counter|gauge|histogram)$/ { type[$3] = $4; next }
        match($0, /^corral_[a-z0-9_]+/) {
            name = substr($0, 1, RLENGTH); rest = substr($0, RLENGTH + 1); family = name
            if (!(family in type)) sub(/_(bucket|sum|count)$/, "", family)
            if (!(family in type)) print "no TYPE: " $0
            if (type[family] == "counter" && family !~ /_total$/) print "counter without _total: " $0
            if (rest !~ /^({[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*})? [-+0-9.eE]+$|^({.*})? \+Inf$/) print "malformed: " $0
            if (rest ~ /(host|hostname|fingerprint|crash_id)="/) print "label that grows without bound: " $0
            samples++
            next
        }
        { print "not of ours or malformed: " $0 }
        END { if (!samples) print "no sample at all" }'
}
is "$(printf '# TYPE corral_x counter\ncorral_x{host="a"} 1\ncorral_y 2\ngarbage\n' | metrics_faults | wc -l)" 4 \
    'the check of metrics finds what is wrong'

stack_up
ports=$(cat "$STACK/ports")
for daemon in $DAEMONS; do
    url=http://127.0.0.1:$(sed -n "s/^$daemon //p" <<<"$ports")
    for path in /healthz /readyz; do
        request "$url$path"
        is "$STATUS" 200 "$daemon: $path"
    done
    request "$url/metrics"
    is "$STATUS" 200 "$daemon: /metrics"
    like "$HEADERS" '[Cc]ontent-[Tt]ype: text/plain' "$daemon: metrics are text"
    is "$(metrics_faults <<<"$BODY")" '' "$daemon: metrics are well-formed"
done

# The database is not needed to accept, and a daemon that lost what it needs says so and comes back
# by itself.
ingest=$CORRAL_INGEST_URL/readyz
stack stop redis postgres
request "$ingest"
is "$STATUS" 200 'ingestd is ready without Redis and PostgreSQL'
status_is() { request "$1" && [ "$STATUS" = "$2" ]; }
ok 'dashd is not ready without PostgreSQL' wait_for 20 status_is "$CORRAL_URL/readyz" 503
stack start postgres redis
ok 'dashd is ready again' wait_for 20 status_is "$CORRAL_URL/readyz" 200

# Ended by SIGTERM, each leaves in time: the stack complains on standard error when one had to be
# killed.
is "$(stack stop ingestd workerd dashd sender 2>&1)" '' 'all end on SIGTERM'
not_ok 'a stopped stack is reported as such' stack status
done_testing
