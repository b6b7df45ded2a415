"""The links to editorial pages in the main menu and the footer of every public page."""

from django.conf import settings

from pages.models import Page
from pages.publishing.content_version import kept


def menu(request):
    """Context processor that adds the lists `header_pages` and `menu_pages` on public pages."""
    # Admin pages have no such menu. For visitors who cannot reach them, their addresses are not resolved, and
    # the 404 page has the menu, as for any other address.
    if request.resolver_match and request.path.startswith(settings.ADMIN_PATH):
        return {}
    rows = Page.objects.published().in_menus()
    pages = rows.only("slug", "slug_en", "title_sv", "title_en", "header_position", "menu_position")
    return kept(
        request,
        "menu",
        lambda: {
            "header_pages": in_order(pages, "header_position"),
            "menu_pages": in_order(pages, "menu_position"),
        },
    )


def in_order(pages, field):
    """Return those of `pages`, a queryset that is fetched once, that have a position in `field`."""
    placed = [page for page in pages if getattr(page, field)]
    return sorted(placed, key=lambda page: (getattr(page, field), page.pk))
