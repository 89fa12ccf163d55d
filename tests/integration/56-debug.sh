#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 180
# `corralctl debug` where nothing of the crash is: a root of its own with gdb in it, no file of which lies where the crashed process had
# its own, and neither the program nor its library. Also the module store in the words of debuginfod, asked by curl and by gdb.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/golden/stacks.sh
. "$ROOT/tests/golden/stacks.sh"
need_root
need gdb gcc jq zstd eu-readelf

need_file_cores

# --- A program with a library, whose file has another name than it is asked for ---------------------------------------------------------

mkdir -p "$WORK/app/lib"
cat >"$WORK/app/shop.c" <<'C'
int shop_total(const int *prices, int count);
int shop_total(const int *prices, int count)
{
    int total = 0;
    for (int i = 0; i < count; i++)
        total += prices[i];
    return total;
}
C
cat >"$WORK/app/main.c" <<'C'
int shop_total(const int *prices, int count);
static int checkout(const int *basket)
{
    int paid = 4711;
    return shop_total(basket, 3) + paid;
}
int main(int argc, char **argv)
{
    (void)argv;
    return checkout(argc > 5 ? &argc : (const int *)0);
}
C
(cd "$WORK/app" && gcc -g -O0 -shared -fPIC -Wl,-soname,libshop.so.1 -o lib/libshop.so.1.2.3 shop.c &&
    ln -s libshop.so.1.2.3 lib/libshop.so.1 &&
    gcc -g -O0 -Wl,--build-id -o till main.c lib/libshop.so.1 -Wl,-rpath,"$WORK/app/lib") || bail 'the program is built'
# Of the library, program and debug information are two files.
objcopy --only-keep-debug "$WORK/app/lib/libshop.so.1.2.3" "$WORK/shop.debug"
strip "$WORK/app/lib/libshop.so.1.2.3"
build_id() { eu-readelf -n "$1" | awk '/Build ID:/ { print $3; exit }'; } # FILE
TILL=$(build_id "$WORK/app/till")
SHOP=$(build_id "$WORK/app/lib/libshop.so.1.2.3")
make_core "$WORK/crash" "$WORK/app/till"
CORE=$WORK/crash/core
[ -s "$CORE" ] || bail 'the program leaves a core'

stack_up
token() { "$BIN/corral-dashd" -c "$STACK/conf/dashd.conf" --add-token "$1" "test-$1" 2>/dev/null; } # SCOPE
READ=$(token read) SYMBOLS=$(token symbols)
ctl() { "$BIN/corralctl" "$@"; }

EVENT=$(ctl submit "$CORE" --json | jq -r .id)
"$BUILD/tests/lib/slim-core" "$CORE" "$WORK/slim" >/dev/null
ok 'the slim core is smaller' test "$(stat -c %s "$WORK/slim")" -lt "$(stat -c %s "$CORE")"
SLIM=$(ctl submit "$WORK/slim" --json | jq -r .id)
known() { api "/events/$EVENT" | jq -e '.state == "complete"'; }
ok 'the crash is analysed' wait_for 30 known
ok 'debug information of the library is sent' ctl symbols upload "$WORK/shop.debug"
rm -rf "$WORK/app" "$WORK/shop.debug" "$CORE" "$WORK/slim"

# --- debuginfod's words -------------------------------------------------------------------------------------------------------------

get() { request -H "Authorization: Bearer $1" "$CORRAL_URL/buildid/$2"; } # TOKEN PATH
for scope in SYMBOLS CORRAL_TOKEN; do
    get "${!scope}" "$TILL/executable"
    is "$STATUS $(build_id "$WORK/.body")" "200 $TILL" "$scope: the executable by its build-id"
done
get "$SYMBOLS" "$TILL/debuginfo"
is "$STATUS $(build_id "$WORK/.body")" "200 $TILL" 'which has its debug information, and is that, too'
get "$SYMBOLS" "$SHOP/executable"
is "$STATUS" 200 'the library'
ok 'which was stripped' inverted grep -qF .debug_info <(eu-readelf -S "$WORK/.body")
get "$SYMBOLS" "$SHOP/debuginfo"
ok 'its debug information is the other file' grep -qF .debug_info <(eu-readelf -S "$WORK/.body")
is "$(sql "SELECT count(*) FROM audit_log WHERE action = 'module.download' AND subject = '$SHOP/debuginfo'")" 1 'each is in the audit log'
for path in "${TILL%??}00/executable" "$TILL/unwind" "$TILL/source" ..%2f..%2fx/executable x/executable "${TILL^^}/executable"; do
    get "$SYMBOLS" "$path"
    is "$STATUS" 404 "$path is not there"
