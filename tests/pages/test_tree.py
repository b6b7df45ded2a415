"""The tree of editorial pages, their places in the menus, and advice when nothing leads to a page."""

import pytest
from django.core.exceptions import ValidationError

from pages.models import Page
from pages.publishing.findings import findings
from pages.publishing.versions import working_copy
from tests.constraints import refuses
from tests.factories import make_page
from tests.site import text_of
from tests.staff_forms import change, publish

pytestmark = pytest.mark.database_in_ci

NO_WAY = "Inget leder besökare till sidan."


def links_in(client, address, element):
    """Return the addresses of the links in the first `element` of the page, which begins with `element`."""
    html = client.get(address).content.decode()
    part = html.partition(f"<{element}")[2].partition(f"</{element.split()[0]}>")[0]
    return [piece.partition('"')[0] for piece in part.split('href="')[1:]]


TRAIL, BELOW = 'nav class="trail"', 'nav class="pages-below"'


def test_a_page_shows_those_above_and_below_it(client, db):
    top = make_page("om", slug_en="about")
    middle = make_page("historia", parent=top)
    make_page("arkiv", parent=middle)
    make_page("sist", title_sv="Öar", parent=top)
    make_page("tredje", title_sv="Ankor", parent=top)
    make_page("forst", title_sv="Zebror", parent=top, child_position=1)
    make_page("utkast", parent=top, status="draft")
    assert links_in(client, "/arkiv/", TRAIL) == ["/", "/om/", "/historia/"]
    assert links_in(client, "/en/arkiv/", TRAIL) == ["/en/", "/en/about/", "/en/historia/"]
    assert links_in(client, "/om/", BELOW) == ["/forst/", "/tredje/", "/historia/", "/sist/"]
    assert links_in(client, "/en/about/", BELOW)[0] == "/en/forst/"
    assert "pages-below" not in client.get("/arkiv/").content.decode()


def test_a_page_moves_when_its_working_copy_is_published(client, admin_client, db):
    old, new, page = make_page("gammal"), make_page("ny"), make_page("sida")
    Page.objects.filter(pk=page.pk).update(parent=old)
    copy = working_copy(Page.objects.get(pk=page.pk))
    change(admin_client, copy, parent=new.pk, child_position="2")
    assert (links_in(client, "/gammal/", BELOW), links_in(client, "/ny/", BELOW)) == (
        ["/sida/"],
        [],
    )
    publish(admin_client, copy)
    assert (links_in(client, "/gammal/", BELOW), links_in(client, "/ny/", BELOW)) == (
        [],
        ["/sida/"],
    )
    assert links_in(client, "/sida/", TRAIL) == ["/", "/ny/"]


def test_a_page_keeps_its_address_wherever_it_lies(client, db):
    top = make_page("om")
    page = make_page("historia", parent=top)
    top.status = "withdrawn"
    top.save()
    assert client.get("/historia/").status_code == 200
    assert links_in(client, "/historia/", TRAIL) == ["/"]
    top.delete()
    page.refresh_from_db()
    assert page.parent is None


def test_pages_in_a_circle_are_refused_and_harmless(client, db):
    top = make_page("om")
    middle = make_page("historia", parent=top)
    below = make_page("arkiv", parent=middle)
    top.parent = below
    with pytest.raises(ValidationError, match="ligger under sig själv"):
        top.full_clean()
    Page.objects.filter(pk=top.pk).update(parent=below)
    assert links_in(client, "/arkiv/", TRAIL) == ["/", "/om/", "/historia/"]


@pytest.mark.parametrize("depth", [1, 3])
def test_a_page_makes_three_queries_however_deep_it_lies(
    client, db, django_assert_num_queries, depth
):
    parent = None
    for number in range(depth + 1):
        parent = make_page(f"sida-{number}", parent=parent, header_position=1)
        make_page(f"annan-{number}", parent=parent)
    with django_assert_num_queries(3):  # the page, the tree, the menus
        client.get(f"/sida-{depth}/")


def test_a_page_has_places_in_the_main_menu_and_the_footer(client, db):
    make_page("b", header_position=2, title_sv="Bara svenska")
    make_page("a", header_position=1, menu_position=2)
    make_page("c", menu_position=1)
    make_page("utkast", header_position=1, menu_position=1, status="draft")
    header, footer = 'nav class="header__nav"', 'ul class="footer__links"'
    assert links_in(client, "/a/", header)[2:] == ["/a/", "/b/", "/en/a/"]
    assert links_in(client, "/a/", footer)[2:] == ["/c/", "/a/"]
    html = client.get("/b/").content.decode()
    assert '<a href="/b/" aria-current="page">Bara svenska</a>' in html
    assert '<span lang="sv">Bara svenska</span>' in client.get("/en/b/").content.decode()
    page = Page(slug="x", title_sv="X", responsible_sv="Regionen", header_position=0)
    refuses(page, "Ordningen börjar på 1.")
    page = Page(slug="x", title_sv="X", responsible_sv="Regionen", child_position=0)
    refuses(page, "Ordningen börjar på 1.")


def advice(page):
    return [finding.text for finding in findings(page) if finding.text.startswith(NO_WAY)]


def test_advice_is_given_when_nothing_leads_to_a_page(admin_client, db):
    page = make_page("ensam", slug_en="alone", body_sv='<p><a href="/ensam/">Hit</a></p>')
    make_page("annan", body_sv='<p><a href="/ensamma/">Dit</a></p>')
    assert len(advice(page)) == 1
    assert len(advice(working_copy(page))) == 1
    linking = make_page("lank", body_en='<p><a href="/en/alone/#a">Dit</a></p>')
    assert advice(page) == []
    change(admin_client, copy := working_copy(linking), body_en="<p>Ingenstans</p>")
    assert advice(page) == []  # visitors still see the link
    publish(admin_client, copy)
    assert len(advice(page)) == 1
    for place in ({"menu_position": 1}, {"header_position": 1}, {"parent": make_page("om")}):
        assert advice(make_page(f"sida-{next(iter(place))}".replace("_", "-"), **place)) == []


def test_a_list_of_pages_shows_their_places(admin_client, db):
    make_page("historia", parent=make_page("om", title_sv="Om oss"), header_position=3)
    assert "Om oss" in text_of(admin_client.get("/admin/pages/page/"))
