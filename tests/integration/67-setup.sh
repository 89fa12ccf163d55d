#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 120
# `corralctl client setup`, `status`, `test` and `disable`: the kernel's crashes come to Corral and go back to where they went before,
# whoever else changes core_pattern meanwhile. /etc/sysctl.d and /var/lib are the test's own.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need_root
need jq unshare

PROC=/proc/sys/kernel
core_pattern_lock
FOUND=$(cat $PROC/core_pattern)
FOUND_LIMIT=$(cat $PROC/core_pipe_limit)
HOOK=$(mktemp -d /run/corral.XXXXXX)
found_again() {
    echo "$FOUND" >$PROC/core_pattern
    echo "$FOUND_LIMIT" >$PROC/core_pipe_limit
}
trap 'found_again; rm -rf "$HOOK"; test_end' EXIT

# shellcheck disable=SC2119
stack_up
chmod 755 "$HOOK"
echo "$STACK" >"$HOOK/owner"
ln -s "$BIN/corral-handler" "$HOOK/handler"
cp "$STACK/conf/client.conf" "$HOOK/client.conf"
mkdir "$WORK"/{sysctl.d,lib,bin}
DROP_IN=$WORK/sysctl.d/60-corral.conf
FORMER=$WORK/lib/corral/former-core-pattern

# shellcheck disable=SC2016
own_folders() { # COMMAND...: sees the test's folders in the place of the system's
    unshare -m sh -c 'mount --bind "$0/sysctl.d" /etc/sysctl.d && mount --bind "$0/lib" /var/lib && exec "$@"' "$WORK" "$@"
}
ctl() { own_folders "$BIN/corralctl" -c "$HOOK/client.conf" client "$@"; }
setup() { ctl setup --handler "$HOOK/handler" "$@"; }
settings() { echo "$(cat $PROC/core_pattern) $(cat $PROC/core_pipe_limit)"; }
said() { # COMMAND...: both outputs; status in SAID_STATUS
    SAID=$("$@" 2>&1 </dev/null)
    SAID_STATUS=$?
}
unchanged() {
    is "$(settings)" "$FOUND $FOUND_LIMIT" "$1: core_pattern is as it was"
    is "$(find "$WORK/sysctl.d" "$WORK/lib" -type f)" '' "$1: nothing was written"
}

# --- What is refused, before anything is changed --------------------------------------------------------------------

chmod 711 "$WORK"
said setpriv --reuid=65534 --regid=65534 --clear-groups "$BIN/corralctl" client setup
like "$SAID_STATUS $SAID" '^1 .*only root' 'setup needs root, and says so'
said setpriv --reuid=65534 --regid=65534 --clear-groups "$BIN/corralctl" client disable
like "$SAID_STATUS $SAID" '^1 .*only root' 'so does disable'
said setup --mode sometimes
like "$SAID_STATUS $SAID" '^2 .*auto, pipe or socket' 'a mode that there is not'
said ctl setup --handler /nonexistent/corral-handler
like "$SAID_STATUS $SAID" '^8 .*/nonexistent/corral-handler: No such file .*install' 'a handler that is not there'
cp "$BIN/corral-handler" "$WORK/bin/corral-handler"
chmod 757 "$WORK/bin/corral-handler"
said ctl setup --handler "$WORK/bin/corral-handler"
like "$SAID_STATUS $SAID" '^8 .*others than root can change it' 'a handler that others can write to'
printf 'server = ftp://x\n' >"$WORK/wrong.conf"
said own_folders "$BIN/corralctl" -c "$WORK/wrong.conf" client setup
like "$SAID_STATUS $SAID" '^2 .*wrong.conf:.*server must be a URL' 'a configuration that is wrong'
mkdir -m 700 "$WORK/theirs"
chown 65534 "$WORK/theirs"
(umask 077 && echo corral_ingest_x >"$WORK/secret")
printf 'spool = %s\ntoken_file = %s\n' "$WORK/theirs" "$WORK/secret" >"$WORK/locked.conf"
said own_folders "$BIN/corralctl" -c "$WORK/locked.conf" client setup --handler "$HOOK/handler"
like "$SAID_STATUS $SAID" '^8 .*/secret: the user of the sender cannot read' 'a token that the sender cannot read'
printf 'spool = %s\n' "$WORK/nowhere" >"$WORK/nowhere.conf"
said own_folders "$BIN/corralctl" -c "$WORK/nowhere.conf" client setup --handler "$HOOK/handler"
like "$SAID_STATUS $SAID" '^8 .*nowhere: No such file .*systemd-tmpfiles' 'a spool that is not there'
said ctl setup --handler "$BIN/../../../build/release/../../build/release/../../build/release/bin/corral-handler"
like "$SAID_STATUS $SAID" '^1 .*longer than the 127 bytes' 'a pattern that the kernel would cut'
if [ ! -e /run/corral/core.sock ]; then
    said setup --mode socket
    like "$SAID_STATUS $SAID" '^8 .*(nobody listens at /run/corral/core.sock|gives crashes to no socket)' \
        'a socket where nobody listens'
