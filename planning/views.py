"""The start page, and the pages of plans, perspectives and budgets.

All queries of a page are made here, except the footer's (pages.menu).
"""

from decimal import Decimal

from django.db.models import Count, Prefetch, prefetch_related_objects
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from blekinge_site.languages import give_anchors, in_each_language, words_capitalised
from blekinge_site.serving.files import answer_with_download
from pages.models import DailyStat, RegionProfile
from pages.publishing.publishable import Withdrawn, now
from pages.publishing.slugs import find_by_slug
from planning import charts, pdf
from planning.decisions import decision, decisions_as_html
from planning.labels import plan_name
from planning.models import (
    Budget,
    BudgetColumn,
    BudgetTable,
    FollowUp,
    Goal,
    Indicator,
    Perspective,
    PlanDocument,
    RegionalPlan,
)
from planning.periods import plan_to_show, published_plans


def this_year():
    return timezone.localtime(now()).year


def plan_or_404(plans, period):
    """Return the PlanInYear in `plans` whose plan is for `period`, a pair of years.

    Raises Http404 if there is none, or Withdrawn if the plan for that period was withdrawn.
    """
    for plan_in_year in plans:
        if plan_in_year.plan.natural_key() == period:
            return plan_in_year
    first_year, last_year = period
    withdrawn = RegionalPlan.objects.withdrawn().filter(first_year=first_year, last_year=last_year)
    raise (Withdrawn if withdrawn.exists() else Http404)(f"no published plan for {period}")


def redirect_if_once_published(parts, plan, to=None):
    """Redirect to `plan`, or `to`, if any of `parts` belongs to a version of it that has been published.

    Raises Http404 otherwise.
    """
    published_versions = plan.versions().filter(published_at__lte=timezone.now())
    path = parts.model.path_to_publishable()
    if not parts.filter(**{f"{path}__in": published_versions}).exists():
        raise Http404(f"never a part of {plan}")
    return redirect(to or plan, permanent=True)


def prefetch_goals(name="goals", *, goals=None, to_attr=None):
    """Return a prefetch of goals with their focus areas, and their indicators with values."""
    indicators = Prefetch("indicators", Indicator.objects.prefetch_related("values"))
    rows = (Goal.objects if goals is None else goals).prefetch_related("focus_areas", indicators)
    return Prefetch(name, rows, to_attr=to_attr)


def prefetch_tables():
    return Prefetch("tables", BudgetTable.objects.prefetch_related("columns", "lines"))


# The ids on the page of a budget other than those of its tables, where a table may have the same word.
IDS_ON_BUDGET = {"innehall", "feedback-question", "uppfoljning", "av-varje-100-kronor"}


def charts_of(budget, code=None):
    """Return the Charts of those tables of `budget` that have lines and columns.

    The tables have been prefetched. Their anchors are set.
    """
    give_anchors(budget.tables.all(), taken=IDS_ON_BUDGET | {f"chart-{budget.year}"})
    budget_charts = [charts.chart_of(table, budget.year, code) for table in budget.tables.all()]
    return [chart for chart in budget_charts if chart.rows]


def fetch_parts(plan):
    """Prefetch the parts that the page and the PDF of `plan` show, with a fixed number of queries.

    The goals that lie directly in the plan are set as `direct_goals`, and anchors on perspectives and goals.
    Returns pairs of a budget and the Charts of its tables.
    """
    prefetch_related_objects(
        [plan],
        Prefetch("perspectives", Perspective.objects.prefetch_related(prefetch_goals())),
        prefetch_direct_goals(),
        Prefetch("budgets", Budget.objects.prefetch_related(prefetch_tables())),
        "documents",
        "decisions",
    )
    set_anchors_on_plan(plan)
    return [(budget, charts_of(budget)) for budget in plan.budgets.all()]


def prefetch_direct_goals():
    goals = Goal.objects.filter(perspective=None)
    return prefetch_goals(goals=goals, to_attr="direct_goals")


