#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 300
# The slim core says what the full core says: of the very same crash, gdb, eu-stack and our own analysis print the
# same text from both. Then how long a process is held for it, and that its memory is what the kernel would dump.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/golden/stacks.sh
. "$ROOT/tests/golden/stacks.sh"
need_root
need gdb eu-stack zstd jq python3 perl redis-server redis-cli
need_file_cores

SLIM_CORE=$BUILD/tests/lib/slim-core
SLIM_MAX=1048576 # zstd, up to 64 threads
PROC=/proc/sys/kernel
FOUND=$(cat $PROC/core_pattern)
FOUND_LIMIT=$(cat $PROC/core_pipe_limit)
found_again() {
    echo "$FOUND" >$PROC/core_pattern
    echo "$FOUND_LIMIT" >$PROC/core_pipe_limit
}
trap 'found_again; test_end' EXIT

# --- The three who read it -------------------------------------------------------------------------------------

# Texts name the core they are of; a slim one says so in no other way.
gdb_says() { # CORE PROGRAM GDB-COMMAND...
    local core=$1 program=$2 arguments=() command
    shift 2
    for command; do arguments+=(-ex "$command"); done
    timeout 120 gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'set width 0' "${arguments[@]}" "$program" "$core" 2>&1 |
        sed "s|$core|CORE|g"
}

eu_stack_says() { timeout 60 eu-stack -n 256 --core "$1" 2>&1 | sed "s|$1|CORE|g"; }

# What is told of the file itself is not told of the crash.
we_say() { "$WORKERD" --analyse "$1" --format json | jq -S 'del(.core_bytes, .core_expected)'; }

GDB_ALL=('info threads' 'info sharedlibrary' 'thread apply all bt' 'thread apply all info registers')

# Both cores at once: there are two processors.
same() { # NAME TEXT-OF-WHOM COMMAND...: with the core as first argument
    local name=$1 whose=$2 command=$3
    shift 3
    "$command" "$WORK/$name/core" "$@" >"$WORK/full.txt" &
    "$command" "$WORK/$name/slim" "$@" >"$WORK/slim.txt"
    wait $!
    ok "$name: $whose" diff -u "$WORK/full.txt" "$WORK/slim.txt"
}

make_slim() { # NAME
    ok "$1: a slim core" "$SLIM_CORE" "$WORK/$1/core" "$WORK/$1/slim"
    cp "$WORK/.output" "$WORK/$1/time"
    zstd -q -3 -f "$WORK/$1/slim"
}

small() { # NAME
    ok "$1: at most $SLIM_MAX bytes ($(wc -c <"$WORK/$1/slim.zst"))" test "$(wc -c <"$WORK/$1/slim.zst")" -le $SLIM_MAX
    ok "$1: nothing was left out for a limit" not_in cut "$WORK/$1/time"
}
not_in() { ! grep -q "$1" "$2"; }

compare() { # NAME PROGRAM
    make_slim "$1"
    small "$1"
    same "$1" gdb gdb_says "$2" "${GDB_ALL[@]}"
    like "$(cat "$WORK/slim.txt")" '#0 ' "$1: gdb has a stack"
    same "$1" eu-stack eu_stack_says
    same "$1" 'our analysis' we_say
    rm -f "$WORK/$1/core"
}

# --- Every crasher, and programs of the distribution ------------------------------------------------------------

PYTHON='import threading, os, json, ssl, sqlite3, decimal
e = threading.Event()
for i in range(20): threading.Thread(target=e.wait, daemon=True).start()
os.kill(os.getpid(), 11)'

for name in $(crashers) altstack static static-pie; do
    if [ "$name" = overflow ] || [ ! -x "$CRASHERS/$name" ]; then continue; fi
    make_core "$WORK/$name" "$CRASHERS/$name"
    compare "$name" "$CRASHERS/$name"
done
like "$(gdb_says "$WORK/threads/slim" "$CRASHERS/threads" 'info threads')" 'Thread 0x[0-9a-f]+ \(LWP' 'gdb finds the thread library in a slim core'
like "$(we_say "$WORK/assert/slim" | jq -r .message)" 'Assertion .ring->used < ring->size. failed' 'the text of an assertion is in a slim core'
like "$(gdb_says "$WORK/altstack/slim" "$CRASHERS/altstack" 'bt')" 'first_item .*customer=0x[0-9a-f]+ "Ada Lovelace"' \
    'what a handler on a stack of its own interrupted, with the text that an argument points at'

make_core "$WORK/python" /usr/bin/python3 -c "$PYTHON"
compare python "$(readlink -f /usr/bin/python3)"
# shellcheck disable=SC2016 # perl's own $$
make_core "$WORK/perl" /usr/bin/perl -MPOSIX -MSocket -e 'kill ABRT => $$'
compare perl /usr/bin/perl
mkdir -p "$WORK/redis"
make_core "$WORK/redis" redis-server --port 0 --unixsocket "$WORK/redis/socket" --crash-log-enabled no --save '' &
redis=$!
ok 'redis-server is up' wait_for 10 test -S "$WORK/redis/socket"
ok 'and is killed' kill -SEGV "$(redis-cli -s "$WORK/redis/socket" info server | sed -n 's/^process_id:\([0-9]*\).*/\1/p')"
wait $redis
compare redis "$(readlink -f "$(command -v redis-server)")"
PG=/usr/lib/postgresql/15/bin
mkdir -m 777 "$WORK/postgres"
chmod 711 "$WORK"
AS_POSTGRES=(setpriv --reuid=postgres --regid=postgres --clear-groups)
ok 'a database for postgres' "${AS_POSTGRES[@]}" $PG/initdb -D "$WORK/postgres/data" --no-sync
mkfifo "$WORK/silence"
make_core "$WORK/postgres" bash -c 'exec "$@" <>../silence' - \
    "${AS_POSTGRES[@]}" $PG/postgres --single -D "$WORK/postgres/data" template1 2>/dev/null &