fi
said setup --mode pipe --dry-run
like "$SAID_STATUS $SAID" "^0 nothing is changed .*core_pattern +\|$HOOK/handler -c $HOOK/client.conf P%P" 'a dry run says what would be'
unchanged 'after all that'

# --- Set up, used -----------------------------------------------------------------------------------------------------

said ctl status --json
is "$SAID_STATUS $(jq -c '[.ours, .set_up, .overwritten]' <<<"$SAID")" '8 [false,false,false]' 'status before: not ours'
ok 'setup' setup --mode pipe
like "$(settings)" "^\|$HOOK/handler -c $HOOK/client.conf P%P .* E%E 16$" 'core_pattern is ours, with a limit'
is "$(sed -n 's/^kernel.core_pattern = //p' "$DROP_IN")" "$(cat $PROC/core_pattern)" 'and so it is after a reboot'
is "$(grep -v '^#' "$FORMER")" "kernel.core_pattern = $FOUND
kernel.core_pipe_limit = $FOUND_LIMIT" 'what was there before is kept'
cp "$FORMER" "$WORK/former"
ok 'setup once more' setup --mode pipe
ok 'what was there before is still kept' cmp "$FORMER" "$WORK/former"

ok 'status is content' ctl status
said ctl status --json
is "$(jq -c '[.ours, .mode, .set_up, .overwritten, .crashes, .rejected, .sender_running]' <<<"$SAID")" \
    '[true,"pipe",true,false,0,0,true]' 'and says the same to programs'
said ctl test
like "$SAID_STATUS $SAID" "^0 .*$CORRAL_URL/events/[0-9a-f-]{36}$" 'test: the crash is at the dashboard'

# --- Somebody else changes it ---------------------------------------------------------------------------------------

echo '|/usr/bin/true' >$PROC/core_pattern
said ctl status
like "$SAID_STATUS $SAID" '^8 .*not ours.*/usr/bin/true.*changed by somebody else since' 'status notices'
said ctl disable
like "$SAID_STATUS $SAID" '^0 .*not ours and stays: \|/usr/bin/true' 'disable leaves it alone and says so'
is "$(cat $PROC/core_pattern)" '|/usr/bin/true' 'indeed'
is "$(find "$WORK/sysctl.d" "$WORK/lib" -type f)" '' 'and nothing of ours is left'
found_again

# --- With another handler behind ours -------------------------------------------------------------------------------

cat >"$HOOK/other" <<EOF
#!/bin/sh
echo "\$@" >$WORK/other.new && cat >$WORK/other.core && mv $WORK/other.new $WORK/other.called
EOF
chmod 755 "$HOOK/other"
echo "|$HOOK/other %P %s %u a%%b %e" >$PROC/core_pattern
ok 'setup --chain' setup --mode pipe --chain
like "$(cat "$HOOK/client.conf")" "chain = \|$HOOK/other %P %s %u a%%b %e" 'the configuration names the one before us'
is "$(grep -c '^server = ' "$HOOK/client.conf")" 1 'and is otherwise as it was'
ok 'setup --chain once more' setup --mode pipe --chain
is "$(grep -c '^chain = ' "$HOOK/client.conf")" 1 'names it once'
said ctl test
like "$SAID_STATUS $SAID" '^0 .*/events/' 'a crash arrives'
pid=$(sed -n 's/^process \([0-9]*\) crashed.*/\1/p' <<<"$SAID")
ok 'the other handler was called too' wait_for 10 test -s "$WORK/other.called"
is "$(cat "$WORK/other.called")" "$pid 11 0 a%b corral-test" 'with its own arguments'
like "$(readelf -h "$WORK/other.core" 2>&1)" 'CORE \(Core file\)' 'and a core'
ok 'disable' ctl disable
is "$(settings)" "|$HOOK/other %P %s %u a%%b %e $FOUND_LIMIT" 'what was found is back'

# --- Nothing was kept -------------------------------------------------------------------------------------------------

ok 'setup' setup --mode pipe
rm "$FORMER"
said ctl disable
like "$SAID_STATUS $SAID" "^0 .*not known.*core_pattern +core" 'disable without what was kept: the default of the kernel'
is "$(settings)" 'core 0' 'indeed'
found_again
done_testing
