"""Which regional plan holds when."""

from django.db.models import F

from planning.models import RegionalPlan


def published_plans(year):
    """Return all published plans, latest first, in one query, each with what is true of it in `year`.

    `plan.replaced_by` is the published plan that has taken its place, the last of a chain, or None;
    `plan.has_ended` tells whether it no longer holds, and `plan.in_force` whether it does.
    """
    plans = list(
        RegionalPlan.objects.published().annotate(
            successor_first_year=F("successor__first_year"),
            successor_last_year=F("successor__last_year"),
        )
    )
    begun = {plan.natural_key(): plan for plan in plans if plan.first_year <= year}
    for plan in plans:
        chain = [plan]
        # A plan names the first version of its successor; visitors see the one of now.
        while successor := begun.get(
            (chain[-1].successor_first_year, chain[-1].successor_last_year)
        ):
            if successor in chain:
                break
            chain.append(successor)
        plan.replaced_by = chain[-1] if len(chain) > 1 else None
        plan.has_ended = plan.last_year < year or plan.replaced_by is not None
        plan.in_force = plan.first_year <= year and not plan.has_ended
    return plans


def current(plans, year):
    """Return the plan to show for `year`: the one in force, else the last that began, else the next.

    `plans` come from `published_plans`; None where there are none.
    """
    begun = [plan for plan in plans if plan.first_year <= year]
    in_force = [plan for plan in begun if plan.in_force]
    return (in_force or begun or plans[-1:] or [None])[0]
