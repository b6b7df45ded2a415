"""Concurrent edits: no text is lost, and no change is overwritten without a warning."""

import datetime as dt
import re

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from pages.models import OpenForm
from planning.models import Goal
from tests.factories import make_budget, make_focus_area, make_goal, make_perspective, make_plan
from tests.site import text_of
from tests.staff_forms import form_of

pytestmark = pytest.mark.database


@pytest.fixture
def two_editors(db):
    clients = []
    for name in ("Astrid", "Bo"):
        user = User.objects.create_user(name.lower(), first_name=name, is_staff=True)
        user.groups.add(Group.objects.get(name="Redaktör"))
        client = Client()
        client.force_login(user)
        clients.append(client)
    return clients


@pytest.fixture
def goal(db):
    return make_goal(make_perspective(make_plan(status="draft")))


def address_of(obj):
    return f"/admin/planning/{obj._meta.model_name}/{obj.pk}/change/"


def opened(client, obj):
    """Open the form of `obj` and return the data that a browser would submit."""
    answer = client.get(address_of(obj))
    return form_of(answer) | {"_seen": answer.context["seen"]}


def test_the_second_to_save_is_told_and_loses_nothing(two_editors, goal):
    first, second = two_editors
    theirs, mine = opened(first, goal), opened(second, goal)
    first.post(address_of(goal), theirs | {"name_sv": "Astrids namn"})
    answer = second.post(address_of(goal), mine | {"name_sv": "Bos namn", "name_en": "Bo's"})
    text = text_of(answer)
    assert re.search(r"Astrid [\d-]+ [\d.]+ sparade det här medan du hade det öppet", text)
    assert "Namn, svenska: ”Astrids namn”" in text
    assert 'value="Bos namn"' in answer.content.decode()
    assert Goal.objects.get().name_sv == "Astrids namn"
    # The editor has now seen the other change, so a second save is accepted.
    again = mine | {"name_sv": "Bos namn", "_seen": answer.context["seen"]}
    assert second.post(address_of(goal), again).status_code == 302
    assert Goal.objects.get().name_sv == "Bos namn"


def test_a_row_that_another_user_changed_is_a_conflict_too(two_editors, goal):
    area = make_focus_area(goal)
    first, second = two_editors
    mine = opened(second, goal)
    first.post(address_of(area), opened(first, area) | {"text_sv": "Astrids insats."})
    answer = second.post(address_of(goal), mine | {"name_sv": "Bos namn"})
    assert "Text, svenska: ”Astrids insats.”" in text_of(answer)
    area.refresh_from_db()
    assert area.text_sv == "Astrids insats."


def test_changes_elsewhere_in_the_plan_are_in_nobodys_way(two_editors, goal):
    first, second = two_editors
    mine = opened(second, goal)
    other = make_goal(goal.perspective, 2)
    first.post(address_of(other), opened(first, other) | {"name_sv": "Något annat"})
    first.post(
        address_of(goal.perspective.plan),
        opened(first, goal.perspective.plan) | {"title_sv": "Ny rubrik"},
    )
    assert second.post(address_of(goal), mine | {"name_sv": "Bos namn"}).status_code == 302


def test_a_budget_that_got_a_line_meanwhile_is_told(two_editors, goal):
    budget = make_budget(goal.perspective.plan, lines=[("item", "1.0")])
    first, second = two_editors
    mine = opened(second, budget)
    row = {"lines-TOTAL_FORMS": "2", "lines-1-budget": budget.pk, "lines-1-name_sv": "Ny rad"}
    row |= {"lines-1-code": "ny", "lines-1-kind": "item", "lines-1-amount_msek": "2,0"}
    assert first.post(address_of(budget), opened(first, budget) | row).status_code == 302
    answer = second.post(address_of(budget), mine | {"lines-0-amount_msek": "5,0"})
    assert "sparade det här medan du hade det öppet" in text_of(answer)
    assert [line.amount_msek for line in budget.lines.all()] == [1, 2]


