"""Personal drafts: what is typed in a form and not saved stays on the server, for its owner alone."""

import datetime as dt
import re
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from blekinge_site.staff.addresses import form_address
from pages.editing import form_drafts
from pages.models import FormDraft, Page
from pages.publishing import content_version
from planning.models import Goal
from tests.accounts import PASSWORD, make_account
from tests.factories import (
    make_budget,
    make_focus_area,
    make_goal,
    make_page,
    make_perspective,
    make_plan,
)
from tests.serving import fields_of
from tests.site import text_of
from tests.staff_forms import admin_address, form_of

pytestmark = pytest.mark.database

KEEP = "/admin/utkast/"
DISCARD = "/admin/utkast/kasta/"
NOTICE = "Här är det du skrev"


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def anna(db):
    return make_account("anna", "Redaktör", first_name="Anna")


@pytest.fixture
def news(db):
    return make_page("nyhet", status="draft", body_sv="<p>Sparat.</p>")


def opened(client, address):
    """Open the form at `address`; return the data that a browser would submit from it."""
    response = client.get(address)
    context = response.context
    data = form_of(response) | {"_draft": context["draft_token"]}
    return data | ({"_seen": context["seen"]} if "seen" in context else {})


def fields_of_notice(response):
    """Return the fields of the form that discards the draft in `response`."""
    form = re.search(r'<form class="notice draft".*?</form>', response.content.decode(), re.DOTALL)
    return fields_of(form[0])


def typed(client, obj, **fields):
    """Type `fields` in the form of `obj` without saving it, as the script reports it."""
    data = opened(client, form_address(obj)) | fields
    assert client.post(KEEP, data).json() == {"kept": True, "signed_in": True}
    return data


def test_a_form_is_opened_with_what_was_typed(anna, news):
    client = client_of(anna)
    typed(client, news, title_sv="Skrivet", body_sv="<p><strong>Fet</strong> text.</p>")
    response = client.get(admin_address(news))
    assert NOTICE in text_of(response)
    form = form_of(response)
    assert form["title_sv"] == "Skrivet"
    assert form["body_sv"] == "<p><strong>Fet</strong> text.</p>"
    assert Page.objects.get(pk=news.pk).title_sv != "Skrivet"


def test_saving_ends_the_draft(anna, news):
    client = client_of(anna)
    data = typed(client, news, title_sv="Skrivet")
    assert client.post(admin_address(news), data).status_code == 302
    assert not FormDraft.objects.exists()
    assert Page.objects.get(pk=news.pk).title_sv == "Skrivet"


def test_a_draft_like_the_saved_content_is_not_mentioned(anna, news):
    client = client_of(anna)
    typed(client, news)
    assert NOTICE not in text_of(client.get(admin_address(news)))
    assert not FormDraft.objects.exists()


def test_the_owner_discards_it(anna, news):
    client = client_of(anna)
    typed(client, news, title_sv="Skrivet")
    response = client.post(DISCARD, fields_of_notice(client.get(admin_address(news))))
    assert response.headers["Location"] == admin_address(news)
    assert not FormDraft.objects.exists()


def test_discarding_needs_a_csrf_token_and_a_draft(anna, news):
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)
    typed(client, news, title_sv="Skrivet")
    fields = fields_of_notice(client.get(admin_address(news)))
    assert client.post(DISCARD, {"form": fields["form"]}).status_code == 403
    assert client.post(DISCARD, fields | {"form": "https://example.org/"}).status_code == 404
    assert FormDraft.objects.exists()
    assert client.post(DISCARD, fields).status_code == 302
    assert not FormDraft.objects.exists()


def test_text_changed_back_is_no_draft(anna, news):
    client = client_of(anna)
    data = typed(client, news, title_sv="Skrivet")
    extended = client.post(KEEP, data | {"title_sv": news.title_sv, "_extend": "1"})
    assert extended.json() == {"kept": True, "signed_in": True}
    assert FormDraft.objects.exists()
    client.post(KEEP, data | {"title_sv": news.title_sv, "_unchanged": "1"})
    assert not FormDraft.objects.exists()


