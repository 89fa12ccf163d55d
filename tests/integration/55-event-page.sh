#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 240
# What the page of an event tells of a crash: why, with which values, in which lines of its source. Real cores through real servers:
# arguments and locals of a first crash whatever the load is, of repeats only while there is time for them, none when that is asked for,
# and of an event that was analysed again.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need gdb jq gcc

CHECKOUT=$WORK/checkout
mkdir -p "$STACK/conf" "$CHECKOUT/src" "$CHECKOUT/.git"
printf '%s\n' 'heal_delay = 300ms' 'workers = 1' 'variables_share = 1' 'source_prefixes = /build/app-2=/renamed' >"$STACK/conf/workerd.extra"
echo "source_roots = /build/app-1=$CHECKOUT:/renamed=$CHECKOUT:/build/app-3=$CHECKOUT" >"$STACK/conf/dashd.extra"
stack_up
stack stop sender

AUTH="Authorization: Bearer $(cat "$STACK/tokens/ingest")"
CRASHES=$CORRAL_INGEST_URL/api/v1/crashes

# --- Material -------------------------------------------------------------------------------------------------------

cat >"$CHECKOUT/src/app.c" <<'C'
struct record { int id, flags; const char *name; };
volatile int keep;

__attribute__((noinline)) static int process_data(const struct record *p, int n)
{
    const char *label = "basket <script>window.hostile";
    int sum = n * 2;

    keep = label[0];
    return p->flags + sum; /* the line that crashes */
}

__attribute__((noinline)) static int deep(const struct record *p, int n)
{
    int here[16] = {n};

    return n ? deep(p, n - 1) + here[n % 16] : process_data(p, n);
}

#ifdef OTHER
__attribute__((noinline)) static int other(const struct record *record, int count)
{
    return record->flags + count;
}
#define process_data other
#endif

int main(int argc, char **argv)
{
    int depth = argc > 2 ? argc * 9 : DEPTH;

    return depth ? deep(0, depth) : process_data(0, argc + 2) + !argv;
}
C
echo 'url = https://secret@example.net' >"$CHECKOUT/.git/config.c"

# A program and the core of its crash, in a folder NAME; its files are called /build/NAME/src/… by the compiler.
program() { # NAME BUILD-ID FOLDER [FLAG...]
    mkdir -p "$WORK/$1"
    gcc -g -O0 -Wl,--build-id="0x$2" -ffile-prefix-map="$CHECKOUT=$3" -DDEPTH=0 "${@:4}" -o "$WORK/$1/app" "$CHECKOUT/src/app.c" &&
        core_of "$1" "$1"
}
core_of() { # NAME PROGRAM [ARGUMENT...]: the core of one run of a program, in a folder NAME
    mkdir -p "$WORK/$1"
    gdb -batch -nx -ex "run ${*:3}" -ex "generate-core-file $WORK/$1/core" "$WORK/$2/app" >"$WORK/gdb.log" 2>&1
    [ -s "$WORK/$1/core" ]
}
id_of() { printf "%.0s$1" {1..40}; } # DIGIT: a build-id
put() { # BUILD-ID KIND FILE
    request -H "$AUTH" -X PUT --data-binary "@$3" "$CORRAL_INGEST_URL/api/v1/modules/$1/$2"
}
CRASH=
send() { # NAME [MEMBERS]: uploads its core; CRASH is then its id
    CRASH=$(uuid)
    request -H "$AUTH" -F "meta={\"crash_id\":\"$CRASH\",\"hostname\":\"web1\",\"executable\":\"/usr/bin/app\",\"version\":\"1.0\",\"pid\":4711,\"signal\":11${2:-}};type=application/json" \
        -F "core=@$WORK/$1/core;type=application/octet-stream" "$CRASHES"
}
stored() { [ "$(sql "SELECT count(*) FROM crash_events WHERE crash_id = '$1'")" = 1 ]; }
crash() { # NAME [MEMBERS]
    send "$@"
    wait_for 20 stored "$CRASH"
}
values_of() { api "/events/$1/analysis" | jq -r '[.threads[0].frames[] | select(.variables) | .variables[] | "\(.name)=\(.value // .problem)"] | join(" ")'; } # ID
has_values() { [ -n "$(values_of "$1")" ]; }
page() { # PATH
    request -b "$WORK/cookies" "$CORRAL_URL$1"
}
sign_in() { # NAME PASSWORD
    rm -f "$WORK/cookies"
    request -c "$WORK/cookies" -H 'Sec-Fetch-Site: same-origin' --data-urlencode "name=$1" --data-urlencode "password=$2" "$CORRAL_URL/login"
}

