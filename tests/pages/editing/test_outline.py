"""The page where a publishable is edited: its parts as rows, with the form of one of them in its place."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from blekinge_site.staff.addresses import change_address, form_address
from pages.editing.outline import anchor_of, row_address
from pages.models import OpenForm, Revision
from pages.publishing.versions import working_copy
from planning.models import Goal, Perspective, RegionalPlan
from tests.accounts import make_account
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
from tests.staff_forms import admin_address, change, form_of

pytestmark = pytest.mark.database_in_ci


@pytest.fixture
def plan(db):
    return make_plan(2019, 2021, status="draft")


def editor(role="Redaktör"):
    client = Client()
    client.force_login(make_account(role.lower(), role, first_name=role))
    return client


def outline_of(response):
    return response.context["outline"]


def row_of(response, obj):
    return next(row for row in outline_of(response).rows if row.obj == obj)


# --- The page --------------------------------------------------------------------------------------


def test_the_page_has_a_row_for_each_part_and_shows_no_form(admin_client, plan):
    goal = make_goal(make_perspective(plan))
    direct = Goal.objects.create(plan=plan, slug="direkt", name_sv="Direkt", position=1)
    budget = make_budget(plan, lines=[("item", "1.0")])
    response = admin_client.get(admin_address(plan))
    html = response.content.decode()
    for obj in (plan, goal, goal.perspective, direct, budget, budget.tables.get()):
        assert f'href="{row_address(obj)}"' in html
    assert 'name="title_sv"' not in html
    assert OpenForm.objects.count() == 0


def test_a_plan_without_parts_offers_to_add_them(admin_client, plan):
    html = admin_client.get(admin_address(plan)).content.decode()
    for model in ("perspective", "goal", "budget", "followup"):
        assert f'href="/admin/planning/{model}/add/?plan={plan.pk}"' in html


def test_the_form_of_a_part_stands_in_its_row(admin_client, plan):
    first, second = (make_goal(make_perspective(plan)), make_goal(make_perspective(plan, 2), 2))
    response = admin_client.get(admin_address(second))
    html = response.content.decode()
    assert html.index(f'id="{anchor_of(second)}"') < html.index('name="name_sv"')
    assert html.index(f'id="{anchor_of(first)}"') < html.index(f'id="{anchor_of(second)}"')
    assert row_of(response, second).is_current
    assert row_of(response, second.perspective).is_open
    assert not row_of(response, first.perspective).is_open


def test_the_plans_own_form_stands_in_the_first_row(admin_client, plan):
    response = admin_client.get(form_address(plan))
    assert row_of(response, plan).is_current
    assert 'name="title_sv"' in response.content.decode()


def test_a_form_with_errors_stays_in_the_outline(admin_client, plan):
    first, second = make_perspective(plan, 1), make_perspective(plan, 2)
    data = form_of(admin_client.get(admin_address(second))) | {"slug": first.slug}
    response = admin_client.post(admin_address(second), data)
    assert row_of(response, second).is_current
    assert "Ett annat perspektiv i planen har samma adress." in text_of(response)


def test_saving_returns_to_the_part(admin_client, plan):
    goal = make_goal(make_perspective(plan))
    response = change(admin_client, goal, name_sv="Nytt namn")
    assert response["Location"] == row_address(goal)
    response = change(admin_client, plan, title_sv="Ny rubrik")
    assert response["Location"] == row_address(plan)


def test_a_new_part_is_filled_in_where_it_comes(admin_client, plan):
    perspective = make_perspective(plan)
    address = f"/admin/planning/goal/add/?plan={plan.pk}&perspective={perspective.pk}"
    response = admin_client.get(address)
    assert row_of(response, perspective).is_open
    assert '<input type="hidden" name="perspective"' in response.content.decode()
    empty = {"focus_areas-TOTAL_FORMS": "0", "focus_areas-INITIAL_FORMS": "0"}
    fields = {"plan": plan.pk, "perspective": perspective.pk, "name_sv": "Ett mål"}
    response = admin_client.post(address, fields | empty)
    goal = Goal.objects.get()
    assert (goal.perspective, goal.position) == (perspective, 1)
    assert response["Location"] == row_address(goal)
    another = admin_client.post(address, fields | empty | {"slug": "nytt", "_addanother": "1"})
    assert another["Location"] == address
    assert [row.position for row in Goal.objects.order_by("pk")] == [1, 2]


@pytest.mark.parametrize("query", ["", "?plan=", "?plan=x", "?plan=999999"])
def test_a_new_part_without_a_parent_has_a_form_of_its_own(admin_client, plan, query):
    response = admin_client.get(f"/admin/planning/goal/add/{query}")
    assert '<select name="plan"' in response.content.decode()
    assert "outline" not in response.context


def test_a_deleted_part_leads_back_to_its_plan(admin_client, plan):
    goal = make_goal(make_perspective(plan))
    assert "Ta bort" in text_of(admin_client.get(admin_address(plan)))
    assert admin_client.get(admin_address(goal, "delete")).status_code == 200
    response = admin_client.post(admin_address(goal, "delete"), {"post": "yes"})
    assert response["Location"] == change_address(plan)
    assert not Goal.objects.exists()


def test_a_part_of_something_published_is_not_in_an_outline(admin_client, db):
    goal = make_goal(make_perspective(make_plan()))
    response = admin_client.get(admin_address(goal))
    assert "outline" not in response.context
    assert "Ändra i arbetskopian" in text_of(response)


def test_the_profile_and_a_page_have_outlines_too(admin_client, db):
    profile = make_profile(status="draft")
    assert 'name="name_sv"' not in admin_client.get(admin_address(profile)).content.decode()
    assert 'name="name_sv"' in admin_client.get(form_address(profile)).content.decode()
    page = make_page("kontakt", status="draft")  # it has no parts, so its form is always shown
    assert 'name="title_sv"' in admin_client.get(admin_address(page)).content.decode()


def test_rows_have_marks_of_the_findings_about_them(admin_client, plan):
    goal = make_goal(make_perspective(plan, name_en="One"), name_en="Goal")
    make_focus_area(goal)  # without English
    response = admin_client.get(admin_address(plan))
    assert [mark.text for mark in row_of(response, goal).marks] == ["Saknar engelska"]
    assert row_of(response, goal.perspective).mark_below.text == "Saknar engelska"
    assert "Saknar engelska" in text_of(response)


def test_rows_tell_who_else_has_them_open(plan):
    goal = make_goal(make_perspective(plan))
    area = make_focus_area(goal)
    astrid, bo = editor("Redaktör"), editor("Publicist")
    astrid.get(admin_address(area))
    response = bo.get(admin_address(plan))
    assert row_of(response, goal).users == ["Redaktör"]
    assert row_of(astrid.get(admin_address(plan)), goal).users == []


@pytest.mark.parametrize("is_copy", [False, True])
def test_the_number_of_queries_does_not_grow(admin_client, db, is_copy):
    plan = make_plan(status="published" if is_copy else "draft")

    def queries_of(address):
        with CaptureQueriesContext(connection) as queries:
            admin_client.get(address)
        return len(queries)

    def make(number):
        perspective = make_perspective(plan, number)
        for position in (2 * number, 2 * number + 1):
            make_focus_area(make_goal(perspective, position))
        make_budget(plan, 2018 + number, lines=[("item", "1.0")])

    counts = []
    for numbers in ([1], [2], [3, 4]):  # the first pages load what later ones reuse
        for number in numbers:
            make(number)
        shown = working_copy(plan) if is_copy else plan
        goal = Goal.objects.filter(plan=shown).last()
        pages = [admin_address(shown), admin_address(goal), admin_address(shown, "publicera")]
        counts.append([queries_of(page) for page in pages])
        if is_copy:
            shown.delete()
    assert counts[1] == counts[2]


# --- Something published ---------------------------------------------------------------------------


def test_the_page_of_a_published_plan_offers_a_working_copy(admin_client, db):
    plan = make_plan()
    goal = make_goal(make_perspective(plan))
    response = admin_client.get(admin_address(plan))
    text = text_of(response)
    assert "Ändra i en arbetskopia" in text
    assert goal.name_sv in text
    response = admin_client.post(f"/admin/planning/regionalplan/{plan.pk}/arbetskopia/")
    copy = RegionalPlan.objects.get(version=2)
    assert response["Location"] == change_address(copy)
    assert "Fortsätt i arbetskopian" in text_of(admin_client.get(admin_address(plan)))


# --- Moving ----------------------------------------------------------------------------------------


def moved(client, obj, target):
    return client.post(f"{admin_address(obj, 'flytta')}", {"till": target})


def order(model):
    return list(model.objects.values_list("pk", flat=True))


def test_a_part_moves_up_and_down(plan):
    first, second, third = (make_perspective(plan, number) for number in (1, 2, 3))
    client = editor()
    response = moved(client, third, "upp")
    assert order(Perspective) == [first.pk, third.pk, second.pk]
    assert response["Location"] == f"{change_address(plan)}#{anchor_of(third)}"
    moved(client, first, "ner")
    assert order(Perspective) == [third.pk, first.pk, second.pk]
    assert "Flyttade perspektiv ”perspektiv 1” ner." in text_of(client.get(admin_address(plan)))
    events = [revision.event for revision in Revision.objects.of(plan)]
    assert events == [
        "Flyttade perspektiv ”perspektiv 1” ner",
        "Flyttade perspektiv ”perspektiv 3” upp",
        "Innan det ändrades",
    ]


@pytest.mark.parametrize("target", ["upp", "ner", "", "perspective-999", "sidan"])
def test_a_part_stays_where_it_cannot_move(plan, target):
    perspective = make_perspective(plan)
    goal = make_goal(perspective)
    assert moved(editor(), goal, target).status_code == 302
    assert Revision.objects.count() == 0


def test_a_goal_moves_to_another_perspective_and_out_of_it(plan):
    first, second = make_perspective(plan, 1), make_perspective(plan, 2)
    goals = [make_goal(first, 1), make_goal(first, 2)]
    make_goal(second, 3)
    client = editor()
    moved(client, goals[0], anchor_of(second))
    assert [goal.position for goal in first.goals.all()] == [1]
    assert [goal.position for goal in second.goals.all()] == [1, 2]
    assert second.goals.last() == goals[0]
    moved(client, goals[0], anchor_of(plan))
    assert Goal.objects.get(perspective=None) == goals[0]


def test_a_goal_does_not_move_to_the_perspective_of_another_plan(plan):
    goal = make_goal(make_perspective(plan))
    other = make_perspective(make_plan(2030, 2032, status="draft"))
    moved(editor(), goal, anchor_of(other))
    assert Goal.objects.get().perspective == goal.perspective


def test_a_goal_whose_address_is_taken_is_not_moved(plan):
    first, second = make_perspective(plan, 1), make_perspective(plan, 2)
    goal = make_goal(first, 1)
    make_goal(second, 1)
    client = editor()
    moved(client, goal, anchor_of(second))
    assert "Ett annat mål i perspektivet har samma adressord." in text_of(
        client.get(admin_address(plan))
    )
    assert Goal.objects.get(pk=goal.pk).perspective == first


def test_only_staff_who_may_change_a_draft_move_its_parts(plan, client):
    make_perspective(plan, 1)
    second = make_perspective(plan, 2)
    assert "/login/" in moved(client, second, "upp")["Location"]
    assert editor().get(admin_address(second, "flytta")).status_code == 405
    plan.status = "published"
    plan.save()
    assert moved(editor("Publicist"), second, "upp").status_code == 403
    assert order(Perspective)[1] == second.pk
