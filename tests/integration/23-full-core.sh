#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 120
# A full core that follows its crash: in pieces, by offsets, over broken connections, killed servers and full disks. What the server says
# that it has, it has, byte for byte.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need curl zstd gcore sha256sum mkfs.ext4 perl

mkdir -p "$STACK/conf"
# libmicrohttpd sometimes learns of a cut connection only by its silence.
printf '%s\n' 'core_max = 48M' 'free_min = 1M' 'idle_timeout = 4s' >"$STACK/conf/ingestd.extra"
stack_up
ok 'no sender in this test' stack stop sender

DATA=$STACK/data
CRASHES=$CORRAL_INGEST_URL/api/v1/crashes
AUTH="Authorization: Bearer $(cat "$STACK/tokens/ingest")"

# --- Material -------------------------------------------------------------------------------------------------------

sleep 1000 &
VICTIM=$!
ok 'a core of a living process' gcore -o "$WORK/core" "$VICTIM"
kill "$VICTIM"
zstd -q "$WORK/core.$VICTIM" -o "$WORK/slim.zst"
# 40 MB that do not get smaller: several checkpoints of the server.
{ cat "$WORK/core.$VICTIM" && head -c 40000000 /dev/urandom; } >"$WORK/core"
rm "$WORK/core.$VICTIM"
zstd -q -1 "$WORK/core" -o "$WORK/full"
SIZE=$(stat -c %s "$WORK/full")
piece() { tail -c "+$(($1 + 1))" "$WORK/full" | head -c "$2"; } # OFFSET LENGTH

crash() { # a crash with its slim core; its id goes to ID, the address of its full core to URL
    ID=$(uuid)
    request -H "$AUTH" -F "meta={\"crash_id\":\"$ID\",\"executable\":\"/usr/bin/sleep\",\"signal\":11,\"encoding\":\"zstd\",\"fidelity\":\"full\"}" \
        -F "core=@$WORK/slim.zst" "$CRASHES"
    URL=$CRASHES/$ID/core
    FOLDER=$(find "$DATA/crashes" -mindepth 4 -maxdepth 4 -name "$ID")
}

put() { # OFFSET COMPLETE FILE CURL-ARGUMENT...
    request -H "$AUTH" -H "Upload-Offset: $1" -H "Upload-Complete: $2" -T "$3" "${@:4}" "$URL"
}

header() { sed -n "s/^$1: //Ip" <<<"$HEADERS" | tail -1; } # NAME: of the last request

look() { # sets OFFSET and COMPLETE as the server tells them
    request -I -H "$AUTH" "$URL"
    OFFSET=$(header Upload-Offset)
    COMPLETE=$(header Upload-Complete)
}

has_prefix() { # the stored bytes, as many as the server told, are those of the file
    local kept=$FOLDER/full.part
    if [ "$COMPLETE" = '?1' ]; then kept=$FOLDER/full.zst; fi # it was quicker than the kill
    [ "$(stat -c %s "$kept")" -ge "$OFFSET" ] && cmp -n "$OFFSET" "$WORK/full" "$kept"
}

# --- In one piece, and in pieces ------------------------------------------------------------------------------------

crash
is "$STATUS" 202 'a crash with its slim core'
look
is "$STATUS $OFFSET $COMPLETE" '200 0 ?0' 'nothing of the full core is there'
put 0 '?1' "$WORK/full" -H 'Corral-Core-Bytes: 40200000' -H 'Corral-Core-Expected: 40200000'
is "$STATUS $(header Upload-Offset) $(header Upload-Complete)" "204 $SIZE ?1" 'all of it in one request: 204'
ok 'it is stored as it came' cmp "$WORK/full" "$FOLDER/full.zst"
ok 'beside the slim one' cmp "$WORK/slim.zst" "$FOLDER/core.zst"
is "$(json '[.core_bytes, .core_expected, .core_truncated, .stored, .received, .sha256] | @csv' <"$FOLDER/full.json")" \
    "40200000,40200000,false,$SIZE,$SIZE,\"$(sha256sum <"$WORK/full" | cut -d' ' -f1)\"" 'with its facts'
