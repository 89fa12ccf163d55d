#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 120
# The way to the server: TLS with every kind of wrong certificate, certificates of our own, proxies, tokens, servers that ask for
# patience, a limited bandwidth, and connections that are cut at any byte. A crash arrives once or stays in the spool, and the log says
# in one line what somebody has to do.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/lib/spoolkit.sh
. "$(dirname "$0")/../lib/spoolkit.sh"
need curl zstd openssl perl jq nginx tinyproxy

KIND=33333333333333333333333333333333
stack_up
stack stop sender workerd dashd
PORT=${CORRAL_INGEST_URL##*:}
STARTED=()
stop_started() {
    local status=$? pid
    for pid in "${STARTED[@]}"; do { kill "$pid" && wait "$pid"; } 2>/dev/null; done
    (exit "$status")
    spoolkit_end
}
trap stop_started EXIT

free_port() {
    perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 0, Listen => 1)->sockport'
}
listens() { perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0])' "$1"; }
detail() { grep -o 'detail=.*' "$SENDER_LOG" | tail -n 1; }

sends() { # DESCRIPTION: a crash arrives
    local id
    id=$(crash_id)
    : >"$SENDER_LOG"
    spool_crash "$id" $KIND /bin/tls 20000
    ok "$1" send_once
    ok '… and is there' is_stored "$id"
    rm -rf "${SPOOL:?}/$id"
}

stays() { # DESCRIPTION REGEX: a crash stays in the spool, and the log says that
    local id
    id=$(crash_id)
    : >"$SENDER_LOG"
    spool_crash "$id" $KIND /bin/tls 20000
    send_once
    is $? 75 "$1: it stays"
    like "$(detail)" "$2" '… and the log says what to do'
    not_ok '… and nothing went there' is_stored "$id"
    rm -rf "${SPOOL:?}/$id"
}

# --- TLS ----------------------------------------------------------------------------------------------------------

cd "$WORK" || exit 1
authority() { # NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -days 30 -keyout "$1.key" -out "$1.pem" 2>/dev/null
}
certificate() { # NAME AUTHORITY SUBJECT-ALT-NAME NOT-BEFORE NOT-AFTER
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
    mkdir -p db && : >db/index && echo "0$RANDOM" | tail -c 5 >db/serial
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=db/index\nserial=db/serial\nnew_certs_dir=db\ndefault_md=sha256\npolicy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n[x]\nsubjectAltName=%s\n' "$3" >ca.conf
    openssl ca -batch -notext -config ca.conf -cert "$2.pem" -keyfile "$2.key" -in "$1.csr" -out "$1.pem" -startdate "$4" -enddate "$5" 2>/dev/null
}
authority ours
authority theirs
FROM=20200101000000Z
TO=20990101000000Z
certificate good ours IP:127.0.0.1 $FROM $TO
certificate expired ours IP:127.0.0.1 $FROM 20210101000000Z
certificate early ours IP:127.0.0.1 20980101000000Z $TO
certificate elsewhere ours DNS:crashes.example.org $FROM $TO
certificate host ours DNS:host $FROM $TO
certificate stranger theirs DNS:host $FROM $TO
ok 'certificates are made' test -s stranger.pem
cat good.pem good.key >both.pem
cd "$ROOT" || exit 1

declare -A TLS
{
    printf 'daemon off; pid %s/nginx.pid; error_log %s/nginx.log; worker_processes 1;\nevents {}\nhttp {\naccess_log off;\nclient_max_body_size 0; proxy_request_buffering off;\n' "$WORK" "$WORK"
    for kind in body proxy fastcgi uwsgi scgi; do echo "${kind/body/client_body}_temp_path $WORK/$kind;"; done
    for name in good expired early elsewhere mutual old small; do
        TLS[$name]=$(free_port)
        file=good
        further=
        case $name in
        mutual) further="ssl_client_certificate $WORK/ours.pem; ssl_verify_client on;" ;;
        old) further='ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;' ;;
        small) further='client_max_body_size 1k;' ;;
        *) file=$name ;;
        esac
        echo "server { listen 127.0.0.1:${TLS[$name]} ssl; ssl_certificate $WORK/$file.pem; ssl_certificate_key $WORK/$file.key; $further
            location / { proxy_pass http://127.0.0.1:$PORT; proxy_http_version 1.1; } location /moved/ { return 308 http://127.0.0.1:$PORT/; } }"
    done
    echo '}'
} >"$WORK/nginx.conf"
nginx -c "$WORK/nginx.conf" -p "$WORK" </dev/null 2>>"$WORK/nginx.log" 9>&- &
STARTED+=($!)
wait_for 10 listens "${TLS[good]}" || bail "nginx starts: $(cat "$WORK/nginx.log")"
tls() { sender_conf "server = https://127.0.0.1:${TLS[$1]}" "ca_file = $WORK/ours.pem" "${@:2}"; }

