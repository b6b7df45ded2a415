"""The inbox of visitors' own words in the admin: handled by whom, when and how."""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from pages.feedback_inbox import ANSWERS_A_PAGE
from pages.models import Feedback
from tests.accounts import make_account
from tests.factories import make_page
from tests.site import text_of

pytestmark = pytest.mark.database_in_ci

PAGE = "/admin/pages/feedback/per-sida/"


def make_answer(message="Var?", address="/kontakt/", **fields):
    return Feedback.objects.create(
        address=address, language="sv", helpful=False, message=message, **fields
    )


def handle(client, answer, note="", query="", word="hantera"):
    return client.post(f"/admin/pages/feedback/{answer.pk}/{word}/{query}", {"note": note})


def said(client, response):
    """Return the messages on the page that `response` redirects to."""
    page = client.get(response.url.partition("#")[0])
    return [str(message) for message in page.context["messages"]]


def listed(client, query=""):
    return [
        entry["answer"].message for entry in client.get(PAGE + query).context["inbox"]["entries"]
    ]


def test_an_answer_is_marked_as_handled_with_a_note(signed_in):
    client, answer = signed_in("Redaktör"), make_answer()
    response = handle(client, answer, "Rättat i texten.\r\nKlart.")
    assert said(client, response) == ["Svaret är markerat som hanterat."]
    answer.refresh_from_db()
    assert answer.handled_by == User.objects.get(username="namn")
    assert timezone.now() - answer.handled_at < dt.timedelta(minutes=1)
    assert answer.note == "Rättat i texten.\nKlart."
    assert listed(client) == []
    assert listed(client, "?lage=hanterade") == ["Var?"]
    assert "av namn Anteckning: Rättat i texten.Klart." in text_of(client.get(PAGE))


def test_a_handled_answer_is_opened_again_with_its_note(signed_in):
    client, answer = signed_in("Publicist"), make_answer()
    handle(client, answer, "Rättat.")
    response = handle(client, answer, word="oppna-igen")
    assert response.url.endswith(f"#svar-{answer.pk}")
    answer.refresh_from_db()
    assert (answer.handled_at, answer.handled_by, answer.note) == (None, None, "Rättat.")
    assert listed(client) == ["Var?"]
    assert said(client, handle(client, answer, word="oppna-igen"))[-1] == "Svaret är redan öppnat."


def test_a_colleague_was_first(signed_in):
    client, answer = signed_in("Redaktör"), make_answer()
    colleague = make_account("per", "Publicist", first_name="Per", last_name="Palm")
    earlier = timezone.now().replace(hour=0, minute=5)
    Feedback.objects.update(handled_at=earlier, handled_by=colleague, note="Ringt växeln.")
    response = handle(client, answer, "Skrivit numret på sidan.")
    (message,) = said(client, response)
    assert message.startswith("Per Palm hanterade svaret i ")
    assert message.endswith(" Din anteckning är tillagd.")
    answer.refresh_from_db()
    assert (answer.handled_by, answer.handled_at) == (colleague, earlier)
    assert answer.note == "Ringt växeln.\nnamn: Skrivit numret på sidan."
    handle(client, answer, "Skrivit numret på sidan.")  # sent twice
    answer.refresh_from_db()
    assert answer.note.count("Skrivit") == 1


def test_an_answer_that_has_been_deleted_is_said_to_be_gone(signed_in):
    client, answer = signed_in("Redaktör"), make_answer()
    Feedback.objects.all().delete()
    for word in ("hantera", "oppna-igen"):
        response = handle(client, answer, word=word)
        assert said(client, response)[-1] == "Svaret finns inte längre."


def test_a_note_that_is_too_long_handles_nothing(signed_in):
    client, answer = signed_in("Redaktör"), make_answer()
    response = handle(client, answer, "x" * 501)
    assert said(client, response) == [
        "Anteckningen får ha högst 500 tecken. Svaret är inte hanterat."
    ]
    answer.refresh_from_db()
    assert answer.handled_at is None


