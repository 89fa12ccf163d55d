# SPDX-License-Identifier: Apache-2.0
"""Simple ways to group that Corral is measured beside, each a function from a stack to a text that is equal for stacks of one
group. They are what others do in their main lines, without their long lists: what is meant is the idea.

top1      the innermost function
apport    executable, signal and the first five functions past abort's; offsets where a function is missing; an assertion's text
sentry    all functions of the program's own modules, simplified, each once; all functions when there are none
socorro   functions as far as the first that says something, past what reports the crash"""

import re

ABORT = re.compile(
    r"(__GI_)?(_?abort|raise|gsignal|__pthread_kill(_implementation|_internal)?|___?pthread_kill|pthread_kill|tgkill|kill"
    r"|__libc_message(_impl)?|__libc_fatal|__assert_fail(_base)?|_g_log_abort|g_logv?|g_log_\w+|g_assertion_message(_\w+)?"
    r"|__kernel_vsyscall|_X(IO)?Error|_XReply|_XDefault\w*Error|<signal handler called>)$")
SYSTEM = re.compile(r"^(/usr)?/lib(64)?/|^/lib(64)?/|^linux-vdso|^\[vdso\]|^/nix/store/.*/lib/")
IRRELEVANT = re.compile(
    r"(__GI_)?(_start|clone3?|start_thread|__libc_start_main(_impl|@@.*)?|__libc_start_call_main|main|poll|raise|abort|gsignal"
    r"|___?pthread_kill(_\w+)?|__pthread_kill_\w+|__libc_message(_impl)?|__assert_fail(_base)?|malloc_printerr|__restore_rt"
    r"|<signal handler called>|_?abort_message|std::terminate|std::panicking::.*|core::panicking::.*|rust_begin_unwind|rust_panic.*"
    r"|__rust_(start|end)_.*|std::rt::.*|core::ops::function::.*|runtime\.(goexit|main)(\.abi0)?)$")
PREFIX = re.compile(
    r"(__\w*(mem|str)\w+|mem\w+|str\w+|g_\w+|gtk_\w+|Q[A-Z]\w+::.*|std::.*|core::.*|alloc::.*|runtime\..*|operator (new|delete).*"
    r"|_?_?(libc_)?(malloc|free|calloc|realloc)|_int_\w+|__cxa_\w+|__gnu_cxx::.*|__cxxabiv1::.*|je_\w+|tc_\w+|__asan\w*|__interceptor_\w+)$")
SENTINEL = re.compile(r"(__cxa_throw|_?g_log_abort|google_breakpad::.*|rust_panic.*|__sanitizer::.*)$")


def cut_groups(name, opening, closing, put):
    out, depth = [], 0
    for c in name:
        if c == opening:
            out.append(put if depth == 0 else "")
            depth += 1
        elif c == closing and depth:
            depth -= 1
        elif depth == 0:
            out.append(c)
    return "".join(out) if depth == 0 else name


def simplified(name):
    """Without arguments, template arguments and hashes."""
    name = re.sub(r"::h[0-9a-f]{16}$", "", name)
    name = re.sub(r" \[clone [^]]*\]", "", name)
    name = re.sub(r"@@?[\w.]+$", "", name)
    if "operator" in name:
        return re.sub(r"\(.*", "", name)
    name = name.replace("(anonymous namespace)", "anon")
    if name.startswith("<"):
        name = re.sub(r"^<(.*?)( as .*?)?>::", r"\1::", name)
    name = cut_groups(name, "<", ">", "<T>")
    if not re.match(r"[\w/.]+\.\(\*", name):  # a method of Go
        name = cut_groups(name, "(", ")", "")
    return name.strip().split(" ")[-1]


def place(frame):
    """Of a frame that has no function."""
    return f"{(frame.get('module') or '??').split('/')[-1]}+{frame.get('offset', '?')}"


def function(frame):
    name = frame.get("function")
    return None if not name or name == "??" else name


def signal_of(stack):
    return str(stack.get("signal", ""))


def program(stack):
    """Where a build was installed is not what is compared."""
    return (stack.get("executable") or "").split("/")[-1]


def top1(stack):
    frames = stack.get("frames", [])
    return function(frames[0]) or place(frames[0]) if frames else "nothing"


def apport(stack):
    head = f"{program(stack)}:{signal_of(stack)}"
    assertion = re.search(r"[^\n]*[Aa]ssertion [^\n]*failed[^\n]*", stack.get("message") or "")
    if assertion:
        return f"{program(stack)}:{re.sub(r'0x[0-9a-f]+', 'ADDR', assertion.group())}"
    frames = [f for f in stack.get("frames", []) if not (function(f) and ABORT.match(function(f)))]
    if all(function(f) for f in frames[:5]):
        return ":".join([head] + [simplified(function(f)) for f in frames[:5]])
    return ":".join([head] + [place(f) for f in stack["frames"][:15]])


def sentry(stack):
    frames = stack.get("frames", [])
    own = [f for f in frames if not SYSTEM.match(f.get("module") or "")] or frames
    names = [simplified(function(f)) if function(f) else (f.get("module") or "??").split("/")[-1] for f in own]
    return "|".join(n for i, n in enumerate(names) if i == 0 or names[i - 1] != n)


def socorro(stack):
    names = [simplified(function(f)) if function(f) else (f.get("module") or "??").split("/")[-1] for f in stack.get("frames", [])[:40]]
    first = next((i for i, n in enumerate(names) if SENTINEL.match(n)), None)
    if first is not None:
        names = names[first:]
    kept = []
    for name in names:
        if IRRELEVANT.match(name):
            continue
        if not kept or kept[-1] != name:
            kept.append(name)
        if not PREFIX.match(name):
            break
    return " | ".join(kept or names[:1])


PEERS = {"top1": top1, "apport": apport, "sentry": sentry, "socorro": socorro}