A=$(id_of a) B=$(id_of b) D=$(id_of d)
ok 'a program that reads through a NULL pointer' program app "$A" /build/app-1
put "$A" executable "$WORK/app/app"
sign_in admin "$(cat "$STACK/password")"

# --- Why, with which values, in which lines -------------------------------------------------------------------------

crash app
EVENT=$CRASH
ok 'the first crash has values' wait_for 20 has_values "$EVENT"
like "$(values_of "$EVENT")" '^p=0x0 n=3 label=0x[0-9a-f]+ "basket <script>window.hostile" sum=6 ' 'arguments first, then what is local'
page "/events/$EVENT"
is "$STATUS" 200 'its page'
for text in '<h1><code>SIGSEGV in process_data\(\),<wbr> app.c:10: Read of 4 bytes at NULL \+ 0x4' 'Why it crashed' '<p class="says">Read of 4 bytes at NULL' \
    '<b>Certain</b>' '<code>null-member</code>' '<dt>register</dt><dd><code>r[a-z]+ = 0x0' '<code class="args">\(p=0x0, n=3\)</code>' \
    '<code>label</code></th>' '&#34;basket &lt;script&gt;window.hostile' '<td><code>6</code></td>' '<code class="muted">const struct record \*' \
    '<dt>Instruction</dt>' '<mark><span class="ln">10</span> +return p-&gt;flags \+ sum; /\* the line that crashes \*/' '<span class="ln">5</span> ' \
    '<span class="ln">15</span>' "shown from $CHECKOUT"; do
    like "$BODY" "$text" "… with $text"
done
unlike "$BODY" '<script>' 'and nothing of a value is an element'
unlike "$BODY" '<span class="ln">(4|16)</span> __attr' 'five lines around it, no more'
ok "at most 40 KB ($(gzip -9c "$WORK/.body" | wc -c))" test "$(gzip -9c "$WORK/.body" | wc -c)" -le 40960
page "/groups/$(api "/events/$EVENT" | json .group)"
like "$BODY" '<p class="says">Read of 4 bytes at NULL' 'its group says why, too'
like "$BODY" '<code class="args">\(p=0x0, n=3\)</code>' 'with the arguments'

# --- Other forms -----------------------------------------------------------------------------------------------------

page "/events/$EVENT/text"
like "$BODY" 'Why: Read of 4 bytes at NULL \+ 0x4' 'the text says why'
like "$BODY" '#0 .* in process_data \(p=0x0, n=3\) at /build/app-1/src/app.c:10' 'with the arguments'
is "$(api "/events/$EVENT/text")" "$BODY" 'the API has the same'
page "/events/$EVENT/markdown"
like "$HEADERS" 'Content-Type: text/markdown' 'as Markdown'
like "$BODY" '^# `SIGSEGV in process_data\(\), app.c:10: Read' 'its heading'
like "$BODY" '#0  process_data \(p=0x0, n=3\) at src/app.c:10' 'its stack'
is "$(api "/events/$EVENT/markdown")" "$BODY" 'the API has the same'
GROUP=$(api "/events/$EVENT" | json .group)
page "/groups/$GROUP/markdown"
like "$BODY" '## Why it crashed' 'a group as Markdown'
is "$(api "/groups/$GROUP/markdown")" "$BODY" 'the API has the same'
is "$(api "/events/$EVENT" | json '[.cause.rule, .cause.certainty, .analysis.threads[0].frames[0].variables[0].value] | join(" ")')" 'null-member certain 0x0' \
    'the event has its cause and its values in JSON'
is "$(api "/groups/$GROUP" | json .cause.rule)" null-member 'and the group its cause'

# --- Restricted ------------------------------------------------------------------------------------------------------

