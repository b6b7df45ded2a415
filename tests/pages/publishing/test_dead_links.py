"""Dead links to the site's own pages, detected by database look-ups."""

import re

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.utils import timezone
from django.utils.translation import get_language

from pages.models import Administration, CoreValue, DailyStat
from pages.publishing import preview
from pages.publishing.dead_links import LOOKUPS, dead_links, look_up, target_at
from pages.publishing.publishable import previewing
from pages.publishing.versions import working_copy
from planning.models import FollowUp, PlanDocument, RegionalPlan
from tests.factories import (
    make_budget,
    make_goal,
    make_page,
    make_perspective,
    make_plan,
    make_profile,
    make_table,
)
from tests.site import public_addresses

pytestmark = pytest.mark.database_in_ci

# Links that work, and links that don't.
ALIVE = [
    "/kontakt/",
    "/kontakt",  # redirects to the address with its slash
    "/en/contact/",
    "/en/kontakt/",  # redirects to its English word
    "/contact/#var-som-helst",  # redirects to its Swedish word
    "../kontakt/",
    "http://localhost/kontakt/",
    "http://localhost",
    "/en",
    "/om-region-blekinge/#vardegrund",
    "/regionplan/2019-2021/budget-2019/#resultatbudget",
    "/regionplan/2019-2021/budget-2019/#av-varje-100-kronor",
    "/regionplan/2019-2021/budget-2019/budget-2019/#resultatbudget",
    "/regionplan/2019-2021/#chart-2019",
    "/regionplan/2019-2021.pdf",
    "/regionplan/2019-2021.pdf#page=3",
    "/regionplan/2019-2021/dokument/1/",
    "/regionplan/2019-2021/dokument/001/#page=2",
    "/aterkoppling/",
    "/aterkoppling/tack/",
    "/sitemap.xml",
    "/robots.txt",
    "/admin/",
    "/admin",
    "/static/css/base.css",
    "#topp",
    "https://example.org/borta/",
    "mailto:region@example.se",
]
DEAD = [
    "/borta/",
    "/borta",
    "borta/",
    "/en/borta/",
    "http://localhost/borta/",
    "/kontakt/borta/",
    "/kontakt/#borta",
    "/om-region-blekinge/#borta",
    "/regionplan/2031-2033/",
    "/regionplan/2031-2033.pdf",
    "/regionplan/2019-2021/borta/",
    "/regionplan/2019-2021/budget-2022/",
    "/regionplan/2019-2021/budget-2019/#frames",
    "/regionplan/2019-2021/budget-2019/plan-2022/",
    "/regionplan/2019-2021/dokument/2/",
    f"/regionplan/2019-2021/dokument/{10**30}/",
    "/utkast/",
    "/aterkoppling/tack/#borta",
    "/robots.txt#borta",
    "/.well-known/security.txt",
    "/forhandsgranska/falsk/kontakt/",
    "//[",
]


def linked(addresses):
    """Return rich text with links to all `addresses`."""
    return "".join(f'<p><a href="{address}">Länk</a></p>' for address in addresses)


def dead_among(*addresses, base="/om-webbplatsen/"):
    (links,) = dead_links([(linked(addresses), base)])
    return [link.address for link in links]


def add_document(plan, number=1, text=b"text"):
    document = PlanDocument(plan=plan, position=number, title_sv="Bilaga")
    document.file.save("bilaga.txt", ContentFile(text))
    return document


def test_dead_links_to_the_site_are_detected(content):
    add_document(RegionalPlan.objects.get())
    make_page("utkast", status="draft")
    assert dead_among(*ALIVE, *DEAD) == DEAD
    assert get_language() == "sv"


def test_requests_agree_with_the_link_check(client, content, settings):
    settings.ALLOWED_HOSTS = ["testserver", "localhost"]
    add_document(RegionalPlan.objects.get())
    make_page("utkast", status="draft")
    for address in [*ALIVE, *DEAD]:
        if address.startswith("/") and not address.startswith(("//", "/admin", "/static")):
            response = client.get(address)
            if not response.get("Location", "").endswith(f"{address}/"):  # Django's own redirect
                is_dead = response.status_code >= 400
                assert is_dead == bool(dead_among(address.partition("#")[0])), address


# --- Addresses that exist --------------------------------------------------------------------------


def view_names(resolver, prefix=""):
    """Yield the namespaced names of the public views."""
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            if str(pattern.pattern) not in {"admin/", "admin/konto/"}:
                inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
                yield from view_names(pattern, inner)
        elif pattern.name and not str(pattern.pattern).startswith("admin/"):
            yield f"{prefix}{pattern.name}"


