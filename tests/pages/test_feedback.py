import datetime as dt
import re
from contextlib import contextmanager

import pytest
from django.core import signing
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.html import escape

from pages import feedback, limits
from pages.models import Feedback, SendCount
from tests.site import text_of

pytestmark = pytest.mark.database

YES = {"address": "/kontakt/", "helpful": "ja"}


def test_an_answer_is_stored_and_gets_thanks(client, content):
    response = client.post("/aterkoppling/", YES)
    assert response.status_code == 303
    stored = Feedback.objects.get()
    assert (stored.address, stored.language, stored.helpful, stored.message) == (
        "/kontakt/",
        "sv",
        True,
        "",
    )
    thanks = client.get(response["Location"])
    assert "Tack för ditt svar" in text_of(thanks)
    assert '<a href="/kontakt/">Tillbaka till sidan</a>' in thanks.content.decode()
    assert not thanks.cookies
    assert not response.cookies


def test_a_no_in_english_is_stored_as_english(client, content):
    response = client.post("/en/feedback/", {"address": "/en/contact/", "helpful": "nej"})
    assert response["Location"].startswith("/en/feedback/thanks/?svar=")
    stored = Feedback.objects.get()
    assert (stored.language, stored.helpful) == ("en", False)
    assert "Thank you for your answer" in text_of(client.get(response["Location"]))


def test_a_message_is_added_to_the_answer(client, content):
    address = client.post("/aterkoppling/", YES)["Location"]
    response = client.post(address, {"message": "Jag saknar ett telefonnummer.\nTack!"})
    assert response.status_code == 303
    assert Feedback.objects.get().message == "Jag saknar ett telefonnummer.\nTack!"
    text = text_of(client.get(response["Location"]))
    assert "Vi har tagit emot det du skrev." in text
    assert "Skicka" not in text


def test_too_long_a_message_is_kept_and_explained(client, content):
    address = client.post("/aterkoppling/", YES)["Location"]
    response = client.post(address, {"message": "å" * 2001})
    assert "Texten får ha högst 2 000 tecken." in text_of(response)
    assert "å" * 2001 in response.content.decode()
    assert Feedback.objects.get().message == ""


def test_line_breaks_count_as_one_character(client, content):
    address = client.post("/aterkoppling/", YES)["Location"]
    text = "rad\r\n" * 500
    assert client.post(address, {"message": text}).status_code == 303
    assert Feedback.objects.get().message == text.replace("\r\n", "\n").strip()


def test_an_empty_message_erases_nothing(client, content):
    address = client.post("/aterkoppling/", YES)["Location"]
    client.post(address, {"message": "Viktigt."})
    client.post(address, {"message": ""})
    assert Feedback.objects.get().message == "Viktigt."


def test_the_other_language_keeps_the_answer_open(client, content):
    address = client.post("/aterkoppling/", YES)["Location"]
    html = client.get(address).content.decode()
    english = re.search(r'<a href="([^"]*)" hreflang="en"', html)[1]
    assert "textarea" in client.get(english.replace("&amp;", "&")).content.decode()


@pytest.mark.parametrize("token", ["", "x", "x:y:z", "another's"])
def test_a_forged_token_gives_no_form_and_stores_nothing(client, content, token):
    answer = Feedback.objects.create(address="/", language="sv", helpful=True)
    if token == "another's":
        token = signing.dumps(answer.pk, salt="another use")
    page = client.get("/aterkoppling/tack/", {"svar": token})
    assert "textarea" not in page.content.decode()
    lost = client.post(f"/aterkoppling/tack/?svar={token}", {"message": "Viktig text"})
    assert "Det gick inte att spara din text" in text_of(lost)
    assert "Viktig text" in text_of(lost)
    assert Feedback.objects.get().message == ""


