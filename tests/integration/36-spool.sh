#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the spool holds when the server is away: its limits and the order in which crashes give way, a disk that is full, and what
# others, or its own owner, may plant in it.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/lib/spoolkit.sh
. "$(dirname "$0")/../lib/spoolkit.sh"
need_root
need curl zstd openssl perl jq setpriv

stack_up
stack stop sender workerd dashd
KIB=1024
AWAY='server = http://127.0.0.1:1' # nobody listens there
LIMIT=$((4 << 20))                 # of the spool; the sender keeps three quarters of it
K1=11111111111111111111111111111111
K2=22222222222222222222222222222222

fresh_spool() { rm -rf "$SPOOL"; sender_conf "$@"; : >"$SENDER_LOG"; }
has() { [ -e "$SPOOL/$1/$2" ]; }
given_up() { sed -n "s/^$1 //p" "$SPOOL/given-up"; }
# Forces a count: the handler would have added to the number.
full_usage() { printf '%020d\n' $((LIMIT * 2)) >"$SPOOL/usage"; }
full_file() { elf_core "$1" >"$WORK/full"; }
pick() { if [ "$1" = "$2" ]; then echo "$3"; else echo "$4"; fi; } # GOT THIS THEN ELSE
tick() { BASE=$((${BASE:-$(date +%s%3N)} + 1)); ID=$(crash_id "$BASE"); } # the next crash id in order

# --- The order of going -------------------------------------------------------------------------------------------

fresh_spool "$AWAY" "spool_max = $LIMIT" 'spool_share = 100'
ids=()
for i in 0 1 2 3; do
    tick
    ids+=("$ID")
    full_file $((900 * KIB))
    spool_crash "$ID" "$(pick $i 3 $K2 $K1)" /bin/a $((50 * KIB)) "$WORK/full" '{}'
done
full_usage
send_once
is "$(for i in 0 1 2 3; do has "${ids[i]}" full.zst && printf %s $i; done)" 123 'the oldest full core gives way'
is "$(for i in 0 1 2 3; do has "${ids[i]}" core.zst && printf %s $i; done)" 0123 '… and no slim one'
is "$(given_up full) $(given_up slim) $(given_up meta)" '1 0 0' '… it is counted'
ok '… the log says what' grep -q "given up.*part=full crash_id=${ids[0]}" "$SENDER_LOG"
is "$(jq -r '.core_problem' "$SPOOL/${ids[0]}/meta.json")" 'given up: the spool was full' '… its metadata says so'
ok 'the number of bytes is right again' test "$(sed 's/^0*//' "$SPOOL/usage")" -lt $((LIMIT * 3 / 4))

fresh_spool "$AWAY" 'spool_max = 1M' 'spool_share = 100'
ids=()
for i in 0 1 2 3 4; do
    tick
    ids+=("$ID")
    spool_crash "$ID" "$(pick $i 1 $K2 $K1)" /bin/a $((250 * KIB))
done
full_usage
send_once
is "$(for i in 0 1 2 3 4; do has "${ids[i]}" core.zst && printf %s $i; done)" 14 \
    'of slim cores the newest of each kind stays, be it the oldest of all'
is "$(spooled | wc -l)" 5 '… metadata stays'
is "$(jq -r '[.core_problem, .fidelity] | join("; ")' "$SPOOL/${ids[2]}/meta.json")" \
    'given up: the spool was full; meta' '… and says what became of the core'
sender_conf
ok 'what is left is sent' send_once
is "$(jq -r .meta.core_problem "$(stored "${ids[2]}")/meta.json")" 'given up: the spool was full' \
    '… with the reason why there is no core'

fresh_spool "$AWAY" "spool_max = $LIMIT" 'spool_share = 10'
ids=()
for i in 0 1 2; do
    tick
    ids+=("$ID")
    spool_crash "$ID" $K1 "$(pick $i 1 /bin/other /bin/a)" $((300 * KIB))
done
full_usage
send_once
is "$(for i in 0 1 2; do has "${ids[i]}" core.zst && printf %s $i; done)" 12 'one executable has its share, others are not asked to pay'