def test_every_public_view_has_a_look_up():
    assert set(view_names(get_resolver())) == set(LOOKUPS)


def ids_at(address):
    """Return the ids that links to `address` may have as fragments."""
    target = target_at(address)
    return look_up({target})[target]


def make_everything():
    """Make every kind of object that gives a page an id, some of them twice."""
    profile = make_profile(values_introduction_sv="Så är vi.")
    for position in (1, 2):
        CoreValue.objects.create(profile=profile, position=position, slug=f"mod-{position}")
    CoreValue.objects.create(profile=profile, position=3, slug="organisation")
    DailyStat.objects.create(profile=profile, position=1, value=4, sentence_sv="barn föds")
    Administration.objects.create(profile=profile, position=1, slug="a", name_sv="Förvaltning")
    for first_year in (2016, 2019):
        plan = make_plan(first_year, first_year + 2, introduction_en="In English only.")
        for number in (1, 2):
            perspective = make_perspective(plan, number)
            make_goal(perspective, 1, slug="mal")
            make_goal(perspective, 2, slug="dokument")
        make_goal(None, 1, plan=plan, slug="mal")
        lines = [("item", "2.0"), ("item", "-1.0"), ("result", "1.0")]
        budget = make_budget(plan, first_year, lines)
        make_table(budget, [("item", ["1.0"])], slug="uppfoljning")
        make_table(budget)
        make_budget(plan, first_year + 1)
        FollowUp.objects.create(plan=plan, year=first_year + 1, source_sv="Källa")
    make_page("kontakt", slug_en="contact", body_sv="<h3>Rubrik</h3>")


def make_minimum():
    """Make all kinds of pages, with as few ids as possible."""
    make_profile()
    plan = make_plan()
    make_perspective(plan)
    make_budget(plan)


@pytest.mark.parametrize("make", [make_everything, make_minimum, make_profile])
def test_the_ids_looked_up_are_those_on_the_page(client, db, make):
    make()
    for language in ("sv", "en"):
        for address in public_addresses(language):
            html = client.get(address).text
            assert sorted(set(re.findall(r' id="([^"]*)"', html))) == sorted(ids_at(address))


def test_hidden_objects_are_missing(db):
    tomorrow = timezone.now() + timezone.timedelta(days=1)
    yesterday = timezone.now() - timezone.timedelta(days=1)
    hidden = {
        "utkast": {"status": "draft"},
        "borta": {"status": "withdrawn", "published_at": yesterday},
        "snart": {"publish_at": tomorrow},
        "slut": {"unpublish_at": yesterday, "published_at": yesterday},
    }
    for number, (slug, fields) in enumerate(hidden.items()):
        make_page(slug, slug_en=f"{slug}-en", **fields)
        plan = make_plan(2019 + number, 2019 + number, **fields)
        make_perspective(plan)
        make_budget(plan, plan.first_year)
        add_document(plan)
    addresses = []
    for number, slug in enumerate(hidden):
        years = f"{2019 + number}-{2019 + number}"
        plan = f"/regionplan/{years}"
        addresses += [f"/{slug}/", f"/en/{slug}-en/", f"/en/{slug}/", f"{plan}/", f"{plan}.pdf"]
        addresses += [f"{plan}/perspektiv-1/", f"{plan}/budget-{2019 + number}/"]
        addresses += [f"{plan}/dokument/1/", f"/en/regional-plan/{years}/perspektiv-1/"]
    addresses += ["/om-region-blekinge/"]
    assert dead_among(*addresses) == addresses
    assert dead_among("/", "/regionplan/", "/en/regional-plan/") == []


def test_parts_that_a_new_version_lacks_redirect(client, db):
    plan = make_plan()
    make_perspective(plan, 1, slug="borta", slug_en="gone")
    make_budget(plan, 2019)
    add_document(plan)
    copy = working_copy(plan)
    for parts in (copy.perspectives, copy.budgets, copy.documents):
        parts.all().delete()
    addresses = ["/regionplan/2019-2021/borta/", "/en/regional-plan/2019-2021/gone/#mal-1"]
    addresses += ["/regionplan/2019-2021/budget-2019/", "/regionplan/2019-2021/dokument/1/"]
    assert dead_among(*addresses) == ["/en/regional-plan/2019-2021/gone/#mal-1"]
    copy.status = "published"
    copy.save()
    assert {client.get(address).status_code for address in addresses} == {301}
    assert dead_among(*addresses) == []


def test_a_slug_may_belong_to_two_pages_in_two_languages(client, db):
    make_page("kontakt", slug_en="om")
    make_page("om", slug_en="about")
    alive = ["/om/", "/kontakt/", "/en/om/", "/en/about/", "/en/kontakt/#x", "/about/#x"]
    dead = ["/om/#x", "/en/om/#x"]
    assert {client.get(address).status_code for address in alive} == {200, 301}
    assert dead_among(*alive, *dead) == dead


