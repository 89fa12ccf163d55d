# SPDX-License-Identifier: Apache-2.0
"""How good the detector of groups of several bugs is: whom it flags, of groups that hold several and of groups that hold one.

Corral's own groups hold one bug nearly always, so that they tell of false alarms. Groups of several are made of the same stacks
by counting fewer frames than Corral does: one, as if two bugs met in one caller; and none within one program and class, as if all
its crashes ended in a function of which no rule knows that it only reports them.

naive     two camps by a frame, the signal or the program that have a fifth of the events each, and two stacks or ten events"""

import json
import os
import subprocess
from collections import Counter
from itertools import groupby
from typing import NamedTuple

LEAST = 4        # stacks of a group that is looked at
FRAMES = 8


class Group(NamedTuple):
    name: str
    rows: list   # as the database has them
    bugs: list   # of each crash


class Found(NamedTuple):
    precision: float  # of those flagged, that hold several bugs
    recall: float     # of those that hold several, that are flagged
    several: int
    pure: int
    flagged: int      # of several
    alarms: int       # of pure


# --- Groups ---


def program(item):
    return (item.stack.get("executable") or "").split("/")[-1]


def kept_names(item):
    return [f.get("name") for f in item.frames if f["verdict"] == "kept"]


def one_frame(item):
    names = kept_names(item)
    return (item.answer["class"], names[0]) if names and names[0] else None


def no_frame(item):
    return (item.answer["class"], program(item)) if kept_names(item) else None


WAYS = [("own", None, lambda item: item.groups["corral"]), ("one frame", 1, one_frame), ("no frame", 0, no_frame)]


def demoted(frames, n):
    """With no more than n kept frames: the others would have counted, if more did."""
    kept = 0
    for frame in frames:
        if frame["verdict"] == "kept":
            kept += 1
            if n is not None and kept > n:
                frame = {**frame, "verdict": "limit"}
        yield frame


def row(item, kept):
    facts = {key: item.stack[key] for key in ("message", "executable") if item.stack.get(key)}
    facts["signal"] = item.answer.get("signal") or item.stack.get("signal") or 0
    judged = {"class": item.answer["class"], **({"tag": item.answer["tag"]} if item.answer.get("tag") else {})}
    return {"frames": list(demoted(item.frames, kept)), "facts": facts, "judged": judged}


def groups(items):
    """All that are large enough and hold clearly one bug, or clearly several."""
    for way, kept, key_of in WAYS:
        keyed = sorted(((json.dumps((way, item.set, key_of(item))), item) for item in items if key_of(item)), key=lambda pair: pair[0])
        for name, pairs in groupby(keyed, key=lambda pair: pair[0]):
            members = [item for _, item in pairs]
            bugs = Counter(item.bug for item in members).most_common()
            others = sum(n for _, n in bugs[1:])
            if len(members) >= LEAST and (not others or (bugs[1][1] > 1 and others >= len(members) / 10)):
                counts = Counter(json.dumps(row(item, kept)) for item in members)
                yield Group(name, [{**json.loads(text), "events": n} for text, n in counts.items()], [item.bug for item in members])


# --- Who flags ---


def detector(tool, found):
    lines = "".join(json.dumps({"group": g.name, **r}) + "\n" for g in found for r in g.rows)
    run = subprocess.run([tool], input=lines, text=True, capture_output=True, check=True)
    return {answer["group"] for answer in map(json.loads, run.stdout.splitlines()) if answer["hint"]}


def selectors(stack):
    behind = [f.get("name") or (f.get("module") or "").split("/")[-1] for f in stack["frames"] if f["verdict"] == "limit"]
    behind = (behind + [""] * FRAMES)[:FRAMES]
    return [*behind, stack["facts"]["signal"], (stack["facts"].get("executable") or "").split("/")[-1]]


def is_naive(group):
    for values in zip(*(selectors(r) for r in group.rows)):
        events, stacks = Counter(), Counter(values)
        for value, r in zip(values, group.rows):
            events[value] += r["events"]
        camps = [v for v in events if v and events[v] >= len(group.bugs) / 5 and (stacks[v] > 1 or events[v] >= 10)]
        if len(camps) > 1:
            return True
    return False


def measured(several, pure, flagged, alarms):
    precision = flagged / (flagged + alarms) if flagged + alarms else 1.0
    return Found(precision, flagged / several if several else 1.0, several, pure, flagged, alarms)


def judge(found, flagged):
    several = {g.name for g in found if len(set(g.bugs)) > 1}
    pure = {g.name for g in found} - several
    return measured(len(several), len(pure), len(several & flagged), len(pure & flagged))


def together(sets):
    """Of the answers for several sets, that for all of them: no group is of two sets."""
    return {who: measured(*(sum(getattr(s[who], field) for s in sets if s) for field in Found._fields[2:]))
            for who in next(filter(None, sets), {})}


def detect(items):
    """{who: Found}; {} where the tool is not built."""
    tool = os.path.join(os.environ.get("BUILD", "build/release"), "tests/lib/detector-tool")
    found = list(groups(items))
    if not os.path.exists(tool) or not found:
        return {}
    return {"detector": judge(found, detector(tool, found)), "naive": judge(found, {g.name for g in found if is_naive(g)})}
