# SPDX-License-Identifier: Apache-2.0
"""What gdb makes of a core, as JSON: every frame of every thread, for tests/lib/stack-diff.

    CORE=core EXE=program OUT=file [DEBUGINFO=folder:...] gdb -nx -batch -x tests/lib/gdb-frames.py

The answer goes to OUT, for gdb itself talks on standard output. It has the shape of `corral-workerd --analyse --format json`, as
far as gdb has an opinion:

    {"engine": "gdb 13.1", "threads": [{"tid": 1, "frames": [{"pc": "0x1", "function": "f", "file": "/f.c", "line": 3,
     "inlined": true, "signal": true, "tail": true, "named_by": "debug" or "symbol"}]}]}

Frames are those of `backtrace` past main and past the entry point, where gdb by default stops. A frame that gdb has deduced from
call sites, of a function that left by a tail call, is marked `tail`. At most FRAMES_MAX frames of a thread are asked
for; a deeper one is marked `cut`."""

import json
import os

import gdb

FRAMES_MAX = 300

SETTINGS = (
    "set debuginfod enabled off",
    "set auto-load python-scripts off",
    "set backtrace past-main on",
    "set backtrace past-entry on",
    "set backtrace limit %d" % (FRAMES_MAX + 1),
    "set confirm off",
    "set width 0",
)


def describe(frame):
    answer = {"pc": hex(frame.pc())}
    kind = frame.type()
    if kind == gdb.SIGTRAMP_FRAME:
        answer["signal"] = True
        return answer
    if name := frame.name():
        answer["function"] = name
        answer["named_by"] = "debug" if frame.function() else "symbol"
    if kind == gdb.INLINE_FRAME:
        answer["inlined"] = True
    if kind == gdb.TAILCALL_FRAME:
        answer["tail"] = True
    sal = frame.find_sal()
    if sal.symtab and sal.line:
        # fullname() follows symbolic links of files that exist.
        name = sal.symtab.filename
        answer["file"] = name if name.startswith("/") else sal.symtab.fullname()
        answer["line"] = sal.line
    return answer


def frames_of(thread):
    answer = {"tid": thread.ptid[1], "frames": []}
    thread.switch()
    frame = gdb.newest_frame()
    try:
        while frame is not None and len(answer["frames"]) < FRAMES_MAX:
            answer["frames"].append(describe(frame))
            frame = frame.older()
        if frame is not None:
            answer["cut"] = True
        # A stack that gdb gives up on ends in its words, as "corrupt stack".
    except gdb.error as error:
        answer["stopped"] = str(error)
    return answer


def main():
    for setting in SETTINGS:
        gdb.execute(setting, to_string=True)
    folders = [os.path.abspath(f) for f in os.environ.get("DEBUGINFO", "").split(":") if f]
    gdb.execute("set debug-file-directory " + ":".join(folders + ["/usr/lib/debug"]))
    gdb.execute("file " + os.environ["EXE"], to_string=True)
    gdb.execute("core-file " + os.environ["CORE"], to_string=True)
    threads = gdb.selected_inferior().threads()
    # The thread that crashed is the first of the core and the one that gdb selects.
    crashed = gdb.selected_thread()
    order = sorted(threads, key=lambda t: (crashed is None or t.ptid != crashed.ptid, t.num))
    with open(os.environ["OUT"], "w", encoding="utf-8") as out:
        json.dump({"engine": "gdb " + gdb.VERSION.split(" ")[-1], "threads": [frames_of(t) for t in order]}, out)
        out.write("\n")


main()
