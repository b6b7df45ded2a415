"""The measurement of how costs grow with content, whose requests the rest of the tests don't make."""

import pytest

from planning.models import RegionalPlan
from tests.benchmarks.fill import make_template
from tests.benchmarks.growth import Staff, cost_of, visitors_pages

pytestmark = pytest.mark.database_in_ci


def test_every_action_that_is_measured_succeeds(content):
    make_template(RegionalPlan.objects.get())
    actions = dict([*visitors_pages(), *Staff().pages()])
    assert {"a budget", "form: budgetrad", "publish: regionplan"} <= actions.keys()
    for action in actions.values():
        queries, _seconds = cost_of(action, rounds=1)
        assert queries
