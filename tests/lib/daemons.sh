# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Corral's own programs in a stack: ports, configuration files, database, accounts, start and
# readiness. The user of this file sets DIR and BUILD.

# --- Ports ----------------------------------------------------------------------------------------------------------

port_free() { # PORT
    perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(
        LocalAddr => "127.0.0.1", LocalPort => $ARGV[0], Listen => 1, ReuseAddr => 1)' "$1"
}

# Tests run side by side: a port that is free may be somebody's who has not listened yet. It is theirs as long as they live.
port_reserve() { # PORT
    local file=$BUILD/ports/$1
    mkdir -p "$BUILD/ports"
    if (set -C && echo "$PPID" >"$file") 2>/dev/null; then return 0; fi
    if kill -0 "$(cat "$file" 2>/dev/null)" 2>/dev/null; then return 1; fi
    echo "$PPID" >"$file"
}

# Below the ephemeral range (32768 upward), so that no outgoing connection can take a port while its
# daemon restarts. Tests that run at a time (tests/lib/tap-run) have a thousand each, for a port is
# not taken before its daemon starts.
port_pick() {
    local port
    while :; do
        if [ -n "${T_SLOT:-}" ]; then
            port=$((20000 + T_SLOT % 10 * 1000 + RANDOM % 1000))
        else
            port=$((20000 + RANDOM % 10000))
        fi
        if port_reserve "$port" && port_free "$port"; then break; fi
    done
    echo "$port"
}

# DIR/ports: "DAEMON PORT" lines. Chosen once a folder, so that a restarted stack keeps its
# addresses.
ports_choose() { # auto|default
    local name port
    if [ "$1" = default ]; then
        printf '%s\n' 'ingestd 8600' 'workerd 8650' 'dashd 8700' >"$DIR/ports"
    elif [ ! -f "$DIR/ports" ]; then
        for name in ingestd workerd dashd; do echo "$name $(port_pick)"; done >"$DIR/ports"
    fi
    while read -r name port; do
        if ! port_free "$port"; then
            echo "stack: port $port on 127.0.0.1, for corral-$name, is taken by another program;" \
                "stop that one first (\`ss -tlnp sport = :$port\` names it)" >&2
            return 1
        fi
    done <"$DIR/ports"
}

port_of() { sed -n "s/^$1 //p" "$DIR/ports"; } # DAEMON

url_of() { echo "http://127.0.0.1:$(port_of "$1")"; } # DAEMON

part_address() { # PART: for people, empty where there is none
    case $1 in
    ingestd | workerd | dashd) echo "  $(url_of "$1")" ;;
    esac
}

# --- Configuration --------------------------------------------------------------------------------------------------

conninfo() { echo "host=$(sockets) dbname=corral user=$1 connect_timeout=5"; } # ROLE

# What a test wants otherwise goes into DIR/conf/NAME.extra before `up`, or is edited between stop
# and start.
configure() {
    local name
    {
        echo "listen = 127.0.0.1:$(port_of ingestd)"
        echo "data = $DIR/data"
        echo "redis = unix:$(sockets)/redis"
        echo "database = $(conninfo corral-ingestd)"
        echo "dashboard_url = $(url_of dashd)"
        echo "tokens_refresh = 1s"
        echo "sweep_interval = 1s"
    } >"$DIR/conf/ingestd.conf"
    {
        echo "listen = 127.0.0.1:$(port_of workerd)"
        echo "data = $DIR/data"
        echo "redis = unix:$(sockets)/redis"
        echo "database = $(conninfo corral-workerd)"
    } >"$DIR/conf/workerd.conf"
    {
        echo "listen = 127.0.0.1:$(port_of dashd)"
        echo "data = $DIR/data"
        echo "database = $(conninfo corral-dashd)"
        echo "public_url = $(url_of dashd)"
        echo "ingestd_url = $(url_of ingestd)"
        echo "workerd_url = $(url_of workerd)"
    } >"$DIR/conf/dashd.conf"
    {
        echo "server = $(url_of ingestd)"
        echo "token_file = $DIR/tokens/ingest"
        echo "spool = $DIR/spool"
        echo "sender = $BUILD/bin/corral-sender"
        echo "retry_min = 1s"
        echo "retry_max = 5s"
        # A test crashes one program many times and misses each that is not there.
        if [ -z "${BUDGETS:-}" ]; then printf '%s = off\n' budget_full budget_slim budget_meta; fi
    } >"$DIR/conf/client.conf"
    for name in ingestd workerd dashd client; do
        if [ -f "$DIR/conf/$name.extra" ]; then
            cat "$DIR/conf/$name.extra" >>"$DIR/conf/$name.conf"
        fi
    done
}

