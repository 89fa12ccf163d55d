# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Real cores of the crashers and their stacks as golden lines; for tests/golden/check and tests/integration/30-analyse.sh, after
# testlib.sh. A golden line is one frame of the crashed thread, innermost first:
#
#     process_data nullderef.c:19     a frame of the crasher itself
#     __GI_abort                      of another file: lines are that file's business
#     ...                             of Rust's library, which differs from compiler to compiler
#     ?? stripped                     without a name: the module
#     (frames left out)               of a stack too deep to keep
#
# Equal lines that follow each other are one.

# shellcheck disable=SC2034 # for the tests
{
    GOLDEN=$ROOT/tests/golden
    CRASHERS=$ROOT/build/crashers
    WORKERD=$BIN/corral-workerd
}

crashers() { cut -f 1 "$ROOT/tests/crashers/expected.tsv" | grep -v '^#'; }

# Cores land as files in the crashed program's folder, or not at all.
need_file_cores() {
    core_pattern_lock
    case $(cat /proc/sys/kernel/core_pattern) in
    core | core.%p) ;;
    *) skip_all "core_pattern is '$(cat /proc/sys/kernel/core_pattern)', not 'core'" ;;
    esac
    (ulimit -c unlimited) 2>/dev/null || skip_all 'the limit on core files cannot be raised'
}

make_core() { # FOLDER PROGRAM ARGUMENT...: leaves FOLDER/core
    local folder=$1
    shift
    mkdir -p "$folder"
    { # bash announces the death on the standard error of that moment
        (
            ulimit -c unlimited
            ulimit -s 8192
            cd "$folder" && exec "$@"
        )
    } >/dev/null 2>&1 </dev/null
    [ -f "$folder/core" ] || mv "$folder"/core.* "$folder/core"
}

golden_lines() { # JSON of an analysis on standard input
    jq -r '
        def base: sub(".*/"; "");
        def line:
            if .function == null then "?? " + (.module // "" | base)
            elif (.file // "") | test("/tests/crashers/") then "\(.function) \(.file | base):\(.line)"
            elif (.file // "") | test("^/rustc/") then "..."
            else .function end;
        .threads[0] | .gap_after as $gap | (.frames_left_out // 0) as $out |
        .frames | to_entries[] | (.value | line),
        (select($out > 0 and .key == ($gap // 0)) | "(frames left out)")' | uniq
}
