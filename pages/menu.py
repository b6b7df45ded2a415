"""The editorial pages that every public page's footer leads to."""

from django.conf import settings

from pages.models import Page
from pages.publishing.content_version import kept


def menu(request):
    """Give the public pages' templates `menu_pages`, a list."""
    # An address of the staff's that is not open to the visitor is a missing page like any other.
    if request.resolver_match and request.path.startswith(settings.ADMIN_PATH):
        return {}
    pages = Page.objects.published().in_menu().only("slug", "slug_en", "title_sv", "title_en")
    return {"menu_pages": kept(request, "menu", lambda: list(pages))}
