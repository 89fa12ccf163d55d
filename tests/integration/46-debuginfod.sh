#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 180
# What crashes lack is fetched: from folders, and from debuginfod servers that may lie, stall, never end or lead into our own
# network. The servers are local ones; nobody else is asked.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need gdb
need jq
need python3

PEERS=()
cleanup() {
    if [ "${#PEERS[@]}" != 0 ]; then kill "${PEERS[@]}" 2>/dev/null; fi
    test_end
}
trap cleanup EXIT

SERVER=$ROOT/tests/lib/debuginfod.py
mkdir -p "$WORK/served" "$WORK/folder" "$STACK/conf"
: >"$WORK/asked"
python3 "$SERVER" serve "$WORK/port" "$WORK/served" "$WORK/asked" &
PEERS+=($!)
wait_for 10 test -s "$WORK/port"
URL=http://127.0.0.1:$(cat "$WORK/port")

printf '%s\n' 'heal_delay = 300ms' "debug_folders = $WORK/nowhere:$WORK/folder" "debuginfod_urls = $URL/nothing/ $URL" \
    'debuginfod_private = yes' 'debuginfod_timeout = 3s' 'debuginfod_max = 1M' 'debuginfod_retry = 1h' >"$STACK/conf/workerd.extra"
stack_up
stack stop sender

AUTH="Authorization: Bearer $(cat "$STACK/tokens/ingest")"
CRASHES=$CORRAL_INGEST_URL/api/v1/crashes
WORKERD_CONF=$STACK/conf/workerd.conf

# --- Material -------------------------------------------------------------------------------------------------------

cat >"$WORK/app.c" <<'C'
#include <stdlib.h>
int volatile *nowhere;
__attribute__((noinline)) static int evict(int n) { return *nowhere + n; }
__attribute__((noinline)) static int serve(int n) { return evict(n) * 2; }
int main(int argc, char **argv) { return serve(argc) + (argv[0] ? abs(argc) : 0); }
C
id_of() { printf "%.0s$1" {1..20}; } # TWO DIGITS: a build-id
program() { # NAME BUILD-ID
    mkdir -p "$WORK/$1"
    gcc -g -O1 -fno-optimize-sibling-calls -Wl,--build-id="0x$2" -o "$WORK/$1/app" "$WORK/app.c" &&
        objcopy --only-keep-debug "$WORK/$1/app" "$WORK/$1/debug" &&
        strip --strip-all "$WORK/$1/app" &&
        gdb -batch -nx -ex run -ex "generate-core-file $WORK/$1/core" "$WORK/$1/app" >"$WORK/gdb.log" 2>&1
    [ -s "$WORK/$1/core" ]
}
CRASH=
crash() { # NAME: uploads its core; CRASH is then its id
    CRASH=$(uuid)
    request -H "$AUTH" -F "meta={\"crash_id\":\"$CRASH\",\"hostname\":\"web1\",\"executable\":\"$WORK/$1/app\",\"signal\":11};type=application/json" \
        -F "core=@$WORK/$1/core;type=application/octet-stream" "$CRASHES"
    wait_for 20 stored "$CRASH"
}
put() { # BUILD-ID FILE
    request -H "$AUTH" -X PUT --data-binary "@$2" "$CORRAL_INGEST_URL/api/v1/modules/$1/executable"
}
stored() { [ "$(sql "SELECT count(*) FROM crash_events WHERE crash_id = '$1'")" = 1 ]; }
healed() { [[ $(sql "SELECT array_to_string(s.functions, ' ') FROM crash_events e JOIN stacks s ON s.id = e.stack_id WHERE e.crash_id = '$1'") == 'evict serve main'* ]]; }
outcome() { sql "SELECT outcome FROM module_fetches f JOIN modules m ON m.id = f.module_id WHERE m.build_id = '$1' AND f.kind = '${2:-debuginfo}'"; }
tried() { [ -n "$(outcome "$@")" ]; }
asked() { grep -c "$1" "$WORK/asked"; }
in_store() { [ -e "$STACK/data/modules/${1::2}/$1/$2" ]; }

