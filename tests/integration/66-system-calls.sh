#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The units in systemd/ allow each daemon certain system calls. Watches the daemons from start to stop, with one crash that goes the whole way,
# and holds every call that they made against the filter of their unit: what a unit forgets would show on the user's machine only.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"

need systemd-analyze strace

# The calls of a set such as @system-service, with those of the sets in it.
expand() { # SET|CALL
    local word
    if [[ $1 != @* ]]; then
        echo "$1"
        return
    fi
    systemd-analyze --no-pager syscall-filter "$1" | sed -n 's/^ *\([a-z_@][a-z0-9_@-]*\)$/\1/p' | while read -r word; do
        if [ "$word" != "$1" ]; then expand "$word"; fi
    done
}

# Line after line as systemd.exec(5) has it: the first one allows, ~ takes away, a later one gives back.
allowed() { # UNIT
    local line word
    : >"$WORK/allowed"
    while read -r line; do
        for word in ${line#\~}; do expand "$word"; done | sort -u >"$WORK/words"
        if [[ $line == '~'* ]]; then
            comm -23 "$WORK/allowed" "$WORK/words" >"$WORK/next"
        else
            sort -u "$WORK/allowed" "$WORK/words" >"$WORK/next"
        fi
        mv "$WORK/next" "$WORK/allowed"
    done < <(sed -n 's/^SystemCallFilter=//p' "$1")
    cat "$WORK/allowed"
}

# After the first execve, which is the service manager's.
called() { # TRACE
    sed -nE '2,$ s/^[0-9]+ +([a-z_0-9]+)\(.*/\1/p' "$1" | sort -u
}

declare -A PIDS
watch() { # DAEMON
    strace -f -qq -o "$WORK/$1.trace" "$BIN/corral-$1" -c "$STACK/conf/$1.conf" 2>"$WORK/$1.log" &
    PIDS[$1]=$!
}

# strace itself passes no signal on.
watched_stop() { # DAEMON
    local daemon
    daemon=$(pgrep -o -P "${PIDS[$1]}")
    kill -TERM "$daemon"
    wait "${PIDS[$1]}"
}

ready() { # DAEMON
    curl -fsS "http://127.0.0.1:$(sed -n "s/^$1 //p" "$STACK/ports")/readyz"
}

# shellcheck disable=SC2119
stack_up
stack stop ingestd workerd dashd >"$WORK/.output" 2>&1
for name in ingestd workerd dashd; do watch "$name"; done
for name in ingestd workerd dashd; do ok "corral-$name is ready" wait_for 30 ready "$name"; done

gdb -nx -q -batch -ex run -ex "generate-core-file $WORK/core" build/crashers/nullderef >"$WORK/.output" 2>&1
TOKEN=$(cat "$STACK/tokens/ingest")
build_id=$(readelf -n build/crashers/nullderef | sed -n 's/.*Build ID: //p')
ok 'a module is taken' curl -fsS -H "Authorization: Bearer $TOKEN" -T build/crashers/nullderef \
    "$CORRAL_INGEST_URL/api/v1/modules/$build_id/executable"
ok 'a crash is taken' curl -fsS -H "Authorization: Bearer $TOKEN" -F executable=/usr/bin/nullderef -F "dump=@$WORK/core" \
    "$CORRAL_INGEST_URL/api/upload"
has_group() { api /groups | json '.groups[] | select(.title == "SIGSEGV in process_data() nullderef.c:19")'; }
ok 'it is a group' wait_for 30 has_group

for name in ingestd workerd dashd; do
    ok "corral-$name ends" watched_stop "$name"
    ok "corral-$name was watched" test "$(called "$WORK/$name.trace" | wc -l)" -gt 20
    is "$(comm -23 <(called "$WORK/$name.trace") <(allowed "systemd/corral-$name.service"))" '' \
        "corral-$name.service allows all of its system calls"
done
done_testing
