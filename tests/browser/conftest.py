"""Fixtures for tests in a real browser, Debian's Chromium, with a live server."""

import os
import re
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from tests.browser.desk import NAME, PASSWORD

# Without a window, Chromium needs a tenth of the time to open a page.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)

# Playwright runs an event loop in the test's thread, and Django refuses to query there without this.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.processes)
            if CHROMIUM is None:
                reason = "no Chromium here: apt-get install chromium-headless-shell"
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return browser_type_launch_args | {
        "executable_path": CHROMIUM,
        # Chromium's sandbox doesn't work inside containers. No requests of Chromium's own.
        "args": ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    }


@pytest.fixture
def site(live_server, transactional_db, restore_roles, content):
    """The address of a running site with the fixtures' content."""
    restore_roles()
    cache.clear()  # tests don't empty the cache's table
    return live_server.url


@pytest.fixture
def visitor(site, new_context):
    """A browser page for a visitor."""
    return new_context(base_url=site).new_page()


@pytest.fixture
def sit_down(site, new_context):
    """A function that opens a browser page for staff, with `user`, if given, signed in.

    The fixture also asserts that nothing is requested from other hosts, and that the console has no errors
    or warnings, which is where the browser reports violations of the content security policy.
    """
    observed = []

    def open_browser(user=None, *, keeps_drafts=False):
        context = new_context(base_url=site)
        if not keeps_drafts:
            # The tests' database takes only one request at a time, and the script sends drafts at any time.
            answer = {"kept": True, "signed_in": True}
            context.route("**/admin/utkast/", lambda route: route.fulfill(json=answer))
        context.on("request", lambda request: observed.append(request.url))
        context.on(
            "console",
            lambda message: message.type in {"error", "warning"} and observed.append(message.text),
        )
        context.on("weberror", lambda error: observed.append(str(error.error)))
        if user:
            client = Client()
            client.force_login(user)
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
            cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site}
            context.add_cookies([cookie])
        return context.new_page()

    yield open_browser
    own = re.compile(f"{re.escape(site)}/|data:|blob:|about:srcdoc")
    assert [text for text in observed if not own.match(text)] == []


@pytest.fixture
def superuser(site, django_user_model):
    return django_user_model.objects.create_superuser(NAME, password=PASSWORD)


@pytest.fixture
def staff(sit_down, superuser):
    """A browser page for a superuser who hasn't signed in yet."""
    return sit_down()


@pytest.fixture
def editor(sit_down, superuser):
    """A browser page with a superuser signed in."""
    return sit_down(superuser)
