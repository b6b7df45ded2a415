"""Matches the rows of a file with the parts that exist already, by their names."""

import re
from collections import defaultdict
from difflib import SequenceMatcher

from django.utils.text import slugify

SIMILAR = 0.8
DIGITS = re.compile(r"\d+")  # Etapp 1 and Etapp 2 are different names
# Each character of the names without a match may be compared with each of the existing names without one.
MOST_COMPARISONS = 10_000_000


def compact(name):
    """Return `name` in lower case, with single spaces and without a colon at its end."""
    return " ".join((name or "").lower().split()).rstrip(":")


def match_by_name(names, existing_names):
    """Return the index in `existing_names` for each of `names`, or None. The same name matches in order."""
    waiting = defaultdict(list)
    for index, name in enumerate(existing_names):
        waiting[compact(name)].append(index)
    return [waiting[compact(name)].pop(0) if waiting[compact(name)] else None for name in names]


def similar_names(names, existing_names):
    """Return the index in `existing_names` of the most similar name for each of `names`, or None.

    The closest pairs are chosen first, and each name is in one pair at most.
    """
    if sum(map(len, names)) * sum(map(len, existing_names)) > MOST_COMPARISONS:
        return [None] * len(names)
    pairs = []
    matcher = SequenceMatcher(autojunk=False)
    for new, name in enumerate(map(compact, names)):
        matcher.set_seq2(name)
        for old, existing in enumerate(map(compact, existing_names)):
            matcher.set_seq1(existing)
            if DIGITS.findall(name) != DIGITS.findall(existing):
                continue
            if starts_alike(name, existing):
                pairs.append((-SIMILAR, new, old))
            elif (
                matcher.real_quick_ratio() >= SIMILAR
                and matcher.quick_ratio() >= SIMILAR
                and (ratio := matcher.ratio()) >= SIMILAR
            ):
                pairs.append((-ratio, new, old))
    chosen, taken = [None] * len(names), set()
    for _ratio, new, old in sorted(pairs):
        if chosen[new] is None and old not in taken:
            chosen[new] = old
            taken.add(old)
    return chosen


def starts_alike(name, other):
    """Tell whether one of the names is the beginning of the other, up to a word."""
    short, long = sorted((name, other), key=len)
    return len(short) > 5 and long.startswith(f"{short} ")


def free_code(name, taken, *, length=100, fallback="rad"):
    """Return a slug made of `name` that isn't in the set `taken`, and add it to `taken`."""
    base = slugify(name)[: length - 5].strip("-") or fallback
    code, number = base, 1
    while code in taken:
        number += 1
        code = f"{base}-{number}"
    taken.add(code)
    return code
