"""The desk's check of links on published pages."""

import datetime as dt

from django.core.cache import cache

from pages.desk import links
from pages.publishing.publishable import fix_request_time
from tests.factories import make_page

ENGLISH = {"title_en": "In English", "responsible_en": "The region"}


def dead_link(number):
    return f'<p><a href="/borta-{number}/">Bort</a> <a href="/regionplan/{2030 + number}-2040/">.</a></p>'


def broken(client):
    """Return the pages of the desk's dead links, and the sentence about pages that remain to be checked."""
    tasks = {task.kind: task for task in client.get("/admin/").context["desk"]["tasks"]}
    shown = []
    if task := tasks.get("links"):
        texts = [text for text, _address in task.entries] or [task.detail]
        shown = [text.partition(":")[0] for text in texts]
    return shown + ([tasks["unchecked-links"].detail] if "unchecked-links" in tasks else [])


def mend(page):
    page.body_sv = '<p><a href="/">Start</a></p>'
    page.save()


def test_broken_links_follow_content(admin_client, db):
    page = make_page("lank", body_sv='<p><a href="/borta/">Bort</a></p>', **ENGLISH)
    cache.clear()
    assert broken(admin_client) == ["Lank"]
    target = make_page("borta", **ENGLISH)
    assert broken(admin_client) == []
    target.delete()
    assert broken(admin_client) == ["Lank"]
    mend(page)
    assert broken(admin_client) == []


def test_broken_links_follow_the_clock(admin_client, clock):
    now, minute = dt.datetime.now(dt.UTC), dt.timedelta(minutes=1)
    clock(now)
    make_page("lank", body_sv='<p><a href="/snart/">Snart</a></p>', **ENGLISH)
    make_page("snart", publish_at=now + minute, **ENGLISH)
    cache.clear()
    assert broken(admin_client) == ["Lank"]
    clock(now + 2 * minute)
    assert broken(admin_client) == []


def test_a_page_published_by_the_clock_during_a_visit_is_looked_up_again(rf, clock, db):
    now, second = dt.datetime.now(dt.UTC), dt.timedelta(seconds=1)
    make_page("lank", body_sv='<p><a href="/snart/">Snart</a></p>', **ENGLISH)
    make_page("snart", publish_at=now + second, **ENGLISH)
    cache.clear()

    def visit(begins_at, ends_at):
        def view(_request):
            clock(ends_at)
            return links.broken_links()[0]

        clock(begins_at)
        return len(fix_request_time(view)(rf.get("/")))

    assert visit(now, now + 2 * second) == 1
    assert visit(now + 3 * second, now + 3 * second) == 0


def test_a_visit_checks_the_links_of_a_limited_number_of_pages(admin_client, db, monkeypatch):
    monkeypatch.setattr(links, "MAX_PAGES_PER_VISIT", 2)
    pages = [
        make_page(f"sida-{number}", body_sv=dead_link(number), **ENGLISH) for number in range(5)
    ]
    cache.clear()
    assert broken(admin_client) == [
        *(["Sida-0"] * 2), *(["Sida-1"] * 2), "3 sidor återstår."
    ]  # fmt: skip
    assert len(broken(admin_client)) == 2 * 4 + 1
    assert len(broken(admin_client)) == 2 * 5
    # After a change, pages with dead links are checked first, and known results still show.
    mend(pages[0])
    shown = broken(admin_client)
    assert shown.count("Sida-0") == 0
    assert len(shown) == 2 * 4 + 1


def test_every_page_is_checked_even_if_content_changes_all_the_time(admin_client, db, monkeypatch):
    monkeypatch.setattr(links, "MAX_PAGES_PER_VISIT", 1)
    pages = [make_page(f"sida-{number}", **ENGLISH) for number in range(3)]
    last = make_page("sista", body_sv=dead_link(1), **ENGLISH)
    cache.clear()
    for _visit in range(4):
        pages[0].save()
        shown = broken(admin_client)
    assert shown.count("Sista") == 2
    last.delete()
    assert "Sista" not in broken(admin_client)
