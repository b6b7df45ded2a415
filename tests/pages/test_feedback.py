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


def test_an_answer_is_stored_and_thanked_for(client, content):
    answer = client.post("/aterkoppling/", YES)
    assert answer.status_code == 303
    stored = Feedback.objects.get()
    assert (stored.address, stored.language, stored.helpful, stored.message) == (
        "/kontakt/",
        "sv",
        True,
        "",
    )
    thanks = client.get(answer["Location"])
    assert "Tack för ditt svar" in text_of(thanks)
    assert '<a href="/kontakt/">Tillbaka till sidan</a>' in thanks.content.decode()
    assert not thanks.cookies
    assert not answer.cookies


def test_a_no_in_english_is_stored_as_such(client, content):
    answer = client.post("/en/feedback/", {"address": "/en/contact/", "helpful": "nej"})
    assert answer["Location"].startswith("/en/feedback/thanks/?svar=")
    stored = Feedback.objects.get()
    assert (stored.language, stored.helpful) == ("en", False)
    assert "Thank you for your answer" in text_of(client.get(answer["Location"]))


def test_words_are_added_to_the_answer(client, content):
    address = client.post("/aterkoppling/", YES)["Location"]
    answer = client.post(address, {"message": "Jag saknar ett telefonnummer.\nTack!"})
    assert answer.status_code == 303
    assert Feedback.objects.get().message == "Jag saknar ett telefonnummer.\nTack!"
    said = text_of(client.get(answer["Location"]))
    assert "Vi har tagit emot det du skrev." in said
    assert "Skicka" not in said


def test_too_long_a_message_is_kept_and_explained(client, content):
    address = client.post("/aterkoppling/", YES)["Location"]
    answer = client.post(address, {"message": "å" * 2001})
    assert "Texten får ha högst 2 000 tecken." in text_of(answer)
    assert "å" * 2001 in answer.content.decode()
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
def test_what_is_no_answer_is_refused(client, content, data):
    answer = client.post("/aterkoppling/", data)
    assert answer.status_code == 400
    assert "Vi förstår inte frågan" in text_of(answer)
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
    answer = client.post("/aterkoppling/", YES, headers=headers)
    assert answer.status_code == status
    assert Feedback.objects.exists() == (status == 303)


@pytest.mark.parametrize(("scheme", "status"), [("https", 303), ("http", 403)])
def test_behind_a_proxy_the_origin_has_the_visitors_scheme(
    client, content, settings, scheme, status
):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    headers = {"host": "testserver", "x-forwarded-proto": "https"}
    headers |= {"origin": f"{scheme}://testserver"}
    assert client.post("/aterkoppling/", YES, headers=headers).status_code == status


def test_no_page_with_a_token_in_its_address_is_kept(client, content, monkeypatch):
    address = client.post("/aterkoppling/", YES)["Location"]
    forged = address.partition("?")[0] + "?svar=forged"
    answers = [client.get(address), client.head(address), client.get(forged)]
    answers.append(client.post(address, {"message": "å" * 2001}))
    monkeypatch.setitem(limits.LIMITS, "feedback", limited(3, 9))
    answers += [client.post(address, {"message": text}) for text in ("Bra!", "Mer")]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 303, 429]
    for answer in answers:
        assert "no-store" in answer["Cache-Control"]
    # The page without one is the same for everyone.
    assert "Cache-Control" not in client.get(address.partition("?")[0])


def test_other_methods_are_refused(client, content):
    assert client.get("/aterkoppling/")["Location"] == "/"
    assert client.put("/aterkoppling/").status_code == 405
    assert client.put("/aterkoppling/tack/").status_code == 405


def test_every_page_asks_with_its_own_address(client, content):
    for address in ("/", "/kontakt/", "/en/regional-plan/2019-2021/finances/", "/finns-inte/"):
        html = client.get(address).content.decode()
        assert f'<input type="hidden" name="address" value="{address}">' in html


# --- What is not to be kept ------------------------------------------------------------------------


@pytest.mark.parametrize("trapped", [YES, {"message": "Köp nu"}])
def test_what_fills_in_the_trap_is_thanked_and_not_stored(client, content, trapped):
    address = client.post("/aterkoppling/", YES)["Location"] if "message" in trapped else None
    before = list(Feedback.objects.values())
    answer = client.post(address or "/aterkoppling/", trapped | {"website": "https://example.org"})
    assert answer["Location"] == "/aterkoppling/tack/"
    assert "Tack för ditt svar" in text_of(client.get(answer["Location"]))
    assert list(Feedback.objects.values()) == before


def test_the_trap_is_in_both_forms_and_hidden_without_style(client, content):
    for page in ("/kontakt/", client.post("/aterkoppling/", YES)["Location"]):
        html = client.get(page).content.decode()
        assert re.findall(r'<p hidden><label>.* <input name="(.*?)" tabindex="-1"', html) == [
            "website"
        ]


# The numbers are made up but for their check digits.
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
    answer = client.post(address, {"message": text})
    html = answer.content.decode()
    assert "Texten ser ut att innehålla ett personnummer. Ta bort det" in text_of(answer)
    assert f">\n{escape(text)}</textarea>" in html
    assert 'aria-describedby="id_message_helptext id_message_error"' in html
    assert 'id="id_message_error"' in html
    assert Feedback.objects.get().message == ""


