"""Visitors' feedback in the admin: by page, and as files."""

import csv
import datetime as dt
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pages.models import Feedback
from tests.factories import make_page
from tests.site import text_of

pytestmark = pytest.mark.database_in_ci

PER_PAGE = "/admin/pages/feedback/per-sida"


def make_feedback(address, helpful, days_ago=0, **fields):
    feedback = Feedback.objects.create(address=address, language="sv", helpful=helpful, **fields)
    moment = timezone.now() - dt.timedelta(days=days_ago)
    Feedback.objects.filter(pk=feedback.pk).update(created_at=moment)


@pytest.fixture
def answers(db):
    """Helpful answers in 30 days: /plan/ 1 of 5 and earlier 5 of 5; /bra/ 1 of 1; /forr/ none."""
    make_feedback("/bra/", True)
    make_feedback("/plan/", True, 1)
    make_feedback("/plan/", False, 2, message='Var är "kartan"?')
    make_feedback("/plan/", False, 3)
    make_feedback("/plan/", False, 4)
    make_feedback("/plan/", False, 29, message="=1+1")
    for days_ago in (31, 32, 33, 34, 59):
        make_feedback("/plan/", True, days_ago)
    make_feedback("/forr/", False, 45)
    make_feedback("/glomd/", False, 61)


def test_the_list_can_be_filtered_by_page(admin_client, answers):
    page = admin_client.get("/admin/pages/feedback/")
    (choices,) = [
        [choice["display"] for choice in spec.choices(page.context["cl"])]
        for spec in page.context["cl"].filter_specs
        if spec.title == "sida"
    ]
    assert choices == ["Alla", "/bra/", "/forr/", "/glomd/", "/plan/"]
    filtered = admin_client.get("/admin/pages/feedback/", {"address": "/plan/"})
    listed = filtered.context["cl"].queryset.values_list("address", flat=True)
    assert list(listed) == ["/plan/"] * 10


def test_the_filter_offers_a_limited_number_of_pages_and_the_chosen_one(admin_client, db):
    for number in range(60):
        make_feedback(f"/sida-{number:02}/", True)
    page = admin_client.get("/admin/pages/feedback/", {"address": "/sida-59/"})
    (spec,) = [spec for spec in page.context["cl"].filter_specs if spec.title == "sida"]
    choices = [choice["display"] for choice in spec.choices(page.context["cl"])]
    assert len(choices) == 1 + 50 + 1
    assert choices[-1] == "/sida-59/"


def lines(response):
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith("attachment; ")
    return response.content.decode("utf-8-sig").splitlines()


def test_the_page_that_helped_least_comes_first_with_its_trend(admin_client, answers):
    assert lines(admin_client.get(f"{PER_PAGE}.csv?dagar=30")) == [
        "Sida;Svar;Nej;Hjälpte, procent;Svar perioden före;Hjälpte perioden före, procent;"
        "Förändring, procentenheter;Med egna ord",
        "/plan/;5;4;20;5;100;-80;2",
        "/bra/;1;0;;0;;;0",
        "/forr/;0;0;;1;;;0",
    ]
    page_text = text_of(admin_client.get(f"{PER_PAGE}/?dagar=30"))
    assert (
        "/plan/ 2 med egna ord om /plan/ 5 svar om /plan/ 4 20 % −80 "
        "/bra/ 1 svar om /bra/ 0 – För få svar – "
        "/forr/ 0 svar om /forr/ 0 – För få svar – "
    ) in page_text


@pytest.mark.parametrize(
    ("chosen", "shown"), [("7", "7"), ("30", "30"), ("365", "365"), ("", "90"), ("8", "90")]
)
def test_the_period_is_chosen(admin_client, answers, chosen, shown):
    page = admin_client.get(f"{PER_PAGE}/?dagar={chosen}")
    assert page.context["days"] == int(shown)
    assert f'<a href="?dagar={shown}" aria-current="true">' in page.content.decode()
    assert f"per-sida.csv?dagar={shown}" in page.content.decode()