fresh_spool "$AWAY" 'spool_max = 1M' 'spool_share = 100'
for ((i = 0; i < 130; i++)); do tick; spool_crash "$ID" $K1 /bin/many 0; done
LAST=$ID
full_usage
send_once
ok 'metadata goes last, the oldest first, and the newest stays' test -d "$SPOOL/$LAST"
GONE=$((130 - $(spooled | wc -l)))
is "$(given_up meta)" "$GONE" "… $GONE of 130 crashes went, and are counted"
sender_conf
ok '… what is left is sent' send_once
counted() { cat "$STACK"/data/crashes/*/*/*/*/meta.json | jq -s '[.[].meta | select(.executable == "/bin/many") | .occurrences // 1] | add'; }
is "$(counted)" 130 '… and the numbers of the others arrive'

# --- Age ----------------------------------------------------------------------------------------------------------

fresh_spool "$AWAY" 'spool_age = 2h'
OLD=$(crash_id $(($(date +%s%3N) - 3 * 3600 * 1000)))
NEW=$(crash_id)
spool_crash "$OLD" $K1 /bin/old 20000
spool_crash "$NEW" $K1 /bin/new 20000
sender_start
ok 'a crash that is too old is given up' wait_for 5 test -e "$SPOOL/rejected/$OLD/reason"
ok '… its metadata stays for people' test -s "$SPOOL/rejected/$OLD/meta.json"
not_ok '… its core does not' test -e "$SPOOL/rejected/$OLD/core.zst"
ok '… a younger one stays' test -e "$SPOOL/$NEW/core.zst"
sender_kill TERM
sender_conf
ok '… and is sent' send_once
is "$(cat "$STACK"/data/crashes/*/*/*/*/meta.json | jq -r '.meta | select(.executable == "/bin/old") | [.fidelity, .occurrences] | join(" ")')" \
    'count 1' 'the number of the old one arrives'

# --- A disk that is full ------------------------------------------------------------------------------------------

rm -rf "$SPOOL"
mkdir -m 700 "$SPOOL"
mount -t tmpfs -o size=8m,mode=700 none "$SPOOL" || bail 'a small file system'
trap 'ENDED=$?; umount -l "$SPOOL"; (exit "$ENDED"); spoolkit_end' EXIT
sender_conf "$AWAY" 'keep_free = 1M'
ids=()
for i in 0 1 2; do
    tick
    ids+=("$ID")
    spool_crash "$ID" $K1 /bin/a $((500 * KIB))
done
head -c 8M /dev/zero >"$SPOOL/of-others" 2>/dev/null
send_once
is "$(for i in 0 1 2; do has "${ids[i]}" core.zst && printf %s $i; done)" 12 'on a full disk the oldest core makes room'
is "$(spooled | wc -l)" 3 '… and no crash is lost'
rm "$SPOOL/of-others"
sender_conf
ok '… all of them are sent when the server is back' send_once
umount "$SPOOL"

# --- Attacks ------------------------------------------------------------------------------------------------------

# The spool of another user; what he plants there, root must not follow.
fresh_spool "$AWAY"
chown -R nobody: "$SPOOL"
echo 'of root' >"$WORK/precious"
chmod 755 "$WORK"
as_nobody() { setpriv --reuid=nobody --clear-groups "$@"; }
ID=$(crash_id)
untouched() { is "$(cat "$WORK/precious") $(stat -c %U "$WORK/precious")" 'of root root' "$1"; }
as_nobody ln -s "$WORK/precious" "$SPOOL/lock"
as_nobody ln -s "$WORK/precious" "$SPOOL/usage"
not_ok 'a symlink in the place of the lock is not followed' send_once
untouched '… nor that in the place of the count'
as_nobody rm "$SPOOL/lock" "$SPOOL/usage"
spool_crash "$ID" $K1 /bin/a 20000
rm "$SPOOL/$ID/meta.json"
ln -s "$WORK/precious" "$SPOOL/$ID/meta.json"
ln -s "$WORK" "$SPOOL/$(crash_id)"
mkfifo "$SPOOL/usage" "$SPOOL/$ID/full.zst" "$SPOOL/$ID/full.json"
ln -s "$WORK/precious" "$SPOOL/given-up"
ln -s "$WORK/precious" "$SPOOL/last-error"
printf '0\n' >"$SPOOL/$ID/wanted"
timeout 20 "$BIN/corral-sender" --once -c "$CONF" </dev/null 2>>"$SENDER_LOG"
is $? 75 'symlinks and FIFOs in the place of all files: the sender ends in time'
untouched '… and what they point at is untouched'
rm -rf "${SPOOL:?}"/*
ln "$WORK/precious" "$SPOOL/usage"
timeout 20 "$BIN/corral-sender" --once -c "$CONF" </dev/null 2>>"$SENDER_LOG"
untouched 'a hard link in the place of the count: untouched'
rm -rf "$SPOOL"
mkdir -m 777 "$SPOOL"
not_ok 'a spool that others may write to is not used' send_once
done_testing
