"""The context processor of the site."""

from django.conf import settings


def site(request):
    """Add `site_name`, `account_contact` and `origin`, the scheme and host of the request.

    An origin is such as https://example.se.
    """
    return {
        "site_name": settings.SITE_NAME,
        "account_contact": settings.ACCOUNT_CONTACT,
        "origin": f"{request.scheme}://{request.get_host()}",
    }
