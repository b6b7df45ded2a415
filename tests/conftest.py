"""What all tests share."""

import os

import pytest
from django.core.management import call_command
from django.utils import translation


@pytest.fixture(autouse=True)
def _start_in_swedish():
    """A request to /en/ leaves English active in the thread, for the next test to trip over."""
    translation.activate("sv")


@pytest.fixture
def content(db):
    """The site's own content, from its fixtures."""
    call_command("loaddata", "region_profile", "pages", "regional_plan_2019_2021", verbosity=0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where NOTHING_SKIPPED is set, as in CI, a test that would be skipped fails instead."""
    report = yield
    if report.skipped and os.environ.get("NOTHING_SKIPPED"):
        report.outcome = "failed"
    return report
