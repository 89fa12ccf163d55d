# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What integration tests are written with: TAP, a whole Corral of one's own, waiting for conditions.
# A test begins with
#
#     . "$(dirname "$0")/../lib/testlib.sh"
#     need_root                      # skips the file with its reason; also: need PROGRAM...
#     stack_up --core-pattern        # own servers, daemons, ports; core_pattern if it is needed
#     ok 'the daemon is there' curl -fs "$CORRAL_URL/healthz"
#     is "$(api /groups | json '.groups | length')" 0 'no group yet'
#     done_testing
#
# and is run by `make integration`, or alone: `tests/integration/NAME.sh`. Standard output is TAP
# and nothing else. Everything that a test makes lies in $WORK, which is removed, and everything it
# starts ends with it, however it ends. Variables that it gets: ROOT (the source tree, also the
# current folder), BUILD and BIN (programs), WORK, and after stack_up STACK (the stack's folder) and
# what STACK/env sets (CORRAL_URL, CORRAL_INGEST_URL, CORRAL_TOKEN, PATH).
set -u

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$ROOT" || exit 1
BUILD=$(realpath -m "${BUILD:-build/release}")
# shellcheck disable=SC2034 # for the tests
BIN=$BUILD/bin
export BUILD
WORK=$(mktemp -d /tmp/corral-test.XXXXXX)
STACK=$WORK/stack
TESTS=0
FAILED=0
PLANNED=
STACK_TOUCHED=
# Of the last request.
STATUS=
BODY=
HEADERS=
# The tests' own crashes leave no core files about; a test that wants one sets the limit itself.
ulimit -S -c 0
# curl must ask no proxy for 127.0.0.1.
export no_proxy='*'

# --- TAP ------------------------------------------------------------------------------------------------------------

diag() { # TEXT: lines for people, shown when the test fails
    printf '%s\n' "$*" | sed 's/^/# /'
}

pass() { # DESCRIPTION
    TESTS=$((TESTS + 1))
    echo "ok $TESTS - ${1//#/\\#}"
}

fail() { # DESCRIPTION
    TESTS=$((TESTS + 1))
    FAILED=$((FAILED + 1))
    echo "not ok $TESTS - ${1//#/\\#}"
    diag "at $(caller_line)"
}

caller_line() { # the place in the test that called us
    local i
    for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
        if [ "${BASH_SOURCE[i]}" != "${BASH_SOURCE[0]}" ]; then
            echo "${BASH_SOURCE[i]##*/} line ${BASH_LINENO[i - 1]}"
            return
        fi
    done
}

# The assertions return 1 when they fail, so that a test may go on `|| …`.
ok() { # DESCRIPTION COMMAND...: the command ends with 0
    local description=$1 status=0
    shift
    "$@" >"$WORK/.output" 2>&1 </dev/null || status=$?
    if [ "$status" = 0 ]; then
        pass "$description"
        return 0
    fi
    fail "$description"
    diag "'$*' ended with status $status and said:"
    tail -n 40 "$WORK/.output" | sed 's/^/#   /'
    return 1
}

not_ok() { # DESCRIPTION COMMAND...: the command ends with another status than 0
    ok "$1" inverted "${@:2}"
}

# A command that is not there, and one that compares and could not, have said nothing.
inverted() {
    local status=0
    "$@" || status=$?
    case $1 in
    test | grep | pgrep | cmp | diff) [ "$status" = 1 ] ;;
    *) [ "$status" != 0 ] && [ "$status" != 126 ] && [ "$status" != 127 ] ;;
    esac
}

is() { # GOT EXPECTED DESCRIPTION
    if [ "$1" = "$2" ]; then
        pass "$3"
        return 0
    fi
    fail "$3"
    diag "got:      $1"
    diag "expected: $2"
    return 1
}

