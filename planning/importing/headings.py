"""What the headings of a file say: which column holds the names, and which year's amounts of which kind."""

import re
from dataclasses import dataclass, replace

from blekinge_site.units import UNIT_IN_TEXT, units_in
from planning.models import BudgetColumn

Kind = BudgetColumn.Kind

KIND_WORDS = {
    Kind.FORECAST: r"\w*prognos\w*|progn\b",
    Kind.OUTCOME: r"\w*bokslut\w*|utfall\w*|boksl\b|bokf\w*|utf\b",
    Kind.BUDGET: r"\w*budget\w*|budg?\b|bu\b",
    Kind.PLAN: r"\w*plan(?:en)?\b|vp\b|ep\b",
}
KIND_PATTERNS = {kind: re.compile(rf"(?<!\w)(?:{words})") for kind, words in KIND_WORDS.items()}
# B24, VP 2025 and the like, as headings of their own.
SHORT = re.compile(r"(bu|b|u|bok|p|vp|ep)[ .'’-]?((?:20)?\d\d)")
SHORT_KINDS = {
    "bu": Kind.BUDGET,
    "b": Kind.BUDGET,
    "u": Kind.OUTCOME,
    "bok": Kind.OUTCOME,
    "vp": Kind.PLAN,
    "ep": Kind.PLAN,
}
YEAR = re.compile(r"(?<!\d)((?:19|20|21)\d\d)(?!\d)")
YEARS = re.compile(
    r"(?<!\d)((?:19|20|21)\d\d) ?[-\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}] ?((?:19|20|21)?\d\d)(?![\d-])"
)
# A heading as exports write it: Senaste bedömning [Prognos 2024] (mnkr).
OWN_AND_USUAL = re.compile(r"(?P<own>[^\[\]]+)\[(?P<usual>[^\[\]]+)\](?P<unit>[^\[\]]*)")
# Headings of figures that aren't amounts of a year.
NOT_AMOUNTS = re.compile(
    r"avvik|förändr|\bdiff|andel|procent|%|index|\bnot(?:er|nr)?\b|\bkod\b|kommentar|anmärk|\bsida\b"
)
AMOUNT_WORDS = re.compile(r"belopp|\bsumma\b|\btotalt?\b|\bram\b")

ENGLISH = re.compile(r"engelsk|english|\ben\b")
# fmt: off
NAMES = frozenset((
    "post", "poster", "benämning", "text", "konto", "kontotext", "namn", "rad", "radnamn", "nämnd",
    "nämnder", "verksamhet", "resultaträkning", "resultatbudget", "budgetpost", "område",
    "förvaltning", "projekt", "investering", "investeringar", "objekt", "specifikation", "ändamål",
    "rubrik", "uppdrag", "anslag", "styrelse", "resultat", "balansräkning", "balansbudget",
    "kassaflöde", "finansiering", "driftbudget", "investeringsbudget",
))
# fmt: on
KINDS_OF_LINES = frozenset(["slag", "typ", "radtyp", "radslag"])


@dataclass(frozen=True)
class Heading:
    """What the heading of a column of amounts says. `name` is the heading, if it says more than the rest."""

    kind: str | None = None
    year: int | None = None
    last_year: int | None = None
    name: str = ""
    units: frozenset = frozenset()
    is_recognised: bool = False


def normalized(text):
    """Return `text` in lower case with single spaces, and without parentheses and what is in them."""
    return " ".join(re.sub(r"\([^)]*\)", " ", text).replace("\xad", "").lower().split()).strip(" :")


def read_heading(text):
    """Return the Heading that `text` is."""
    if match := OWN_AND_USUAL.fullmatch(text):
        usual = read_heading(match["usual"] + match["unit"])
        return replace(usual, name=match["own"].strip())
    lower = " ".join(text.lower().split())
    units = frozenset(units_in(text))
    if NOT_AMOUNTS.search(lower):
        return Heading(units=units)
    year, last_year = years_in(lower)
    kinds = [kind for kind, pattern in KIND_PATTERNS.items() if pattern.search(lower)]
    kind = kinds[0] if len(kinds) == 1 else None
    if match := SHORT.fullmatch(normalized(text)):
        kind, year = SHORT_KINDS.get(match[1]), int(match[2]) % 100 + 2000
    is_recognised = bool(kinds or year or units or AMOUNT_WORDS.search(lower))
    return Heading(
        kind, year, last_year, own_name(text, kind, year, last_year), units, is_recognised
    )


def years_in(text):
    """Return the year in `text`, and the last one of a period; None where there is none, or several."""
    if (match := YEARS.search(text)) and len(YEAR.findall(YEARS.sub(" ", text))) == 0:
        first, last = match.groups()
        last = int(last) if len(last) == 4 else int(first[:2] + last)
        return int(first), last if last > int(first) else None
    years = set(YEAR.findall(text))
    return (int(years.pop()), None) if len(years) == 1 else (None, None)


def own_name(text, kind, year, last_year):
    """Return the heading without its unit, or "" if a column of that kind and year is called so anyway."""
    without_unit = UNIT_IN_TEXT.sub(" ", text) if units_in(text) else text
    if units_in(without_unit):  # in capitals
        without_unit = re.sub(UNIT_IN_TEXT.pattern, " ", text, flags=re.I)
    name = " ".join(re.sub(r"\(\s*\)", " ", without_unit).split()).strip(" ,;:-\N{EN DASH}")
    if not (kind and year) or not 0 < len(name) <= 60:
        return ""
    usual = BudgetColumn(kind=kind, year=year, last_year=last_year)
    words = set(re.findall(r"\w+", f"{usual.get_kind_display()} {usual.period}".lower()))
    return "" if set(re.findall(r"\w+", name.lower())) - {"år", "för"} <= words else name


def is_plain(text):
    """Tell whether a heading only says a kind and a year, whatever words it uses: Utfall 2022."""
    rest = UNIT_IN_TEXT.sub(" ", " ".join(text.lower().split()))
    if SHORT.fullmatch(normalized(rest)):
        return True
    for pattern in (*KIND_PATTERNS.values(), YEARS, YEAR):
        rest = pattern.sub(" ", rest)
    return set(re.findall(r"\w+", rest)) <= {"år", "för", "ekonomisk"}


def likely_kind(year, budget_year):
    """Return the kind that amounts of `year` likely are in the budget of `budget_year`."""
    if year > budget_year:
        return Kind.PLAN
    return Kind.BUDGET if year >= budget_year - 1 else Kind.OUTCOME


def role_of(text):
    """Return the role of a column with the heading `text`, apart from amounts, or None.

    The roles are name_sv, name_en and kind, and "" for a column that isn't read.
    """
    words = normalized(text)
    if NOT_AMOUNTS.search(text.lower()):
        return ""
    if ENGLISH.search(text.lower()):
        return "name_en"
    if words in KINDS_OF_LINES:
        return "kind"
    if words in NAMES or any(part in NAMES for part in re.split(r"\W+", words)):
        return "name_sv"
    return None
