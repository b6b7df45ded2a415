"""Copies of a plan for a new period, and of a budget for a new year."""

from django.db import transaction

from pages.publishing.versions import as_data, build


@transaction.atomic
def copy_to_period(plan, first_year, last_year):
    """Return a draft for the years `first_year` to `last_year` with the content of `plan`.

    Budgets keep their place in the period. Budgets that would fall outside it aren't copied, nor are
    follow-ups, decision dates and outcomes.
    """

    def change(part):
        match part["model"]:
            case "planning.followup":
                return None
            case "planning.budget":
                year = part["fields"]["year"] + first_year - plan.first_year
                return {"year": year, "decided_on": None} if year <= last_year else None
            case "planning.budgetline":
                return {"outcome_msek": None}
        return {}

    undecided = {"decided_on": None, "successor_id": None, "review_on": None}
    years = {"first_year": first_year, "last_year": last_year}
    return build(as_data(plan), change=change, **undecided, **years)


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
    """Return a new budget for `year` with the lines of `budget`, without amounts."""

    def change(_line):
        return {"amount_msek": None, "outcome_msek": None}

    return build(as_data(budget), change=change, plan_id=budget.plan_id, year=year, decided_on=None)
