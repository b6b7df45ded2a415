"""The start page, and the pages of plans, perspectives and budgets.

All queries of a page are made here, except the footer's (pages.menu).
"""

from django.db.models import Count, Prefetch, prefetch_related_objects
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from blekinge_site.languages import (
    give_anchors,
    in_each_language,
    words,
    words_capitalised,
)
from blekinge_site.serving.files import answer_with_download
from pages.models import DailyStat, RegionProfile
from pages.publishing.publishable import Withdrawn, now
from pages.publishing.slugs import find_by_slug
from planning import charts, pdf
from planning.decisions import decision, decision_as_html
from planning.models import (
    Budget,
    BudgetLine,
    FollowUp,
    Goal,
    Perspective,
    PlanDocument,
    RegionalPlan,
)
from planning.periods import plan_to_show, published_plans


def this_year():
    return timezone.localtime(now()).year


def plan_or_404(plans, period):
    """Return the entry of `plans`, from `published_plans`, for `period`, a pair of years.

    Raises Http404 if there is none, or Withdrawn if the plan for that period was withdrawn.
    """
    for plan_in_year in plans:
        if plan_in_year.plan.natural_key() == period:
            return plan_in_year
    first_year, last_year = period
    withdrawn = RegionalPlan.objects.withdrawn().filter(first_year=first_year, last_year=last_year)
    raise (Withdrawn if withdrawn.exists() else Http404)(f"no published plan for {period}")


def redirect_if_once_published(parts, plan):
    """Redirect to `plan` if a version of it with any of `parts` has been published.

    Raises Http404 otherwise.
    """
    published_versions = plan.versions().filter(published_at__lte=timezone.now())
    if not parts.filter(plan__in=published_versions).exists():
        raise Http404(f"never a part of {plan}")
    return redirect(plan, permanent=True)


def goals_with_focus_areas():
    return Prefetch("goals", Goal.objects.prefetch_related("focus_areas"))


def lines_with_amounts():
    return Prefetch("lines", BudgetLine.objects.with_amounts())


def fetch_parts(plan):
    """Prefetch all parts of `plan`, with six queries, and set their anchors. Return its `BudgetChart`s."""
    prefetch_related_objects(
        [plan],
        Prefetch("perspectives", Perspective.objects.prefetch_related(goals_with_focus_areas())),
        Prefetch("budgets", Budget.objects.prefetch_related(lines_with_amounts())),
        "documents",
    )
    set_anchors_on_plan(plan)
    return [charts.budget_chart(budget) for budget in plan.budgets.all()]


def set_anchors_on_plan(plan):
    """Set the anchors of the perspectives and goals of `plan` on its page.

    They and the budgets have been prefetched.
    """
    taken = {"contents-heading", "innehall", "regionplanen", "dokument", "planer"}
    taken |= {f"budget-{budget.year}" for budget in plan.budgets.all()}
    give_anchors(plan.perspectives.all(), taken)
    for perspective in plan.perspectives.all():
        give_anchors(perspective.goals.all(), taken)


def set_anchors_on_perspective(perspective):
    """Set the anchors of the goals of `perspective`, which have been prefetched, on its own page."""
    give_anchors(perspective.goals.all(), taken={"contents-heading", "innehall"})


def overview_crumb():
    return (_("Regionplan med budget"), reverse("planning:current_plan"))


def plan_crumb(plan):
    return (format_html("{} {}", words(plan, "title"), plan.period), plan.get_absolute_url())


def budget_to_show(plan, year):
    """Return the latest budget of `plan` up to `year`, otherwise its first budget, or None."""
    budgets = list(plan.budgets.all())
    begun = [budget for budget in budgets if budget.year <= year]
    return (begun[-1:] or budgets[:1] or [None])[0]


@require_safe
def start_page(request):
    profile = RegionProfile.objects.published().first()
    year = this_year()
    plan_in_year = plan_to_show(published_plans(year))
    plan = plan_in_year and plan_in_year.plan
    budget = plan and budget_to_show(plan, year)
    lines = list(budget.lines.with_amounts()) if budget else []
    income, expenses = charts.income_and_expenses(lines)
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
            "perspectives": plan and plan.perspectives.annotate(goal_count=Count("goals")),
            "budget": budget,
            "result": next((line for line in lines if line.kind == line.Kind.RESULT), None),
            "income": income,
            "expenses": expenses,
        },
    )


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
            "decision": plan and decision_as_html(plan),
            "budget_charts": plan and fetch_parts(plan),
            "plans": plans,
            "is_overview": True,
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
            "decision": decision_as_html(plan),
            "budget_charts": fetch_parts(plan),
            "plans": plans,
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
    prefetch_related_objects([perspective], goals_with_focus_areas())
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
def budget_page(request, period, year):
    plan_in_year = plan_or_404(published_plans(this_year()), period)
    plan = plan_in_year.plan
    budget = plan.budgets.prefetch_related(lines_with_amounts()).filter(year=year).first()
    if budget is None:
        return redirect_if_once_published(Budget.objects.filter(year=year), plan)
    follow_up = (
        FollowUp.objects.filter(plan=plan, year=year).prefetch_related("ratings__goal").first()
    )
    return render(
        request,
        "planning/budget.html",
        {
            "addresses": in_each_language(budget.get_absolute_url),
            "here": budget,
            "trail": [overview_crumb(), plan_crumb(plan)],
            "publishable": plan,
            "plan_in_year": plan_in_year,
            "plan": plan,
            "budget": budget,
            "decision": decision("", budget.decided_on),
            "budget_chart": charts.budget_chart(budget),
            "follow_up": follow_up,
        },
    )


@require_safe
def plan_pdf(request, period):
    plan_in_year = plan_or_404(published_plans(this_year()), period)
    plan = plan_in_year.plan
    content = pdf.plan_as_pdf(plan_in_year, fetch_parts(plan))
    response = HttpResponse(content, content_type="application/pdf")
    name = f"regionplan-{plan.first_year}-{plan.last_year}-{get_language()}.pdf"
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response


# Browsers should download documents. A document that a browser displays anyway has no access to the site.
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
