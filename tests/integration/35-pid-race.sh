#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 120
# A set-uid program crashes, is killed while its handler reads, and its pid is somebody else's at once (CVE-2025-4598).
# Whatever of the two reaches the spool, a secret of the first never passes for the second's. TRIES (default 500) rounds,
# half of them with a kernel that hands no pidfd to the handler.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/lib/capture.sh
. "$(dirname "$0")/../lib/capture.sh"
need_root
need jq zstd
TRIES=${TRIES:-500}
capture_begin 'core = full'
capture_at_end "echo $(cat /proc/sys/fs/suid_dumpable) >/proc/sys/fs/suid_dumpable"
echo 2 >/proc/sys/fs/suid_dumpable

cp "$BUILD/tests/lib/pid-race" "$WORK/victim"
cp "$BUILD/tests/lib/pid-race" "$WORK/impostor"
chmod 4755 "$WORK/victim"
chmod 755 "$WORK/impostor"
SECRET=dcdakqkodcdakqko

handler_at_work() { pgrep -f "^$WORK/h " >/dev/null; }
secret_in() { zstd -dqc "$1" 2>/dev/null | grep -qa $SECRET; }

# What an entry has to be: never the impostor's, and closed to all but few when it holds the secret.
judge() { # ENTRY
    local core
    if jq -e '[.executable, .command_line, .comm] | tostring | test("impostor")' "$1/meta.json" >/dev/null; then
        echo "$1 is the impostor's"
    fi
    if jq -e '.restricted' "$1/meta.json" >/dev/null; then return; fi
    for core in "$1"/*.zst; do
        if [ -e "$core" ] && secret_in "$core"; then echo "$core holds the secret and is open"; fi
    done
}

# First that the secret can be found where it is.
crash setpriv --reuid nobody --regid nogroup --clear-groups "$WORK/victim" victim
wait_for 10 arrived
ok 'undisturbed, the secret is in the core' secret_in "$ENTRY/core.zst"
is "$(meta '"\(.restricted) \(.fidelity)"')" 'true slim' '… which is for few eyes'

race() { # DESCRIPTION
    local entry n
    rm -rf "$SPOOL"/????????-*
    "$BUILD/tests/lib/pid-race" "$WORK/victim" "$WORK/impostor" $((TRIES / 2)) 4000 >"$WORK/taken"
    wait_for 30 inverted handler_at_work
    ok "$1: the pid was taken $(cat "$WORK/taken") times of $((TRIES / 2))" test "$(cat "$WORK/taken")" -gt $((TRIES / 4))
    n=$(find "$SPOOL" -maxdepth 1 -name '????????-*' | wc -l)
    ok "$1: $n crashes were spooled" test "$n" -gt 0
    is "$(for entry in "$SPOOL"/????????-*; do judge "$entry"; done)" '' "$1: no secret is open, none is the impostor's"
}
race 'with a pidfd'
PATTERN=$(cat $PROC/core_pattern)
echo "${PATTERN/ F%F/}" >$PROC/core_pattern
unlike "$(cat $PROC/core_pattern)" F%F 'the kernel hands out no pidfd any more'
race 'without a pidfd'
done_testing
