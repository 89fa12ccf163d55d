#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 300
# corral-workerd --analyse on real cores: every crasher against its golden stack and against gdb, a program of the distribution against
# eu-stack, cores that are cut, compressed or none at all, a stack of 100,000 frames.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/golden/stacks.sh
. "$ROOT/tests/golden/stacks.sh"
need jq gdb eu-stack python3 zstd
need_file_cores
# Indexes of modules: none at the start, and none left behind.
export CORRAL_CACHE=$WORK/cache

core_of() { echo "$WORK/$1/core"; }

for name in $(crashers) python; do
    case $name in
    python) make_core "$WORK/$name" /usr/bin/python3 -c 'import os; os.kill(os.getpid(), 11)' ;;
    *) [ ! -x "$CRASHERS/$name" ] || make_core "$WORK/$name" "$CRASHERS/$name" ;;
    esac
done

analyse() { "$WORKERD" --analyse "$@"; }

# --- Golden stacks, and gdb's opinion -------------------------------------------------------------------------------------

gdb_stacks() { # PROGRAM CORE
    gdb -nx -batch -ex 'set width 0' -ex 'set debuginfod enabled off' -ex 'thread apply all bt' "$@" 2>/dev/null
}

ALL=0
AGREED=0
compare_with_gdb() { # NAME PROGRAM
    local said
    gdb_stacks "$2" "$(core_of "$1")" >"$WORK/gdb"
    said=$("$GOLDEN/agree" "$WORK/json" "$WORK/gdb")
    unlike "$said" 'unexplained' "$1: no frame that gdb would not explain"
    diag "$1: $(tail -n 1 <<<"$said")"
    grep '^missing' <<<"$said" | sed 's/^/# /'
    read -r _ agreed _ all _ < <(tail -n 1 <<<"$said")
    AGREED=$((AGREED + agreed))
    ALL=$((ALL + ${all%,}))
}

for name in $(crashers); do
    if [ ! -f "$(core_of "$name")" ]; then
        skip "build/crashers/$name was not built here" "$name"
        continue
    fi
    analyse "$(core_of "$name")" --format json >"$WORK/json"
    is "$(golden_lines <"$WORK/json" | diff "$GOLDEN/$name.txt" - )" '' "$name: the golden stack"
    analyse "$(core_of "$name")" --engine libdwfl --format json >"$WORK/reference.json"
    is "$(golden_lines <"$WORK/reference.json" | diff "$GOLDEN/$name.txt" - )" '' "$name: the golden stack, by libdwfl"
    # gdb takes minutes for the deep one.
    if [ "$name" != overflow ]; then compare_with_gdb "$name" "$CRASHERS/$name"; fi
done
diag "frames that agree with gdb's in function, file and line: $AGREED of $ALL"
ok 'at least 99 of 100 frames agree with gdb' [ $((AGREED * 100)) -ge $((ALL * 99)) ]

lines=$(analyse "$(core_of stripped)" --debuginfo "$CRASHERS/stripped.debug" --format json | golden_lines)
is "$lines" "$(cat "$GOLDEN/stripped-debug.txt")" 'stripped: the golden stack with its debug file'

# --- A program of the distribution ----------------------------------------------------------------------------------------

