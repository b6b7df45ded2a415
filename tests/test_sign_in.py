"""How staff sign in, what their role asks of them, and what the log says afterwards."""

import base64
import datetime as dt
import hashlib
import hmac
import importlib
import json
import re
import struct
import threading
import time
from urllib.parse import parse_qs, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import jwt
import pytest
import requests
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.core import mail
from django.urls import clear_url_caches
from django.utils import timezone

import blekinge_site.staff.signin_urls
import blekinge_site.urls
from tests.factories import make_page
from tests.serving import fields_of
from tests.site import public_addresses, text_of

PASSWORD = "ett-långt-lösenord"
SECRET = "JBSWY3DPEHPK3PXP"
LOGIN = "/admin/konto/logga-in/"
CODE = "/admin/konto/tva-faktorer/kod/"


def code_now(secret):
    """Return what an authenticator app with `secret` shows at this moment (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(base64.b32decode(secret), counter, hashlib.sha1)
    start = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06}"


def make_account(name="anna", role=None, **fields):
    fields = {"is_staff": True, "password": PASSWORD} | fields
    user = User.objects.create_user(name, **fields)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def sign_in(client, name="anna", password=PASSWORD, address=LOGIN):
    return client.post(address, {"login": name, "password": password})


def logged():
    """Return who the log says did what, the oldest first."""
    return list(LogEntry.objects.order_by("pk").values_list("user__username", "change_message"))


# --- The way in ------------------------------------------------------------------------------------


def test_the_admin_leads_to_the_sign_in_and_back(client, db):
    make_account(role="Redaktör")
    answer = client.get("/admin/pages/page/", follow=True)
    assert answer.redirect_chain[-1] == (f"{LOGIN}?next=/admin/pages/page/", 302)
    data = {"login": "anna", "password": PASSWORD, "next": "/admin/pages/page/"}
    assert client.post(LOGIN, data).url == "/admin/pages/page/"
    assert client.get("/admin/pages/page/").status_code == 200
    assert client.get("/admin/login/").url == "/admin/"
    assert client.get("/admin/password_change/").url == "/admin/konto/losenord/"
    assert client.post("/admin/logout/").url == LOGIN
    assert client.get("/admin/pages/page/").status_code == 302


def test_the_sign_in_is_swedish_and_the_staffs_whatever_the_browser_prefers(client, db):
    answer = client.get(LOGIN, headers={"accept-language": "en"})
    assert '<html lang="sv"' in answer.content.decode()
    assert re.findall(r"<h1>(.*?)</h1>", answer.content.decode()) == ["Logga in"]
    assert "script-src 'self' 'nonce-" in answer["Content-Security-Policy"]
    assert "form-action 'self'" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]


def test_nobody_makes_themselves_an_account(client, db):
    form = {"username": "ny", "password1": PASSWORD, "password2": PASSWORD}
    for answer in (client.get("/admin/konto/nytt/"), client.post("/admin/konto/nytt/", form)):
        assert "Du har inget konto" in text_of(answer)
    assert not User.objects.exists()


@pytest.mark.parametrize("fields", [{"is_staff": False}, {"is_active": False}])
def test_an_account_that_is_no_longer_staffs_is_refused(client, db, fields):
    make_account(**fields)
    sign_in(client)
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == f"{LOGIN}?next=/admin/"


def test_whoever_stops_being_staff_while_signed_in_is_told(client, db):
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


def test_many_requests_from_one_place_are_refused_in_swedish(client, db):
    for _ in range(30):
        sign_in(client, name="", password="")
    answer = sign_in(client)
    assert answer.status_code == 429
    assert "För många försök" in text_of(answer)


def test_behind_a_proxy_the_limits_count_visitors(client, db, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for _ in range(30):
        client.post(LOGIN, headers={"x-forwarded-for": "1.2.3.4, 192.0.2.1"})
    answers = [
        client.post(LOGIN, headers={"x-forwarded-for": f"1.2.3.4, {address}"}).status_code
        for address in ("192.0.2.1", "192.0.2.2")
    ]
    assert answers == [429, 200]


# --- Forgotten passwords ---------------------------------------------------------------------------


def test_without_a_mail_server_nothing_is_said_of_forgotten_passwords(client, db):
    assert "Glömt" not in text_of(client.get(LOGIN))


@pytest.fixture
def mail_server(settings):
    """The site with a mail server, which adds addresses."""
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
    assert sign_in(client, password=new).url == "/admin/"
    assert logged() == [("anna", "Bytte lösenord med en länk i e-post."), ("anna", "Loggade in.")]


# --- The second factor -----------------------------------------------------------------------------


@pytest.fixture
def second_factor(settings):
    settings.SECOND_FACTOR = True


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


def test_without_it_no_admin_page_opens_by_any_request(client, db, second_factor):
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
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code == 302
            assert answer.url.startswith("/admin/login/"), address
    client.post(f"/admin/pages/page/{page.pk}/delete/", {"post": "yes"})
    page.refresh_from_db()
    assert client.post("/admin/konto/logga-ut/").url == LOGIN


def test_an_app_is_added_and_then_asked_for(client, db, second_factor):
    user = make_account(role="Publicist")
    sign_in(client)
    asked = client.get("/admin/konto/app/", follow=True)
    assert asked.request["PATH_INFO"] == "/admin/konto/bekrafta/"
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


def test_whoever_removes_the_last_factor_must_add_another(client, db, second_factor):
    user = make_account(role="Publicist")
    TOTP.activate(user, SECRET)
    client.force_login(user)
    assert client.get("/admin/").status_code == 200
    Authenticator.objects.all().delete()
    assert client.get("/admin/").status_code == 302


def test_a_manager_removes_the_second_factor_of_who_has_lost_it(client, db):
    manager, anna = make_account("maja", role="Ansvarig"), make_account()
    root = make_account("rot", is_superuser=True)
    for user in (anna, root):
        TOTP.activate(user, SECRET)
    client.force_login(manager)
    data = {"action": "remove_second_factor", "_selected_action": [anna.pk, root.pk]}
    answer = client.post("/admin/auth/user/", data, follow=True)
    assert "Tvåfaktorsinloggningen är borttagen för anna." in text_of(answer)
    assert "Du får inte ändra rot." in text_of(answer)
    assert [factor.user for factor in Authenticator.objects.all()] == [root]
    entry = LogEntry.objects.get()
    assert (entry.user, entry.get_edited_object()) == (manager, anna)


# --- Sessions --------------------------------------------------------------------------------------


def ends_in():
    """Return in how many minutes the only session ends."""
    return round((Session.objects.get().expire_date - timezone.now()) / dt.timedelta(minutes=1))


def test_a_session_ends_after_an_hour_without_a_request(client, content):
    make_account()
    sign_in(client)
    assert ends_in() == 60
    soon = timezone.now() + dt.timedelta(minutes=1)
    for address, left in (("/", 1), ("/admin/", 60), ("/admin/konto/tva-faktorer/", 60)):
        Session.objects.update(expire_date=soon)
        assert client.get(address).status_code == 200
        assert ends_in() == left, address
    Session.objects.update(expire_date=timezone.now())
    assert client.get("/admin/").status_code == 302


def test_public_pages_neither_read_nor_make_a_session(client, content):
    make_account()
    sign_in(client)
    Session.objects.update(expire_date=timezone.now())
    for address in public_addresses("sv"):
        answer = client.get(address)
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")


# --- The log ---------------------------------------------------------------------------------------


def test_the_log_tells_how_people_have_signed_in(client, db, django_capture_on_commit_callbacks):
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
    answer = client.get("/admin/admin/logentry/?q=Loggade&slag=4")
    assert answer.status_code == status
    if status == 200:
        assert "anna Inloggning användare: anna Loggade in." in text_of(answer)


def test_nobody_changes_the_log_or_deletes_who_is_in_it(admin_client, admin_user):
    anna = make_account()
    LogEntry.objects.log_actions(anna.pk, [anna], 4, "Loggade in.")
    entry = f"/admin/admin/logentry/{LogEntry.objects.get().pk}/"
    assert "Loggade in." in text_of(admin_client.get(f"{entry}change/"))
    assert admin_client.get("/admin/admin/logentry/add/").status_code == 403
    for address in (f"{entry}change/", f"{entry}delete/", f"/admin/auth/user/{anna.pk}/delete/"):
        assert admin_client.post(address, {"post": "yes"}).status_code == 403
    assert LogEntry.objects.get().user == anna


def test_the_front_page_lists_changes_and_no_sign_ins(client, db):
    anna = make_account()
    sign_in(client)
    page = make_page("ny", title_sv="Ny sida")
    LogEntry.objects.log_actions(anna.pk, [page], 2, [{"changed": {}}])
    assert "Mina senaste ändringar Ändrad: Ny sida Sida" in text_of(client.get("/admin/"))
    assert "Ändrad: anna" not in text_of(client.get("/admin/"))


# --- The region's directory ------------------------------------------------------------------------


class Silent(WSGIRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def directory(settings):
    """A directory of people by OpenID Connect, at an address of its own; `person` is who sits at it."""
    person = {
        "sub": "1",
        "preferred_username": "anna",
        "email": "anna@example.se",
        "email_verified": True,
        "amr": ["pwd", "mfa"],
    }

    def answer(environ, start_response):
        own = f"http://{environ['HTTP_HOST']}"
        sent = parse_qs(environ["QUERY_STRING"])
        if environ["PATH_INFO"] == "/authorize":
            back = f"{sent['redirect_uri'][0]}?code=kod&state={sent['state'][0]}"
            start_response("302 Found", [("Location", back)])
            return []
        now = int(time.time())
        claims = {"iss": own, "aud": "webbplatsen", "iat": now, "exp": now + 60}
        claims |= {name: person[name] for name in ("sub", "amr", "acr") if name in person}
        answers = {
            "/.well-known/openid-configuration": {
                "issuer": own,
                "authorization_endpoint": f"{own}/authorize",
                "token_endpoint": f"{own}/token",
                "userinfo_endpoint": f"{own}/userinfo",
                "jwks_uri": f"{own}/jwks",
            },
            "/token": {
                "access_token": "bricka",
                "token_type": "Bearer",
                "id_token": jwt.encode(claims, "0" * 32),
            },
            "/userinfo": person,
        }
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(answers[environ["PATH_INFO"]]).encode()]

    with make_server("127.0.0.1", 0, answer, handler_class=Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        app = {
            "provider_id": "region",
            "name": "regionens konto",
            "client_id": "webbplatsen",
            "secret": "hemligt",
            "settings": {"server_url": f"http://127.0.0.1:{server.server_port}"},
        }
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}
        }
        yield person
        server.shutdown()


def come_by_directory(client):
    """Follow the link on the sign-in page to the directory and back; return the site's answer."""
    html = client.get(f"{LOGIN}?next=/admin/pages/page/").content.decode()
    link = re.search(r'<a class="button" href="(.*?)">Logga in med regionens konto</a>', html)[1]
    there = requests.get(client.get(link).url, allow_redirects=False, timeout=5)
    back = urlsplit(there.headers["Location"])
    return client.get(f"{back.path}?{back.query}")


