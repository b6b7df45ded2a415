"""Settings that the tests of sign-in share."""

import pytest


@pytest.fixture
def second_factor(settings):
    settings.SECOND_FACTOR = True
