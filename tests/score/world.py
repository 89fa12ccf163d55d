# SPDX-License-Identifier: Apache-2.0
"""Programs that never were: a language, modules, functions in layers that call each other, and bugs in some of them. What
is fixed for all crashes of a bug is made here; how one crash of it looks is occurrence.py's."""

from dataclasses import dataclass, field

LAYERS = 9  # of calls between the entry and the deepest function


@dataclass
class Function:
    name: str               # as its symbol is demangled, {T} for a template argument
    arguments: str
    file: str
    line: int
    library: str            # "" for the program itself
    layer: int
    callers: list = field(default_factory=list)
    template: bool = False


@dataclass
class Bug:
    id: str
    program: "Program"
    culprit: Function
    kind: str
    fixed: list             # callers that all occurrences share, innermost first
    detail: dict            # what its message says
    above: list = ()        # helpers in which the crash itself is, innermost first
    only_message: bool = False
    recursive: list = ()    # functions of a recursion, between the fixed callers and the others
    partner: Function = None


@dataclass
class Program:
    name: str
    language: str
    layers: list
    helpers: list
    bugs: list
    entry: str
    versions: int


class World:
    def __init__(self, random, words, mix):
        self.random, self.words, self.mix = random, words, mix
        self.programs = []
        languages = weighted_list(mix["languages"], len(words["programs"]))
        for name, language in zip(words["programs"], languages):
            self.programs.append(self.program(name, language))

    # --- Functions ---

    def program(self, name, language):
        program = Program(name, language, [], [], [], self.random.choice(["loop", "loop", "pool", "plain"]), self.random.randint(3, 6))
        used = set()
        libraries = self.random.sample(self.words["libraries"], 2)
        for layer in range(LAYERS):
            functions = []
            for _ in range(4 + 3 * layer):
                library = self.random.choice(libraries) if layer > 5 and self.random.random() < 0.25 else ""
                functions.append(self.function(program, layer, library, used))
            program.layers.append(functions)
        for upper, lower in zip(program.layers, program.layers[1:]):
            for f in lower:
                f.callers = self.random.sample(upper, min(len(upper), self.random.choice([1, 1, 2, 2, 3, 4])))
        for helper in self.words["helpers"]:
            program.helpers.append(Function(helper_name(program, helper), "(void *)", f"src/{helper}.c", 40, "", LAYERS))
        self.add_bugs(program)
        return program

    def function(self, program, layer, library, used):
        while True:
            subsystem = self.random.choice(self.words["subsystems"])
            verb, noun = self.random.choice(self.words["verbs"]), self.random.choice(self.words["nouns"])
            f = getattr(self, "function_" + program.language)(program, subsystem, verb, noun)
            if f.name not in used:
                used.add(f.name)
                f.layer, f.library = layer, library
                return f

    def function_c(self, _, subsystem, verb, noun):
        name = self.random.choice([f"{subsystem}_{noun}_{verb}", f"{verb}_{noun}", f"{subsystem}_{verb}_{noun}"])
        return Function(name, "", f"src/{subsystem}.c", self.random.randint(20, 900), "", 0)

    def function_cpp(self, program, subsystem, verb, noun):
        space, cls, method = self.random.choice([program.name, subsystem]), noun.capitalize(), verb
        template = self.random.random() < 0.2
        arguments = self.random.choice(["()", "(int)", "(std::string const&)", f"({space}::{cls} const*, unsigned long)", "() const"])
        name = self.random.choice([f"{space}::{cls}::{method}", f"{space}::{cls}{subsystem.capitalize()}::{method}{noun.capitalize()}",
                                   f"{space}::(anonymous namespace)::{method}{cls}{subsystem.capitalize()}",
                                   f"{space}::{method}_{noun}()::{{lambda()#1}}::operator()"])
        if name.endswith("operator()"):
            arguments = "() const"
        elif template:
            name = name.replace(cls + "::", cls + "<{T}>::", 1) if f"::{cls}::" in name else name + "<{T}>"
        return Function(name, arguments, f"src/{subsystem}/{noun}.cpp", self.random.randint(20, 900), "", 0, template=template)

    def function_rust(self, program, subsystem, verb, noun):
        crate = program.name
        name = self.random.choice([f"{crate}::{subsystem}::{verb}_{noun}", f"{crate}::{subsystem}::{noun.capitalize()}::{verb}",
                                   f"<{crate}::{subsystem}::{noun.capitalize()} as {crate}::Handler>::{verb}",
                                   f"{crate}::{subsystem}::{verb}_{noun}::{{{{closure}}}}",
                                   f"{crate}::{subsystem}::{noun.capitalize()}<{{T}}>::{verb}"])
        return Function(name, "", f"src/{subsystem}.rs", self.random.randint(20, 900), "", 0, template="{T}" in name)

    def function_go(self, program, subsystem, verb, noun):
        package = self.random.choice(["main", f"example.org/{program.name}/{subsystem}"])
        method = verb.capitalize() + noun.capitalize()
        name = self.random.choice([f"{package}.{verb}{noun.capitalize()}", f"{package}.(*{noun.capitalize()}).{verb.capitalize()}",
                                   f"{package}.{method}", f"{package}.{method}.func1"])
        return Function(name, "", f"{subsystem}/{noun}.go", self.random.randint(20, 900), "", 0)

    # --- Bugs ---

    def add_bugs(self, program):
        deep = [f for layer in program.layers[3:] for f in layer]
        self.random.shuffle(deep)
        for _ in range(self.random.randint(*self.mix["bugs_per_program"])):
            bug = self.bug(program, deep.pop(), None)
            if self.random.random() < self.mix["twin"]:
                self.add_twin(program, bug)
            elif self.random.random() < self.mix["other_kind"] and program.language in ("c", "cpp"):
                self.add_other_kind(program, bug)
            if self.random.random() < self.mix["sibling"] and len(bug.fixed) > 1:
                self.bug(program, deep.pop(), bug.fixed)

    def bug(self, program, culprit, fixed):
        kind = self.kind(program.language)
        if fixed is None:
            fixed = self.walk(culprit, weighted(self.random, self.mix["fixed_callers"]))
        bug = Bug(f"{program.name}-{len(program.bugs)}", program, culprit, kind, list(fixed), self.detail(culprit))
        if self.random.random() < self.mix["helper"].get(kind, 0):
            bug.above = self.random.sample(program.helpers, 2 if self.random.random() < 0.3 else 1)
        if kind == "overflow":
            bug.partner = self.random.choice(program.layers[culprit.layer]) if self.random.random() < 0.5 else None
        elif self.random.random() < self.mix["recursive_callers"]:
            bug.recursive = self.random.sample(program.layers[2], self.random.choice([1, 1, 2]))
        program.bugs.append(bug)
        return bug

    def add_other_kind(self, program, bug):
        """In the same function, under the same callers, but it dies in another way."""
        other = {"null": "assertion", "assertion": "null", "exception": "null", "fpe": "heap"}.get(bug.kind)
        if other:
            program.bugs.append(Bug(f"{program.name}-{len(program.bugs)}", program, bug.culprit, other, bug.fixed, bug.detail,
                                    bug.above, recursive=bug.recursive))

    def add_twin(self, program, bug):
        if bug.kind not in ("assertion", "exception"):
            return
        twin = Bug(f"{program.name}-{len(program.bugs)}", program, bug.culprit, bug.kind, bug.fixed, self.detail(bug.culprit))
        while twin.detail[bug.kind] == bug.detail[bug.kind]:
            twin.detail = self.detail(bug.culprit)
        twin.recursive, twin.above = bug.recursive, bug.above
        twin.only_message = bug.only_message = True
        program.bugs.append(twin)

    def kind(self, language):
        kinds = dict(self.mix["class"])
        if language == "c":
            for other in ("exception", "pure", "template"):
                kinds.pop(other)
        if language in ("rust", "go"):
            return self.random.choice(["unwrap", "bounds", "explicit", "bounds", "null" if language == "rust" else "nil"])
        return weighted_key(self.random, kinds)

    def detail(self, culprit):
        a, b = self.random.sample(self.words["nouns"], 2)
        return {
            "assertion": self.random.choice([f"{a} != NULL", f"{a}->{b} < MAX", f"!{a}_empty({b})", f"{a}.size() == {b}.size()",
                                             f"{b} >= 0 && {b} < n_{a}s"]),
            "exception": self.random.choice(["std::out_of_range", "std::runtime_error", "std::bad_alloc", "std::logic_error",
                                             f"{a.capitalize()}Error"]),
            "what": f"no such {a}", "panic": f"{a} without {b}", "line": culprit.line + self.random.randint(2, 30),
        }

    def walk(self, f, n):
        """n callers outward, fewer when the entry is reached."""
        path = []
        while f.callers and len(path) < n:
            f = self.random.choice(f.callers)
            path.append(f)
        return path


def helper_name(program, helper):
    if program.language == "cpp":
        return f"util::{helper}"
    if program.language == "rust":
        return f"util::{helper}"
    return f"main.{helper}" if program.language == "go" else helper


def weighted(random, weights):
    return random.choices(range(len(weights)), weights)[0]


def weighted_key(random, table):
    return random.choices(list(table), list(table.values()))[0]


def weighted_list(table, n):
    """n keys in the proportions of the table, none left out that has a share."""
    total = sum(table.values())
    keys = [key for key, weight in table.items() for _ in range(round(weight * n / total))]
    return (keys + [next(iter(table))] * n)[:n]
