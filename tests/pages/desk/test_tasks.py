"""What waits on the desk, and what is planned."""

import datetime as dt

import pytest
from django.core.cache import cache
from django.utils import timezone

from pages.desk import tasks
from pages.models import Feedback, Page
from pages.publishing.history import save_revision
from pages.publishing.versions import working_copy
from tests.accounts import make_account
from tests.factories import (
    make_goal,
    make_page,
    make_perspective,
    make_plan,
    make_profile,
)
from tests.site import text_of

pytestmark = pytest.mark.database_in_ci

ENGLISH = {"title_en": "In English", "responsible_en": "The region"}
TOMORROW = timezone.now() + dt.timedelta(days=1)


def desk_of(client):
    cache.clear()
    return client.get("/admin/").context["desk"]


def waiting(client):
    """Return the texts, the details and the actions of the tasks that wait."""
    desk = desk_of(client)
    return [
        (task.text, task.emphasis + task.detail, task.action)
        for task in [*desk["tasks"], *desk["more_tasks"]]
    ]


def test_the_desk_is_empty_when_everything_is_done(admin_client, db):
    make_page("kontakt", **ENGLISH)
    Page.objects.update(published_at=dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC))
    assert waiting(admin_client) == []
    page_text = text_of(admin_client.get("/admin/"))
    assert "Inget väntar. Det här väntar Inget väntar just nu." in page_text
    assert "Senaste publicering: 22 november 2026." in page_text


def test_each_kind_has_a_row_with_the_name_of_a_single_one(in_march, admin_client, admin_user):
    plan = make_plan(2019, 2021, lead_en="x", **ENGLISH)
    make_goal(make_perspective(plan, name_en="one"), name_sv="Utan engelska")
    make_page("sent", review_on=dt.date(2027, 2, 28), **ENGLISH)
    make_page("lank", body_sv='<p><a href="/borta/">Bort</a></p>', **ENGLISH, body_en="<p>.</p>")
    draft = make_page("ny", status="draft", **ENGLISH)
    save_revision(draft, admin_user, "Skrev sidan")
    Feedback.objects.create(address="/lank/", language="sv", helpful=False, message="Var?")
    Feedback.objects.create(address="/lank/", language="sv", helpful=True)
    Feedback.objects.update(created_at=dt.datetime(2027, 3, 4, 9, tzinfo=dt.UTC))
    assert waiting(admin_client) == [
        ("1 länk leder ingenstans", "Lank: ”Bort” går till /borta/.", "Rätta länken"),
        ("1 granskningsdag har passerat", "Sent skulle ha granskats 28 februari.", "Granska"),
        ("1 nytt svar med egna ord", "Det gäller Lank, från 4 mars.", "Läs svaret"),
        ("Ny, utkast", "Ändrades senast av dig i dag 10.00.", "Publicera"),
        (
            "1 text saknar engelska",
            "Mål ”Utan engelska” i Regionplan 2019–2021.",
            "Översätt",
        ),
    ]
    assert "Onsdag 10 mars 2027. Fem saker väntar." in text_of(admin_client.get("/admin/"))


def test_several_of_a_kind_share_a_row(admin_client, db):
    plan = make_plan(2019, 2021, lead_en="x", **ENGLISH)
    perspective = make_perspective(plan, name_en="one")
    for number in range(2):
        make_goal(perspective, name_sv=f"Utan engelska {number}", slug=f"mal-{number}")
        make_page(f"utkast-{number}", status="draft", **ENGLISH)
        make_page(f"sent-{number}", review_on=dt.date(2020, 1, 2), **ENGLISH)
        make_page(f"lank-{number}", body_sv='<p><a href="/borta/">Bort</a></p>', **ENGLISH)
        Feedback.objects.create(address="/", language="sv", helpful=False, message="Var?")
    shown = {text: (detail, action) for text, detail, action in waiting(admin_client)}
    assert shown.keys() == {
        "2 länkar leder ingenstans",
        "2 sidor är utkast eller arbetskopior",
        "2 granskningsdagar har passerat",
        "2 nya svar med egna ord",
        "4 texter saknar engelska",
    }
    assert shown["2 länkar leder ingenstans"] == ("På Lank-0 och Lank-1.", "Rätta länkarna")
    assert shown["4 texter saknar engelska"][0] == "Sidor: 2 och Mål: 2."


def test_a_draft_with_errors_comes_first_and_is_continued(signed_in):
    plan = make_plan(2019, 2021, lead_en="x", **ENGLISH)
    copy = working_copy(plan)
    make_perspective(copy, name_sv="", name_en="one")
    copy.touch()
    client = signed_in("Publicist")
    (first, *_others) = waiting(client)
    assert first[0] == "Regionplan 2019–2021, arbetskopia"
    assert first[1].startswith("1 sak måste rättas före publicering. Ändrades senast i dag ")
    assert first[2] == "Fortsätt"


