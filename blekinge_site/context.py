"""The context processor of the site."""

from django.conf import settings


def site(request):
    """Add `site_name` and `origin`, the scheme and host of the request, such as https://example.se."""
    return {
        "site_name": settings.SITE_NAME,
        "origin": f"{request.scheme}://{request.get_host()}",
    }
