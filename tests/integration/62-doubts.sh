#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 90
# What the sender does where it is easy to lose a crash or to count it twice: answers that are none or are about something else, disks
# that take no byte more, clocks that were set.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/lib/spoolkit.sh
. "$(dirname "$0")/../lib/spoolkit.sh"
need_root
need curl gcc jq mount openssl perl zstd

stack_up
stack stop sender workerd dashd
K1=11111111111111111111111111111111
OLD_MSEC=$(($(date +%s%3N) - 3 * 3600 * 1000))

# --- A server that says what it is told to ------------------------------------------------------------------------

# Answers every request with $WORK/answer and writes the first line of each down.
cat >"$WORK/liar" <<'EOT'
use strict;
use IO::Socket::INET;
my ($port_file, $answer, $log) = @ARGV;
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 8) or die;
open(my $p, '>', "$port_file.new"); print $p $listener->sockport, "\n"; close $p;
rename "$port_file.new", $port_file;
while (my $c = $listener->accept) {
    my ($head, $length) = ('', 0);
    while (defined(my $line = <$c>)) { $head .= $line; last if $line eq "\r\n"; }
    $length = $1 if $head =~ /^content-length: (\d+)/im;
    print $c "HTTP/1.1 100 Continue\r\n\r\n" if $head =~ /^expect: 100/im;
    $c->flush;
    read($c, my $body, $length) if $length;
    open(my $l, '>>', $log); print $l substr($head, 0, index($head, "\r")), "\n"; close $l;
    open(my $a, '<', $answer); local $/; print $c scalar <$a>; close $c;
}
EOT
: >"$WORK/asked"
perl "$WORK/liar" "$WORK/liar.port" "$WORK/answer" "$WORK/asked" </dev/null >/dev/null 2>&1 9>&- &
LIAR=$!
trap 'ENDED=$?; kill "$LIAR"; umount -l "$SPOOL" 2>/dev/null; (exit "$ENDED"); spoolkit_end' EXIT
wait_for 5 test -s "$WORK/liar.port" || bail 'the server that lies'
LIAR_CONF="server = http://127.0.0.1:$(cat "$WORK/liar.port")"

answer() { printf 'HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %s\r\n\r\n%s' "$1" "$2" "${4:-${#3}}" "$3" >"$WORK/answer"; } # STATUS TYPE BODY [LENGTH]
posts() { grep -c '^POST' "$WORK/asked"; }
crashes_of() { find "$STACK/data/crashes" -name meta.json -exec cat {} + | jq -s --arg e "$1" '[.[].meta | select(.executable == $e) | .occurrences // 1] | add // 0'; } # EXECUTABLE
rejected() { find "$SPOOL/rejected" -mindepth 1 -maxdepth 1 -printf '%f\n'; }

# --- Answers ------------------------------------------------------------------------------------------------------

sender_conf "$LIAR_CONF" 'spool_age = 2h'
ID=$(crash_id)
OTHER=$(crash_id)
FINE="{\"crash_id\":\"$OTHER\",\"want\":{\"modules\":[],\"core\":\"slim\"}}"
spool_crash "$ID" $K1 /bin/answered 20000
lie() { # DESCRIPTION ANSWER-ARGUMENT...
    answer "${@:2}"
    send_once
    is "$(spooled)" "$ID" "$1: the crash stays"
}
lie 'an answer about another crash' '202 Accepted' application/json "$FINE"
lie 'one that is cut' '202 Accepted' application/json "{\"crash_id\":\"$ID\"," 500
lie 'one that is garbage' '200 OK' application/json "$(head -c 300 /dev/urandom | tr -d '\0')"
lie 'one without a body' '200 OK' application/json ''
lie 'one without end' '200 OK' application/json "{\"crash_id\":\"$ID\",\"x\":\"$(head -c 8000000 /dev/zero | tr '\0' x)\"}"
lie "a proxy's refusal" '413 Too Large' text/html '<html>'
lie 'one that is to come never again' '503 Unavailable' "text/html$(printf '\r\nRetry-After: 9223372036854775807')" ''
lie 'a token that was revoked' '401 Unauthorized' application/problem+json '{"title":"no"}'

# A crash that is too old becomes a count; the same lies about that.
answer '500 Error' text/html ''
spool_crash "$(crash_id "$OLD_MSEC")" $K1 /bin/counted 0
send_once
is "$(rejected | wc -l)" 1 'a crash that is too old, after one try, is given up'
for _ in 1 2; do
    answer '202 Accepted' application/json "$FINE"
    send_once
done
sender_conf
ok 'the true server is back' send_once
is "$(crashes_of /bin/answered)" 1 'it has the crash, once'
is "$(crashes_of /bin/counted)" 1 '… and the count, which an answer about another one did not settle'