crash app ',"restricted":true'
RESTRICTED=$CRASH
ok 'a viewer' "$BIN/corral-dashd" -c "$STACK/conf/dashd.conf" --add-user vera --role viewer --password-file <(echo 'a long password of vera')
sign_in vera 'a long password of vera'
page "/events/$RESTRICTED"
like "$STATUS $BODY" '^200 .*restricted to the roles' 'a viewer sees a restricted event'
unlike "$BODY" 'Why it crashed|class="args"|class="source"|null-member|Read of 4 bytes|basket|Registers' 'without cause, values and source'
page "/events/$RESTRICTED/text"
is "$STATUS" 404 'no text of it'
page "/events/$RESTRICTED/markdown"
unlike "$BODY" 'Why it crashed|p=0x0|Read of 4 bytes' 'no cause in its Markdown'
page "/api/v1/events/$RESTRICTED"
is "$(jq -r '[has("cause"), has("analysis"), .verdict] | join(" ")' <<<"$BODY")" 'false false SIGSEGV in process_data(), app.c:10' 'nor in JSON'
sql "DELETE FROM crash_events WHERE crash_id = '$EVENT'"
page "/groups/$GROUP"
like "$BODY" "$RESTRICTED" 'a group that has no other event'
unlike "$BODY" 'Why it crashed|class="args"' 'says no more of it'
page "/groups/$GROUP/markdown"
unlike "$BODY" 'Why it crashed|p=0x0' 'nor in Markdown'
sign_in admin "$(cat "$STACK/password")"
page "/events/$RESTRICTED"
like "$BODY" 'class="args">\(p=0x0, n=3\)' 'an admin sees all'

# --- Source files ----------------------------------------------------------------------------------------------------

# What the compiler is told is what anybody may tell.
SHOWN=
shown_source() { # BUILD-ID FILE: SHOWN is then of how many frames the page has lines
    local source=$CHECKOUT/src/app.c
    mkdir -p "$WORK/hostile"
    sed "1i # 1 \"$2\"" "$source" >"$WORK/hostile/x.c"
    gcc -g -O0 -w -Wl,--build-id="0x$1" -DDEPTH=0 -o "$WORK/hostile/app" "$WORK/hostile/x.c" &&
        rm -f "$WORK/hostile/core" && gdb -batch -nx -ex run -ex "generate-core-file $WORK/hostile/core" "$WORK/hostile/app" >"$WORK/gdb.log" 2>&1
    put "$1" executable "$WORK/hostile/app"
    crash hostile
    page "/events/$CRASH"
    SHOWN=$(grep -c '<div class="source">' <<<"$BODY")
}
cp "$CHECKOUT/src/app.c" "$WORK/outside.c"
cp "$CHECKOUT/src/app.c" "$CHECKOUT/.git/app.c"
cp "$CHECKOUT/src/app.c" "$CHECKOUT/src/notes"
ln -s ../../outside.c "$CHECKOUT/src/link.c"
mkfifo "$CHECKOUT/src/pipe.c"
head -n 3 "$CHECKOUT/src/app.c" >"$CHECKOUT/src/short.c"
shown_source "$(id_of 1)" /build/app-1/src/../src/app.c
is "$SHOWN" 2 'a name with .. that stays in the checkout'
n=2
for name in /build/app-1/../outside.c /build/app-1/.git/app.c /build/app-1/src/notes /build/app-1/src/link.c /build/app-1/src/pipe.c \
    /build/app-1x/src/app.c /build/app-1/src; do
    shown_source "$(id_of $n)" "$name"
    is "$SHOWN" 0 "nothing is shown of $name"
    n=$((n + 1))
done
shown_source "$(id_of f)" /build/app-1/src/short.c
is "$SHOWN" 0 'nor of a file that is too short'
like "$BODY" 'no such line: it is of another version' 'but why'
ok 'a program whose folder workerd renames' program renamed "$(id_of e)" /build/app-2
put "$(id_of e)" executable "$WORK/renamed/app"
crash renamed
page "/events/$CRASH"
like "$BODY" '<mark><span class="ln">10</span> +return' 'the source is looked up by its new name'

# --- A deep recursion, and no time for values -------------------------------------------------------------------------