def test_a_form_with_errors_is_kept_too(anna, news):
    client = client_of(anna)
    data = opened(client, admin_address(news)) | {"title_sv": "Skrivet", "menu_position": "x"}
    assert client.post(admin_address(news), data).status_code == 200
    assert form_of(client.get(admin_address(news)))["title_sv"] == "Skrivet"


def test_nobody_else_sees_it_or_touches_it(anna, news, admin_client, admin_user):
    data = typed(client_of(anna), news, title_sv="Hemligt")
    for client in (admin_client, client_of(make_account("bo", "Redaktör"))):
        assert "Hemligt" not in client.get(admin_address(news)).content.decode()
        assert client.post(KEEP, data | {"title_sv": "Annat"}).status_code == 403
        assert client.post(KEEP, data | {"_unchanged": "1"}).status_code == 403
        assert client.post(DISCARD, {"form": admin_address(news)}).status_code == 404
        assert "Det du har skrivit" not in text_of(client.get("/admin/"))
    assert ["title_sv", "Hemligt"] in FormDraft.objects.get().content()["fields"]
    assert "formdraft" not in admin_client.get("/admin/").content.decode()
    assert admin_client.get("/admin/pages/formdraft/").status_code == 404


@pytest.mark.parametrize("token", ["", "påhittad", None])
def test_without_the_token_nothing_is_kept(anna, news, token):
    client = client_of(anna)
    data = {"title_sv": "Skrivet"} | ({} if token is None else {"_draft": token})
    assert client.post(KEEP, data).status_code == 403
    client.logout()
    assert client.post(KEEP, data).status_code == 403
    client.post(admin_address(news), data)
    assert not FormDraft.objects.exists()


def test_what_is_posted_after_the_sign_in_has_run_out_is_kept(anna, news):
    client = client_of(anna)
    data = opened(client, admin_address(news)) | {"title_sv": "Skrivet"}
    client.cookies.clear()
    response = client.post(admin_address(news), data, follow=True)
    assert "det du skrev är kvar åt dig" in text_of(response)
    address = response.redirect_chain[-1][0]
    signed_in = client.post(
        address, {"login": "anna", "password": PASSWORD, "next": admin_address(news)}
    )
    assert signed_in.headers["Location"] == admin_address(news)
    assert form_of(client.get(admin_address(news)))["title_sv"] == "Skrivet"
    assert Page.objects.get(pk=news.pk).title_sv != "Skrivet"


def test_another_account_in_the_same_browser_does_not_get_it(anna, news):
    make_account("bo", "Redaktör")
    client = client_of(anna)
    data = opened(client, admin_address(news)) | {"title_sv": "Hemligt"}
    client.cookies.clear()
    client.post(admin_address(news), data)
    client.login(username="bo", password=PASSWORD)
    assert "Hemligt" not in client.get(admin_address(news)).content.decode()


def test_the_script_keeps_text_after_the_sign_in_has_run_out(anna, news):
    client = client_of(anna)
    data = opened(client, admin_address(news)) | {"title_sv": "Skrivet"}
    client.cookies.clear()
    assert client.post(KEEP, data).json() == {"kept": True, "signed_in": False}
    client.force_login(anna)
    assert form_of(client.get(admin_address(news)))["title_sv"] == "Skrivet"


def test_a_form_refused_for_its_csrf_token_is_kept(anna, news):
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)
    data = opened(client, admin_address(news)) | {"title_sv": "Skrivet"}
    response = client.post(admin_address(news), data, follow=True)
    assert "men det du skrev är kvar åt dig i formuläret" in text_of(response)
    assert form_of(response)["title_sv"] == "Skrivet"
    assert Page.objects.get(pk=news.pk).title_sv != "Skrivet"
    # The script is not refused: it has the form's own token.
    assert client.post(KEEP, data | {"title_sv": "Mer"}).json()["kept"]
    assert form_of(client.get(admin_address(news)))["title_sv"] == "Mer"
    assert client.post(admin_address(news), {"_draft": "påhittad"}).status_code == 403


