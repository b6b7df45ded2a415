"""Sign-in through the region's directory, with OpenID Connect."""

import json
import re
import threading
import time
from urllib.parse import parse_qs, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import jwt
import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User

from tests.accounts import LOGIN, logged, make_account, sign_in
from tests.factories import make_page
from tests.serving import fields_of
from tests.site import text_of
from tests.staff_forms import admin_address, form_of


class SilentHandler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def directory(settings):
    """An OpenID Connect provider at a free port; yields the claims of the person who signs in there."""
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
        responses = {
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
        return [json.dumps(responses[environ["PATH_INFO"]]).encode()]

    with make_server("127.0.0.1", 0, answer, handler_class=SilentHandler) as server:
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


def sign_in_with_directory(client, address=f"{LOGIN}?next=/admin/pages/page/"):
    """Follow the link on the sign-in page to the directory and back; return the site's response."""
    html = client.get(address).content.decode()
    link = re.search(r'<a class="button" href="(.*?)">Logga in med regionens konto</a>', html)[1]
    there = requests.get(client.get(link).url, allow_redirects=False, timeout=5)
    back = urlsplit(there.headers["Location"])
    return client.get(f"{back.path}?{back.query}")


def test_without_a_directory_it_is_not_mentioned(client, db):
    assert "regionens konto" not in text_of(client.get(LOGIN))
    assert client.get("/admin/konto/katalog/region/").status_code == 404


def test_a_person_with_an_account_signs_in(client, db, directory, second_factor):
    make_account(role="Publicist", password=None, email="Anna@example.se")
    assert sign_in_with_directory(client).url == "/admin/pages/page/"
    # The site's second factor is skipped, because the directory reports its own.
    assert client.get("/admin/pages/page/").status_code == 200
    assert client.get("/admin/konto/losenord/", follow=True).status_code == 200
    client.post("/admin/konto/logga-ut/")
    # From now on the account is linked to the person's identifier, whatever their other claims.
    directory |= {"preferred_username": "anna.andersson", "email": "a@example.se"}
    assert sign_in_with_directory(client).url == "/admin/pages/page/"
    assert [message for _name, message in logged()] == [
        "Loggade in med regionens konto.",
        "Loggade ut.",
        "Loggade in med regionens konto.",
    ]


def test_a_form_sent_after_the_sign_in_has_run_out_comes_back(client, db, directory):
    anna = make_account(role="Redaktör", password=None, email="anna@example.se")
    form = admin_address(make_page("nyhet", status="draft"))
    client.force_login(anna)
    response = client.get(form)
    data = form_of(response) | {"title_sv": "Skrivet", "_draft": response.context["draft_token"]}
    client.cookies.clear()
    sign_in_page = client.post(form, data, follow=True).redirect_chain[-1][0]
    assert sign_in_with_directory(client, sign_in_page).url == form
    assert form_of(client.get(form))["title_sv"] == "Skrivet"


@pytest.mark.parametrize(
    ("verified", "status"), [(True, 302), (False, 403), ("false", 403), ("true", 403), (None, 403)]
)
def test_an_email_counts_only_if_the_directory_has_verified_it(
    client, db, directory, verified, status
):
    make_account("a.andersson", email="Anna@example.se")
    directory["email_verified"] = verified
    assert sign_in_with_directory(client).status_code == status


@pytest.mark.parametrize(
    "fields",
    [
        {"is_staff": False, "email": "anna@example.se"},
        {"is_active": False, "email": "anna@example.se"},
        {"email": "bo@example.se"},  # despite the right user name
        {"email": ""},
        {"email": "anna@example.se", "is_superuser": True},
    ],
)
@pytest.mark.parametrize("email", ["anna@example.se", ""])
def test_no_account_is_created_and_no_other_persons_account_is_opened(
    client, db, directory, fields, email
):
    make_account(**fields)
    directory["email"] = email
    response = sign_in_with_directory(client)
    assert response.status_code == 403
    assert "Du har inget konto" in text_of(response)
    assert User.objects.count() == 1
    assert not SocialAccount.objects.exists()
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("is_superuser", [False, True])
def test_an_entered_identifier_opens_the_account(client, admin_client, directory, is_superuser):
    directory |= {"sub": "b7e4-åäö", "email": ""}
    user = make_account("bo", is_superuser=is_superuser)
    assert "<code>b7e4-åäö</code>" in sign_in_with_directory(client).content.decode()
    enter(admin_client, user, " b7e4-åäö ")
    assert sign_in_with_directory(client).url == "/admin/pages/page/"
    assert client.get("/admin/").context["user"] == user
    enter(admin_client, user, "")
    client.post("/admin/konto/logga-ut/")
    assert sign_in_with_directory(client).status_code == 403
    changes = LogEntry.objects.filter(user__username="admin").order_by("pk")
    message = "Ändrade Identifierare i regionens katalog."
    assert [entry.get_change_message() for entry in changes] == [message, message]


def enter(client, user, identifier):
    """Save the account of `user` with `identifier` as the signed-in `client`; return the response."""
    address = f"/admin/auth/user/{user.pk}/change/"
    fields = fields_of(client.get(address).content.decode())
    return client.post(address, fields | {"directory_id": identifier})


def test_an_identifier_belongs_to_one_account(admin_client, directory):
    anna, bo = make_account(), make_account("bo")
    assert enter(admin_client, anna, "1").status_code == 302
    response = enter(admin_client, bo, "1")
    assert "Ett annat konto har redan den identifieraren." in text_of(response)
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
    ("directory_claims", "leads_to"),
    [
        ({"amr": ["pwd", "mfa"]}, "/admin/"),
        ({"amr": ["pwd"]}, "/admin/konto/tva-faktorer/"),
        ({"amr": "mfa-less"}, "/admin/konto/tva-faktorer/"),
        ({"amr": None, "acr": "loa3"}, "/admin/"),
        ({"amr": ["pwd"], "acr": "loa2"}, "/admin/konto/tva-faktorer/"),
        ({"amr": None}, "/admin/konto/tva-faktorer/"),
    ],
)
def test_the_sites_second_factor_is_skipped_only_if_the_directory_reports_its_own(
    client, db, directory, second_factor, settings, directory_claims, leads_to
):
    settings.OIDC_ACR = ["loa3", "loa4"]
    directory |= directory_claims
    make_account(role="Publicist", password=None, email="anna@example.se")
    sign_in_with_directory(client)
    assert client.get("/admin/", follow=True).request["PATH_INFO"] == leads_to
    # Without a password, the user still reaches the page for adding a factor.
    assert client.get("/admin/konto/app/", follow=True).request["PATH_INFO"] == "/admin/konto/app/"


