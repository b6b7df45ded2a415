"""What waits for staff on the front page of the admin."""

import datetime as dt

from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pages.models import Feedback
from pages.versions import working_copy
from tests.factories import make_goal, make_page, make_perspective, make_plan, make_profile
from tests.site import text_of
from tests.test_roles import signed_in  # noqa: F401 - a fixture

ENGLISH = {"title_en": "In English", "responsible_en": "The region"}
TOMORROW = timezone.now() + dt.timedelta(days=1)


def waiting(client):
    cache.clear()
    return {
        heading: [text for text, _address in entries]
        for heading, entries in client.get("/admin/").context["waiting"]
    }


def test_nothing_waits_where_all_is_done(admin_client, db):
    make_page("kontakt", **ENGLISH)
    assert waiting(admin_client) == {}
    assert "Inget väntar just nu." in text_of(admin_client.get("/admin/"))


def test_everything_that_waits_is_told_with_counts(admin_client, db):
    plan = make_plan(2019, 2021, lead_en="x", **ENGLISH)
    make_goal(make_perspective(plan, name_en="one"), name_sv="Utan engelska")
    working_copy(plan)
    make_page("snart", publish_at=TOMORROW, **ENGLISH)
    make_page("sent", review_on=dt.date(2020, 1, 2), **ENGLISH)
    make_page("lank", body_sv='<p><a href="/borta/">Bort</a></p>', **ENGLISH, body_en="<p>.</p>")
    Feedback.objects.create(address="/", language="sv", helpful=False, message="Var?")
    Feedback.objects.create(address="/", language="sv", helpful=True)
    found = waiting(admin_client)
    soon = found.pop("Planerade ändringar")
    assert len(soon) == 1
    assert soon[0].startswith("Snart: Publiceras ")
    assert found == {
        "Utkast och arbetskopior": ["Regionplan 2019–2021: Arbetskopia"],
        "Granskningsdag har passerat": ["Sent: skulle ha granskats 2 januari 2020"],
        "Saknar engelska": ["Inriktningsmål: 1"],
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


def test_old_answers_are_no_news(admin_client, db):
    Feedback.objects.create(address="/", language="sv", helpful=False)
    Feedback.objects.update(created_at=timezone.now() - dt.timedelta(days=9))
    assert waiting(admin_client) == {}


def test_the_desk_asks_as_much_whatever_waits(admin_client, db):
    make_profile()
    make_plan(2019, 2021)
    make_page("ett", status="draft")
    waiting(admin_client)  # looks for broken links, which are then kept a while
    counts = []
    for year in (2022, 2032):
        with CaptureQueriesContext(connection) as queries:
            admin_client.get("/admin/")
        counts.append(len(queries))
        for number in range(3):
            plan = make_plan(year + number, year + number, status="draft")
            make_goal(make_perspective(plan))
            make_page(f"sida-{year}-{number}", status="draft")
    assert counts[0] == counts[1]


def test_staff_without_a_role_have_an_empty_desk(client, db, django_user_model):
    make_page("ny", status="draft")
    client.force_login(django_user_model.objects.create_user("namn", is_staff=True))
    assert waiting(client) == {}


def test_an_editor_has_a_desk_too(signed_in):  # noqa: F811
    client = signed_in("Redaktör")
    make_page("ny", status="draft", **ENGLISH)
    assert waiting(client) == {"Utkast och arbetskopior": ["Ny: Utkast"]}