GOOD=$(id_of 11) BARE=$(id_of 12) LOCAL=$(id_of 13) ABSENT=$(id_of 14) WRONG=$(id_of 15)
SLOW=$(id_of 16) ENDLESS=$(id_of 17) HUGE=$(id_of 18) CUT=$(id_of 19) BROKEN=$(id_of 1a)
for pair in "good $GOOD" "bare $BARE" "local $LOCAL" "absent $ABSENT" "wrong $WRONG" "slow $SLOW" "endless $ENDLESS" "huge $HUGE" "cut $CUT" "broken $BROKEN"; do
    # shellcheck disable=SC2086
    ok "a program: ${pair% *}" program $pair
done

# --- What is had ----------------------------------------------------------------------------------------------------------

cp "$WORK/good/debug" "$WORK/served/$GOOD.debuginfo"
put "$GOOD" "$WORK/good/app"
crash good
FIRST=$CRASH
GROUP=$(sql "SELECT group_id FROM crash_events WHERE crash_id = '$CRASH'")
ok 'debug information of a server heals the event' wait_for 20 healed "$CRASH"
ok '... its bytes are in the store' cmp "$WORK/good/debug" "$STACK/data/modules/11/$GOOD/debuginfo"
is "$(sql "SELECT group_id FROM crash_events WHERE crash_id = '$FIRST'")" "$GROUP" '... its group is the same'
like "$(outcome "$GOOD")" '^stored: from http' '... it is written down where it came from'
is "$(asked "/nothing/buildid/$GOOD/debuginfo") $(asked "^/buildid/$GOOD/debuginfo")" '1 1' 'servers are asked one after the other'
is "$(asked "$GOOD/executable")" 0 'nobody is asked for what is in the store'

cp "$WORK/bare/debug" "$WORK/served/$BARE.debuginfo"
cp "$WORK/bare/app" "$WORK/served/$BARE.executable"
crash bare
ok 'of a program of which there is nothing, both files are had' wait_for 20 healed "$CRASH"
ok '... the executable' in_store "$BARE" executable

mkdir -p "$WORK/folder/.build-id/13"
cp "$WORK/local/debug" "$WORK/folder/.build-id/13/${LOCAL:2}.debug"
put "$LOCAL" "$WORK/local/app"
crash local
ok 'debug information of a folder of this machine heals, too' wait_for 20 healed "$CRASH"
is "$(asked "$LOCAL")" 0 '... and no server is asked'

# --- What is not had ------------------------------------------------------------------------------------------------------

cp "$WORK/good/debug" "$WORK/served/$WRONG.debuginfo"
echo 'behave slow' >"$WORK/served/$SLOW.debuginfo"
echo 'behave endless' >"$WORK/served/$ENDLESS.debuginfo"
echo 'behave huge' >"$WORK/served/$HUGE.debuginfo"
echo 'behave cut' >"$WORK/served/$CUT.debuginfo"
echo 'behave status 500' >"$WORK/served/$BROKEN.debuginfo"
for name in absent wrong slow endless huge cut broken; do
    id=${name^^}
    put "${!id}" "$WORK/$name/app"
    crash "$name"
    ok "$name: it is tried" wait_for 20 tried "${!id}"
    not_ok "$name: and not stored" in_store "${!id}" debuginfo
