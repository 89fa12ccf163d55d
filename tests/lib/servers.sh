# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The private PostgreSQL and Redis of a stack: unix sockets only, data under DIR. The user of this
# file sets DIR.

PG_BIN=/usr/lib/postgresql/15/bin
SETPRIV=(setpriv --reuid=postgres --regid=postgres --clear-groups --no-new-privs)

# --- Sockets --------------------------------------------------------------------------------------------------------

# In /tmp whatever DIR is: sun_path holds 107 bytes (unix(7)), and ".s.PGSQL.5432.lock" has to fit
# behind it.
sockets_prepare() {
    local folder
    folder=$(mktemp -d /tmp/corral.XXXXXX)
    echo "$folder" >"$DIR/sockets"
}

sockets() { cat "$DIR/sockets"; }

sockets_remove() {
    local folder
    { folder=$(sockets); } 2>/dev/null || return 0
    # Only what sockets_prepare makes is ever removed, whatever the file says.
    case $folder in
    /tmp/corral.??????) rm -rf -- "$folder" ;;
    esac
    rm -f "$DIR/sockets"
}

# --- PostgreSQL -----------------------------------------------------------------------------------------------------

# PostgreSQL refuses to run as root. In a user namespace where root is mapped to another user it
# sees that user, and its files stay root's. Where user namespaces are switched off it gets the
# package's user and a folder of that user's.
postgres_mode() {
    if [ "$(id -u)" != 0 ]; then
        echo direct
    elif unshare -U --map-user=65534 --map-group=65534 true 2>/dev/null; then
        echo namespace
    else
        echo setpriv
    fi
}

postgres_prefix() { # the words to put before a command, one a line
    local uid gid
    case $(postgres_mode) in
    namespace)
        uid=$(id -u postgres) gid=$(id -g postgres)
        printf '%s\n' unshare -U "--map-user=$uid" "--map-group=$gid"
        ;;
    setpriv) printf '%s\n' "${SETPRIV[@]}" ;;
    esac
}

# Only with setpriv: the other user must reach its two folders.
postgres_own() {
    [ "$(postgres_mode)" = setpriv ] || return 0
    mkdir -p "$DIR/postgres"
    chmod 700 "$DIR/postgres"
    chown -R postgres: "$DIR/postgres" "$(sockets)"
    chmod 711 "$DIR"
    if ! "${SETPRIV[@]}" test -w "$DIR/postgres"; then
        echo "stack: user namespaces are off here and the user postgres cannot reach $DIR:" \
            "use another folder" >&2
        return 1
    fi
}

postgres_init() {
    local prefix
    [ ! -f "$DIR/postgres/corral-ready" ] || return 0
    rm -rf "$DIR/postgres"
    postgres_own
    mapfile -t prefix < <(postgres_prefix)
    if ! "${prefix[@]}" "$PG_BIN/initdb" -D "$DIR/postgres" -U postgres --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync --no-instructions \
        >"$DIR/log/initdb.log" 2>&1; then
        cat "$DIR/log/initdb.log" >&2
        return 1
    fi
    touch "$DIR/postgres/corral-ready"
}

postgres_start() {
    local prefix
    postgres_init
    postgres_own
    # Lock files whose process is gone (kill -9, reboot) may name a pid that lives again as somebody
    # else's.
    if ! process_running postgres; then
        rm -f "$DIR/postgres/postmaster.pid" "$(sockets)"/.s.PGSQL.*
    fi
    mapfile -t prefix < <(postgres_prefix)
    process_start postgres "${prefix[@]}" "$PG_BIN/postgres" -D "$DIR/postgres" -k "$(sockets)" \
        -c listen_addresses= -c unix_socket_permissions=0700 \
        -c shared_buffers=64MB -c max_connections=64 -c jit=off \
        -c log_min_messages=warning -c log_min_error_statement=panic
}

postgres_answers() { "$PG_BIN/pg_isready" -q -h "$(sockets)" -U postgres -d postgres; }

sql() { # DATABASE SQL: as the owner
    "$PG_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$(sockets)" -U postgres -d "$1" -c "$2"
}

# --- Redis ----------------------------------------------------------------------------------------------------------

redis_start() {
    mkdir -p "$DIR/redis"
    process_start redis redis-server --port 0 --unixsocket "$(sockets)/redis" \
        --unixsocketperm 700 --dir "$DIR/redis" --appendonly yes --appendfsync everysec \
        --save '' --daemonize no --loglevel warning
}

redis_answers() { [ "$(redis-cli -s "$(sockets)/redis" ping 2>/dev/null)" = PONG ]; }