def test_answers_are_exported_one_by_one_without_formulas(admin_client, answers):
    heading, *rows = lines(admin_client.get("/admin/pages/feedback/svar.csv?dagar=30"))
    assert heading == "Tid;Sida;Språk;Hjälpte;Meddelande;Hanterat;Anteckning"
    assert [row.partition(";")[2] for row in rows] == [
        "/bra/;sv;ja;;;",
        "/plan/;sv;ja;;;",
        '/plan/;sv;nej;"Var är ""kartan""?";;',
        "/plan/;sv;nej;;;",
        "/plan/;sv;nej;;;",
        "/plan/;sv;nej;'=1+1;;",
    ]


@pytest.mark.parametrize("message", ["\r=1", "\n=1", "\x0b=1", "\uff1d1", "'\r=1"])
def test_no_cell_is_a_formula(admin_client, db, message):
    Feedback.objects.create(address="/plan/", language="sv", helpful=False, message=message)
    response = admin_client.get("/admin/pages/feedback/svar.csv?dagar=30")
    text = io.StringIO(response.content.decode("utf-8-sig"), newline="")
    cell = list(csv.reader(text, delimiter=";"))[1][4]
    assert cell[0] == "'"
    assert "\r" not in cell


def test_each_count_links_to_its_answers(admin_client, answers):
    html = admin_client.get(f"{PER_PAGE}/?dagar=30").content.decode()
    assert '<a href="../?address=%2Fplan%2F">5<' in html
    listed = admin_client.get("/admin/pages/feedback/?address=%2Fplan%2F")
    assert listed.context["cl"].result_count == 10
    assert f'<a href="{PER_PAGE}/">Återkoppling per sida</a>' in listed.content.decode()


def test_without_answers_the_page_says_so(admin_client, db):
    assert "Ingen har svarat under den tiden." in text_of(admin_client.get(f"{PER_PAGE}/"))


def test_a_long_table_ends_and_says_so(admin_client, db, monkeypatch):
    monkeypatch.setattr("pages.feedback_admin.MAX_PAGES", 2)
    for number in range(3):
        make_feedback(f"/{number}/", False)
    page_text = text_of(admin_client.get(f"{PER_PAGE}/"))
    assert "Här är de 2 första sidorna. Filen har alla." in page_text
    assert "/1/" in page_text
    assert "/2/" not in page_text
    assert len(lines(admin_client.get(f"{PER_PAGE}.csv"))) == 4


def test_the_queries_do_not_grow_with_the_pages(admin_client, db):
    counts = []
    for number in range(6):
        make_feedback(f"/{number}/", False)
        if number in {0, 5}:
            admin_client.get(f"{PER_PAGE}/")  # the names of pages are kept until content changes
            with CaptureQueriesContext(connection) as queries:
                admin_client.get(f"{PER_PAGE}/")
            counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("word", ["per-sida/", "per-sida.csv", "svar.csv"])
def test_staff_without_permission_see_no_answers(client, answers, django_user_model, word):
    address = f"/admin/pages/feedback/{word}"
    assert client.get(address).status_code == 302
    client.force_login(django_user_model.objects.create_user("namn", is_staff=True))
    assert client.get(address).status_code == 403


def test_an_editor_sees_them(signed_in, answers):
    assert signed_in("Redaktör").get(f"{PER_PAGE}/").status_code == 200


def test_a_page_has_its_name_and_its_line(admin_client, db):
    make_page("kontakt", title_en="Contact", slug_en="contact")
    for days_ago in (1, 1, 8, 8, 22):
        make_feedback("/en/contact/", days_ago == 1, days_ago)
    (row,) = admin_client.get(f"{PER_PAGE}/").context["rows"]
    assert (row["name"], row["share"]) == ("Kontakt", 40)
    # The weeks: three of ninety days back have answers, and only in the last was anybody helped.
    assert [point.split(",")[1] for point in row["line"].points.split()] == ["33.0", "33.0", "5.0"]


def test_the_list_can_be_filtered_by_state(admin_client, answers):
    handled = Feedback.objects.get(message="=1+1")
    Feedback.objects.filter(pk=handled.pk).update(handled_at=timezone.now())

    def listed(state):
        page = admin_client.get(f"/admin/pages/feedback/?lage={state}")
        return [answer.message for answer in page.context["cl"].queryset]

    assert listed("nya") == ['Var är "kartan"?']
    assert listed("hanterade") == ["=1+1"]
