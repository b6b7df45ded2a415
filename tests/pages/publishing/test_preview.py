"""Previews: of a form that isn't saved, and by a link that expires."""

import datetime as dt
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone

from pages.models import CoreValue, Page
from pages.publishing import preview
from pages.publishing.publishable import previewing
from pages.publishing.versions import working_copy
from planning import views
from planning.models import PlanDocument, RegionalPlan
from tests.factories import (
    make_budget,
    make_focus_area,
    make_goal,
    make_page,
    make_perspective,
    make_plan,
    make_profile,
)
from tests.site import text_of
from tests.staff_forms import admin_address, form_of, publish

pytestmark = pytest.mark.database_in_ci


def whole_database():
    """Return all rows of the database except sessions and open forms."""
    out = io.StringIO()
    left_out = ["sessions", "pages.openform", "auth.permission", "contenttypes"]
    call_command("dumpdata", exclude=left_out, stdout=out)
    return json.loads(out.getvalue())


def preview_of(admin_client, obj, **fields):
    """Preview `fields` in the form of `obj`; return the Swedish and the English page, `{language: HTML}`."""
    address = admin_address(obj)
    data = form_of(admin_client.get(address)) | fields | {"_preview": "Förhandsgranska"}
    response = admin_client.post(address, data)
    assert response.status_code == 200
    return dict(response.context_data["pages"])


def test_a_form_is_previewed_in_both_languages_and_saves_nothing(admin_client, content):
    copy = working_copy(RegionalPlan.objects.get())
    goal = copy.perspectives.first().goals.first()
    budget = copy.budgets.first()
    before = whole_database()
    for obj, fields in (
        (copy, {"title_sv": "Osparat", "title_en": "Unsaved"}),
        (goal, {"name_sv": "Osparat", "name_en": "Unsaved"}),
        (goal.focus_areas.first(), {"text_sv": "Osparat", "text_en": "Unsaved"}),
        (budget, {"introduction_sv": "Osparat", "introduction_en": "Unsaved"}),
        (working_copy(Page.objects.first()), {"lead_sv": "Osparat", "lead_en": "Unsaved"}),
    ):
        if isinstance(obj, Page):
            before = whole_database()
        pages = preview_of(admin_client, obj, **fields)
        assert "Osparat" in pages["sv"], obj
        assert "Unsaved" in pages["en"], obj
        assert '<html lang="en">' in pages["en"]
    assert whole_database() == before


def test_a_preview_that_fails_saves_nothing(admin_client, db, monkeypatch):
    plan = make_plan(status="draft")
    before = whole_database()

    def fail(*args):
        raise RuntimeError("no page today")

    monkeypatch.setattr(views.charts, "chart_of", fail)
    make_budget(plan, lines=[("item", "1.0")])
    before = whole_database()
    admin_client.raise_request_exception = False
    address = f"/admin/planning/regionalplan/{plan.pk}/change/"
    data = form_of(admin_client.get(address)) | {"title_sv": "Osparat", "_preview": "x"}
    assert admin_client.post(address, data).status_code == 500
    assert whole_database() == before


def test_a_new_object_is_previewed_before_it_is_saved(admin_client, db):
    new = {"title_sv": "Helt ny", "slug": "ny", "body_sv": "<p>Text.</p>", "_preview": "x"}
    response = admin_client.post("/admin/pages/page/add/", new)
    assert "Helt ny" in dict(response.context_data["pages"])["sv"]
    assert not Page.objects.exists()
    plan = make_plan(status="draft")
    goal = make_goal(make_perspective(plan))
    new = {"goal": goal.pk, "text_sv": "Ny insats.", "_preview": "x"}
    response = admin_client.post("/admin/planning/focusarea/add/", new)
    assert "Ny insats." in dict(response.context_data["pages"])["sv"]
    assert not goal.focus_areas.exists()


