"""Fill a database at migration 0004 of `planning`, for test_migrations.py.

The database is the one in DATABASE_URL. Its models are those of the migration, not of the code.
"""

import datetime as dt
from decimal import Decimal

import django

django.setup()

from django.db import connection  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402

TARGETS = [("pages", "0005_limits"), ("planning", "0004_documents_by_content")]
TIME = dt.datetime(2026, 11, 22, 6, tzinfo=dt.UTC)


def fill(apps):
    model = {model.__name__: model for model in apps.get_models()}

    def make(name, /, **fields):
        return model[name].objects.create(**fields)

    plan = make(
        "RegionalPlan",
        first_year=2019,
        last_year=2021,
        title_sv="Regionplan",
        lead_sv="Vart vi ska.",
        status="published",
        published_at=TIME,
        changed_at=TIME,
        decided_by="regionfullmäktige",
        decided_by_sv="regionfullmäktige",
        decided_by_en="the Regional Council",
        decided_on=dt.date(2018, 11, 26),
    )
    make("RegionalPlan", first_year=2022, last_year=2024, title_sv="Utan beslut", changed_at=TIME)
    perspective = make("Perspective", plan=plan, position=1, slug="ekonomi", name_sv="ekonomi")
    goal = make("Goal", perspective=perspective, position=1, slug="balans", name_sv="I balans")
    make("FocusArea", goal=goal, position=1, text_sv="Spara.")
    units = {2019: "miljoner kronor", 2020: "Tusental kronor", 2021: "euro"}
    for year, unit in units.items():
        budget = make("Budget", plan=plan, year=year, unit=unit, unit_sv=unit)
        lines = [("kostnader", "item", "-6198.0", None), ("resultat", "result", "59.3", "61.8")]
        for position, (code, kind, amount, outcome) in enumerate(lines, start=1):
            make(
                "BudgetLine",
                budget=budget,
                position=position,
                code=code,
                name_sv=code,
                kind=kind,
                amount_msek=Decimal(amount),
                outcome_msek=outcome and year == 2019 and Decimal(outcome) or None,
            )
    make(
        "Budget",
        plan=make("RegionalPlan", first_year=2025, last_year=2025, changed_at=TIME),
        year=2025,
    )
    make(
        "Revision",
        thing_model="planning.regionalplan",
        thing_pk=plan.pk,
        version=1,
        name="Regionplan 2019–2021",
        event="Publicerade",
        content=revision_of(plan, perspective, goal),
    )


def revision_of(plan, perspective, goal):
    """Return the plan as the history kept it, with one budget of one line."""
    line = {
        "position": 1,
        "code": "resultat",
        "name_sv": "Resultat",
        "name_en": None,
        "kind": "result",
        "budget_id": 7,
        "amount_msek": "59.3",
        "outcome_msek": None,
    }
    budget = {
        "plan_id": plan.pk,
        "year": 2019,
        "unit_sv": "miljoner kronor",
        "unit_en": "SEK million",
    }
    goal_fields = {
        "perspective_id": perspective.pk,
        "slug": "balans",
        "name_sv": "I balans",
        "position": 1,
    }
    area = {"goal_id": goal.pk, "position": 1, "text_sv": "Spara."}
    place = {"plan_id": plan.pk, "position": 1, "slug": "ekonomi", "name_sv": "ekonomi"}

    def data(kind, pk, fields, **parts):
        return {"model": f"planning.{kind}", "pk": pk, "fields": fields, "parts": parts}

    goals = [data("goal", goal.pk, goal_fields, focus_areas=[data("focusarea", 3, area)])]
    return data(
        "regionalplan",
        plan.pk,
        {
            "first_year": 2019,
            "last_year": 2021,
            "title_sv": "Regionplan",
            "lead_sv": "Förr.",
            "responsible_sv": "Regionen",
            "decided_on": "2018-11-26",
            "decided_by_sv": "regionfullmäktige",
            "decided_by_en": None,
            "successor_id": None,
        },
        perspectives=[data("perspective", perspective.pk, place, goals=goals)],
        budgets=[data("budget", 7, budget, lines=[data("budgetline", 8, line)])],
        documents=[],
        follow_ups=[],
    )


if __name__ == "__main__":
    executor = MigrationExecutor(connection)
    others = [key for key in executor.loader.graph.leaf_nodes() if key[0] not in dict(TARGETS)]
    executor.migrate(others)
    executor = MigrationExecutor(connection)
    executor.migrate(TARGETS)
    fill(executor.loader.project_state(TARGETS).apps)
