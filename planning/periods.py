"""Which regional plan is in force in a given year."""

from dataclasses import dataclass

from django.db.models import F

from planning.models import RegionalPlan


@dataclass(eq=False)
class PlanInYear:
    """A published plan, and whether it is in force in `year`. A plan that is only proposed never is."""

    plan: RegionalPlan
    year: int
    is_proposal: bool = False
    replaced_by: "PlanInYear | None" = None  # the last that has begun in its chain of successors

    @property
    def has_begun(self):
        return self.plan.first_year <= self.year

    @property
    def has_ended(self):
        is_past = self.plan.last_year < self.year or self.replaced_by is not None
        return is_past and not self.is_proposal

    @property
    def in_force(self):
        return self.has_begun and not (self.has_ended or self.is_proposal)


def published_plans(year):
    """Return a `PlanInYear` for each published plan, latest first, with one query."""
    rows = RegionalPlan.objects.published().with_is_proposal()
    rows = rows.annotate(
        successor_first_year=F("successor__first_year"),
        successor_last_year=F("successor__last_year"),
    )
    plans = [PlanInYear(plan, year, plan.is_proposal) for plan in rows]
    begun = {
        entry.plan.natural_key(): entry
        for entry in plans
        if entry.has_begun and not entry.is_proposal
    }
    for entry in plans:
        chain = [entry]
        # `successor` refers to the first version of a plan, but visitors see the published version.
        while successor := begun.get(
            (chain[-1].plan.successor_first_year, chain[-1].plan.successor_last_year)
        ):
            if successor in chain:
                break
            chain.append(successor)
        entry.replaced_by = chain[-1] if len(chain) > 1 else None
    return plans


def plan_to_show(plans):
    """Return the entry of `published_plans` to show: the plan in force, otherwise the last that began.

    If several plans are in force, one that leads is preferred. A proposal is shown only if no plan is in
    force. If no plan has begun, return the first that will; if there are no plans, None.
    """
    begun = [entry for entry in plans if entry.has_begun]
    in_force = [entry for entry in begun if entry.in_force]
    in_force.sort(key=lambda entry: not entry.plan.is_leading)
    return (in_force or begun or plans[-1:] or [None])[0]
