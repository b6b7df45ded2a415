"""What all tests share."""

import datetime as dt
import os

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core import serializers
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection
from django.utils import timezone, translation

from tests.accounts import create_roles
from tests.moments import NOON


@pytest.fixture(autouse=True)
def _start_in_swedish():
    """A request to /en/ leaves English active in the thread, for the next test to trip over."""
    translation.activate("sv")


@pytest.fixture(scope="session")
def roles(django_db_setup, django_db_blocker):
    """The roles that a migration creates, as JSON."""
    natural = {"use_natural_foreign_keys": True, "use_natural_primary_keys": True}
    with django_db_blocker.unblock():
        return serializers.serialize("json", Group.objects.all(), **natural)


@pytest.fixture(scope="module", autouse=True)
def _roles_remain(roles, django_db_blocker):
    """A test with a server or transactions of its own empties all tables; create the roles again."""
    yield
    with django_db_blocker.unblock():
        if not Group.objects.exists():
            create_roles(roles)


@pytest.fixture(scope="session")
def content_rows():
    """The rows that the site's fixtures make, by model; empty until the first test has loaded them."""
    return {}


@pytest.fixture
def content(db, content_rows):
    """The site's own content, from its fixtures.

    Each process loads them once, which takes as long as a short test, and inserts the same rows for every
    test after that.
    """
    if content_rows:
        for model, rows in content_rows.items():
            model._base_manager.bulk_create(rows)
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), content_rows):
                cursor.execute(statement)
        return
    call_command("loaddata", "region_profile", "pages", "regional_plan_2019_2021", verbosity=0)
    for label in ("pages", "planning"):
        for model in apps.get_app_config(label).get_models(include_auto_created=True):
            if rows := list(model._base_manager.all()):
                content_rows[model] = rows


@pytest.fixture
def clock(monkeypatch):
    """Set what time it is."""

    def set_to(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment)

    set_to(NOON - dt.timedelta(days=30))
    return set_to


@pytest.fixture
def signed_in(client, db):
    """Return a client signed in as staff in the role named."""

    def sign_in(role):
        user = User.objects.create_user("namn", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def database(db, monkeypatch):
    """The test's own connection, which a request would close for being in a transaction."""
    monkeypatch.setattr(connection, "close_if_unusable_or_obsolete", lambda: None)


def pytest_xdist_auto_num_workers():
    """Run two processes for each processor, since many tests wait for a browser or a server."""
    return 2 * os.cpu_count()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Begin with the tests that take longest, so that the short ones fill the time that is left."""
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where NOTHING_SKIPPED is set, as in CI, a test that would be skipped fails instead."""
    report = yield
    if report.skipped and settings.IN_CI:
        report.outcome = "failed"
    return report