def test_without_a_directory_nothing_is_said_of_it(client, db):
    assert "regionens konto" not in text_of(client.get(LOGIN))
    assert client.get("/admin/konto/katalog/region/").status_code == 404


def test_the_directory_signs_in_who_has_an_account(client, db, directory, second_factor):
    make_account(role="Publicist", password=None, email="Anna@example.se")
    assert come_by_directory(client).url == "/admin/pages/page/"
    # No second factor of ours: the directory says that it has asked for its own.
    assert client.get("/admin/pages/page/").status_code == 200
    assert client.get("/admin/konto/losenord/", follow=True).status_code == 200
    client.post("/admin/konto/logga-ut/")
    # The account is this person's from now on, whatever the directory calls them.
    directory |= {"preferred_username": "anna.andersson", "email": "a@example.se"}
    assert come_by_directory(client).url == "/admin/pages/page/"
    assert [message for _name, message in logged()] == [
        "Loggade in med regionens konto.",
        "Loggade ut.",
        "Loggade in med regionens konto.",
    ]


@pytest.mark.parametrize(
    ("verified", "status"), [(True, 302), (False, 403), ("false", 403), ("true", 403), (None, 403)]
)
def test_an_address_counts_when_the_directory_has_verified_it(
    client, db, directory, verified, status
):
    make_account("a.andersson", email="Anna@example.se")
    directory["email_verified"] = verified
    assert come_by_directory(client).status_code == status


