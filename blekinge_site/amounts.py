"""Parses amounts as accountants write them: (6 198,0), 6.198,0-, −6 198,0 mnkr, and a dash for none."""

import re
from dataclasses import dataclass
from decimal import Decimal

from blekinge_site.formats import DASHES, MINUS
from blekinge_site.units import UNIT_WORD, Unit

MAX_CHARACTERS = 100


@dataclass(frozen=True)
class Amount:
    """An amount that a text states.

    `value` is None if the text is a dash: there is no amount, and the author says so. `unit` is the Unit in
    the text, or None. `alternative` is the other possible value if the notation is ambiguous, otherwise None.
    """

    value: Decimal | None
    unit: Unit | None = None
    alternative: Decimal | None = None


class AmountError(ValueError):
    """A text isn't an amount. The message is a Swedish sentence for staff.

    `proposal` is the Amount that it seems to mean, without footnote marks and the like, or None.
    """

    def __init__(self, message, proposal=None):
        super().__init__(message)
        self.proposal = proposal


class PercentError(AmountError):
    """A text is a percentage."""


# One kind of separator between all groups of three digits, or none. "'" stands for any apostrophe.
GROUPED = re.compile(
    r"(?P<whole>[0-9]{1,3}(?:(?P<separator>[ '.,])[0-9]{3})(?:(?P=separator)[0-9]{3})*|[0-9]*)"
    r"(?:(?P<point>[.,])(?P<decimals>[0-9]+))?"
)
SIGNED = [
    (1, re.compile(r"\+? ?(?P<digits>[0-9.,][0-9 '.,]*)")),
    (-1, re.compile(rf"{MINUS} ?(?P<digits>[0-9.,][0-9 '.,]*)")),
    (-1, re.compile(rf"(?P<digits>[0-9.,][0-9 '.,]*?) ?{MINUS}")),
    (-1, re.compile(r"\( ?(?P<digits>[0-9.,][0-9 '.,]*?) ?\)")),
]
BOTH_SIGNS = re.compile(rf"\( ?{MINUS} ?(?P<digits>[0-9.,][0-9 '.,]*?) ?\)")
UNIT_BEFORE = re.compile(rf"{UNIT_WORD} ?", re.I)
UNIT_AFTER = re.compile(rf" ?{UNIT_WORD}$", re.I)
SUPERSCRIPTS = "\N{SUPERSCRIPT ONE}\N{SUPERSCRIPT TWO}\N{SUPERSCRIPT THREE}\u2070\u2074-\u2079"
FOOTNOTE_BEFORE = re.compile(rf"(?:\*+\)?|[{SUPERSCRIPTS}]+\)?|[†‡§]|[0-9a-z]\) ) ?")
FOOTNOTE_AFTER = re.compile(
    rf"(?: ?\*+\)?| ?[{SUPERSCRIPTS}]+\)?| ?[†‡§]| ?[a-z]\)"
    r"| [0-9]{1,2}\)|(?<=[.,][0-9]) [0-9]| ?\([0-9a-z]\)| ?\[[0-9]{1,2}\])$"
)


def parse_amount(text):
    """Parse `text` and return an Amount, or None if the text is empty.

    Thousands may be separated by any space, an apostrophe, a point or a comma, and decimals by a point or a
    comma. A minus sign, in any form, may stand before or after the digits; parentheses mean the same. A unit
    may stand before or after. Raises PercentError, or AmountError for all other text.

    `1.234` and `1,234` are ambiguous. Their separator is read as a decimal sign, as `parse_number` does, so
    that no amount becomes a thousand times too large without a question; `alternative` is the amount with the
    separator between thousands. `0,234`, `1 234,567` and `1.234.567` have one meaning only.
    """
    compact = _compact(text)
    if not compact:
        return None
    shown = text.strip()
    if len(compact) > MAX_CHARACTERS:
        raise AmountError("Cellen har en text, inte ett belopp.")
    if re.search(r"[%‰]|procent", compact):
        raise PercentError(f"”{shown}” är procent, inte ett belopp.")
    if amount := _amount(compact):
        return amount
    if match := BOTH_SIGNS.fullmatch(compact):
        proposal = _amount(MINUS + match["digits"])
        raise AmountError(f"”{shown}” har både minustecken och parentes.", proposal)
    bare = FOOTNOTE_AFTER.sub("", FOOTNOTE_BEFORE.sub("", compact, count=1), count=1).strip()
    for candidate in (FOOTNOTE_AFTER.sub("", compact, count=1), bare):
        proposal = candidate != compact and _amount(candidate.strip())
        if proposal and proposal.value is not None:
            raise AmountError(f"”{shown}” har en fotnot eller ett annat tecken.", proposal)
    raise AmountError(f"”{shown}” är inget tal. Skriv till exempel 988,3.")


def _compact(text):
    """Return `text` in lower case with one kind of space, apostrophe and minus sign."""
    text = re.sub("[\u200b\u2060\ufeff\xad]", "", text.translate(DASHES)).lower()
    text = re.sub("[\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}´`]", "'", text)
    return re.sub(r"\s+", " ", text).strip()


def _amount(text):
    """Return the Amount that `text`, in the format of `_compact`, states, or None if it states none."""
    unit = None
    if match := UNIT_BEFORE.match(text) or UNIT_AFTER.search(text):
        unit = Unit[match.lastgroup]
        text = (text[: match.start()] + text[match.end() :]).strip()
    if text == MINUS:
        return Amount(None, unit)
    for sign, pattern in SIGNED:
        if match := pattern.fullmatch(text):
            values = _values(match["digits"].strip())
            return (
                Amount(sign * values[0], unit, *[sign * v for v in values[1:]]) if values else None
            )
    return None


def _values(digits):
    """Return the number that `digits` means and, if the notation is ambiguous, the other that it can mean."""
    match = GROUPED.fullmatch(digits)
    if not match or not (match["whole"] or match["decimals"]):
        return []
    whole = re.sub("[^0-9]", "", match["whole"]) or "0"
    if (
        match["separator"] in (".", ",")
        and not match["decimals"]
        and digits.count(match["separator"]) == 1
    ):
        as_decimals = Decimal(digits.replace(",", "."))
        return [as_decimals] if digits.startswith("0") else [as_decimals, Decimal(whole)]
    if match["separator"] and (match["separator"] == match["point"] or whole.startswith("0")):
        return []
    return [Decimal(f"{whole}.{match['decimals']}" if match["decimals"] else whole)]