done
like "$(outcome "$ABSENT")" '^not_found: .*404' 'absent: nobody has it'
like "$(outcome "$WRONG")" '^refused: .*build-id' 'wrong: another build-id is refused'
like "$(outcome "$SLOW")" '^failed: .*[Tt]ime' 'slow: its time is over'
like "$(outcome "$ENDLESS")" '^refused: .*larger' 'endless: the largest size ends it'
like "$(outcome "$HUGE")" '^refused: .*larger' 'huge: so does a header that says so'
like "$(outcome "$CUT")" '^failed: ' 'cut: less than the header said'
like "$(outcome "$BROKEN")" '^failed: .*500' 'broken: the trouble of a server'
sql_seconds() { sql "SELECT extract(epoch FROM again_at - tried_at)::int FROM module_fetches f JOIN modules m ON m.id = f.module_id WHERE m.build_id = '$1' AND f.kind = 'debuginfo'"; }
is "$(sql_seconds "$ABSENT") $(sql_seconds "$BROKEN")" '3600 600' 'what nobody has is not asked for in an hour, trouble may be over sooner'
stack restart workerd
crash absent
crash good
ok 'the next crash of the good one has names at once' healed "$CRASH"
FRESH=$(id_of 1b)
ok 'one more program' program fresh "$FRESH"
cp "$WORK/fresh/debug" "$WORK/served/$FRESH.debuginfo"
put "$FRESH" "$WORK/fresh/app"
crash fresh
ok '... is supplied after a restart' wait_for 20 healed "$CRASH"
is "$(asked "^/buildid/$ABSENT/debuginfo")" 1 '... which has not forgotten what nobody has'
metric() { curl -fsS "http://$(sed -n 's/^listen = //p' "$WORKERD_CONF")/metrics" | sed -n "s/^$1 //p"; }
is "$(metric 'corral_module_fetches_total{result="stored"}')" 1 'it is counted'
fetcher_of() { pgrep -x corral-fetcher -P "$(pgrep -x corral-supplier -P "$(pgrep -P "$(cut -d ' ' -f 1 "$STACK/pid/workerd")")")"; }
PID=$(fetcher_of)
is "$(wc -c <"/proc/$PID/environ")" 0 'the fetcher has no environment'
is "$(find "/proc/$PID/fd" -lname '*socket*' -printf 'x' | wc -c)" 1 '... and no socket but its orders'
NEXT=$(id_of 1c)
program next "$NEXT"
cp "$WORK/next/debug" "$WORK/served/$NEXT.debuginfo"
put "$NEXT" "$WORK/next/app"
ok 'kill -9 for the fetcher' kill -KILL "$PID"
crash next
gave_up_or_healed() { healed "$CRASH" || tried "$NEXT"; }
ok 'its death is noticed' wait_for 20 gave_up_or_healed
sql "UPDATE module_fetches SET again_at = now() WHERE outcome LIKE 'failed%'"
ok 'and another one is started' wait_for 20 healed "$CRASH"

# --- Where it may not go ------------------------------------------------------------------------------------------------

stack stop workerd
sed -i '/^debuginfod_private/d' "$WORKERD_CONF"
stack start workerd
stack ready workerd
SHY=$(id_of 1d)
program shy "$SHY"
cp "$WORK/shy/debug" "$WORK/served/$SHY.debuginfo"
put "$SHY" "$WORK/shy/app"
crash shy
ok 'without debuginfod_private' wait_for 20 tried "$SHY"
like "$(outcome "$SHY")" '^refused: .*not public' 'a private address is refused'
is "$(asked "$SHY")" 0 '... and never connected to'

# The fetcher alone, in a network of its own: a public address, and canaries at others.
cat >"$WORK/network" <<'SH'
set -eu
ip link set lo up
ip addr add 93.184.216.34/32 dev lo
ip addr add 10.1.2.3/32 dev lo
ip addr add 169.254.169.254/32 dev lo
ip addr add fd00::1/128 dev lo 2>/dev/null || true
mount --bind "$WORK/cert.pem" /etc/ssl/certs/ca-certificates.crt
cd "$WORK"
python3 "$SERVER" serve port.public served asked.public 93.184.216.34:80 &
python3 "$SERVER" serve port.tls served asked.tls 93.184.216.34:443 certificate.pem &
for address in 127.0.0.1 10.1.2.3 169.254.169.254 ::1 fd00::1; do
    python3 "$SERVER" listen "$address:8080" canary 2>/dev/null &
