# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# core_pattern and core_pipe_limit: what was found is kept before the first change and given back
# whatever happens to us. The user of this file sets DIR, BUILD and PARTS.
#
# DIR/hook names a folder /run/corral.XXXXXX: the pattern may have 127 bytes only
# (Documentation/admin-guide/sysctl/kernel.rst), so it points there, and links lead on to the
# handler and its configuration. DIR/saved/ has the values that were found, and the boot that they
# are of. A copy of them lies in the hook's folder: when a stack was killed with no chance to
# restore, the next one takes over what its predecessor had found instead of taking the
# predecessor's pattern for the machine's own.

KERNEL=/proc/sys/kernel
CORE_PATTERN_LOCK=/tmp/corral-core-pattern.lock
# Without c%c: Debian's shells start with RLIMIT_CORE 0, a limit that nobody chose, and honouring it
# would leave the crashes of all that is started by hand without a stack. (Debian's own
# systemd-coredump goes without it for the same reason.)
HANDLER_ARGUMENTS='P%P I%I u%u g%g s%s t%t d%d C%C F%F h%h e%e E%E'

boot_id() { cat /proc/sys/kernel/random/boot_id; }

hook() { cat "$DIR/hook" 2>/dev/null; }

core_pattern_is_ours() {
    local hook
    hook=$(hook) && [[ $(cat $KERNEL/core_pattern) == "|$hook/"* ]]
}

core_pattern_status() {
    if core_pattern_is_ours; then
        echo "ours     $(cat $KERNEL/core_pattern)"
    else
        echo "not ours $(cat $KERNEL/core_pattern)"
    fi
}

# One at a time: every test that changes core_pattern holds this lock for as long as it does (and
# says so in CORE_PATTERN_LOCKED); `make run` takes it for the moment of the change.
core_pattern_locked() { # COMMAND...
    if [ -n "${CORE_PATTERN_LOCKED:-}" ]; then
        "$@"
        return
    fi
    (
        if ! flock -n 9; then
            echo "  waiting for a test that uses core_pattern (lock $CORE_PATTERN_LOCK)" >&2
            flock -w 600 9
        fi
        "$@"
    ) 9>>$CORE_PATTERN_LOCK
}

core_pattern_register() { core_pattern_locked register_locked; }

core_pattern_restore() {
    [ -d "$DIR/saved" ] || [ -f "$DIR/hook" ] || return 0
    core_pattern_locked restore_locked
}

# The values before the first of us: those of the kernel, or those that a dead stack keeps in its
# hook.
save_found() {
    local pattern hook
    [ ! -d "$DIR/saved" ] || return 0
    pattern=$(cat $KERNEL/core_pattern)
    hook=${pattern#|}
    hook=${hook%%/handler *}
    rm -rf "$DIR/saved.new"
    mkdir "$DIR/saved.new"
    if [[ $hook == /run/corral.?????? && -d $hook/saved ]] && ! hook_alive "$hook"; then
        cp "$hook/saved/core_pattern" "$hook/saved/core_pipe_limit" "$DIR/saved.new/"
    else
        cp $KERNEL/core_pattern $KERNEL/core_pipe_limit "$DIR/saved.new/"
    fi
    boot_id >"$DIR/saved.new/boot_id"
    mv "$DIR/saved.new" "$DIR/saved"
}

hook_alive() { # HOOK: does anything of the stack that made it still run?
    local DIR part
    DIR=$(cat "$1/owner") || return 1
    for part in $PARTS; do
        if process_running "$part"; then return 0; fi
    done
    return 1
}

hook_make() {
    local hook
    if hook=$(hook) && [ -d "$hook" ]; then return 0; fi
    hook=$(mktemp -d /run/corral.XXXXXX)
    echo "$hook" >"$DIR/hook"
    ln -s "$BUILD/bin/corral-handler" "$hook/handler"
    ln -s "$DIR/conf/client.conf" "$hook/client.conf"
    cp -r "$DIR/saved" "$hook/saved"
    echo "$DIR" >"$hook/owner"
}

register_locked() {
    local pattern
    save_found
    hook_make
    pattern="|$(hook)/handler -c $(hook)/client.conf $HANDLER_ARGUMENTS"
    if [ ${#pattern} -gt 127 ]; then
        echo "stack: core_pattern would have ${#pattern} bytes, the kernel takes 127" >&2
        return 1
    fi
    # The limit first: with 0 the kernel would not wait for the handler, and /proc/PID would be gone
    # under its hands.
    echo 16 >$KERNEL/core_pipe_limit
    echo "$pattern" >$KERNEL/core_pattern
    if [ "$(cat $KERNEL/core_pattern)" != "$pattern" ]; then
        echo "stack: the kernel kept another core_pattern than it was given: $(cat $KERNEL/core_pattern)" >&2
        return 1
    fi
}

restore_locked() {
    local hook
    # After a reboot the kernel has its own values again; ours are of the past.
    if [ "$(cat "$DIR/saved/boot_id" 2>/dev/null)" = "$(boot_id)" ]; then restore_values; fi
    if hook=$(hook); then
        hook_drain "$hook"
        case $hook in
        /run/corral.??????) rm -rf -- "$hook" ;;
        esac
    fi
    rm -rf "$DIR/saved" "$DIR/hook"
}

restore_values() {
    local current found
    current=$(cat $KERNEL/core_pattern)
    found=$(cat "$DIR/saved/core_pattern")
    if core_pattern_is_ours || [ "$current" = "$found" ]; then
        echo "$found" >$KERNEL/core_pattern
        cat "$DIR/saved/core_pipe_limit" >$KERNEL/core_pipe_limit
    else
        echo "  core_pattern was changed by somebody else meanwhile and stays as it is: $current" >&2
    fi
}

# Handlers that the kernel started, and senders that they started, name the hook in their arguments:
# they may finish, within a limit.
hook_drain() { # HOOK
    local pid
    if wait_until 10 hook_idle "$1"; then return 0; fi
    for pid in $(hook_processes "$1"); do
        echo "stack: killed what the handler had left: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline")" >&2
        kill -KILL "$pid" 2>/dev/null || true
    done
}

hook_idle() { [ -z "$(hook_processes "$1")" ]; }

# The pattern comes by standard input: grep's own arguments are among those that it searches.
hook_processes() { # HOOK: the pids of those that name it
    # shellcheck disable=SC2062 # the first file, not the pattern
    grep -slaF --file=- /proc/[0-9]*/cmdline <<<"$1/" | cut -d / -f 3 || true
}
