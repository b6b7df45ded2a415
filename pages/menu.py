"""The editorial pages that every page's footer leads to."""

from django.utils.functional import SimpleLazyObject

from pages.models import Page


def menu(request):
    """Give every template `menu_pages`, a list that is fetched where a template uses it."""
    return {"menu_pages": SimpleLazyObject(lambda: list(Page.objects.published().in_menu()))}
