"""Every change to content raises the content version, and no other change does."""

import datetime as dt
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction

from pages.models import CoreValue, Feedback, OpenForm, Page, Revision
from pages.publishing import content_version
from pages.publishing.versions import working_copy
from planning.models import FocusArea, RegionalPlan
from tests.factories import (
    make_budget,
    make_focus_area,
    make_goal,
    make_page,
    make_perspective,
    make_plan,
    make_profile,
)
from tests.moments import NOON, SECOND

pytestmark = pytest.mark.database


def raises_version(write):
    """Return whether calling `write` raises the content version."""
    before = content_version.stamp()[0]
    write()
    return content_version.stamp()[0] > before


def test_every_way_to_write_content_raises_the_version(database, tmp_path):
    plan, profile = make_plan(), make_profile()
    goal = make_goal(make_perspective(plan))
    area = make_focus_area(goal)
    make_budget(plan, lines=[("item", "1.0"), ("result", "1.0")])
    dump = StringIO()
    call_command("dumpdata", "pages", "planning", stdout=dump)
    file = tmp_path / "dump.json"
    file.write_text(dump.getvalue())
    value = {"profile": profile, "position": 1, "name_sv": "Mod", "body_sv": "Våga."}
    writes = [
        lambda: make_page("nyhet"),
        area.save,
        lambda: FocusArea.objects.update(text_sv="Ändrad."),
        lambda: FocusArea.objects.bulk_update([area], ["text_sv"]),
        lambda: CoreValue.objects.bulk_create([CoreValue(slug="mod", **value)]),
        lambda: working_copy(plan),
        lambda: call_command("loaddata", file, verbosity=0),
        lambda: connection.cursor().execute("UPDATE planning_budgetline SET position = 2"),
        area.delete,
        lambda: Page.objects.all().delete(),
    ]
    assert [raises_version(write) for write in writes] == [True] * len(writes)


def test_changes_that_no_page_shows_leave_the_version_alone(database, admin_user):
    writes = [
        lambda: Feedback.objects.create(address="/", language="sv", helpful=True),
        lambda: OpenForm.objects.create(model="pages.page", object_pk=1, user=admin_user),
        lambda: Revision.objects.create(
            thing_model="pages.page", thing_pk=1, version=1, name="a", event="b", content={}
        ),
        lambda: User.objects.create_user("ny"),
    ]
    assert [raises_version(write) for write in writes] == [False] * len(writes)


def test_a_rollback_restores_the_version(database):
    def undone():
        with transaction.atomic():
            make_page("nyhet")
            transaction.set_rollback(True)

    assert not raises_version(undone)


def test_every_table_with_content_has_triggers(database):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
                "WHERE tgname = 'raise_content_version'"
            )
        else:
            cursor.execute("SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'")
        watched = {table for (table,) in cursor.fetchall()}
    names = "administration corevalue dailystat page regionprofile"
    plan_names = (
        "budget budgetcolumn budgetline budgettable decision focusarea followup goal goalrating"
    )
    plan_names += " indicator indicatorvalue perspective plandocument"
    assert watched == {f"pages_{name}" for name in names.split()} | {
        f"planning_{name}" for name in [*plan_names.split(), "regionalplan"]
    }


def test_the_version_ends_at_the_next_scheduled_change(database, clock):
    clock(NOON)
    midnight = dt.datetime(2026, 11, 26, 23, 0, tzinfo=dt.UTC)  # 00.00 in Sweden
    assert content_version.stamp()[1] == midnight
    page = make_page("nyhet", publish_at=NOON + dt.timedelta(hours=5))
    assert content_version.stamp()[1] == NOON + dt.timedelta(hours=5)
    make_plan(publish_at=NOON - SECOND, unpublish_at=NOON + dt.timedelta(hours=1))
    assert content_version.stamp()[1] == NOON + dt.timedelta(hours=1)
    RegionalPlan.objects.all().delete()
    Page.objects.filter(pk=page.pk).update(publish_at=None)
    # From then on, the page replaces its earlier version.
    assert content_version.stamp()[1] == page.published_at
    clock(midnight)
    assert content_version.stamp()[1] == midnight + dt.timedelta(days=1)
