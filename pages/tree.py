"""The tree of editorial pages: those above a page, for its trail, and those below it, which it lists."""

from django.db.models import Q

from pages.models import Page
from pages.publishing.content_version import kept


class PageTree:
    """The published pages that have a parent or are one.

    `parent` is the first version of a page, so pages are matched by slug: visitors see the published version.
    """

    def __init__(self, pages):
        self._pages = {page.slug: page for page in pages}

    def above(self, page):
        """Return the ancestors of `page`, outermost first, as far as they are published."""
        ancestors, slugs = [], {page.slug}
        while page.parent and page.parent.slug in self._pages.keys() - slugs:
            page = self._pages[page.parent.slug]
            slugs.add(page.slug)
            ancestors.insert(0, page)
        return ancestors

    def below(self, page):
        """Return the pages directly below `page`: those with a position first, the others by title."""
        children = [
            child
            for child in self._pages.values()
            if child.parent and child.parent.slug == page.slug
        ]
        last = 1 + max((child.child_position or 0 for child in children), default=0)
        return sorted(
            children, key=lambda child: (child.child_position or last, child.title_sv.casefold())
        )


def page_tree(request):
    """Return the PageTree that visitors see now, with one query."""
    parents = Page.objects.filter(parent__isnull=False).values("parent__slug")
    pages = (
        Page.objects.published()
        .filter(Q(parent__isnull=False) | Q(slug__in=parents))
        .select_related("parent")
        .only("slug", "slug_en", "title_sv", "title_en", "child_position", "parent__slug")
    )
    return kept(request, "page tree", lambda: PageTree(pages))