# --- Database and accounts ------------------------------------------------------------------------------------------

database_prepare() {
    if [ -z "$(sql postgres "SELECT 1 FROM pg_database WHERE datname = 'corral'")" ]; then
        sql postgres 'CREATE DATABASE corral'
    fi
    if ! logged migrate "$BUILD/bin/corral-workerd" --migrate --database "$(conninfo postgres)"; then
        echo "stack: to begin anew, without the crashes so far, remove $DIR" >&2
        return 1
    fi
}

logged() { # NAME COMMAND...: output to DIR/log/NAME.log, shown when the command fails
    local log=$DIR/log/$1.log status=0
    shift
    "$@" </dev/null >"$log" 2>&1 || status=$?
    if [ "$status" != 0 ]; then
        echo "stack: '$*' ended with status $status and said:" >&2
        tail -n 20 "$log" >&2
    fi
    return "$status"
}

# The first person and the tokens; made once a folder, kept readable for its owner alone.
accounts_prepare() {
    local scope
    umask 077
    if [ ! -s "$DIR/password" ]; then
        tr -dc 'a-z0-9' </dev/urandom | head -c 16 >"$DIR/password.new" || true
        logged add-user "$BUILD/bin/corral-dashd" -c "$DIR/conf/dashd.conf" \
            --add-user admin --role admin --replace --password-file "$DIR/password.new"
        mv "$DIR/password.new" "$DIR/password"
    fi
    for scope in admin ingest; do
        if [ ! -s "$DIR/tokens/$scope" ]; then token_make "$scope"; fi
    done
    umask 022
}

token_make() { # SCOPE
    local status=0 token='corral_[a-z]+_[0-9A-Za-z]+'
    "$BUILD/bin/corral-dashd" -c "$DIR/conf/dashd.conf" --add-token "$1" "stack-$1" \
        >"$DIR/tokens/$1.new" 2>"$DIR/log/add-token.log" || status=$?
    if [ "$status" != 0 ] || ! grep -Eo "$token" "$DIR/tokens/$1.new" >"$DIR/tokens/$1"; then
        echo "stack: corral-dashd --add-token $1 made no token (status $status):" >&2
        cat "$DIR/log/add-token.log" "$DIR/tokens/$1.new" >&2
        rm -f "$DIR/tokens/$1"
        return 1
    fi
    rm -f "$DIR/tokens/$1.new"
}

write_env() {
    (
        umask 077
        printf 'export %s\n' \
            "CORRAL_URL=$(url_of dashd)" \
            "CORRAL_INGEST_URL=$(url_of ingestd)" \
            "CORRAL_TOKEN=$(cat "$DIR/tokens/admin")" \
            "PATH=$(printf %q "$BUILD/bin"):\$PATH" >"$DIR/env"
    )
}

# --- Start and readiness --------------------------------------------------------------------------------------------

daemon_start() { # ingestd|workerd|dashd
    process_start "$1" "$BUILD/bin/corral-$1" -c "$DIR/conf/$1.conf"
}

daemon_answers() { # ingestd|workerd|dashd
    curl -fsS -o /dev/null --max-time 2 "$(url_of "$1")/readyz"
}

sender_start() {
    process_start sender "$BUILD/bin/corral-sender" -c "$DIR/conf/client.conf"
}
