"""The start page, the regional plans, their perspectives and budgets. Every query is made here."""

from django.db.models import Count, Prefetch, prefetch_related_objects
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from blekinge_site.languages import in_each_language
from pages.models import DailyStat, RegionProfile
from pages.publishing import Withdrawn
from planning import charts, pdf
from planning.models import Budget, FollowUp, Goal, Perspective, PlanDocument, RegionalPlan
from planning.periods import current, published_plans


def this_year():
    return timezone.localdate().year


def plan_or_404(plans, period):
    """Return the one of `plans` for `period`, a pair of years."""
    for plan in plans:
        if (plan.first_year, plan.last_year) == period:
            return plan
    first_year, last_year = period
    gone = RegionalPlan.objects.withdrawn().filter(first_year=first_year, last_year=last_year)
    raise (Withdrawn if gone.exists() else Http404)(f"no published plan for {period}")


def goals_with_focus_areas():
    return Prefetch("goals", Goal.objects.prefetch_related("focus_areas"))


def fetch_whole(plan):
    """Fetch everything that stands on a plan's page, in six queries, and make its anchors unique."""
    prefetch_related_objects(
        [plan],
        Prefetch("perspectives", Perspective.objects.prefetch_related(goals_with_focus_areas())),
        Prefetch("budgets", Budget.objects.prefetch_related("lines")),
        "documents",
    )
    for budget in plan.budgets.all():
        draw(budget)
    taken = {perspective.slug for perspective in plan.perspectives.all()}
    for perspective in plan.perspectives.all():
        for goal in perspective.goals.all():
            goal.anchor = goal.slug if goal.slug not in taken else f"{perspective.slug}-{goal.slug}"
            taken.add(goal.anchor)


def draw(budget):
    """Give `budget`, its lines fetched, the figures of its chart."""
    bars = charts.waterfall(budget.lines.all())
    budget.bars = charts.drawn(bars)
    budget.chart_height = len(bars) * charts.ROW
    budget.is_rounded = any(bar.is_rounded for bar in bars)
    budget.has_outcome = any(bar.line.outcome_msek is not None for bar in bars)


def overview_crumb():
    return (_("Regionplan med budget"), reverse("planning:current_plan"))


@require_safe
def start(request):
    profile = RegionProfile.objects.published().first()
    year = this_year()
    plan = current(published_plans(year), year)
    budget = None
    if plan:
        plan.with_goal_counts = plan.perspectives.annotate(goal_count=Count("goals"))
        # Of the budgets that have begun the last, or else the first of those to come.
        budgets = list(plan.budgets.all())
        begun = [budget for budget in budgets if budget.year <= year]
        budget = (begun[-1:] or budgets[:1] or [None])[0]
    if budget:
        lines = list(budget.lines.all())
        budget.result = next((line for line in lines if line.kind == line.Kind.RESULT), None)
        budget.parts_in, budget.parts_out = charts.in_and_out(lines)
    return render(
        request,
        "planning/start.html",
        {
            "addresses": in_each_language(lambda: reverse("planning:start")),
            "publishable": profile,
            "profile": profile,
            "daily_stats": DailyStat.objects.filter(profile=profile).order_by("-value", "position"),
            "plan": plan,
            "budget": budget,
        },
    )


@require_safe
def current_plan(request):
    year = this_year()
    plans = published_plans(year)
    plan = current(plans, year)
    if plan:
        fetch_whole(plan)
    return render(
        request,
        "planning/plan.html",
        {
            "addresses": in_each_language(lambda: reverse("planning:current_plan")),
            "canonical": plan and plan.get_absolute_url(),
            "here": _("Regionplan med budget"),
            "publishable": plan,
            "plan": plan,
            "plans": plans,
            "year": year,
        },
    )


@require_safe
def plan(request, period):
    plans = published_plans(this_year())
    plan = plan_or_404(plans, period)
    fetch_whole(plan)
    return render(
        request,
        "planning/plan.html",
        {
            "addresses": in_each_language(plan.get_absolute_url),
            "here": plan,
            "trail": [overview_crumb()],
            "publishable": plan,
            "plan": plan,
            "plans": plans,
        },
    )


@require_safe
def perspective(request, period, slug):
    plan = plan_or_404(published_plans(this_year()), period)
    perspectives = list(plan.perspectives.all())
    here = [p for p in perspectives if p.slug_en == slug] or [
        p for p in perspectives if p.slug == slug
    ]
    if not here:
        raise Http404(f"no perspective {slug} in {plan}")
    perspective = here[0]
    if request.path != perspective.get_absolute_url():
        return redirect(perspective, permanent=True)
    prefetch_related_objects([perspective], goals_with_focus_areas())
    for goal in perspective.goals.all():
        goal.anchor = goal.slug
    return render(
        request,
        "planning/perspective.html",
        {
            "addresses": in_each_language(perspective.get_absolute_url),
            "here": capfirst(perspective.name),
            "trail": [overview_crumb(), (plan, plan.get_absolute_url())],
            "publishable": plan,
            "plan": plan,
            "perspective": perspective,
            "perspectives": perspectives,
        },
    )


@require_safe
def budget(request, period, year):
    plan = plan_or_404(published_plans(this_year()), period)
    budget = get_object_or_404(plan.budgets.prefetch_related("lines"), year=year)
    draw(budget)
    follow_up = (
        FollowUp.objects.filter(plan=plan, year=year).prefetch_related("ratings__goal").first()
    )
    return render(
        request,
        "planning/budget.html",
        {
            "addresses": in_each_language(budget.get_absolute_url),
            "here": budget,
            "trail": [overview_crumb(), (plan, plan.get_absolute_url())],
            "publishable": plan,
            "plan": plan,
            "budget": budget,
            "follow_up": follow_up,
        },
    )


@require_safe
def plan_pdf(request, period):
    plan = plan_or_404(published_plans(this_year()), period)
    fetch_whole(plan)
    response = HttpResponse(pdf.plan_as_pdf(plan), content_type="application/pdf")
    name = f"regionplan-{plan.first_year}-{plan.last_year}-{get_language()}.pdf"
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@require_safe
def document(request, period, pk):
    plan = plan_or_404(published_plans(this_year()), period)
    document = get_object_or_404(PlanDocument, plan=plan, pk=pk)
    return FileResponse(document.file.open(), as_attachment=True)
