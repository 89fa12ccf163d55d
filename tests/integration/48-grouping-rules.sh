#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Grouping on the command line: a site's rules decide before the shipped ones, -t says where one is wrong, and many stacks are
# answered by one process, each in its place.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need jq

workerd=$BIN/corral-workerd
fingerprint() { "$workerd" --fingerprint "$@" 2>"$WORK/errors"; }

# --- A site's rules ---------------------------------------------------------------------------------------------------

mkdir "$WORK/rules.d"
cat >"$WORK/bt" <<'EOT'
Program terminated with signal SIGABRT, Aborted.
#0  our_fail (text=0x1 "x") at fail.c:3
#1  fill (r=0x2) at ring.c:30
#2  main () at main.c:9
EOT
is "$(fingerprint --format gdb "$WORK/bt" | jq -r .title)" 'abort in our_fail() fail.c:3' 'the shipped rules do not know it'
echo 'our-fail cut assertion function our_fail' >"$WORK/rules.d/ours.rules"
is "$(fingerprint --format gdb --rules "$WORK/rules.d" "$WORK/bt" | jq -r '.title, .frames[0].rule')" \
    $'assertion failed in fill() ring.c:30\nour-fail' 'a rule of the site does'

echo "grouping_rules = $WORK/rules.d" >"$WORK/workerd.conf"
ok '-t accepts good rules' "$workerd" -c "$WORK/workerd.conf" -t
echo ' our-fail' >"$WORK/rules.d/10-wrong.rules"
"$workerd" -c "$WORK/workerd.conf" -t 2>"$WORK/errors"
is $? 78 '-t refuses wrong ones'
like "$(cat "$WORK/errors")" "^$WORK/rules.d/10-wrong.rules:1:2: this line begins with a blank" 'and says where'
fingerprint --rules "$WORK/rules.d" "$WORK/bt" >/dev/null
like "$(cat "$WORK/errors")" '10-wrong.rules:1:2: ' 'so does --fingerprint'

# --- Lines ------------------------------------------------------------------------------------------------------------

cat >"$WORK/lines" <<'EOT'
{"signal": 11, "frames": [{"function": "a"}]}
[{"frames": [{"function": "b"}]}, {"gdb": "#0  c () at c.c:1"}]

{"signal": "none"}
{"signal": 11, "frames": [{"function": "d"}]}
EOT
is "$(fingerprint --lines "$WORK/lines" | jq -r '.title // .error')" 'SIGSEGV in a()
crash in b()
crash in c() c.c:1
4: the value at "/signal" is no signal: write a number or a name like SIGSEGV
SIGSEGV in d()' 'each stack has its line'
fingerprint --lines "$WORK/lines" >/dev/null
is $? 1 'and the status tells that one was wrong'
done_testing
