"""Permissions of each role, for any request."""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from pages.models import Page
from planning.models import FocusArea, Goal, RegionalPlan
from tests.factories import make_focus_area, make_goal, make_page, make_perspective, make_plan
from tests.staff_forms import admin_address, change, form_of, publish


def test_an_editor_writes_a_draft(signed_in):
    client = signed_in("Redaktör")
    plan = make_plan(status="draft")
    goal = make_goal(make_perspective(plan))
    change(client, goal, name_sv="Nytt namn")
    change(client, plan, title_sv="Ny rubrik")
    new = {"goal": goal.pk, "text_sv": "Ny insats."}
    assert client.post("/admin/planning/focusarea/add/", new).status_code == 302
    assert FocusArea.objects.get().text_sv == "Ny insats."


def test_an_editor_cannot_publish_by_any_request(signed_in):
    client = signed_in("Redaktör")
    plan, page = make_plan(status="draft"), make_page("ny", status="draft")
    crafted = {"status": "published", "publish_at": "2020-01-01 08:00", "version": "7"}
    crafted |= {"published_at": "2020-01-01 08:00", "unpublish_at": ""}
    for obj in (plan, page):
        client.post(admin_address(obj), form_of(client.get(admin_address(obj))) | crafted)
        assert client.get(admin_address(obj, "publicera")).status_code == 200
        publishing = client.post(admin_address(obj, "publicera"), {"publish_at": ""})
        assert publishing.status_code == 403
        assert client.post(admin_address(obj, "dra-tillbaka")).status_code == 403
        obj.refresh_from_db()
        assert (obj.status, obj.publish_at, obj.version) == ("draft", None, 1)
    new = {"title_sv": "Färsk", "slug": "farsk", "responsible_sv": "Jag"} | crafted
    assert client.post("/admin/pages/page/add/", new).status_code == 302
    assert Page.objects.get(slug="farsk").status == "draft"


def test_an_editor_cannot_change_published_objects(signed_in):
    client = signed_in("Redaktör")
    plan = make_plan()
    goal = make_goal(make_perspective(plan))
    area = make_focus_area(goal)
    for obj in (plan, goal.perspective, goal, area):
        assert client.get(admin_address(obj)).status_code == 200
        assert client.post(admin_address(obj), {"name_sv": "x"}).status_code == 403
        assert client.post(admin_address(obj, "delete"), {"post": "yes"}).status_code == 403
    new = {"goal": goal.pk, "text_sv": "Smugen in."}
    refused = client.post("/admin/planning/focusarea/add/", new)
    assert "goal" in refused.context["adminform"].form.errors
    data = {"action": "delete_selected", "_selected_action": [area.pk], "post": "yes"}
    client.post("/admin/planning/focusarea/", data)
    assert FocusArea.objects.get() == area
    assert Goal.objects.get().name_sv == "Mål 1"


def test_an_editor_cannot_change_scheduled_objects(signed_in):
    client = signed_in("Redaktör")
    plan = make_plan(publish_at=timezone.now() + dt.timedelta(days=1))
    address = f"/admin/planning/regionalplan/{plan.pk}/change/"
    assert client.post(address, {"title_sv": "x"}).status_code == 403


def test_a_publisher_publishes_now_and_at_a_time(signed_in):
    client = signed_in("Publicist")
    plan = make_plan(status="draft")
    publish(client, plan, publish_at="2999-01-01 08:00")
    assert not RegionalPlan.objects.published().exists()
    publish(client, plan)
    assert RegionalPlan.objects.published().get() == plan


@pytest.mark.parametrize(("role", "status"), [("Publicist", 403), ("Ansvarig", 200)])
def test_only_a_manager_manages_accounts(signed_in, role, status):
    assert signed_in(role).get("/admin/auth/user/").status_code == status


def test_staff_without_a_role_see_nothing(client, db):
    client.force_login(User.objects.create_user("namn", is_staff=True))
    assert client.get("/admin/planning/regionalplan/").status_code == 403


def test_a_manager_cannot_grant_more_than_the_roles(signed_in):
    client = signed_in("Ansvarig")
    user = User.objects.get()
    address = f"/admin/auth/user/{user.pk}/change/"
    form = client.get(address).context["adminform"].form
    assert not {"is_superuser", "user_permissions"} & set(form.fields)
    client.post(address, form.initial | {"is_superuser": "on"})
    user.refresh_from_db()
    assert not user.is_superuser
    root = User.objects.create_superuser("rot")
    assert client.post(f"/admin/auth/user/{root.pk}/change/", {"username": "x"}).status_code == 403
    for page in ("lank", "avstangning", "andra-faktorn"):
        assert client.post(f"/admin/auth/user/{root.pk}/{page}/").status_code == 403