def test_a_draft_begun_before_a_colleagues_save_still_conflicts(anna, news):
    client, other = client_of(anna), client_of(make_account("bo", "Redaktör", first_name="Bo"))
    typed(client, news, title_sv="Annas")
    theirs = opened(other, admin_address(news)) | {"title_sv": "Bos"}
    assert other.post(admin_address(news), theirs).status_code == 302
    assert "Det som är sparat har ändrats" in text_of(client.get(admin_address(news)))
    data = opened(client, admin_address(news))
    assert data["title_sv"] == "Annas"
    response = client.post(admin_address(news), data)
    assert "sparade det här medan du hade det öppet" in text_of(response)
    assert Page.objects.get(pk=news.pk).title_sv == "Bos"


def test_a_draft_of_something_published_since_can_be_copied_and_discarded(anna, news):
    client = client_of(anna)
    typed(client, news, title_sv="Skrivet")
    Page.objects.filter(pk=news.pk).update(status="published", published_at=timezone.now())
    text = text_of(client.get(admin_address(news)))
    assert "Det kan inte sparas här längre" in text
    assert "Skrivet" in text


def test_text_refused_since_the_object_was_published_or_deleted_is_kept(anna, news):
    client = client_of(anna)
    other = make_page("annan", status="draft")
    addresses = [admin_address(news), admin_address(other)]
    forms = [
        opened(client, address) | {"title_sv": f"Skrivet i {address}"} for address in addresses
    ]
    Page.objects.filter(pk=news.pk).update(status="published", published_at=timezone.now())
    other.delete()
    for address, data in zip(addresses, forms, strict=True):
        assert "Det du skrev är inte sparat" in text_of(client.post(address, data))
        response = client.get(address)
        assert data["title_sv"] in text_of(response)
        assert "Kasta det jag skrev" in text_of(response)
    client.post(DISCARD, {"form": addresses[1]})
    assert client.get(addresses[1]).status_code == 302


def test_the_desk_lists_the_users_drafts(anna, news):
    client = client_of(anna)
    typed(client, news, title_sv="Skrivet")
    text = text_of(client.get("/admin/"))
    assert f"Sida ”{news}” är inte sparat" in text
    assert "Du skrev i dag" in text
    assert f'href="{admin_address(news)}"' in client.get("/admin/").content.decode()


def test_a_user_who_may_no_longer_open_the_form_does_not_see_its_draft(anna, news):
    client = client_of(anna)
    typed(client, news, title_sv="Skrivet")
    anna.groups.clear()
    assert client.get(admin_address(news)).status_code == 403
    address = admin_address(news)
    news.delete()
    assert "Skrivet" not in client.get(address, follow=True).content.decode()


def test_the_draft_of_a_deactivated_account_cannot_be_written(anna, news):
    client = client_of(anna)
    data = opened(client, admin_address(news)) | {"title_sv": "Skrivet"}
    anna.is_active = False
    anna.save()
    assert client.post(KEEP, data).status_code == 403
    client.post(admin_address(news), data)
    assert not FormDraft.objects.exists()


def test_a_row_that_a_colleague_has_deleted_or_added_leaves_the_draft_whole(anna, db):
    goal = make_goal(make_perspective(make_plan(status="draft")))
    make_focus_area(goal, text_sv="Första")
    gone = make_focus_area(goal, text_sv="Andra")
    client = client_of(anna)
    typed(client, goal, **{"focus_areas-1-text_sv": "Min andra"})
    gone.delete()
    make_focus_area(goal, text_sv="Kollegans")
    response = client.get(admin_address(goal))
    assert "Det som är sparat har ändrats" in text_of(response)
    assert "Min andra" in response.content.decode()
    data = opened(client, admin_address(goal)) | {
        field.html_name: field.value() or ""
        for inline in response.context["inline_admin_formsets"]
        for row in inline.formset.extra_forms
        for field in row
    }
    assert "sparade det här" in text_of(client.post(admin_address(goal), data))
    texts = goal.focus_areas.values_list("text_sv", flat=True)
    assert set(texts) == {"Första", "Kollegans"}


def test_a_new_object_and_inline_rows_are_kept(anna, db):
    plan = make_plan(status="draft")
    goal = make_goal(make_perspective(plan))
    client = client_of(anna)
    row = {"focus_areas-TOTAL_FORMS": "1", "focus_areas-0-text_sv": "Ny insats"}
    typed(client, goal, **row)
    response = client.get(admin_address(goal))
    assert "Ny insats" in response.content.decode()
    add = f"/admin/planning/goal/add/?perspective={goal.perspective_id}"
    data = opened(client, add) | {"name_sv": "Nytt mål"}
    client.post(KEEP, data)
    assert form_of(client.get(add))["name_sv"] == "Nytt mål"
    assert NOTICE not in text_of(client.get("/admin/planning/goal/add/"))
    assert Goal.objects.count() == 1