done
for _ in $(seq 100); do
    if [ -s port.public ] && [ -s port.tls ] && [ "$(wc -l <canary.ready)" -ge 3 ]; then break; fi
    sleep 0.05
done
python3 "$SERVER" orders "$BUILD/lib/corral/corral-fetcher" <orders >answers
kill $(jobs -p)
SH
export WORK SERVER
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$WORK/key.pem" -out "$WORK/cert.pem" -days 2 -subj /CN=server \
    -addext 'subjectAltName = IP:93.184.216.34' >"$WORK/openssl.log" 2>&1
cat "$WORK/key.pem" "$WORK/cert.pem" >"$WORK/certificate.pem"
PUBLIC=93.184.216.34
: >"$WORK/canary"
: >"$WORK/orders"
order() { echo "$*" >>"$WORK/orders"; } # NAME URL OPTION...
leads() { # NAME URL: a path that redirects there
    echo "behave redirect $2" >"$WORK/served/$1.debuginfo"
}
order plain "http://$PUBLIC/buildid/$GOOD/debuginfo"
order tls "https://$PUBLIC/buildid/$GOOD/debuginfo"
for place in 127.0.0.1 10.1.2.3 169.254.169.254 '[::1]' '[fd00::1]' '[::ffff:127.0.0.1]' localhost 0.0.0.0 2130706433; do
    order "direct:$place" "http://$place:8080/buildid/$GOOD/debuginfo"
    leads "to$place" "http://$place:8080/x"
    order "redirect:$place" "http://$PUBLIC/buildid/to$place/debuginfo"
done
leads tohttp "http://$PUBLIC/buildid/$GOOD/debuginfo"
order downgrade "https://$PUBLIC/buildid/tohttp/debuginfo"
leads tofile "file:///etc/passwd"
order file "http://$PUBLIC/buildid/tofile/debuginfo"
order scheme "file:///etc/passwd"
echo 'behave loop' >"$WORK/served/around.debuginfo"
order loop "http://$PUBLIC/buildid/around/debuginfo"
leads onward "/buildid/$GOOD/debuginfo"
order onward "http://$PUBLIC/buildid/onward/debuginfo"
order stranger "https://$PUBLIC:80/buildid/$GOOD/debuginfo"
if unshare -n -m true 2>/dev/null && command -v ip >/dev/null; then
    ok 'a network of its own' timeout 60 unshare -n -m bash "$WORK/network"
    answer() { sed -n "s/^$(printf %s "$1" | sed 's/[][]/\\&/g') //p" "$WORK/answers"; }
    SIZE=$(stat -c %s "$WORK/good/debug")
    is "$(answer plain)" "done $SIZE $SIZE " 'a public server may be asked'
    is "$(answer tls)" "done $SIZE $SIZE " '... by https'
    is "$(answer onward)" "done $SIZE $SIZE " '... and may lead on to another path'
    while read -r name url _; do
        case $name in
        direct:* | redirect:*) like "$(answer "$name")" '^refused 0 0 .*not public' "$name: $url" ;;
        esac
    done <"$WORK/orders"
    ok 'canaries listen' test "$(wc -l <"$WORK/canary.ready")" -ge 3
    ok 'and none was visited' test ! -s "$WORK/canary"
    like "$(answer downgrade)" '^refused 0 0 ' 'https does not lead to http'
    like "$(answer file)" '^refused 0 0 ' 'nor anything to a file'
    like "$(answer scheme)" '^refused 0 0 ' 'which cannot be asked for either'
    like "$(answer loop)" '^refused 0 0 ' 'a circle ends'
    like "$(answer stranger)" '^failed 0 0 ' 'what is no TLS is no server'
else
    skip 'no network namespace can be made here' 'where the fetcher may go'
fi
done_testing
