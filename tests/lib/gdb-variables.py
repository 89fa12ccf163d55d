# SPDX-License-Identifier: Apache-2.0
"""What gdb knows of the variables of a core's crashing thread, as JSON, for tests/lib/variables-diff.

    CORE=core EXE=program OUT=file [DEBUGINFO=folder:...] gdb -nx -batch -x tests/lib/gdb-variables.py

The answer goes to OUT and has the shape of `corral-workerd --analyse --variables --format json`:

    {"engine": "gdb 13.1", "threads": [{"tid": 1, "frames": [{"pc": "0x1", "function": "f", "variables":
     [{"name": "a", "type": "int", "value": "5", "argument": true}, {"name": "b", "type": "int", "problem": "optimized out"}]}]}]}

Variables are those of `info args` and `info locals`, innermost block first, with the values as these print them. One that a further
one of its name hides is marked `hidden`. Constants of an enum that a block declares are no variables. Of the printers that
gdb's users have, there are those for std::string and Rust's String: their text. Inlined frames count.

gdb takes it that a call leaves every register as it was of which the unwind tables say nothing, and so may show in a caller what
the callee has left in rax. A compiler that knows what the callee leaves alone means it so, and says that the variable is there
behind the call as well. All is therefore asked twice, the second time with other bytes in the registers that a call need not
preserve: what then differs in a caller, by a location that ends with the call, is marked `stale`."""

import json
import mmap
import os
import re
import shutil
import struct

import gdb

FRAMES_MAX = 160  # with inlined ones

SETTINGS = (
    "set debuginfod enabled off",
    "set auto-load python-scripts off",
    "set backtrace past-main on",
    "set backtrace past-entry on",
    "set confirm off",
    "set width 0",
    "set host-charset UTF-8",
    "set target-charset UTF-8",
    # An assertion of gdb's own that fails is one value less.
    "maintenance set internal-error quit no",
    "maintenance set internal-error corefile no",
)

# Of a core of x86-64: notes, and where in them lie rdi, rsi, rdx, rcx, rax and r8 to r11 (struct elf_prstatus), and the
# registers for floating-point numbers (struct user_i387_struct, with which the extended state begins).
PT_NOTE = 4
LOST_IN_CALLS = {1: [(112 + 6 * 8, 112 + 15 * 8)], 2: [(32, 416)], 0x202: [(32, 416), (576, 832)]}

STRING = re.compile(r"std::(__cxx11::)?basic_string<(char|wchar_t|char8_t|char16_t|char32_t),.*>$")


class TextPrinter:
    def __init__(self, pointer, length, encoding=""):
        self.text = pointer.lazy_string(encoding, length=int(length))

    def to_string(self):
        return self.text

    def display_hint(self):
        return "string"


def first_pointer(value):
    """That a structure has in it, however deep."""
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_PTR:
        return value
    if kind.code == gdb.TYPE_CODE_STRUCT:
        for field in kind.fields():
            found = first_pointer(value[field])
            if found is not None:
                return found
    return None


def word(address, kind):
    return gdb.Value(address).cast(gdb.lookup_type(kind).pointer().pointer()).dereference()


def std_string(value, character):
    # clang leaves out what it expects in the library's debug information: there are a pointer and a length.
    try:
        return TextPrinter(value["_M_dataplus"]["_M_p"], value["_M_string_length"])
    except gdb.error:
        address = int(value.address)
        return TextPrinter(word(address, character), int(word(address + 8, "char")))


def text_printer(value):
    tag = value.type.strip_typedefs().tag or ""
    if match := STRING.match(tag):
        return std_string(value, match[2])
    if tag == "alloc::string::String":
        return TextPrinter(first_pointer(value["vec"]), value["vec"]["len"], "UTF-8")
    return None


def printer(value):
    kind = value.type.strip_typedefs()
    try:
        if kind.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
            value = value.referenced_value()
            kind = value.type.strip_typedefs()
        return text_printer(value) if kind.code == gdb.TYPE_CODE_STRUCT else None
    except (gdb.error, AttributeError, TypeError):  # it is not all there
        return None


def blocks(frame):
    """The block at the frame's pc, and those around it to that of the function."""
    try:
        block = frame.block()
    except RuntimeError:
        return
    while block is not None and not block.is_static and not block.is_global:
        yield block
        if block.function is not None:
            break
        block = block.superblock


def is_enumerator(symbol):
    kind = symbol.type.strip_typedefs() if symbol.type else None
    return kind is not None and kind.code == gdb.TYPE_CODE_ENUM and symbol.name in kind.keys() and symbol.is_constant


def is_nowhere(value, depth=0):
    """No part of it is anywhere. gdb says so for all of it in one word only when there are no pieces."""
    if not value.is_optimized_out or depth > 20:
        return False
    kind = value.type.strip_typedefs()
    if kind.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        return all(hasattr(f, "bitpos") and is_nowhere(value[f], depth + 1) for f in kind.fields())
    if kind.code == gdb.TYPE_CODE_ARRAY:
        low, high = kind.range()
        return all(is_nowhere(value[i], depth + 1) for i in range(low, min(high, low + 200) + 1))
    return True


LOCATION = re.compile(r"Range (0x[0-9a-f]+)-(0x[0-9a-f]+):")


