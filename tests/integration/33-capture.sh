#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 200
# What the kernel starts for a crash: corral-handler alone, with no server near, against whatever crashes here and
# whatever happens to it meanwhile. The spool is somebody else's than root's, so every right is given up on the way.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/lib/capture.sh
. "$(dirname "$0")/../lib/capture.sh"
need_root
need as gdb zstd jq setpriv eu-readelf unshare
capture_begin 'core = slim'

# --- Arrives, at any limit --------------------------------------------------------------------------------------------

frames() { zstd -dqf "$1/core.zst" -o "$WORK/core" && gdb -nx -batch -ex bt "$2" "$WORK/core" 2>&1; } # ENTRY PROGRAM

for LIMIT in 16 0; do
    echo "$LIMIT" >$PROC/core_pipe_limit
    crash build/crashers/nullderef
    ok "limit $LIMIT: arrives" wait_for 10 arrived
    is "$(meta .fidelity)" slim "limit $LIMIT: is slim"
    is "$(meta .core_problem)" null "limit $LIMIT: nothing is missing"
    like "$(frames "$ENTRY" build/crashers/nullderef)" '#0 .*#1 .*main' "limit $LIMIT: gdb reads its stack"
done
echo 16 >$PROC/core_pipe_limit
is "$(find "$SPOOL" ! -user nobody)" '' 'all of the spool belongs to its owner'
is "$(find "$SPOOL" -type f -perm /077; find "$SPOOL" -type d -perm /077)" '' '… and is for nobody else'
like "$(meta '.modules[].build_id')" '^[0-9a-f]{40}' 'modules have their build-ids'

# --- What is no ordinary program ------------------------------------------------------------------------------------

cp build/crashers/nullderef "$WORK/setuid"
chmod 4755 "$WORK/setuid"
capture_at_end "echo $(cat /proc/sys/fs/suid_dumpable) >/proc/sys/fs/suid_dumpable"
echo 2 >/proc/sys/fs/suid_dumpable
configure_client 'core = full'
crash setpriv --reuid nobody --regid nogroup --clear-groups "$WORK/setuid"
ok 'a set-uid program: arrives' wait_for 10 arrived
is "$(meta .restricted)" true '… for few eyes only'
is "$(meta .fidelity)" slim '… and without its memory, though all cores are to be full'
configure_client 'core = slim'

cp build/crashers/abort "$WORK/sleeper"
cp /bin/sleep "$WORK/deleted"
victim "$WORK/deleted" 100
rm "$WORK/deleted"
kill_victim SEGV
ok 'a deleted executable: arrives' wait_for 10 arrived
is "$(meta .executable)" "$WORK/deleted" '… under the name that it had'
is "$(meta '.modules[0].offered')" true '… with a copy of it'
ok '… which is the file' cmp /bin/sleep "$SPOOL/modules/$(meta '.modules[0].build_id')"

mkdir "$WORK/inside"
victim unshare -m sh -c "mount -t tmpfs none $WORK/inside && cp /bin/cat $WORK/inside/only-here && exec $WORK/inside/only-here"
wait_for 5 grep -q only-here "/proc/$PID/comm"
kill_victim SEGV
ok 'in a mount namespace of its own: arrives' wait_for 10 arrived
is "$(meta '.modules[0].path')" "$WORK/inside/only-here" '… with a path that exists there alone'
ok '… and a copy of the file' cmp /bin/cat "$SPOOL/modules/$(meta '.modules[0].build_id')"

victim build/crashers/crowd threads 1000
wait_for 20 threads_are 1000
kill_victim SEGV
ok '1000 threads: arrives' wait_for 20 arrived
like "$(meta '.threads | length')" '^100[01]$' '… with the names of all'
zstd -dqf "$ENTRY/core.zst" -o "$WORK/core"
like "$(eu-readelf -n "$WORK/core" | grep -c PRSTATUS)" '^100[01]$' '… and the registers of all'

# Behind a short argv[0], so that string functions load it into vector registers with that.
configure_client 'core = full'
crash sh -c 'cd build/crashers && exec ./abort --password=hunter2hunter2'
ok 'a password on the command line: arrives' wait_for 10 arrived
ok '… in full' wait_for 10 test -f "$ENTRY/full.json"
is "$(cat "$ENTRY/core.zst" "$ENTRY/full.zst" | zstd -dqc | grep -ac hunter2)" 0 '… and is nowhere in the cores'

printf '.globl _start\n_start: movl 0, %%eax\n' | as --32 -o "$WORK/narrow.o" &&
    ld -m elf_i386 -o "$WORK/narrow" "$WORK/narrow.o" 2>/dev/null
crash env MY_TOKEN=hunter2hunter2 "$WORK/narrow"
ok 'a program of 32 bits: arrives' wait_for 10 arrived
is "$(meta .fidelity)" meta '… without its memory, in which no secret could be found'
configure_client 'core = slim'