postgres=$!
backend() { pgrep -n -u postgres -f "^$PG/postgres --single -D $WORK"; }
ready() { grep -q '^State:.S' "/proc/$(backend)/status" && [ -e "/proc/$(backend)/map_files" ] && grep -q libicu "/proc/$(backend)/maps"; }
ok 'postgres is up' wait_for 10 ready
ok 'and is killed' kill -ABRT "$(backend)"
wait $postgres 2>/dev/null
find "$WORK/postgres/data" -maxdepth 1 -name 'core*' -exec mv {} "$WORK/postgres/core" \; # it died in its own folder
compare postgres $PG/postgres
if [ -x /usr/bin/node ]; then
    make_core "$WORK/node" /usr/bin/node -e 'process.abort()'
    compare node "$(readlink -f /usr/bin/node)"
fi
if [ -x /usr/bin/gdb ]; then
    make_core "$WORK/gdb" /usr/bin/gdb -nx -batch -ex 'python import os, signal; signal.signal(6, signal.SIG_DFL); os.abort()'
    compare gdb /usr/bin/gdb
fi

# gdb's `bt` of 100,000 frames takes minutes; both ends of it are enough.
make_core "$WORK/overflow" "$CRASHERS/overflow"
make_slim overflow
small overflow
same overflow gdb gdb_says "$CRASHERS/overflow" 'info sharedlibrary' 'bt 50' 'bt -50'
same overflow eu-stack eu_stack_says
same overflow 'our analysis' we_say

# --- Little room ---------------------------------------------------------------------------------------------------

ok 'a stack that does not fit' "$SLIM_CORE" "$WORK/overflow/core" "$WORK/overflow/cut" 1048576
like "$(cat "$WORK/.output")" ', cut$' 'is said to be cut'
ok 'and is small' test "$(wc -c <"$WORK/overflow/cut")" -le $((1048576 + 65536))
like "$(eu_stack_says "$WORK/overflow/cut" | tail -n 3)" '#255 .* walk' 'its innermost frames are there'

# --- From the memory of a dying process ----------------------------------------------------------------------------

echo 4 >$PROC/core_pipe_limit

die() { # MODE NAME PROGRAM ARGUMENT...: leaves slim, time and, with --pipe, full
    local mode=$1 folder=$WORK/$2
    shift 2
    mkdir -p "$folder"
    rm -f "$folder"/{slim,full,time}
    echo "|$SLIM_CORE $mode $folder %P" >$PROC/core_pattern
    { (
        ulimit -c unlimited
        ulimit -s 8192
        exec "$@"
    ) } >/dev/null 2>&1 </dev/null
    wait_for 30 test -f "$folder/time"
}

# The kernel's own copy is the judge of ours: made from the full core, the slim one has the same bytes.
for name in nullderef heap threads altstack; do
    die --pipe "live-$name" "$CRASHERS/$name"
    ok "$name: from the full core" "$SLIM_CORE" "$WORK/live-$name/full" "$WORK/live-$name/again"
    ok "$name: the same from the process' memory" cmp "$WORK/live-$name/slim" "$WORK/live-$name/again"
    rm -f "$WORK/live-$name/full"
done

# Microseconds from the end of the notes to the copy, of the best of three: others work on this machine, too.
held() { # NAME PROGRAM ARGUMENT...
    local i least=
    for i in 1 2 3; do
        die --only "$@" || return 1
        read -r _ open _ _ take _ <"$WORK/$1/time"
        if [ -z "$least" ] || [ $((open + take)) -lt "$least" ]; then least=$((open + take)); fi
    done
    echo "$least"
}

at_most() { # LIMIT NAME PROGRAM ARGUMENT...
    local limit=$1 least
    shift
    least=$(held "$@")
    ok "$1: ${least:-no} us of at most $limit" test "${least:-$((limit + 1))}" -le "$limit"
}
at_most 3000 one-thread "$CRASHERS/nullderef"
at_most 3000 a-gibibyte "$CRASHERS/crowd" memory 1024
at_most 10000 64-threads "$CRASHERS/threads"
at_most 60000 1000-threads "$CRASHERS/crowd" threads 1000
at_most 60000 40000-mappings "$CRASHERS/crowd" mappings 40000
found_again

lines() { grep -cF "$1" <<<"$2"; }
is "$(lines TID "$(timeout 100 eu-stack -n 8 --core "$WORK/1000-threads/slim" 2>&1)")" 1001 '1,000 threads: eu-stack knows all of them'
is "$(lines wait_for_ever "$(eu-stack -n 8 --core "$WORK/1000-threads/slim" 2>&1)")" 1000 '1,000 threads: each with its stack'
text=$(gdb_says "$WORK/40000-mappings/slim" "$CRASHERS/crowd" bt)
like "$text" '#0 .*fall .*#1 .*main' '40,000 mappings: the stack'
done_testing
