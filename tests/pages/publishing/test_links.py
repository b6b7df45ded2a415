"""The places that staff link to, and links that follow when an address changes."""

import datetime as dt

import pytest

from pages.models import Page, Revision
from pages.publishing.history import restore, save_revision
from pages.publishing.links import places
from pages.publishing.richtext import sanitised
from pages.publishing.versions import working_copy
from planning.models import PlanDocument
from tests.factories import (
    make_budget,
    make_goal,
    make_page,
    make_perspective,
    make_plan,
    make_profile,
)
from tests.staff_forms import change

pytestmark = pytest.mark.database_in_ci

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
LINKS = "/admin/pages/page/lankar/"


@pytest.fixture
def plan(db):
    plan = make_plan()
    make_goal(make_perspective(plan), name_sv="Öppen vård", name_en="Open care")
    make_budget(plan)
    PlanDocument.objects.create(plan=plan, position=1, title_sv="Protokoll", file="x.pdf")
    return plan


def names_and_addresses(query, language="sv"):
    return [(place.name, place.addresses[language]) for place in places(query)]


def test_every_kind_of_place_can_be_linked_to(plan):
    make_profile()
    make_page("kontakt", slug_en="contact")
    assert [(place.kind, place.name, place.addresses["en"]) for place in places()] == [
        ("Regionprofil", "Region Testland", "/en/about-region-blekinge/"),
        ("Sida", "Kontakt", "/en/contact/"),
        ("Regionplan", "Regionplan 2019–2021", "/en/regional-plan/2019-2021/"),
        ("Perspektiv", "perspektiv 1", "/en/regional-plan/2019-2021/perspektiv-1/"),
        ("Mål", "Öppen vård", "/en/regional-plan/2019-2021/perspektiv-1/#mal-1"),
        ("Budget", "Budget 2019", "/en/regional-plan/2019-2021/budget-2019/"),
        ("Dokument", "Protokoll", "/en/regional-plan/2019-2021/documents/1/"),
    ]


def test_places_are_searched_by_name_in_either_language_and_by_address(plan):
    goal = ("Öppen vård", "/regionplan/2019-2021/perspektiv-1/#mal-1")
    for query in ("öppen", "VÅRD öppen", "open care", "mål vård", goal[1]):
        assert names_and_addresses(query) == [goal]
    assert names_and_addresses("http://localhost/en/regional-plan/2019-2021/budget-2019/") == [
        ("Budget 2019", "/regionplan/2019-2021/budget-2019/")
    ]
    assert names_and_addresses("stängd") == []


def test_drafts_are_marked_and_withdrawn_pages_left_out(plan):
    make_page("utkast", status="draft")
    make_page("borta", status="withdrawn", published_at=LONG_AGO)
    working_copy(make_page("publicerad"))
    working_copy(plan)
    assert [place.context for place in places("utkast")] == ["utkast"]
    assert names_and_addresses("borta") == []
    assert names_and_addresses("publicerad") == [("Publicerad", "/publicerad/")]
    assert [place.context for place in places("vård")] == ["Regionplan 2019–2021"]


def test_searching_places_makes_seven_queries_however_many_there_are(
    plan, django_assert_num_queries
):
    for rounds in range(2):
        make_page(f"sida-{rounds}")
        make_goal(make_perspective(make_plan(2030 + rounds, 2030 + rounds)))
        # Profile, pages, plans, perspectives, goals with theirs, budgets, documents.
        with django_assert_num_queries(7):
            assert len(places()) == 9 + 4 * rounds


def test_staff_get_suggestions_and_a_list_to_copy_from(signed_in, client, plan):
    staff = signed_in("Redaktör")
    assert staff.get(LINKS, {"q": "vård", "sprak": "en", "format": "json"}).json() == {
        "places": [
            {
                "kind": "Mål",
                "name": "Öppen vård",
                "context": "Regionplan 2019–2021",
                "address": "/en/regional-plan/2019-2021/perspektiv-1/#mal-1",
            }
        ],
        "count": 1,
    }
    html = staff.get(LINKS, {"q": "vård", "sprak": "xx"}).content.decode()
    assert '<code lang="sv">/regionplan/2019-2021/perspektiv-1/#mal-1</code>' in html
    staff.logout()
    assert client.get(LINKS, {"format": "json"}).status_code == 302


@pytest.mark.parametrize(
    ("pasted", "stored"),
    [
        ("http://localhost:8000/kontakt/?a=1&amp;b=2#tel", "/kontakt/?a=1&amp;b=2#tel"),
        ("https://127.0.0.1", "/"),
        ("https://www.example.se/kontakt/", "https://www.example.se/kontakt/"),
        ("mailto:a@localhost", "mailto:a@localhost"),
    ],
)
def test_a_pasted_address_of_the_site_is_stored_without_its_host(pasted, stored, settings):
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    assert sanitised(f'<p><a href="{pasted}">Hit</a></p>') == f'<p><a href="{stored}">Hit</a></p>'
    settings.ALLOWED_HOSTS = ["*"]
    assert f'href="{pasted}"' in sanitised(f'<p><a href="{pasted}">Hit</a></p>')


def test_links_follow_a_draft_to_its_new_address(admin_client, db):
    draft = make_page("ny", slug_en="new", status="draft")
    body = '<p><a href="/ny/#a">Ny</a> <a href="/ny-sida/">Annan</a> <a href="/nyy/">Annan</a></p>'
    moved = body.replace("/ny/", "/nyare/")
    published = make_page("om", body_sv=body, body_en='<p><a href="/en/new">New</a></p>')
    copy = working_copy(published)
    save_revision(published, None, "Skrev")
    change(admin_client, draft, slug="nyare", slug_en="newer")
    for version in (published, copy):
        version.refresh_from_db()
        assert version.body_sv == moved
        assert version.body_en == '<p><a href="/en/newer">New</a></p>'
    revision = Revision.objects.of(published).get(event="Skrev")
    assert revision.content["fields"]["body_sv"] == moved
    assert restore(revision).body_sv == moved


def test_links_follow_the_parts_of_a_plan_with_new_years(admin_client, db):
    plan = make_plan(2030, 2031, status="draft")
    goal = make_goal(make_perspective(plan))
    page = make_page(
        "om",
        body_sv='<p><a href="/regionplan/2030-2031/perspektiv-1/#mal-1">Mål</a> '
        '<a href="/regionplan/2030-2031.pdf">Pdf</a></p>',
        body_en='<p><a href="/en/regional-plan/2030-2031/">Plan</a></p>',
    )
    change(admin_client, plan, last_year=2032)
    change(admin_client, goal, slug="vard")
    page.refresh_from_db()
    assert page.body_sv == (
        '<p><a href="/regionplan/2030-2032/perspektiv-1/#vard">Mål</a> '
        '<a href="/regionplan/2030-2032.pdf">Pdf</a></p>'
    )
    assert page.body_en == '<p><a href="/en/regional-plan/2030-2032/">Plan</a></p>'


def test_links_to_a_published_page_stay_when_it_gets_an_english_address(admin_client, db):
    page = make_page("kontakt")
    linking = make_page("om", body_en='<p><a href="/en/kontakt/">Contact</a></p>')
    change(admin_client, working_copy(page), slug_en="contact")
    linking.refresh_from_db()
    assert linking.body_en == '<p><a href="/en/kontakt/">Contact</a></p>'
    assert Page.objects.get(slug="kontakt", version=2).slug_en == "contact"
