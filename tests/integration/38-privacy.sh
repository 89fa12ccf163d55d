#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 120
# What leaves a host, and what does not: one program with a marker in each place where a secret may
# lie, one crash, and a look for each marker in each place that a crash goes to. The table below is
# docs/privacy.md as a test; a marker that is where it should not be fails it, and so does one that
# is not where it is promised.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need_root
need gcc zstd jq eu-readelf
REMOTE=/lib/systemd/systemd-journal-remote
[ -x $REMOTE ] || bail "$REMOTE is not there (package systemd-journal-remote)"

# Rows: where the program has its marker. Columns: where it may turn up.
#   meta     meta.json, as the server keeps it       args    the command line in the core's notes
#   slim     memory in the slim core                 full    memory in the full core
#   spool    all files of the spool, unpacked        stored  all of ingestd's files, unpacked
#   pg       a dump of the database                  logs    what the programs log
EXPECTED='
place            meta args slim full spool stored pg  logs
arg_plain        yes  yes  yes  yes  yes   yes    no  no
arg_password     no   no   no   no   no    no     no  no
env_allowed      yes  no   yes  yes  yes   yes    no  no
env_other        no   no   no   no   no    no     no  no
env_token        no   no   no   no   no    no     no  no
env_allowed_url  no   no   no   no   no    no     no  no
stack            no   no   yes  yes  yes   yes    no  no
heap_pointed_at  no   no   yes  yes  yes   yes    no  no
heap_far         no   no   no   yes  yes   yes    no  no
dontdump         no   no   no   no   no    no     no  no
log_plain        yes  no   no   no   no    yes    no  no
log_password     no   no   no   no   no    no     no  no
file_name        yes  yes  yes  yes  yes   yes    yes no
'

# --- The program ----------------------------------------------------------------------------------

# Markers of the memory come by standard input, straight to their place: nothing copies them.
cat >"$WORK/program.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#define MARK 32
#define FAR  (1 << 20)
static void fill(char *to)
{
    if (read(0, to, MARK) != MARK)
        _exit(3);
}
__attribute__((noinline)) static int crash(volatile char *stack, volatile char *heap)
{
    char go;
    if (read(0, &go, 1) < 0)
        _exit(4);
    return *(volatile int *)8 + stack[0] + heap[0];
}
int main(void)
{
    char stack[MARK];
    char *heap = malloc(MARK), *far = malloc(2 * FAR), *page;
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(page, 4096, MADV_DONTDUMP);
    fill(stack);
    fill(heap);
    fill(far + FAR);
    fill(page);
    puts("ready");
    fflush(stdout);
    return crash(stack, heap) + far[FAR] + page[0];
}
C

declare -A MARK
PLACES=$(awk 'NR > 2 { print $1 }' <<<"$EXPECTED")
for place in $PLACES; do
    MARK[$place]=M$(tr -dc A-Z0-9 </dev/urandom | head -c 31)
done
PROGRAM=$WORK/app-${MARK[file_name]}
ok 'the program is built' gcc -O1 -o "$PROGRAM" "$WORK/program.c" || bail 'no program'

# --- The crash ------------------------------------------------------------------------------------

# Without a server the crash stays in the spool, until it has been looked at there.
stack_up --core-pattern
stack stop sender ingestd
mkfifo "$WORK/in" "$WORK/out"
env -i PATH="$PATH" LC_PLACE="${MARK[env_allowed]}" OTHER="${MARK[env_other]}" \
    MY_TOKEN="${MARK[env_token]}" LC_URL="http://bob:${MARK[env_allowed_url]}@host/" \
    "$PROGRAM" "--name=${MARK[arg_plain]}" "--password=${MARK[arg_password]}" \
    <"$WORK/in" >"$WORK/out" &
PID=$!
exec 7>"$WORK/in" 8<"$WORK/out"
printf %s "${MARK[stack]}${MARK[heap_pointed_at]}${MARK[heap_far]}${MARK[dontdump]}" >&7
read -r -t 10 READY <&8
is "$READY" ready 'the program has its markers'

# What it logged, in a journal of this host: there is none, so the folder is made and goes again.
MACHINE=$(cat /etc/machine-id)
JOURNAL=/run/log/journal/$MACHINE
[ ! -e "$JOURNAL" ] || JOURNAL_KEPT=yes
mkdir -p "$JOURNAL"
drop_journal() {
    rm -f "$JOURNAL/corral-test.journal"
    [ -n "${JOURNAL_KEPT:-}" ] || rmdir "$JOURNAL" "${JOURNAL%/*}" 2>/dev/null
}
trap 'drop_journal; test_end' EXIT
entry() { # MESSAGE
    printf '__REALTIME_TIMESTAMP=%s000\n__MONOTONIC_TIMESTAMP=1\n_BOOT_ID=%s\n_PID=%s\nMESSAGE=%s\n\n' \
        "$(date +%s%3N)" "$(tr -d - </proc/sys/kernel/random/boot_id)" "$PID" "$1"
}
{
    entry "hello ${MARK[log_plain]}"
    entry "login with password=${MARK[log_password]} refused"
} | $REMOTE -o "$JOURNAL/corral-test.journal" - >/dev/null 2>&1
chmod 644 "$JOURNAL/corral-test.journal"