def test_a_form_with_errors_is_explained_instead_of_previewed(admin_client, db):
    plan = make_plan(status="draft")
    table = make_budget(plan, lines=[("item", "1.0")]).tables.get()
    address = f"/admin/planning/budgettable/{table.pk}/change/"
    cell = {"lines-0-amount_budget-2019": "x"}
    data = form_of(admin_client.get(address)) | cell | {"_preview": "x"}
    text = text_of(admin_client.post(address, data))
    assert "Inget kan visas än." in text
    assert "”x” är inget belopp. Skriv ett tal, till exempel 59,3 eller −6 198,0" in text


def test_a_preview_keeps_no_file(admin_client, db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    plan = make_plan(status="draft")
    file = SimpleUploadedFile("bilaga.pdf", b"%PDF-1.7")
    new = {"plan": plan.pk, "title_sv": "Bilaga", "file": file, "_preview": "x"}
    response = admin_client.post("/admin/planning/plandocument/add/", new)
    assert "Bilaga (pdf)" in text_of_html(dict(response.context_data["pages"])["sv"])
    assert not PlanDocument.objects.exists()
    assert list(tmp_path.iterdir()) == []
    document = PlanDocument(plan=plan, position=1, title_sv="Bilaga")
    document.file.save("bilaga.pdf", file)
    assert "Ny titel (pdf)" in text_of_html(
        preview_of(admin_client, document, title_sv="Ny titel")["sv"]
    )


def text_of_html(html):
    class Response:
        content = html.encode()

    return text_of(Response)


def test_an_incomplete_draft_is_previewed(admin_client, db):
    plan = make_plan(status="draft", title_sv="", lead_sv="")
    make_goal(make_perspective(plan, name_sv=""), name_sv="")
    table = make_budget(plan, lines=[("item", "1.0"), ("result", "1.0")]).tables.get()
    table.lines.update(amounts={})
    for obj in (plan, plan.perspectives.get(), plan.budgets.get()):
        assert '<html lang="sv">' in preview_of(admin_client, obj)["sv"]


def test_parts_of_the_profile_are_previewed_on_its_page(admin_client, db):
    profile = make_profile(status="draft")
    value = CoreValue.objects.create(
        profile=profile, position=1, slug="mod", name_sv="Mod", body_sv="."
    )
    assert "Osparat mod" in preview_of(admin_client, value, name_sv="Osparat mod")["sv"]


# --- Links -----------------------------------------------------------------------------------------


def test_a_link_shows_a_draft_to_anyone_and_is_never_stored(client, db):
    plan = make_plan(2030, 2032, status="draft", title_sv="Hemlig plan")
    make_focus_area(make_goal(make_perspective(plan)))
    link = preview.link_to(plan)
    response = client.get(link)
    assert "Hemlig plan 2030–2032" in text_of(response)
    assert "Förhandsgranskning. Det här är inte publicerat." in text_of(response)
    assert "Hjälpte informationen" not in text_of(response)
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies
    assert client.get("/regionplan/2030-2032/").status_code == 404
    assert "Hemlig plan" not in text_of(client.get("/"))


def test_links_on_a_preview_stay_in_the_preview_in_both_languages(client, db):
    plan = make_plan(2030, 2032, status="draft")
    perspective = make_perspective(plan)
    link = preview.link_to(plan)
    page = client.get(link).content.decode()
    inside = link.removesuffix("regionplan/2030-2032/")
    below = f"{inside}regionplan/2030-2032/perspektiv-1/"
    assert perspective.name in text_of(client.get(below))
    assert f'href="{link}"' in client.get(below).content.decode()
    assert f'href="{inside}en/regional-plan/2030-2032/"' in page
    english = client.get(f"{inside}en/regional-plan/2030-2032/").content.decode()
    assert '<html lang="en">' in english
    assert "/static/" in page
    assert f'"{inside}static' not in page


def test_the_pdf_and_the_documents_of_a_draft_are_in_its_preview(client, db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    plan = make_plan(2030, 2032, status="draft")
    document = PlanDocument(plan=plan, position=1, title_sv="Bilaga")
    document.file.save("bilaga.txt", SimpleUploadedFile("bilaga.txt", b"text"))
    inside = preview.link_to(plan).removesuffix("regionplan/2030-2032/")
    response = client.get(f"{inside}regionplan/2030-2032/dokument/1/")
    assert b"".join(response.streaming_content) == b"text"
    # Neither browsers nor nginx may store it.
    assert "no-store" in response["Cache-Control"]
    assert "X-Accel-Expires" not in response
    assert client.get(f"{inside}regionplan/2030-2032.pdf").content.startswith(b"%PDF")


def test_a_link_opens_only_its_own_draft(client, db):
    make_page("annan", status="draft")
    link = preview.link_to(make_page("ny", status="draft"))
    assert client.get(link).status_code == 200
    other = client.get(link.replace("/ny/", "/annan/"))
    assert other.status_code == 404
    # The link itself still opens the draft.
    for response in (other, client.post(link), client.get(link)):
        assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("path", ["admin/", "aterkoppling/", "static/css/base.css", "finns/inte/"])
def test_a_link_opens_only_public_pages(client, db, path):
    link = preview.link_to(make_page("ny", status="draft"))
    assert client.get(link.replace("ny/", path)).status_code == 404


def test_a_link_expires(client, db, monkeypatch):
    link = preview.link_to(make_page("ny", status="draft"))
    later = timezone.now().timestamp() + preview.LINK_DAYS * 24 * 3600 + 1
    monkeypatch.setattr("time.time", lambda: later)
    response = client.get(link)
    assert response.status_code == 410
    assert "gäller i 14 dagar" in text_of(response)


def test_a_forged_link_opens_nothing(client, db):
    link = preview.link_to(make_page("ny", status="draft"))
    assert client.get(link.replace(":", ":x", 1)).status_code == 410
    assert client.get("/forhandsgranska/x/ny/").status_code == 410


def test_a_link_to_a_published_object_redirects_to_its_public_address(client, admin_client, db):
    page = make_page("ny", status="draft", title_en="New", responsible_en="The region")
    link = preview.link_to(page)
    publish(admin_client, page)
    response = client.get(link)
    assert (response.status_code, response["Location"]) == (302, "/ny/")


def test_a_link_never_leads_to_another_site(client, db):
    link = preview.link_to(make_page("ny", status="draft"))
    Page.objects.update(status="published", published_at=timezone.now())
    response = client.get(link.removesuffix("ny/") + "/evil.example/x")
    assert response["Location"] == "/evil.example/x"


def test_a_link_to_a_deleted_object_has_expired(client, db):
    page = make_page("ny", status="draft")
    link = preview.link_to(page)
    page.delete()
    assert client.get(link).status_code == 410


def test_a_preview_does_not_affect_the_next_request(client, db):
    page = make_page("ny", status="draft")
    client.get(preview.link_to(page))
    assert client.get("/ny/").status_code == 404
    with previewing(page):
        pass
    assert client.get("/ny/").status_code == 404
    assert Page.objects.published().count() == 0


def test_the_link_is_offered_until_publication(admin_client, db):
    page = make_page("ny", status="draft")
    text = admin_client.get(f"/admin/pages/page/{page.pk}/dela/").content.decode()
    assert f"http://testserver{preview.link_to(page).split(':')[0]}" in text
    published = make_page("kontakt")
    assert admin_client.get(f"/admin/pages/page/{published.pk}/dela/").status_code == 302


def test_the_link_still_works_after_a_day(client, db, monkeypatch):
    link = preview.link_to(make_page("ny", status="draft"))
    later = (timezone.now() + dt.timedelta(days=13)).timestamp()
    monkeypatch.setattr("time.time", lambda: later)
    assert client.get(link).status_code == 200
