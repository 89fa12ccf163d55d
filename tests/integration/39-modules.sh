#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 240
# What the server gets of executables and libraries: nothing, unwind sidecars, or the files; once for
# each build-id, also of files that are deleted or that only the crashed process saw; and the host's
# separate debug files. The server has no packages of its own: what it knows comes from its module
# store.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need_root
need jq

LINKED=
cleanup() {
    if [ -n "$LINKED" ]; then rm -f "$LINKED"; fi
    test_end
}
trap cleanup EXIT

mkdir -p "$STACK/conf"
printf 'modules = none\ndebuginfo = no\n' >"$STACK/conf/client.extra"
stack_up --core-pattern

policy() { # MODULES DEBUGINFO
    sed -i -e "s/^modules *=.*/modules = $1/" -e "s/^debuginfo *=.*/debuginfo = $2/" "$STACK/conf/client.conf"
    stack restart sender
}

PID=
crash() { # PROGRAM ARGUMENT...: runs it to its death
    {
        "$@" >/dev/null 2>&1 &
        PID=$!
        wait "$PID"
    } 2>/dev/null
}

event_of() { sql "SELECT crash_id FROM crash_events WHERE pid = $1"; } # PID
arrived() { [ -n "$(event_of "$1")" ]; }

EVENT=
ANALYSIS=
arrives() { # NAME: the crash of $PID; EVENT and ANALYSIS are then what the REST API says
    local id
    EVENT={} ANALYSIS={}
    ok "$1: arrives" wait_for 30 arrived "$PID" || return
    id=$(event_of "$PID")
    EVENT=$(api "/events/$id")
    ANALYSIS=$(api "/events/$id/analysis")
}

# Functions of the crashing thread, innermost first; ?? where there is no name.
functions() { json '[.threads[0].frames[] | .function // .symbol // "??"] | join(" ")' <<<"$ANALYSIS"; }
# How each was found: a guess is none of these.
guessed() { json '[.threads[0].frames[].trust | select(. != "context" and . != "cfi")] | length' <<<"$ANALYSIS"; }
program_counters() { jq -r '.threads[0].frames[] | select(.inlined | not) | .pc'; }

build_id_of() { eu-readelf -n "$1" | awk '/Build ID:/ { print $3; exit }'; } # FILE
stored() { echo "$STACK/data/modules/${1::2}/$1/$2"; }                       # BUILD-ID KIND
kinds() { # BUILD-ID
    find "$(stored "$1" .)" -type f ! -name index -printf '%f\n' 2>/dev/null | sort | xargs
}
puts() { grep -c 'method=PUT.*modules' "$STACK/log/ingestd.log"; }

libc=$(ldd /usr/bin/python3 | awk '/libc\.so/ { print $3 }')
libc_id=$(build_id_of "$libc")
python_id=$(build_id_of "$(readlink -f /usr/bin/python3)")
killed_python() { crash /usr/bin/python3 -c "import os; os.kill(os.getpid(), ${1:-11})"; }

# --- None -----------------------------------------------------------------------------------------------------------

killed_python
arrives 'none'
is "$(kinds "$libc_id")" '' 'none: the server gets no library'
is "$(find "$STACK/spool/modules" -type f | wc -l)" 0 'none: no copy lies on the shelf'
is "$(json '[.modules[] | select(.build_id)] | length > 3' <<<"$ANALYSIS")" true 'none: build-ids are told all the same'

# --- Sidecars -------------------------------------------------------------------------------------------------------

policy unwind no
killed_python 7
arrives 'unwind'
is "$(kinds "$libc_id") $(kinds "$python_id")" 'unwind unwind' 'unwind: the server gets sidecars and nothing else'
like "$(functions)" '(__GI_)?kill .*Py_RunMain.*Py_BytesMain.*(_start|\?\?)$' 'unwind: names from .dynsym, from kill to the first frame'
is "$(guessed)" 0 'unwind: each frame by its unwind table'
last=$(json '.threads[0].frames[-1].pc' <<<"$ANALYSIS")
entry=$(json '.threads[0].frames[-1] | "\(.module // "") \(.offset // "")"' <<<"$ANALYSIS")
diag "outermost: $last $entry"
like "$entry" 'python3' 'unwind: the outermost frame is the program itself'

core=$WORK/core
ok 'the core can be downloaded' curl -fsS -H "Authorization: Bearer $CORRAL_TOKEN" -o "$core" \
    "$(json .core.download <<<"$EVENT")"
# The same core with the files themselves, and with a folder of sidecars.
mkdir -p "$WORK/root"
while read -r id path; do
    if [ -z "$path" ] || [ ! -f "$(stored "$id" unwind)" ]; then continue; fi
    mkdir -p "$WORK/root$(dirname "$path")"
    cp --sparse=always "$(stored "$id" unwind)" "$WORK/root$path"
done < <(jq -r '.modules[] | select(.build_id) | "\(.build_id) \(.path)"' <<<"$ANALYSIS")
"$BIN/corral-workerd" --analyse "$core" --sysroot / --format json >"$WORK/whole.json"
"$BIN/corral-workerd" --analyse "$core" --sysroot "$WORK/root" --format json >"$WORK/side.json"
is "$(program_counters <"$WORK/side.json")" "$(program_counters <"$WORK/whole.json")" \
    'unwind: the same program counters as with the files'
