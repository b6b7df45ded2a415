"""New colleagues, one-time links, and what those who manage accounts may do."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import Group, Permission, User
from django.core import mail

from tests.accounts import LOGIN, PASSWORD, SECRET, logged, make_account, sign_in
from tests.site import text_of
from tests.staff_forms import admin_address

pytestmark = pytest.mark.database

ADD = "/admin/auth/user/add/"
NEW_PASSWORD = "ett-annat-lösenord"


def role(name):
    return Group.objects.get(name=name).pk


def new_colleague(**fields):
    """Return the data of the form for a new colleague."""
    names = {"first_name": "Bo", "last_name": "Ek", "email": "Bo.Ek@example.se"}
    return names | {"role": role("Redaktör")} | fields


@pytest.fixture
def manager(client, db):
    """An account with the role Ansvarig, signed in as `client`."""
    account = make_account("maja", role="Ansvarig", first_name="Maja", last_name="Lind")
    client.force_login(account)
    return account


@pytest.fixture
def mailbox(settings):
    """The messages that the site sends."""
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    yield mail.outbox
    del settings.MAILERS


def link_on(response):
    """Return the path of the one-time link that the page in `response` shows."""
    return re.search(r'value="http://testserver(/[^"]+)"', response.content.decode())[1]


def choose_password(client, link, password=NEW_PASSWORD):
    """Choose a password with `link`, and return the last page."""
    form = client.get(link, follow=True)
    data = {"password1": password, "password2": password}
    return client.post(form.request["PATH_INFO"], data, follow=True)


# --- New colleagues --------------------------------------------------------------------------------


def test_the_form_asks_for_name_address_and_role_only(client, manager):
    page = client.get(ADD)
    fields = list(page.context["adminform"].form.fields)
    assert fields == ["first_name", "last_name", "email", "role"]
    text = text_of(page)
    assert "När du sparar får du en länk att lämna över." in text
    assert "Redaktör: skriver och ändrar i utkast och arbetskopior" in text
    assert text.index("Redaktör:") < text.index("Publicist:") < text.index("Ansvarig:")
    for word in ("pbkdf2", "Superanvändar", "Senaste inloggning", "algoritm"):
        assert word not in text


def test_the_form_of_an_account_shows_no_hash_switch_or_time(client, manager):
    page = client.get(admin_address(make_account(role="Redaktör")))
    assert not {"password", "is_superuser", "is_staff", "last_login"} & set(
        page.context["adminform"].form.fields
    )
    for word in ("pbkdf2", "md5", "Superanvändar", "Senaste inloggning", "algoritm"):
        assert word not in text_of(page)


def test_an_account_needs_name_address_and_role(client, manager):
    form = client.post(ADD, {}).context["adminform"].form
    assert set(form.errors) == {"first_name", "last_name", "email", "role"}
    assert User.objects.get() == manager


def test_a_link_to_hand_over_is_shown_once_and_works_once(client, manager, client_of_another):
    response = client.post(ADD, new_colleague(), follow=True)
    link = link_on(response)
    assert "no-store" in response["Cache-Control"]
    colleague = User.objects.get(first_name="Bo")
    assert (colleague.username, colleague.email) == ("bo.ek@example.se", "Bo.Ek@example.se")
    assert colleague.is_staff
    assert not colleague.is_superuser
    again = client.get(response.request["PATH_INFO"])
    assert link not in again.content.decode()
    assert "Ny länk" in text_of(again)

    choose_password(client_of_another, link)
    assert client_of_another.get("/admin/").context["user"] == colleague
    client_of_another.post("/admin/konto/logga-ut/")
    assert sign_in(client_of_another, "bo.ek@example.se", NEW_PASSWORD).url == "/admin/"
    client_of_another.post("/admin/konto/logga-ut/")
    used = client_of_another.get(link, follow=True)
    assert "Länken gäller inte" in text_of(used)
    assert "Be den som är ansvarig för redaktionen om en ny." in text_of(used)


@pytest.fixture
def client_of_another(client):
    """The browser of another person."""
    return type(client)()


def test_an_invitation_is_sent_where_mail_is_set_up(client, manager, mailbox, client_of_another):
    assert "När du sparar får kollegan en inbjudan i ett mejl." in text_of(client.get(ADD))
    response = client.post(ADD, new_colleague(), follow=True)
    assert "Ett mejl är skickat till Bo.Ek@example.se." in text_of(response)
    (message,) = mailbox
    assert message.to == ["Bo.Ek@example.se"]
    assert "Maja Lind har lagt upp ett konto åt dig" in message.body
    assert "användarnamnet bo.ek@example.se" in message.body
    link = re.search(r"http://testserver(\S+)", message.body)[1]
    assert link not in response.content.decode()
    choose_password(client_of_another, link)
    assert client_of_another.get("/admin/").context["user"].first_name == "Bo"


def test_a_link_is_handed_over_if_the_mail_server_refuses(client, manager, settings):
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": 1},
        }
    }
    response = client.post(ADD, new_colleague(), follow=True)
    del settings.MAILERS
    assert "Mejlet till Bo.Ek@example.se gick inte att skicka." in text_of(response)
    assert link_on(response)


def test_an_address_belongs_to_one_account(client, manager):
    make_account("bo", email="bo.ek@example.se", is_active=False)
    response = client.post(ADD, new_colleague())
    assert "Det finns redan ett konto med den adressen." in text_of(response)


# --- Links, closed accounts and second factors -----------------------------------------------------


def test_a_new_link_ends_the_old_password_link_and_session(client, manager, client_of_another):
    colleague = make_account(role="Redaktör")
    sign_in(client_of_another)
    address = admin_address(colleague, "lank")
    first = link_on(client.post(address, follow=True))
    assert client_of_another.get("/admin/").status_code == 302
    assert "Logga in" in text_of(sign_in(client_of_another, password=PASSWORD))
    second = link_on(client.post(address, follow=True))
    assert "Länken gäller inte" in text_of(client_of_another.get(first, follow=True))
    choose_password(client_of_another, second)
    assert client_of_another.get("/admin/").status_code == 200
    events = [event for name, event in logged() if name == "maja"]
    assert events == ["Fick en länk för att välja lösenord."] * 2


def test_a_link_doesnt_replace_the_second_factor(client, manager, client_of_another):
    colleague = make_account(role="Publicist")
    TOTP.activate(colleague, SECRET)
    link = link_on(client.post(admin_address(colleague, "lank"), follow=True))
    choose_password(client_of_another, link)
    assert client_of_another.get("/admin/").status_code == 302


def test_a_closed_account_is_signed_out_and_its_links_end(client, manager, client_of_another):
    colleague = make_account(role="Redaktör")
    link = link_on(client.post(admin_address(colleague, "lank"), follow=True))
    closing = admin_address(colleague, "avstangning")
    assert "anna loggas ut genast" in text_of(client.get(closing))
    colleague.refresh_from_db()
    assert colleague.is_active
    response = client.post(closing, follow=True)
    assert "Kontot för anna är avstängt." in text_of(response)
    choose_password(client_of_another, link)
    assert client_of_another.get("/admin/").status_code == 302
    assert client.post(admin_address(colleague, "lank")).status_code == 403
    client.post(closing)
    colleague.refresh_from_db()
    assert colleague.is_active


def test_a_second_factor_is_removed_after_confirmation(client, manager):
    colleague = make_account(role="Redaktör")
    TOTP.activate(colleague, SECRET)
    address = admin_address(colleague, "andra-faktorn")
    assert address in client.get(admin_address(colleague)).content.decode()
    client.get(address)
    assert Authenticator.objects.exists()
    client.post(address)
    assert not Authenticator.objects.exists()


# --- Crafted requests ------------------------------------------------------------------------------

EXTRA = {
    "is_superuser": "on",
    "is_staff": "",
    "is_active": "on",
    "username": "rot",
    "password": "x",
    "user_permissions": [1, 2],
    "last_login": "2020-01-01",
}


def test_a_crafted_form_grants_no_more_than_the_role(client, manager):
    client.post(ADD, new_colleague() | EXTRA)
    colleague = User.objects.get(first_name="Bo")
    client.post(admin_address(colleague), new_colleague() | EXTRA)
    colleague.refresh_from_db()
    assert (colleague.username, colleague.is_superuser) == ("bo.ek@example.se", False)
    assert list(colleague.groups.values_list("name", flat=True)) == ["Redaktör"]
    assert not colleague.user_permissions.exists()


def test_nobody_gives_a_role_that_may_do_more_than_they(client, manager):
    more = Group.objects.create(name="Driften")
    more.permissions.add(Permission.objects.get(codename="delete_logentry"))
    response = client.post(ADD, new_colleague(role=more.pk))
    assert set(response.context["adminform"].form.errors) == {"role"}
    assert not User.objects.filter(first_name="Bo").exists()
    colleague = make_account("driftare", role="Driften")
    assert client.post(admin_address(colleague), new_colleague()).status_code == 403
    assert client.post(admin_address(colleague, "lank")).status_code == 403


def test_nobody_changes_their_own_role_or_closes_their_own_account(client, manager):
    address = admin_address(manager)
    client.post(address, new_colleague(first_name="Maja", role=role("Redaktör")))
    assert list(manager.groups.values_list("name", flat=True)) == ["Ansvarig"]
    for page in ("lank", "avstangning", "andra-faktorn"):
        assert client.post(admin_address(manager, page)).status_code == 403


@pytest.mark.parametrize("name", ["Redaktör", "Publicist"])
def test_other_roles_reach_no_account(client, db, name):
    client.force_login(make_account("maja", role=name))
    colleague = make_account()
    pages = ("change", "lank", "avstangning", "andra-faktorn")
    for address in (ADD, *(admin_address(colleague, page) for page in pages)):
        assert client.get(address).status_code == 403
        assert client.post(address, new_colleague()).status_code == 403
    assert set(User.objects.values_list("username", flat=True)) == {"anna", "maja"}


def test_a_password_cannot_be_guessed_through_the_list(client, manager):
    assert client.get("/admin/auth/user/?password__startswith=m").status_code == 400


def test_the_list_makes_as_many_queries_for_three_accounts_as_for_ten(
    client, manager, django_assert_num_queries
):
    # session, user, permissions (2), roles of the filter, count (2), the place of the profile in the menu,
    # accounts, their roles; the filter of the list in the session (3)
    for count in (3, 10):
        while User.objects.count() < count:
            make_account(f"konto-{User.objects.count()}", role="Redaktör")
        with django_assert_num_queries(14):
            assert client.get("/admin/auth/user/").status_code == 200


def test_the_sign_in_page_names_the_user_name(client, db):
    assert "Blev du inbjuden är det din e-postadress." in text_of(client.get(LOGIN))
