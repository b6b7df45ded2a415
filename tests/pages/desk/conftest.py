import datetime as dt

import pytest


@pytest.fixture
def in_march(clock):
    """Let it be Wednesday 10 March 2027, at ten in Sweden. Sign in afterwards: sessions have an end."""
    clock(dt.datetime(2027, 3, 10, 9, tzinfo=dt.UTC))