def test_roles_have_desks_of_their_own(client, db):
    make_page("ny", status="draft", **ENGLISH)
    editor, publisher = make_account("red", "Redaktör"), make_account("pub", "Publicist")
    for user, action in ((editor, "Kontrollera"), (publisher, "Publicera")):
        client.force_login(user)
        assert [(text, shown) for text, _detail, shown in waiting(client)] == [
            ("Ny, utkast", action)
        ]
    client.force_login(make_account("ingen"))
    assert waiting(client) == []
    desk = desk_of(client)
    assert (desk["cards"], desk["offers"], desk["trend"], desk["events"]) == ([], [], None, [])


def test_what_is_planned_comes_in_order_and_says_by_whom(in_march, admin_client, admin_user):
    noon = dt.datetime(2027, 3, 15, 7, tzinfo=dt.UTC)
    make_page("kontakt", **ENGLISH)
    copy = make_page("kontakt", version=2, publish_at=noon, **ENGLISH)
    save_revision(copy, admin_user, "Planerade publiceringen")
    tomorrow = dt.datetime(2027, 3, 11, 7, tzinfo=dt.UTC)
    make_page("snart", publish_at=tomorrow, **ENGLISH)
    make_page("slut", unpublish_at=noon + dt.timedelta(days=1), **ENGLISH)
    assert [(task.text, task.detail) for task in desk_of(admin_client)["planned"]] == [
        ("Snart publiceras i morgon kl. 08.00", "Inget mer behöver göras."),
        (
            "Kontakt byts ut måndag 15 mars kl. 08.00",
            "Planerat av dig. Inget mer behöver göras.",
        ),
        ("Slut avpubliceras tisdag 16 mars kl. 08.00", "Inget mer behöver göras."),
    ]
    assert "Inget väntar, och tre är planerade." in text_of(admin_client.get("/admin/"))


def test_more_rows_than_five_are_folded(admin_client, db):
    for number in range(7):
        make_page(f"snart-{number}", publish_at=TOMORROW, **ENGLISH)
    desk = desk_of(admin_client)
    assert (len(desk["planned"]), len(desk["more_planned"])) == (5, 2)
    assert "Visa alla 7" in text_of(admin_client.get("/admin/"))


def test_each_link_on_the_desk_opens(admin_client, content):
    working_copy(make_page("ny"))
    for number in range(2):
        make_page(f"utkast-{number}", status="draft", review_on=dt.date(2020, 1, 2))
    make_page("lank", body_sv='<p><a href="/borta/">Bort</a></p>')
    Feedback.objects.create(address="/", language="sv", helpful=False, message="Var?")
    desk = desk_of(admin_client)
    addresses = [card.address for card in desk["cards"]] + [
        offer.address for offer in desk["offers"]
    ]
    addresses += [address for card in desk["cards"] for _name, address in card.links]
    for task in desk["tasks"]:
        addresses += [task.address, *(address for _text, address in task.entries)]
    assert len(addresses) > 10
    for address in addresses:
        assert admin_client.get(address.partition("#")[0]).status_code == 200, address


def test_old_drafts_are_checked_on_later_visits(admin_client, db, monkeypatch):
    monkeypatch.setattr(tasks, "MAX_DRAFTS_PER_VISIT", 1)
    for number in range(2):
        make_page(f"utkast-{number}", status="draft", title_sv="", **ENGLISH)
    cache.clear()

    def stopped():
        (task,) = admin_client.get("/admin/").context["desk"]["tasks"]
        return task.emphasis

    assert stopped() == "Något måste rättas i sida utan namn. "
    assert stopped() == "Något måste rättas i sida utan namn och sida utan namn. "


@pytest.mark.parametrize("count", [3, 9])
def test_the_number_of_queries_does_not_grow(admin_client, db, django_assert_num_queries, count):
    make_profile()
    for number in range(count):
        plan = make_plan(2022 + number, 2022 + number)
        make_goal(make_perspective(plan))
        copy = working_copy(plan)
        for event in range(count):
            save_revision(copy, None, f"Ändring {event}")
        make_page(f"utkast-{number}", status="draft")
        make_page(f"snart-{number}", publish_at=TOMORROW, review_on=dt.date(2020, 1, 2))
        body = f'<p><a href="/borta-{number}/">Bort</a></p>'
        make_page(f"lank-{number}", body_sv=body)
        Feedback.objects.create(address="/", language="sv", helpful=False, message="Var?")
    for _visit in range(2 * count + 1):
        admin_client.get("/admin/")  # until all drafts and links have been checked
    # The session, which is also saved, and the user; the personal drafts; the content version and what is
    # kept of earlier checks; for each of three kinds of publishables the drafts, those planned, those to
    # review, their first versions and last revisions, and the cards; for each of the models with translated
    # texts the count without English; the feedback; the events.
    with django_assert_num_queries(61):
        admin_client.get("/admin/")
