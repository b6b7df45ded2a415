"""Answer 404 early for addresses that contain a slug, year or number that no content has.

The number of such addresses is unlimited. Checking them against the known values saves a query for each.
"""

from django.http import Http404

from pages.models import Page
from pages.publishing.content_version import KEPT, kept
from planning.models import Budget, BudgetColumn, Perspective, PlanDocument, RegionalPlan


def known_values():
    """Return a set of all slugs, years and numbers in addresses, and plan periods as pairs of years.

    Values of unpublished content are included.
    """
    periods = RegionalPlan.objects.values_list("first_year", "last_year")
    rows = [
        *Page.objects.values_list("slug", "slug_en"),
        *Perspective.objects.values_list("slug", "slug_en"),
        *Budget.objects.values_list("year"),
        *BudgetColumn.objects.values_list("code"),
        *PlanDocument.objects.values_list("number"),
    ]
    return {*periods, *(value for row in rows for value in row)}


def reject_unknown_values(get_response):
    """Middleware that answers 404 to requests from the page cache with an unknown value in the path."""

    def middleware(request):
        return get_response(request)

    def process_view(request, view, args, kwargs):
        arguments = request.resolver_match.captured_kwargs
        values = [value for name, value in arguments.items() if name != "rest"]
        is_for_page_cache = KEPT in request.META
        if not values or not is_for_page_cache:
            return
        if not kept(request, "known values", known_values).issuperset(values):
            raise Http404("a value in the address is unknown")

    middleware.process_view = process_view
    return middleware
