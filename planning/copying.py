"""Copies of a plan for a new period, and of a budget for a new year."""

import re

from django.db import transaction

from pages.publishing.versions import as_data, build
from planning.models import BudgetColumn

# What a copy for new years leaves out of each model: None leaves out the whole part.
LEFT_OUT = {
    "planning.decision": None,
    "planning.followup": None,
    "planning.indicatorvalue": None,
    "planning.plandocument": None,
    "planning.budgetline": {"amounts": {}},
    "planning.indicator": {"target": None, "target_year": None},
}


@transaction.atomic
def copy_to_period(plan, first_year, last_year):
    """Return a draft for the years `first_year` to `last_year` with the structure and texts of `plan`.

    Budgets and their columns keep their place in the period. Budgets that would fall outside it aren't
    copied, nor are amounts, tax rates, targets and values of indicators, decisions, documents and follow-ups.
    """
    years_later = first_year - plan.first_year

    def change(part):
        if part["model"] == "planning.budget":
            year = part["fields"]["year"] + years_later
            undecided = {"year": year, "decided_on": None, "tax_rate": None}
            return undecided if year <= last_year else None
        if part["model"] == "planning.budgetcolumn":
            return column_later(part["fields"], years_later)
        return LEFT_OUT.get(part["model"], {})

    undecided = {"successor_id": None, "review_on": None, "is_leading": False}
    undecided["copied_from_id"] = plan.pk
    years = {"first_year": first_year, "last_year": last_year}
    return build(as_data(plan), change=change, **undecided, **years)


def column_later(fields, years_later):
    """Return the changed fields of a column for years that many years later, with a new code.

    A heading of its own is left out if it names a year.
    """
    year, last_year = fields["year"] + years_later, fields["last_year"]
    changed = {"year": year, "last_year": last_year and last_year + years_later}
    if re.search(r"\d{4}", fields["name_sv"] or ""):
        changed |= {"name_sv": "", "name_en": ""}
    column = BudgetColumn(**{"kind": fields["kind"], "name_sv": fields["name_sv"]} | changed)
    return changed | {"code": column.code_from_heading()}


def year_to_budget(plan):
    """Return the first year of `plan` without a budget, and the budget to copy for that year.

    The budget to copy is the latest before that year or, if there is none, the last budget of the plan.
    Return None if the plan has no budgets or every year has a budget.
    """
    budgets = list(plan.budgets.order_by("year"))
    taken = {budget.year for budget in budgets}
    free = [year for year in range(plan.first_year, plan.last_year + 1) if year not in taken]
    if not budgets or not free:
        return None
    before = [budget for budget in budgets if budget.year < free[0]]
    return free[0], (before or budgets)[-1]


@transaction.atomic
def next_budget(year, budget):
    """Return a new budget for `year` with the tables of `budget`, without amounts."""

    def change(part):
        if part["model"] == "planning.budgetcolumn":
            return column_later(part["fields"], year - budget.year)
        return LEFT_OUT.get(part["model"], {})

    undecided = {"decided_on": None, "tax_rate": None}
    return build(as_data(budget), change=change, plan_id=budget.plan_id, year=year, **undecided)