@pytest.mark.parametrize(
    "fields",
    [
        {"is_staff": False, "email": "anna@example.se"},
        {"is_active": False, "email": "anna@example.se"},
        {"email": "bo@example.se"},  # though it has the name that the directory gives
        {"email": ""},
        {"email": "anna@example.se", "is_superuser": True},
    ],
)
@pytest.mark.parametrize("email", ["anna@example.se", ""])
def test_the_directory_makes_no_account_and_opens_none_that_is_not_the_persons(
    client, db, directory, fields, email
):
    make_account(**fields)
    directory["email"] = email
    answer = come_by_directory(client)
    assert answer.status_code == 403
    assert "Du har inget konto" in text_of(answer)
    assert User.objects.count() == 1
    assert not SocialAccount.objects.exists()
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("is_superuser", [False, True])
def test_an_identifier_that_is_entered_opens_the_account(
    client, admin_client, directory, is_superuser
):
    directory |= {"sub": "b7e4-åäö", "email": ""}
    user = make_account("bo", is_superuser=is_superuser)
    assert "<code>b7e4-åäö</code>" in come_by_directory(client).content.decode()
    enter(admin_client, user, " b7e4-åäö ")
    assert come_by_directory(client).url == "/admin/pages/page/"
    assert client.get("/admin/").context["user"] == user
    enter(admin_client, user, "")
    client.post("/admin/konto/logga-ut/")
    assert come_by_directory(client).status_code == 403
    changes = LogEntry.objects.filter(user__username="admin").order_by("pk")
    told = "Ändrade Identifierare i regionens katalog."
    assert [entry.get_change_message() for entry in changes] == [told, told]


