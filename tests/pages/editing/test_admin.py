"""Editing in the admin, through the test client; tests/browser/ does it in a real browser."""

import datetime as dt
import re

import pytest
from django.apps import apps
from django.db import OperationalError

from blekinge_site.staff.addresses import form_address
from pages.models import CoreValue, DailyStat, Page, RegionProfile
from planning.models import FocusArea, Perspective, RegionalPlan
from tests.factories import (
    make_budget,
    make_focus_area,
    make_goal,
    make_page,
    make_perspective,
    make_plan,
    make_profile,
    make_table,
)
from tests.site import text_of
from tests.staff_forms import admin_address, change, form_of, publish

pytestmark = pytest.mark.database_in_ci


def errors_of(response):
    return [message for errors in response.context["errors"] for message in errors]


@pytest.fixture
def plan(db):
    """A draft plan. For published plans, see test_working_copies.py."""
    english = {"title_en": "Plan", "lead_en": "Where.", "responsible_en": "The region"}
    return make_plan(2019, 2021, status="draft", **english)


def test_every_field_has_a_swedish_name_and_help_text():
    for app in ("pages", "planning"):
        for model in apps.get_app_config(app).get_models():
            for field in model._meta.fields:
                if field.editable and not field.auto_created:
                    assert field.help_text, field
                    # Without a verbose_name, Django makes an English name from the field's.
                    same_in_both = {"status", "vision", "text", "budget", "version"}
                    default_name = field.name.replace("_", " ")
                    assert field.verbose_name != default_name or default_name in same_in_both, field


def test_a_goal_is_changed_in_both_languages(admin_client, plan):
    goal = make_goal(make_perspective(plan))
    change(admin_client, goal, name_sv="Nytt namn", name_en="New name")
    publish(admin_client, plan)
    assert "Nytt namn" in text_of(admin_client.get("/regionplan/2019-2021/"))
    assert "New name" in text_of(admin_client.get("/en/regional-plan/2019-2021/"))


@pytest.mark.parametrize("written", ["2018-11-26", "26 november 2018"])
def test_a_date_is_read(admin_client, plan, written):
    budget = make_budget(plan)
    change(admin_client, budget, decided_on=written)
    assert budget.decided_on == dt.date(2018, 11, 26)


def test_rows_are_numbered_in_their_order_when_saved(admin_client, plan):
    goal = make_goal(make_perspective(plan))
    areas = [make_focus_area(goal, number) for number in (1, 2, 3)]
    moved = {"focus_areas-0-position": "2", "focus_areas-1-position": "1"}
    added = {
        "focus_areas-TOTAL_FORMS": "5",
        "focus_areas-3-text_sv": "Fjärde.",
        "focus_areas-4-text_sv": "Femte.",
        "focus_areas-3-goal": goal.pk,
        "focus_areas-4-goal": goal.pk,
    }
    change(admin_client, goal, **moved, **added)
    texts = list(goal.focus_areas.values_list("position", "text_sv"))
    expected = ["Insats 2.", "Insats 1.", "Insats 3.", "Fjärde.", "Femte."]
    assert texts == list(enumerate(expected, start=1))
    assert areas[0].goal == goal


def test_a_new_part_comes_last_in_its_plan(admin_client, plan):
    make_perspective(plan, 1)
    new = {"plan": plan.pk, "name_sv": "ny", "slug": "ny", "slug_en": ""}
    empty = {"goals-TOTAL_FORMS": "0", "goals-INITIAL_FORMS": "0"}
    response = admin_client.post("/admin/planning/perspective/add/", new | empty)
    assert response.status_code == 302
    assert list(plan.perspectives.values_list("position", "slug")) == [
        (1, "perspektiv-1"),
        (2, "ny"),
    ]


def test_objects_with_known_addresses_cannot_be_deleted(admin_client, db):
    plan = make_plan()
    perspective, page = make_perspective(plan, slug="ekonomi"), make_page("kontakt")
    for obj in (plan, perspective, page, make_budget(plan)):
        assert admin_client.post(admin_address(obj), {}).status_code == 403
        assert admin_client.post(admin_address(obj, "delete"), {"post": "yes"}).status_code == 403
        assert type(obj).objects.filter(pk=obj.pk).exists()


def test_published_objects_survive_the_delete_action(admin_client, db):
    plan = make_plan()
    data = {"action": "delete_selected", "_selected_action": [plan.pk], "post": "yes"}
    admin_client.post("/admin/planning/regionalplan/", data)
    assert RegionalPlan.objects.exists()


