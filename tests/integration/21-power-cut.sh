#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 300
# The power fails while crashes come in: the blob store lies on a file system of its own that is shut down without writing its journal, as
# often as CYCLES says. Whatever was answered with 202 is there afterwards, whole and pending.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need_root
need curl zstd mkfs.ext4 perl

CYCLES=${CYCLES:-8}
DATA=$STACK/data
mkdir -p "$DATA" "$STACK/conf"
truncate -s 64M "$WORK/disk"
mkfs.ext4 -q "$WORK/disk" || bail 'mkfs.ext4'
mount -o loop "$WORK/disk" "$DATA" 2>"$WORK/.output" || skip_all "no loop mount here: $(cat "$WORK/.output")"
trap 'ENDED=$?; stack down >/dev/null 2>&1; umount "$DATA"; (exit "$ENDED"); test_end' EXIT
echo 'free_min = 1M' >"$STACK/conf/ingestd.extra"
stack_up
ok 'nobody else uses the file system' stack stop workerd sender dashd

# Starts like a core; the rest does not get smaller.
core() { # FILE
    printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\4\0\76\0\1\0\0\0' >"$1"
    head -c 40 /dev/zero >>"$1"
    head -c 20000 /dev/urandom >>"$1"
}

# Crashes one after another; "ID DIGEST" of each that was acknowledged goes to the ledger, which is on another disk.
crash_on() {
    local id
    while :; do
        core "$WORK/core"
        id=$(curl -fs --max-time 10 -H "Authorization: Bearer $CORRAL_TOKEN" -F executable=/bin/x -F "core=@$WORK/core" \
            "$CORRAL_INGEST_URL/api/v1/crashes" | json .crash_id)
        [ -n "$id" ] || break
        echo "$id $(sha256sum <"$WORK/core" | cut -d' ' -f1)" >>"$WORK/ledger"
    done
}

acknowledged() { wc -l <"$WORK/ledger"; }
more_acknowledged() { [ "$(acknowledged)" -ge "$1" ]; }

# ioctl EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH (fs/ext4/ext4.h): nothing goes to the disk any more, not even the journal.
power_off() {
    perl -e 'open(my $d, "<", $ARGV[0]) or die; my $how = pack("L", 2); ioctl($d, 0x8004587d, $how) or die "$!\n"' "$DATA"
}

# A killed process lets go of its files when the last of its threads is gone.
again() { wait_for 10 umount "$DATA" && mount -o loop "$WORK/disk" "$DATA"; }

lost() { # prints each acknowledged crash that is not there as it was sent
    local id digest folder
    while read -r id digest; do
        folder=$(find "$DATA/crashes" -mindepth 4 -maxdepth 4 -name "$id")
        if [ "$(zstd -dcq "$folder/core.zst" 2>&1 | sha256sum | cut -d' ' -f1)" != "$digest" ]; then echo "$id core"; fi
        if ! grep -qs '"executable":"/bin/x"' "$folder/meta.json"; then echo "$id meta"; fi
        if [ ! -e "$DATA/pending/$id" ]; then echo "$id pending"; fi
    done <"$WORK/ledger"
}

: >"$WORK/ledger"
for ((cycle = 1; cycle <= CYCLES; cycle++)); do
    crash_on &
    CRASHING=$!
    ok "cycle $cycle: crashes are acknowledged" wait_for 30 more_acknowledged $(($(acknowledged) + 3 + RANDOM % 8))
    ok "cycle $cycle: the power fails" power_off
    wait "$CRASHING"
    stack kill ingestd
    again || bail "cycle $cycle: the disk comes back"
    is "$(lost)" '' "cycle $cycle: all $(acknowledged) are there"
    ok "cycle $cycle: ingestd starts" stack start ingestd
done
done_testing