tls good
sends 'a certificate of the authority in ca_file'
ID=$(crash_id)
elf_core $((3 << 20)) >"$WORK/full"
SUM=$(sha256sum <"$WORK/full")
zstd -q --rm "$WORK/full" -o "$WORK/full.zst"
SUM=$(sha256sum <"$WORK/full.zst")
spool_crash "$ID" $KIND /bin/tls 20000 "$WORK/full.zst" '{}'
ok 'a full core goes through a proxy of the server, too' send_once
is "$(sha256sum <"$(stored "$ID")/full.zst")" "$SUM" '… byte for byte'
sender_conf "server = https://127.0.0.1:${TLS[good]}"
stays 'an authority that the system does not know' 'authority that we do not know.*ca_file'
tls good "ca_file = $WORK/theirs.pem"
stays 'another authority than that in ca_file' 'authority that we do not know.*ca_file'
tls good "ca_file = $WORK/none.pem"
stays 'a ca_file that is not there' 'ca_file can.t be read'
tls expired
stays 'an expired certificate' 'has expired.*clock'
tls early
stays 'a certificate that is not valid yet' 'not valid yet.*clock'
tls elsewhere
stays 'a certificate for another name' 'for another name: set server'
tls old
stays 'a server that knows no TLS 1.2' 'TLS could not be begun'
sender_conf "server = https://127.0.0.1:$PORT" "ca_file = $WORK/ours.pem"
stays 'a server without TLS' 'TLS could not be begun'
tls good "server = https://127.0.0.1:${TLS[good]}/moved"
stays 'a redirection' 'redirection, which is not followed'
tls small
stays 'a proxy with a smaller limit' 'proxy before the server limit'
tls mutual
stays 'a certificate of ours is wanted and there is none' 'client_cert'
tls mutual "client_cert = $WORK/stranger.pem" "client_key = $WORK/stranger.key"
stays 'a certificate of ours by the wrong authority' 'client_cert'
tls mutual "client_cert = $WORK/host.pem" "client_key = $WORK/ours.key"
stays 'a key that does not fit' 'client_cert or client_key'
tls mutual "client_cert = $WORK/host.pem" "client_key = $WORK/host.key"
sends 'the right one'
cat "$WORK/host.pem" "$WORK/host.key" >"$WORK/host.both"
tls mutual "client_cert = $WORK/host.both"
sends '… with the key in the same file'

# --- Proxies ------------------------------------------------------------------------------------------------------

PROXY=$(free_port)
AUTH=$(free_port)
proxy_start() { # PORT LINE...
    printf '%s\n' "Port $1" 'Listen 127.0.0.1' 'Timeout 60' "LogFile \"$WORK/tinyproxy.$1.log\"" 'LogLevel Connect' 'MaxClients 20' \
        'Allow 127.0.0.1' "${@:2}" >"$WORK/tinyproxy.$1"
    tinyproxy -d -c "$WORK/tinyproxy.$1" </dev/null >/dev/null 2>&1 9>&- &
    STARTED+=($!)
    wait_for 10 listens "$1" || bail 'tinyproxy starts'
}
proxy_start "$PROXY" "ConnectPort ${TLS[good]}"
proxy_start "$AUTH" 'BasicAuth host secret'
tls good "proxy = http://127.0.0.1:$PROXY"
sends 'TLS through a proxy'
ok '… which was used, although no_proxy says *' grep -q "CONNECT 127.0.0.1:${TLS[good]}" "$WORK/tinyproxy.$PROXY.log"
sender_conf "proxy = http://127.0.0.1:$PROXY"
sends 'HTTP through a proxy'
tls expired "proxy = http://127.0.0.1:$PROXY"
stays 'a proxy that does not connect to that port' 'proxy refuses to connect us.*403'
tls good "proxy = http://127.0.0.1:$AUTH"
stays 'a proxy that wants a password' 'proxy wants a user and a password'
sender_conf "proxy = http://127.0.0.1:$AUTH"
stays '… without TLS, too' 'proxy wants a user and a password'
tls good "proxy = http://host:secret@127.0.0.1:$AUTH"
sends '… and gets one'
tls good 'proxy = http://127.0.0.1:1'
stays 'a proxy that is not there' 'nothing answers at the address of the server or its proxy'
# What a proxy sees of TLS is the CONNECT alone: the token is not in it.
SPY=$(free_port)
perl -MIO::Socket::INET -e '
    my $l = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $ARGV[0], Listen => 1, ReuseAddr => 1) or die;
    open(my $f, ">", $ARGV[1]); $f->autoflush;
    my $c = $l->accept; while (my $line = <$c>) { print $f $line; last if $line eq "\r\n" } print $c "HTTP/1.1 503 no\r\n\r\n"' \
    "$SPY" "$WORK/connect" </dev/null 9>&- &