# address and function of each frame, without symbol versions
eu_frames() { eu-stack --core "$1" -e "$2" | sed -nE 's/^#[0-9]+ +(0x[0-9a-f]+)( - 1)? *([^ @]*).*/\1 \3/p'; }
our_frames() {
    analyse "$1" --format json |
        jq -r '.threads[0].frames[] | select(.inlined | not) |
            "0x" + ("0000000000000000" + .pc[2:])[-16:] + " " + ((.symbol // .function) // "" | sub("@.*"; ""))'
}

# With debug information, gdb's and our names are those of DWARF: __libc_start_main_impl, __GI_kill, run_mod.
same_but_internal() { sed -E 's/ (__GI_*|__)/ /; s/_impl$//; s/\.lto_priv\.[0-9]+$//'; }
# LINES: of those on standard input the ones at their addresses. eu-stack does not know functions that left by a jump.
at_addresses_of() { grep -F -f <(cut -d ' ' -f 1 <<<"$1"); }

program=$(readlink -f /usr/bin/python3)
ours=$(our_frames "$(core_of python)")
theirs=$(eu_frames "$(core_of python)" "$program")
is "$(at_addresses_of "$theirs" <<<"$ours" | same_but_internal)" "$(same_but_internal <<<"$theirs")" \
    'python3: the same addresses and functions as eu-stack'
ok 'python3: more than a handful of frames' [ "$(wc -l <<<"$ours")" -gt 8 ]

# --- Indexes --------------------------------------------------------------------------------------------------------------

indexes() { find "$CORRAL_CACHE" -type f -size +0 | sort; }
said() { analyse "$(core_of terminate)" --format json "$@"; }
known=$(said)
like "$known" '"engine":"corral' 'by our engine'
like "$(said --engine libdwfl)" '"engine":"libdwfl' 'by libdwfl, when asked for'
ok 'indexes are kept' [ "$(indexes | wc -l)" -gt 3 ]
is "$(said)" "$known" 'the same from indexes that were there'
is "$(said --cache '')" "$known" 'the same without a place for indexes'
is "$(said --cache "$WORK/none/such")" "$known" 'the same with a new place for them'

# What somebody did to an index must not show in a stack.
while read -r index; do truncate -s -100 "$index"; done < <(indexes)
is "$(said)" "$known" 'the same when every index was cut'
while read -r index; do
    printf '\377\377\377\377' | dd of="$index" bs=1 seek=$(($(stat -c %s "$index") / 2)) conv=notrunc status=none
done < <(indexes)
is "$(said)" "$known" 'the same when every index was changed'
while read -r index; do head -c 4096 /dev/urandom >"$index"; done < <(indexes)
is "$(said)" "$known" 'the same when every index was overwritten'
rm -rf "$CORRAL_CACHE"
touch "$CORRAL_CACHE"
is "$(said)" "$known" 'the same when their folder is no folder'
rm -f "$CORRAL_CACHE"

# After su(1) the environment names another user's folder: he would decide what an index says.
mkdir -p "$WORK/own" "$WORK/foreign/.cache"
in_caches() { env -u CORRAL_CACHE "$@" "$WORKERD" --analyse "$(core_of terminate)" --format json; }
is "$(in_caches XDG_CACHE_HOME="$WORK/own")" "$known" "the same with a cache in one's own folder"
ok 'which is used' test -d "$WORK/own/corral"
if [ "$(id -u)" = 0 ]; then
    chown -R nobody "$WORK/foreign"
    is "$(in_caches XDG_CACHE_HOME="$WORK/foreign")" "$known" "the same when the environment names another user's folder"
    is "$(in_caches -u XDG_CACHE_HOME HOME="$WORK/foreign")" "$known" 'the same when it names his home'
    is "$(find "$WORK/foreign" -mindepth 1 | wc -l)" 1 'neither of which is used'
else
    skip 'root alone can give a folder to somebody else' "another user's folder"
fi

# --- What a child has open ------------------------------------------------------------------------------------------------

# Without indexes one is made of libc: time enough to look at the children behind their walls.
children_of() { cat /proc/"$1"/task/"$1"/children 2>/dev/null; }
behind_walls() { grep -q '^Seccomp:.*2' "/proc/$1/status" 2>/dev/null; }
descriptors() { # of the children of $1, until it ends: a line each
    local child
    while kill -0 "$1" 2>/dev/null; do
        for child in $(children_of "$1"); do
            if behind_walls "$child"; then find "/proc/$child/fd" -printf '%l\n' 2>/dev/null; fi
        done
    done
}
echo secret >"$WORK/secret"
look() { # leaves what was seen in $WORK/seen; false when nothing was
    "$WORKERD" --analyse "$(core_of terminate)" --cache "$WORK/fresh" 7<"$WORK/secret" 9<"$WORK/secret" >/dev/null 2>&1 &
    descriptors $! | sort -u >"$WORK/seen"
    rm -rf "$WORK/fresh"
    grep -q "$(core_of terminate)" "$WORK/seen"
}
ok 'children were seen at work' wait_for 60 look
unlike "$(cat "$WORK/seen")" "$WORK/(secret|fresh)$" 'none has what this program was started with, nor the cache'

# --- A deep stack ---------------------------------------------------------------------------------------------------------

began=${EPOCHREALTIME/./}
analyse "$(core_of overflow)" --format json >"$WORK/json"
took=$(((${EPOCHREALTIME/./} - began) / 1000))
depth=$(jq '.threads[0] | (.frames | length) + .frames_left_out' "$WORK/json")
diag "overflow: $depth frames in $took ms"
ok 'overflow: all frames were walked' [ "$depth" -gt 50000 ]
ok 'overflow: within half a second' in_time "$took" 500
is "$(jq -r '.threads[0].frames[-1].function' "$WORK/json")" _start 'overflow: the outermost frame is kept'

# --- Cores that are not whole ---------------------------------------------------------------------------------------------

core=$(core_of threads)
size=$(stat -c %s "$core")
zstd -q -1 "$core" -o "$WORK/threads.zst"
is "$(analyse "$WORK/threads.zst")" "$(analyse "$core")" 'a compressed core gives the same text'
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    on_small_disk() { # WORKERD CORE: with a folder for scratch files that holds next to nothing
        unshare -m bash -c 'mount -t tmpfs -o size=64k none /mnt && TMPDIR=/mnt exec "$@"' - "$1" --analyse "$2"
    }
    is "$(on_small_disk "$WORKERD" "$WORK/threads.zst")" "$(analyse "$core")" 'the same where the disk has no room for it'
else
    skip 'file systems cannot be mounted' 'a small disk'
fi
head -c $(($(stat -c %s "$WORK/threads.zst") / 2)) "$WORK/threads.zst" >"$WORK/half.zst"
ok 'half of a compressed core gives a stack' analyse "$WORK/half.zst"

# After the notes, a core has its threads and says that it is cut; before them, it says why there is nothing.
for part in 1 10 50 90; do
    head -c $((size * part / 100)) "$core" >"$WORK/cut"
    status=0
    analyse "$WORK/cut" --format json >"$WORK/json" 2>"$WORK/said" || status=$?
    ok "cut after $part %: ends with 0 or 1" [ $status -le 1 ]
    is "$(jq .core_truncated "$WORK/json")" true "cut after $part %: says so"
done
for bytes in 0 16 63 64 100 1000; do
    head -c $bytes "$core" >"$WORK/cut"
    status=0
    analyse "$WORK/cut" >"$WORK/text" 2>"$WORK/said" || status=$?
    is $status 1 "cut after $bytes bytes: no stack"
    like "$(cat "$WORK/said")" 'not an ELF|ends within its headers|cut before its registers' "cut after $bytes bytes: says why"
done

# --- What is no core, and what is not asked for so ------------------------------------------------------------------------

refused() { # STATUS REGEX DESCRIPTION ARGUMENT...
    local status=0 expected=$1 regex=$2 description=$3
    shift 3
    analyse "$@" >"$WORK/text" 2>"$WORK/said" || status=$?
    is "$status" "$expected" "$description: the exit status"
    like "$(cat "$WORK/said")" "$regex" "$description: the message"
}
mkfifo "$WORK/fifo"
refused 1 'not an ELF file' 'a text file' /etc/passwd
refused 1 'not a core' 'a program' "$WORKERD"
refused 1 'not a regular file' 'a FIFO' "$WORK/fifo"
refused 1 'No such file' 'nothing' "$WORK/nothing"
refused 2 'missing' 'no argument'
refused 2 'unknown option' 'a wrong option' "$core" --exee x
refused 2 'text or json' 'a wrong format' "$core" --format xml
refused 2 'corral or libdwfl' 'a wrong engine' "$core" --engine gdb
refused 0 'of another build' 'a program of another build' "$(core_of nullderef)" --exe "$CRASHERS/abort"

mkdir "$WORK/empty"
text=$(analyse "$(core_of nullderef)" --sysroot "$WORK/empty")
like "$text" "#0 .*\?\? \(\) from $CRASHERS/nullderef" 'without the files: the module of the innermost frame'
like "$text" "Problem: the file $CRASHERS/nullderef \(build-id [0-9a-f]{40}\) is not at hand" 'without the files: what is missing'
done_testing
