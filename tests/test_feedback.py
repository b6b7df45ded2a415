import re

import pytest
from django.core import signing

from pages import feedback
from pages.models import Feedback
from tests.site import text_of

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
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_only_our_own_pages_may_send_answers(client, content, headers, status):
    answer = client.post("/aterkoppling/", YES, headers=headers)
    assert answer.status_code == status
    assert Feedback.objects.exists() == (status == 303)


def test_other_methods_are_refused(client, content):
    assert client.get("/aterkoppling/")["Location"] == "/"
    assert client.put("/aterkoppling/").status_code == 405
    assert client.put("/aterkoppling/tack/").status_code == 405


def test_every_page_asks_with_its_own_address(client, content):
    for address in ("/", "/kontakt/", "/en/regional-plan/2019-2021/finances/", "/finns-inte/"):
        html = client.get(address).content.decode()
        assert f'<input type="hidden" name="address" value="{address}">' in html
