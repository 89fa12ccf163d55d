#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 200
# The full core: byte for byte what the kernel wrote but for the secrets, behind a slim core that is safe before it;
# declared when it is not whole; and the crash without any spool at all.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/lib/capture.sh
. "$(dirname "$0")/../lib/capture.sh"
need_root
need zstd jq cmp gdb
capture_begin 'core = full'

handler_at_work() { pgrep -f "^$WORK/h " >/dev/null; }
entries() { find "$SPOOL" -maxdepth 1 -name '????????-*' | sort; }
complete() { arrived && [ -f "$ENTRY/full.json" ]; }
full() { jq -r "$1" "$ENTRY/full.json"; } # FILTER

# --- Whole, beside what the kernel gave another handler -----------------------------------------------------------------

configure_client 'core = full' "chain = |/usr/bin/tee $WORK/chained"
crash env SECRET_TOKEN=swordfish-4711 build/crashers/nullderef --password=swordfish-4712
ok 'is complete' wait_for 10 complete
is "$(meta .fidelity)" full 'and says that it is full'
is "$(full '"\(.core_truncated) \(.core_bytes == .core_expected)"')" 'false true' 'nothing is missing of it'
zstd -dqf "$ENTRY/full.zst" -o "$WORK/full"
is "$(wc -c <"$WORK/full")" "$(full .core_bytes)" 'it is as long as it says'
same_length() { [ "$(wc -c <"$WORK/chained")" = "$(wc -c <"$WORK/full")" ]; }
ok 'the handler that is chained was given as much' wait_for 10 same_length
# cmp -l: place, byte of the first, byte of the second, in octal; 52 is the * of what was blanked.
DIFFERENT=$(cmp -l "$WORK/full" "$WORK/chained" | awk '$2 != 52' | wc -l)
is "$DIFFERENT" 0 'the same bytes, but for what was blanked'
ok 'something was blanked' inverted cmp -s "$WORK/full" "$WORK/chained"
zstd -dqf "$ENTRY/core.zst" -o "$WORK/slim"
for secret in swordfish-4711 swordfish-4712; do
    ok "the kernel's core has $secret" grep -q $secret "$WORK/chained"
    not_ok '… the full one has not' grep -q $secret "$WORK/full"
    not_ok '… nor has the slim one' grep -q $secret "$WORK/slim"
done
bt() { gdb -nx -batch -ex bt build/crashers/nullderef "$1" 2>&1 | grep '^#'; } # CORE
is "$(bt "$WORK/slim")" "$(bt "$WORK/full")" 'both have the same stack'

# It comes out of the memory of the process: the kernel's own core of the same program, at the same addresses, differs
# in the pages that hold a pid, a time or a random number, and in no other.
configure_client 'core = full'
# It dies by itself, when it has filled its memory.
fixed_victim() { crash env -i setarch -R build/crashers/crowd memory 16; }
OURS=$(cat $PROC/core_pattern)
fixed_victim
ok 'of 16 MiB: is complete' wait_for 10 complete
zstd -dqf "$ENTRY/full.zst" -o "$WORK/full"
echo "$WORK/kernel" >$PROC/core_pattern
ulimit -c unlimited
fixed_victim
echo "$OURS" >$PROC/core_pattern
KERNELS=$(find "$WORK" -maxdepth 1 -name 'kernel*' | head -1)
is "$(wc -c <"$WORK/full")" "$(wc -c <"$KERNELS")" 'as long as the kernel writes it'
PAGES=$(cmp -l "$WORK/full" "$KERNELS" | awk '{ pages[int($1 / 4096)] } END { print length(pages) }')
diag "$PAGES of $(($(wc -c <"$WORK/full") / 4096)) pages differ"
ok 'and the same, page by page' test "$PAGES" -lt 16

# --- Not whole ------------------------------------------------------------------------------------------------------------

configure_client 'core = full' 'core_max = 2M'
crash build/crashers/crowd memory 32
ok 'over core_max: is complete' wait_for 10 complete
is "$(full '"\(.core_bytes) \(.core_truncated)"')" '2097152 true' '… cut, and declared'
like "$(full .core_problem)" core_max '… with the reason'

