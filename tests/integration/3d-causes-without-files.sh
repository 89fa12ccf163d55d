#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 300
# Why it crashed is known where the server has unwind sidecars and no program: of each case of tests/crashers/cause the slim core
# with sidecars is told the same rule as the full core with the files. ONLY=REGEX names cases.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/golden/stacks.sh
. "$ROOT/tests/golden/stacks.sh"
need jq gcc g++
need_file_cores
export CORRAL_CACHE=$WORK/cache

CAUSES=$ROOT/tests/crashers/cause
SLIM_CORE=$BUILD/tests/lib/slim-core
SIDECARS=$WORK/sidecars

add_sidecars() { # JSON: of all that was mapped
    local path
    while read -r path; do
        if [ ! -f "$path" ] || [ -f "$SIDECARS$path" ]; then continue; fi
        mkdir -p "$SIDECARS$(dirname "$path")"
        "$SLIM_CORE" --sidecar "$path" "$SIDECARS$path"
    done < <(jq -r '.modules[].path' <"$1")
}

cause() { jq -r '"\(.cause.rule // "unknown") \(.cause.certainty // "") \(.cause.exception // "")"' <"$1"; }

# Leaves whole.json and side.json.
both() { # PROGRAM ARGUMENT...
    make_core "$WORK/core" timeout 20 "$@" 2>/dev/null
    "$WORKERD" --analyse "$WORK/core/core" --format json >"$WORK/whole.json" 2>/dev/null
    add_sidecars "$WORK/whole.json"
    "$SLIM_CORE" "$WORK/core/core" "$WORK/core/slim" >/dev/null
    "$WORKERD" --analyse "$WORK/core/slim" --sysroot "$SIDECARS" --format json >"$WORK/side.json" 2>/dev/null
    rm -rf "$WORK/core"
}

same_cause() { # NAME PROGRAM ARGUMENT...
    local name=$1
    shift
    both "$@"
    is "$(cause "$WORK/side.json")" "$(cause "$WORK/whole.json")" "$name"
    if [ "$(cause "$WORK/side.json")" != "$(cause "$WORK/whole.json")" ]; then
        diag "$(jq -r '.cause.sentence' "$WORK/whole.json") | $(jq -r .cause.sentence "$WORK/side.json")"
    fi
}

ok 'the cases in C' gcc -std=gnu17 -D_GNU_SOURCE -w -O2 -fstack-protector-strong -o "$WORK/c" "$CAUSES/cases.c" -lpthread -lm
ok 'the cases in C++' g++ -std=c++17 -w -O2 -o "$WORK/cc" "$CAUSES/cases.cc"
while IFS=$'\t' read -r name _; do
    [[ $name =~ ^(${ONLY:-.*})$ ]] || continue
    if grep -q "CASE($name)" "$CAUSES/cases.c"; then program=c; else program=cc; fi
    same_cause "$name" "$WORK/$program" "$name"
done < <(grep -v '^#' "$CAUSES/expected.tsv")

# --- Code that no file has, and dumps with more in them ----------------------------------------------------------------

cat >"$WORK/made.c" <<'C'
#include <string.h>
#include <sys/mman.h>
int main(int argc, char **argv)
{
    static const unsigned char read[] = {0x31, 0xc0, 0x8b, 0x40, 0x18, 0xc3}; /* xor %eax,%eax; mov 24(%rax),%eax; ret */
    static const unsigned char call[] = {0x50, 0x31, 0xc0, 0xff, 0xd0, 0x58, 0xc3}; /* push; xor %eax,%eax; call *%rax; pop; ret */
    char *p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(p + 6000, argv[1][0] == 'r' ? read : call, 8);
    mprotect(p, 16384, PROT_READ | PROT_EXEC);
    ((void (*)(void))(p + 6000))();
}
C
ok 'a program that makes code' gcc -w -O1 -o "$WORK/made" "$WORK/made.c"
same_cause 'made code reads' "$WORK/made" read
is "$(jq -r .cause.sentence "$WORK/side.json")" \
    'Read of 4 bytes at NULL + 0x18: a member at that offset, or an element, of what a NULL pointer (rax) points at' 'made code: its instruction'
same_cause 'made code calls' "$WORK/made" call
is "$(jq -r '.cause.rule + " " + .cause.certainty' "$WORK/side.json")" 'null-call certain' 'made code: its call'
for bits in 0x7f 0x31 0x23; do
    # shellcheck disable=SC2016 # expanded by that shell
    both bash -c 'echo "$1" >/proc/self/coredump_filter; shift; exec "$@"' - $bits "$WORK/c" null_member
    is "$(jq -r '.cause.rule + " " + .cause.certainty' "$WORK/side.json")" 'null-member certain' "coredump_filter $bits"
done
done_testing