is "$(ls "$DATA/partial" "$DATA/tmp")" "$(printf '%s:\n\n%s:' "$DATA/partial" "$DATA/tmp")" 'nothing is left half'
is "$(find "$FOLDER" -name '*.part' -o -name '*.offset')" '' 'and no file of the way'
look
is "$OFFSET $COMPLETE" "$SIZE ?1" 'HEAD tells that it is complete'
put "$SIZE" '?1' /dev/null
is "$STATUS $(header Upload-Complete)" '200 ?1' 'the last request again, without bytes: 200'
put 0 '?1' "$WORK/full"
is "$STATUS $(header Upload-Complete)" '200 ?1' 'all of it again: 200'
ok 'and nothing has changed' cmp "$WORK/full" "$FOLDER/full.zst"
FIRST=$ID

crash
piece 0 100 >"$WORK/piece"
put 0 '?0' "$WORK/piece"
is "$STATUS $(header Upload-Offset) $(header Upload-Complete)" '204 100 ?0' 'a first piece that is too small to tell what it is'
put 0 '?0' "$WORK/piece"
is "$STATUS $(header Upload-Offset)" '409 100' 'the same offset again: 409 with the right one'
put 101 '?0' "$WORK/piece"
is "$STATUS $(header Upload-Offset)" '409 100' 'an offset too far: the same'
like "$(json .detail <<<"$BODY")" 'Upload-Offset' 'and it says what to do'
piece 100 10000000 >"$WORK/piece"
put 100 '?0' - <"$WORK/piece"
is "$STATUS $(header Upload-Offset)" '204 10000100' 'a second one, of unknown length'
piece 10000100 "$SIZE" >"$WORK/piece"
put 10000100 '?0' "$WORK/piece"
is "$STATUS $(header Upload-Offset)" "204 $SIZE" 'the rest'
look
is "$OFFSET $COMPLETE" "$SIZE ?0" 'which is not known to be the end'
put "$SIZE" '?1' /dev/null -H 'Corral-Core-Bytes: 40000000' -H 'Corral-Core-Expected: 50000000' -H 'Corral-Core-Problem: the process was released after 30 s'
is "$STATUS $(header Upload-Complete)" '204 ?1' 'until it is said, with no further byte'
ok 'stored as it came' cmp "$WORK/full" "$FOLDER/full.zst"
is "$(json '.core_truncated, .core_problem' <"$FOLDER/full.json")" "$(printf 'true\nthe process was released after 30 s')" 'with what is missing'
is "$(json .sha256 <"$FOLDER/full.json")" "$(sha256sum <"$WORK/full" | cut -d' ' -f1)" 'and the digest of all'

crash
head -c 3000000 "$WORK/core" >"$WORK/plain"
put 0 '?0' "$WORK/plain"
tail -c +3000001 "$WORK/core" | head -c 3000000 >"$WORK/piece"
put 3000000 '?1' "$WORK/piece"
is "$STATUS $(header Upload-Offset)" '204 6000000' 'a core as it is, in two pieces'
head -c 6000000 "$WORK/core" >"$WORK/plain"
same_plain() { zstd -dcq "$FOLDER/full.zst" | cmp - "$WORK/plain"; }
ok 'is stored compressed' same_plain
is "$(json '.sha256' <"$FOLDER/full.json")" "$(sha256sum <"$WORK/plain" | cut -d' ' -f1)" 'with the digest of what came'
look
is "$OFFSET $COMPLETE" '6000000 ?1' 'and HEAD counts what came'