def ends_here(symbol, pc):
    """The location that counts at the call before pc is none at pc."""
    try:
        said = gdb.execute("info address " + symbol.name, to_string=True)
    except gdb.error:
        return False
    ranges = [(int(a, 16), int(b, 16)) for a, b in LOCATION.findall(said)]
    return any(a < pc for a, b in ranges if b == pc) and not any(a <= pc < b for a, b in ranges if a < pc)


def describe(symbol, frame):
    answer = {"name": symbol.name, "type": str(symbol.type)}
    if symbol.is_argument:
        answer["argument"] = True
    try:
        value = symbol.value(frame) if symbol.needs_frame else symbol.value()
        # What a variable length has become.
        if "variable length" in answer["type"] or "[]" in answer["type"]:
            answer["type"] = str(value.type)
        text = value.format_string(deref_refs=True)
        if text == "<optimized out>" or is_nowhere(value):
            answer["problem"] = "optimized out"
        else:
            answer["value"] = text
        if ends_here(symbol, frame.pc()):
            answer["ends"] = True
    except gdb.MemoryError as error:
        answer["problem"] = "not in the core"
        answer["said"] = str(error)
    except (gdb.error, RuntimeError) as error:
        answer["problem"] = str(error)
    except KeyboardInterrupt:
        answer["problem"] = "gdb fails"
    return answer


def variables_of(frame):
    answer, seen = [], set()
    for block in blocks(frame):
        mine = [s for s in block if s.is_argument or s.is_variable or (s.is_constant and not is_enumerator(s))]
        for symbol in mine:
            one = describe(symbol, frame)
            if symbol.name in seen:
                one["hidden"] = True
            answer.append(one)
        seen.update(s.name for s in mine)
    return answer


def describe_frame(frame):
    frame.select()  # the language is the selected frame's
    answer = {"pc": hex(frame.pc())}
    kind = frame.type()
    if kind == gdb.SIGTRAMP_FRAME:
        answer["signal"] = True
        return answer
    if name := frame.name():
        answer["function"] = name
    if kind == gdb.INLINE_FRAME:
        answer["inlined"] = True
    if kind == gdb.TAILCALL_FRAME:
        answer["tail"] = True
    sal = frame.find_sal()
    if sal.symtab:
        answer["file"] = sal.symtab.filename
    answer["language"] = gdb.parameter("language") if gdb.parameter("language") != "auto" else ""
    answer["variables"] = variables_of(frame)
    return answer


def frames_of(thread):
    answer = {"tid": thread.ptid[1], "frames": []}
    thread.switch()
    frame = gdb.newest_frame()
    try:
        while frame is not None and len(answer["frames"]) < FRAMES_MAX:
            answer["frames"].append(describe_frame(frame))
            frame = frame.older()
        # A stack that gdb gives up on ends in its words, as "corrupt stack".
    except gdb.error as error:
        answer["stopped"] = str(error)
    return answer


def notes(core):
    """Type, offset and size of each note's text."""
    e_phoff, = struct.unpack_from("<Q", core, 32)
    e_phentsize, e_phnum = struct.unpack_from("<HH", core, 54)
    for i in range(e_phnum):
        p_type, _, at, _, _, size = struct.unpack_from("<IIQQQQ", core, e_phoff + i * e_phentsize)
        end = at + size
        while p_type == PT_NOTE and at + 12 <= end:
            name, text, kind = struct.unpack_from("<III", core, at)
            at += 12 + (name + 3 & ~3)
            yield kind, at, text
            at += text + 3 & ~3


def scramble(core):
    """In the crashing thread, which is the first one."""
    seen = set()
    for kind, at, size in notes(core):
        if kind in seen:
            if kind == 1:
                break
            continue
        seen.add(kind)
        for begin, end in LOST_IN_CALLS.get(kind, ()):
            for i in range(at + min(begin, size), at + min(end, size)):
                core[i] ^= 0xa5


def scrambled(path, to):
    shutil.copyfile(path, to)
    with open(to, "r+b") as f, mmap.mmap(f.fileno(), 0) as core:
        scramble(core)


def mark_stale(frames, others):
    called = False
    for mine, other in zip(frames, others):
        if called:
            for a, b in zip(mine.get("variables", ()), other.get("variables", ())):
                if a.get("ends") and a.get("value") != b.get("value"):
                    a["stale"] = True
        called = called or not mine.get("inlined")


def threads_of(core):
    gdb.execute("core-file " + core, to_string=True)
    thread = gdb.selected_thread()
    return [frames_of(thread)] if thread else []


def main():
    for setting in SETTINGS:
        gdb.execute(setting, to_string=True)
    folders = [os.path.abspath(f) for f in os.environ.get("DEBUGINFO", "").split(":") if f]
    gdb.execute("set debug-file-directory " + ":".join(folders + ["/usr/lib/debug"]))
    gdb.pretty_printers.insert(0, printer)
    gdb.execute("file " + os.environ["EXE"], to_string=True)
    threads = threads_of(os.environ["CORE"])
    again = os.environ["OUT"] + ".core"
    scrambled(os.environ["CORE"], again)
    for mine, other in zip(threads, threads_of(again)):
        mark_stale(mine["frames"], other["frames"])
    os.unlink(again)
    with open(os.environ["OUT"], "w", encoding="utf-8") as out:
        json.dump({"engine": "gdb " + gdb.VERSION.split(" ")[-1], "threads": threads}, out)
        out.write("\n")


main()