def set_anchors_on_plan(plan):
    """Set the anchors of the perspectives and goals of `plan` on its page.

    Perspectives, goals and budgets must be prefetched.
    """
    taken = {"contents-heading", "innehall", "regionplanen", "dokument", "planer"}
    for budget in plan.budgets.all():
        taken |= {f"budget-{budget.year}", f"chart-{budget.year}"}
    give_anchors(plan.perspectives.all(), taken)
    give_anchors(plan.direct_goals, taken)
    for perspective in plan.perspectives.all():
        give_anchors(perspective.goals.all(), taken)


def set_anchors_on_perspective(perspective):
    """Set the anchors of the goals of `perspective`, which have been prefetched, on its own page."""
    give_anchors(perspective.goals.all(), taken={"contents-heading", "innehall"})


def overview_crumb():
    return (_("Regionplan med budget"), reverse("planning:current_plan"))


def plan_crumb(plan):
    return (plan_name(plan), plan.get_absolute_url())


def budget_to_show(plan, year):
    """Return the latest budget of `plan` no later than `year`, otherwise its first budget, or None."""
    budgets = list(plan.budgets.all())
    begun = [budget for budget in budgets if budget.year <= year]
    return (begun[-1:] or budgets[:1] or [None])[0]


def chart_of_result(budget):
    """Return the Chart of the first table of `budget` that has a result for its year, or None."""
    prefetch_related_objects([budget], prefetch_tables())
    for chart in charts_of(budget):
        result = chart.result and chart.result.chosen
        is_of_year = chart.column and (chart.column.year, chart.column.last_year) == (
            budget.year,
            None,
        )
        if result and is_of_year and isinstance(result.amount, Decimal):
            return chart
    return None


def chart_of_hundred(budget_charts):
    """Return the first of `budget_charts` that can be shown as parts of 100 kronor, its income and expenses.

    Return None and two empty lists if none can.
    """
    for chart in budget_charts:
        income, expenses = charts.of_hundred(chart)
        if income:
            return chart, income, expenses
    return None, [], []


@require_safe
def start_page(request):
    profile = RegionProfile.objects.published().first()
    year = this_year()
    plan_in_year = plan_to_show(published_plans(year))
    plan = plan_in_year and plan_in_year.plan
    budget = plan and budget_to_show(plan, year)
    chart = budget and chart_of_result(budget)
    income, expenses = charts.income_and_expenses(chart) if chart else ([], [])
    return render(
        request,
        "planning/start.html",
        {
            "addresses": in_each_language(lambda: reverse("planning:start")),
            "publishable": profile,
            "profile": profile,
            "daily_stats": DailyStat.objects.filter(profile=profile).order_by("-value", "position"),
            "plan_in_year": plan_in_year,
            "plan": plan,
            "perspectives": plan and list(plan.perspectives.annotate(goal_count=Count("goals"))),
            "direct_goals": plan and list(plan.goals.filter(perspective=None)),
            "budget": budget,
            "chart": chart,
            "income": income,
            "expenses": expenses,
        },
    )


def plan_context(plan):
    """Return what both pages of a plan show of it."""
    budgets = fetch_parts(plan)
    return {
        "budgets": budgets,
        "decisions": decisions_as_html(plan),
    }


@require_safe
def current_plan_page(request):
    plans = published_plans(this_year())
    plan_in_year = plan_to_show(plans)
    plan = plan_in_year and plan_in_year.plan
    return render(
        request,
        "planning/plan.html",
        {
            "addresses": in_each_language(lambda: reverse("planning:current_plan")),
            "canonical": plan and plan.get_absolute_url(),
            "here": _("Regionplan med budget"),
            "publishable": plan,
            "plan_in_year": plan_in_year,
            "plan": plan,
            "plans": plans,
            "is_overview": True,
            **(plan_context(plan) if plan else {}),
        },
    )


@require_safe
def plan_page(request, period):
    plans = published_plans(this_year())
    plan_in_year = plan_or_404(plans, period)
    plan = plan_in_year.plan
    return render(
        request,
        "planning/plan.html",
        {
            "addresses": in_each_language(plan.get_absolute_url),
            "here": plan_crumb(plan)[0],
            "trail": [overview_crumb()],
            "publishable": plan,
            "plan_in_year": plan_in_year,
            "plan": plan,
            "plans": plans,
            **plan_context(plan),
        },
    )


