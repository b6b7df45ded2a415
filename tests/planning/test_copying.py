"""Copying a plan to a new period, and a budget to a new year."""

import pytest
from django.utils.translation import override

from planning.copying import copy_to_period
from planning.models import Budget, RegionalPlan
from tests.factories import make_budget, make_goal, make_perspective, make_plan

pytestmark = pytest.mark.database


def content_of_parts(plan):
    """Return the texts and amounts of the parts of `plan`, in order, in both languages."""
    content = []
    for part in plan.perspectives.all():
        content.append((part.slug, part.slug_en, part.name_sv, part.name_en, part.description_en))
        for goal in part.goals.all():
            content.append((goal.slug, goal.name_sv, goal.name_en, goal.description_sv))
            content += goal.focus_areas.values_list("position", "text_sv", "text_en")
    for budget in plan.budgets.all():
        content.append((budget.unit_sv, budget.introduction_en))
        content += budget.lines.values_list("code", "name_sv", "name_en", "kind", "amount_msek")
    return content


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_copy_for_a_new_period_has_all_the_content_of_the_plan(content, language):
    plan = RegionalPlan.objects.get()
    budget = plan.budgets.get()
    budget.lines.update(outcome_msek=1)
    RegionalPlan.objects.update(decided_on="2018-11-26", review_on="2020-01-01")
    Budget.objects.update(decided_on="2018-11-26")
    before = content_of_parts(plan)
    assert len(before) == 5 + 11 + 31 + 1 + 10
    plan.refresh_from_db()
    with override(language):
        draft = copy_to_period(plan, 2022, 2024)
    assert content_of_parts(draft) == before == content_of_parts(plan)
    draft.refresh_from_db()
    assert (draft.lead_sv, draft.lead_en) == (plan.lead_sv, plan.lead_en)
    assert (draft.status, draft.published_at, draft.decided_on) == ("draft", None, None)
    copied = draft.budgets.get()
    assert (copied.year, copied.decided_on) == (2022, None)
    assert set(copied.lines.values_list("outcome_msek", flat=True)) == {None}
    assert set(budget.lines.values_list("outcome_msek", flat=True)) == {1}


def test_missing_english_stays_missing_in_the_copy(db):
    plan = make_plan()
    make_goal(make_perspective(plan))
    with override("en"):
        draft = copy_to_period(plan, 2022, 2024)
    assert not draft.perspectives.get().name_en


def test_a_budget_outside_a_shorter_period_is_left_out(db):
    plan = make_plan(2019, 2021)
    make_budget(plan, 2019)
    make_budget(plan, 2021)
    draft = copy_to_period(plan, 2022, 2023)
    assert list(draft.budgets.values_list("year", flat=True)) == [2022]