STARTED+=($!)
wait_for 5 test -e "$WORK/connect"
tls good "proxy = http://127.0.0.1:$SPY"
stays 'a proxy that says no' 'proxy refuses.*503'
ok 'the proxy is asked' grep -q "^CONNECT 127.0.0.1:${TLS[good]}" "$WORK/connect"
not_ok '… and is not told the token' grep -qi authorization "$WORK/connect"

# --- Tokens -------------------------------------------------------------------------------------------------------

mkdir "$WORK/credentials"
cp "$STACK/tokens/ingest" "$WORK/credentials/token"
sender_conf "token_file = $WORK/nothing"
stays 'a token file that is not there' 'cannot read the token from .*nothing'
export CREDENTIALS_DIRECTORY=$WORK/credentials
sends 'a systemd credential goes before it'
echo 'corral_ingest_wrong' >"$WORK/credentials/token"
sender_conf
stays '… also when it is wrong' 'oken'
rm "$WORK/credentials/token"
sends '… and without one, the file counts'
unset CREDENTIALS_DIRECTORY

# --- Patience -----------------------------------------------------------------------------------------------------

# Answers by what the first line of a file says, and notes when it was asked.
cat >"$WORK/fake" <<'PERL'
use IO::Socket::INET; use Time::HiRes qw(time);
my ($port, $answer, $log) = @ARGV;
my $l = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 8, ReuseAddr => 1) or die;
while (my $c = $l->accept) {
    my $n = 0;
    while (my $line = <$c>) { $n = $1 if $line =~ /^content-length: (\d+)/i; last if $line eq "\r\n" }
    open(my $f, '>>', $log); print $f time, "\n"; close $f;
    open($f, '<', $answer); my $text = <$f>; close $f; chomp $text; $text =~ s/;/\r\n/g;
    read($c, my $body, $n);
    print $c "HTTP/1.1 $text\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    close $c;
}
PERL
FAKE=$(free_port)
perl "$WORK/fake" "$FAKE" "$WORK/answer" "$WORK/asked" </dev/null 2>/dev/null 9>&- &
STARTED+=($!)
wait_for 5 listens "$FAKE"
gaps() { awk 'NR > 1 { printf "%.1f ", $1 - last } { last = $1 }' "$WORK/asked"; }
asked() { [ "$(wc -l <"$WORK/asked")" -ge "$1" ]; }
ID=$(crash_id)
sender_conf "server = http://127.0.0.1:$FAKE"
spool_crash "$ID" $KIND /bin/tls 20000
echo '429 slow;Retry-After: 2' >"$WORK/answer"
: >"$WORK/asked"
: >"$SENDER_LOG"
sender_start
ok 'a server that wants patience is asked again' wait_for 10 asked 3
is "$(awk 'NR > 1 && $1 - last < 1.9 { print $1 - last } { last = $1 }' "$WORK/asked")" '' \
    "… not earlier than it says (2 s; it was $(gaps))"
sender_kill TERM
echo '503 no' >"$WORK/answer"
: >"$WORK/asked"
: >"$SENDER_LOG"
sender_conf "server = http://127.0.0.1:$FAKE" 'log_level = info'
sender_start
ok 'a server that is away is asked by our own clock' wait_for 10 asked 12
is "$(grep -c 'takes nothing now' "$SENDER_LOG")" 1 '… and a dozen failures are one line'
echo "202 fine" >"$WORK/answer"
sender_kill TERM
sender_conf 'log_level = info'
relay_start "$PORT"
sender_conf "server = http://127.0.0.1:$RELAY_PORT" 'log_level = info'
fault refuse
: >"$SENDER_LOG"
sender_start
wait_for 5 grep -q 'takes nothing' "$SENDER_LOG"
fault pass
ok 'when it is back the crash goes' wait_for 5 is_stored "$ID"
ok '… and that is said' wait_for 5 grep -q 'takes crashes again.*failures=' "$SENDER_LOG"
sender_kill TERM

