"""Checks of an editorial page before it is published, in addition to those of its texts."""

from pages.models import Page
from pages.publishing.findings import Finding, checks
from pages.publishing.links import is_linked_to


@checks(Page)
def check_page(page):
    has_place = page.parent_id or page.header_position or page.menu_position
    if not has_place and not is_linked_to(page):
        text = (
            "Inget leder besökare till sidan. Lägg den under en annan sida eller i en meny, eller "
            "länka till den."
        )
        yield Finding(False, text, page, "parent")