like() { # GOT REGEX DESCRIPTION: extended regular expression
    if [[ $1 =~ $2 ]]; then
        pass "$3"
        return 0
    fi
    fail "$3"
    diag "got:          $1"
    diag "should match: $2"
    return 1
}

unlike() { # GOT REGEX DESCRIPTION: of a text, for in nothing there is nothing to be found
    if [ -n "$1" ] && ! [[ $1 =~ $2 ]]; then
        pass "$3"
        return 0
    fi
    fail "$3"
    diag "got:              $1"
    diag "should not match: $2"
    return 1
}

skip() { # REASON [DESCRIPTION]: one test that cannot run here
    TESTS=$((TESTS + 1))
    echo "ok $TESTS - ${2:-skipped} # SKIP $1"
}

skip_all() { # REASON: the whole file cannot run here
    PLANNED=yes
    echo "1..0 # SKIP $1"
    exit 0
}

done_testing() {
    PLANNED=yes
    echo "1..$TESTS"
    [ "$FAILED" = 0 ] && [ "$TESTS" != 0 ]
    exit
}

bail() { # REASON: nothing further in this file makes sense
    fail "$1"
    done_testing
}

# --- What a test needs ----------------------------------------------------------------------------------------------

need_root() {
    if [ "$(id -u)" != 0 ]; then skip_all "needs root: it changes core_pattern"; fi
}

need() { # PROGRAM...
    local program
    for program; do
        if ! command -v "$program" >/dev/null; then skip_all "$program is not installed"; fi
    done
}

# --- Waiting --------------------------------------------------------------------------------------------------------

# Polls until the command succeeds; 1 when the time is over. Never sleep for a time in the hope that
# something has happened by then. SECONDS are more than enough for an idle machine; a busy one gets
# three times as much. So it says nothing about how long something takes: for that there is in_time.
wait_for() { # SECONDS COMMAND...
    local deadline=$((${EPOCHREALTIME/./} + 3 * $1 * 1000000))
    shift
    until "$@" >"$WORK/.wait" 2>&1 </dev/null; do
        if [ "${EPOCHREALTIME/./}" -ge "$deadline" ]; then
            diag "still false after the limit: $*"
            tail -n 5 "$WORK/.wait" | sed 's/^/#   /'
            return 1
        fi
        sleep 0.05
    done
}

# Has it taken less than it may? On a machine that has more to do than it has processors it may take
# as many times longer.
in_time() { # MILLISECONDS LIMIT
    local most
    most=$(awk -v limit="$2" -v processors="$(nproc)" \
        '{ times = $1 / processors; print int(limit * (times > 1 ? times : 1)) }' /proc/loadavg)
    echo "$1 ms of $most"
    [ "$1" -lt "$most" ]
}

# --- The stack ------------------------------------------------------------------------------------------------------

stack() { # COMMAND [PART...]: tests/lib/stack for this test's folder, as in `stack kill workerd`
    STACK_QUIET=1 "$ROOT/tests/lib/stack" "$1" "$STACK" "${@:2}"
}

stack_up() { # [--core-pattern]
    if [[ " $* " == *' --core-pattern '* ]]; then core_pattern_lock; fi
    STACK_TOUCHED=yes
    if ! stack up --ports auto "$@" >"$WORK/.output" 2>&1; then
        sed 's/^/# /' "$WORK/.output"
        bail 'the stack starts'
    fi
    # shellcheck disable=SC1091
    . "$STACK/env"
}

# core_pattern is one for the whole machine: whoever changes it holds this lock until the end of the
# test.
core_pattern_lock() {
    if [ -z "${CORE_PATTERN_LOCKED:-}" ]; then
        exec 9>>/tmp/corral-core-pattern.lock
        flock 9
        export CORE_PATTERN_LOCKED=1
    fi
}

# As the owner of the stack's database; columns separated by |. A failure is not taken for no rows.
sql() { # SQL
    /usr/lib/postgresql/15/bin/psql -X -q -A -t -v ON_ERROR_STOP=1 \
        -h "$(cat "$STACK/sockets")" -U postgres -d corral -c "$1" || { echo 'psql failed'; return 1; }
}

