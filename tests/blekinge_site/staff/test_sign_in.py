"""How staff sign in, which roles need a second factor, and the sign-in log."""

import datetime as dt
import importlib
import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core import mail
from django.urls import clear_url_caches
from django.utils import timezone

import blekinge_site.staff.signin_urls
import blekinge_site.urls
from tests.accounts import CODE, LOGIN, PASSWORD, SECRET, code_now, logged, make_account, sign_in
from tests.factories import make_page
from tests.site import public_addresses, text_of

pytestmark = pytest.mark.database

# --- Signing in ------------------------------------------------------------------------------------


def test_the_admin_redirects_to_the_sign_in_and_back(client, db):
    make_account(role="Redaktör")
    response = client.get("/admin/pages/page/", follow=True)
    assert response.redirect_chain[-1] == (f"{LOGIN}?next=/admin/pages/page/", 302)
    data = {"login": "anna", "password": PASSWORD, "next": "/admin/pages/page/"}
    assert client.post(LOGIN, data).url == "/admin/pages/page/"
    assert client.get("/admin/pages/page/").status_code == 200
    assert client.get("/admin/login/").url == "/admin/"
    assert client.get("/admin/password_change/").url == "/admin/konto/losenord/"
    assert client.post("/admin/logout/").url == LOGIN
    assert client.get("/admin/pages/page/").status_code == 302


def test_the_sign_in_is_swedish_whatever_the_browser_prefers(client, db):
    response = client.get(LOGIN, headers={"accept-language": "en"})
    assert '<html lang="sv"' in response.content.decode()
    assert re.findall(r"<h1>(.*?)</h1>", response.content.decode()) == ["Logga in"]
    assert "script-src 'self' 'nonce-" in response["Content-Security-Policy"]
    assert "form-action 'self'" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]


def test_nobody_can_sign_up(client, db):
    form = {"username": "ny", "password1": PASSWORD, "password2": PASSWORD}
    for response in (client.get("/admin/konto/nytt/"), client.post("/admin/konto/nytt/", form)):
        assert "Du har inget konto" in text_of(response)
    assert not User.objects.exists()


@pytest.mark.parametrize("fields", [{"is_staff": False}, {"is_active": False}])
def test_an_account_that_is_no_longer_staff_is_refused(client, db, fields):
    make_account(**fields)
    sign_in(client)
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == f"{LOGIN}?next=/admin/"


def test_a_signed_in_user_who_loses_staff_status_is_refused(client, db):
    make_account()
    sign_in(client)
    User.objects.update(is_staff=False)
    assert client.get("/admin/", follow=True).status_code == 403


def test_five_wrong_passwords_close_the_account_for_a_while(client, db):
    make_account()
    for _ in range(5):
        assert "lösenordet stämmer inte" in text_of(sign_in(client, password="fel"))
    refused = "För många misslyckade försök. Vänta fem minuter och försök igen."
    assert refused in text_of(sign_in(client))
    assert "lösenordet stämmer inte" in text_of(sign_in(client, name="bo"))


def test_many_requests_from_one_address_are_refused_in_swedish(client, db):
    for _ in range(30):
        sign_in(client, name="", password="")
    response = sign_in(client)
    assert response.status_code == 429
    assert "För många försök" in text_of(response)


