#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# core_pattern comes back as it was found, whoever was killed meanwhile, and is left alone when
# somebody else has changed it since (tests/lib/core-pattern.sh). No daemon is needed for that: a
# handler that only takes notes stands in for ours.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need_root
core_pattern_lock

PROC=/proc/sys/kernel
FOUND=$(cat $PROC/core_pattern)
FOUND_LIMIT=$(cat $PROC/core_pipe_limit)
found_again() {
    echo "$FOUND" >$PROC/core_pattern
    echo "$FOUND_LIMIT" >$PROC/core_pipe_limit
}
trap 'found_again; cat "$WORK"/*/hook 2>/dev/null | xargs -r rm -rf; test_end' EXIT

mkdir -p "$WORK"/{one,two}/{conf,pid,log} "$WORK/build/bin"
printf '#!/bin/sh\necho "$@" >>%s\nexec cat >/dev/null\n' "$WORK/called" >"$WORK/build/bin/corral-handler"
chmod +x "$WORK/build/bin/corral-handler"

as() ( # STACK FUNCTION: calls it for one of two stacks, of which nothing runs
    set -e
    # shellcheck disable=SC2034 # for the files that are read here
    LIB=tests/lib BUILD=$WORK/build PARTS='postgres redis' DIR=$WORK/$1
    # shellcheck source=tests/lib/process.sh
    . tests/lib/process.sh
    # shellcheck source=tests/lib/core-pattern.sh
    . tests/lib/core-pattern.sh
    "$2"
)

settings() { echo "$(cat $PROC/core_pattern) $(cat $PROC/core_pipe_limit)"; }

# --- Registered, used, restored -------------------------------------------------------------------

ok 'registers' as one core_pattern_register
like "$(settings)" '^\|/run/corral\.[A-Za-z0-9]{6}/handler .* 16$' 'the pattern leads to the handler'
{ sh -c 'kill -SEGV $$' & } 2>/dev/null
victim=$!
wait "$victim" 2>/dev/null
ok 'the handler is called' wait_for 10 test -s "$WORK/called"
like "$(cat "$WORK/called")" "^-c /run/corral[^ ]*/client.conf P$victim I$victim u0 g0 s11 " \
    'with its configuration and the crash'
ok 'registers once more' as one core_pattern_register
ok 'restores' as one core_pattern_restore
is "$(settings)" "$FOUND $FOUND_LIMIT" 'what was found is back'
is "$(find "$WORK/one" -name saved -o -name hook)" '' 'and nothing is kept of it'

# --- Two, of which the first was killed -----------------------------------------------------------

ok 'one registers and is killed' as one core_pattern_register
ok 'two registers' as two core_pattern_register
is "$(cat "$WORK/two/saved/core_pattern")" "$FOUND" 'two keeps what one had found, not what one had set'
said=$(as one core_pattern_restore 2>&1)
like "$said" 'changed by somebody else' "one is stopped late and says that the pattern is not its own"
like "$(cat $PROC/core_pattern)" "^\|$(cat "$WORK/two/hook")/" "two's pattern stays"
ok 'two restores' as two core_pattern_restore
is "$(settings)" "$FOUND $FOUND_LIMIT" 'what was found is back'

# --- A reboot in between --------------------------------------------------------------------------

ok 'one registers' as one core_pattern_register
echo another >"$WORK/one/saved/boot_id"
echo 7 >$PROC/core_pipe_limit
ok 'restores after a reboot' as one core_pattern_restore
is "$(cat $PROC/core_pipe_limit)" 7 'the settings of this boot are not touched'
found_again

# --- A start that failed between the two settings --------------------------------------------------

ok 'one registers' as one core_pattern_register
echo "$FOUND" >$PROC/core_pattern
ok 'restores' as one core_pattern_restore
is "$(settings)" "$FOUND $FOUND_LIMIT" 'the limit comes back, though the pattern is not ours'
done_testing
