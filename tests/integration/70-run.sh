#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 900
# `make run DETACH=1` from a fresh clone, as a newcomer types it: the page it names can be read,
# `make stop` leaves nothing, not even after everything was killed.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need_root
need git

core_pattern_lock
CLONE=$WORK/clone
# What the next commit would hold: tracked files as they are now, and new ones.
files() { git -c safe.directory="$ROOT" ls-files -co --exclude-standard -z; }
if ! files >/dev/null 2>&1; then skip_all 'not a git work tree'; fi
mkdir "$CLONE"
files | tar --null -T - -c --ignore-failed-read 2>/dev/null | tar -x -C "$CLONE"

settings() { cat /proc/sys/kernel/core_pattern /proc/sys/kernel/core_pipe_limit; }
FOUND=$(settings)

# Whatever happens: the clone's servers end with the test.
STACK=$CLONE/run
STACK_TOUCHED=yes

# What this tree has compiled of the very same files is not compiled once more.
BORROW=("BORROW_FROM=$ROOT" "CC=$ROOT/tests/lib/borrow-cc")
make_here() { env -u BUILD -u VARIANT MAKEFLAGS= make -C "$CLONE" --no-print-directory -j2 "${BORROW[@]}" "$@"; }

ours() { grep -slazxF "CORRAL_STACK=$CLONE/run" /proc/[0-9]*/environ; }

nothing_left() {
    is "$(settings)" "$FOUND" 'core_pattern and core_pipe_limit are as before'
    ok 'no process is left' wait_for 5 inverted ours
    is "$(grep -slF "$CLONE" /run/corral.??????/owner)" '' 'no hook is left in /run'
}

# --- Up -------------------------------------------------------------------------------------------------------------

make_here run DETACH=1 PORTS=auto >"$WORK/said" 2>&1
if ! is $? 0 'make run DETACH=1'; then
    tail -n 40 "$WORK/said" | sed 's/^/#   /'
    done_testing
fi
# All that is missing or different is compiled: what was borrowed is what the clone would have made.
other() { # FILE SUFFIX: is compiled here, for it is not as it is there
    echo "$2" >>"$CLONE/$1"
    rm "$CLONE/build/release/obj/${1%.c}.o"
    inverted make_here -s build/release/obj/"${1%.c}.o"
}
ok 'a file that differs from ours is not borrowed' other common/base/id.c '#error differs'
cp -p common/base/id.c "$CLONE/common/base/id.c"
# shellcheck disable=SC1091
. "$CLONE/run/env"
like "$(settings)" '^\|/run/corral\.' 'core_pattern leads to us'

page=$(grep -oE 'http://[^ ]+/events/[0-9a-f-]{36}' "$WORK/said")
like "$page" '/events/' 'it names the page of a crash'
password=$(sed -n 's/.*password //p' "$WORK/said")
request "$CORRAL_URL/login"
is "$STATUS" 200 'there is a sign-in page'
request -c "$WORK/jar" --data-urlencode name=admin --data-urlencode "password=$password" \
    -H "Origin: $CORRAL_URL" "$CORRAL_URL/login"
like "$STATUS" '^30[23]$' 'the printed sign-in is taken'
request -b "$WORK/jar" "$page"
is "$STATUS" 200 'the page is there'
like "$BODY" 'process_data' 'and shows where it crashed'

make_here run DETACH=1 PORTS=auto >"$WORK/again" 2>&1
is $? 0 'make run once more'
like "$(cat "$WORK/again")" "already running: $CORRAL_URL" 'says that and where it runs'
unlike "$(make_here status)" 'stopped' 'make status finds every part running'

# --- Down -----------------------------------------------------------------------------------------------------------

ok 'make stop' make_here stop
nothing_left
unlike "$(make_here status)" 'running' 'make status finds none'
ok 'make stop once more' make_here stop

# --- After kill -9 of everything ------------------------------------------------------------------------------------

make_here run DETACH=1 PORTS=auto >"$WORK/said" 2>&1
is $? 0 'it starts again on what it left' || sed 's/^/#   /' "$WORK/said"
like "$(cat "$WORK/said")" '/events/' 'and takes a new crash'
ours | cut -d / -f 3 | xargs -r kill -KILL
ok 'everything is dead' wait_for 10 inverted ours
unlike "$(settings)" '^core$' 'core_pattern still leads to us'
ok 'make stop after kill -9 of everything' make_here stop
nothing_left

# --- Without root ---------------------------------------------------------------------------------------------------

as_nobody() {
    setpriv --reuid=65534 --regid=65534 --clear-groups \
        env -u CORE_PATTERN_LOCKED -u BUILD -u VARIANT MAKEFLAGS= HOME="$WORK" "$@"
}

rm -rf "$CLONE/run"
chmod 711 "$WORK"
chown -R 65534:65534 "$CLONE"
said=$(as_nobody make -C "$CLONE" -s "${BORROW[@]}" run DETACH=1 PORTS=auto 2>&1)
is $? 0 'make run without root' || diag "$said"
like "$said" 'Without root .* hand core files in' 'it says what is different'
is "$(settings)" "$FOUND" 'core_pattern is not touched'
# shellcheck disable=SC1091
. "$CLONE/run/env"
ok 'run/env is what corralctl needs' corralctl status
if [ "$(head -n 1 <<<"$FOUND")" = core ]; then
    like "$said" '/events/' 'a submitted core has its page'
    is "$(api /groups | json '.groups[0].title')" 'SIGSEGV in process_data() nullderef.c:19' 'with its stack'
else
    skip "core_pattern is not 'core': no core file to submit" 'a submitted core has its page'
fi
ok 'make stop' as_nobody make -C "$CLONE" -s "${BORROW[@]}" stop
nothing_left
done_testing
