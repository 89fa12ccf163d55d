#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 600
# Our engine and libdwfl against gdb, frame by frame: over the matrix of crashers (tests/crashers/matrix) and real
# programs that are killed while they run. Every difference has its reason in tests/golden/differences.tsv, or it is a
# failure. FULL=1 takes the programs that need long as well; KEEP=1 keeps cores and stacks; ONLY=REGEX names programs.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/golden/stacks.sh
. "$ROOT/tests/golden/stacks.sh"
need jq gdb python3 make gcc
need_file_cores

MATRIX=$ROOT/build/crashers-matrix
ROWS=$ROOT/tests/crashers/matrix/rows.tsv
DEBUG=$MATRIX/debug
JOBS=$(nproc)
# Nothing is known at the start, and nothing is left behind.
export CORRAL_CACHE=$WORK/cache

# --- One program --------------------------------------------------------------------------------------------------------

# Each leaves what it has to say in its folder, so that several can run at a time.
examine() { # NAME PROGRAM: of $WORK/NAME/core
    local in=$WORK/$1 status=0
    "$WORKERD" --analyse "$in/core" --exe "$2" --debuginfo "$DEBUG" --format json >"$in/corral.json" 2>"$in/said" &&
        "$WORKERD" --analyse "$in/core" --exe "$2" --debuginfo "$DEBUG" --format json --engine libdwfl \
            >"$in/libdwfl.json" 2>>"$in/said" &&
        CORE=$in/core EXE=$2 OUT=$in/gdb.json DEBUGINFO=$DEBUG \
            timeout 120 gdb -nx -batch -x tests/lib/gdb-frames.py >>"$in/said" 2>&1 </dev/null &&
        tests/lib/stack-diff --program "$1" --used "$in/used" "$in/corral.json" "$in/gdb.json" "$in/libdwfl.json" \
            >"$in/diff" 2>>"$in/said" || status=$?
    echo $status >"$in/status"
    [ -n "${KEEP:-}" ] || rm -f "$in/core"
}

PROGRAMS=()
start() { # NAME PROGRAM: as soon as there is a processor for it
    PROGRAMS+=("$1")
    while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do wait -n; done
    examine "$1" "$2" &
}

wanted() { [[ $1 =~ ^(${ONLY:-.*})$ ]]; } # NAME

TOTALS=$WORK/totals
judge() { # NAME
    local in=$WORK/$1 description="$1: every frame is gdb's, or the difference has a reason"
    if [ "$(cat "$in/status")" = 0 ]; then
        pass "$description"
    else
        fail "$description"
        grep -h '^unexplained' "$in/diff" | head -n 20 | sed 's/^/# /'
        tail -n 5 "$in/said" | sed 's/^/# /'
    fi
    # Where the debug information is refused, with a reason, functions and inlined frames are not to be counted.
    if [ -f "$in/diff" ] && [[ $1 != *-split ]]; then grep '^total' "$in/diff" >>"$TOTALS"; fi
}

# --- The matrix ---------------------------------------------------------------------------------------------------------

ok 'the matrix is built' make -s --no-print-directory -j "$JOBS" crashers-matrix

while IFS=$'\t' read -r name _; do
    wanted "$name" || continue
    if [ -e "$MATRIX/$name.skip" ]; then
        skip "$(cat "$MATRIX/$name.skip")" "$name"
        continue
    fi
    make_core "$WORK/$name" timeout 20 "$MATRIX/$name"
    if [ ! -f "$WORK/$name/core" ]; then
        fail "$name: leaves a core"
        continue
    fi
    start "$name" "$MATRIX/$name"
done < <(grep -v '^#' "$ROWS")

# --- Real programs, killed while they run -----------------------------------------------------------------------------------

# Each starts its program in $IN, so that it dies there of a signal.
# Its second thread waits without a limit of time (futex is system call 202), and not for the lock of the interpreter.
crash_python3() {
    make_core "$IN" /usr/bin/python3 -c '
import os, re, threading
thread = threading.Thread(target=threading.Event().wait, daemon=True)
thread.start()
call = []
while call[:1] != ["202"] or call[4] != "0x0":
    call = open(f"/proc/self/task/{thread.native_id}/syscall").read().split()
re.sub("x", lambda m: str(sorted([2, 1], key=lambda n: os.kill(os.getpid(), 11))), "xx")'
}
crash_perl() { make_core "$IN" perl -e 'sub f { kill SEGV => $$; sleep 1 } my @a = sort { f() } 2, 1; '; }
# shellcheck disable=SC2016 # not ours to expand
crash_bash() { make_core "$IN" bash -c 'f() { kill -SEGV $$; }; eval "$(f)"'; }
crash_node() {
    make_core "$IN" node -e '
function f(n) { return n == 0 ? process.kill(process.pid, "SIGABRT") : f(n - 1) + 1; }
f(5); setTimeout(() => {}, 1000);'
}
crash_gdb() { make_core "$IN" gdb -nx -batch -ex 'python import os; os.kill(os.getpid(), 11)'; }