# Taken with its core, the answer lost, the core given up: now the server calls it another one, and asks for no module.
ID=$(crash_id)
offer() { sed -i "$1; "'s/}$/,"modules":[{"path":"\/bin\/twice","build_id":"abcdef0123456780","offered":true}]}/' "$SPOOL/$ID/meta.json"; } # SED
spool_crash "$ID" $K1 /bin/twice 20000
offer ''
send_once
spool_crash "$ID" $K1 /bin/twice 0
offer 's/none was wanted/given up: the spool was full/'
ok 'a crash that was taken before its core was given up' send_once
is "$(spooled) $(find "$SPOOL/rejected" -name "$ID") $(crashes_of /bin/twice)" '  1' '… has left, is not refused, and is there once'
is "$(find "$SPOOL/modules" -name 'abcdef0123456780*')" '' '… which says nothing of its modules'

# A power cut must not make the crashes of a claim into those of another one: it is on disk before it is sent.
cat >"$WORK/synced.c" <<'EOT'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
int fdatasync(int fd)
{
    FILE *f = fopen(LOG, "a");
    fprintf(f, "/proc/self/fd/%d\n", fd);
    fclose(f);
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
EOT
gcc -shared -fPIC -DLOG="\"$WORK/synced\"" -o "$WORK/synced.so" "$WORK/synced.c" || bail 'a library is built'
sender_conf "$LIAR_CONF" 'spool_age = 2h'
answer '500 Error' text/html ''
spool_crash "$(crash_id "$OLD_MSEC")" $K1 /bin/claimed 0
send_once # becomes a count
: >"$WORK/synced"
: >"$WORK/asked"
for _ in 1 2 3; do LD_PRELOAD=$WORK/synced.so send_once; done
is "$(posts) $(wc -l <"$WORK/synced")" '3 1' 'a claim is on disk before it is sent, once for all tries'
sender_conf
send_once
is "$(crashes_of /bin/claimed)" 1 '… and arrives once'

# An entry of which the metadata is missing is nothing to send, and nothing to turn in circles for.
DAMAGED=$(crash_id)
mkdir -m 700 "$SPOOL/$DAMAGED"
timeout 5 "$BIN/corral-sender" --once -c "$CONF" </dev/null 2>>"$SENDER_LOG"
is "$? $(spooled)" "75 $DAMAGED" 'half an entry stays, and the sender ends'
rmdir "$SPOOL/$DAMAGED"

# --- Clocks -------------------------------------------------------------------------------------------------------

sender_conf 'spool_age = 2h'
spool_crash "$(crash_id "$OLD_MSEC")" $K1 /bin/once 20000
ok 'a crash that looks old, as after a clock was set, is sent' send_once
spool_crash "$(crash_id "$OLD_MSEC")" $K1 /bin/service 20000
sender_start
ok '… by the service, too' wait_for 5 spool_empty
sender_kill TERM
is "$(crashes_of /bin/once) $(crashes_of /bin/service) $(rejected | wc -l)" '1 1 2' '… and is not given up'

# --- Full disks ---------------------------------------------------------------------------------------------------

mount -t tmpfs -o size=4m,mode=700 none "$SPOOL" || bail 'a small file system'
fill() { # not a byte is left
    cat /dev/zero >"$SPOOL/of-others" 2>/dev/null
    head -c 4095 /dev/zero >>"$SPOOL/of-others" 2>/dev/null
}
begin_disk() { # LINE...
    rm -rf "${SPOOL:?}"/*
    sender_conf "$@"
    send_once # makes the ledger
    : >"$WORK/asked"
}

begin_disk 'server = http://127.0.0.1:1' 'keep_free = 1M'
spool_crash "$(crash_id)" $K1 /bin/core-gone 500000
fill
send_once
is "$(find "$SPOOL" -name core.zst)" '' 'a core makes room on a full disk'
sender_conf 'keep_free = 0'
send_once
is "$(spooled) $(rejected)" ' ' '… and its crash is sent without being refused'
is "$(crashes_of /bin/core-gone)" 1 '… and is there'

begin_disk 'keep_free = 0'
ID=$(crash_id)
spool_crash "$ID" $K1 /bin/wants 20000
sed -i 's/}$/,"modules":[{"path":"\/bin\/wants","build_id":"abcdef0123456789","offered":true}]}/' "$SPOOL/$ID/meta.json"
fill
send_once
is "$(find "$SPOOL" -name core.zst)" '' 'what the server acknowledged leaves its core on a full disk'
rm "$SPOOL/of-others"
send_once
is "$(spooled) $(rejected) $(crashes_of /bin/wants)" '  1' '… and the crash is there, once'

begin_disk "$LIAR_CONF" 'keep_free = 0'
spool_crash "$(crash_id)" $K1 /bin/refused 20000
answer '422 Unprocessable' application/problem+json '{"title":"never"}'
fill
send_once
send_once
is "$(posts) $(spooled)" '1 ' 'what the server refuses for good is not sent again for want of room'

begin_disk "$LIAR_CONF" 'keep_free = 0' 'spool_age = 2h'
spool_crash "$(crash_id "$OLD_MSEC")" $K1 /bin/aged 20000
answer '500 Error' text/html ''
fill
for _ in 1 2 3; do send_once; done
rm "$SPOOL/of-others"
sender_conf
send_once
is "$(crashes_of /bin/aged)" 1 'one that is given up on a full disk is counted once'
umount "$SPOOL"
done_testing