def test_a_draft_may_be_deleted_and_moved(admin_client, db):
    draft = make_plan(2022, 2024, status="draft")
    change(admin_client, draft, last_year="2025")
    assert draft.last_year == 2025
    admin_client.post(f"/admin/planning/regionalplan/{draft.pk}/delete/", {"post": "yes"})
    assert not RegionalPlan.objects.exists()


def test_a_change_in_a_part_changes_the_plan(admin_client, plan):
    goal = make_goal(make_perspective(plan))
    area = make_focus_area(goal)
    long_ago = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    for obj, changes in (
        (plan, {"title_sv": "Ny"}),
        (goal.perspective, {"name_sv": "ny"}),
        (goal, {"focus_areas-0-text_sv": "Ny."}),
        (area, {"text_sv": "Nyare."}),
        (make_budget(plan), {"introduction_sv": "Ny."}),
    ):
        RegionalPlan.objects.update(changed_at=long_ago)
        change(admin_client, obj)
        plan.refresh_from_db()
        assert plan.changed_at == long_ago, "saved as it was"
        change(admin_client, obj, **changes)
        plan.refresh_from_db()
        assert plan.changed_at > long_ago, obj
    RegionalPlan.objects.update(changed_at=long_ago)
    admin_client.post(f"/admin/planning/focusarea/{area.pk}/delete/", {"post": "yes"})
    plan.refresh_from_db()
    assert plan.changed_at > long_ago
    assert not FocusArea.objects.exists()


def test_each_part_links_up_to_its_plan(admin_client, plan):
    area = make_focus_area(make_goal(make_perspective(plan)))
    page = admin_client.get(f"/admin/planning/focusarea/{area.pk}/change/")
    assert [str(name) for name, _address in page.context["lineage"]] == [
        "Regionplan 2019–2021",
        "Perspektiv 1",
        "Mål 1",
    ]


def test_lists_show_which_plan_a_part_belongs_to(admin_client, plan):
    goal = make_goal(make_perspective(plan))
    make_focus_area(goal)
    table = make_table(make_budget(plan), [("item", ["1.0"])])
    for name in ("perspective", "goal", "focusarea", "budgettable", "budgetline", "budget"):
        html = admin_client.get(f"/admin/planning/{name}/").content.decode()
        assert re.search(r'class="field-(plan|belongs_to)[^>]*>(<[^>]+>)?Regionplan 2019', html), (
            name
        )
    assert table.publishable() == plan


def test_english_texts_are_marked_as_english(admin_client, plan):
    goal = make_goal(make_perspective(plan), name_en="A goal", description_en="<p>Text.</p>")
    for obj in (plan, goal):
        html = admin_client.get(form_address(obj)).content.decode()
        fields = re.findall(r'<(?:input|textarea)[^>]* name="[^"]+_en"[^>]*>', html)
        assert fields
        assert [field for field in fields if 'lang="en"' not in field] == []
    swedish = re.findall(r'<(?:input|textarea)[^>]* name="[^"]+_sv"[^>]*>', html)
    assert [field for field in swedish if "lang=" in field] == []


def test_english_texts_that_cannot_be_changed_are_marked_too(admin_client, db):
    page = make_page("kontakt", title_en="A < page", body_en="<p>Text.</p>")
    html = admin_client.get(admin_address(page)).content.decode()
    assert '<div lang="en">A &lt; page</div>' in html
    assert '<div lang="en"><p>Text.</p></div>' in html


def test_the_filter_lists_objects_without_english(admin_client, plan):
    perspective = make_perspective(plan, 1, name_en="one", description_sv="Text.")
    make_perspective(plan, 2, name_en="two")
    make_perspective(plan, 3)
    listed = admin_client.get("/admin/planning/perspective/", {"engelska": "saknas"})
    assert list(listed.context["cl"].queryset) == [perspective, Perspective.objects.get(position=3)]


def test_view_on_site_is_offered_for_public_objects(admin_client, db):
    plan = make_plan()
    goal = make_goal(make_perspective(plan))
    address = f"/admin/planning/goal/{goal.pk}/change/"
    link = '<a href="/regionplan/2019-2021/perspektiv-1/#mal-1" class="viewsitelink">'
    assert link in admin_client.get(address).content.decode()
    RegionalPlan.objects.update(status="draft")
    assert "viewsitelink" not in admin_client.get(address).content.decode()


def test_there_is_no_second_profile_to_add(admin_client, db):
    assert admin_client.get("/admin/pages/regionprofile/add/").status_code == 200
    make_profile()
    assert admin_client.get("/admin/pages/regionprofile/add/").status_code == 403


