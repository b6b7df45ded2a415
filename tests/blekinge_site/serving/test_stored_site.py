"""The whole site behind the page cache."""

import datetime as dt
import json

import pytest
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError

from blekinge_site.serving.queries import query_names_by_path
from pages.models import Page, RegionProfile
from pages.publishing import content_version
from pages.publishing.preview import link_to
from planning.models import RegionalPlan
from tests.factories import (
    make_page,
    make_plan,
    make_profile,
)
from tests.moments import NOON, SECOND
from tests.site import public_addresses
from tests.staff_forms import change
from tests.stand_ins import ask, make_cache

pytestmark = pytest.mark.database_in_ci

# --- The site behind the cache ---------------------------------------------------------------------


@pytest.fixture
def site(database):
    """The site behind a page cache that reads the content version at each request."""
    options = {"hosts": settings.ALLOWED_HOSTS, "query_names": query_names_by_path()}
    return make_cache(get_wsgi_application(), content_version.stamp, **options)


def says(site, path, words):
    return words in ask(site, path).body.decode()


def test_a_save_shows_at_once(site, admin_client):
    page = make_page("nyhet", status="draft", title_en="News", responsible_en="The region")
    profile = make_profile()
    assert ask(site, "/nyhet/").status == "404 Not Found"
    assert not says(site, "/", "Ny ingress")
    change(admin_client, page, lead_sv="Något har hänt.")
    assert ask(site, "/nyhet/").status == "404 Not Found"
    admin_client.post(f"/admin/pages/page/{page.pk}/publicera/", {"publish_at": ""})
    assert says(site, "/nyhet/", "Något har hänt.")
    RegionProfile.objects.filter(pk=profile.pk).update(lead_sv="Ny ingress")
    assert says(site, "/", "Ny ingress")
    Page.objects.update(status="withdrawn")
    assert ask(site, "/nyhet/").status == "410 Gone"
    Page.objects.all().delete()
    assert ask(site, "/nyhet/").status == "404 Not Found"


def test_a_page_appears_and_disappears_to_the_second(site, clock):
    until = NOON + dt.timedelta(hours=1)
    make_page("nyhet", publish_at=NOON, unpublish_at=until, menu_position=1)
    site.watch.interval = 3600
    responses = []
    for moment in (NOON - SECOND, NOON, until - SECOND, until):
        clock(moment)
        responses.append((ask(site, "/nyhet/").status[:3], says(site, "/", "Nyhet")))
    assert responses == [("404", False), ("200", True), ("200", True), ("410", False)]


def test_the_year_changes_at_midnight(site, clock):
    clock(dt.datetime(2026, 12, 31, 22, 59, 59, tzinfo=dt.UTC))
    make_plan(2024, 2026)
    assert not says(site, "/regionplan/", "Gäller inte längre")
    clock(dt.datetime(2026, 12, 31, 23, 0, tzinfo=dt.UTC))
    assert says(site, "/regionplan/", "Gäller inte längre")


def test_previews_feedback_and_admin_pages_are_never_stored(site, admin_client):
    make_profile()
    page = make_page("nyhet", status="draft")
    preview = link_to(page)
    assert "Nyhet" in ask(site, preview).body.decode()
    ask(site, f"{preview}en/")
    ask(site, "/admin/")
    ask(site, "/aterkoppling/")
    for form in ({"address": "/", "helpful": "ja"}, {}):
        ask(site, "/aterkoppling/", "POST", QUERY_STRING="", data=json.dumps(form))
    ask(site, "/aterkoppling/tack/?svar=x")
    cookie = f"sessionid={admin_client.cookies['sessionid'].value}"
    ask(site, "/", headers={"cookie": cookie})
    assert (len(site.pages.pages), len(site.endless.pages)) == (0, 0)


def test_every_public_kind_of_page_is_stored(site, content):
    addresses = [
        "/",
        "/en/",
        "/om-region-blekinge/",
        "/regionplan/",
        "/regionplan/2019-2021/",
        "/regionplan/2019-2021/budget-2019/",
        "/en/regional-plan/2019-2021/residents-and-society/",
        "/regionplan/2019-2021.pdf",
        "/kontakt/",
    ]
    for address in addresses:
        assert ask(site, address).status == "200 OK", address
    assert [key[2] for key in site.pages.pages] == addresses
    for address in ("/aterkoppling/tack/", "/kontakt", "/finns-inte/", "/en/kontakt/"):
        ask(site, address)
    assert [(key[2], page.status) for key, (page, _size) in site.endless.pages.items()] == [
        ("/aterkoppling/tack/", "200 OK"),
        ("/kontakt", "301 Moved Permanently"),
        ("/finns-inte/", "404 Not Found"),
        ("/en/kontakt/", "301 Moved Permanently"),
    ]


