"""Remembers what the columns of a file became, for the next file with the same headings."""

import hashlib
import re

from planning.models import ImportMapping


def key_of(kind, headings):
    """Return the key of files with `headings`; digits don't count, since years differ between files."""
    texts = [re.sub(r"\d", "", " ".join(text.lower().split())) for text in headings]
    return hashlib.sha256(repr([kind, *texts]).encode()).hexdigest()


def recall(kind):
    """Return a function that takes headings, and returns what staff chose last time, or None."""

    def remembered(headings):
        mapping = ImportMapping.objects.filter(key=key_of(kind, headings)).first()
        return mapping.choices if mapping else None

    return remembered


def remember(kind, review):
    """Remember the columns of `review`, whose import has been saved."""
    ImportMapping.remember(key_of(kind, review.layout.headings), review.choices_to_remember())