def test_an_old_token_no_longer_opens_the_answer(client, content, monkeypatch):
    address = client.post("/aterkoppling/", YES)["Location"]
    assert "textarea" in client.get(address).content.decode()
    monkeypatch.setattr(feedback, "HOURS_TO_ADD_WORDS", -1)
    assert "textarea" not in client.get(address).content.decode()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"address": "/", "helpful": "kanske"},
        {"address": "", "helpful": "ja"},
        {"address": "https://example.org/", "helpful": "ja"},
        {"address": "//example.org/", "helpful": "ja"},
        {"address": "/\\example.org", "helpful": "ja"},
        {"address": "javascript:alert(1)", "helpful": "ja"},
        {"address": "/" + "a" * 500, "helpful": "ja"},
        {"address": "/\x00", "helpful": "ja"},
    ],
)
def test_an_invalid_answer_is_refused(client, content, data):
    response = client.post("/aterkoppling/", data)
    assert response.status_code == 400
    assert "Vi förstår inte frågan" in text_of(response)
    assert not Feedback.objects.exists()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"origin": "http://testserver"}, 303),
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"sec-fetch-site": "none"}, 303),
        ({"origin": "https://example.org"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"origin": "https://testserver"}, 403),
        ({"origin": "http://testserver", "host": "TestServer"}, 303),
        ({"origin": "http://testserver:80"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_only_our_own_pages_may_send_answers(client, content, headers, status):
    response = client.post("/aterkoppling/", YES, headers=headers)
    assert response.status_code == status
    assert Feedback.objects.exists() == (status == 303)


@pytest.mark.parametrize(("scheme", "status"), [("https", 303), ("http", 403)])
def test_behind_a_proxy_the_origin_has_the_visitors_scheme(
    client, content, settings, scheme, status
):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    headers = {"host": "testserver", "x-forwarded-proto": "https"}
    headers |= {"origin": f"{scheme}://testserver"}
    assert client.post("/aterkoppling/", YES, headers=headers).status_code == status


def test_pages_with_a_token_are_never_stored(client, content, monkeypatch):
    address = client.post("/aterkoppling/", YES)["Location"]
    forged = address.partition("?")[0] + "?svar=forged"
    responses = [client.get(address), client.head(address), client.get(forged)]
    responses.append(client.post(address, {"message": "å" * 2001}))
    monkeypatch.setitem(limits.LIMITS, "feedback", limited(3, 9))
    responses += [client.post(address, {"message": text}) for text in ("Bra!", "Mer")]
    assert [response.status_code for response in responses] == [200, 200, 200, 200, 303, 429]
    for response in responses:
        assert "no-store" in response["Cache-Control"]
    # Without a token, the page is the same for everyone.
    assert "Cache-Control" not in client.get(address.partition("?")[0])


def test_other_methods_are_refused(client, content):
    assert client.get("/aterkoppling/")["Location"] == "/"
    assert client.put("/aterkoppling/").status_code == 405
    assert client.put("/aterkoppling/tack/").status_code == 405


def test_every_page_asks_with_its_own_address(client, content):
    for address in ("/", "/kontakt/", "/en/regional-plan/2019-2021/finances/", "/finns-inte/"):
        html = client.get(address).content.decode()
        assert f'<input type="hidden" name="address" value="{address}">' in html


# --- Spam and personal data ------------------------------------------------------------------------


@pytest.mark.parametrize("trapped", [YES, {"message": "Köp nu"}])
def test_an_answer_that_fills_in_the_trap_gets_thanks_and_is_not_stored(client, content, trapped):
    address = client.post("/aterkoppling/", YES)["Location"] if "message" in trapped else None
    before = list(Feedback.objects.values())
    response = client.post(
        address or "/aterkoppling/", trapped | {"website": "https://example.org"}
    )
    assert response["Location"] == "/aterkoppling/tack/"
    assert "Tack för ditt svar" in text_of(client.get(response["Location"]))
    assert list(Feedback.objects.values()) == before


def test_the_trap_is_in_both_forms_and_hidden_without_style(client, content):
    for page in ("/kontakt/", client.post("/aterkoppling/", YES)["Location"]):
        html = client.get(page).content.decode()
        assert re.findall(r'<p hidden><label>.* <input name="(.*?)" tabindex="-1"', html) == [
            "website"
        ]


# The numbers are made up, with valid check digits.
@pytest.mark.parametrize(
    "number",
    [
        "640823-3234",
        "640823+3234",
        "640823–3234",
        "640823−3234",
        "640823 3234",
        "640823 - 3234",
        "6408233234",
        "196408233234",
        "19640823-3234",
        "1964-08-23-3234",
        "64 08 23 3234",
        "640883-3231",  # a coordination number
        "196408833231",
    ],
)
def test_a_personal_number_is_refused_and_the_text_kept(client, content, number):
    address = client.post("/aterkoppling/", YES)["Location"]
    text = f"Jag heter X ({number}), hjälp mig."
    response = client.post(address, {"message": text})
    html = response.content.decode()
    assert "Texten ser ut att innehålla ett personnummer. Ta bort det" in text_of(response)
    assert f">\n{escape(text)}</textarea>" in html
    assert 'aria-describedby="id_message_helptext id_message_error"' in html
    assert 'id="id_message_error"' in html
    assert Feedback.objects.get().message == ""


@pytest.mark.parametrize(
    "text",
    [
        "640823-3235",  # wrong check digit
        "641323-3230",  # no such month
        "640832-3234",  # no such day
        "1640823-32341",
        "Ring 0455-73 10 00 eller 070-174 06 58.",
        "Det kostade 6 408 233 234 kronor, inte −6 198,0.",
        "Budget 2019-2021, beslutad 2018-11-28, sidan 1234.",
        "Bankgiro 640-8233, organisationsnummer 232100-0081",
    ],
)
def test_other_numbers_are_stored(client, content, text):
    address = client.post("/aterkoppling/", YES)["Location"]
    assert client.post(address, {"message": text}).status_code == 303
    assert Feedback.objects.get().message == text


def test_an_address_with_a_personal_number_is_refused(client, content):
    response = client.post("/aterkoppling/", YES | {"address": "/640823-3234/"})
    assert response.status_code == 400
    assert not Feedback.objects.exists()


# --- Limits ----------------------------------------------------------------------------------------


def limited(each_visitor, all_together):
    return [
        limits.Limit(each_visitor, 10, is_for_each_visitor=True),
        limits.Limit(all_together, 10, is_for_each_visitor=False),
    ]


def statuses(client, times, **place):
    return [client.post("/aterkoppling/", YES, **place).status_code for _ in range(times)]


def test_a_visitor_over_the_limit_learns_when_to_try_again(client, content, monkeypatch):
    monkeypatch.setitem(limits.LIMITS, "feedback", limited(3, 5))
    thanks = client.post("/aterkoppling/", YES)["Location"]
    assert statuses(client, 2) == [303, 303]
    response = client.post(thanks, {"message": "<Viktigt>\nMycket."})
    assert response.status_code == 429
    assert 590 < int(response["Retry-After"]) <= 600
    assert "Försök igen om 10 minuter." in text_of(response)
    assert ">\n&lt;Viktigt&gt;\nMycket.</textarea>" in response.content.decode()
    assert [feedback.message for feedback in Feedback.objects.all()] == ["", "", ""]

    response = client.post("/en/feedback/", {"address": "/en/", "helpful": "nej"})
    assert "Try again in 10 minutes." in text_of(response)
    assert 'name="address" value="/en/"' in response.content.decode()
    assert 'name="helpful" value="nej"' in response.content.decode()

    later = timezone.now() + dt.timedelta(minutes=10)
    monkeypatch.setattr(limits.timezone, "now", lambda: later)
    assert client.post(thanks, {"message": "Viktigt."}).status_code == 303


def test_a_clock_set_back_does_not_lock_visitors_out(client, content, monkeypatch):
    monkeypatch.setitem(limits.LIMITS, "feedback", limited(1, 9))
    tomorrow = timezone.now() + dt.timedelta(days=1)
    with monkeypatch.context() as wrong:
        wrong.setattr(limits.timezone, "now", lambda: tomorrow)
        assert statuses(client, 2) == [303, 429]
    assert statuses(client, 2) == [303, 429]


def test_other_visitors_are_accepted_up_to_the_common_limit(client, content, monkeypatch):
    monkeypatch.setitem(limits.LIMITS, "feedback", limited(2, 3))
    assert statuses(client, 3, REMOTE_ADDR="192.0.2.1") == [303, 303, 429]
    assert statuses(client, 2, REMOTE_ADDR="192.0.2.2") == [303, 429]


def test_many_visitors_behind_one_address_may_answer(client, content):
    assert statuses(client, 61) == [303] * 60 + [429]


def test_behind_a_proxy_the_visitors_own_address_counts(client, content, monkeypatch, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    monkeypatch.setitem(limits.LIMITS, "feedback", limited(1, 9))
    responses = [
        client.post("/aterkoppling/", YES, headers={"x-forwarded-for": f"{forged}, {own}"})
        for forged, own in [("1.1.1.1", "192.0.2.1"), ("2.2.2.2", "192.0.2.1"), ("1", "192.0.2.2")]
    ]
    assert [response.status_code for response in responses] == [303, 429, 303]


def test_no_address_of_a_visitor_is_stored(client, content):
    assert statuses(client, 1, REMOTE_ADDR="192.0.2.77") == [303]
    client.post("/admin/konto/logga-in/", {"login": "x"}, REMOTE_ADDR="192.0.2.77")
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM cache")
        keys = [key for (key,) in cursor.fetchall()]
    keys += SendCount.objects.values_list("key", flat=True)
    assert len(keys) >= 3
    assert [key for key in keys if not re.fullmatch("[0-9a-f]{64}", key)] == []


# --- While the database is down --------------------------------------------------------------------


@pytest.fixture
def down():
    """A context manager in which every query fails as if the database were down."""

    def refuse(*args):
        raise OperationalError("connection refused")

    @contextmanager
    def context():
        with connection.execute_wrapper(refuse):
            yield
        transaction.set_rollback(False)  # nothing has failed in the test's own transaction

    return context


@pytest.mark.parametrize(
    ("path", "sent", "message"),
    [
        ("/aterkoppling/", YES, "Vi kan inte ta emot svar just nu"),
        ("/en/feedback/", YES, "We cannot receive answers right now"),
    ],
)
def test_an_answer_survives_a_database_outage(client, content, down, path, sent, message):
    with down():
        response = client.post(path, sent)
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert message in text_of(response)
    hidden = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)"', response.content.decode())
    )
    assert hidden == sent
    assert client.post(path, hidden).status_code == 303
    assert Feedback.objects.get().address == "/kontakt/"


def test_a_message_survives_a_database_outage(client, content, down):
    thanks = client.post("/aterkoppling/", YES)["Location"]
    with down():
        response = client.post(thanks, {"message": "Rad ett\r\n<rad två>"})
        thanks_page = client.get(thanks)
        bare = client.get("/aterkoppling/tack/")
    assert [page.status_code for page in (response, thanks_page, bare)] == [503, 503, 503]
    html = response.content.decode()
    assert "Det du har svarat finns kvar här." in html
    assert ">\nRad ett\r\n&lt;rad två&gt;</textarea>" in html
    assert "Försök igen</button>" in html
    assert "<form" not in bare.content.decode()
    client.post(thanks, {"message": "Rad ett\r\n<rad två>"})
    assert Feedback.objects.get().message == "Rad ett\n<rad två>"


def test_the_form_says_how_long_answers_are_kept(client, content, settings):
    settings.FEEDBACK_DAYS = 1095
    thanks = client.post("/aterkoppling/", YES)["Location"]
    assert "Efter 1 095 dagar tar vi bort det du har skickat." in text_of(client.get(thanks))
    settings.FEEDBACK_DAYS = 1
    english = thanks.replace("/aterkoppling/tack/", "/en/feedback/thanks/")
    assert "We delete what you have sent after one day." in text_of(client.get(english))
