"""What every template may use of the site as a whole."""

from django.conf import settings


def site(request):
    """Give `site_name` and `origin`, the address that this visit came to: https://example.se."""
    return {
        "site_name": settings.SITE_NAME,
        "origin": f"{request.scheme}://{request.get_host()}",
    }
