"""Factories for content; every value is plain to see."""

from decimal import Decimal

from pages.models import Page, RegionProfile
from planning.models import (
    NONE,
    Budget,
    BudgetColumn,
    BudgetLine,
    BudgetTable,
    FocusArea,
    Goal,
    Perspective,
    RegionalPlan,
)

PUBLISHED = {"status": "published", "responsible_sv": "Region Testland"}


def make_profile(**fields):
    return RegionProfile.objects.create(
        **PUBLISHED
        | {
            "name_sv": "Region Testland",
            "lead_sv": "Här är det gott att testa.",
            "mission_sv": "Vårt uppdrag är att testa.",
            "responsibilities_sv": "Vi ansvarar för tester.",
            "vision_sv": "Allt är prövat",
        }
        | fields
    )


def make_page(slug, **fields):
    return Page.objects.create(**PUBLISHED | {"slug": slug, "title_sv": slug.capitalize()} | fields)


def make_plan(first_year=2019, last_year=2021, **fields):
    return RegionalPlan.objects.create(
        **PUBLISHED
        | {"title_sv": "Regionplan", "lead_sv": "Vart vi ska."}
        | {"first_year": first_year, "last_year": last_year}
        | fields
    )


def make_perspective(plan, number=1, **fields):
    name = {"slug": f"perspektiv-{number}", "name_sv": f"perspektiv {number}"}
    return Perspective.objects.create(**{"plan": plan, "position": number} | name | fields)


def make_goal(perspective, number=1, **fields):
    """Make a goal in `perspective`, or directly in the plan in `fields` if it is None."""
    name = {"slug": f"mal-{number}", "name_sv": f"Mål {number}"}
    plan = {} if perspective is None else {"plan": perspective.plan}
    place = {"perspective": perspective, "position": number} | plan
    return Goal.objects.create(**place | name | fields)


def make_focus_area(goal, number=1, **fields):
    text = {"text_sv": f"Insats {number}."}
    return FocusArea.objects.create(**{"goal": goal, "position": number} | text | fields)


def make_budget(plan, year=2019, lines=(), **fields):
    """Make a budget; if there are `lines`, pairs of kind and amount, with a table of one column."""
    budget = Budget.objects.create(**{"plan": plan, "year": year} | fields)
    if lines:
        make_table(budget, [(kind, [amount]) for kind, amount in lines])
    return budget


def make_table(budget, lines=(), columns=None, **fields):
    """Make a table.

    Each of `lines` is a kind and a list with an amount a column: a number, NONE, or None if missing. Each
    of `columns` is a kind and a year.
    """
    number = budget.tables.count() + 1
    names = {"slug": f"tabell-{number}", "title_sv": f"Tabell {number}", "position": number}
    table = BudgetTable.objects.create(**{"budget": budget} | names | fields)
    columns = columns or [("budget", budget.year)]
    codes = [f"{kind}-{year}" for kind, year in columns]
    for position, (kind, year) in enumerate(columns, start=1):
        code = codes[position - 1]
        BudgetColumn.objects.create(table=table, position=position, code=code, kind=kind, year=year)
    for position, (kind, amounts) in enumerate(lines, start=1):
        BudgetLine.objects.create(
            table=table,
            position=position,
            code=f"rad-{position}",
            name_sv=f"Rad {position}",
            kind=kind,
            amounts={
                code: amount if amount is NONE else Decimal(amount)
                for code, amount in zip(codes, amounts, strict=True)
                if amount is not None
            },
        )
    return table
