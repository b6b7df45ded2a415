"""The desk, the admin's front page: tasks that wait for staff."""

import datetime as dt

import pytest
from django.core.cache import cache
from django.utils import timezone

from pages.editing import desk
from pages.models import Feedback, FormDraft
from pages.publishing.publishable import fix_request_time
from pages.publishing.versions import working_copy
from tests.factories import make_goal, make_page, make_perspective, make_plan, make_profile
from tests.site import text_of

pytestmark = pytest.mark.database_in_ci

ENGLISH = {"title_en": "In English", "responsible_en": "The region"}
TOMORROW = timezone.now() + dt.timedelta(days=1)


def waiting(client):
    cache.clear()
    return {
        heading: [text for text, _address in entries]
        for heading, entries in client.get("/admin/").context["waiting"]
    }


def test_the_desk_is_empty_when_everything_is_done(admin_client, db):
    make_page("kontakt", **ENGLISH)
    assert waiting(admin_client) == {}
    assert "Inget väntar just nu." in text_of(admin_client.get("/admin/"))


def test_all_tasks_are_listed_with_counts(admin_client, db):
    plan = make_plan(2019, 2021, lead_en="x", **ENGLISH)
    make_goal(make_perspective(plan, name_en="one"), name_sv="Utan engelska")
    working_copy(plan)
    make_page("snart", publish_at=TOMORROW, **ENGLISH)
    make_page("sent", review_on=dt.date(2020, 1, 2), **ENGLISH)
    make_page("lank", body_sv='<p><a href="/borta/">Bort</a></p>', **ENGLISH, body_en="<p>.</p>")
    Feedback.objects.create(address="/", language="sv", helpful=False, message="Var?")
    Feedback.objects.create(address="/", language="sv", helpful=True)
    counts = waiting(admin_client)
    soon = counts.pop("Planerade ändringar")
    assert len(soon) == 1
    assert soon[0].startswith("Snart: Publiceras ")
    assert counts == {
        "Utkast och arbetskopior": ["Regionplan 2019–2021: Arbetskopia"],
        "Granskningsdag har passerat": ["Sent: skulle ha granskats 2 januari 2020"],
        "Saknar engelska": ["Mål: 1"],
        "Ny återkoppling": ["2 svar på 7 dagar: 1 nej, 1 med egna ord"],
        "Trasiga länkar": ["Lank: ”Bort” leder till /borta/"],
    }


def test_each_link_on_the_desk_opens(admin_client, content):
    working_copy(make_page("ny"))
    Feedback.objects.create(address="/", language="sv", helpful=False)
    cache.clear()
    for _heading, entries in admin_client.get("/admin/").context["waiting"]:
        for _text, address in entries:
            assert admin_client.get(address).status_code == 200, address


def test_old_feedback_is_not_listed(admin_client, db):
    Feedback.objects.create(address="/", language="sv", helpful=False)
    Feedback.objects.update(created_at=timezone.now() - dt.timedelta(days=9))
    assert waiting(admin_client) == {}


def dead_link(number):
    return f'<p><a href="/borta-{number}/">Bort</a> <a href="/regionplan/{2030 + number}-2040/">.</a></p>'


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_queries_does_not_grow(
    admin_client, admin_user, django_assert_num_queries, count
):
    make_profile()
    for number in range(count):
        plan = make_plan(2022 + number, 2022 + number)
        make_goal(make_perspective(plan))
        working_copy(plan)
        make_page(f"utkast-{number}", status="draft")
        make_page(f"snart-{number}", publish_at=TOMORROW, review_on=dt.date(2020, 1, 2))
        make_page(f"lank-{number}", body_sv=dead_link(number))
        Feedback.objects.create(address="/", language="sv", helpful=False)
        FormDraft.objects.create(user=admin_user, form=f"/{number}/", fields="{}")
    admin_client.get("/admin/")  # the first request loads what later ones reuse
    cache.clear()
    # The session and the user; the personal drafts; for each of three kinds of publishables the drafts, the
    # scheduled and the ones to review; for each of thirteen models the count without English; the feedback;
    # the content version and the stored link checks. The first visit also checks links and stores them.
    with django_assert_num_queries(46):
        admin_client.get("/admin/")
    with django_assert_num_queries(37):
        admin_client.get("/admin/")


# --- Broken links ----------------------------------------------------------------------------------


def broken(client):
    """Return the beginnings of the desk's entries about links: the pages with broken links, and others."""
    entries = dict(client.get("/admin/").context["waiting"]).get("Trasiga länkar", [])
    return [text.partition(":")[0] for text, _address in entries]


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
            return desk.broken_links()

        clock(begins_at)
        return len(fix_request_time(view)(rf.get("/")))

    assert visit(now, now + 2 * second) == 1
    assert visit(now + 3 * second, now + 3 * second) == 0


def test_a_visit_checks_the_links_of_a_limited_number_of_pages(admin_client, db, monkeypatch):
    monkeypatch.setattr(desk, "MAX_PAGES_PER_VISIT", 2)
    pages = [
        make_page(f"sida-{number}", body_sv=dead_link(number), **ENGLISH) for number in range(5)
    ]
    cache.clear()
    assert broken(admin_client) == [
        *(["Sida-0"] * 2), *(["Sida-1"] * 2), "3 sidor återstår att kontrollera. Fortsätt"
    ]  # fmt: skip
    assert len(broken(admin_client)) == 2 * 4 + 1
    assert len(broken(admin_client)) == 2 * 5
    # After a change, pages with dead links are checked first, and known results still show.
    mend(pages[0])
    shown = broken(admin_client)
    assert shown.count("Sida-0") == 0
    assert len(shown) == 2 * 4 + 1


def test_every_page_is_checked_even_if_content_changes_all_the_time(admin_client, db, monkeypatch):
    monkeypatch.setattr(desk, "MAX_PAGES_PER_VISIT", 1)
    pages = [make_page(f"sida-{number}", **ENGLISH) for number in range(3)]
    last = make_page("sista", body_sv=dead_link(1), **ENGLISH)
    cache.clear()
    for _visit in range(4):
        pages[0].save()
        shown = broken(admin_client)
    assert shown.count("Sista") == 2
    last.delete()
    assert "Sista" not in broken(admin_client)


def test_staff_without_a_role_have_an_empty_desk(client, db, django_user_model):
    make_page("ny", status="draft")
    client.force_login(django_user_model.objects.create_user("namn", is_staff=True))
    assert waiting(client) == {}


def test_an_editor_has_a_desk_too(signed_in):
    client = signed_in("Redaktör")
    make_page("ny", status="draft", **ENGLISH)
    assert waiting(client) == {"Utkast och arbetskopior": ["Ny: Utkast"]}
