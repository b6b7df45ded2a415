"""The mixed load of `make load`, for a few seconds."""

import pytest

from tests.benchmarks import mixed_load
from tests.benchmarks.mixed_load import run_load

pytestmark = [pytest.mark.processes, pytest.mark.in_ci]


def test_a_mixed_load_causes_no_problems(tmp_path, monkeypatch):
    monkeypatch.setattr(mixed_load, "MAX_AGE_SECONDS", 20)  # other tests run at the same time
    load = run_load(tmp_path, 15)
    assert load.problems == []
    assert {kind for kind, _status in load.counts} == {
        "page, identity", "page, gzip", "save", "preview", "feedback", "aborted"
    }  # fmt: skip
    assert {status for kind, status in load.counts if kind == "feedback"} == {303}
