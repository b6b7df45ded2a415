"""Reads units of money, such as tkr and miljoner kronor, in headings and in number formats."""

import re
from enum import Enum, IntEnum


class Unit(IntEnum):
    """A unit of money, as its size in kronor."""

    KRONOR = 1
    THOUSANDS = 1000
    MILLIONS = 10**6
    BILLIONS = 10**9


class Ambiguous(Enum):
    """What `unit_in` and `unit_of_format` return instead of a Unit. It isn't a number."""

    SEVERAL_UNITS = "several units"


SEVERAL_UNITS = Ambiguous.SEVERAL_UNITS

# Not SKR, which is more often the organisation of municipalities and regions.
KRONOR = r"(?:kr|kronor|krona|sek)"
# `WORDS` states each unit as the words that mean it. Longer ones stand first in each pattern.
WORDS = {
    Unit.THOUSANDS: rf"(?:tusentals?|tusen) ?{KRONOR}|[tk]\.? ?kr|[tk]sek|tusental",
    Unit.MILLIONS: rf"(?:miljoner|miljon|milj\.?|mio|mn\.?|mln\.?|m\.?) ?{KRONOR}|msek|mnsek|miljoner",
    Unit.BILLIONS: rf"(?:miljarder|miljard|mdr|mrd|md|mdkr) ?{KRONOR}|mdr|mrd|bsek|miljarder",
}
UNIT = "|".join(f"(?P<{unit.name}>{words})" for unit, words in WORDS.items())
UNIT_IN_TEXT = re.compile(
    rf"(?<!\w)(?:"
    rf"(?P<in_thousands>(?:(?<=\bi )|(?<=\()|(?<=^))1 ?000 ?{KRONOR}|1 ?000-tals? ?{KRONOR})"
    rf"|{UNIT}|(?P<KRONOR>{KRONOR}))(?!\w)"
)
# A number before a unit makes it an amount, as in "varav 2,5 mnkr", unless it is 1, a year or a period.
NUMBER_BEFORE = re.compile(r"(?:\d{4} ?[-\N{EN DASH}] ?)?\d(?:[\d .,]*\d)? ?$")
YEAR = r"(?:19|20|21)\d\d"
NO_AMOUNT = re.compile(rf"1|{YEAR}|{YEAR} ?[-\N{{EN DASH}}] ?(?:{YEAR}|\d\d)")
UNIT_WORD = rf"(?<![^\W\d])(?:{UNIT}|(?P<KRONOR>{KRONOR}))(?!\w)\.?"

# The parts of an Excel number format that aren't placeholders for digits.
FORMAT_PART = re.compile(r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[\$(?P<symbol>[^\]-]*)[^\]]*\]')
HIDDEN_FORMAT_PART = re.compile(r"\[[^\]]*\]|[_*].")


def units_in(text):
    """Return the set of Units that `text` states as words of their own: `tkr` in "Belopp (tkr)".

    The unit of an amount in the text, as in "varav 2,5 mnkr", isn't among them.
    """
    compact = re.sub(r"[\s_]+", " ", text.lower())
    return {
        Unit.THOUSANDS if match.lastgroup == "in_thousands" else Unit[match.lastgroup]
        for match in UNIT_IN_TEXT.finditer(compact)
        if match.lastgroup == "in_thousands" or not _ends_with_amount(compact[: match.start()])
    }


def unit_in(text):
    """Return the Unit that a heading, title or sheet name states, SEVERAL_UNITS, or None."""
    return _only(units_in(text))


def unit_of_format(number_format):
    """Return the Unit in which an Excel number format displays an amount, as `unit_in` does.

    The format can name the unit: `0.0 "tkr"`. If it doesn't, but divides by a thousand or a million, the unit
    is the one that it gives an amount stored in kronor: `#,##0.0,` displays thousands. `scale_of_format` says
    by how much it divides.
    """
    units = units_in(_words_of(number_format))
    scale = scale_of_format(number_format)
    if not units and scale in set(Unit) and scale > 1:
        return Unit(scale)
    return _only(units)


def scale_of_format(number_format):
    """Return what an Excel number format divides a number by before it is displayed: 1, 1000, 10**6 or more.

    Each comma directly before the decimal point, or after the last digit, divides by a thousand.
    """
    digits = _without_words(number_format).split(";")[0]
    commas = sum(len(match[1]) for match in re.finditer(r"[0#?](,+)(?![0#?,])", digits))
    return 1000 ** min(commas, 5)


def is_percent_format(number_format):
    """Return whether an Excel number format displays a number as a percentage."""
    return "%" in _without_words(number_format)


def _ends_with_amount(text):
    match = NUMBER_BEFORE.search(text)
    return bool(match) and not NO_AMOUNT.fullmatch(match[0].strip())


def _only(units):
    return SEVERAL_UNITS if len(units) > 1 else next(iter(units), None)


def _words_of(number_format):
    """Return the text that a number format displays around the digits."""
    text = FORMAT_PART.sub(lambda match: match[match.lastgroup], number_format)
    return re.sub(r"[0#?,;.]+", " ", HIDDEN_FORMAT_PART.sub(" ", text))


def _without_words(number_format):
    return HIDDEN_FORMAT_PART.sub("", FORMAT_PART.sub("", number_format))
