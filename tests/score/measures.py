# SPDX-License-Identifier: Apache-2.0
"""How far a grouping agrees with the truth, both given as one label an item.

All measures count pairs of items. A pair is true when both have one bug, found when both are in one group. Precision is the
part of found pairs that is true (what was merged wrongly lowers it), recall the part of true pairs that is found (what was
split lowers it), F1 their harmonic mean. The adjusted Rand index is 1 for equality and about 0 for chance. Counts come from
the table of bugs by groups, so that the time is linear in the items."""

from collections import Counter
from typing import NamedTuple


class Measures(NamedTuple):
    precision: float
    recall: float
    f1: float
    ari: float


def pairs(n):
    return n * (n - 1) // 2


def measure(bugs, groups):
    both = sum(pairs(n) for n in Counter(zip(bugs, groups)).values())
    true = sum(pairs(n) for n in Counter(bugs).values())
    found = sum(pairs(n) for n in Counter(groups).values())
    precision = both / found if found else 1.0
    recall = both / true if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    chance = true * found / pairs(len(bugs)) if len(bugs) > 1 else 0.0
    most = (true + found) / 2
    ari = (both - chance) / (most - chance) if most != chance else 1.0
    return Measures(precision, recall, f1, ari)


def split_bugs(bugs, groups):
    """[(pairs lost, bug, {group: items})], the worst first."""
    table = {}
    for bug, group in zip(bugs, groups):
        table.setdefault(bug, Counter())[group] += 1
    lost = [(pairs(sum(c.values())) - sum(map(pairs, c.values())), bug, dict(c)) for bug, c in table.items()]
    return sorted((entry for entry in lost if entry[0]), key=lambda entry: (-entry[0], str(entry[1])))


def merged_groups(bugs, groups):
    """[(pairs wrongly found, group, {bug: items})], the worst first."""
    return split_bugs(groups, bugs)