def test_a_tables_amounts_are_kept(anna, db):
    table = make_budget(make_plan(status="draft"), lines=[("item", "1.0")]).tables.get()
    client = client_of(anna)
    typed(client, table, **{"lines-0-amount_budget-2019": "7,5"})
    assert 'value="7,5"' in client.get(admin_address(table)).content.decode()
    client.post(DISCARD, {"form": admin_address(table)})
    typed(client, table, pasted="Vård;8,5")
    response = client.get(admin_address(table))
    assert ">Vård;8,5</textarea>" in response.content.decode()
    assert NOTICE in text_of(response)


def test_a_chosen_file_is_named_since_it_cannot_be_kept(anna, db):
    plan = make_plan(status="draft")
    client = client_of(anna)
    typed(client, plan, title_sv="Skrivet", _files="beslut.pdf")
    text = text_of(client.get(admin_address(plan)))
    assert "Du hade också valt beslut.pdf. Filer kan inte bevaras: välj dem igen." in text


def test_a_form_with_errors_and_a_chosen_file_says_to_choose_it_again(anna, db):
    plan = make_plan(status="draft")
    client = client_of(anna)
    data = opened(client, form_address(plan)) | {"first_year": "x"}
    file = SimpleUploadedFile("beslut.pdf", b"%PDF-1.7")
    response = client.post(admin_address(plan), data | {"documents-0-file_sv": file})
    assert "Du hade valt beslut.pdf." in text_of(response)
    assert "Du hade också valt beslut.pdf." in text_of(client.get(admin_address(plan)))


def test_drafts_are_bounded(anna, news, monkeypatch):
    monkeypatch.setattr(form_drafts, "MAX_DRAFTS", 2)
    monkeypatch.setattr(form_drafts, "MAX_DRAFT_BYTES", 2000)
    client = client_of(anna)
    data = opened(client, admin_address(news))
    assert client.post(KEEP, data | {"lead_sv": "x" * 2000}).json()["kept"] is False
    assert not FormDraft.objects.exists()
    for number in range(3):
        typed(client, make_page(f"sida-{number}", status="draft"), title_sv="Skrivet")
    assert FormDraft.objects.filter(user=anna).count() == 2


def test_drafts_end_with_time_and_with_the_account(anna, news):
    client = client_of(anna)
    typed(client, news, title_sv="Skrivet")
    old = timezone.now() - dt.timedelta(days=form_drafts.DRAFT_DAYS, seconds=1)
    FormDraft.objects.update(saved_at=old)
    assert NOTICE not in text_of(client.get(admin_address(news)))
    typed(client, make_page("annan", status="draft"), title_sv="Nytt")
    assert FormDraft.objects.count() == 1
    anna.delete()
    assert not FormDraft.objects.exists()


def test_drafts_are_no_content(anna, news, database):
    before = content_version.stamp()[0]
    typed(client_of(anna), news, title_sv="Hemligt")
    assert content_version.stamp()[0] == before
    out = StringIO()
    call_command("dumpdata", "pages", stdout=out)
    assert "Hemligt" not in out.getvalue()
    history = client_of(anna).get(admin_address(news, "history"))
    assert "Hemligt" not in history.content.decode()


def test_a_draft_adds_no_query_for_each_row(anna, db, django_assert_max_num_queries):
    client = client_of(anna)
    counts = []
    for year, rows in ((2019, 1), (2023, 20)):
        lines = [("item", "1.0")] * rows
        plan = make_plan(year, year + 2, status="draft")
        table = make_budget(plan, year=year, lines=lines).tables.get()
        typed(client, table, **{f"lines-0-amount_budget-{year}": "7,5"})
        with django_assert_max_num_queries(200) as queries:
            assert NOTICE in text_of(client.get(admin_address(table)))
        counts.append(len(queries))
    assert counts[0] == counts[1]
