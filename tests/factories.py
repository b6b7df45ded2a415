"""Factories for content; every value is plain to see."""

from decimal import Decimal

from pages.models import Page, RegionProfile
from planning.models import Budget, BudgetLine, FocusArea, Goal, Perspective, RegionalPlan

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
    name = {"slug": f"mal-{number}", "name_sv": f"Mål {number}"}
    return Goal.objects.create(**{"perspective": perspective, "position": number} | name | fields)


def make_focus_area(goal, number=1, **fields):
    text = {"text_sv": f"Insats {number}."}
    return FocusArea.objects.create(**{"goal": goal, "position": number} | text | fields)


def make_budget(plan, year=2019, lines=(), **fields):
    """Make a budget; each item of `lines` is a pair of kind and amount."""
    budget = Budget.objects.create(
        **{"plan": plan, "year": year, "unit_sv": "miljoner kronor"} | fields
    )
    for number, (kind, amount) in enumerate(lines, start=1):
        BudgetLine.objects.create(
            budget=budget,
            position=number,
            code=f"rad-{number}",
            name_sv=f"Rad {number}",
            kind=kind,
            amount_msek=Decimal(amount),
        )
    return budget
