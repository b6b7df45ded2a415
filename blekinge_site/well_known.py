"""The files for machines at standard addresses: security.txt and robots.txt."""

import datetime as dt

from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

VALID_DAYS = 180  # of security.txt, counted from the day of the request


@require_safe
def security_txt(request):
    """Say where to report vulnerabilities (RFC 9116)."""
    if not settings.SECURITY_CONTACT:
        raise Http404("SECURITY_CONTACT is not set")
    expires = timezone.localdate() + dt.timedelta(days=VALID_DAYS)
    lines = [
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires}T00:00:00Z",
        "Preferred-Languages: sv, en",
        f"Canonical: {request.build_absolute_uri(request.path)}",
    ]
    return plain_text(lines)


@require_safe
def robots_txt(request):
    """Allow all robots everywhere. The file is public, so it doesn't name the path of the admin."""
    sitemap = request.build_absolute_uri(reverse("sitemap"))
    return plain_text(["User-agent: *", "Disallow:", f"Sitemap: {sitemap}"])


def plain_text(lines):
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")
