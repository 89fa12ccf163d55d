#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 400
# The whole way, for each program of tests/crashers and for one of the distribution: the kernel
# hands its core to corral-handler, corral-sender ships it, corral-ingestd stores it, corral-workerd
# unwinds it, corral-dashd shows it.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/golden/stacks.sh
. "$ROOT/tests/golden/stacks.sh"
need_root
need jq gdb zstd

stack_up --core-pattern
like "$(cat /proc/sys/kernel/core_pattern)" '^\|/run/corral\..*handler ' 'core_pattern leads to the handler'

# --- One crash ------------------------------------------------------------------------------------------------------

PID=
ENDED=
crash() { # PROGRAM ARGUMENT...: runs it to its death
    { # bash announces the death on the standard error of that moment
        "$@" >/dev/null 2>&1 &
        PID=$!
        wait "$PID"
        ENDED=$?
    } 2>/dev/null
}

# By the pid: what the kernel said of the dead must be what the shell knows of its child.
event_of() { sql "SELECT crash_id FROM crash_events WHERE pid = $1"; } # PID
arrived() { [ -n "$(event_of "$1")" ]; }

EVENT=
ANALYSIS=
# NAME SIGNAL PROGRAM ARGUMENT...: crashes it; EVENT and ANALYSIS are then what the REST API says.
arrives() {
    local name=$1 signal=$2 id
    shift 2
    EVENT={} ANALYSIS={}
    crash "$@"
    is "$ENDED" $((128 + $(kill -l "${signal#SIG}"))) "$name: dies of $signal"
    ok "$name: arrives" wait_for 30 arrived "$PID" || return
    id=$(event_of "$PID")
    EVENT=$(api "/events/$id")
    ANALYSIS=$(api "/events/$id/analysis")
    is "$(json '"\(.pid) \(.signal) \(.executable)"' <<<"$EVENT")" "$PID $signal $(realpath "$1")" \
        "$name: who, of what"
}

# The debug information of the C library, whose frames the golden stacks name, as a person would
# upload it.
libc=$(ldd build/crashers/nullderef | awk '/libc\.so/ { print $3 }')
build_id=$(eu-readelf -n "$libc" | awk '/Build ID:/ { print $3 }')
debug=/usr/lib/debug/.build-id/${build_id::2}/${build_id:2}.debug
request -X PUT -T "$debug" -H "Authorization: Bearer $CORRAL_TOKEN" \
    "$CORRAL_INGEST_URL/api/v1/modules/$build_id/debuginfo"
is "$STATUS" 201 "debug information of the C library is taken"

# shellcheck disable=SC2053 # an unquoted right side is a pattern
matches() { [[ $1 == $2 ]]; } # TEXT PATTERN

# --- Each crasher ---------------------------------------------------------------------------------------------------

while IFS=$'\t' read -r name signal title; do
    [ "${name#\#}" = "$name" ] || continue
    if [ ! -x "build/crashers/$name" ]; then
        skip "build/crashers/$name is not built: no compiler for it here" "$name"
        continue
    fi
    arrives "$name" "$signal" "$PWD/build/crashers/$name"
    is "$(golden_lines <<<"$ANALYSIS" 2>&1)" "$(cat "tests/golden/$name.txt")" "$name: its stack"
    got=$(json .group_title <<<"$EVENT")
    ok "$name: its title, '$got', matches '$title'" matches "$got" "$title"
done <tests/crashers/expected.tsv

# --- The same again, and a core for gdb -----------------------------------------------------------------------------

arrives 'nullderef again' SIGSEGV "$PWD/build/crashers/nullderef"
group=$(json .group <<<"$EVENT")
is "$(api "/groups/$group" | json .event_count)" 2 'a second crash of the same bug counts in its group'
is "$(api "/groups/$group" | json '.events | length')" 2 'the group lists both'
is "$(api "/groups/$group" | json '[.title, .host_count] | join(" ")')" \
    'SIGSEGV in process_data() nullderef.c:19 1' 'its title and its one host'

core=$WORK/downloaded
ok 'the core can be downloaded' curl -fsS -H "Authorization: Bearer $CORRAL_TOKEN" -o "$core" \
    "$(json .core.download <<<"$EVENT")"
if zstd -qt "$core" 2>/dev/null; then
    zstd -qd --rm "$core" -o "$core.elf"
else
    mv "$core" "$core.elf"
fi
like "$(gdb -nx -batch -ex bt build/crashers/nullderef "$core.elf" 2>&1)" \
    '#0 .* process_data .*nullderef.c:19' 'and gdb finds the same place in it'

# --- A program of the distribution ----------------------------------------------------------------------------------

arrives python3 SIGSEGV /usr/bin/python3 -c 'import os, signal; os.kill(os.getpid(), signal.SIGSEGV)'
functions=$(json '[.threads[0].frames[].function // "??"] | join(" ")' <<<"$ANALYSIS")
like "$functions" '^(__GI_)?kill .*Py_RunMain.*Py_BytesMain.*_start$' 'python3: from kill to _start'
like "$(json .group_title <<<"$EVENT")" '^SIGSEGV in python3' 'python3: its title'

is "$(redis XLEN corral:dead)" 0 'no job was given up'
done_testing
