"""The mixed load of `make load`, for some seconds."""

import pytest

from tests.benchmarks import mixed_load
from tests.benchmarks.mixed_load import loaded

pytestmark = pytest.mark.processes


def test_nothing_is_amiss_when_the_site_is_used_in_all_ways_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(mixed_load, "LATEST", 20)  # other tests run beside this one
    load = loaded(tmp_path, 15)
    assert load.amiss == []
    assert {kind for kind, _status in load.answers} == {
        "page, identity", "page, gzip", "save", "preview", "feedback", "aborted"
    }  # fmt: skip
    assert {status for kind, status in load.answers if kind == "feedback"} == {303}
