# SPDX-License-Identifier: Apache-2.0
"""One crash of a bug, as a server may get it. A build (compiler, distribution, version of the program) is drawn from the few that
the program has; then the way that led to the bug, who reported it, and what of the stack was lost. What varies is what
varies between duplicates in bug trackers; what doesn't is the bug's."""

import hashlib

SIGNALS = {"null": 11, "string": 11, "template": 11, "overflow": 11, "fpe": 8, "nil": 11}
HEAP_WORDS = ["free(): double free detected in tcache 2", "free(): invalid pointer", "double free or corruption (out)",
              "munmap_chunk(): invalid pointer", "free(): invalid size"]
GLIB, QT = "libglib-2.0.so.0", "libQt5Core.so.5"


def number(*parts):
    """The same for the same parts, in every run."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:6], "big")


def likely(p, *parts):
    return number(*parts) % 10000 < p * 10000


class Build:
    """What is the same for all crashes of one version of a program on one distribution."""

    def __init__(self, random, program, mix):
        self.name = f"{program.name} v{random.randrange(program.versions)}"
        self.mix, self.program = mix, program
        self.optimised = likely(mix["optimised"], self.name, "optimised")
        self.symbols_only = likely(mix["symbols_only"], self.name, "symbols")
        self.libc = ["new", "new-dbg", "old", "old-dbg", "musl"][number(self.name, "libc") % 41 // 10]
        self.libcxx = likely(0.15, self.name, "libc++")
        self.folder = ["/usr/bin/", "/usr/bin/", "/usr/local/bin/", "/opt/app/bin/"][number(self.name, "folder") % 4]
        self.shift = number(self.name, "shift") % 40

    def has(self, p, f, what):
        return self.optimised and likely(p, self.name, f.name, what)

    def inlines(self, f):
        return self.has(self.mix["inlined"], f, "inline")

    def build_id(self, module):
        return hashlib.sha1(f"{self.name}/{module}".encode()).hexdigest()

    def offset(self, *site):
        return hex(0x1000 + number(self.name, *site) % 0x2000000)


class Occurrence:
    def __init__(self, random, world, bug):
        self.random, self.world, self.bug, self.mix = random, world, bug, world.mix
        self.build = Build(random, bug.program, world.mix)
        self.note = [self.build.name.split()[1]]
        self.message = None
        self.signal = SIGNALS.get(bug.kind, 6)
        self.unnamed = self.choose_unnamed()
        self.argument = random.choice(world.words["types"])

    def by(self, p, note):
        """True so often; and people are told."""
        if self.random.random() < p:
            self.note.append(note)
            return True
        return False

    def choose_unnamed(self):
        unnamed = set()
        if self.by(self.mix["system_unnamed"], "system without symbols"):
            unnamed.update(self.random.choice([["libstdc++.so.6", "libc++abi.so.1"], ["libc.so.6"], [GLIB, QT, "libgtk-3.so.0"],
                                               [GLIB, QT, "libgtk-3.so.0", "libstdc++.so.6"]]))
        if self.by(self.mix["library_unnamed"], "library without symbols"):
            unnamed.add(self.random.choice(self.world.words["libraries"]) + ".so.1")
        return unnamed

    # --- Frames ---

    def system(self, *names, module="libc.so.6"):
        if module == "libc.so.6" and self.build.libc == "musl":
            module = "ld-musl-x86_64.so.1"
        path = f"/usr/lib/x86_64-linux-gnu/{module}"
        return [self.frame(name, path, module in self.unnamed) for name in names]

    def frame(self, name, path, unnamed):
        frame = {"is": name, "module": path, "build_id": self.build.build_id(path)}
        if not unnamed:
            frame["function"] = name
        elif self.random.random() < 0.5:
            frame["function"] = "??"
        return frame

    def own(self, f, culprit=False):
        """A function of the program, as this build has it: none, when it was inlined and nothing tells."""
        b = self.build
        inlined = b.inlines(f) and not (culprit and self.random.random() > self.mix["inlined_culprit"])
        if inlined and b.symbols_only:
            self.note.append("culprit inlined away" if culprit else "inlined away")
            return []
        if not culprit and b.optimised and self.random.random() < self.mix["tail_call"]:
            return []
        path = f"/usr/lib/x86_64-linux-gnu/{f.library}.so.1" if f.library else b.folder + b.program.name
        frame = self.frame(self.spelled(f), path, f.library + ".so.1" in self.unnamed)
        if frame.get("function", "??") != "??" and not b.symbols_only:
            frame.update(file=f"/build/{b.program.name}-{number(b.name) % 9}/{f.file}", line=f.line + b.shift)
        if inlined:
            frame["inline"] = True
        if culprit:
            frame["site"] = self.bug.id
        return [frame]

    def spelled(self, f):
        name, b = f.name.replace("{T}", self.argument), self.build
        language = b.program.language
        if language == "rust" and b.symbols_only:
            return f"{name}::h{number(b.name, name) % 2**48:016x}"
        if language == "cpp" and (b.symbols_only or likely(0.2, b.name, "arguments")):
            name += f.arguments
        if language in ("c", "cpp") and b.has(self.mix["suffix"], f, "suffix"):
            suffix = [".part.0", ".constprop.0", ".isra.0", ".cold", ".lto_priv.0", ".constprop.0.isra.0"][number(b.name, name) % 6]
            name += f" [clone {suffix}]" if "(" in name else suffix
        return name

    def path(self):
        """From the crash outward to the entry, frames of the program alone."""
        bug, frames = self.bug, []
        for f in bug.above:
            frames += self.own(f)
        frames += self.own(bug.culprit, culprit=True)
        for f in bug.fixed:
            frames += self.own(f)
        last = bug.fixed[-1] if bug.fixed else bug.culprit
        if bug.recursive:
            for _ in range(self.random.choice([1, 2, 3, 5, 9, 20])):
                for f in bug.recursive:
                    frames += self.own(f)
            last = bug.recursive[-1]
        for f in self.world.walk(last, 20):
            frames += self.own(f)
        return frames

    # --- Who reports ---

    def abort(self):
        names = {"new": ["__pthread_kill_implementation", "__pthread_kill_internal", "raise", "abort"],
                 "new-dbg": ["__pthread_kill_implementation", "__GI___pthread_kill", "__GI_raise", "__GI_abort"],
                 "old": ["raise", "abort"], "old-dbg": ["__GI_raise", "__GI_abort"], "musl": ["raise", "abort"]}
        return self.system(*names[self.build.libc])

    def program_said(self, text):
        """On standard error only: not every host keeps it."""
        if self.bug.only_message or not self.by(self.mix["no_message"], "no message"):
            self.message = text

    def crash_null(self):
        if self.random.random() < 0.05:
            self.signal = 7
        return []

    def crash_fpe(self):
        return []

    def crash_abort(self):
        return self.abort()

    def crash_assertion(self):
        expression, f = self.bug.detail["assertion"], self.bug.culprit
        style, line = number(self.bug.program.name, "assert") % 4, self.bug.detail["line"] + self.build.shift
        if style == 3 and self.bug.program.language == "cpp":
            self.program_said(f'ASSERT: "{expression}" in file {f.file}, line {line}')
            return self.abort() + self.system("qt_message_fatal", "QMessageLogger::fatal", "qt_assert", module=QT)
        if style == 3:
            self.program_said(f"ERROR:{f.file}:{line}:{f.name}: assertion failed: ({expression})")
            return self.abort() + self.system("g_assertion_message", "g_assertion_message_expr", module=GLIB)
        self.message = f"{self.bug.program.name}: {f.file}:{line}: {f.name}: Assertion `{expression}' failed."
        if self.build.libc == "musl":
            return self.abort() + self.system("__assert_fail")
        base = self.random.choice(["__assert_fail_base.cold", "__assert_fail_base"])
        return self.abort() + self.system(base, self.random.choice(["__assert_fail", "__GI___assert_fail"]))

    def crash_heap(self):
        wrapper = []
        if self.random.random() < self.mix["wrapper"]:
            wrapper = self.random.choice([self.system("g_free", module=GLIB),
                                          self.system("operator delete(void*)", module="libstdc++.so.6")])
        how = self.random.random()
        if how < 0.15:
            self.signal = 11
            self.note.append("SIGSEGV in free")
            return self.system(self.random.choice(["_int_free", "unlink_chunk.isra.0", "malloc_consolidate"]), "free") + wrapper
        if how < 0.25 and self.bug.program.language == "c":
            self.signal = 11
            self.note.append("jemalloc")
            return self.system("je_free", "free", module="libjemalloc.so.2")[:1] + wrapper
        self.message = self.random.choice(HEAP_WORDS)
        return (self.abort() + self.system("__libc_message", "malloc_printerr", "_int_free",
                                           self.random.choice(["free", "__GI___libc_free", "cfree"])) + wrapper)

    def crash_exception(self):
        kind = self.bug.detail["exception"]
        self.program_said(f"terminate called after throwing an instance of '{kind}'\n  what():  {self.bug.detail['what']} {self.number()}")
        if self.build.libcxx:
            return self.abort() + self.system("abort_message", "demangling_terminate_handler()", "std::__terminate(void (*)())",
                                              "__cxxabiv1::failed_throw(__cxxabiv1::__cxa_exception*)", "__cxa_throw",
                                              module="libc++abi.so.1")
        frames = self.abort() + self.system("__gnu_cxx::__verbose_terminate_handler()", "__cxxabiv1::__terminate(void (*)())",
                                            "std::terminate()", "__cxa_throw", module="libstdc++.so.6")
        if kind == "std::out_of_range":
            frames += self.system("std::__throw_out_of_range_fmt(char const*, ...)", module="libstdc++.so.6")
            frames += self.library_frames("std::vector<{T}, std::allocator<{T}> >::_M_range_check", "std::vector<{T}>::at")
        return frames

    def crash_pure(self):
        self.program_said("pure virtual method called\nterminate called without an active exception")
        return self.abort() + self.system("__gnu_cxx::__verbose_terminate_handler()", "__cxxabiv1::__terminate(void (*)())",
                                          "std::terminate()", "__cxa_pure_virtual", module="libstdc++.so.6")

    def crash_smash(self):
        self.message = "*** stack smashing detected ***: terminated"
        return self.abort() + self.system("__libc_message", self.random.choice(["__GI___fortify_fail", "__fortify_fail"]), "__stack_chk_fail")

    def crash_string(self):
        family = ["memcpy", "strlen", "strcmp", "memset"][number(self.bug.id) % 4]
        variants = {"memcpy": ["__memmove_avx_unaligned_erms", "__memcpy_ssse3", "memcpy", "__memmove_evex_unaligned_erms"],
                    "strlen": ["__strlen_avx2", "__strlen_sse2", "strlen", "__strlen_evex"],
                    "strcmp": ["__strcmp_avx2", "__strcmp_sse2_unaligned", "strcmp"],
                    "memset": ["__memset_avx2_unaligned_erms", "__memset_sse2_unaligned", "memset"]}
        frames = self.system(self.random.choice(variants[family]))
        if family == "memcpy" and not self.build.symbols_only and self.build.optimised:
            frames.append(dict(frames[0], function="memcpy", inline=True, module=self.build.folder + self.build.program.name))
        return frames

    def crash_template(self):
        return self.library_frames(*[["std::vector<{T}, std::allocator<{T}> >::operator[]"],
                                     ["std::__shared_ptr<{T}, (__gnu_cxx::_Lock_policy)2>::get", "std::shared_ptr<{T}>::operator->"],
                                     ["std::_Rb_tree<int, {T}>::_M_lower_bound", "std::_Rb_tree<int, {T}>::find", "std::map<int, {T}>::find"],
                                     ["std::_Function_handler<void ({T})>::_M_invoke", "std::function<void ({T})>::operator()"]]
                                   [number(self.bug.id) % 4])

    def crash_overflow(self):
        """Once round is in the path already."""
        cycle = [self.bug.culprit] + ([self.bug.partner] if self.bug.partner else [])
        around = [frame for f in cycle for frame in self.own(f, culprit=True)]
        turn = self.random.randrange(len(around) or 1)
        frames = self.system("_int_malloc", "malloc") if self.random.random() < 0.15 else []
        return frames + [dict(f) for f in (around * 200)[turn:self.random.choice([90, 130, 180])]]

    def panic(self, *names, module=None):
        module = module or self.build.folder + self.build.program.name
        h = f"::h{number(self.build.name, 'std') % 2**48:016x}" if self.build.symbols_only else ""
        return [self.frame(name + (h if "::" in name else ""), module, False) for name in names]

    def rust_panic(self, *names):
        new = likely(0.5, self.build.name, "rustc")
        chain = ["panic_abort::__rust_start_panic::abort" if new else "std::sys::unix::abort_internal", "__rust_start_panic", "rust_panic",
                 "std::panicking::rust_panic_with_hook", "std::panicking::begin_panic_handler::{{closure}}",
                 "std::sys::backtrace::__rust_end_short_backtrace" if new else "std::sys_common::backtrace::__rust_end_short_backtrace",
                 "rust_begin_unwind", "core::panicking::panic_fmt"]
        self.signal = 6
        return self.abort() + self.panic(*chain, *names)

    def crash_unwrap(self):
        if self.bug.program.language == "go":
            self.program_said(f"panic: interface conversion: interface {{}} is nil, not *main.{self.bug.detail['what'][8:].title()}")
            return self.go_panic("runtime.panicdottypeE")
        self.program_said(self.panicked("called `Option::unwrap()` on a `None` value"))
        new = likely(0.5, self.build.name, "rustc")
        frames = self.rust_panic("core::panicking::panic", *(["core::option::unwrap_failed"] if new else []))
        return frames + self.library_frames("core::option::Option<{T}>::unwrap")

    def crash_bounds(self):
        if self.bug.program.language == "go":
            self.program_said(f"panic: runtime error: index out of range [{self.number()}] with length {self.number()}\n\ngoroutine {self.number()} [running]:")
            return self.go_panic("runtime.goPanicIndex")
        self.program_said(self.panicked(f"index out of bounds: the len is {self.number()} but the index is {self.number()}"))
        return self.rust_panic("core::panicking::panic_bounds_check") + self.library_frames(
            "<usize as core::slice::index::SliceIndex<[T]>>::index", "core::slice::index::<impl core::ops::index::Index<I> for [T]>::index",
            "<alloc::vec::Vec<{T}> as core::ops::index::Index<I>>::index")

    def crash_explicit(self):
        text = self.bug.detail["panic"]
        if self.bug.program.language == "go":
            self.program_said(f"panic: {text} {self.number()}\n\ngoroutine {self.number()} [running]:")
            return self.go_panic()
        self.program_said(self.panicked(f"{text}: {self.number()}"))
        return self.rust_panic()

    def crash_nil(self):
        self.program_said("panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation"
                          f" code=0x1 addr={hex(self.number())} pc={hex(self.number())}]")
        self.signal = 6
        return self.go_panic("runtime.panicmem", "runtime.sigpanic")

    def go_panic(self, *names):
        self.signal = 6
        old = likely(0.4, self.build.name, "go")
        tail = [".abi0"] if not old else [""]
        chain = ["runtime.raise" + tail[0], "runtime.dieFromSignal", "runtime.crash", "runtime.fatalpanic"]
        if self.random.random() < 0.3:
            chain = ["runtime.raise" + tail[0], "runtime.dieFromSignal", "runtime.sigfwdgo", "runtime.sigtrampgo", "runtime.sigtramp" + tail[0],
                     "runtime.raise" + tail[0], "runtime.crash", "runtime.fatalpanic"]
        return self.panic(*chain, "runtime.gopanic", *names)

    def panicked(self, text):
        f = self.bug.culprit
        place = f"{f.file}:{self.bug.detail['line'] + self.build.shift}:{self.number() % 40}"
        thread = self.random.choice(["main", "worker-3", "tokio-runtime-worker"])
        if likely(0.5, self.build.name, "rustc"):
            return f"thread '{thread}' panicked at {place}:\n{text}"
        return f"thread '{thread}' panicked at '{text}', {place}"

    def library_frames(self, *names):
        """Of a header, compiled into the program: of an optimised build, only debug information knows them."""
        path = self.build.folder + self.build.program.name
        if self.build.optimised and self.build.symbols_only:
            return []
        frames = [self.frame(name.replace("{T}", self.argument), path, False) for name in names]
        return [dict(f, inline=True) for f in frames] if self.build.optimised else frames

    def asan(self):
        self.signal = 6
        self.build.name += " asan"
        word = {"heap": "attempting double-free", "string": "heap-buffer-overflow"}.get(self.bug.kind, "heap-use-after-free")
        if self.bug.kind == "null":
            word = "SEGV"
        self.message = f"=={self.number()}==ERROR: AddressSanitizer: {word} on address 0x60{self.number():010x} at pc 0x{self.number():012x}"
        top = {"heap": ["__asan::ReportDoubleFree(unsigned long, __sanitizer::BufferedStackTrace*)", "__interceptor_free"],
               "string": ["__asan::ReportGenericError(unsigned long)", "__interceptor_memcpy"]}.get(
                   self.bug.kind, ["__asan::ReportGenericError(unsigned long)", "__asan_report_load8"])
        if self.bug.kind == "null":
            top = ["__asan::ReportDeadlySignal(__sanitizer::SignalContext const&)", "__asan::AsanOnDeadlySignal(int, void*, void*)",
                   "<signal handler called>"]
        return self.abort() + self.system("__sanitizer::Abort()", "__sanitizer::Die()", "__asan::ScopedInErrorReport::~ScopedInErrorReport()",
                                          *top, module="libasan.so.8")

    def number(self):
        return self.random.randrange(1, 10**6)

    def crash(self):
        if self.bug.kind in ("null", "heap", "string") and self.bug.program.language in ("c", "cpp") and self.by(self.mix["asan"], "ASan"):
            return self.asan()
        return getattr(self, "crash_" + self.bug.kind)()

    # --- Who called ---

    def start(self):
        if self.build.libc == "musl":
            return self.system("libc_start_main_stage2", "__libc_start_main") + self.panic("_start")
        if self.build.libc.startswith("old"):
            return self.system("__libc_start_main") + self.panic("_start")
        return self.system("__libc_start_call_main", self.random.choice(["__libc_start_main_impl", "__libc_start_main@@GLIBC_2.34"])) + self.panic("_start")

    def thread_start(self):
        return self.system("start_thread", self.random.choice(["clone", "clone3", "__clone"]))

    def entry(self):
        way = self.bug.program.entry
        if self.by(self.mix["other_entry"], "another entry"):
            way = self.random.choice(["loop", "pool", "plain"])
        return getattr(self, f"entry_{self.bug.program.language}")(way)

    def entry_c(self, way):
        if way == "plain":
            return self.panic("main") + self.start()
        if way == "pool":
            return self.random.choice([self.panic("worker_main"), self.system("g_thread_pool_thread_proxy", "g_thread_proxy", module=GLIB)]) + self.thread_start()
        signal = self.system("g_closure_invoke", "signal_emit_unlocked_R", "g_signal_emit_valist", "g_signal_emit", module=GLIB)
        signal = self.random.choice([[], signal, self.system("g_timeout_dispatch", module=GLIB), self.system("g_idle_dispatch", module=GLIB)])
        loop = self.random.choice([["g_main_dispatch", "g_main_context_dispatch", "g_main_context_iterate.isra.0", "g_main_loop_run"],
                                   ["g_main_context_dispatch_unlocked", "g_main_context_iterate_unlocked.isra.0", "g_main_context_iteration"],
                                   ["g_main_context_dispatch", "g_main_context_iterate", "g_main_context_iteration"]])
        top = self.random.choice([self.system("gtk_main", module="libgtk-3.so.0"), self.system("g_application_run", module=GLIB), []])
        return signal + self.system(*loop, module=GLIB) + top + self.panic("main") + self.start()

    def entry_cpp(self, way):
        if way == "plain":
            return self.panic("main") + self.start()
        if way == "pool":
            own = self.library_frames("std::__invoke_impl<void, {T}>", "std::thread::_Invoker<std::tuple<{T}> >::operator()")
            state = self.panic("std::thread::_State_impl<std::thread::_Invoker<std::tuple<main::{lambda()#1}> > >::_M_run()")
            run = self.system(self.random.choice(["execute_native_thread_routine", "std::execute_native_thread_routine"]), module="libstdc++.so.6")
            return self.random.choice([own + state + run, self.system("QThreadPrivate::start(void*)", module=QT)]) + self.thread_start()
        slot = self.random.choice([["QMetaObject::activate(QObject*, int, int, void**)"], ["doActivate<false>(QObject*, int, void**)", "QObject::event(QEvent*)"],
                                   ["QtPrivate::QSlotObjectBase::call(QObject*, void**)", "QObject::event(QEvent*)"]])
        loop = self.random.choice([["QEventDispatcherGlib::processEvents(QFlags<QEventLoop::ProcessEventsFlag>)"],
                                   ["QEventDispatcherUNIX::processEvents(QFlags<QEventLoop::ProcessEventsFlag>)"]])
        return self.system(*slot, "QCoreApplication::notifyInternal2(QObject*, QEvent*)",
                           "QCoreApplicationPrivate::sendPostedEvents(QObject*, int, QThreadData*)", *loop,
                           "QEventLoop::exec(QFlags<QEventLoop::ProcessEventsFlag>)", "QCoreApplication::exec()", module=QT) + self.panic("main") + self.start()

    def entry_rust(self, way):
        name = self.bug.program.name
        lang = ["std::rt::lang_start::{{closure}}", "std::rt::lang_start_internal", "std::rt::lang_start"]
        begin = self.random.choice(["std::sys::backtrace::__rust_begin_short_backtrace", "std::sys_common::backtrace::__rust_begin_short_backtrace"])
        if way == "pool":
            return self.panic("core::ops::function::FnOnce::call_once", begin, "core::ops::function::FnOnce::call_once{{vtable.shim}}",
                              "std::sys::unix::thread::Thread::new::thread_start") + self.thread_start()
        if way == "loop":
            tokio = self.panic("tokio::runtime::task::core::Core<T,S>::poll", "tokio::runtime::task::harness::Harness<T,S>::poll",
                               "tokio::runtime::scheduler::multi_thread::worker::Context::run_task", "tokio::runtime::task::raw::poll")
            return tokio + self.panic(begin, "std::sys::unix::thread::Thread::new::thread_start") + self.thread_start()
        return self.panic(f"{name}::main", "core::ops::function::FnOnce::call_once", begin, *lang, "main") + self.start()

    def entry_go(self, way):
        if way == "plain":
            return self.panic("main.main", "runtime.main", "runtime.goexit.abi0")
        if way == "pool":
            return self.panic("main.(*Pool).run.func1", "runtime.goexit")
        return self.panic("net/http.HandlerFunc.ServeHTTP", "net/http.(*ServeMux).ServeHTTP", "net/http.serverHandler.ServeHTTP",
                          "net/http.(*conn).serve", "net/http.(*Server).Serve.func3", "runtime.goexit.abi0")

    # --- The whole ---

    def place(self, frames):
        """Gives each frame the offset of its call: the same function calls from many places. What is inlined has its offset from the
        frame that it is in."""
        callee, pending = "the fault", []
        for frame in frames:
            name, site = frame.pop("is", ""), frame.pop("site", callee)
            pending.append(frame)
            if "build_id" in frame and not frame.get("inline"):
                offset = self.build.offset(frame["module"], name, site)
                for f in pending:
                    f.update(module=frame["module"], build_id=frame["build_id"], offset=offset)
                pending = []
            callee = name if not frame.get("inline") else site

    def without_names(self, frames):
        """As it is when the program's file was not to be had: what was inlined is gone, too."""
        own = self.build.folder + self.bug.program.name
        return [{key: f[key] for key in ("module", "build_id", "offset")} if f.get("module") == own else f
                for f in frames if f.get("module") != own or not f.get("inline")]

    def stack(self):
        reporting = self.crash()
        own, entry = self.path(), self.entry()
        frames = reporting + own + entry
        if self.by(self.mix["truncated"], "truncated"):
            frames = frames[:len(reporting) + self.random.randint(2, 6)]
        if self.by(self.mix["garbage"], "garbage below"):
            frames = frames[:len(reporting) + max(3, len(own) - 1)] + [{"offset": hex(self.number())} for _ in range(2)]
        self.place(frames)
        if self.by(self.mix["program_unnamed"], "program without symbols"):
            frames = self.without_names(frames)
        stack = {"signal": self.signal, "executable": self.build.folder + self.bug.program.name, "frames": frames}
        if self.signal == 11:
            stack["si_code"] = 1
        if self.message:
            stack["message"] = self.message
        return stack
