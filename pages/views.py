"""The region's profile, the editorial pages, and the pages for errors.

All queries of a page are made here, except the footer's (pages.menu).
"""

import sys
from copy import copy

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, HttpResponseBadRequest, HttpResponseServerError
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from blekinge_site.languages import give_anchors, in_each_language, words
from pages.models import Administration, Page, RegionProfile
from pages.publishing.content_version import KEPT, kept
from pages.publishing.publishable import Withdrawn
from pages.publishing.slugs import find_by_slug
from pages.tree import page_tree

# The ids on the profile's page, except those of core values.
IDS_ON_PROFILE = frozenset({"innehall", "en-dag-hos-oss", "organisation", "vardegrund"})
# A placeholder for the path in stored error pages. Text in the database cannot contain NUL.
PATH_PLACEHOLDER = "\0path\0"


@require_safe
def profile_page(request):
    profile = RegionProfile.objects.published().first()
    if profile is None:
        raise (Withdrawn if RegionProfile.objects.withdrawn().exists() else Http404)("no profile")
    core_values = list(profile.core_values.all())
    give_anchors(core_values, taken=set(IDS_ON_PROFILE))
    administrations = Administration.objects.filter(profile=profile).on(timezone.localdate())
    return render(
        request,
        "pages/profile.html",
        {
            "addresses": in_each_language(profile.get_absolute_url),
            "here": _("Om %(name)s") % {"name": profile.name},
            "publishable": profile,
            "profile": profile,
            "daily_stats": profile.daily_stats.all(),
            "administrations": administrations,
            "core_values": core_values,
        },
    )


@require_safe
def editorial_page(request, slug):
    page = find_by_slug(Page.objects.published().at(slug).select_related("parent"), slug)
    if page is None:
        is_withdrawn = Page.objects.withdrawn().at(slug).exists()
        raise (Withdrawn if is_withdrawn else Http404)(f"no published page {slug}")
    if request.path != page.get_absolute_url():
        return redirect(page, permanent=True)
    tree = page_tree(request)
    return render(
        request,
        "pages/page.html",
        {
            "addresses": in_each_language(page.get_absolute_url),
            "here": words(page, "title"),
            "trail": [
                (words(above, "title"), above.get_absolute_url()) for above in tree.above(page)
            ],
            "pages_below": tree.below(page),
            "publishable": page,
            "page": page,
        },
    )


def page_not_found(request, exception):
    """Return the page with status 404, or 410 if the page at the address has been withdrawn.

    The number of such addresses is unlimited, so pages that differ only in their path are rendered once.
    """
    status = 410 if isinstance(exception, Withdrawn) else 404
    template = f"{status}.html"
    if KEPT not in request.META:
        return render(request, template, status=status)
    request_without_path, match = copy(request), request.resolver_match
    request_without_path.path = PATH_PLACEHOLDER
    key = status, get_language(), request.scheme, request.get_host(), match and match.view_name
    html = kept(request, key, lambda: render_to_string(template, request=request_without_path))
    return HttpResponse(html.replace(PATH_PLACEHOLDER, escape(request.path)), status=status)


def bad_request(request, exception):
    """Return the page with status 400. It doesn't use the request, which can be malformed."""
    return HttpResponseBadRequest(render_to_string("400.html", {"site_name": settings.SITE_NAME}))


def server_error(request):
    """Return the page with status 500, or 503 if the database is down. It makes no queries."""
    context = {"site_name": settings.SITE_NAME, "is_sent": request.method == "POST"}
    response = HttpResponseServerError(render_to_string("500.html", context))
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        response.status_code, response["Retry-After"] = 503, "60"
    return response