# As a proxy brings them: each piece on a connection of its own, which is open when the answer to the last one comes. The server is kept
# from going on when it has sent an answer, as on a busy machine, until the next piece is certainly there.
cat >"$WORK/late.c" <<'EOT'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/socket.h>
#include <time.h>
static long now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
static ssize_t late(ssize_t n)
{
    for (long begun = now(); now() < begun + 100;)
        ;
    return n;
}
ssize_t send(int fd, const void *p, size_t n, int flags)
{
    return late(((ssize_t(*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send"))(fd, p, n, flags));
}
ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    return late(((ssize_t(*)(int, const struct msghdr *, int))dlsym(RTLD_NEXT, "sendmsg"))(fd, m, flags));
}
EOT
gcc -shared -fPIC -o "$WORK/late.so" "$WORK/late.c" || bail 'a library is built'
cat >"$WORK/hasty" <<'PERL'
use IO::Socket::INET;
my ($host, $path, $auth, $file, $pieces) = @ARGV;
my $size = 512;
open(my $in, '<', $file) or die;
sub dial { IO::Socket::INET->new($host) or die "$host: $!" }
my $c = dial();
for my $i (0 .. $pieces - 1) {
    my $next = dial();
    read($in, my $piece, $size) == $size or die;
    print $c "PUT $path HTTP/1.1\r\nHost: $host\r\n$auth\r\nUpload-Offset: ", $i * $size, "\r\nUpload-Complete: ?0\r\n",
        "Content-Length: $size\r\nConnection: close\r\n\r\n$piece";
    $c->flush;
    my $answer = <$c>;
    die "piece $i: $answer" unless $answer =~ m{^HTTP/1.1 204 };
    $c = $next;
}
PERL
ok 'an ingestd that is late' env LD_PRELOAD="$WORK/late.so" STACK_QUIET=1 tests/lib/stack restart "$STACK" ingestd
crash
LOCATION=${CRASHES#http://}
ok 'pieces on connections of their own, each sent as soon as the last one is answered' \
    perl "$WORK/hasty" "${LOCATION%%/*}" "/${URL#http://*/}" "$AUTH" "$WORK/full" 5
look
is "$OFFSET" $((5 * 512)) 'are all there'
ok 'ingestd restarts' stack restart ingestd

# --- Refusals -------------------------------------------------------------------------------------------------------

nothing_kept() { # WHAT
    look
    is "$OFFSET $COMPLETE" '0 ?0' "$1: nothing is kept"
}

crash
request -H "$AUTH" -T "$WORK/piece" "$URL"
is "$STATUS" 400 'no Upload-Offset: 400'
put -1 '?0' "$WORK/piece"
is "$STATUS" 400 'a negative one: 400'
put 0 yes "$WORK/piece"
is "$STATUS" 400 'another word for complete: 400'
put 0 '?1' "$0"
is "$STATUS" 415 'a text: 415'
nothing_kept 'a text'
put 0 '?1' "$BIN/corral-ingestd"
is "$STATUS" 415 'a program: 415'
nothing_kept 'a program'
head -c 60 "$WORK/core" >"$WORK/piece"
put 0 '?0' "$WORK/piece"
put 60 '?1' /dev/null
is "$STATUS" 415 'less than a header: 415'
nothing_kept 'less than a header'
zstd -q <"$0" | head -c 3 >"$WORK/piece"
put 0 '?0' "$WORK/piece"
is "$STATUS" 204 'three bytes are nothing yet'
zstd -q <"$0" | tail -c +4 >"$WORK/piece"
put 3 '?0' "$WORK/piece"
is "$STATUS" 415 'but with the rest a text in zstd: 415'
nothing_kept 'a text in zstd'
truncate -s 60M "$WORK/huge"
put 0 '?0' "$WORK/huge"
is "$STATUS" 413 'too large: 413'
{ cat "$WORK/full" && head -c 30000000 /dev/urandom; } >"$WORK/huge"
put 0 '?0' - <"$WORK/huge"
is "$STATUS" 413 'too large, of unknown length: 413'
rm "$WORK/huge"
OLD=$URL
URL=$CRASHES/$(uuid)/core
look
is "$STATUS" 404 'HEAD of an unknown crash: 404'
put 0 '?1' "$WORK/full"
is "$STATUS" 404 'PUT: 404'
URL=$CRASHES/..%2f..%2ftmp/core
put 0 '?1' "$WORK/full" --path-as-is
is "$STATUS" 404 'an id that is a path: 404'
URL=$OLD
AUTH='X-No: token' look
is "$STATUS" 401 'no token: 401'

# --- Cut connections, and two at once -------------------------------------------------------------------------------

slow() { # OFFSET RATE: in the background
    piece "$1" "$SIZE" >"$WORK/rest"
    curl -s -o "$WORK/slow" -H "$AUTH" -H "Upload-Offset: $1" -H 'Upload-Complete: ?1' --limit-rate "$2" -T "$WORK/rest" "$URL" &
    CURL=$!
}
grown() { [ "$(stat -c %s "$FOLDER/full.part")" -gt "$1" ]; }

crash
slow 0 4M
ok 'a slow upload is on its way' wait_for 10 grown 1000000
put 0 '?1' "$WORK/full"
is "$STATUS" 503 'a second one meanwhile: 503'
like "$(header Retry-After)" '^[0-9]+$' 'which says when to try again'
kill -KILL $CURL
wait $CURL 2>/dev/null
kept() {
    look
    [ "$OFFSET" -gt 1000000 ]
}
ok 'what came before the connection broke is kept' wait_for 20 kept
is "$COMPLETE" '?0' 'and is not complete, whatever was promised'
ok 'byte for byte' has_prefix

# --- A killed server ------------------------------------------------------------------------------------------------

for ((cycle = 1; cycle <= 6; cycle++)); do
    BEFORE=$OFFSET
    slow "$OFFSET" "$((8 + RANDOM % 40))M"
    wait_for 10 grown $((BEFORE + RANDOM * 400))
    stack kill ingestd
    wait $CURL
    stack start ingestd
    look
    ok "kill $cycle at $(stat -c %s "$FOLDER"/full.{part,zst} 2>/dev/null): what is told ($OFFSET) is there" has_prefix
    ok "kill $cycle: and no less than before" test "$OFFSET" -ge "$BEFORE"
    if [ "$COMPLETE" = '?1' ] || [ "$OFFSET" -gt $((SIZE - 5000000)) ]; then break; fi
done
if [ "$COMPLETE" = '?0' ]; then
    piece "$OFFSET" "$SIZE" >"$WORK/rest"
    put "$OFFSET" '?1' "$WORK/rest"
    is "$STATUS" 204 'then the rest: 204'
fi
ok 'the whole is what was sent' cmp "$WORK/full" "$FOLDER/full.zst"
is "$(json .sha256 <"$FOLDER/full.json")" "$(sha256sum <"$WORK/full" | cut -d' ' -f1)" 'and so is its digest'

# --- Those that never end -------------------------------------------------------------------------------------------

crash
piece 0 1000000 >"$WORK/piece"
put 0 '?0' "$WORK/piece"
touch -d '2 days ago' "$DATA/partial/$ID"
ok 'ingestd restarts' stack restart ingestd
look
is "$OFFSET" 1000000 'a part of two days is kept'
touch -d '4 days ago' "$DATA/partial/$ID"
ok 'ingestd restarts' stack restart ingestd
swept() { [ ! -e "$FOLDER/full.part" ] && [ ! -e "$DATA/partial/$ID" ]; }
ok 'one of four is not' wait_for 10 swept
put 0 '?1' "$WORK/full"
is "$STATUS" 204 'and may begin anew'
ok 'the crash has kept its slim core' cmp "$WORK/slim.zst" "$FOLDER/core.zst"

# --- A full disk ----------------------------------------------------------------------------------------------------

if [ "$(id -u)" = 0 ] && mkdir "$WORK/small" && mount -t tmpfs -o size=12m corral-test "$WORK/small" 2>/dev/null; then
    trap 'ENDED=$?; umount "$WORK/small"; (exit "$ENDED"); test_end' EXIT
    ok 'ingestd stops' stack stop ingestd
    cp "$DATA/tokens.json" "$WORK/small"
    sed -e "s|^data = .*|data = $WORK/small|" "$STACK/conf/ingestd.conf" >"$WORK/small.conf"
    DATA=$WORK/small
    "$BIN/corral-ingestd" -c "$WORK/small.conf" >"$STACK/log/small.log" 2>&1 &
    SMALL=$!
    alive() { curl -fs "$CORRAL_INGEST_URL/readyz"; }
    ok 'a store of 12 MB' wait_for 10 alive
    crash
    put 0 '?1' "$WORK/full"
    is "$STATUS" 503 'a core that can never fit: 503 before its body'
    put 0 '?0' - <"$WORK/full"
    is "$STATUS" 503 'a disk that fills up in the middle: 503'
    like "$(header Retry-After)" '^[0-9]+$' 'which says when to try again'
    look
    ok "what fitted is kept: $OFFSET bytes" test "$OFFSET" -gt 1000000
    ok 'byte for byte' has_prefix
    mount -o remount,size=100m "$WORK/small"
    piece "$OFFSET" "$SIZE" >"$WORK/rest"
    put "$OFFSET" '?1' "$WORK/rest"
    is "$STATUS" 204 'with room again it goes on there'
    ok 'and the whole is what was sent' cmp "$WORK/full" "$FOLDER/full.zst"
    kill $SMALL
    wait $SMALL
    umount "$WORK/small"
    DATA=$STACK/data
    ok 'ingestd starts' stack start ingestd
else
    skip 'needs root: it mounts a small file system' 'a disk that fills up in the middle'
fi

# --- A power cut ----------------------------------------------------------------------------------------------------

# ioctl EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH (fs/ext4/ext4.h): nothing goes to the disk any more, not even the journal.
power_off() {
    perl -e 'open(my $d, "<", $ARGV[0]) or die; my $how = pack("L", 2); ioctl($d, 0x8004587d, $how) or die "$!\n"' "$DATA"
}
again() { wait_for 10 umount "$DATA" && mount -o loop "$WORK/disk" "$DATA"; }
serve_disk() { # ingestd with its store on the disk that fails
    "$BIN/corral-ingestd" -c "$WORK/disk.conf" >>"$STACK/log/disk.log" 2>&1 &
    ON_DISK=$!
    wait_for 10 curl -fs "$CORRAL_INGEST_URL/readyz"
}

mkdir "$WORK/mount"
truncate -s 200M "$WORK/disk"
if [ "$(id -u)" = 0 ] && mkfs.ext4 -q "$WORK/disk" && mount -o loop "$WORK/disk" "$WORK/mount" 2>/dev/null; then
    trap 'ENDED=$?; umount "$WORK/mount"; (exit "$ENDED"); test_end' EXIT
    ok 'ingestd stops' stack stop ingestd
    cp "$DATA/tokens.json" "$WORK/mount"
    sync -f "$WORK/mount"
    DATA=$WORK/mount
    sed -e "s|^data = .*|data = $DATA|" "$STACK/conf/ingestd.conf" >"$WORK/disk.conf"
    ok 'a store on a disk of its own' serve_disk
    crash
    OFFSET=0
    for ((cycle = 1; cycle <= 4; cycle++)); do
        piece "$OFFSET" 2000000 >"$WORK/piece"
        put "$OFFSET" '?0' "$WORK/piece"
        BEFORE=$((OFFSET + 2000000))
        is "$STATUS $(header Upload-Offset)" "204 $BEFORE" "power cut $cycle: 2 MB more are acknowledged"
        slow "$BEFORE" 40M
        wait_for 10 grown $((BEFORE + RANDOM * 100))
        power_off
        kill -KILL "$ON_DISK"
        wait "$ON_DISK" "$CURL" 2>/dev/null
        again || bail 'the disk comes back'
        serve_disk
        look
        ok "power cut $cycle: what is told ($OFFSET of $(stat -c %s "$FOLDER/full.part" 2>&1)) is there" has_prefix
        ok "power cut $cycle: and no less than before" test "$OFFSET" -ge "$BEFORE"
    done
    piece "$OFFSET" "$SIZE" >"$WORK/rest"
    put "$OFFSET" '?1' "$WORK/rest"
    is "$STATUS" 204 'then the rest: 204'
    power_off
    kill -KILL "$ON_DISK"
    wait "$ON_DISK" 2>/dev/null
    again || bail 'the disk comes back'
    ok 'what was answered to be complete is so after a power cut' cmp "$WORK/full" "$FOLDER/full.zst"
    is "$(json .sha256 <"$FOLDER/full.json")" "$(sha256sum <"$WORK/full" | cut -d' ' -f1)" 'and its facts are there'
    umount "$WORK/mount"
    DATA=$STACK/data
    ok 'ingestd starts' stack start ingestd
else
    skip 'needs root: it mounts a file system' 'power cuts'
fi

# --- What people get ------------------------------------------------------------------------------------------------

event() { api "/events/$FIRST" | json .core; }
ok 'the crash is an event' wait_for 20 event
is "$(api "/events/$FIRST" | json '.core | .fidelity, .stored_bytes, .full_stored_bytes')" \
    "$(printf 'full\n%s\n%s' "$(stat -c %s "$WORK/slim.zst")" "$SIZE")" 'which has both cores'
request -H "Authorization: Bearer $CORRAL_TOKEN" "$CORRAL_URL/api/v1/events/$FIRST/core"
ok 'what is downloaded is the full one' cmp "$WORK/.body" "$WORK/full"
done_testing
