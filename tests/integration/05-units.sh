#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 300
# What `make install` puts in place: all of it and nothing else, units that systemd accepts and finds well walled in, users and folders
# as the programs need them, a core_pattern that the kernel takes, samples that the daemons accept.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"

need systemd-analyze systemd-sysusers systemd-tmpfiles

TREE=$WORK/tree

# A make of its own: not a part of the one that runs the tests.
install_to() { # TARGET FOLDER [VARIABLE=VALUE...]
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s VARIANT="${BUILD##*/}" "$1" DESTDIR="$2" "${@:3}"
}

files_below() { (cd "$1" && find . \( -type f -o -type l \) -printf '%P\n' | sort); } # FOLDER

# --- Complete -------------------------------------------------------------------------------------------------------

# Said from the source tree's point of view, so that a new program, unit or page that install.mk forgets is noticed.
expected_files() {
    local f name
    for f in "$BIN"/corral*; do
        name=${f##*/}
        case $name in
        corralctl) echo "usr/bin/$name" ;;
        *) echo "usr/sbin/$name" ;;
        esac
    done
    (cd "$BUILD" && find lib/corral -type f -printf 'usr/%p\n')
    for f in systemd/*.{service,socket,timer}; do echo "usr/lib/systemd/system/${f##*/}"; done
    for f in systemd/sysusers.d/* systemd/tmpfiles.d/*; do echo "usr/lib/${f#systemd/}"; done
    for f in systemd/sysctl.d/*; do echo "usr/share/corral/${f##*/}"; done
    for f in etc/*.conf; do echo "usr/share/corral/${f##*/}"; echo "etc/corral/${f##*/}"; done
    echo usr/share/corral/grouping.rules
    for f in docs/man/*.[1-9]; do echo "usr/share/man/man${f##*.}/${f##*/}"; done
}

ok 'make install' install_to install "$TREE"
is "$(files_below "$TREE")" "$(expected_files | sort)" 'every program, unit, sample and page is installed, and nothing else'
is "$(find "$TREE" -type f -perm /022 -o -type f -path '*/*bin/*' -not -perm 755)" '' 'modes of the files'

echo '# mine' >"$TREE/etc/corral/client.conf"
ok 'make install again' install_to install "$TREE"
is "$(cat "$TREE/etc/corral/client.conf")" '# mine' 'a configuration that is there is left alone'
# The kernel may start it at any moment: replaced by rename, never written over or missing.
exec 5<"$TREE/usr/sbin/corral-handler"
ok 'and once more' install_to install-client "$TREE"
is "$(stat -L -c %h /proc/self/fd/5) $(find "$TREE" -name '*.new')" '0 ' 'a program that is in use is another file than the new one'
exec 5<&-
ok 'the sample is new' cmp etc/client.conf "$TREE/usr/share/corral/client.conf"

ok 'make install-client elsewhere' install_to install-client "$WORK/local" PREFIX=/usr/local
is "$(files_below "$WORK/local" | grep -E 'ingestd|workerd|dashd')" '' 'a client has no part of the server'
ok 'its unit starts the program that was installed' \
    grep -q '^ExecStart=/usr/local/sbin/corral-sender ' "$WORK/local/usr/local/lib/systemd/system/corral-sender.service"
ok 'its core_pattern names the handler that was installed' \
    grep -q '= |/usr/local/sbin/corral-handler ' "$WORK/local/usr/local/share/corral/60-corral.conf"

# --- Units ----------------------------------------------------------------------------------------------------------

# Exposure times ten, as systemd-analyze counts it (a unit without any wall: 96).
threshold() { # UNIT
    case $1 in
    corral-workerd.service) echo 20 ;; # builds walls for its children
    corral-handler.service | corral-missed.service) echo 25 ;; # root, until it has what it needs
    *) echo 15 ;;
    esac
}

# An unknown setting is a complaint and not an error. What it says of other units of this system is not ours.
complaints() { # FILE
    { systemd-analyze verify --man=no "$1" 2>&1 || echo "corral: status $?"; } | grep corral
}

# The programs are where they were built.
mkdir "$WORK/units"
for unit in systemd/*.{service,socket,timer}; do sed -e "s,=/usr/sbin/,=$BIN/," -e "s,=/usr/lib/corral/,=$BUILD/lib/corral/," "$unit" >"$WORK/units/${unit##*/}"; done
for unit in systemd/*.{service,socket,timer}; do
    name=${unit##*/}
    is "$(complaints "$WORK/units/$name")" '' "$name is valid"
    [[ $name == *.service ]] || continue
    ok "$name is walled in" \
        systemd-analyze security --no-pager --offline=true --threshold="$(threshold "$name")" "$unit"
