"""Each page of the admin is accessible and in Swedish, in every state."""

import datetime as dt

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import User
from django.utils import timezone

from blekinge_site.staff import signin_log
from pages.models import Feedback, Page, RegionProfile, Revision
from pages.publishing.history import save_revision
from pages.publishing.versions import working_copy
from planning.models import Budget, Goal, RegionalPlan
from tests.browser import pages
from tests.browser.desk import account, click, enter, faults, open_form, preview
from tests.factories import make_budget, make_goal, make_page, make_perspective, make_plan
from tests.staff_forms import admin_address

DAY = dt.timedelta(days=1)


def faults_at(page, addresses):
    """Return the faults of the pages at `addresses` as lines that begin with the address."""
    lines = []
    for address in addresses:
        page.goto(address)
        lines += [f"{address} {fault}" for fault in faults(page)]
    return "\n".join(lines)


# Models whose lists and forms have, between them, all kinds of fields and inlines.
REPRESENTATIVE = (LogEntry, User, Page, RegionProfile, RegionalPlan, Goal, Budget)


@pytest.mark.parametrize("app", ["admin", "auth", "pages", "planning"])
def test_each_list_and_form_is_accessible_and_in_swedish(editor, superuser, app):
    """Outside CI, only those of `REPRESENTATIVE` models."""
    pages.add_optional_content()
    for model in (RegionProfile, Page, RegionalPlan):
        for obj in model.objects.order_by("pk"):
            working_copy(obj)
    LogEntry.objects.log_actions(superuser.pk, [superuser], ADDITION, [{"added": {}}])
    signin_log.log_sign_in_event(superuser, "Loggade in.")
    Feedback.objects.create(address="/", language="sv", helpful=False, message="Var är kartan?")
    editor.goto(f"/admin/{app}/")
    hrefs = "all => all.map(link => link.getAttribute('href'))"
    linked = [f"/admin/{app}/", *editor.locator("#content-main a").evaluate_all(hrefs)]
    addresses = linked if settings.IN_CI else linked[:1]
    for model in admin.site._registry:
        if model._meta.app_label == app:
            listed = f"/admin/{app}/{model._meta.model_name}/"
            assert listed in linked
            if settings.IN_CI or model in REPRESENTATIVE:
                rows = model.objects.order_by("pk")
                # The first row is published and read-only; the last is its working copy, which is editable.
                addresses += [listed, *(admin_address(obj) for obj in (rows.first(), rows.last()))]
    assert faults_at(editor, dict.fromkeys(addresses)) == ""


def test_the_sign_in_pages_are_accessible_and_in_swedish(editor):
    assert faults_at(editor, ["/admin/konto/losenord/"]) == ""
    editor.context.clear_cookies()
    assert faults_at(editor, ["/admin/login/"]) == ""


def test_the_publishing_pages_are_accessible_and_in_swedish(editor):
    plan = RegionalPlan.objects.get()
    copy = working_copy(plan)
    nameless = make_plan(2022, 2024, status="draft", title_sv="")
    make_goal(make_perspective(nameless, name_sv=""), name_sv="")
    planned = make_page("nyhet", publish_at=timezone.now() + DAY)
    addresses = [
        admin_address(nameless, "change"),
        admin_address(nameless, "publicera"),  # with errors
        admin_address(copy, "publicera"),  # with advice only
        admin_address(plan, "publicera"),  # published already
        admin_address(plan, "dra-tillbaka"),
        admin_address(planned, "dra-tillbaka"),
        admin_address(planned, "change"),
        admin_address(copy, "dela"),
        admin_address(copy, "importera"),
        admin_address(plan, "importera"),
        admin_address(copy, "ny-budget"),
        admin_address(plan, "kopiera"),
    ]
    assert faults_at(editor, addresses) == ""
    for year in (2020, 2021):
        make_budget(copy, year)
    assert faults_at(editor, [admin_address(copy, "ny-budget")]) == ""

    editor.goto(admin_address(copy, "publicera"))
    enter(editor, {"Publiceras:": "2019-01-01 08.00", "Avpubliceras:": "i morgon"})
    click(editor, "button", "Publicera")
    assert editor.locator(".errorlist li").all_inner_texts() == [
        "Den tiden har varit. Lämna fältet tomt för att publicera nu.",
        "Skriv dag och klockslag, till exempel 2026-11-26 13.00 eller i morgon 8.",
    ]
    assert faults(editor) == []
    enter(editor, {"Publiceras:": "2999-01-01 08.00", "Avpubliceras:": ""})
    click(editor, "button", "Publicera")
    assert faults(editor) == []  # scheduled, with a message


def test_the_history_pages_are_accessible_and_in_swedish(editor, superuser):
    copy, draft = working_copy(RegionalPlan.objects.get()), make_page("utkast", status="draft")
    history, deleted = admin_address(copy, "history"), "/admin/pages/page/borttaget/"
    assert faults_at(editor, [history, deleted]) == ""  # empty

    save_revision(copy, superuser, "Gjorde en arbetskopia")
    Goal.objects.filter(perspective__plan=copy, slug="god-tillganglighet").update(name_sv="Närhet")
    save_revision(copy, superuser, "Ändrade inriktningsmål ”Närhet”")
    copy.budgets.all().delete()
    save_revision(copy, superuser, "Tog bort budget ”Budget 2019”")
    save_revision(draft, superuser, "Tog bort sida ”Utkast”")
    draft.delete()
    last, _between, first = Revision.objects.of(copy)
    compare = f"{history}?fran={first.pk}&till="
    assert (
        faults_at(editor, [history, deleted, f"{compare}{last.pk}", f"{compare}{first.pk}"]) == ""
    )


def test_a_preview_is_accessible_and_in_swedish(editor):
    open_form(editor, working_copy(Page.objects.get(slug="kontakt")))
    popup = preview(editor)
    popup.frame_locator("[title='Sidan på svenska']").get_by_role("heading", level=1).wait_for()
    assert faults(popup) == []
    popup.get_by_label("Engelska").check()
    popup.get_by_label("Telefon").check()
    assert faults(popup) == []

    enter(editor, {"Granskas senast:": "snart"})
    popup = preview(editor)
    assert popup.locator(".errornote").inner_text().startswith("Inget kan visas än.")
    assert faults(popup) == []


def test_a_form_with_a_conflict_is_accessible_and_in_swedish(editor, sit_down):
    plan = make_plan(2022, 2024, status="draft")
    other = sit_down(account("Publicist", "Per Palm"))
    for page in (editor, other):
        open_form(page, plan)
    enter(other, {"Rubrik, svenska:": "Verksamhetsplan"})
    click(other, "button", "Spara")
    enter(editor, {"Rubrik, svenska:": "Mål och budget"})
    click(editor, "button", "Spara")
    assert "Per Palm" in editor.locator(".errorlist").inner_text()
    assert faults(editor) == []
