#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MACHINE: crashes
# LIMIT: 120
# One handler on the host gets the crashes of all containers: with the pid that the host knows, the container's own host name and id, and
# modules of a file system that the host never looks into. Containers are namespaces, a root of their own and a control group named as
# docker names it: what the handler sees of any runtime's.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need_root
need jq unshare

CGROUPS=
for folder in /sys/fs/cgroup/unified /sys/fs/cgroup; do
    if [ -w "$folder/cgroup.procs" ]; then
        CGROUPS=$folder
        break
    fi
done
GROUPS_MADE=()
groups_away() { local group; for group in "${GROUPS_MADE[@]}"; do rmdir "$group"; done; }
trap "groups_away; test_end" EXIT
stack_up --core-pattern

# --- Containers -----------------------------------------------------------------------------------------------------

ID=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd
N=5

# A root with one program in it and what that needs to run; the build is this container's own.
make_root() { # NAME
    local root=$WORK/$1/root lib
    mkdir -p "$root/app" "$root/proc" "$root/old"
    cp build/crashers/nullderef "$root/app/$1"
    ldd build/crashers/nullderef | grep -o '/[^ ]*' | while read -r lib; do
        mkdir -p "$root/$(dirname "$lib")"
        cp -L "$lib" "$root/$lib"
    done
}

make_group() { # NAME ID
    [ -n "$CGROUPS" ] || return 0
    mkdir "$CGROUPS/docker-$2.scope"
    GROUPS_MADE+=("$CGROUPS/docker-$2.scope")
}

# Its pid inside is 2 or a few more. Bash is loaded already when the root is changed under it.
# shellcheck disable=SC2016 # for the shell in it
run_in() { # NAME ID TIMES
    bash -c '
        [ -z "$4" ] || echo $$ >"$4/docker-$2.scope/cgroup.procs"
        exec unshare -m -p -u -n -f bash -c '\''
            echo "$1" >/proc/sys/kernel/hostname
            mount --bind "$5" "$5" && cd "$5" && mount -t proc proc proc && pivot_root . old || exit
            for ((i = 0; i < $3; i++)); do "/app/$1"; done
            exit 0'\'' - "$@"' - "$1" "$2" "$3" "$CGROUPS" "$WORK/$1/root" >"$WORK/$1/log" 2>&1
}

for ((i = 0; i < N; i++)); do
    make_root "box$i"
    make_group "box$i" "$ID$(printf %02x "$i")"
done
ok 'a program runs in its container until it crashes' run_in box0 "$ID"00 1

# --- What arrives ---------------------------------------------------------------------------------------------------

metas() { find "$STACK/data/crashes" -name meta.json -exec jq -c '.meta // . | select((.executable // "") | startswith("/app/"))' {} +; }
arrived() { [ "$(metas | wc -l)" = "$1" ]; }
grouped() { api /groups | json '.groups[] | select(.title == "SIGSEGV in process_data() nullderef.c:19")'; }

ok 'its crash arrives' wait_for 30 arrived 1
META=$(metas)
is "$(json '"\(.executable) \(.comm) \(.hostname) \(.signal)"' <<<"$META")" '/app/box0 box0 box0 11' \
    'with the names of the container'
ok 'and the pid that the host knows' test "$(json .pid <<<"$META")" -gt 2
if [ -n "$CGROUPS" ]; then
    is "$(json .container_id <<<"$META")" "$ID"00 'its id comes from the control group'
else
    skip 'no control group can be made here' 'its id comes from the control group'
fi
build_id=$(readelf -n build/crashers/nullderef | sed -n 's/.*Build ID: //p')
is "$(json '.modules[] | select(.path == "/app/box0") | .build_id' <<<"$META")" "$build_id" 'the program, by its build-id'
like "$(json '.modules[] | select(.path | test("/libc[.]so")) | .build_id' <<<"$META")" '^[0-9a-f]{40}$' 'its libraries, too'
is "$(find "$STACK/data/modules" -path "*${build_id:2}*" | wc -l | sed 's/^[1-9].*/there/')" there \
    'read from a file system that the host does not look into'
ok 'it is an event, with a stack' wait_for 30 grouped

# --- Many -----------------------------------------------------------------------------------------------------------

pids=()
for ((i = 0; i < N; i++)); do
    run_in "box$i" "$ID$(printf %02x "$i")" 10 &
    pids+=($!)
done
wait "${pids[@]}"
ok "$((10 * N)) crashes of $N containers at the same time arrive" wait_for 60 arrived $((10 * N + 1))
is "$(metas | jq -r '"\(.hostname) \(.executable) \(.container_id // "")"' | sort | uniq -c | awk '{ print $1, $2, $3, substr($4, 63) }')" \
    "$(for ((i = 0; i < N; i++)); do
        echo "$((i == 0 ? 11 : 10)) box$i /app/box$i ${CGROUPS:+0$i}"
    done | sed 's/ $//')" 'each with its own name and id'
is "$(metas | jq -r .pid | sort -u | wc -l)" $((10 * N + 1)) 'and no pid twice'
done_testing