# --- Bandwidth ----------------------------------------------------------------------------------------------------

# 2 MiB in one crash, then the same in many small ones: two seconds each.
sender_conf 'bandwidth = 1M'
seconds() { local begin=${EPOCHREALTIME/./}; "$@" >/dev/null 2>&1; echo $(((${EPOCHREALTIME/./} - begin) / 100000)); }
two_seconds() { [ "$1" -ge 15 ] && in_time "${1}00" 4100; } # TENTHS
spool_crash "$(crash_id)" $KIND /bin/tls $((2 << 20))
TENTHS=$(seconds send_once)
ok "2 MiB at 1 MiB/s take about 2 s ($TENTHS tenths)" two_seconds "$TENTHS"
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do spool_crash "$(crash_id)" $KIND /bin/tls $((128 << 10)); done
TENTHS=$(seconds send_once)
ok "… as do 16 times 128 KiB ($TENTHS tenths)" two_seconds "$TENTHS"

# --- Cuts ---------------------------------------------------------------------------------------------------------

crashes() { find "$STACK/data/crashes" -mindepth 4 -maxdepth 4 -type d | wc -l; }
sender_conf "server = http://127.0.0.1:$RELAY_PORT"
BEFORE=$(crashes)
CUTS=(0 1 17 100 400 700 900 1000 5000 20000 40000 60000 61500)
N=0
WRONG=
for at in "${CUTS[@]}" drop; do
    id=$(crash_id)
    spool_crash "$id" $KIND /bin/cut 60000
    relay_start "$PORT"
    if [ "$at" = drop ]; then fault 'script drop; pass'; else fault "script cut $at; pass"; fi
    sender_conf "server = http://127.0.0.1:$RELAY_PORT"
    send_once
    send_once
    N=$((N + 1))
    if ! is_stored "$id" || [ -d "$SPOOL/$id" ]; then WRONG+=" $at"; fi
done
is "$WRONG" '' "a connection that is cut at byte ${CUTS[*]}, or an answer that is lost: each crash arrives"
is $(($(crashes) - BEFORE)) $N '… and each of them once'
relay_start "$PORT"
fault 'script hole 5000; pass'
sender_conf "server = http://127.0.0.1:$RELAY_PORT" 'timeout = 1s'
ID=$(crash_id)
spool_crash "$ID" $KIND /bin/cut 60000
: >"$SENDER_LOG"
TENTHS=$(seconds send_once)
like "$(detail)" 'nothing moved for too long' 'a connection in which nothing moves is given up'
ok "… in time ($TENTHS tenths)" in_time "${TENTHS}00" 12100
send_once
ok '… and the crash goes by another one' is_stored "$ID"

# --- Without a spool ----------------------------------------------------------------------------------------------

stream() { # BYTES ID: as the handler does it
    local meta="{\"crash_id\":\"$2\",\"executable\":\"/bin/stream\",\"signal\":11,\"encoding\":\"zstd\"}"
    { printf 'META %d\n%s' ${#meta} "$meta"; elf_core "$1" | zstd -q -1; } |
        "$BIN/corral-sender" --stream -c "$CONF" 2>>"$SENDER_LOG"
}
sender_conf
: >"$SENDER_LOG"
ID=$(crash_id)
ok 'a crash on standard input' stream 50000 "$ID"
ok '… is there' is_stored "$ID"
ID=$(crash_id)
ok 'one that is longer than what is kept in memory' stream $((40 << 20)) "$ID"
is "$(zstd -dcq "$(stored "$ID")/core.zst" | wc -c)" $(((40 << 20) + 64)) '… is there, all of it'
relay_start "$PORT"
fault 'script cut 3000; cut 0; pass'
sender_conf "server = http://127.0.0.1:$RELAY_PORT"
ID=$(crash_id)
ok 'a short one is tried again' stream 50000 "$ID"
ok '… and arrives' is_stored "$ID"
fault 'cut 36000000'
ID=$(crash_id)
not_ok 'a long one that is cut is lost' stream $((40 << 20)) "$ID"
ok '… which the log says' grep -q "a crash is lost.*$ID" "$SENDER_LOG"
for head in 'META 0' 'META 99999999' 'META' 'GET / HTTP/1.1' "META 9
{}"; do
    printf '%s\n' "$head" | "$BIN/corral-sender" --stream -c "$CONF" 2>/dev/null
    is $? 1 "no crash: ${head%%$'\n'*}"
done
done_testing
