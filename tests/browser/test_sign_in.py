"""How staff sign in with a real browser: with an app, with a key, and by keyboard alone."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP

from tests.accounts import CODE, LOGIN, PASSWORD, SECRET, code_now, make_account
from tests.browser import pages
from tests.browser.desk import ENGLISH, WORDS


@pytest.fixture
def anna(staff, settings):
    """The browser page of a superuser who must have a second factor and has none."""
    settings.SECOND_FACTOR = True
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    make_account(is_superuser=True)
    return staff


@pytest.fixture
def key(anna):
    """A key of the browser's own that knows its holder, and agrees to everything."""
    devtools = anna.context.new_cdp_session(anna)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    authenticator = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return lambda agrees: devtools.send(
        "WebAuthn.setUserVerified",
        {"authenticatorId": authenticator["authenticatorId"], "isUserVerified": agrees},
    )


def sign_in(page):
    page.goto("/admin/")
    page.get_by_label("Användarnamn").fill("anna")
    page.get_by_label("Lösenord").fill(PASSWORD)
    page.get_by_role("button", name="Logga in", exact=True).click()


def confirm(page):
    page.get_by_label("Lösenord").fill(PASSWORD)
    page.get_by_role("button", name="Bekräfta").click()


def faults(page):
    """Return what is wrong on the open page: what axe finds, what sticks out, what is in English."""
    pages.ready_for_axe(page)
    return pages.faults(page) + [
        f"it says: {text}" for text in page.evaluate(WORDS) if ENGLISH.search(text)
    ]


def heading(page):
    return page.get_by_role("heading", level=1).inner_text()


def test_an_app_is_set_up_and_signs_in(anna):
    sign_in(anna)
    assert "Din roll kräver tvåfaktorsinloggning" in anna.locator(".messagelist").inner_text()
    anna.locator("main a[href='/admin/konto/app/']").click()
    confirm(anna)
    assert anna.get_by_role("img", name="QR-kod").evaluate("image => image.naturalWidth") > 100
    secret = anna.locator("code").inner_text()
    anna.get_by_label("Kod från appen").fill(code_now(secret))
    anna.get_by_role("button", name="Lägg till").click()
    assert anna.locator("main code").count() == 10
    anna.get_by_role("link", name="Redaktionen").click()
    assert heading(anna) == "Innehåll"


def test_a_key_is_set_up_and_signs_in_without_a_password(anna, key):
    sign_in(anna)
    anna.goto("/admin/konto/nycklar/ny/")
    confirm(anna)
    anna.get_by_label("Logga in utan lösenord").check()
    anna.get_by_role("button", name="Lägg till").click()
    anna.get_by_role("heading", name="Återställningskoder").wait_for()
    anna.get_by_role("button", name="Logga ut").click()
    anna.get_by_role("button", name="Logga in med nyckel").click()
    anna.get_by_role("heading", name="Innehåll").wait_for()


def test_a_key_that_fails_is_said_on_the_page(anna, key):
    anna.goto(LOGIN)
    key(agrees=False)
    anna.get_by_role("button", name="Logga in med nyckel").click()
    alert = anna.get_by_role("alert")
    alert.wait_for()
    assert "Nyckeln kunde inte användas." in alert.inner_text()


def test_a_key_is_a_second_factor(anna, key):
    sign_in(anna)
    anna.goto("/admin/konto/nycklar/ny/")
    confirm(anna)
    anna.get_by_role("button", name="Lägg till").click()
    anna.get_by_role("heading", name="Återställningskoder").wait_for()
    anna.get_by_role("button", name="Logga ut").click()
    sign_in(anna)
    anna.get_by_role("button", name="Använd en säkerhetsnyckel").click()
    anna.get_by_role("heading", name="Innehåll").wait_for()


def test_signing_in_takes_nothing_but_a_keyboard(anna):
    anna.goto("/admin/")
    anna.keyboard.type("anna")  # the focus is there from the start
    anna.keyboard.press("Tab")
    anna.keyboard.type(PASSWORD)
    anna.keyboard.press("Enter")
    anna.get_by_role("heading", name="Tvåfaktorsinloggning").wait_for()


OPEN = ["logga-in/", "nytt/", "stangt/", "katalog/avbrutet/"]
OWN = [
    "tva-faktorer/",
    "losenord/",
    "logga-ut/",
    "koder/",
    "koder/nya/",
    "nycklar/",
    "nycklar/ny/",
    "app/ta-bort/",
]


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
def test_each_page_is_accessible_fits_and_is_in_swedish(anna, key, width, scheme):
    anna.set_viewport_size({"width": width, "height": 900})
    anna.emulate_media(color_scheme=scheme)
    all_faults = []

    def look():
        anna.wait_for_load_state()  # a click waits for the address only
        assert anna.locator("h1").count() == 1, anna.url
        all_faults.extend(f"{anna.url} {fault}" for fault in faults(anna))

    for address in OPEN:
        anna.goto(f"/admin/konto/{address}")
        look()
    anna.goto(LOGIN)
    anna.get_by_label("Användarnamn").fill("anna")
    anna.get_by_label("Lösenord").fill("fel")
    anna.get_by_role("button", name="Logga in", exact=True).click()
    look()
    sign_in(anna)
    look()
    anna.goto("/admin/konto/app/")
    look()  # the password again
    confirm(anna)
    look()
    anna.get_by_label("Kod från appen").fill("000000")
    anna.get_by_role("button", name="Lägg till").click()
    assert anna.get_by_label("Kod från appen").get_attribute("aria-describedby")
    look()
    anna.get_by_label("Kod från appen").fill(code_now(anna.locator("code").inner_text()))
    anna.get_by_role("button", name="Lägg till").click()
    anna.goto("/admin/konto/nycklar/ny/")
    anna.get_by_role("button", name="Lägg till").click()
    anna.wait_for_url("**/tva-faktorer/")
    for address in OWN:
        anna.goto(f"/admin/konto/{address}")
        look()
    for link in ("Byt namn på Huvudnyckel", "Ta bort Huvudnyckel"):
        anna.goto("/admin/konto/nycklar/")
        anna.get_by_role("link", name=link).click()
        look()
    for address in ("bekrafta/", "tva-faktorer/bekrafta/", "nycklar/bekrafta/"):
        anna.goto(f"/admin/konto/{address}")
        look()
    anna.context.clear_cookies()
    sign_in(anna)
    assert anna.url.endswith(CODE)
    look()
    assert not all_faults, "\n".join(all_faults)


def test_a_code_from_the_app_opens_the_page_that_was_asked_for(anna, django_user_model):
    TOTP.activate(django_user_model.objects.get(username="anna"), SECRET)
    anna.goto("/admin/pages/page/")
    anna.get_by_label("Användarnamn").fill("anna")
    anna.get_by_label("Lösenord").fill(PASSWORD)
    anna.get_by_role("button", name="Logga in", exact=True).click()
    anna.get_by_label("Kod").fill(code_now(SECRET))
    anna.get_by_role("button", name="Logga in").click()
    anna.wait_for_url("**/admin/pages/page/")