done
is "$(sed -n 's/^ListenStream=//p' systemd/corral-handler.socket)" \
    "$(sed -n 's/^#define COREDUMP_SOCKET_PATH "\(.*\)"/\1/p' client/handler/coredump_socket.h)" 'the socket is where the handler looks'
is "$(sed -n 's/^#define HOOK_SOCKET *"\([^"]*\)".*/\1/p' client/ctl/hook.h)" \
    "$(sed -n 's/^ListenStream=//p' systemd/corral-handler.socket)" 'and where corralctl has the kernel look'

# --- Users and folders ----------------------------------------------------------------------------------------------

id_of() { awk -F: -v name="$2" '$1 == name { print $3 }' "$TREE/etc/$1"; } # passwd|group NAME

owned() { # PATH USER GROUP MODE
    is "$(stat -c '%u:%g %a' "$TREE$1")" "$(id_of passwd "$2"):$(id_of group "$3") $4" "$1 is $2:$3 $4"
}

# A tree of its own has the users that every system has.
printf 'root:x:0:0::/root:/bin/sh\n' >"$TREE/etc/passwd"
printf 'root:x:0:\n' >"$TREE/etc/group"
ok 'sysusers.d makes the users' systemd-sysusers --root="$TREE"
is "$(cut -d: -f1 "$TREE/etc/passwd" | sort | paste -sd' ')" \
    'corral-dashd corral-ingestd corral-sender corral-workerd root' 'a user for each that runs'
is "$(awk -F: '$1 == "corral" { print $4 }' "$TREE/etc/group" | tr , '\n' | sort | paste -sd' ')" \
    'corral-dashd corral-ingestd corral-workerd' 'the group of the blob store has the three daemons and not the sender'
is "$(sed -n 's/^\(User\|Group\)=//p' systemd/*.service | sort -u | while read -r name; do
    [ -n "$(id_of passwd "$name")$(id_of group "$name")" ] || echo "$name"; done)" '' 'every user and group of a unit is made'

if [ "$(id -u)" = 0 ]; then
    ok 'tmpfiles.d makes the folders' systemd-tmpfiles --create --root="$TREE" corral-client.conf corral-server.conf
    owned /var/lib/corral root root 755
    owned /var/lib/corral/spool corral-sender corral-sender 700
    owned /run/corral root root 755
    owned /run/corral/state corral-sender corral-sender 700
    owned /var/lib/corral/data corral-ingestd corral 2770
else
    skip 'needs root: it gives folders to users' 'tmpfiles.d makes the folders'
fi

# --- core_pattern ---------------------------------------------------------------------------------------------------

# shellcheck source=tests/lib/core-pattern.sh
. tests/lib/core-pattern.sh
for file in "$TREE/usr/share/corral/60-corral.conf" "$WORK/local/usr/local/share/corral/60-corral.conf"; do
    pattern=$(sed -n 's/^kernel.core_pattern = //p' "$file")
    ok "${#pattern} bytes of core_pattern are no more than 127" test "${#pattern}" -le 127
    is "${pattern#* }" "$HANDLER_ARGUMENTS" 'it has the arguments that the tests register'
done

# --- Configuration --------------------------------------------------------------------------------------------------

for name in ingestd workerd dashd sender; do
    conf=etc/$name.conf
    [ "$name" != sender ] || conf=etc/client.conf
    ok "corral-$name -t accepts $conf" "$BIN/corral-$name" -t -c "$conf"
    sed -E 's/^#([a-z_]+ = )/\1/' "$conf" >"$WORK/$name.conf"
    ok "and with every line of it in force" "$BIN/corral-$name" -t -c "$WORK/$name.conf"
done

# --- And away -------------------------------------------------------------------------------------------------------

ok 'make uninstall' install_to uninstall "$TREE"
is "$(files_below "$TREE" | grep -v -E '^etc/(passwd|group|shadow|gshadow|\.pwd\.lock)')" \
    "$(printf '%s\n' etc/corral/{client,dashd,ingestd,workerd}.conf)" 'what remains is the configuration'
done_testing
