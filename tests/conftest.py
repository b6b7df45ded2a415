"""What all tests share."""

import datetime as dt
import os
import sqlite3
import tempfile
from contextlib import closing

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.utils import timezone, translation

from tests.moments import NOON
from tests.rows import all_rows, insert
from tests.serving import migrated


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    """Copy a migrated database into memory for the tests, because migrating takes longer."""
    if connection.vendor != "sqlite":
        yield
        return
    name = "file:tests?mode=memory&cache=shared"
    connection.settings_dict["TEST"]["NAME"] = name
    # The copy lasts as long as this connection, at least.
    with closing(sqlite3.connect(name, uri=True)) as memory:
        with closing(sqlite3.connect(migrated())) as file:
            file.backup(memory)
        yield


@pytest.fixture(autouse=True)
def _start_in_swedish():
    """A request to /en/ leaves English active in the thread, for the next test to trip over."""
    translation.activate("sv")


@pytest.fixture(scope="session")
def restore_roles(django_db_setup, django_db_blocker):
    """Return a function that inserts the roles and permissions again if a test has emptied all tables."""
    models = [ContentType, Permission, Group, Group.permissions.through]
    with django_db_blocker.unblock():
        # pytest-django creates the tables only if one of the selected tests uses them.
        if ContentType._meta.db_table not in connection.introspection.table_names():
            return lambda: None
        rows = all_rows(models)

    def restore():
        with django_db_blocker.unblock():
            if Group.objects.exists():
                return
            for model in reversed(models):
                model.objects.all().delete()
            insert(rows)
            ContentType.objects.clear_cache()

    return restore


@pytest.fixture(scope="module", autouse=True)
def _roles_remain(request):
    """Tests with a live server, or with transactions of their own, empty all tables afterwards."""
    # Without any test that needs a database, there is no test database.
    if not any({"db", "transactional_db"} & {*item.fixturenames} for item in request.session.items):
        yield
        return
    restore_roles = request.getfixturevalue("restore_roles")
    yield
    restore_roles()


@pytest.fixture(scope="session")
def content_rows():
    """The rows that the site's fixtures make, by model; empty until the first test has loaded them."""
    return {}


@pytest.fixture
def content(db, content_rows):
    """The site's own content, from its fixtures, which each process loads only once."""
    if content_rows:
        insert(content_rows)
        return
    call_command("loaddata", "region_profile", "pages", "regional_plan_2019_2021", verbosity=0)
    for label in ("pages", "planning"):
        models = apps.get_app_config(label).get_models(include_auto_created=True)
        content_rows.update(all_rows(models))


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


def pytest_configure(config):
    """Create the folder that all processes of this test run share; see tests/serving.py."""
    if "SHARED_FOLDER" not in os.environ:
        folder = tempfile.TemporaryDirectory()
        os.environ["SHARED_FOLDER"] = folder.name
        config.add_cleanup(folder.cleanup)


def pytest_xdist_auto_num_workers(config):
    """Run two processes for each processor, since many tests wait for a browser or a server.

    With `-n logical`, for tests that wait for nothing, run one.
    """
    return os.cpu_count() * (1 if config.option.numprocesses == "logical" else 2)


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