def enter(client, user, identifier):
    """Let the signed-in `client` save the account of `user` with `identifier`; return the answer."""
    address = f"/admin/auth/user/{user.pk}/change/"
    fields = fields_of(client.get(address).content.decode())
    return client.post(address, fields | {"directory_id": identifier})


def test_an_identifier_belongs_to_one_account(admin_client, directory):
    anna, bo = make_account(), make_account("bo")
    assert enter(admin_client, anna, "1").status_code == 302
    answer = enter(admin_client, bo, "1")
    assert "Ett annat konto har redan den identifieraren." in text_of(answer)
    assert enter(admin_client, anna, "1").status_code == 302
    assert enter(admin_client, bo, "").status_code == 302
    assert list(SocialAccount.objects.values_list("user__username", "uid")) == [("anna", "1")]


def test_only_a_superuser_links_a_superuser(client, db, directory):
    manager, root = make_account("maja", role="Ansvarig"), make_account("rot", is_superuser=True)
    SocialAccount.objects.create(user=root, provider="region", uid="roten")
    client.force_login(manager)
    address = f"/admin/auth/user/{root.pk}/change/"
    html = client.get(address).content.decode()
    assert "roten" in html
    assert 'name="directory_id"' not in html
    assert client.post(address, {"directory_id": "1"}).status_code == 403
    assert SocialAccount.objects.get().uid == "roten"
    enter(client, make_account("bo"), "1")
    assert SocialAccount.objects.get(uid="1").user.username == "bo"


def test_without_a_directory_accounts_have_no_identifier_and_keep_their_link(admin_client):
    user = make_account()
    SocialAccount.objects.create(user=user, provider="region", uid="1")
    address = f"/admin/auth/user/{user.pk}/change/"
    html = admin_client.get(address).content.decode()
    assert "directory_id" not in html
    assert admin_client.post(address, fields_of(html) | {"first_name": "Anna"}).status_code == 302
    assert SocialAccount.objects.get().uid == "1"


@pytest.mark.parametrize(
    ("said", "leads_to"),
    [
        ({"amr": ["pwd", "mfa"]}, "/admin/"),
        ({"amr": ["pwd"]}, "/admin/konto/tva-faktorer/"),
        ({"amr": "mfa-less"}, "/admin/konto/tva-faktorer/"),
        ({"amr": None, "acr": "loa3"}, "/admin/"),
        ({"amr": ["pwd"], "acr": "loa2"}, "/admin/konto/tva-faktorer/"),
        ({"amr": None}, "/admin/konto/tva-faktorer/"),
    ],
)
def test_the_sites_second_factor_is_left_out_only_where_the_directory_tells_of_its_own(
    client, db, directory, second_factor, settings, said, leads_to
):
    settings.OIDC_ACR = ["loa3", "loa4"]
    directory |= said
    make_account(role="Publicist", password=None, email="anna@example.se")
    come_by_directory(client)
    assert client.get("/admin/", follow=True).request["PATH_INFO"] == leads_to
    # Whoever has been sent to add a factor gets that far without a password.
    assert client.get("/admin/konto/app/", follow=True).request["PATH_INFO"] == "/admin/konto/app/"


def test_what_the_directory_has_said_is_forgotten_when_a_password_signs_in(
    client, db, directory, second_factor
):
    make_account(role="Publicist", email="anna@example.se")
    come_by_directory(client)
    assert client.get("/admin/").status_code == 200
    client.post("/admin/konto/logga-ut/")
    sign_in(client)
    assert client.get("/admin/").status_code == 302


def test_an_account_belongs_to_one_person_in_the_directory(client, db, directory):
    make_account(email="anna@example.se")
    assert come_by_directory(client).status_code == 302
    client.post("/admin/konto/logga-ut/")
    directory["sub"] = "2"
    assert come_by_directory(client).status_code == 403


def test_a_person_gets_no_second_account_by_asking_while_signed_in(client, db, directory):
    make_account("bo")
    sign_in(client, name="bo")
    there = requests.get(
        client.get("/admin/konto/katalog/region/?process=connect").url,
        allow_redirects=False,
        timeout=5,
    )
    back = urlsplit(there.headers["Location"])
    assert client.get(f"{back.path}?{back.query}").status_code == 403


def test_an_answer_that_nobody_asked_the_directory_for_is_refused(client, db, directory):
    answer = client.get("/admin/konto/katalog/region/svar/?code=kod&state=okänd")
    assert answer.status_code == 401
    assert "Inloggningen gick inte" in text_of(answer)


def test_whoever_turns_back_at_the_directory_can_start_again(client, db, directory):
    start = parse_qs(urlsplit(client.get("/admin/konto/katalog/region/").url).query)
    back = f"/admin/konto/katalog/region/svar/?error=access_denied&state={start['state'][0]}"
    assert "Du avbröt inloggningen" in text_of(client.get(back, follow=True))