is "$(program_counters <<<"$ANALYSIS")" "$(program_counters <"$WORK/whole.json")" 'unwind: and as the server found'
diag "python3: $(stat -L -c %s "$(readlink -f /usr/bin/python3)") bytes, sidecar $(du -B1 "$(stored "$python_id" unwind)" | cut -f1)"
ok 'unwind: what it leaves out costs the server no disk' \
    test "$(du -k "$(stored "$python_id" unwind)" | cut -f1)" -lt $(($(stat -L -c %s "$(readlink -f /usr/bin/python3)") / 3 / 1024))
diag "libc: $(stat -L -c %s "$libc") bytes, sidecar $(du -B1 "$(stored "$libc_id" unwind)" | cut -f1)"

before=$(puts)
killed_python 5
arrives 'unwind again'
is "$(puts)" "$before" 'unwind: no module is sent twice'
is "$(find "$STACK/spool/modules" -name '*.unwind' | wc -l)" 0 'unwind: no copy stays on the shelf'

# --- Files that are gone, or were never ours to see --------------------------------------------------------------------

cat >"$WORK/wait.c" <<'C'
#include <unistd.h>
int volatile *nowhere;
__attribute__((noinline)) static int fail(void) { return *nowhere; }
int main(void) { while (access("/proc/self/exe.gone", F_OK) == 0) {} char c; if (read(0, &c, 1) < 0) return 1; return fail(); }
C
gcc -O1 -Wl,--build-id -o "$WORK/gone" "$WORK/wait.c"
strip "$WORK/gone"
gone_id=$(build_id_of "$WORK/gone")
{
    mkfifo "$WORK/go"
    "$WORK/gone" <"$WORK/go" &
    PID=$!
    exec 7>"$WORK/go"
    wait_for 5 test -e "/proc/$PID/exe"
    rm "$WORK/gone"
    echo >&7
    exec 7>&-
    wait "$PID"
} 2>/dev/null
arrives 'deleted'
is "$(kinds "$gone_id")" 'unwind' 'deleted: the sidecar of a file that is no more'
is "$(guessed)" 0 'deleted: its whole stack'
like "$(functions)" '__libc_start_main' 'deleted: through the C library to the start'

policy executable no
sed -i 's/read(0/read(1+0-1/; s/return 1/return 2/' "$WORK/wait.c"
gcc -O1 -Wl,--build-id -o "$WORK/hidden" "$WORK/wait.c"
hidden_id=$(build_id_of "$WORK/hidden")
mkdir "$WORK/elsewhere"
{
    # shellcheck disable=SC2016 # for the inner shell
    unshare -m sh -c 'mount -t tmpfs none "$1" && cp "$2" "$1/hidden" && exec "$1/hidden"' sh \
        "$WORK/elsewhere" "$WORK/hidden" </dev/null &
    PID=$!
    wait "$PID"
} 2>/dev/null
arrives 'another mount namespace'
is "$(kinds "$hidden_id")" 'executable' 'another mount namespace: its executable, which is nowhere here'
ok '... the very bytes' cmp "$(stored "$hidden_id" executable)" "$WORK/hidden"
like "$(functions)" '^fail main .*__libc_start' 'another mount namespace: its whole stack'
is "$(kinds "$libc_id")" 'unwind' 'what the server has a sidecar of is not asked for'

# --- Debug information ----------------------------------------------------------------------------------------------

stripped_id=$(build_id_of build/crashers/stripped)
LINKED=/usr/lib/debug/.build-id/${stripped_id::2}/${stripped_id:2}.debug
if [ -e "$LINKED" ]; then
    LINKED=
else
    mkdir -p "$(dirname "$LINKED")"
    cp build/crashers/stripped.debug "$LINKED"
fi
chmod 644 "/usr/lib/debug/.build-id/${stripped_id::2}/${stripped_id:2}.debug"
policy executable yes
crash "$PWD/build/crashers/stripped"
arrives 'stripped'
uploaded() { [ -f "$(stored "$stripped_id" debuginfo)" ]; }
ok 'debug information of the host is uploaded' wait_for 20 uploaded
ok '... the very bytes' cmp "$(stored "$stripped_id" debuginfo)" build/crashers/stripped.debug
noted() { find "$STACK/spool/modules" -name '*.debuginfo' | grep -q .; }
ok 'all debug files that the host has of it are' wait_for 60 inverted noted
asked() { grep -c 'method=HEAD route=/api/v1/modules' "$STACK/log/ingestd.log"; }
before=$(asked)
ok 'the server was asked' test "$before" -gt 0
crash "$PWD/build/crashers/stripped"
arrives 'stripped again'
like "$(functions)" 'parse_block' 'and the next crash has names'
stack restart sender
is "$(asked)" "$before" 'the server is asked once for each build-id'
is "$(find "$STACK/spool/rejected" -mindepth 1 2>/dev/null)" '' 'nothing was refused'
done_testing