def test_behind_a_proxy_the_limits_count_visitors(client, db, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for _ in range(30):
        client.post(LOGIN, headers={"x-forwarded-for": "1.2.3.4, 192.0.2.1"})
    statuses = [
        client.post(LOGIN, headers={"x-forwarded-for": f"1.2.3.4, {address}"}).status_code
        for address in ("192.0.2.1", "192.0.2.2")
    ]
    assert statuses == [429, 200]


# --- Forgotten passwords ---------------------------------------------------------------------------


def test_without_a_mail_server_the_sign_in_page_says_whom_to_ask(client, db, settings):
    settings.ACCOUNT_CONTACT = "Maja på kommunikation"
    response = client.get(LOGIN)
    assert "Glömt lösenordet, eller inget konto? Fråga Maja på kommunikation." in text_of(response)
    assert "/admin/konto/glomt/" not in response.content.decode()


@pytest.fixture
def mail_server(settings):
    """The site with a mail server, which enables the pages for forgotten passwords."""
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    modules = (blekinge_site.staff.signin_urls, blekinge_site.urls)
    for module in modules:
        importlib.reload(module)
    clear_url_caches()
    yield
    del settings.MAILERS
    for module in modules:
        importlib.reload(module)
    clear_url_caches()


def test_a_forgotten_password_is_replaced_by_mail(client, db, mail_server):
    make_account(email="anna@example.se")
    make_account("bo", email="bo@example.se", password=None)
    assert '<a href="/admin/konto/glomt/">Glömt lösenordet?' in client.get(LOGIN).content.decode()
    for address in ("anna@example.se", "bo@example.se", "ingen@example.se"):
        assert client.post("/admin/konto/glomt/", {"email": address}).status_code == 302
    (message,) = mail.outbox
    assert message.to == ["anna@example.se"]
    assert message.subject == "Återställning av lösenord"
    link = re.search(r"http://testserver(\S+)", message.body)[1]
    for address in (link, link.replace("/glomt/", "/glomt/0")):
        assert "no-store" in client.get(address)["Cache-Control"]
    form = client.get(link, follow=True).request["PATH_INFO"]
    new = "ett-annat-lösenord"
    client.post(form, {"password1": new, "password2": new})
    assert client.get("/admin/").context["user"].username == "anna"
    client.post("/admin/konto/logga-ut/")
    assert sign_in(client, password=new).url == "/admin/"
    events = ["Valde lösenord med en länk.", "Loggade in.", "Loggade ut.", "Loggade in."]
    assert logged() == [("anna", event) for event in events]


# --- The second factor -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "is_superuser", "leads_to"),
    [
        ("Redaktör", False, "/admin/"),
        ("Publicist", False, "/admin/konto/tva-faktorer/"),
        ("Ansvarig", False, "/admin/konto/tva-faktorer/"),
        (None, True, "/admin/konto/tva-faktorer/"),
    ],
)
def test_the_role_decides_who_must_have_a_second_factor(
    client, db, second_factor, role, is_superuser, leads_to
):
    make_account(role=role, is_superuser=is_superuser)
    sign_in(client)
    assert client.get("/admin/", follow=True).request["PATH_INFO"] == leads_to


def test_without_a_second_factor_no_admin_page_opens(client, db, second_factor):
    make_account(role="Publicist")
    page = make_page("ny", status="draft")
    sign_in(client)
    for address in (
        "/admin/",
        "/admin/pages/page/",
        f"/admin/pages/page/{page.pk}/change/",
        "/admin/jsi18n/",
        "/admin/autocomplete/",
        "/admin/auth/user/",
    ):
        for response in (client.get(address), client.post(address)):
            assert response.status_code == 302
            assert response.url.startswith("/admin/login/"), address
    client.post(f"/admin/pages/page/{page.pk}/delete/", {"post": "yes"})
    page.refresh_from_db()
    assert client.post("/admin/konto/logga-ut/").url == LOGIN


def test_an_added_app_is_required_at_the_next_sign_in(client, db, second_factor):
    user = make_account(role="Publicist")
    sign_in(client)
    response = client.get("/admin/konto/app/", follow=True)
    assert response.request["PATH_INFO"] == "/admin/konto/bekrafta/"
    add = client.post(
        "/admin/konto/bekrafta/", {"password": PASSWORD, "next": "/admin/konto/app/"}, follow=True
    )
    secret = add.context["form"].secret
    assert secret in text_of(add)
    wrong = client.post("/admin/konto/app/", {"code": "000000"})
    assert "Koden stämmer inte." in text_of(wrong)
    done = client.post("/admin/konto/app/", {"code": code_now(secret)}, follow=True)
    assert done.request["PATH_INFO"] == "/admin/konto/koder/"
    codes = RecoveryCodes(user.authenticator_set.get(type="recovery_codes")).get_unused_codes()
    assert all(code in text_of(done) for code in codes)
    assert client.get("/admin/").status_code == 200

    client.post("/admin/konto/logga-ut/")
    assert sign_in(client).url == CODE
    assert client.get("/admin/").status_code == 302
    assert client.post(CODE, {"code": codes[0]}).url == "/admin/"
    client.post("/admin/konto/logga-ut/")
    sign_in(client)
    assert "Koden stämmer inte." in text_of(client.post(CODE, {"code": codes[0]}))
    assert client.get("/admin/").status_code == 302


def test_a_code_from_the_app_signs_in(client, db, second_factor):
    TOTP.activate(make_account(role="Ansvarig"), SECRET)
    sign_in(client)
    assert client.post(CODE, {"code": code_now(SECRET)}).url == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_user_who_removes_the_last_factor_must_add_another(client, db, second_factor):
    user = make_account(role="Publicist")
    TOTP.activate(user, SECRET)
    client.force_login(user)
    assert client.get("/admin/").status_code == 200
    Authenticator.objects.all().delete()
    assert client.get("/admin/").status_code == 302


