"""Checks of texts that a copy has from the plan before it: years and amounts that may no longer be true."""

import re

from blekinge_site.formats import amount
from pages.publishing.findings import Finding, text_in, translated_fields
from pages.publishing.versions import walk
from planning.models import Budget, BudgetLine, BudgetTable

YEAR = re.compile(r"(?<![\d.,])(?:19|20)\d\d(?![\d]|[.,]\d)")
# Three digits or more, with any space between thousands: a shorter number can mean anything.
NUMBER = re.compile(r"(?<![\d.,])\d{1,3}(?:[ \u00a0\u202f,]?\d{3})*(?:[.,]\d+)?(?!\d)")
SPACES = str.maketrans("\u00a0\u202f", "  ")
LEAST_DIGITS = 3


def copied_text_findings(plan):
    """Yield a finding for each text of `plan` that names what belongs to other years.

    In a copy that hasn't been published yet, these are years before the plan or of the plan that it was
    copied from, and amounts of that plan. A budget's texts should name its own year, if they name any, and
    no amount of another budget. All parts have been prefetched.
    """
    source = plan.copied_from if plan.version == 1 else None
    source_amounts = written_amounts(tables_of(source)) if source else set()
    amounts_by_year = {
        budget.year: written_amounts(budget.tables.all()) for budget in plan.budgets.all()
    }
    for obj in walk(plan):
        if isinstance(obj, BudgetLine):
            continue
        budget = obj if isinstance(obj, Budget) else getattr(obj, "budget", None)
        amounts = set(source_amounts)
        if budget is not None:
            own = amounts_by_year[budget.year]
            amounts = amounts.union(*amounts_by_year.values()) - own
        for field in translated_fields(obj):
            for language in ("sv", "en"):
                text = text_in(obj, field, language)
                years = [int(year) for year in dict.fromkeys(YEAR.findall(text))]
                named = [str(year) for year in foreign_years(years, plan, source, budget)]
                named += [
                    number for number in numbers_in(text) if number.translate(SPACES) in amounts
                ]
                if named:
                    yield finding(obj, f"{field}_{language}", named)


def foreign_years(years, plan, source, budget):
    """Return those of `years` that belong to another plan, or to another budget than `budget`."""
    if budget is not None and years and budget.year not in years:
        return years
    if source is None:
        return []
    return [
        year
        for year in years
        if year < plan.first_year
        or (year > plan.last_year and source.first_year <= year <= source.last_year)
    ]


def numbers_in(text):
    """Return the numbers in `text`, as written, each once."""
    numbers = dict.fromkeys(NUMBER.findall(text))
    return [number for number in numbers if len(re.sub(r"\D", "", number)) >= LEAST_DIGITS]


def tables_of(plan):
    return BudgetTable.objects.filter(budget__plan=plan).prefetch_related("lines")


def written_amounts(tables):
    """Return the amounts in `tables` as texts write them in either language, without signs."""
    written = set()
    for table in tables:
        for line in table.lines.all():
            for value in line.decimal_amounts():
                text = amount(abs(value), table.decimals)
                written |= {text.translate(SPACES), english(text)}
    return written


def english(text):
    """Return a Swedish amount as English texts write it: 6 198,0 as 6,198.0."""
    return text.replace(",", ".").replace("\N{NO-BREAK SPACE}", ",")


def finding(obj, field, named):
    label = obj._meta.get_field(field).verbose_name
    listed = " och ".join(filter(None, [", ".join(named[:-1]), named[-1]]))
    text = f"Fältet ”{label}” nämner {listed}. Kontrollera att det stämmer för de nya åren."
    return Finding(False, text, obj, field)
