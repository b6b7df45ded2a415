"""What visitors find at the addresses of the plans, for links in texts; see pages.publishing.dead_links."""

from django.db.models import Exists, OuterRef, Prefetch, prefetch_related_objects
from django.utils.translation import override

from blekinge_site.languages import slug_now
from pages.models import DailyStat, RegionProfile
from pages.publishing.dead_links import EVERY_PAGE, looks_up
from pages.publishing.publishable import now
from planning.models import Budget, BudgetLine, FollowUp, Goal, Perspective, PlanDocument
from planning.periods import plan_to_show, published_plans
from planning.views import (
    budget_to_show,
    give_anchors_on_perspective,
    give_anchors_on_plan,
    this_year,
)

LARGEST_NUMBER = 2**31 - 1  # of a document, that its column holds

# --- Whole plans -----------------------------------------------------------------------------------


@looks_up("planning:start")
def start(targets):
    year = this_year()
    plan_in_year = plan_to_show(published_plans(year))
    budget = plan_in_year and budget_to_show(plan_in_year.plan, year)
    result = BudgetLine.objects.with_amounts().filter(budget=budget, kind=BudgetLine.Kind.RESULT)
    profile = RegionProfile.objects.published().first()
    sections = {
        "en-dag-hos-oss": DailyStat.objects.filter(profile=profile).exists(),
        "regionplan": plan_in_year is not None,
        "budget": result.exists(),
    }
    return dict.fromkeys(targets, EVERY_PAGE | {name for name in sections if sections[name]})


@looks_up("planning:current_plan")
def current_plan(targets):
    plan_in_year = plan_to_show(published_plans(this_year()))
    if plan_in_year is None:  # the page then says that there is no plan
        return dict.fromkeys(targets, EVERY_PAGE)
    plan = plan_in_year.plan
    fetch_what_has_ids([plan])
    return {target: ids_on_plan(plan, target.language) | {"planer"} for target in targets}


@looks_up("planning:plan")
def plans(targets):
    plan_at = plans_of(targets)
    fetch_what_has_ids(set(plan_at.values()))
    return {target: ids_on_plan(plan, target.language) for target, plan in plan_at.items()}


@looks_up("planning:plan_pdf")
def pdfs(targets):
    return dict.fromkeys(plans_of(targets))


def plans_of(targets):
    """Return the published plan for the years in each of `targets`, without those that have none."""
    plans = {entry.plan.natural_key(): entry.plan for entry in published_plans(this_year())}
    return {target: plans[target.values[0]] for target in targets if target.values[0] in plans}


def fetch_what_has_ids(plans):
    """Fetch for `plans` what the ids on their pages are made of, in three queries."""
    prefetch_related_objects(list(plans), perspectives_with_goals(), budgets_with_charts())


def perspectives_with_goals():
    goals = Prefetch("goals", Goal.objects.only("perspective", "position", "slug"))
    rows = Perspective.objects.only("plan", "position", "slug", "slug_en")
    return Prefetch("perspectives", rows.prefetch_related(goals))


def budgets_with_charts():
    """Return the prefetch of budgets with `has_chart`: whether any of their lines has an amount."""
    lines = BudgetLine.objects.with_amounts().filter(budget=OuterRef("pk"))
    return Prefetch(
        "budgets", Budget.objects.only("plan", "year").annotate(has_chart=Exists(lines))
    )


def ids_on_plan(plan, language):
    """Return the ids on the page of `plan`, fetched by `fetch_what_has_ids`, in `language`."""
    perspectives, budgets = plan.perspectives.all(), plan.budgets.all()
    give_anchors_on_plan(plan)
    ids = EVERY_PAGE | {"contents-heading", "dokument"}
    ids |= {perspective.anchor for perspective in perspectives}
    ids |= {goal.anchor for perspective in perspectives for goal in perspective.goals.all()}
    ids |= {f"budget-{budget.year}" for budget in budgets}
    ids |= {f"chart-{budget.year}" for budget in budgets if budget.has_chart}
    with override(language):
        return ids | {"regionplanen"} if plan.introduction else ids


# --- Parts of plans --------------------------------------------------------------------------------


@looks_up("planning:perspective")
def perspectives(targets):
    plan_at = plans_of(targets)
    prefetch_related_objects(list(set(plan_at.values())), perspectives_with_goals())
    found = {}
    for target, plan in plan_at.items():
        rows, word = plan.perspectives.all(), target.values[1]
        with override(target.language):
            own = [row for row in rows if slug_now(row) == word]
        if own:
            give_anchors_on_perspective(own[0])
            anchors = {goal.anchor for goal in own[0].goals.all()}
            found[target] = EVERY_PAGE | {"contents-heading"} | anchors
        elif any(word in (row.slug, row.slug_en) for row in rows):
            found[target] = None
    once_there = dict.fromkeys(
        target for field in ("slug", "slug_en") for target in once(Perspective, field, plan_at)
    )
    return once_there | found


@looks_up("planning:budget")
def budgets(targets):
    plan_at = plans_of(targets)
    follow_ups = Prefetch("follow_ups", FollowUp.objects.only("plan", "year"))
    prefetch_related_objects(list(set(plan_at.values())), budgets_with_charts(), follow_ups)
    found = dict.fromkeys(once(Budget, "year", plan_at))
    for target, plan in plan_at.items():
        year = target.values[1]
        for budget in plan.budgets.all():
            if budget.year == year:
                has_follow_up = any(row.year == year for row in plan.follow_ups.all())
                chart = {f"chart-{year}"} if budget.has_chart else set()
                found[target] = EVERY_PAGE | chart | ({"uppfoljning"} if has_follow_up else set())
    return found


@looks_up("planning:document")
def documents(targets):
    plan_at = plans_of({target for target in targets if target.values[1] <= LARGEST_NUMBER})
    prefetch_related_objects(list(set(plan_at.values())), "documents")
    found = dict.fromkeys(once(PlanDocument, "number", plan_at))
    for target, plan in plan_at.items():
        for document in plan.documents.all():
            is_here = document.number == target.values[1]
            if is_here and not document.file.storage.exists(document.file.name):
                found.pop(target, None)
            elif is_here:
                found[target] = None
    return found


def once(model, field, targets):
    """Return those of `targets` whose second value `field` of a `model` has had in a published plan.

    These redirect to the plan, where they aren't in its version of now.
    """
    seen = model.objects.filter(plan__published_at__lte=now())
    rows = seen.filter(**{f"{field}__in": {target.values[1] for target in targets}})
    rows = rows.order_by().values_list("plan__first_year", "plan__last_year", field)
    keys = set(rows.distinct())
    return [target for target in targets if (*target.values[0], target.values[1]) in keys]
