"""Which words and numbers the addresses of pages are made of, in both languages.

There is no end of addresses without a page. One with a word that no page has is answered 404 at once,
without asking the database for each.
"""

from django.http import Http404

from pages.models import Page
from pages.publishing.content_version import KEPT, kept
from planning.models import Budget, Perspective, PlanDocument, RegionalPlan


def known_words():
    """Return every slug, year and number that is in an address, published or not, and periods as pairs."""
    periods = RegionalPlan.objects.values_list("first_year", "last_year")
    rows = [
        *Page.objects.values_list("slug", "slug_en"),
        *Perspective.objects.values_list("slug", "slug_en"),
        *Budget.objects.values_list("year"),
        *PlanDocument.objects.values_list("number"),
    ]
    return {*periods, *(word for row in rows for word in row)}


def known_words_only(get_response):
    """Answer 404 to what the page cache asks for, where a part of the address is no known word."""

    def middleware(request):
        return get_response(request)

    def process_view(request, view, args, kwargs):
        words = request.resolver_match.captured_kwargs.values()
        is_kept = words and KEPT in request.META
        if is_kept and not kept(request, "words", known_words).issuperset(words):
            raise Http404("a word that no page has")

    middleware.process_view = process_view
    return middleware
