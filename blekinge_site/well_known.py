"""What machines ask for at addresses that are the same on every site."""

import datetime as dt

from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

DAYS = 180  # that what security.txt says may be believed, counted from each day anew


@require_safe
def security_txt(request):
    """Tell whoever has found a hole where to report it (RFC 9116)."""
    if not settings.SECURITY_CONTACT:
        raise Http404("SECURITY_CONTACT is not set")
    expires = timezone.localdate() + dt.timedelta(days=DAYS)
    lines = [
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires}T00:00:00Z",
        "Preferred-Languages: sv, en",
        f"Canonical: {request.build_absolute_uri(request.path)}",
    ]
    return plain_text(lines)


@require_safe
def robots_txt(request):
    """Let every robot in. Where the staff's pages are is not told."""
    sitemap = request.build_absolute_uri(reverse("sitemap"))
    return plain_text(["User-agent: *", "Disallow:", f"Sitemap: {sitemap}"])


def plain_text(lines):
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")
