"""What staff read before they delete, and instead of deleting what is published."""

import pytest

from pages.models import Page
from planning.models import FocusArea, RegionalPlan
from tests.factories import make_focus_area, make_goal, make_page, make_perspective, make_plan
from tests.site import text_of
from tests.staff_forms import admin_address


def delete_selected(client, *objects, **fields):
    """Choose to delete `objects` in their list, and return the next page."""
    opts = objects[0]._meta
    data = {"action": "delete_selected", "_selected_action": [obj.pk for obj in objects]}
    return client.post(f"/admin/{opts.app_label}/{opts.model_name}/", data | fields, follow=True)


def test_deleting_a_working_copy_says_that_only_the_copy_goes(admin_client, db):
    page = make_page("kontakt")
    admin_client.post(admin_address(page, "arbetskopia"))
    copy = page.versions().first()
    text = text_of(admin_client.get(admin_address(copy, "delete")))
    assert "Bara arbetskopian tas bort. Det som är publicerat ligger kvar för besökare" in text
    admin_client.post(admin_address(copy, "delete"), {"post": "yes"})
    assert list(Page.objects.published()) == [page]


def test_deleting_a_draft_or_a_part_says_what_visitors_see(admin_client, db):
    plan = make_plan(status="draft")
    perspective = make_perspective(plan)
    assert "Utkastet tas bort." in text_of(admin_client.get(admin_address(plan, "delete")))
    text = text_of(admin_client.get(admin_address(perspective, "delete")))
    assert "Det tas bort i utkastet." in text
    RegionalPlan.objects.update(status="published")
    admin_client.post(admin_address(plan, "arbetskopia"))
    part = plan.versions().first().perspectives.get()
    text = text_of(admin_client.get(admin_address(part, "delete")))
    assert "Besökare ser det som är publicerat tills arbetskopian publiceras." in text


def test_a_selection_with_published_objects_is_explained_and_kept(admin_client, db):
    published, draft = make_page("kontakt"), make_page("ny", status="draft")
    for fields in ({}, {"post": "yes"}):
        response = delete_selected(admin_client, published, draft, **fields)
        text = text_of(response)
        assert "Ingenting är borttaget." in text
        assert "låt en publicist välja Dra tillbaka" in text
        assert admin_address(published) in response.content.decode()
        assert admin_address(draft) not in response.content.decode()
    assert Page.objects.with_superseded().count() == 2


def test_a_selection_with_published_parts_leads_to_the_working_copy(admin_client, db):
    area = make_focus_area(make_goal(make_perspective(make_plan())))
    response = delete_selected(admin_client, area)
    assert "välj Ändra i arbetskopian" in text_of(response)
    assert admin_address(area.publishable()) in response.content.decode()
    assert FocusArea.objects.get() == area


def test_a_selection_of_drafts_is_deleted_after_confirmation(admin_client, db):
    draft = make_page("ny", status="draft")
    response = delete_selected(admin_client, draft)
    assert "Ingenting är borttaget." not in text_of(response)
    assert Page.objects.get() == draft
    delete_selected(admin_client, draft, post="yes")
    assert not Page.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_explanation_makes_as_many_queries_for_three_parts(
    admin_client, db, django_assert_max_num_queries, count
):
    goal = make_goal(make_perspective(make_plan()))
    areas = [make_focus_area(goal) for _ in range(count)]
    # session, user; count (2) and filter of the list; the profile and the new answers for the menu; the parts
    # with their plan; the session again (3)
    with django_assert_max_num_queries(12):
        delete_selected(admin_client, *areas)
