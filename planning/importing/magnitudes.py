"""Finds amounts that may be a thousand times too large or too small, which a mistaken unit makes them."""

from decimal import Decimal
from statistics import median

from planning.models import NONE

# Ratios between an amount and what it is compared with that a thousand or a million can explain.
SUSPECT = ((300, 3000), (300_000, 3_000_000))
LARGEST_RATIO_TO_OTHER_ROWS = 100


def factor(amount, others):
    """Return in words how many times `amount` is the median of `others`, or "" if that isn't suspicious."""
    others = [abs(other) for other in others if isinstance(other, Decimal) and other]
    if not others or not isinstance(amount, Decimal) or not amount:
        return ""
    ratio = abs(amount) / median(others)
    for (low, high), word in zip(SUSPECT, ("tusen", "miljon"), strict=True):
        if low <= ratio <= high:
            return f"ungefär {word} gånger mer"
        if low <= 1 / ratio <= high:
            return f"ungefär {word} gånger mindre"
    return ""


def suspects(lines, columns, before):
    """Return the amounts to ask about: `[(line, column, words), …]`.

    `columns` are those that the file fills in. `before` has, by the position of a line, the amounts that it
    is compared with: those of other columns and years, and those that the file replaces.
    """
    asked = []
    codes = {column.code for column in columns}
    for position, line in enumerate(lines):
        for column in columns:
            amount = line.amounts.get(column.code)
            beside = [
                other
                for code, other in line.amounts.items()
                if code != column.code and code in codes
            ]
            words = factor(amount, before[position]) or factor(amount, beside)
            if words:
                asked.append((line, column, words))
    return asked or outsized(lines, columns)


def outsized(lines, columns):
    """Return the amounts that are far larger than all other amounts in the same column."""
    asked = []
    for column in columns:
        amounts = [
            (abs(line.amounts[column.code]), line)
            for line in lines
            if line.amounts.get(column.code, NONE) is not NONE
        ]
        amounts.sort(key=lambda pair: pair[0])
        if len(amounts) < 4:
            continue
        largest, next_largest = amounts[-1], amounts[-2]
        if next_largest[0] and largest[0] / next_largest[0] >= LARGEST_RATIO_TO_OTHER_ROWS:
            words = f"mer än {LARGEST_RATIO_TO_OTHER_ROWS} gånger mer"
            asked.append((largest[1], column, words))
    return asked