def test_text_submitted_for_an_object_published_meanwhile_is_shown_and_not_saved(two_editors, goal):
    _first, second = two_editors
    mine = opened(second, goal)
    plan = goal.perspective.plan
    plan.status = "published"
    plan.save()
    text = text_of(second.post(address_of(goal), mine | {"name_sv": "Bos namn"}))
    assert "Regionplan 2019–2021 publicerades" not in text
    assert "publicerades, eller ska publiceras, sedan du öppnade formuläret." in text
    assert "Namn, svenska Bos namn" in text
    assert Goal.objects.get().name_sv == "Mål 1"


def test_text_submitted_for_a_deleted_object_is_shown(two_editors, goal):
    _first, second = two_editors
    mine, address = opened(second, goal), address_of(goal)
    goal.delete()
    text = text_of(second.post(address, mine | {"name_sv": "Bos namn"}))
    assert "Det här togs bort sedan du öppnade formuläret." in text
    assert "Namn, svenska Bos namn" in text


def test_a_row_that_somebody_deleted_can_be_saved_again_as_a_new_row(two_editors, goal):
    gone, kept = make_focus_area(goal, 1), make_focus_area(goal, 2)
    _first, second = two_editors
    address = address_of(goal)
    mine = opened(second, goal) | {"focus_areas-0-text_sv": "Bos insats."}
    gone.delete()
    answer = second.post(address, mine)
    assert "Du själv" not in text_of(answer)
    again = form_of(answer) | {"_seen": answer.context["seen"]}
    for inline in answer.context["inline_admin_formsets"]:
        for row in inline.formset.extra_forms:
            again |= {bound.html_name: bound.value() or "" for bound in row}
    assert second.post(address, again).status_code == 302
    assert list(goal.focus_areas.values_list("text_sv", flat=True)) == ["Bos insats.", kept.text_sv]


def test_two_tabs_of_the_same_user_conflict_too(two_editors, goal):
    _first, second = two_editors
    mine = opened(second, goal)
    second.post(address_of(goal), opened(second, goal) | {"name_sv": "Först"})
    text = text_of(second.post(address_of(goal), mine | {"name_sv": "Sedan"}))
    assert "Du själv" in text
    assert Goal.objects.get().name_sv == "Först"


def test_opening_a_form_shows_who_has_it_open(two_editors, goal):
    first, second = two_editors
    assert "öppnade det här" not in text_of(first.get(address_of(goal)))
    assert "Astrid öppnade det här" in text_of(second.get(address_of(goal)))
    first.post(address_of(goal), opened(first, goal) | {"name_sv": "Nytt"})
    assert "Astrid öppnade det här" not in text_of(second.get(address_of(goal)))


def test_a_form_left_open_long_ago_is_not_told(two_editors, goal):
    first, second = two_editors
    first.get(address_of(goal))
    OpenForm.objects.update(opened_at=timezone.now() - dt.timedelta(minutes=31))
    assert "öppnade det här" not in text_of(second.get(address_of(goal)))


def test_a_published_form_is_nobodys_to_have_open(two_editors, db):
    plan = make_plan()
    two_editors[0].get(address_of(plan))
    assert not OpenForm.objects.exists()


def test_an_invalid_fingerprint_is_not_trusted(two_editors, goal):
    first, _second = two_editors
    new = {"goal": goal.pk, "text_sv": "Ny.", "_seen": "x@y"}
    assert first.post("/admin/planning/focusarea/add/", new).status_code == 302
    for number in ("abc", "99999999999999999999"):
        first.post(f"/admin/planning/goal/{number}/change/", {"_seen": "x"})
    answer = first.post(address_of(goal), opened(first, goal) | {"_seen": "x@9e99"})
    assert "sparade det här medan du hade det öppet" in text_of(answer)
