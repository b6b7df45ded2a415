"""Look up the targets of links to pages of plans, and list the places in plans that staff link to.

Functions decorated with `looks_up` return a dict that maps each target that exists to the set of ids on
its page, or to None if a link to it may have any fragment.
"""

from django.db.models import Prefetch, prefetch_related_objects
from django.urls import reverse
from django.utils.translation import override

from blekinge_site.languages import slug_now
from pages.models import DailyStat, RegionProfile
from pages.publishing.dead_links import IDS_ON_EVERY_PAGE, look_up, looks_up, target_at
from pages.publishing.links import in_use, lists_places
from pages.publishing.publishable import now
from pages.publishing.slugs import find_by_slug
from planning.models import (
    Budget,
    BudgetColumn,
    FollowUp,
    Goal,
    Perspective,
    PlanDocument,
    RegionalPlan,
)
from planning.periods import plan_to_show, published_plans
from planning.views import (
    budget_to_show,
    chart_of_hundred,
    chart_of_result,
    charts_of,
    prefetch_tables,
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
    profile = RegionProfile.objects.published().first()
    sections = {
        "en-dag-hos-oss": DailyStat.objects.filter(profile=profile).exists(),
        "regionplan": plan_in_year is not None,
        "budget": bool(budget and chart_of_result(budget)),
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
    """Prefetch the parts of `plans` that have ids on their pages, with a fixed number of queries."""
    direct_goals = goals_with_ids().filter(perspective=None)
    prefetch_related_objects(
        list(plans),
        perspectives_with_goals(),
        Prefetch("goals", direct_goals, to_attr="direct_goals"),
        budgets_with_tables(),
    )


def goals_with_ids():
    return Goal.objects.only("plan", "perspective", "position", "slug")


def perspectives_with_goals():
    goals = Prefetch("goals", goals_with_ids())
    rows = Perspective.objects.only("plan", "position", "slug", "slug_en")
    return Prefetch("perspectives", rows.prefetch_related(goals))


def budgets_with_tables():
    rows = Budget.objects.only("plan", "year")
    return Prefetch("budgets", rows.prefetch_related(prefetch_tables()))


def ids_on_plan(plan, language):
    """Return the ids on the page of `plan` in `language`, after `fetch_parts_with_ids`."""
    perspectives, budgets = plan.perspectives.all(), plan.budgets.all()
    set_anchors_on_plan(plan)
    ids = IDS_ON_EVERY_PAGE | {"contents-heading", "dokument"}
    ids |= {perspective.anchor for perspective in perspectives}
    ids |= {goal.anchor for perspective in perspectives for goal in perspective.goals.all()}
    ids |= {f"budget-{budget.year}" for budget in budgets}
    ids |= {goal.anchor for goal in plan.direct_goals}
    for budget in budgets:
        for chart in charts_of(budget)[:1]:
            ids |= ids_of_chart(chart, budget)
    with override(language):
        return ids | {"regionplanen"} if plan.introduction else ids


# --- Parts of plans --------------------------------------------------------------------------------


def ids_of_chart(chart, budget):
    """Return the ids that `chart` has on any page. The first table of a year has the id of its chart."""
    is_first = chart.table == budget.tables.all()[0]
    ids = {f"caption-{budget.year}-{chart.table.anchor}"}
    return ids | {f"chart-{budget.year}"} if is_first else ids


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


@looks_up("planning:budget", "planning:budget_column")
def ids_on_budgets(targets):
    """Look up the pages of budgets, and those with the bars of a column, whose code is the third value."""
    plan_of = plans_of(targets)
    follow_ups = Prefetch("follow_ups", FollowUp.objects.only("plan", "year"))
    prefetch_related_objects(list(set(plan_of.values())), budgets_with_tables(), follow_ups)
    ids_of = once_published(Budget, "year", {target for target in plan_of if not target.values[2:]})
    ids_of |= columns_once_published(target for target in plan_of if target.values[2:])
    for target, plan in plan_of.items():
        year, *codes = target.values[1:]
        budget = next((budget for budget in plan.budgets.all() if budget.year == year), None)
        if budget and all(code in codes_of(budget) for code in codes):
            has_follow_up = any(row.year == year for row in plan.follow_ups.all())
            ids_of[target] = ids_on_budget(budget, has_follow_up)
    return ids_of


def codes_of(budget):
    return {column.code for table in budget.tables.all() for column in table.columns.all()}


def ids_on_budget(budget, has_follow_up):
    """Return the ids on the page of `budget`, whose tables have been prefetched."""
    budget_charts = charts_of(budget)
    of_hundred, _income, _expenses = chart_of_hundred(budget_charts)
    ids = IDS_ON_EVERY_PAGE | {chart.table.anchor for chart in budget_charts}
    for chart in budget_charts:
        ids |= ids_of_chart(chart, budget)
    ids |= {"av-varje-100-kronor"} if of_hundred else set()
    return ids | ({"uppfoljning"} if has_follow_up else set())


def columns_once_published(targets):
    """Return `{target: None}` for `targets` with a column that was in any published version of their plan.

    If the current version lacks it, its address redirects to the year or to the plan.
    """
    by_key = {(*target.values[0], *target.values[1:]): target for target in targets}
    budget = "table__budget"
    rows = BudgetColumn.objects.filter(
        **{f"{budget}__plan__published_at__lte": now()}, code__in={key[-1] for key in by_key}
    ).order_by()
    plan = f"{budget}__plan"
    keys = rows.values_list(f"{plan}__first_year", f"{plan}__last_year", f"{budget}__year", "code")
    return {by_key[key]: None for key in keys.distinct() if key in by_key}


@looks_up("planning:doubled_year")
def doubled_years(targets):
    """Look up addresses such as 2026-2026/, which redirect to the same address without the second year."""
    ids_of = {}
    address_of = {target: address_without_double(target) for target in targets}
    target_of = {target: target_at(address) for target, address in address_of.items()}
    found = look_up({each for each in target_of.values() if each})
    for target, redirected_to in target_of.items():
        if redirected_to in found:
            ids_of[target] = found[redirected_to]
    return ids_of


def address_without_double(target):
    (year, _last_year), rest = target.values
    with override(target.language):
        return f"{reverse('planning:current_plan')}{year}{rest}"


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


# --- Places to link to -----------------------------------------------------------------------------


@lists_places
def plans_and_parts():
    """Yield plans, perspectives, goals, budgets and documents, with their plans, in seven queries at most."""
    plans = {plan.pk: plan for plan in in_use(RegionalPlan.objects.all())}
    for plan in plans.values():
        yield plan, plan
    for model in (Perspective, Goal, Budget, PlanDocument):
        rows = model.objects.filter(plan__in=plans)
        if model is Goal:
            rows = rows.select_related("perspective")
        for part in rows:
            part.plan = plans[part.plan_id]
            if getattr(part, "perspective", None):
                part.perspective.plan = part.plan
            yield part, part.plan