@require_safe
def perspective_page(request, period, slug):
    plan_in_year = plan_or_404(published_plans(this_year()), period)
    plan = plan_in_year.plan
    perspectives = list(plan.perspectives.all())
    perspective = find_by_slug(perspectives, slug)
    if perspective is None:
        return redirect_if_once_published(Perspective.objects.at(slug), plan)
    if request.path != perspective.get_absolute_url():
        return redirect(perspective, permanent=True)
    prefetch_related_objects([perspective], prefetch_goals())
    set_anchors_on_perspective(perspective)
    return render(
        request,
        "planning/perspective.html",
        {
            "addresses": in_each_language(perspective.get_absolute_url),
            "here": words_capitalised(perspective, "name"),
            "trail": [overview_crumb(), plan_crumb(plan)],
            "publishable": plan,
            "plan_in_year": plan_in_year,
            "plan": plan,
            "perspective": perspective,
            "perspectives": perspectives,
        },
    )


@require_safe
def budget_page(request, period, year, code=None):
    """Show the tables of a year. The bars show the column with `code`, if the address holds one."""
    plan_in_year = plan_or_404(published_plans(this_year()), period)
    plan = plan_in_year.plan
    budget = plan.budgets.prefetch_related(prefetch_tables()).filter(year=year).first()
    if budget is None:
        return redirect_if_once_published(Budget.objects.filter(year=year), plan)
    budget_charts = charts_of(budget, code)
    if code and code not in {chart.column.code for chart in budget_charts if chart.column}:
        columns = BudgetColumn.objects.filter(code=code, table__budget__year=year)
        return redirect_if_once_published(columns, plan, to=budget)
    follow_up = (
        FollowUp.objects.filter(plan=plan, year=year).prefetch_related("ratings__goal").first()
    )
    chart, income, expenses = chart_of_hundred(budget_charts)
    return render(
        request,
        "planning/budget.html",
        {
            "addresses": in_each_language(lambda: budget_address(budget, code)),
            "canonical": budget.get_absolute_url(),
            "here": budget,
            "trail": [overview_crumb(), plan_crumb(plan)],
            "publishable": plan,
            "plan_in_year": plan_in_year,
            "plan": plan,
            "budget": budget,
            "decision": decision("", budget.decided_on),
            "charts": budget_charts,
            "of_hundred": chart,
            "income": income,
            "expenses": expenses,
            "follow_up": follow_up,
        },
    )


def budget_address(budget, code=None):
    """Return the address of the page of `budget`, with the bars of the column `code`."""
    arguments = [budget.plan.natural_key(), budget.year]
    if code:
        return reverse("planning:budget_column", args=[*arguments, code])
    return reverse("planning:budget", args=arguments)


@require_safe
def plan_pdf(request, period):
    plan_in_year = plan_or_404(published_plans(this_year()), period)
    plan = plan_in_year.plan
    content = pdf.plan_as_pdf(plan_in_year, fetch_parts(plan))
    response = HttpResponse(content, content_type="application/pdf")
    years = plan.period.replace("\N{EN DASH}", "-")
    name = f"regionplan-{years}-{get_language()}.pdf"
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@require_safe
def doubled_year_redirect(request, period, rest):
    """Redirect from an address such as 2026-2026/, which plans of one year had earlier, to 2026/."""
    return redirect(f"{reverse('planning:current_plan')}{period[0]}{rest}", permanent=True)


# If a browser opens the document instead of saving it, the document gets no access to the site.
@csp_override({"default-src": [CSP.NONE], "sandbox": True})
@require_safe
def document_file(request, period, number):
    plan = plan_or_404(published_plans(this_year()), period).plan
    document = plan.documents.filter(number=number).first()
    if document is None:
        return redirect_if_once_published(PlanDocument.objects.filter(number=number), plan)
    try:
        return answer_with_download(request, document.file)
    except FileNotFoundError as error:
        raise Http404(f"the file of {document} is missing") from error
