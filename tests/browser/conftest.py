"""A real browser, Debian's Chromium, in front of a real server, and who sits there."""

import os
import re
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core import serializers
from django.core.cache import cache
from django.test import Client

from tests.browser.desk import NAME, PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

# Playwright runs an event loop in the test's thread, where Django else refuses to query.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.processes)
            if CHROMIUM is None:
                reason = "no Chromium here: apt-get install chromium"
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return browser_type_launch_args | {
        "executable_path": CHROMIUM,
        # No sandbox in the sandbox that tests run in; nothing fetched but what a test asks for.
        "args": ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    }


@pytest.fixture(scope="session")
def roles(django_db_setup, django_db_blocker):
    """The roles as data: migrations make them, and each test with a server leaves every table empty."""
    natural = {"use_natural_foreign_keys": True, "use_natural_primary_keys": True}
    with django_db_blocker.unblock():
        return serializers.serialize("json", Group.objects.all(), **natural)


@pytest.fixture
def site(live_server, transactional_db, roles, content):
    """The address of a running site with its own content."""
    for role in serializers.deserialize("json", roles):
        role.save()
    cache.clear()  # it is in a table that no test empties
    return live_server.url


@pytest.fixture
def visitor(site, new_context):
    """The browser page of someone who only reads."""
    return new_context(base_url=site).new_page()


@pytest.fixture
def sit_down(site, new_context):
    """Return a function that opens a browser for staff, where `user`, if given, has signed in.

    Whatever is then done there, no other host is asked for anything, and the console stays silent: it
    is where the browser says what the content security policy has stopped.
    """
    heard = []

    def open_browser(user=None):
        context = new_context(base_url=site)
        context.on("request", lambda request: heard.append(request.url))
        context.on(
            "console", lambda said: said.type in {"error", "warning"} and heard.append(said.text)
        )
        context.on("weberror", lambda error: heard.append(str(error.error)))
        if user:
            client = Client()
            client.force_login(user)
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
            cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site}
            context.add_cookies([cookie])
        return context.new_page()

    yield open_browser
    own = re.compile(f"{re.escape(site)}/|data:|blob:|about:srcdoc")
    assert [thing for thing in heard if not own.match(thing)] == []


@pytest.fixture
def superuser(site, django_user_model):
    return django_user_model.objects.create_superuser(NAME, password=PASSWORD)


@pytest.fixture
def staff(sit_down, superuser):
    """The browser page of someone who may edit everything and hasn't signed in yet."""
    return sit_down()


@pytest.fixture
def editor(sit_down, superuser):
    """The browser page of someone who may edit everything, signed in."""
    return sit_down(superuser)
