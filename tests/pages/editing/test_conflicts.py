"""Two editors at once: no text is lost, and none is overwritten without a warning."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.utils import timezone

from blekinge_site.staff.addresses import form_address
from pages.models import OpenForm
from planning.models import Goal
from tests.accounts import make_account
from tests.factories import (
    make_budget,
    make_focus_area,
    make_goal,
    make_page,
    make_perspective,
    make_plan,
)
from tests.site import text_of
from tests.staff_forms import admin_address, form_of

pytestmark = pytest.mark.database


@pytest.fixture
def two_editors(db):
    clients = []
    for name in ("Astrid", "Bo"):
        client = Client()
        client.force_login(make_account(name.lower(), "Redaktör", first_name=name))
        clients.append(client)
    return clients


@pytest.fixture
def goal(db):
    return make_goal(make_perspective(make_plan(status="draft")))


def opened(client, obj):
    """Open the form of `obj`; return the data that a browser would submit from it."""
    response = client.get(form_address(obj))
    return form_of(response) | {"_seen": response.context["seen"]}


def choices(response):
    """Return the conflicts that the page asks about: `[(label, mine, theirs), …]`."""
    return [
        (conflict.label, conflict.mine, conflict.theirs)
        for conflict in response.context["conflicts"]
    ]


def resubmitted(response, choice):
    """Return the data that a browser submits from a page with conflicts, with `choice` in each."""
    forms = [response.context["adminform"].form]
    for inline in response.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    data = {bound.html_name: bound.value() for form in forms for bound in form if bound.value()}
    data |= {conflict.choice_name: choice for conflict in response.context["conflicts"]}
    return data | {"_seen": response.context["seen"]}


def test_fields_that_only_one_has_changed_are_merged(two_editors, goal):
    first, second = two_editors
    theirs, mine = opened(first, goal), opened(second, goal)
    first.post(admin_address(goal), theirs | {"name_sv": "Astrids namn"})
    response = second.post(admin_address(goal), mine | {"name_en": "Bo's"}, follow=True)
    assert re.search(r"Astrid [\d-]+ [\d.]+ sparade också det här", text_of(response))
    goal.refresh_from_db()
    assert (goal.name_sv, goal.name_en) == ("Astrids namn", "Bo's")


@pytest.mark.parametrize(("choice", "name"), [("mine", "Bos namn"), ("theirs", "Astrids namn")])
def test_what_both_have_changed_is_asked_about(two_editors, goal, choice, name):
    first, second = two_editors
    theirs, mine = opened(first, goal), opened(second, goal)
    their_texts = {"name_sv": "Astrids namn", "description_sv": "Astrids."}
    first.post(admin_address(goal), theirs | their_texts)
    response = second.post(admin_address(goal), mine | {"name_sv": "Bos namn", "name_en": "Bo's"})
    text = text_of(response)
    assert re.search(r"Astrid [\d-]+ [\d.]+ sparade det här medan du hade det öppet", text)
    assert choices(response) == [("Namn, svenska", "Bos namn", "Astrids namn")]
    assert "<del>Astrids</del><ins>Bos</ins> namn" in response.content.decode()
    assert 'value="Bos namn"' in response.content.decode()
    goal.refresh_from_db()
    assert (goal.name_sv, goal.name_en) == ("Astrids namn", None)
    assert second.post(admin_address(goal), resubmitted(response, choice)).status_code == 302
    goal.refresh_from_db()
    assert (goal.name_sv, goal.name_en, goal.description_sv) == (name, "Bo's", "Astrids.")


def test_a_third_save_before_the_choice_is_asked_about_again(two_editors, goal):
    first, second = two_editors
    mine = opened(second, goal)
    for name in ("Första", "Andra"):
        response = second.post(admin_address(goal), mine | {"name_sv": "Bos"})
        first.post(admin_address(goal), opened(first, goal) | {"name_sv": name})
    again = second.post(admin_address(goal), resubmitted(response, "theirs"))
    assert choices(again) == [("Namn, svenska", "Bos", "Andra")]


def test_rich_text_is_asked_about_as_text(two_editors, db):
    page = make_page("kontakt", status="draft", body_sv="<p>Ring oss.</p>")
    first, second = two_editors
    theirs, mine = opened(first, page), opened(second, page)
    first.post(admin_address(page), theirs | {"body_sv": "<p>Ring <strong>växeln</strong>.</p>"})
    response = second.post(admin_address(page), mine | {"body_sv": "<p>Skriv till oss.</p>"})
    assert choices(response) == [("Text, svenska", "Skriv till oss.", "Ring växeln.")]


def test_a_row_changed_by_someone_else_is_merged(two_editors, goal):
    area = make_focus_area(goal)
    first, second = two_editors
    mine = opened(second, goal)
    first.post(admin_address(area), opened(first, area) | {"text_sv": "Astrids insats."})
    response = second.post(admin_address(goal), mine | {"name_sv": "Bos namn"})
    assert response.status_code == 302
    area.refresh_from_db()
    assert (area.text_sv, Goal.objects.get().name_sv) == ("Astrids insats.", "Bos namn")


@pytest.mark.parametrize(("choice", "text"), [("mine", "Bos."), ("theirs", "Astrids.")])
def test_a_row_that_both_have_changed_is_asked_about(two_editors, goal, choice, text):
    area = make_focus_area(goal)
    first, second = two_editors
    mine = opened(second, goal)
    first.post(admin_address(area), opened(first, area) | {"text_sv": "Astrids."})
    response = second.post(admin_address(goal), mine | {"focus_areas-0-text_sv": "Bos."})
    assert choices(response) == [("Astrids.: Text, svenska", "Bos.", "Astrids.")]
    assert second.post(admin_address(goal), resubmitted(response, choice)).status_code == 302
    area.refresh_from_db()
    assert area.text_sv == text


@pytest.mark.parametrize(("choice", "count"), [("mine", 0), ("theirs", 1)])
def test_a_row_to_delete_that_the_other_has_changed_is_asked_about(
    two_editors, goal, choice, count
):
    area = make_focus_area(goal)
    first, second = two_editors
    mine = opened(second, goal)
    first.post(admin_address(area), opened(first, area) | {"text_sv": "Astrids."})
    response = second.post(admin_address(goal), mine | {"focus_areas-0-DELETE": "on"})
    assert choices(response) == [("Astrids.", "Raden är borttagen.", "Raden är kvar.")]
    second.post(admin_address(goal), resubmitted(response, choice))
    assert goal.focus_areas.count() == count


def test_changes_elsewhere_in_the_plan_do_not_conflict(two_editors, goal):
    first, second = two_editors
    mine = opened(second, goal)
    other = make_goal(goal.perspective, 2)
    first.post(admin_address(other), opened(first, other) | {"name_sv": "Något annat"})
    first.post(
        admin_address(goal.perspective.plan),
        opened(first, goal.perspective.plan) | {"title_sv": "Ny rubrik"},
    )
    assert second.post(admin_address(goal), mine | {"name_sv": "Bos namn"}).status_code == 302


def test_lines_that_both_have_added_to_a_table_are_kept(two_editors, goal):
    table = make_budget(goal.perspective.plan, lines=[("item", "1.0")]).tables.get()
    first, second = two_editors
    theirs, mine = opened(first, table), opened(second, table)
    row = {"lines-1-name_sv": "Ny rad", "lines-1-kind": "item"}
    for client, data, amount in ((first, theirs, "2,0"), (second, mine, "3,0")):
        data = data | row | {"lines-1-amount_budget-2019": amount}
        assert client.post(admin_address(table), data).status_code == 302
    assert sorted(line.amounts["budget-2019"] for line in table.lines.all()) == [1, 2, 3]


def test_cells_that_only_one_has_changed_are_merged(two_editors, goal):
    lines = [("item", "1.0"), ("item", "2.0")]
    table = make_budget(goal.perspective.plan, lines=lines).tables.get()
    first, second = two_editors
    theirs, mine = opened(first, table), opened(second, table)
    first.post(admin_address(table), theirs | {"lines-0-amount_budget-2019": "-5,0"})
    data = mine | {"lines-1-amount_budget-2019": "6,0"}
    assert second.post(admin_address(table), data).status_code == 302
    assert [line.amounts["budget-2019"] for line in table.lines.all()] == [-5, 6]


def test_an_object_published_meanwhile_is_not_changed_and_no_text_is_lost(two_editors, goal):
    _first, second = two_editors
    mine = opened(second, goal)
    plan = goal.perspective.plan
    plan.status = "published"
    plan.save()
    text = text_of(second.post(admin_address(goal), mine | {"name_sv": "Bos namn"}))
    assert "Regionplan 2019–2021 publicerades" not in text
    assert "publicerades, eller ska publiceras, sedan du öppnade formuläret." in text
    assert "Namn, svenska Bos namn" in text
    assert Goal.objects.get().name_sv == "Mål 1"


def test_text_for_a_deleted_object_is_shown(two_editors, goal):
    _first, second = two_editors
    mine, address = opened(second, goal), admin_address(goal)
    goal.delete()
    text = text_of(second.post(address, mine | {"name_sv": "Bos namn"}))
    assert "Det här togs bort sedan du öppnade formuläret." in text
    assert "Namn, svenska Bos namn" in text


@pytest.mark.parametrize(
    ("choice", "texts"), [("mine", ["Bos.", "Insats 2."]), ("theirs", ["Insats 2."])]
)
def test_a_changed_row_that_the_other_has_deleted_is_asked_about(two_editors, goal, choice, texts):
    gone, _kept = make_focus_area(goal, 1), make_focus_area(goal, 2)
    _first, second = two_editors
    address = admin_address(goal)
    mine = opened(second, goal) | {"focus_areas-0-text_sv": "Bos."}
    gone.delete()
    response = second.post(address, mine)
    assert choices(response) == [("Bos.", "Raden är kvar.", "Raden är borttagen.")]
    assert second.post(address, resubmitted(response, choice)).status_code == 302
    assert list(goal.focus_areas.values_list("text_sv", flat=True)) == texts


def test_an_untouched_row_that_the_other_has_deleted_is_gone(two_editors, goal):
    gone, _kept = make_focus_area(goal, 1), make_focus_area(goal, 2)
    _first, second = two_editors
    mine = opened(second, goal)
    gone.delete()
    assert second.post(admin_address(goal), mine | {"name_sv": "Bos"}).status_code == 302
    assert list(goal.focus_areas.values_list("text_sv", flat=True)) == ["Insats 2."]


def test_two_tabs_of_the_same_editor_give_a_warning_too(two_editors, goal):
    _first, second = two_editors
    mine = opened(second, goal)
    second.post(admin_address(goal), opened(second, goal) | {"name_sv": "Först"})
    text = text_of(second.post(admin_address(goal), mine | {"name_sv": "Sedan"}))
    assert "Du själv" in text
    assert Goal.objects.get().name_sv == "Först"


def test_a_form_names_the_editor_who_has_it_open(two_editors, goal):
    first, second = two_editors
    assert "öppnade det här" not in text_of(first.get(admin_address(goal)))
    assert "Astrid öppnade det här" in text_of(second.get(admin_address(goal)))
    first.post(admin_address(goal), opened(first, goal) | {"name_sv": "Nytt"})
    assert "Astrid öppnade det här" not in text_of(second.get(admin_address(goal)))


def test_a_form_opened_long_ago_is_not_mentioned(two_editors, goal):
    first, second = two_editors
    first.get(admin_address(goal))
    OpenForm.objects.update(opened_at=timezone.now() - dt.timedelta(minutes=31))
    assert "öppnade det här" not in text_of(second.get(admin_address(goal)))


def test_a_published_object_has_no_open_form(two_editors, db):
    plan = make_plan()
    two_editors[0].get(admin_address(plan))
    assert not OpenForm.objects.exists()


def test_an_invalid_seen_token_counts_as_not_seen(two_editors, goal):
    first, _second = two_editors
    new = {"goal": goal.pk, "text_sv": "Ny.", "_seen": "x@y"}
    assert first.post("/admin/planning/focusarea/add/", new).status_code == 302
    for number in ("abc", "99999999999999999999"):
        first.post(f"/admin/planning/goal/{number}/change/", {"_seen": "x"})
    data = opened(first, goal) | {"name_sv": "Nytt"}
    for token in ("x", "x@9e99", "x@1@y"):
        response = first.post(admin_address(goal), data | {"_seen": token})
        # What the form was opened with isn't known, so all that differs is asked about.
        assert choices(response) == [("Namn, svenska", "Nytt", "Mål 1")]
