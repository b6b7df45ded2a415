"""A working copy replaces its plan under load: each response shows a single version.

The site runs in real processes, on a database of its own.
"""

import time
import urllib.request

import pytest

from tests.serving import VisitorThreads, served

pytestmark = pytest.mark.processes

CONTENT = """
from tests.factories import *
for number in range(3):
    perspective = make_perspective(plan, number + 1, name_sv=WORD, description_sv=WORD)
    for other in range(3):
        make_focus_area(make_goal(perspective, other + 1, name_sv=WORD), text_sv=WORD)
budget = make_budget(plan, 2019, [("item", "1.0"), ("result", "1.0")])
budget.tables.get().lines.update(name_sv=WORD)
"""
FILL = f"""
WORD = "GAMMAL"
from tests.factories import make_plan, make_profile
profile = make_profile(lead_sv=WORD, vision_sv=WORD)
plan = make_plan(title_sv=WORD, lead_sv=WORD)
{CONTENT}
"""
# Makes working copies with different texts throughout.
COPY = f"""
WORD = "FÄRSK"
from pages.models import RegionProfile
from pages.publishing.versions import working_copy
from planning.models import RegionalPlan
profile = working_copy(RegionProfile.objects.first())
plan = working_copy(RegionalPlan.objects.first())
plan.perspectives.all().delete()
plan.budgets.all().delete()
profile.lead_sv = profile.vision_sv = plan.title_sv = plan.lead_sv = WORD
{CONTENT}
profile.save()
plan.save()
"""
SCHEDULE = """
import datetime as dt
from django.utils import timezone
moment = timezone.now() + dt.timedelta(seconds=2)
for publishable in (profile, plan):
    publishable.status, publishable.publish_at = "published", moment
    publishable.save()
"""
AT_ONCE = """
plan.status = "published"
plan.save()
"""


class Visitors(VisitorThreads):
    """Visitors who request `addresses` without pause; `outcomes` has (address, shows old, shows new)."""

    def __init__(self, addresses):
        super().__init__(4)
        self.addresses, self.errors = addresses, []

    def visit(self):
        for address in self.addresses:
            try:
                with urllib.request.urlopen(address, timeout=20) as response:
                    html = response.read().decode()
            except OSError as error:
                self.errors.append(f"{address}: {error}")
                continue
            self.outcomes.append((address, "GAMMAL" in html, "FÄRSK" in html))

    def wait_for_new(self):
        for _attempt in range(400):
            if {address for address, _old, new in list(self.outcomes) if new} == set(
                self.addresses
            ):
                return
            time.sleep(0.1)


@pytest.mark.parametrize(
    ("publish", "pages"),
    [
        (SCHEDULE, ["/", "/regionplan/", "/regionplan/2019-2021/perspektiv-1/"]),
        pytest.param(
            AT_ONCE,
            ["/regionplan/", "/regionplan/2019-2021/budget-2019/"],
            marks=pytest.mark.in_ci,
        ),
    ],
)
def test_each_response_is_wholly_old_or_wholly_new(tmp_path, publish, pages):
    with served(tmp_path, FILL) as site:
        address = site.address
        with Visitors([address + page for page in pages]) as visitors:
            site.run(COPY + publish)
            visitors.wait_for_new()
    assert visitors.errors == []
    assert {(old, new) for _address, old, new in visitors.outcomes} == {
        (True, False),
        (False, True),
    }
    for page in pages:
        shown = {
            new for page_address, _old, new in visitors.outcomes if page_address == address + page
        }
        assert shown == {False, True}, page
