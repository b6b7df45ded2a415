"""A real browser, Debian's Chromium, in front of a real server."""

import os
import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

# Playwright runs an event loop in the test's thread, where Django else refuses to query.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_collection_modifyitems(items):
    if CHROMIUM is None:
        for item in items:
            if "/browser/" in str(item.path):
                item.add_marker(
                    pytest.mark.skip(reason="no Chromium here: apt-get install chromium")
                )


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return browser_type_launch_args | {
        "executable_path": CHROMIUM,
        # No sandbox in the sandbox that tests run in; nothing fetched but what a test asks for.
        "args": ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    }


@pytest.fixture
def site(live_server, transactional_db, content):
    """The address of a running site with its own content."""
    return live_server.url
