"""The sitemap, and the page cache's warm-up from it."""

import re

import pytest
from django.core.wsgi import get_wsgi_application

from blekinge_site.serving.warm_up import warm_up
from pages.publishing import content_version
from tests.factories import make_budget, make_page, make_perspective, make_plan, make_profile
from tests.site import public_addresses
from tests.stand_ins import ask, make_cache

pytestmark = pytest.mark.database_in_ci


def addresses_in(body):
    addresses = re.findall("<loc>http://testserver([^<]*)</loc>", body.decode())
    assert len(addresses) == len(set(addresses))
    return set(addresses)


def test_the_sitemap_names_every_page_in_both_languages(client, content):
    # The overview's canonical address is the plan's; the thanks page is for visitors who have answered.
    left_out = {"/regionplan/", "/en/regional-plan/", "/aterkoppling/tack/", "/en/feedback/thanks/"}
    pages = {*public_addresses("sv"), *public_addresses("en")} - left_out
    response = client.get("/sitemap.xml")
    assert addresses_in(response.content) == pages
    assert response["Content-Type"] == "application/xml"
    for address in pages:
        assert client.get(address).status_code == 200, address


def test_each_address_names_the_other_language(client, db):
    make_page("kontakt", slug_en="contact")
    text = client.get("/sitemap.xml").content.decode()
    for language, path in (("sv", "/kontakt/"), ("en", "/en/contact/")):
        assert text.count(f'hreflang="{language}" href="http://testserver{path}"') == 2


def test_hidden_pages_are_not_named(client, db):
    make_page("utkast", status="draft")
    make_perspective(make_plan(status="draft"))
    assert addresses_in(client.get("/sitemap.xml").content) == {"/", "/en/"}


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_queries_does_not_grow(client, db, django_assert_num_queries, count):
    make_profile()
    for number in range(count):
        make_page(f"sida-{number}")
        plan = make_plan(2019 + 3 * number, 2021 + 3 * number)
        make_perspective(plan)
        make_budget(plan, 2019 + 3 * number)
    # The plans, their perspectives and budgets; the profile; the pages; the menu, as for any template.
    with django_assert_num_queries(6):
        client.get("/sitemap.xml")


# --- Warming up the page cache ---------------------------------------------------------------------


def warm_cache(listens_at, **options):
    cache = make_cache(get_wsgi_application(), content_version.stamp, **options)
    warm_up(cache, listens_at)
    return cache


@pytest.mark.parametrize(
    ("listens_at", "hosts", "proxy_header", "site"),
    [
        (("127.0.0.1", 8000), ["localhost", "127.0.0.1"], None, ("http", "127.0.0.1:8000")),
        (("0.0.0.0", 80), ["localhost", "127.0.0.1"], None, ("http", "localhost:80")),
        ("/run/site", ["localhost"], None, ("http", "localhost")),
        (
            ("0.0.0.0", 80),
            ["localhost", "127.0.0.1"],
            ("HTTP_X_FORWARDED_PROTO", "https"),
            ("https", "localhost"),
        ),
    ],
)
def test_every_page_is_stored_at_the_start(
    database,
    settings,
    listens_at,
    hosts,
    proxy_header,
    site,
):
    settings.SECURE_PROXY_SSL_HEADER = proxy_header
    make_profile()
    make_page("pa-svenska", slug_en="in-english")
    cache = warm_cache(listens_at, hosts=hosts, proxy_header=proxy_header)
    paths = {"/", "/en/", "/om-region-blekinge/", "/en/about-region-blekinge/", "/sitemap.xml"}
    paths |= {"/pa-svenska/", "/en/in-english/"}
    assert set(cache.pages.pages) == {(*site, path, "") for path in paths}


def test_a_visitor_gets_a_page_stored_at_the_start(database, monkeypatch):
    make_profile()
    cache = warm_cache(("127.0.0.1", 8000), hosts=["127.0.0.1"])
    monkeypatch.setattr(cache, "app", None)
    response = ask(cache, "/om-region-blekinge/", HTTP_HOST="127.0.0.1:8000")
    assert response.status == "200 OK"


def test_without_a_sitemap_no_page_is_requested(database, monkeypatch):
    def broken(*args, **kwargs):
        raise OSError("no database")

    monkeypatch.setattr("pages.sitemaps.PagesSitemap.items", broken)
    cache = warm_cache(("127.0.0.1", 8000), hosts=["127.0.0.1"])
    assert not cache.pages.pages