# --- What happens meanwhile ---------------------------------------------------------------------------------------------

handler_at_work() { pgrep -f "^$WORK/h " >/dev/null; }
entries() { find "$SPOOL" -maxdepth 1 -name '????????-*' | sort; }

# Every entry is one: metadata that parse, a core that is one to its end.
broken_entries() {
    local entry
    for entry in $(entries); do
        if ! jq -e .crash_id "$entry/meta.json" >/dev/null; then echo "$entry: meta.json"; fi
        if [ -f "$entry/core.zst" ] && ! zstd -tq "$entry/core.zst"; then echo "$entry: core.zst"; fi
    done
}

hurt() { # WHO: kills the dying process or its handler, at some moment
    victim /bin/sleep 100
    kill -SEGV "$PID"
    sleep "0.00$((RANDOM % 8))$((RANDOM % 10))"
    case $1 in
    handler) pkill -KILL -f "^$WORK/h " ;;
    process) kill -KILL "$PID" ;;
    esac 2>/dev/null
    wait "$PID" 2>/dev/null
}

rm -rf "$SPOOL"/????????-*
BEGUN=${EPOCHREALTIME/./}
for ((i = 0; i < 60; i++)); do hurt handler; done 2>/dev/null
ok 'handlers that are killed keep no process' in_time $(((${EPOCHREALTIME/./} - BEGUN) / 1000)) 20000
wait_for 10 inverted handler_at_work
is "$(broken_entries)" '' '… and leave no half an entry'
diag "$(entries | wc -l) of 60 were spooled"
for ((i = 0; i < 40; i++)); do hurt process; done 2>/dev/null
wait_for 10 inverted handler_at_work
is "$(broken_entries)" '' 'processes that are killed over their crash leave no half an entry'
rm -rf "$SPOOL"/????????-* "$SPOOL"/tmp.*

# A file system that hangs, which no signal ends: the watchdog lets the process go.
if truncate -s 32M "$WORK/image" && mkfs.ext4 -q "$WORK/image" && mkdir "$WORK/frozen" &&
    mount -o loop "$WORK/image" "$WORK/frozen" 2>"$WORK/.output"; then
    capture_at_end "fsfreeze -u $WORK/frozen; umount $WORK/frozen"
    mkdir -m 700 "$WORK/frozen/spool"
    configure_client "spool = $WORK/frozen/spool"
    fsfreeze -f "$WORK/frozen"
    victim /bin/sleep 100
    BEGUN=${EPOCHREALTIME/./}
    kill_victim SEGV
    TOOK=$(((${EPOCHREALTIME/./} - BEGUN) / 1000))
    fsfreeze -u "$WORK/frozen"
    ok "a spool that hangs: the process is let go ($TOOK ms)" in_time "$TOOK" 9000
    ok '… and spooled as soon as it can be' wait_for 10 sh -c "ls $WORK/frozen/spool/*/meta.json"
    umount "$WORK/frozen"
else
    skip 'no loop device' 'a spool that hangs'
fi

# --- Nothing to write to ----------------------------------------------------------------------------------------------

mkdir "$WORK/small"
mount -t tmpfs -o size=4M none "$WORK/small"
capture_at_end "umount $WORK/small"
mkdir -m 700 "$WORK/small/spool"
configure_client "spool = $WORK/small/spool"
SPOOL=$WORK/small/spool
crash build/crashers/nullderef
ok 'a small disk: arrives' wait_for 10 arrived
dd if=/dev/zero of="$WORK/small/fill" bs=4k 2>/dev/null
pending() { "$BIN/corralctl" -c "$WORK/c" client status --json | jq -e .counted; }
crash build/crashers/nullderef
wait_for 10 inverted handler_at_work
is "$(find "$SPOOL" -maxdepth 1 -name '????????-*' | wc -l)" 1 'a full disk takes no second one'
is "$(pending)" 1 '… which is counted'

# --- What the owner of the spool may have planted in it ----------------------------------------------------------------

# It belongs to a user who speaks to the network: root follows no name in it, and waits for none.
configure_client 'core = slim'
echo precious >"$WORK/precious"
chmod 600 "$WORK/precious"
for plant in "ln -s $WORK/precious" "ln $WORK/precious" mkfifo; do
    for name in lock usage ledger kernel-log packages; do
        rm -f "$SPOOL/$name"
        $plant "$SPOOL/$name"
        [ "$plant" = "ln $WORK/precious" ] || chown -h nobody:nogroup "$SPOOL/$name"
    done
    victim build/crashers/crowd memory 1
    kill_victim SEGV
    ok "${plant%% /*} in the spool: the crash arrives" wait_for 10 arrived
    is "$(stat -c '%U %a' "$WORK/precious") $(cat "$WORK/precious")" 'root 600 precious' '… and what is not the spool is untouched'
done
rm -f "$SPOOL"/{lock,usage,ledger,kernel-log,packages}

done_testing