def test_the_profile_is_edited_with_its_numbers(admin_client, db):
    profile = make_profile(status="draft")
    DailyStat.objects.create(profile=profile, position=1, value=4, sentence_sv="barn föds")
    CoreValue.objects.create(profile=profile, position=1, slug="mod", name_sv="Mod", body_sv=".")
    change(admin_client, profile, **{"daily_stats-0-value": "22\u00a0022"})
    assert DailyStat.objects.get().value == 22022
    assert RegionProfile.objects.get().daily_stats.count() == 1


def test_feedback_is_read_and_not_changed(admin_client, client, content):
    client.post("/aterkoppling/", {"address": "/kontakt/", "helpful": "nej"})
    text = text_of(admin_client.get("/admin/pages/feedback/"))
    assert "/kontakt/" in text
    assert admin_client.get("/admin/pages/feedback/add/").status_code == 403


def test_a_page_may_be_written_as_rich_text(admin_client, db):
    page = make_page("kontakt", status="draft")
    change(admin_client, page, body_sv="<p>Ring <strong>oss</strong></p><script>x()</script>")
    assert Page.objects.get().body_sv == "<p>Ring <strong>oss</strong></p>"


def test_a_plan_is_copied_to_a_period_of_its_own(admin_client, content):
    plan = RegionalPlan.objects.get()
    form = f"/admin/planning/regionalplan/{plan.pk}/change/"
    address = f"/admin/planning/regionalplan/{plan.pk}/kopiera/"
    assert f'href="{address}"' in admin_client.get(form).content.decode()
    response = admin_client.get(address)
    assert response.context["form"].initial == {"first_year": 2022, "last_year": 2024}
    taken = admin_client.post(address, {"first_year": "2019", "last_year": "2021"})
    assert "Det finns redan en regionplan för de åren." in text_of(taken)
    assert RegionalPlan.objects.count() == 1
    done = admin_client.post(address, {"first_year": "2022", "last_year": "2024"}, follow=True)
    assert "är kopierad till ett utkast för 2022–2024" in text_of(done)
    assert "Regionplan med budget 2022–2024" not in text_of(admin_client.get("/regionplan/"))


def test_a_uniqueness_error_with_a_read_only_field_is_explained(admin_client, plan):
    first, second = make_perspective(plan, 1), make_perspective(plan, 2)
    goals = make_goal(first, 1), make_goal(first, 2)
    budgets = make_budget(plan, 2019), make_budget(plan, 2020)
    for obj, fields, message in (
        (second, {"slug": first.slug}, "Ett annat perspektiv i planen har samma adress."),
        (goals[1], {"slug": goals[0].slug}, "Ett annat mål i perspektivet har samma adressord."),
        (budgets[1], {"year": "2019"}, "Planen har redan en budget för det året."),
    ):
        address = admin_address(obj)
        response = admin_client.post(address, form_of(admin_client.get(address)) | fields)
        assert response.status_code == 200, obj
        assert message in errors_of(response)


@pytest.mark.parametrize("name", ["Budget 2020", "!!!"])
def test_a_slug_is_generated_before_validation(admin_client, plan, name):
    new = {"plan": plan.pk, "name_sv": name, "slug": "", "slug_en": "", "position": ""}
    empty = {"goals-TOTAL_FORMS": "0", "goals-INITIAL_FORMS": "0"}
    response = admin_client.post("/admin/planning/perspective/add/", new | empty)
    if name == "!!!":
        assert plan.perspectives.get().slug == "perspektiv"
    else:
        assert "Adresser som börjar på budget- hör till budgetarna." in errors_of(response)


def test_admin_addresses_without_a_valid_number_are_missing(admin_client, db):
    assert admin_client.get("/admin/planning/goal/abc/history/").status_code == 404
    assert admin_client.get("/admin/planning/regionalplan/abc/history/").status_code == 404
    assert admin_client.get("/admin/admin/logentry/?slag=abc").status_code == 200
    plan = make_plan()
    address = f"/admin/planning/regionalplan/{plan.pk}/arbetskopia/"
    for part in ("pages.feedback:1", "sessions.session:\0", "planning.goal:x", "x"):
        assert admin_client.post(address, {"del": part}).status_code == 302


def test_a_save_that_the_database_refuses_asks_staff_to_try_again(admin_client, db, monkeypatch):
    page = make_page("nyhet", status="draft")
    address = f"/admin/pages/page/{page.pk}/change/"
    data = form_of(admin_client.get(address)) | {"lead_sv": "Halvt sparat."}
    admin_client.raise_request_exception = False

    def fail(*args, **kwargs):
        raise OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("pages.editing.saving.save_revision", fail)
        response = admin_client.post(address, data)
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert "Räkna med att det du skickade inte är sparat." in text_of(response)
    page.refresh_from_db()
    assert page.lead_sv is None