def test_a_manager_removes_a_users_lost_second_factor(client, db):
    manager, anna = make_account("maja", role="Ansvarig"), make_account()
    root = make_account("rot", is_superuser=True)
    for user in (anna, root):
        TOTP.activate(user, SECRET)
    client.force_login(manager)
    data = {"action": "remove_second_factor", "_selected_action": [anna.pk, root.pk]}
    response = client.post("/admin/auth/user/", data, follow=True)
    assert "Tvåfaktorsinloggningen är borttagen för anna." in text_of(response)
    assert "Du får inte ändra rot." in text_of(response)
    assert [factor.user for factor in Authenticator.objects.all()] == [root]
    entry = LogEntry.objects.get()
    assert (entry.user, entry.get_edited_object()) == (manager, anna)


# --- Sessions --------------------------------------------------------------------------------------


def minutes_left():
    """Return the minutes until the only session ends."""
    return round((Session.objects.get().expire_date - timezone.now()) / dt.timedelta(minutes=1))


def test_a_session_ends_after_an_hour_without_a_request(client, content):
    make_account()
    sign_in(client)
    assert minutes_left() == 60
    soon = timezone.now() + dt.timedelta(minutes=1)
    for address, left in (("/", 1), ("/admin/", 60), ("/admin/konto/tva-faktorer/", 60)):
        Session.objects.update(expire_date=soon)
        assert client.get(address).status_code == 200
        assert minutes_left() == left, address
    Session.objects.update(expire_date=timezone.now())
    assert client.get("/admin/").status_code == 302


def test_public_pages_neither_read_nor_create_a_session(client, content):
    make_account()
    sign_in(client)
    Session.objects.update(expire_date=timezone.now())
    for address in public_addresses("sv"):
        response = client.get(address)
        assert not response.cookies
        assert "Cookie" not in response.get("Vary", "")


# --- The log ---------------------------------------------------------------------------------------


def test_the_log_says_how_users_signed_in(client, db, django_capture_on_commit_callbacks):
    user = make_account()
    sign_in(client, name="ingen")
    sign_in(client, password="fel")
    sign_in(client)
    new = {"oldpassword": PASSWORD, "password1": "nytt-långt-ord", "password2": "nytt-långt-ord"}
    assert client.post("/admin/konto/losenord/", new).url == "/admin/"
    client.post("/admin/konto/logga-ut/")
    TOTP.activate(user, SECRET)
    codes = RecoveryCodes.activate(user).get_unused_codes()
    sign_in(client, password="nytt-långt-ord")
    client.post(CODE, {"code": "000000"})
    client.post(CODE, {"code": codes[0]})
    client.post(
        "/admin/konto/tva-faktorer/bekrafta/",
        {"code": codes[1], "next": "/admin/konto/koder/nya/"},
    )
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/admin/konto/koder/nya/")
    client.post("/admin/konto/app/ta-bort/")
    assert [message for name, message in logged() if name == "anna"] == [
        "Misslyckad inloggning med lösenord.",
        "Loggade in.",
        "Bytte lösenord.",
        "Loggade ut.",
        "Misslyckad inloggning med kod.",
        "Använde en återställningskod.",
        "Loggade in.",
        "Använde en återställningskod.",
        "Gjorde nya återställningskoder.",
        "Tog bort autentiseringsapp.",
        "Tog bort återställningskoder.",
    ]
    assert {name for name, message in logged()} == {"anna"}


@pytest.mark.parametrize(
    ("role", "status"), [("Redaktör", 403), ("Publicist", 403), ("Ansvarig", 200)]
)
def test_a_manager_reads_the_log(client, db, role, status):
    make_account(role=role)
    sign_in(client)
    response = client.get("/admin/admin/logentry/?q=Loggade&slag=4")
    assert response.status_code == status
    if status == 200:
        assert "anna Inloggning användare: anna Loggade in." in text_of(response)


def test_nobody_changes_the_log_or_deletes_its_users(admin_client, admin_user):
    anna = make_account()
    LogEntry.objects.log_actions(anna.pk, [anna], 4, "Loggade in.")
    entry = f"/admin/admin/logentry/{LogEntry.objects.get().pk}/"
    assert "Loggade in." in text_of(admin_client.get(f"{entry}change/"))
    assert admin_client.get("/admin/admin/logentry/add/").status_code == 403
    for address in (f"{entry}change/", f"{entry}delete/", f"/admin/auth/user/{anna.pk}/delete/"):
        assert admin_client.post(address, {"post": "yes"}).status_code == 403
    assert LogEntry.objects.get().user == anna