ok 'a program that goes deep' program deep "$B" /build/app-1 -UDEPTH -DDEPTH=5000
put "$B" executable "$WORK/deep/app"
for args in 'a b' 'a b c' 'a b c d' 'a b c d e' 'a b c d e f'; do core_of "deep ${args// /}" deep "$args"; done
crash deep
DEEP=$CRASH
ok 'its first crash has values' wait_for 20 has_values "$DEEP"
page "/events/$DEEP"
like "$BODY" 'more frames are left out here' 'a deep stack'
like "$BODY" '<span class="n">500[0-9]</span>' 'is numbered as gdb does'
ok "its page is at most 40 KB ($(gzip -9c "$WORK/.body" | wc -c))" test "$(gzip -9c "$WORK/.body" | wc -c)" -le 40960
# Two seconds are saved, and each takes some milliseconds of them.
send_many() { # COUNT NAME
    local i
    for ((i = 0; i < $1; i++)); do
        printf 'meta={"crash_id":"%s","hostname":"web1","executable":"/usr/bin/deep","version":"1.0","pid":4711,"signal":11};type=application/json\n' "$(uuid)"
    done | xargs -d '\n' -P 4 -I '{}' curl -sS -o /dev/null -H "$AUTH" -F '{}' -F "core=@$WORK/$2/core;type=application/octet-stream" "$CRASHES"
}
time_is_spent() { # NAME: until a repeat has none
    crash "$1" && ! has_values "$CRASH" && return
    send_many 40 "$1"
    false
}
ok 'repeats of it have values until the time for them is spent' wait_for 60 time_is_spent deep
page "/events/$CRASH"
like "$BODY" 'Of arguments and local variables nothing is known' 'the page says so'
like "$BODY" '<p class="says">' 'and still why it crashed'
# Each of these stacks is a new one, whose values put the worker further into debt.
WITH=
for args in 'a b' 'a b c' 'a b c d' 'a b c d e' 'a b c d e f'; do
    crash "deep ${args// /}"
    if wait_for 20 has_values "$CRASH"; then WITH+=x; fi
done
is "$WITH" xxxxx 'the first crash with each new stack has them all the same'
like "$(values_of "$CRASH")" '^p=0x0 n=0 label=' 'its values'
ok 'repeats of it have none' wait_for 60 time_is_spent 'deep abcdef'

# --- None at all, and healed events -----------------------------------------------------------------------------------

stack stop workerd
sed -i 's/^variables_share = .*/variables_share = 0/' "$STACK/conf/workerd.conf"
ok 'workers that are to read no values' stack start workerd
ok 'a program without its debug information' program healed "$D" /build/app-3 -DOTHER -DX
cp "$WORK/healed/app" "$WORK/healed/full"
strip --strip-debug "$WORK/healed/app"
put "$D" executable "$WORK/healed/app"
crash healed
HEALED=$CRASH
is "$(values_of "$HEALED")" '' 'not even a first crash has any'
page "/events/$HEALED"
like "$BODY" "PUT /api/v1/modules/$D/debuginfo" 'the page says what would help'
stack stop workerd
sed -i '/^variables_share = .*/d' "$STACK/conf/workerd.conf"
ok 'workers that may' stack start workerd
put "$D" debuginfo "$WORK/healed/full"
ok 'debug information arrives: the event has values' wait_for 20 has_values "$HEALED"
page "/events/$HEALED"
for text in 'Analysed again' 'after symbols for app \(build-id d+\)' '<code class="args">\(record=0x0, count=3\)' '<mark><span class="ln">23</span> +return record-&gt;flags'; do
    like "$BODY" "$text" "… with $text"
done

# --- The event that shows most ----------------------------------------------------------------------------------------

GROUP=$(api "/events/$HEALED" | json .group)
crash healed
sql "UPDATE crash_events SET flags = flags | 32 WHERE crash_id = '$CRASH'"
is "$(api "/groups/$GROUP" | json .stack_of)" "$HEALED" 'of two alike a group shows the one that has a core'
sql "UPDATE crash_events SET flags = flags & ~32 WHERE crash_id = '$CRASH'"
is "$(api "/groups/$GROUP" | json .stack_of)" "$CRASH" 'and otherwise the newest'
GROUP=$(api "/events/$RESTRICTED" | json .group)
NEWEST=$(sql "SELECT crash_id FROM crash_events WHERE group_id = ${GROUP#G-} ORDER BY received_at DESC LIMIT 1")
is "$(api "/groups/$GROUP" | json .stack_of)" "$NEWEST" 'of several stacks that lack the same, the newest'
sql "UPDATE stack_modules SET status = 2 WHERE stack_id <> (SELECT stack_id FROM crash_events WHERE crash_id = '$NEWEST')"
unlike "$(api "/groups/$GROUP" | json .stack_of)" "$NEWEST" 'and one that lacks less goes before it'
done_testing
