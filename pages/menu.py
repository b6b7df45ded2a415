"""The editorial pages that every public page's footer leads to."""

from pages.models import Page


def menu(request):
    """Give the public pages' templates `menu_pages`, a list."""
    if request.path.startswith("/admin/"):
        return {}
    return {"menu_pages": list(Page.objects.published().in_menu())}