def test_views_that_read_the_query_declare_it(content, rf, monkeypatch):
    declared = query_names_by_path()
    assert declared == {path: {"svar"} for path in ("/aterkoppling/tack/", "/en/feedback/thanks/")}
    read = []

    class Query(dict):
        def get(self, name, default=None):
            read.append(name)
            return default

        __getitem__ = __contains__ = getlist = get

    monkeypatch.setattr("django.core.handlers.wsgi.WSGIRequest.GET", Query())
    for path in [*public_addresses("sv"), *public_addresses("en"), "/robots.txt", "/finns-inte/"]:
        read.clear()
        get_wsgi_application().get_response(rf.get(path))
        assert {*read} <= declared.get(path, set()), path


def test_redirects_keep_the_query(site, content):
    for query in ("?a=1", "", "?b=2"):
        for path in ("/kontakt", "/aterkoppling/tack"):
            assert ask(site, f"{path}{query}").headers["Location"] == f"{path}/{query}"


def test_a_page_with_a_feedback_token_is_never_stored(site, client):
    answered = client.post("/aterkoppling/", {"address": "/", "helpful": "ja"})
    for _time in range(2):
        thanks = ask(site, answered["Location"])
        assert thanks.status == "200 OK"
        assert "no-store" in thanks.headers["Cache-Control"]
        assert b"<textarea" in thanks.body
    assert (len(site.pages.pages), len(site.endless.pages)) == (0, 0)


# --- Missing pages ---------------------------------------------------------------------------------

WITHOUT = [
    "/finns-inte/",
    "/en/finns-inte/",
    "/a/b.php",
    "/en/<b>&'/",
    "/regionplan/1999-2001/",
    "/regionplan/2019-2021/finns-inte/",
    "/regionplan/2019-2021/budget-1999/",
    "/en/regional-plan/2019-2021/dokument/99/",
]


@pytest.mark.parametrize("address", WITHOUT)
def test_missing_pages_are_the_same_with_and_without_the_cache(site, client, content, address):
    ask(site, "/nagon-annan/")
    ask(site, "/regionplan/1998-1999/")
    through, plain = ask(site, address, SERVER_PORT="80"), client.get(address)
    assert (through.status, plain.status_code) == ("404 Not Found", 404)
    assert through.body == plain.content


def test_another_missing_address_takes_no_query(site, content, django_assert_num_queries):
    def without_page(word):
        for address in (f"/{word}/", f"/en/{word}/", f"/{word}/{word}.php", f"/{word}"):
            ask(site, address)
        for part in (f"{word}/", "budget-1999/", "dokument/99/"):
            ask(site, f"/regionplan/2019-2021/{part}?{word}")

    without_page("a")
    site.watch.read_stamp = lambda stamp=site.watch.last_stamp: stamp
    with django_assert_num_queries(0):
        without_page("b")


def test_a_page_published_at_a_missing_address_shows(site):
    make_profile()
    for word in ("a", "b"):
        assert ask(site, f"/{word}/").status == "404 Not Found"
    make_page("b", menu_position=1)
    assert ask(site, "/b/").status == "200 OK"
    assert says(site, "/c/", 'href="/b/"')


def test_the_site_is_served_while_its_database_is_down(site, content, monkeypatch):
    before = ask(site, "/regionplan/").body

    def down(*args, **kwargs):
        raise DatabaseError("down")

    with monkeypatch.context() as outage:
        outage.setattr("django.db.backends.utils.CursorWrapper.execute", down)
        assert ask(site, "/regionplan/").body == before
    RegionalPlan.objects.update(lead_sv="Ny ingress.")
    assert says(site, "/regionplan/", "Ny ingress.")


def test_a_swedish_page_does_not_vary_with_the_visitors_language(client, content):
    for address, language in (("/", "sv"), ("/en/", "en")):
        response = client.get(address, headers={"accept-language": "en"})
        assert (response["Vary"], response["Content-Language"]) == ("Accept-Encoding", language)


def test_a_static_file_has_a_weak_etag_compressed_and_not(tmp_path):
    (tmp_path / "base.css").write_text("main { color: black }")
    headers = {}
    settings.WHITENOISE_ADD_HEADERS_FUNCTION(
        headers, str(tmp_path / "base.css"), "/static/base.css"
    )
    assert headers["ETag"].startswith('W/"')
    assert headers["ETag"].endswith('-15"')