def test_signing_in_with_a_password_forgets_the_directorys_claims(
    client, db, directory, second_factor
):
    make_account(role="Publicist", email="anna@example.se")
    sign_in_with_directory(client)
    assert client.get("/admin/").status_code == 200
    client.post("/admin/konto/logga-ut/")
    sign_in(client)
    assert client.get("/admin/").status_code == 302


def test_an_account_belongs_to_one_person_in_the_directory(client, db, directory):
    make_account(email="anna@example.se")
    assert sign_in_with_directory(client).status_code == 302
    client.post("/admin/konto/logga-ut/")
    directory["sub"] = "2"
    assert sign_in_with_directory(client).status_code == 403


def test_a_signed_in_person_cannot_link_a_second_account(client, db, directory):
    make_account("bo")
    sign_in(client, name="bo")
    there = requests.get(
        client.get("/admin/konto/katalog/region/?process=connect").url,
        allow_redirects=False,
        timeout=5,
    )
    back = urlsplit(there.headers["Location"])
    assert client.get(f"{back.path}?{back.query}").status_code == 403


def test_a_callback_without_a_request_is_refused(client, db, directory):
    response = client.get("/admin/konto/katalog/region/svar/?code=kod&state=okänd")
    assert response.status_code == 401
    assert "Inloggningen gick inte" in text_of(response)


def test_a_person_who_cancels_at_the_directory_can_start_again(client, db, directory):
    start = parse_qs(urlsplit(client.get("/admin/konto/katalog/region/").url).query)
    back = f"/admin/konto/katalog/region/svar/?error=access_denied&state={start['state'][0]}"
    assert "Du avbröt inloggningen" in text_of(client.get(back, follow=True))