# PROGRAM ARGUMENT...: in the background until SOCKET is there, then killed.
crash_server() {
    make_core "$IN" "$@" &
    wait_for 20 test -S "$IN/socket" && kill -SEGV "$(pgrep -f "$IN/socket" | head -n 1)"
    wait $!
}
crash_redis-server() {
    crash_server redis-server --port 0 --unixsocket "$IN/socket" --save '' --crash-log-enabled no
}
crash_nginx() {
    printf '%s\n' 'daemon off; master_process off; pid nginx.pid; error_log stderr;' 'events {}' \
        "http { access_log off; server { listen unix:$IN/socket; } }" >"$IN/nginx.conf"
    make_core "$IN" nginx -p "$IN" -c "$IN/nginx.conf" &
    wait_for 20 test -S "$IN/socket" && kill -SEGV "$(cat "$IN/nginx.pid")"
    wait $!
}
crash_postgres() {
    local programs=/usr/lib/postgresql/15/bin
    chmod 711 "$WORK" && mkdir -p "$IN" && chown postgres "$IN"
    setpriv --reuid postgres --clear-groups "$programs/initdb" -N -D "$IN/data" >/dev/null 2>&1
    make_core "$IN/data" setpriv --reuid postgres --clear-groups "$programs/postgres" -D "$IN/data" -k "$IN" \
        -c listen_addresses= &
    wait_for 30 test -S "$IN/.s.PGSQL.5432" && kill -SEGV "$(head -n 1 "$IN/data/postmaster.pid")"
    wait $!
    mv "$IN/data/core" "$IN/core"
}

program_of() { # NAME
    case $1 in
    postgres) echo /usr/lib/postgresql/15/bin/postgres ;;
    python3) readlink -f /usr/bin/python3 ;;
    *) readlink -f "$(command -v "$1")" ;;
    esac
}

for name in python3 perl bash redis-server nginx gdb ${FULL:+node postgres}; do
    wanted "$name" || continue
    program=$(program_of "$name")
    if [ ! -x "$program" ]; then
        skip "$name is not installed" "$name"
        continue
    fi
    IN=$WORK/$name
    mkdir -p "$IN"
    "crash_$name" >"$IN/said" 2>&1
    if [ ! -f "$IN/core" ]; then
        fail "$name: leaves a core"
        sed 's/^/# /' "$IN/said"
        continue
    fi
    start "$name" "$program"
done
wait

for name in "${PROGRAMS[@]}"; do judge "$name"; done

# --- The comparison itself ------------------------------------------------------------------------------------------------

# A stack of inlined and other frames on which all agree, and one change of it at a time.
altered() { # DESCRIPTION FILTER
    jq "$2" "$WORK/chain-gcc-O2/corral.json" >"$WORK/altered.json"
    not_ok "noticed: $1" tests/lib/stack-diff --program chain-gcc-O2 "$WORK/altered.json" "$WORK/chain-gcc-O2/gdb.json"
}
if wanted chain-gcc-O2; then
    ok 'the stack as it is has no difference' tests/lib/stack-diff --known /dev/null \
        "$WORK/chain-gcc-O2/corral.json" "$WORK/chain-gcc-O2/gdb.json"
    altered 'another function' '.threads[0].frames[3].function = "other"'
    altered 'no function' 'del(.threads[0].frames[3].function)'
    altered 'another line' '.threads[0].frames[4].line += 1'
    altered 'another file' '.threads[0].frames[5].file |= sub("chain"; "train")'
    altered 'an inlined frame that is not' '.threads[0].frames[2].inlined = false'
    altered 'another address' '.threads[0].frames[-1].pc = "0x1"'
    altered 'a frame less in the middle' 'del(.threads[0].frames[6])'
    altered 'a frame less at the end' 'del(.threads[0].frames[-1])'
    altered 'a frame more' '.threads[0].frames |= .[0:2] + .[1:]'
    altered 'frames in another order' '.threads[0].frames |= [.[1], .[0]] + .[2:]'
    altered 'a signal where none is' '.threads[0].frames[-2].signal = true'
    altered 'no thread at all' '.threads = []'
    altered 'a thread too many' '.threads += [.threads[0] | .tid = 1]'
fi

# --- In sum -----------------------------------------------------------------------------------------------------------------

# ENGINE: frames, those that are equal, excused, explained, inlined; gdb's inlined; hundredths of percent that are equal of all, and of those
# about which gdb is right.
in_sum() {
    awk -v e="$1" '$2 == e { f += $3; q += $4; x += $5; w += $6; i += $8; g += $9 }
        END { if (f > x) printf "%d %d %d %d %d %d %d %d\n", f, q, x, w, i, g, q * 10000 / f, q * 10000 / (f - x) }' "$TOTALS"
}
percent() { echo "$(($1 / 100)).$(printf %02d $(($1 % 100))) %"; }
for engine in corral libdwfl; do
    read -r frames equal excused explained inlined gdbs all right < <(in_sum "$engine")
    diag "$engine: $equal of $frames frames are gdb's, $(percent "$all"), of those where gdb is right $(percent "$right");" \
        "$excused differ where it is wrong, $explained for other reasons; $inlined are inlined, of gdb's $gdbs"
    if [ $engine = corral ] && [ -z "${ONLY:-}" ]; then
        ok 'at least 99 of 100 frames are equal to gdb'\''s' [ "$right" -ge 9900 ]
        ok 'at least as many inlined frames as gdb' [ "$inlined" -ge "$gdbs" ]
    fi
done
for in in "$WORK"/*-split; do
    [ -f "$in/corral.json" ] || continue
    ok "$(basename "$in"): says why its functions are not there" \
        jq -e '[.modules[].problem // empty] | any(test("split"))' "$in/corral.json"
done
# Not a failure: some belong to compilers that are not here.
diag "rows of differences.tsv that nothing needed: $(comm -23 \
    <(grep -nE '^[^#]' tests/golden/differences.tsv | cut -d : -f 1 | sort) \
    <(cat "$WORK"/*/used 2>/dev/null | sort -u) | sort -n | tr '\n' ' ')"
done_testing