echo >&7
wait $PID 2>/dev/null
is $? 139 'the program crashes'

there_is() { [ -n "$(find "$1" -name "$2" -print -quit)" ]; } # FOLDER NAME
spooled() { there_is "$STACK/spool" meta.json && there_is "$STACK/spool" full.json; }
ok 'it is spooled, slim and full' wait_for 20 spooled
cp -r "$STACK/spool" "$WORK/spool"

stack start ingestd sender
stored() {
    there_is "$STACK/data" full.zst && [ "$(sql 'SELECT count(*) FROM crash_events')" -ge 1 ]
}
ok 'it is stored and analysed' wait_for 30 stored
emptied() { ! there_is "$STACK/spool" meta.json; }
ok 'the spool is empty again' wait_for 20 emptied
stack stop sender workerd

# --- Where it went --------------------------------------------------------------------------------

unpack() { # FOLDER TO: every file, decompressed where it is packed
    local file
    mkdir -p "$2"
    find "$1" -type f | while read -r file; do
        zstd -q -d -c "$file" >"$2/$(basename "$file").$RANDOM$RANDOM" 2>/dev/null ||
            cat "$file" >"$2/$(basename "$file").$RANDOM$RANDOM"
    done
}
found_one() { find "$STACK/data" -name "$1" -print -quit; } # NAME

mkdir "$WORK/at"
META=$(found_one meta.json)
cp "$META" "$WORK/at/meta"
zstd -q -d -c "$(found_one core.zst)" >"$WORK/slim.core"
zstd -q -d -c "$(found_one full.zst)" >"$WORK/full.core"
cp "$WORK/slim.core" "$WORK/at/slim"
cp "$WORK/full.core" "$WORK/at/full"
eu-readelf -n "$WORK/slim.core" >"$WORK/notes" 2>/dev/null
eu-readelf -n "$WORK/full.core" >>"$WORK/notes" 2>/dev/null
grep 'psargs:' "$WORK/notes" >"$WORK/at/args"
unpack "$WORK/spool" "$WORK/at/spool"
unpack "$STACK/data" "$WORK/at/stored"
/usr/lib/postgresql/15/bin/pg_dump -h "$(cat "$STACK/sockets")" -U postgres corral >"$WORK/at/pg"
cp -r "$STACK/log" "$WORK/at/logs"

is "$(jq -r .meta.crash_id "$META" | wc -c)" 37 'its metadata is readable'
ok 'gdb reads the slim core' gdb -batch -ex 'info registers rip' "$PROGRAM" "$WORK/slim.core"
ok 'gdb reads the full core' gdb -batch -ex 'info registers rip' "$PROGRAM" "$WORK/full.core"
like "$(gdb -batch -ex bt "$PROGRAM" "$WORK/full.core" 2>&1)" 'crash .*' 'and has its stack'

# --- The table ------------------------------------------------------------------------------------

read -r -a COLUMNS <<<"$(sed -n 2p <<<"$EXPECTED")"
is_at() { # CHANNEL PLACE. The notes show 80 bytes: a beginning of the marker counts there.
    local marker=${MARK[$2]}
    [ "$1" != args ] || marker=${marker::6}
    if grep -raqF "$marker" "$WORK/at/$1"; then echo yes; else echo no; fi
}
while read -r place expected; do
    if [ -z "$place" ] || [ "$place" = place ]; then continue; fi
    got=
    for channel in "${COLUMNS[@]:1}"; do got="$got $(is_at "$channel" "$place")"; done
    is "${got# }" "$(tr -s ' ' <<<"$expected")" "$place:$got"
done <<<"$EXPECTED"

is "$(jq -c '.meta.environment | sort' "$META")" \
    "$(jq -nc --arg path "PATH=$PATH" --arg place "LC_PLACE=${MARK[env_allowed]}" \
        --arg url "LC_URL=http://bob:********************************@host/" \
        '["MY_TOKEN", "OTHER", $place, $url, $path] | sort')" \
    'of the environment all names are kept, and the values that are allowed'
like "$(jq -r .meta.command_line "$META")" '\-\-password=\*{32}$' 'the password is starred'
is "$(jq -r '.meta.log | length' "$META")" 2 'both lines of the log are there'
done_testing