@pytest.mark.parametrize(
    "text",
    [
        "640823-3235",  # another check digit
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
    answer = client.post("/aterkoppling/", YES | {"address": "/640823-3234/"})
    assert answer.status_code == 400
    assert not Feedback.objects.exists()


# --- Limits ----------------------------------------------------------------------------------------


def limited(each_visitor, all_together):
    return [
        limits.Limit(each_visitor, 10, is_for_each_visitor=True),
        limits.Limit(all_together, 10, is_for_each_visitor=False),
    ]


def statuses(client, times, **place):
    return [client.post("/aterkoppling/", YES, **place).status_code for _ in range(times)]


def test_one_visitor_too_eager_is_told_when_to_come_back(client, content, monkeypatch):
    monkeypatch.setitem(limits.LIMITS, "feedback", limited(3, 5))
    thanks = client.post("/aterkoppling/", YES)["Location"]
    assert statuses(client, 2) == [303, 303]
    answer = client.post(thanks, {"message": "<Viktigt>\nMycket."})
    assert answer.status_code == 429
    assert 590 < int(answer["Retry-After"]) <= 600
    assert "Försök igen om 10 minuter." in text_of(answer)
    assert ">\n&lt;Viktigt&gt;\nMycket.</textarea>" in answer.content.decode()
    assert [one.message for one in Feedback.objects.all()] == ["", "", ""]

    answer = client.post("/en/feedback/", {"address": "/en/", "helpful": "nej"})
    assert "Try again in 10 minutes." in text_of(answer)
    assert 'name="address" value="/en/"' in answer.content.decode()
    assert 'name="helpful" value="nej"' in answer.content.decode()

    later = timezone.now() + dt.timedelta(minutes=10)
    monkeypatch.setattr(limits.timezone, "now", lambda: later)
    assert client.post(thanks, {"message": "Viktigt."}).status_code == 303


def test_a_clock_that_is_put_back_lets_visitors_in_again(client, content, monkeypatch):
    monkeypatch.setitem(limits.LIMITS, "feedback", limited(1, 9))
    tomorrow = timezone.now() + dt.timedelta(days=1)
    with monkeypatch.context() as wrong:
        wrong.setattr(limits.timezone, "now", lambda: tomorrow)
        assert statuses(client, 2) == [303, 429]
    assert statuses(client, 2) == [303, 429]


def test_others_are_let_in_until_all_together_are_too_many(client, content, monkeypatch):
    monkeypatch.setitem(limits.LIMITS, "feedback", limited(2, 3))
    assert statuses(client, 3, REMOTE_ADDR="192.0.2.1") == [303, 303, 429]
    assert statuses(client, 2, REMOTE_ADDR="192.0.2.2") == [303, 429]


def test_a_ward_behind_one_address_may_answer(client, content):
    assert statuses(client, 61) == [303] * 60 + [429]


def test_behind_a_proxy_the_visitors_own_address_counts(client, content, monkeypatch, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    monkeypatch.setitem(limits.LIMITS, "feedback", limited(1, 9))
    answers = [
        client.post("/aterkoppling/", YES, headers={"x-forwarded-for": f"{forged}, {own}"})
        for forged, own in [("1.1.1.1", "192.0.2.1"), ("2.2.2.2", "192.0.2.1"), ("1", "192.0.2.2")]
    ]
    assert [answer.status_code for answer in answers] == [303, 429, 303]


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
    """Return a context in which no query reaches the database."""

    def refuse(*args):
        raise OperationalError("connection refused")

    @contextmanager
    def context():
        with connection.execute_wrapper(refuse):
            yield
        transaction.set_rollback(False)  # the test's own transaction, in which nothing has failed

    return context


@pytest.mark.parametrize(
    ("path", "sent", "told"),
    [
        ("/aterkoppling/", YES, "Vi kan inte ta emot svar just nu"),
        ("/en/feedback/", YES, "We cannot receive answers right now"),
    ],
)
def test_an_answer_survives_the_database(client, content, down, path, sent, told):
    with down():
        answer = client.post(path, sent)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert told in text_of(answer)
    hidden = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)"', answer.content.decode())
    )
    assert hidden == sent
    assert client.post(path, hidden).status_code == 303
    assert Feedback.objects.get().address == "/kontakt/"


def test_words_survive_the_database(client, content, down):
    thanks = client.post("/aterkoppling/", YES)["Location"]
    with down():
        answer = client.post(thanks, {"message": "Rad ett\r\n<rad två>"})
        asked = client.get(thanks)
        bare = client.get("/aterkoppling/tack/")
    assert [one.status_code for one in (answer, asked, bare)] == [503, 503, 503]
    html = answer.content.decode()
    assert "Det du har svarat finns kvar här." in html
    assert ">\nRad ett\r\n&lt;rad två&gt;</textarea>" in html
    assert "Försök igen</button>" in html
    assert "<form" not in bare.content.decode()
    client.post(thanks, {"message": "Rad ett\r\n<rad två>"})
    assert Feedback.objects.get().message == "Rad ett\n<rad två>"


def test_the_form_tells_how_long_answers_are_kept(client, content, settings):
    settings.FEEDBACK_DAYS = 1095
    thanks = client.post("/aterkoppling/", YES)["Location"]
    assert "Efter 1 095 dagar tar vi bort det du har skickat." in text_of(client.get(thanks))
    settings.FEEDBACK_DAYS = 1
    english = thanks.replace("/aterkoppling/tack/", "/en/feedback/thanks/")
    assert "We delete what you have sent after one day." in text_of(client.get(english))