def test_the_next_answer_gets_the_focus(admin_client, db):
    first, second, third = (make_answer(f"Nr {number}") for number in range(3))
    other = make_answer("Annat", "/annan/")
    query = "?dagar=7&sida=%2Fkontakt%2F"

    def place(answer):
        address, _hash, place = handle(admin_client, answer, query=query).url.partition("#")
        assert address == PAGE + query
        return place

    assert place(second) == f"svar-{first.pk}"  # the newest answers are listed first
    assert place(first) == f"svar-{third.pk}"
    assert place(third) == "egna-ord"
    assert listed(admin_client) == [other.message]


def test_answers_are_listed_by_page_and_twenty_at_a_time(admin_client, db):
    make_page("kontakt")
    for number in range(ANSWERS_A_PAGE + 1):
        make_answer(f"Nr {number}")
    make_answer("Annat", "/annan/")
    Feedback.objects.create(address="/kontakt/", language="sv", helpful=True)  # without words
    assert len(listed(admin_client)) == ANSWERS_A_PAGE
    assert listed(admin_client, "?p=2") == ["Nr 1", "Nr 0"]
    assert listed(admin_client, "?sida=/annan/") == ["Annat"]
    page = admin_client.get(f"{PAGE}?sida=/kontakt/")
    assert page.context["inbox"]["new"] == ANSWERS_A_PAGE + 1
    assert page.context["inbox"]["page_name"] == "Kontakt"


def test_a_publication_to_come_is_named(admin_client, db):
    page = make_page("kontakt")
    soon = timezone.now() + dt.timedelta(days=1)
    make_page("kontakt", version=2, publish_at=soon)
    make_page("annan")
    make_answer()
    make_answer(address="/annan/")
    inbox = admin_client.get(PAGE).context["inbox"]
    assert [version.publish_at for version in inbox["to_come"]] == [soon]
    assert f"{page} byts ut i morgon" in text_of(admin_client.get(PAGE))


def test_the_menu_counts_the_new_answers(admin_client, db):
    make_answer()
    make_answer(handled_at=timezone.now())
    make_answer("")
    assert "Återkoppling1, 1 väntar" in text_of(admin_client.get("/admin/"))


@pytest.mark.parametrize("word", ["hantera", "oppna-igen"])
def test_crafted_requests_change_nothing(client, db, word):
    handled = timezone.now() if word == "oppna-igen" else None
    answer = make_answer(handled_at=handled)
    reader = make_account("laser")
    for user in (None, reader):
        if user:
            client.force_login(user)
        assert handle(client, answer, word=word).status_code == (403 if user else 302)
    client.force_login(make_account("redaktor", "Redaktör"))
    assert client.get(f"/admin/pages/feedback/{answer.pk}/{word}/").status_code == 405
    form = {"helpful": "on", "message": "Bra!", "note": "x"}
    client.post(f"/admin/pages/feedback/{answer.pk}/change/", form)
    answer.refresh_from_db()
    assert (answer.handled_at, answer.message, answer.note) == (handled, "Var?", "")


@pytest.mark.parametrize("count", [1, 3])
def test_the_queries_do_not_grow_with_the_answers(
    admin_client, db, django_assert_num_queries, count
):
    colleague = make_account()
    for number in range(count):
        make_page(f"sida-{number}")
        make_page(
            f"sida-{number}", version=2, publish_at=timezone.now() + dt.timedelta(days=1 + number)
        )
        make_answer(address=f"/sida-{number}/")
        make_answer(address=f"/sida-{number}/", handled_at=timezone.now(), handled_by=colleague)
    admin_client.get(PAGE)  # the names of pages are kept until content changes
    # The session, which is also saved, and the user; the pages' counts and their lines; the content version;
    # for each of three kinds of publishables those to come; whether there is a profile; the counts of
    # answers, those handled last, those waiting and how many there are; the count in the menu.
    with django_assert_num_queries(19):
        admin_client.get(PAGE)
