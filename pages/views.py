"""The region's profile, the editorial pages, and the pages for errors.

Every query is made here, but for the footer's (pages.menu).
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

# The ids on the profile's page that are no core value's.
IDS_ON_PROFILE = frozenset({"innehall", "en-dag-hos-oss", "organisation", "vardegrund"})
# Stands for the path in an error page that is kept for all paths. No text in the database holds a NUL.
ANY_PATH = "\0path\0"


@require_safe
def profile(request):
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
def page(request, slug):
    page = find_by_slug(Page.objects.published().at(slug).select_related("parent"), slug)
    if page is None:
        gone = Page.objects.withdrawn().at(slug).exists()
        raise (Withdrawn if gone else Http404)(f"no published page {slug}")
    if request.path != page.get_absolute_url():
        return redirect(page, permanent=True)
    # A page names the first version of the page that it lies under; visitors see the one of now.
    parent = page.parent and Page.objects.published().filter(slug=page.parent.slug).first()
    return render(
        request,
        "pages/page.html",
        {
            "addresses": in_each_language(page.get_absolute_url),
            "here": words(page, "title"),
            "trail": [(words(parent, "title"), parent.get_absolute_url())] if parent else [],
            "publishable": page,
            "page": page,
        },
    )


def page_not_found(request, exception):
    """Answer 404, or 410 for what has been here and is withdrawn.

    There is no end of such addresses, so the page is rendered once for all that differ in the path only.
    """
    status = 410 if isinstance(exception, Withdrawn) else 404
    if KEPT not in request.META:
        return render(request, f"{status}.html", status=status)
    anywhere, match = copy(request), request.resolver_match
    anywhere.path = ANY_PATH
    key = status, get_language(), request.scheme, request.get_host(), match and match.view_name
    html = kept(request, key, lambda: render_to_string(f"{status}.html", request=anywhere))
    return HttpResponse(html.replace(ANY_PATH, escape(request.path)), status=status)


def bad_request(request, exception):
    """Answer 400 without asking the request for anything: it may be what is wrong."""
    return HttpResponseBadRequest(render_to_string("400.html", {"site_name": settings.SITE_NAME}))


def server_error(request):
    """Answer 500 without a query; or 503, where the database is what has failed and will be back."""
    context = {"site_name": settings.SITE_NAME, "is_sent": request.method == "POST"}
    response = HttpResponseServerError(render_to_string("500.html", context))
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        response.status_code, response["Retry-After"] = 503, "60"
    return response
