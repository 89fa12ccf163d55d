# SPDX-License-Identifier: Apache-2.0
"""Words of generated programs, and how often what happens to them. HELD is for measuring only: nothing is fitted to it."""

DEV = {
    "programs": ["ledgerd", "photoroom", "netmap", "quill", "tidewatch", "carillon", "beacond", "forge", "mosaic", "sextant",
                 "postern", "windlass", "harbour", "lantern"],
    "subsystems": ["cache", "codec", "config", "index", "layout", "network", "parser", "plugin", "queue", "render", "session",
                   "storage", "store", "sync", "timer", "view"],
    "verbs": ["add", "apply", "build", "check", "close", "commit", "copy", "decode", "destroy", "emit", "flush", "handle", "insert",
              "load", "lookup", "merge", "open", "parse", "process", "read", "release", "remove", "resolve", "send", "update",
              "validate", "visit", "write"],
    "nouns": ["account", "block", "buffer", "chunk", "client", "cursor", "entry", "event", "field", "frame", "glyph", "header",
              "image", "item", "key", "layer", "message", "node", "packet", "page", "record", "region", "request", "row", "slot",
              "stream", "table", "token", "widget"],
    "types": ["int", "double", "std::string", "Record", "unsigned long", "Widget*", "std::pair<int, int>", "char const*"],
    "helpers": ["list_append", "str_dup", "ref_get", "hash_get", "vec_push"],
    "libraries": ["libpixel", "libwire", "libformat", "libgrove"],
}
HELD = {
    "programs": ["cinnabar", "ostler", "plumbline", "gantry", "meridian", "taproot", "wherry", "sluice", "basalt", "fathom",
                 "orrery", "thistle", "vellum", "abacusd", "kestrel", "junction"],
    "subsystems": ["audio", "auth", "backup", "billing", "catalog", "channel", "crypto", "display", "export", "geometry", "history",
                   "import", "journal", "mixer", "monitor", "printer", "route", "scene", "search", "shader", "spool", "thread"],
    "verbs": ["acquire", "allocate", "append", "attach", "begin", "bind", "cancel", "collect", "compare", "connect", "convert",
              "create", "dispatch", "drain", "encode", "evaluate", "expand", "fetch", "finish", "format", "init", "match", "move",
              "notify", "push", "query", "rebuild", "recv", "scan", "shift", "split", "start", "store", "swap", "trim", "unref"],
    "nouns": ["actor", "arc", "batch", "bucket", "button", "cell", "certificate", "column", "context", "device", "digest", "edge",
              "font", "group", "handle", "job", "label", "ledger", "lock", "matrix", "menu", "mesh", "model", "object", "option",
              "path", "pixel", "pool", "port", "property", "rule", "sample", "shape", "socket", "span", "state", "surface", "task",
              "tile", "track", "value", "vertex", "voice", "volume"],
    "types": ["float", "long", "Shape", "std::vector<int>", "Matrix<double, 4>", "bool", "std::shared_ptr<Node>", "QString",
              "std::map<int, std::string>"],
    "helpers": ["util_strdup", "array_grow", "object_unref", "map_find", "buf_reserve", "node_next"],
    "libraries": ["libmosquito", "librender2d", "libaudiocore", "libkit", "libtransport"],
}

# How a population is made: likelihoods, unless a range or a list of weights.
DEV_MIX = {
    "bugs_per_program": (12, 17),
    "languages": {"c": 5, "cpp": 6, "rust": 3, "go": 2},
    "occurrences": (3, 34),
    "fixed_callers": [6, 14, 25, 22, 18, 15],  # weight of so many callers that are the same in all occurrences
    "class": {"null": 30, "abort": 5, "assertion": 16, "heap": 10, "exception": 12, "overflow": 5, "fpe": 3, "pure": 2, "smash": 2,
              "string": 7, "template": 6},
    # The crash is in a helper that other bugs crash in, by class.
    "helper": {"null": 0.3, "heap": 0.15, "assertion": 0.12, "bounds": 0.12, "nil": 0.25, "string": 0.15},
    "twin": 0.10,             # a second bug in the same function, told by its message only
    "other_kind": 0.08,       # a second bug in the same function, of another class
    "sibling": 0.15,          # another bug under the same callers
    "other_entry": 0.25,      # an occurrence comes from another thread or event loop
    "symbols_only": 0.12,     # of builds: without debug information, so no inlined frames
    "optimised": 0.7,         # of builds
    "inlined": 0.12,          # of functions in an optimised build
    "inlined_culprit": 0.5,   # how likely, when that build would inline the culprit, it really does
    "tail_call": 0.04,        # of frames in an optimised build
    "suffix": 0.15,           # of functions in an optimised build
    "system_unnamed": 0.15,   # of occurrences: system libraries without symbols
    "library_unnamed": 0.06,  # of occurrences: the program's library without symbols
    "program_unnamed": 0.06,  # of occurrences: the program itself without symbols
    "truncated": 0.05,
    "garbage": 0.04,          # frames without anything below the last good one
    "asan": 0.06,
    "wrapper": 0.3,           # of allocations: through wrappers
    "no_message": 0.25,       # of messages that only standard error had
    "recursive_callers": 0.12,  # of bugs: below a walk through a tree
}
HELD_MIX = dict(DEV_MIX, bugs_per_program=(9, 16), occurrences=(2, 22), fixed_callers=[8, 12, 22, 24, 20, 14],
                languages={"c": 6, "cpp": 7, "rust": 2, "go": 3}, twin=0.08, sibling=0.2, other_entry=0.35,
                symbols_only=0.2, optimised=0.8, inlined=0.16, tail_call=0.06, suffix=0.2, system_unnamed=0.25, library_unnamed=0.08,
                truncated=0.06, asan=0.04, no_message=0.4,
                **{"helper": {"null": 0.35, "heap": 0.2, "assertion": 0.15, "bounds": 0.1, "nil": 0.3, "string": 0.2},
                   "class": {"null": 36, "abort": 7, "assertion": 12, "heap": 13, "exception": 10, "overflow": 4, "fpe": 3, "pure": 3,
                             "smash": 2, "string": 6, "template": 4}})

PROFILES = {  # seed, words, mix
    "generated": (20240601, DEV, DEV_MIX),
    "held-generated-1": (7, HELD, HELD_MIX),
    "held-generated-2": (424242, HELD, dict(HELD_MIX, occurrences=(2, 60), asan=0.1, symbols_only=0.1)),
    "held-generated-3": (99991, DEV, DEV_MIX),
}