done
get "$READ" "$TILL/executable"
is "$STATUS" 403 'who may read stacks may not fetch programs'
like "$BODY" 'scope symbols' 'and is told what is needed'
request "$CORRAL_URL/buildid/$TILL/executable"
is "$STATUS" 401 'nor may anybody'

# --- A machine that has nothing --------------------------------------------------------------------------------------------------------

# gdb and corralctl, below /there; nothing but /proc and /dev otherwise.
NEW=$WORK/root
THERE=$NEW/there
mkdir -p "$THERE/lib" "$THERE/bin" "$NEW/proc" "$NEW/dev" "$NEW/tmp" "$NEW/home"
libraries() { ldd "$1" | awk '$3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }'; } # PROGRAM
GDB=$(command -v gdb)
for program in "$GDB" "$BIN/corralctl"; do
    cp "$program" "$THERE/bin/"
    libraries "$program" | while read -r library; do cp -Ln "$library" "$THERE/lib/"; done
done
LOADER=$(basename "$(libraries "$GDB" | grep ld-linux)")
PYTHON=$(find /usr/lib -maxdepth 1 -name 'python3.[0-9]*' | sort -V | tail -n 1)
mkdir -p "$THERE/python/lib"
if [ -n "$PYTHON" ]; then cp -r "$PYTHON" "$THERE/python/lib/"; fi
mkdir -p "$THERE/data-directory"
cp -r /usr/share/gdb/. "$THERE/data-directory/"
# corralctl starts gdb through the loader of there: no /lib64 leads to it.
cat >"$WORK/start.c" <<C
#include <unistd.h>
int main(int argc, char **argv)
{
    char *all[300] = {"/there/lib/$LOADER", "--library-path", "/there/lib", "/there/bin/gdb", "--data-directory=/there/data-directory"};
    for (int i = 1; i < argc && i < 290; i++)
        all[i + 4] = argv[i];
    execv(all[0], all);
    return 127;
}
C
gcc -static -o "$THERE/bin/start-gdb" "$WORK/start.c" || bail 'the starter of gdb is built'
there() { # ARGUMENT...: corralctl in the empty root
    # shellcheck disable=SC2016 # the inner shell's
    unshare -m sh -c 'mount -t proc proc "$0/proc" && mount --bind /dev "$0/dev" && exec chroot "$0" "$@"' "$NEW" \
        "/there/lib/$LOADER" --library-path /there/lib /there/bin/corralctl "$@"
}
export HOME=/home PYTHONHOME=/there/python PYTHONDONTWRITEBYTECODE=1
debug() { there debug "$EVENT" --debugger /there/bin/start-gdb "$@" >"$WORK/out" 2>"$WORK/err"; }

not_ok 'nothing of the crash is there' test -e "$NEW$WORK/app"
debug -- -batch -ex 'bt full' -ex 'info sharedlibrary'
is "$?" 0 'gdb runs and ends well' || diag "$(cat "$WORK/err")"
like "$(cat "$WORK/out")" 'shop_total \(prices=0x0, count=3\) at .*shop\.c:6' 'the frame of the library, by function, arguments and line'
like "$(cat "$WORK/out")" 'i = 0' 'with its locals'
like "$(cat "$WORK/out")" 'checkout \(basket=0x0\) at .*main\.c:5' 'the frame of the program'
like "$(cat "$WORK/out")" 'paid = 4711' 'with its locals'
like "$(cat "$WORK/out")" 'main \(argc=1, argv=0x[0-9a-f]*\) at .*main\.c:10' 'and main'
unlike "$(cat "$WORK/out")" '\?\?' 'no frame without a name'
is "$(grep -c 'Yes' "$WORK/out")" 3 'program, C library and loader come from the server' || diag "$(cat "$WORK/out")"
like "$(cat "$WORK/err")" "${SHOP:0:12}  .*libshop.so.1.2.3: from the server; debug information from the server" 'it is said where files come from'
is "$(find "$NEW/home/.cache/corral" -name 'session.*')" '' 'what gdb was shown is gone again'
is "$(find "$NEW/home/.cache" -perm /077 -not -type l | head -n 3)" '' 'the cache is its owner'"'"'s alone'
while read -r file; do
    is "$(build_id "$file")" "$(basename "$(dirname "$file")")" "${file##*/} lies under its own build-id"
