"""`manage.py prune` deletes old rows and keeps the rest."""

import datetime as dt
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from pages.editing.conflicts import MINUTES_OPEN
from pages.models import Feedback, FormDraft, OpenForm, SendCount

pytestmark = pytest.mark.database


def prune(*arguments):
    output = StringIO()
    call_command("prune", *arguments, stdout=output)
    return output.getvalue().splitlines()


def keys():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cache")
        return cursor.fetchone()[0]


@pytest.fixture
def old_and_new(admin_user):
    """Two rows of each kind: a new one, and one past the age at which it is deleted."""
    now = timezone.now()
    cache.clear()
    cache.set("old", 1, -2)
    cache.set("new", 1, 60)
    for name, days in (("old", 366), ("new", 364)):
        answer = Feedback.objects.create(address=f"/{name}/", language="sv", helpful=True)
        Feedback.objects.filter(pk=answer.pk).update(created_at=now - dt.timedelta(days=days))
    for name, minutes in (("old", MINUTES_OPEN + 1), ("new", MINUTES_OPEN - 1)):
        opened = OpenForm.objects.create(model=name, object_pk=1, user=admin_user)
        moment = now - dt.timedelta(minutes=minutes)
        OpenForm.objects.filter(pk=opened.pk).update(opened_at=moment)
    for name, days in (("old", 31), ("new", 29)):
        draft = FormDraft.objects.create(form=name, fields="{}", user=admin_user)
        FormDraft.objects.filter(pk=draft.pk).update(saved_at=now - dt.timedelta(days=days))
    for name, minutes in (("old", -1), ("new", 1)):
        expires = now + dt.timedelta(minutes=minutes)
        Session.objects.create(session_key=name, session_data="", expire_date=expires)
        SendCount.objects.create(key=name, count=1, ends_at=expires)


def left():
    return [
        list(Feedback.objects.values_list("address", flat=True)),
        list(Session.objects.values_list("session_key", flat=True)),
        list(OpenForm.objects.values_list("model", flat=True)),
        list(FormDraft.objects.values_list("form", flat=True)),
        list(SendCount.objects.values_list("key", flat=True)),
        keys(),
    ]


def test_old_rows_are_deleted_and_the_rest_stay(old_and_new):
    assert prune() == [
        "Feedback older than 365 days: 1 deleted",
        "Sessions that have ended: 1 deleted",
        "Notes of forms that were open: 1 deleted",
        "Unsaved texts of forms older than 30 days: 1 deleted",
        "Counts of limits whose period has ended: 1 deleted",
        "Cache entries that have expired: 1 deleted",
    ]
    assert left() == [["/new/"], ["new"], ["new"], ["new"], ["new"], 1]
    assert cache.get("new") == 1


def test_a_dry_run_reports_and_deletes_nothing(old_and_new):
    before = left()
    assert prune("--dry-run") == [
        "Feedback older than 365 days: 1 would be deleted",
        "Sessions that have ended: 1 would be deleted",
        "Notes of forms that were open: 1 would be deleted",
        "Unsaved texts of forms older than 30 days: 1 would be deleted",
        "Counts of limits whose period has ended: 1 would be deleted",
        "Cache entries that have expired: 1 would be deleted",
    ]
    assert left() == before


def test_the_setting_decides_the_age(old_and_new, settings):
    settings.FEEDBACK_DAYS = 300
    assert prune()[0] == "Feedback older than 300 days: 2 deleted"


def test_a_cache_outside_the_database_is_left_alone(db, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    assert prune()[-1] == "Cache entries that have expired: 0 deleted"
