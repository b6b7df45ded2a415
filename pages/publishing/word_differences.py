"""The differences between two texts, word by word, as segments that any page can render.

Knows nothing of HTML output, the admin or models: texts go in, and lists of `Segment` come out.
"""

import re
from difflib import SequenceMatcher
from html import unescape
from typing import NamedTuple

from pages.publishing.richtext import text_of

SAME, REMOVED, ADDED = "same", "removed", "added"

# Numbers such as 6 198,0 are one word each.
WORDS = re.compile(r"\d+(?:[\xa0,.]\d+)*|\s+|\w+|[^\w\s]")

# Above this many words in a stretch of lines, whole lines are compared: the time grows with the square.
MAX_WORDS = 4000


class Segment(NamedTuple):
    """A stretch of text, with its spaces and line breaks, and SAME, REMOVED or ADDED."""

    change: str
    text: str


def word_differences(before, after):
    """Return the Segments that make up the texts `before` and `after`, in reading order.

    The texts of all segments that aren't REMOVED make up `after`; those that aren't ADDED, `before`. Lines
    are compared first and words only in lines that differ, which is faster for long texts.
    """
    segments = []
    for old, new in _differing_stretches(before.splitlines(True), after.splitlines(True)):
        if old == new:
            segments.append(Segment(SAME, new))
        else:
            segments += _differing_words(old, new)
    return segments


def rich_text_differences(before, after):
    """Return the same as `word_differences` for the readable texts of stored rich text.

    Formatting is left out, so two rich texts that differ in nothing else have only SAME segments.
    """
    return word_differences(readable_text(before), readable_text(after))


def readable_text(html):
    """Return stored rich text as a reader can compare it: a line a block, with addresses after links."""
    html = re.sub(
        r'<a\b[^>]*\bhref="([^"]*)"[^>]*>(.*?)</a>',
        lambda link: (
            link[2] if unescape(link[2]) in unescape(link[1]) else f"{link[2]} ({link[1]})"
        ),
        html,
        flags=re.DOTALL,
    )
    html = re.sub(r"<li>(?:<p>)?", "<li>• ", html)
    return text_of(re.sub(r"</t[hd]>(?=<t)", " | ", html))


def _differing_stretches(old, new):
    """Yield pairs of texts, before and after, for each stretch of the lists of lines `old` and `new`."""
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "replace" and b - a == d - c:
            yield from zip(old[a:b], new[c:d], strict=True)
        else:
            yield "".join(old[a:b]), "".join(new[c:d])


def _differing_words(before, after):
    old, new = (WORDS.findall(text) for text in (before, after))
    if len(old) + len(new) > MAX_WORDS:
        return _removed_and_added(before, after)
    segments = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            segments.append(Segment(SAME, "".join(new[c:d])))
        else:
            segments += _removed_and_added("".join(old[a:b]), "".join(new[c:d]))
    return segments


def _removed_and_added(before, after):
    return [Segment(change, text) for change, text in ((REMOVED, before), (ADDED, after)) if text]
