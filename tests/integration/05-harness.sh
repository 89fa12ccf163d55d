#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# The tests' own machinery can fail: what is red must show as red, what hangs must end, what is left
# behind must be noticed.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"

# NAME [LIMIT [MACHINE]], body on standard input: a test file that uses testlib.sh.
given() {
    {
        echo '#!/usr/bin/env bash'
        [ -z "${2:-}" ] || echo "# LIMIT: $2"
        [ -z "${3:-}" ] || echo "# MACHINE: $3"
        echo ". $ROOT/tests/lib/testlib.sh"
        cat
    } >"$WORK/$1"
    chmod +x "$WORK/$1"
}

# NAME STATUS LAST-LINE: what tap-run makes of it.
judged() {
    local status=0 said
    said=$(cd "$WORK" && "$ROOT/tests/lib/tap-run" "./$1" 2>&1) || status=$?
    is "$(tail -n 1 <<<"$said")" "$3" "$1: the last line"
    is "$status" "$2" "$1: the exit status"
    SAID=$said
}

given green <<'EOT'
ok 'right' true
not_ok 'wrong' false
is a a 'equal'
like abc '^a' 'alike'
done_testing
EOT
judged green 0 '4 passed, 0 failed, 0 skipped'
is "$(wc -l <<<"$SAID")" 3 'a green file is one line, an empty one and the sum'

given red <<'EOT'
ok 'right' true
ok 'wrong' sh -c 'echo because; exit 3'
is a b 'unequal'
like abc '^b' 'not alike'
done_testing
EOT
judged red 1 '1 passed, 3 failed, 0 skipped'
like "$SAID" 'because' 'a failed command is shown with what it said'

given skipped <<'EOT'
need no-such-program
ok 'never' false
EOT
judged skipped 0 '0 passed, 0 failed, 1 skipped'
like "$SAID" 'no-such-program is not installed' 'a skip is shown with its reason'

given empty <<<'done_testing'
judged empty 1 '0 passed, 1 failed, 0 skipped'

given breaks_off <<'EOT'
ok 'right' true
exit 0
EOT
judged breaks_off 1 '1 passed, 1 failed, 0 skipped'

given dies <<'EOT'
ok 'right' true
trap - EXIT
kill -KILL $$
EOT
judged dies 1 '1 passed, 1 failed, 0 skipped'
like "$SAID" 'died of signal 9' 'with the signal'

given hangs 1 <<EOT
echo \$\$ >$WORK/hanging
ok 'right' true
mkfifo "\$WORK/never"
read -r line <"\$WORK/never"
EOT
judged hangs 1 '1 passed, 1 failed, 0 skipped'
like "$SAID" 'took longer than 1 s' 'with the limit'
not_ok 'nothing of it is left' test -e "/proc/$(cat "$WORK/hanging")/exe"

# Two at a time: the free one and the first that crashes wait for each other, those that crash exclude each other, and who wants to be
# alone is.
for name in first second; do
    given "$name" 30 crashes <<EOT
ok 'nobody else crashes' mkdir "$WORK/crashing"
touch "$WORK/$name.began"
ok 'the free one runs beside' wait_for 20 test -e "$WORK/free.began"
rmdir "$WORK/crashing"
done_testing
EOT
done
given free 30 <<EOT
touch "$WORK/free.began"
ok 'the first one runs beside' wait_for 20 test -e "$WORK/first.began"
ok 'and the second after it' wait_for 20 test -e "$WORK/second.began"
touch "$WORK/free.ended"
done_testing
EOT
given last 30 alone <<EOT
ok 'all have ended' test -e "$WORK/free.ended" -a ! -e "$WORK/crashing"
done_testing
EOT
said=$(cd "$WORK" && CORE_PATTERN_LOCK=$WORK/lock T_JOBS=3 T_SLOW=2 "$ROOT/tests/lib/tap-run" ./first ./second ./free ./last 2>&1)
like "$said" $'\n7 passed, 0 failed, 0 skipped\n' 'tests run at the same time, but for those that exclude each other'
is "$(grep -c 's of work$' <<<"$said")" 2 'and the two slowest are told'

# A process that outlives its test, as a forgotten server would.
given leaves <<EOT
setsid sleep 300 </dev/null >/dev/null 2>&1 &
echo \$! >$WORK/left
ok 'right' true
done_testing
EOT
"$ROOT/tests/lib/leftovers" begin "$WORK/leftovers"
said=$(cd "$ROOT" && tests/lib/tap-run "$WORK/leaves" "$WORK/leftovers" 2>&1)
like "$said" "$(cat "$WORK/left") .*sleep 300" 'what a test leaves behind is named'
ok 'and ended' wait_for 5 inverted test -e "/proc/$(cat "$WORK/left")/exe"

# --- Packages -------------------------------------------------------------------------------------------------------

ok 'nothing is missing any more' tests/lib/deps build run test
mkdir "$WORK/lib"
cp tests/lib/deps "$WORK/lib/"
printf 'test no-such-package-of-ours\ntest bash\ntest another unless sh\n' >"$WORK/lib/packages"
if [ "$(id -u)" = 0 ]; then
    chmod 755 "$WORK" "$WORK/lib"
    said=$(setpriv --reuid=65534 --regid=65534 --clear-groups "$WORK/lib/deps" test 2>&1)
else
    said=$("$WORK/lib/deps" test 2>&1)
fi
like "$said" 'apt-get install --no-install-recommends no-such-package-of-ours$' \
    'without root it says what to type: what is missing and nothing else'
done_testing
