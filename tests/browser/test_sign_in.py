"""Signing in with a real browser: with an app, with a passkey, and by keyboard alone."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP

from tests.accounts import CODE, LOGIN, PASSWORD, SECRET, code_now, make_account
from tests.browser import pages
from tests.browser.desk import ENGLISH, WORDS


@pytest.fixture
def anna(staff, settings):
    """A browser page for a superuser who needs a second factor and has none."""
    settings.SECOND_FACTOR = True
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    make_account(is_superuser=True)
    return staff


@pytest.fixture
def key(anna):
    """A virtual passkey that verifies its user and accepts everything."""
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
    """Return axe's violations, layout faults and English texts on the open page, as strings."""
    pages.ready_for_axe(page)
    return pages.faults(page) + [
        f"it says: {text}" for text in page.evaluate(WORDS) if ENGLISH.search(text)
    ]


def test_an_app_is_set_up_and_signs_in(anna):
    sign_in(anna)
    assert "Din roll kräver tvåfaktorsinloggning" in anna.locator(".messagelist").inner_text()
    anna.locator("main a[href='/admin/konto/app/']").click()
    confirm(anna)
    assert anna.get_by_role("img", name="QR-kod").evaluate("image => image.naturalWidth") > 100
    secret = anna.locator("code").inner_text()
    anna.get_by_label("Kod från appen").fill(code_now(secret))
    anna.get_by_role("button", name="Lägg till").click()
    anna.get_by_role("heading", name="Återställningskoder").wait_for()
    assert anna.locator("main code").count() == 10
    anna.get_by_role("link", name="Redaktionen").click()
    anna.get_by_role("heading", name="Skrivbordet").wait_for()


def sign_out(page):
    page.locator(".account summary").click()
    page.get_by_role("button", name="Logga ut").click()


def test_a_key_is_set_up_and_signs_in_without_a_password(anna, key):
    sign_in(anna)
    anna.goto("/admin/konto/nycklar/ny/")
    confirm(anna)
    anna.get_by_label("Logga in utan lösenord").check()
    anna.get_by_role("button", name="Lägg till").click()
    anna.get_by_role("heading", name="Återställningskoder").wait_for()
    sign_out(anna)
    anna.get_by_role("button", name="Logga in med nyckel").click()
    anna.get_by_role("heading", name="Skrivbordet").wait_for()


def test_a_failing_key_is_explained_on_the_page(anna, key):
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
    sign_out(anna)
    sign_in(anna)
    anna.get_by_role("button", name="Använd en säkerhetsnyckel").click()
    anna.get_by_role("heading", name="Skrivbordet").wait_for()


def test_signing_in_by_keyboard_alone(anna):
    anna.goto("/admin/")
    anna.keyboard.type("anna")  # focused from the start
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


# The width of the window in pixels and the colour scheme.
SCREENS = [(320, "light"), pytest.param(1280, "dark", marks=pytest.mark.in_ci)]


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_each_page_is_accessible_fits_and_is_in_swedish(anna, key, width, scheme):
    anna.set_viewport_size({"width": width, "height": 900})
    anna.emulate_media(color_scheme=scheme)
    all_faults = []

    def check_page():
        anna.wait_for_load_state()  # a click doesn't wait for the page to load
        assert anna.locator("h1").count() == 1, anna.url
        all_faults.extend(f"{anna.url} {fault}" for fault in faults(anna))

    for address in OPEN:
        anna.goto(f"/admin/konto/{address}")
        check_page()
    anna.goto(LOGIN)
    anna.get_by_label("Användarnamn").fill("anna")
    anna.get_by_label("Lösenord").fill("fel")
    anna.get_by_role("button", name="Logga in", exact=True).click()
    check_page()
    sign_in(anna)
    check_page()
    anna.goto("/admin/konto/app/")
    check_page()  # asks for the password again
    confirm(anna)
    check_page()
    anna.get_by_label("Kod från appen").fill("000000")
    anna.get_by_role("button", name="Lägg till").click()
    assert anna.get_by_label("Kod från appen").get_attribute("aria-describedby")
    check_page()
    anna.get_by_label("Kod från appen").fill(code_now(anna.locator("code").inner_text()))
    anna.get_by_role("button", name="Lägg till").click()
    anna.goto("/admin/konto/nycklar/ny/")
    anna.get_by_role("button", name="Lägg till").click()
    anna.wait_for_url("**/tva-faktorer/")
    for address in OWN:
        anna.goto(f"/admin/konto/{address}")
        check_page()
    for link in ("Byt namn på Huvudnyckel", "Ta bort Huvudnyckel"):
        anna.goto("/admin/konto/nycklar/")
        anna.get_by_role("link", name=link).click()
        check_page()
    for address in ("bekrafta/", "tva-faktorer/bekrafta/", "nycklar/bekrafta/"):
        anna.goto(f"/admin/konto/{address}")
        check_page()
    anna.context.clear_cookies()
    sign_in(anna)
    assert anna.url.endswith(CODE)
    check_page()
    assert not all_faults, "\n".join(all_faults)


def test_a_code_from_the_app_opens_the_requested_page(anna, django_user_model):
    TOTP.activate(django_user_model.objects.get(username="anna"), SECRET)
    anna.goto("/admin/pages/page/")
    anna.get_by_label("Användarnamn").fill("anna")
    anna.get_by_label("Lösenord").fill(PASSWORD)
    anna.get_by_role("button", name="Logga in", exact=True).click()
    anna.get_by_label("Kod").fill(code_now(SECRET))
    anna.get_by_role("button", name="Logga in").click()
    anna.wait_for_url("**/admin/pages/page/")
