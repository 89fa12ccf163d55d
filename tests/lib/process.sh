# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Background processes that outlive the shell that started them. DIR/pid/NAME holds "PID START",
# START being field 22 of /proc/PID/stat (ticks since boot): a pid that was given to another process
# meanwhile is never taken for ours. The user of this file sets DIR.

process_start_time() { # PID
    local stat
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    # The second field is the name in parentheses, which may hold anything: count from the last one.
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    [ "$1" != Z ] || return 1
    echo "${20}"
}

process_pid() { # NAME: prints the pid when it is running
    local pid start
    { read -r pid start <"$DIR/pid/$1"; } 2>/dev/null || return 1
    # A process that ended at once has no start time.
    [ -n "$start" ] && [ "$(process_start_time "$pid")" = "$start" ] || return 1
    echo "$pid"
}

process_running() { # NAME
    process_pid "$1" >/dev/null
}

# Runs the command in the background, in a session of its own, with its output in DIR/log/NAME.log
# and no descriptor of ours: a lock or a pipe of the caller must not be held open by a daemon.
process_start() { # NAME COMMAND...
    local name=$1 pid
    shift
    if process_running "$name"; then return 0; fi
    (
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            if [ "$fd" -gt 2 ]; then eval "exec $fd>&-"; fi
        done
        # Tells tests/lib/leftovers whose process it is.
        export CORRAL_STACK=$DIR
        exec setsid "$@" </dev/null >>"$DIR/log/$name.log" 2>&1
    ) &
    pid=$!
    echo "$pid $(process_start_time "$pid")" >"$DIR/pid/$name"
}

process_gone() { ! process_running "$1"; }

# Asks it to end and waits; past the limit it is killed, which is said.
process_stop() { # NAME SIGNAL SECONDS
    local pid
    pid=$(process_pid "$1") || return 0
    kill -s "$2" "$pid" 2>/dev/null || true
    if ! wait_until "$3" process_gone "$1"; then
        echo "stack: $1 did not end within $3 s of SIG$2 and was killed; its log ends with:" >&2
        tail -n 5 "$DIR/log/$1.log" >&2
        process_kill "$1"
    fi
    rm -f "$DIR/pid/$1"
}

# kill -9 of the process and of its children (PostgreSQL's backends, a worker's), all at once so
# that none can tidy up.
process_kill() { # NAME
    local pid
    pid=$(process_pid "$1") || return 0
    # shellcheck disable=SC2046
    kill -KILL "$pid" $(pgrep -P "$pid") 2>/dev/null || true
    wait_until 10 process_gone "$1"
}

wait_until() { # SECONDS COMMAND...: polls; 1 when the time is over
    local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000))
    shift
    until "$@"; do
        if [ "${EPOCHREALTIME/./}" -ge "$deadline" ]; then return 1; fi
        sleep 0.02
    done
}

# A part that dies while it is waited for fails at once, and in any case its log's end is shown.
wait_ready() { # NAME SECONDS COMMAND...
    local name=$1 seconds=$2
    shift 2
    if wait_until "$seconds" answers_or_dead "$name" "$@" && process_running "$name"; then
        return 0
    fi
    echo "stack: $name is not ready; $DIR/log/$name.log ends with:" >&2
    tail -n 20 "$DIR/log/$name.log" >&2
    return 1
}

answers_or_dead() { # NAME COMMAND...
    process_gone "$1" || "${@:2}" >/dev/null 2>&1
}
