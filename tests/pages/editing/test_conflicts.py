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
from tests.factories import make_budget, make_focus_area, make_goal, make_perspective, make_plan
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


def test_the_second_to_save_is_warned_and_loses_no_text(two_editors, goal):
    first, second = two_editors
    theirs, mine = opened(first, goal), opened(second, goal)
    first.post(admin_address(goal), theirs | {"name_sv": "Astrids namn"})
    response = second.post(admin_address(goal), mine | {"name_sv": "Bos namn", "name_en": "Bo's"})
    text = text_of(response)
    assert re.search(r"Astrid [\d-]+ [\d.]+ sparade det här medan du hade det öppet", text)
    assert "Namn, svenska: ”Astrids namn”" in text
    assert 'value="Bos namn"' in response.content.decode()
    assert Goal.objects.get().name_sv == "Astrids namn"
    # The conflict has been shown now, so the form's values win.
    again = mine | {"name_sv": "Bos namn", "_seen": response.context["seen"]}
    assert second.post(admin_address(goal), again).status_code == 302
    assert Goal.objects.get().name_sv == "Bos namn"


def test_a_row_changed_by_someone_else_gives_a_warning_too(two_editors, goal):
    area = make_focus_area(goal)
    first, second = two_editors
    mine = opened(second, goal)
    first.post(admin_address(area), opened(first, area) | {"text_sv": "Astrids insats."})
    response = second.post(admin_address(goal), mine | {"name_sv": "Bos namn"})
    assert "Text, svenska: ”Astrids insats.”" in text_of(response)
    area.refresh_from_db()
    assert area.text_sv == "Astrids insats."


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


def test_a_line_added_to_the_table_meanwhile_gives_a_warning(two_editors, goal):
    table = make_budget(goal.perspective.plan, lines=[("item", "1.0")]).tables.get()
    first, second = two_editors
    mine = opened(second, table)
    row = {"name_sv": "Ny rad", "kind": "item", "amount_budget-2019": "2,0"}
    theirs = opened(first, table) | {f"lines-1-{name}": value for name, value in row.items()}
    assert first.post(admin_address(table), theirs).status_code == 302
    response = second.post(admin_address(table), mine | {"lines-0-amount_budget-2019": "5,0"})
    assert "sparade det här medan du hade det öppet" in text_of(response)
    assert [line.amounts["budget-2019"] for line in table.lines.all()] == [1, 2]


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


def test_a_row_deleted_meanwhile_can_be_saved_as_new(two_editors, goal):
    gone, kept = make_focus_area(goal, 1), make_focus_area(goal, 2)
    _first, second = two_editors
    address = admin_address(goal)
    mine = opened(second, goal) | {"focus_areas-0-text_sv": "Bos insats."}
    gone.delete()
    response = second.post(address, mine)
    assert "Du själv" not in text_of(response)
    again = form_of(response) | {"_seen": response.context["seen"]}
    for inline in response.context["inline_admin_formsets"]:
        for row in inline.formset.extra_forms:
            again |= {bound.html_name: bound.value() or "" for bound in row}
    assert second.post(address, again).status_code == 302
    assert list(goal.focus_areas.values_list("text_sv", flat=True)) == ["Bos insats.", kept.text_sv]


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
    response = first.post(admin_address(goal), opened(first, goal) | {"_seen": "x@9e99"})
    assert "sparade det här medan du hade det öppet" in text_of(response)