# The process is killed in the middle: what it gave so far is kept, the stacks are whole.
configure_client 'core = full'
growing() { arrived && [ "$(stat -c %s "$ENTRY/full.zst")" -gt 0 ]; }
victim build/crashers/crowd memory 1500
ok 'a large core: the slim one is there while the full one grows' wait_for 20 growing
not_ok '… which is locked' flock -n "$ENTRY/full.zst" true
ok '… the slim one is whole by then' zstd -tq "$ENTRY/core.zst"
{ kill -KILL "$PID"; wait "$PID"; } 2>/dev/null
ok '… killed: is complete' wait_for 20 complete
is "$(full .core_truncated)" true '… and says that it was cut'
ok '… of what is there each byte can be read' test "$(zstd -dqc "$ENTRY/full.zst" | wc -c)" = "$(full .core_bytes)"

# The handler is killed in the middle.
victim build/crashers/crowd memory 1500
wait_for 20 growing
pkill -KILL -f "^$WORK/h "
BEGUN=${EPOCHREALTIME/./}
wait "$PID" 2>/dev/null
ok 'its handler is killed: the process goes' in_time $(((${EPOCHREALTIME/./} - BEGUN) / 1000)) 3000
wait_for 10 inverted handler_at_work
ok '… the lock says that nothing grows any more' flock -n "$ENTRY/full.zst" true
not_ok '… nor is it called complete' test -e "$ENTRY/full.json"
ok '… and the stacks are there' zstd -tq "$ENTRY/core.zst"

# --- How much of which ----------------------------------------------------------------------------------------------------

rm -rf "$SPOOL"/????????-*
configure_client 'core = auto' 'budget_full = kind 1/1h' 'budget_slim = kind 2/1h' 'budget_meta = kind 1/1h'
kept() { crash build/crashers/fpe; wait_for 10 inverted handler_at_work; if arrived; then meta .fidelity; else echo count; fi; }
is "$(kept) $(kept) $(kept) $(kept) $(kept)" 'full slim slim meta count' 'the first is full, the next slim, then metadata, then a count'
crash build/crashers/abort
wait_for 10 arrived
is "$(meta .fidelity)" full 'of another kind the first is full again'
rm -rf "$SPOOL"/????????-*
configure_client 'core = auto' 'auto_full_max = 1M'
crash build/crashers/crowd memory 32
wait_for 10 arrived
is "$(meta .fidelity)" slim 'a large one is slim at once'
configure_client 'core = none'
crash build/crashers/fpe
wait_for 10 arrived
is "$(meta .fidelity) $([ -e "$ENTRY/core.zst" ] || echo none)" 'meta none' 'core = none keeps no memory'

configure_client 'core = full' 'honour_core_limit = yes'
crash sh -c 'ulimit -c 0; exec build/crashers/fpe'
wait_for 10 arrived
is "$(meta .fidelity)" meta 'honour_core_limit: a limit of 0 is a no'
crash sh -c 'ulimit -c unlimited; exec build/crashers/fpe'
wait_for 10 arrived
is "$(meta .fidelity)" full '… and none is none'

# --- No spool ---------------------------------------------------------------------------------------------------------------

cat >"$WORK/sender" <<END
#!/bin/sh
[ "\$1" = --stream ] && exec cat >$WORK/streamed
END
chmod +x "$WORK/sender"
stream() { # LINE...: of client.conf
    rm -f "$WORK/streamed"
    {
        printf '%s\n' 'server = http://127.0.0.1:1' 'spool = none' "sender = $WORK/sender" "$@"
        printf '%s = off\n' budget_full budget_slim budget_meta
    } >"$WORK/c"
    crash build/crashers/nullderef
    wait_for 10 inverted handler_at_work
    wait_for 10 inverted pgrep -f "cat.*$WORK/streamed"
    length=$(sed -n '1s/^META //p;q' "$WORK/streamed")
    head -n 1 "$WORK/streamed" | wc -c >"$WORK/line"
    tail -c +$(($(cat "$WORK/line") + 1)) "$WORK/streamed" | head -c "$length" >"$WORK/meta.json"
    tail -c +$(($(cat "$WORK/line") + length + 1)) "$WORK/streamed" >"$WORK/core.zst"
}
if [ ! -e /run/corral ]; then capture_at_end 'rm -rf /run/corral'; fi
stream 'core = slim'
is "$(jq -r '"\(.pid) \(.fidelity)"' "$WORK/meta.json")" "$PID slim" 'spool = none: the sender is given the metadata'
ok '… and the slim core' zstd -tq "$WORK/core.zst"
stream 'core = full'
is "$(jq -r '"\(.pid) \(.fidelity)"' "$WORK/meta.json")" "$PID full" 'full: the metadata first'
is "$(zstd -dqc "$WORK/core.zst" | wc -c)" "$(jq .core_expected "$WORK/meta.json")" '… and all of the core'
done_testing