# What is counted for searches agrees with the events and the stacks: 0. An event of the time before environments has none (0).
searched_wrong() {
    sql "SELECT (SELECT count(*) FROM (SELECT group_id, environment_id, sum(coalesce(c.crashes, 1)) AS n, min(received_at) AS f, max(received_at) AS l
                                       FROM crash_events e LEFT JOIN event_counts c USING (crash_id, received_at)
                                       WHERE environment_id <> 0 GROUP BY 1, 2) a
                 FULL JOIN group_environments b USING (group_id, environment_id)
                 WHERE n IS DISTINCT FROM events OR f <> first_seen OR l <> last_seen)
              + (SELECT count(*) FROM (SELECT n.id AS name_id, t.group_id, count(*) AS n FROM group_stacks t JOIN stacks s ON s.id = t.stack_id,
                                       stack_names(s) u, names n WHERE n.kind = u.kind AND n.name = u.name GROUP BY 1, 2) a
                 FULL JOIN group_names b USING (name_id, group_id) WHERE n IS DISTINCT FROM stacks)
              + (SELECT count(*) FROM stacks s, stack_names(s) u
                 WHERE NOT EXISTS (SELECT FROM names n WHERE n.kind = u.kind AND n.name = u.name))"
}

redis() { # COMMAND...
    redis-cli -s "$(cat "$STACK/sockets")/redis" "$@"
}

# --- HTTP and JSON --------------------------------------------------------------------------------------------------

# PATH: the body of a GET of dashd's REST API, with the admin's token; fails on an error status.
api() {
    curl -fsS --max-time 20 -H "Authorization: Bearer $CORRAL_TOKEN" "$CORRAL_URL/api/v1$1"
}

json() { # FILTER: jq on standard input, text without quotes; 1 when it yields null or false
    jq -er "$1"
}

# Any request: sets STATUS, BODY and HEADERS. Takes curl's arguments.
request() { # CURL-ARGUMENT...
    : >"$WORK/.body"
    # shellcheck disable=SC2034 # for the tests
    STATUS=$(curl -sS --max-time 20 -o "$WORK/.body" -D "$WORK/.headers" -w '%{http_code}' \
        "$@" 2>"$WORK/.output") ||
        diag "curl: $(cat "$WORK/.output")"
    # shellcheck disable=SC2034
    BODY=$(tr -d '\0' <"$WORK/.body")
    # shellcheck disable=SC2034
    HEADERS=$(tr -d '\r' <"$WORK/.headers")
}

uuid() { # a UUID of version 7 (RFC 9562)
    local msec random
    msec=$(printf %012x $((${EPOCHREALTIME/[.,]/} / 1000)))
    random=$(od -An -N10 -tx1 /dev/urandom | tr -d ' \n')
    echo "${msec:0:8}-${msec:8:4}-7${random:0:3}-8${random:3:3}-${random:6:12}"
}

# --- The end --------------------------------------------------------------------------------------------------------

show_logs() {
    local log
    for log in "$STACK"/log/*.log; do
        [ -s "$log" ] || continue
        diag "--- ${log##*/}"
        tail -n 15 "$log" | sed 's/^/#   /'
    done
}

# Also of a test that died on the way: without its plan it counts as failed.
test_end() {
    local status=$?
    trap '' INT TERM
    if [ -z "$PLANNED" ]; then diag "the script ended early, with status $status"; fi
    if [ -n "$STACK_TOUCHED" ]; then
        if [ "$FAILED" != 0 ] || [ -z "$PLANNED" ]; then show_logs; fi
        stack down 2>&1 | sed 's/^/# /'
    fi
    if [ -n "${KEEP:-}" ]; then
        diag "kept: $WORK"
    else
        rm -rf "$WORK"
    fi
    exit "$status"
}
trap test_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
