"""The dead links of published pages, for the desk. A visit looks up those of a limited number of pages."""

from typing import NamedTuple

from django.core.cache import cache

from blekinge_site.languages import in_each_language
from blekinge_site.staff.addresses import change_address
from pages.models import Page
from pages.publishing import content_version
from pages.publishing.dead_links import dead_links

LINKS_CACHE_KEY = "pages.desk.dead_links"
LINKS_CACHE_SECONDS = 7 * 24 * 3600
MAX_PAGES_PER_VISIT = 300  # pages whose links are looked up in one request


class DeadLink(NamedTuple):
    page: str
    language: str
    text: str
    leads_to: str
    address: str  # of the form's field in the admin


def broken_links():
    """Return the dead links on published pages, as `DeadLink`, and the number of pages left to check.

    The result is cached and valid until content changes. After a change, each request looks up the links
    of MAX_PAGES_PER_VISIT pages, so that its duration doesn't depend on the number of pages.
    """
    content = content_version.current()
    known = cache.get(LINKS_CACHE_KEY) or {"content": None, "looked_up": {}, "dead": {}, "left": 0}
    if known["content"] != content or known["left"]:
        known = with_more_pages(known, content)
        cache.set(LINKS_CACHE_KEY, known, LINKS_CACHE_SECONDS)
    return [link for page_links in known["dead"].values() for link in page_links], known["left"]


def with_more_pages(known, content):
    """Return the cached result `known`, updated for some pages at the content version `content`.

    In the result, `looked_up` maps the pk of each page to the content version at which its links were
    last looked up, oldest first. `dead` maps the pk of each page with dead links to them.
    These pages are looked up first, so that an editor who corrects a link sees it disappear.
    """
    pks = set(Page.objects.published().values_list("pk", flat=True))
    before = {pk: version for pk, version in known["looked_up"].items() if pk in pks}
    looked_up = dict.fromkeys(sorted(pks - before.keys())) | before
    dead = {pk: links for pk, links in known["dead"].items() if pk in pks}
    left = [pk for pk, version in looked_up.items() if version != content]
    left.sort(key=lambda pk: pk not in dead)
    chosen = set(left[:MAX_PAGES_PER_VISIT])
    looked_up = {pk: version for pk, version in looked_up.items() if pk not in chosen}
    dead = {pk: links for pk, links in dead.items() if pk not in chosen}
    return {
        "content": content,
        "looked_up": looked_up | dict.fromkeys(sorted(chosen), content),
        "dead": dead | dead_links_of(Page.objects.filter(pk__in=chosen)),
        "left": len(left) - len(chosen),
    }


def dead_links_of(pages):
    """Return the dead links of `pages`: `{pk of the page: [DeadLink, …]}`."""
    texts = [
        (page, language, html, base)
        for page in pages
        for language, base in in_each_language(page.get_absolute_url).items()
        if (html := getattr(page, f"body_{language}"))
    ]
    dead = dead_links([(html, base) for _page, _language, html, base in texts])
    links = {}
    for (page, language, _html, _base), dead_here in zip(texts, dead, strict=True):
        for link in dead_here:
            field = f"{change_address(page)}#id_body_{language}"
            dead_link = DeadLink(str(page), language, link.text, link.address, field)
            links.setdefault(page.pk, []).append(dead_link)
    return links