done < <(find "$NEW/home/.cache/corral" -type f -path '*/[0-9a-f]*/*' -not -path '*/core-*')

debug_slim() { there debug "$SLIM" --quiet --debugger /there/bin/start-gdb "$@"; }
SLIM_BT=$(debug_slim -- -batch -ex 'bt full' 2>"$WORK/err")
like "$SLIM_BT" 'shop_total \(prices=0x0, count=3\) at .*shop\.c:6.*checkout \(basket=0x0\) at .*main\.c:5.*paid = 4711.*main \(argc=1' \
    'the same of a slim core' || diag "$(cat "$WORK/err")"
is "$(grep -c 'from the server' "$WORK/err")" 0 '--quiet says nothing of modules'

# --- From the cache ---------------------------------------------------------------------------------------------------------------------

BEFORE=$(sql "SELECT count(*) FROM audit_log WHERE action LIKE '%.download'")
debug -- -batch -ex bt
is "$?" 0 'again'
is "$(sql "SELECT count(*) FROM audit_log WHERE action LIKE '%.download'")" "$BEFORE" 'nothing is fetched twice'
like "$(there debug "$EVENT" --quiet --json | jq -r '.command | join(" ")')" '-nx .*set auto-load off.*set debuginfod enabled off' \
    'gdb is told to run nothing that it finds'
like "$(there debug "$EVENT" --quiet --json --debuginfod | jq -r '.command | join(" ")')" 'set debuginfod enabled on' 'or to ask, when asked to'

# --- Plain gdb, with the server as its debuginfod ----------------------------------------------------------------------------------------

echo "Authorization: Bearer $SYMBOLS" >"$WORK/headers"
chmod 600 "$WORK/headers"
ctl fetch "$EVENT" -o - >"$WORK/plain.core"
if gdb --configuration | grep -q -- '--with-debuginfod'; then
    # A core is not for this token, but what the program was made of is.
    PLAIN=$(env -u PYTHONHOME HOME="$WORK" DEBUGINFOD_URLS="$CORRAL_URL" DEBUGINFOD_HEADERS_FILE="$WORK/headers" gdb -nx -batch \
        -iex 'set debuginfod enabled on' -c "$WORK/plain.core" -ex bt 2>"$WORK/err")
    like "$PLAIN" 'checkout \(basket=0x0\) at .*main\.c:5.*main \(argc=1' 'gdb alone finds the program' || diag "$(cat "$WORK/err")"
    like "$PLAIN" 'shop_total \(prices=0x0, count=3\) at .*shop\.c:6' 'the library, and its debug information'
else
    skip 'gdb was built without debuginfod' 'gdb alone finds the program'
fi

# --- What is not the file that it should be ---------------------------------------------------------------------------------------------

rm -rf "$NEW/home/.cache"
cp "$STACK/data/modules/${TILL::2}/$TILL/executable" "$WORK/kept"
cp "$STACK/data/modules/${SHOP::2}/$SHOP/executable" "$STACK/data/modules/${TILL::2}/$TILL/executable"
debug -- -batch -ex bt
is "$?" 1 'a file of another build-id is not used'
like "$(cat "$WORK/err")" "$TILL is not that" 'which is said'
is "$(find "$NEW/home/.cache/corral" -path "*$TILL*" -o -name '.new-*')" '' 'and nothing of it is kept'
rm "$STACK/data/modules/${TILL::2}/$TILL/executable"
cp "$WORK/kept" "$STACK/data/modules/${TILL::2}/$TILL/executable"
chmod a+r "$STACK/data/modules/${TILL::2}/$TILL/executable"

rm "$STACK/data/modules/${SHOP::2}/$SHOP/executable"
debug -- -batch -ex bt
like "$(cat "$WORK/err")" "libshop.so.1.2.3: not on the server" 'a file that the server lacks is told'
like "$(cat "$WORK/err")" 'symbols upload' 'with what to do'

done_testing
