"""Look up the targets of links to pages of plans, for pages.publishing.dead_links.

Functions decorated with `looks_up` return a dict that maps each target that exists to the set of ids on
its page, or to None if a link to it may have any fragment.
"""

from django.db.models import Exists, OuterRef, Prefetch, prefetch_related_objects
from django.utils.translation import override

from blekinge_site.languages import slug_now
from pages.models import DailyStat, RegionProfile
from pages.publishing.dead_links import IDS_ON_EVERY_PAGE, looks_up
from pages.publishing.publishable import now
from pages.publishing.slugs import find_by_slug
from planning.models import Budget, BudgetLine, FollowUp, Goal, Perspective, PlanDocument
from planning.periods import plan_to_show, published_plans
from planning.views import (
    budget_to_show,
    set_anchors_on_perspective,
    set_anchors_on_plan,
    this_year,
)

MAX_DOCUMENT_NUMBER = 2**31 - 1  # the largest that the column can hold

# --- Whole plans -----------------------------------------------------------------------------------


@looks_up("planning:start")
def ids_on_start_page(targets):
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
    return dict.fromkeys(targets, IDS_ON_EVERY_PAGE | {name for name in sections if sections[name]})


@looks_up("planning:current_plan")
def ids_on_current_plan(targets):
    plan_in_year = plan_to_show(published_plans(this_year()))
    if plan_in_year is None:  # the page then says that there is no plan
        return dict.fromkeys(targets, IDS_ON_EVERY_PAGE)
    plan = plan_in_year.plan
    fetch_parts_with_ids([plan])
    return {target: ids_on_plan(plan, target.language) | {"planer"} for target in targets}


@looks_up("planning:plan")
def ids_on_plans(targets):
    plan_of = plans_of(targets)
    fetch_parts_with_ids(set(plan_of.values()))
    return {target: ids_on_plan(plan, target.language) for target, plan in plan_of.items()}


@looks_up("planning:plan_pdf")
def pdf_files(targets):
    return dict.fromkeys(plans_of(targets))


def plans_of(targets):
    """Return a dict that maps each of `targets` to the published plan for its period, if there is one."""
    plans = {entry.plan.natural_key(): entry.plan for entry in published_plans(this_year())}
    return {target: plans[target.values[0]] for target in targets if target.values[0] in plans}


def fetch_parts_with_ids(plans):
    """Prefetch the parts of `plans` that have ids on their pages, with three queries."""
    prefetch_related_objects(list(plans), perspectives_with_goals(), budgets_with_charts())


def perspectives_with_goals():
    goals = Prefetch("goals", Goal.objects.only("perspective", "position", "slug"))
    rows = Perspective.objects.only("plan", "position", "slug", "slug_en")
    return Prefetch("perspectives", rows.prefetch_related(goals))


def budgets_with_charts():
    """Return a prefetch of budgets with `has_chart`, which is true if any line has an amount."""
    lines = BudgetLine.objects.with_amounts().filter(budget=OuterRef("pk"))
    return Prefetch(
        "budgets", Budget.objects.only("plan", "year").annotate(has_chart=Exists(lines))
    )


def ids_on_plan(plan, language):
    """Return the ids on the page of `plan` in `language`, after `fetch_parts_with_ids`."""
    perspectives, budgets = plan.perspectives.all(), plan.budgets.all()
    set_anchors_on_plan(plan)
    ids = IDS_ON_EVERY_PAGE | {"contents-heading", "dokument"}
    ids |= {perspective.anchor for perspective in perspectives}
    ids |= {goal.anchor for perspective in perspectives for goal in perspective.goals.all()}
    ids |= {f"budget-{budget.year}" for budget in budgets}
    ids |= {f"chart-{budget.year}" for budget in budgets if budget.has_chart}
    with override(language):
        return ids | {"regionplanen"} if plan.introduction else ids


# --- Parts of plans --------------------------------------------------------------------------------


@looks_up("planning:perspective")
def ids_on_perspectives(targets):
    plan_of = plans_of(targets)
    prefetch_related_objects(list(set(plan_of.values())), perspectives_with_goals())
    ids_of = once_published(Perspective, "slug", plan_of)
    ids_of |= once_published(Perspective, "slug_en", plan_of)
    for target, plan in plan_of.items():
        slug = target.values[1]
        with override(target.language):
            perspective = find_by_slug(plan.perspectives.all(), slug)
            is_redirected = perspective and slug_now(perspective) != slug
        if is_redirected:
            ids_of[target] = None
        elif perspective:
            set_anchors_on_perspective(perspective)
            anchors = {goal.anchor for goal in perspective.goals.all()}
            ids_of[target] = IDS_ON_EVERY_PAGE | {"contents-heading"} | anchors
    return ids_of


@looks_up("planning:budget")
def ids_on_budgets(targets):
    plan_of = plans_of(targets)
    follow_ups = Prefetch("follow_ups", FollowUp.objects.only("plan", "year"))
    prefetch_related_objects(list(set(plan_of.values())), budgets_with_charts(), follow_ups)
    ids_of = once_published(Budget, "year", plan_of)
    for target, plan in plan_of.items():
        year = target.values[1]
        for budget in plan.budgets.all():
            if budget.year == year:
                has_follow_up = any(row.year == year for row in plan.follow_ups.all())
                chart = {f"chart-{year}"} if budget.has_chart else set()
                ids_of[target] = (
                    IDS_ON_EVERY_PAGE | chart | ({"uppfoljning"} if has_follow_up else set())
                )
    return ids_of


@looks_up("planning:document")
def document_files(targets):
    plan_of = plans_of({target for target in targets if target.values[1] <= MAX_DOCUMENT_NUMBER})
    prefetch_related_objects(list(set(plan_of.values())), "documents")
    ids_of = once_published(PlanDocument, "number", plan_of)
    for target, plan in plan_of.items():
        for document in plan.documents.all():
            is_target = document.number == target.values[1]
            if is_target and not document.file.storage.exists(document.file.name):
                ids_of.pop(target, None)
            elif is_target:
                ids_of[target] = None
    return ids_of


def once_published(model, field, targets):
    """Return `{target: None}` for `targets` with a part that was in any published version of their plan.

    The part is a `model` whose `field` is the second value of the target. If the current version lacks
    it, its address redirects to the plan.
    """
    values = {target.values[1] for target in targets}
    rows = model.objects.filter(plan__published_at__lte=now(), **{f"{field}__in": values})
    rows = rows.order_by().values_list("plan__first_year", "plan__last_year", field)
    keys = set(rows.distinct())
    return {target: None for target in targets if (*target.values[0], target.values[1]) in keys}
