"""The links to editorial pages in the footer of every public page."""

from django.conf import settings

from pages.models import Page
from pages.publishing.content_version import kept


def menu(request):
    """Context processor that adds `menu_pages`, a list, on public pages."""
    # Admin pages have no such menu. For visitors who cannot reach them, their addresses are not resolved, and
    # the 404 page has the menu, as for any other address.
    if request.resolver_match and request.path.startswith(settings.ADMIN_PATH):
        return {}
    pages = Page.objects.published().in_menu().only("slug", "slug_en", "title_sv", "title_en")
    return {"menu_pages": kept(request, "menu", lambda: list(pages))}