def test_an_earlier_address_of_a_plan_of_one_year_leads_to_its_page(db):
    make_perspective(make_plan(2026, 2026), slug="vard")
    alive = ["/regionplan/2026-2026/", "/regionplan/2026-2026/vard/", "/regionplan/2026-2026.pdf"]
    dead = [
        "/regionplan/2027-2027/",
        "/regionplan/2026-2026/#borta",
        "/regionplan/2026-2026/borta/",
    ]
    assert dead_among(*alive, *dead) == dead


def test_a_document_without_its_file_is_missing(client, db):
    plan = make_plan()
    document = add_document(plan)
    document.file.storage.delete(document.file.name)
    address = "/regionplan/2019-2021/dokument/1/"
    assert client.get(address).status_code == 404
    assert dead_among(address) == [address]


def test_a_previewed_part_exists(db):
    plan = working_copy(make_plan())
    make_perspective(plan, slug="ny", slug_en="new")
    addresses = ["/regionplan/2019-2021/ny/", "/regionplan/2019-2021/new/"]
    assert dead_among(*addresses) == addresses
    with previewing(plan):
        assert dead_among(*addresses) == []


def test_valid_previews_exist(client, db, monkeypatch):
    page = make_page("ny", status="draft")
    link, published = preview.link_to(page), preview.link_to(make_page("kontakt"))
    elsewhere = link.removesuffix("ny/") + "aterkoppling/tack/"
    gone = make_page("borta", status="draft")
    to_gone = preview.link_to(gone)
    gone.delete()
    assert [client.get(path).status_code for path in (link, published, elsewhere, to_gone)] == [
        *(200, 302, 404, 410)
    ]
    assert dead_among(link, published, elsewhere, to_gone) == [elsewhere, to_gone]
    monkeypatch.setattr(preview, "LINK_DAYS", -1)
    assert dead_among(link) == [link]


def test_security_txt_exists_when_a_contact_is_set(settings):
    settings.SECURITY_CONTACT = "mailto:region@example.se"
    assert dead_among("/.well-known/security.txt") == []


# --- Queries ---------------------------------------------------------------------------------------


def links_of_every_kind(numbers):
    """Make content for each of `numbers` and return addresses of every kind, alive and dead."""
    addresses = ["/", "/regionplan/#planer", "/om-region-blekinge/#mod", "/regionplan/#x"]
    for number in numbers:
        page = make_page(f"sida-{number}")
        plan = make_plan(2016 + 3 * number, 2018 + 3 * number)
        make_goal(make_perspective(plan))
        make_budget(plan, plan.first_year, [("result", "1.0")])
        add_document(plan)
        path = f"/regionplan/{plan.first_year}-{plan.last_year}"
        budget = f"budget-{plan.first_year}"
        for word in (
            "",
            "#mal-1",
            "perspektiv-1/#mal-1",
            f"{budget}/#x",
            f"{budget}/{budget}/",
            "x/",
        ):
            addresses += [f"{path}/{word}"]
        addresses += [f"/regionplan/{plan.first_year}-{plan.first_year}/"]
        addresses += [f"{path}.pdf", f"{path}/dokument/1/", f"{path}/dokument/9/"]
        addresses += [f"/sida-{number}/", f"/sida-{number}", f"/en/sida-{number}/#x"]
        draft = make_page(f"utkast-{number}", status="draft")
        addresses += [f"/borta-{number}/", preview.link_to(page), preview.link_to(draft)]
    return addresses


def test_the_number_of_queries_does_not_grow_with_links(db):
    make_profile()
    counts = []
    for numbers in ([1], [2, 3, 4]):
        addresses = links_of_every_kind(numbers)
        texts = [(linked(addresses), f"/{number}/") for number in numbers]
        with CaptureQueriesContext(connection) as queries:
            dead = dead_links(texts)
        counts.append(len(queries))
        assert len({len(links) for links in dead}) == 1
    # Pages; the profile, values, figures, administrations. The start page: plans, budgets, its tables,
    # columns and lines, profile, figures. The current plan: plans, perspectives, goals, goals without
    # perspective, budgets, tables, columns, lines. Plans: the same. Its PDF: plans. Perspectives: plans,
    # perspectives, goals, and earlier perspectives in either language. Budgets: plans, budgets, tables,
    # columns, lines, follow-ups, and earlier budgets and columns. Documents: plans, documents, and earlier
    # documents. Previews.
    assert counts == [47, 47]
