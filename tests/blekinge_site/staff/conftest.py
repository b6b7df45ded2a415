"""Fixtures for the tests of sign-in."""

import pytest


@pytest.fixture
def second_factor(settings):
    settings.SECOND_FACTOR = True
