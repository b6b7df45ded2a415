"""Copying a plan to a new period, and a budget to a new year."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from pages.publishing.findings import findings
from pages.publishing.versions import working_copy
from planning.copying import copy_to_period, next_budget
from planning.models import Budget, Indicator, IndicatorValue, PlanDocument, RegionalPlan
from tests.factories import make_budget, make_goal, make_perspective, make_plan, make_table

pytestmark = pytest.mark.database


def texts_of_parts(plan):
    """Return the structure and texts of the parts of `plan`, in order, in both languages."""
    texts = []
    for part in plan.perspectives.all():
        texts.append((part.slug, part.slug_en, part.name_sv, part.name_en, part.description_en))
    for goal in plan.goals.all():
        perspective = goal.perspective and goal.perspective.slug
        texts.append((perspective, goal.slug, goal.name_sv, goal.name_en, goal.description_sv))
        texts += goal.focus_areas.values_list("position", "text_sv", "text_en")
    for budget in plan.budgets.all():
        texts.append((budget.introduction_en,))
        for table in budget.tables.all():
            texts.append((table.slug, table.title_en, table.unit, table.decimals))
            texts += table.lines.values_list("code", "name_sv", "name_en", "kind")
    return texts


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_copy_for_a_new_period_has_the_texts_of_the_plan_but_no_figures(content, language):
    plan = RegionalPlan.objects.get()
    goal = plan.goals.first()
    indicator = Indicator.objects.create(
        goal=goal, position=1, name_sv="Resor", direction="more", target=12, target_year=2021
    )
    IndicatorValue.objects.create(indicator=indicator, year=2018, value=10)
    PlanDocument.objects.create(plan=plan, position=1, title_sv="Protokoll", file="a.pdf")
    RegionalPlan.objects.update(review_on="2020-01-01", is_leading=True)
    Budget.objects.update(decided_on="2018-11-26", tax_rate="11.19")
    before = texts_of_parts(plan)
    assert len(before) == 5 + 11 + 31 + 1 + 1 + 10
    plan.refresh_from_db()
    with override(language):
        draft = copy_to_period(plan, 2022, 2024)
    assert texts_of_parts(draft) == before == texts_of_parts(plan)
    draft.refresh_from_db()
    assert (draft.lead_sv, draft.lead_en) == (plan.lead_sv, plan.lead_en)
    assert (draft.status, draft.published_at, draft.is_leading) == ("draft", None, False)
    assert (draft.decisions.count(), draft.documents.count()) == (0, 0)
    copied = draft.budgets.get()
    assert (copied.year, copied.decided_on, copied.tax_rate) == (2022, None, None)
    table = copied.tables.get()
    assert list(table.columns.values_list("code", "kind", "year")) == [
        ("budget-2022", "budget", 2022)
    ]
    assert [line.amounts for line in table.lines.all()] == [{}] * 10
    measure = draft.goals.first().indicators.get()
    assert (measure.name_sv, measure.target, measure.target_year) == ("Resor", None, None)
    assert measure.values.count() == 0
    # The plan itself keeps everything.
    assert (plan.decisions.count(), plan.documents.count()) == (1, 1)
    assert plan.budgets.get().tables.get().lines.first().amounts != {}


def test_columns_move_with_the_years(db):
    plan = make_plan(2024, 2026, status="draft")
    columns = [("outcome", 2022), ("budget", 2024), ("plan", 2026)]
    table = make_table(make_budget(plan, 2024), [("item", ["1", "2", "3"])], columns)
    table.columns.filter(year=2026).update(year=2025, last_year=2026, name_sv="Plan 2025 och 2026")
    table.columns.filter(year=2022).update(name_sv="Utfall", name_en="Outcome")
    draft = copy_to_period(plan, 2025, 2027)
    copied = draft.budgets.get().tables.get().columns
    assert list(copied.values_list("code", "kind", "year", "last_year", "name_sv")) == [
        ("utfall", "outcome", 2023, None, "Utfall"),
        ("budget-2025", "budget", 2025, None, None),
        ("plan-2026-2027", "plan", 2026, 2027, ""),
    ]


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


# --- What still names other years ------------------------------------------------------------------


def named_in(plan):
    """Return what the check of `plan` says that its texts name, by form field."""
    texts = {f.field: f.text for f in findings(plan) if "nämner" in f.text}
    return {field: text.split(" nämner ")[1].split(". K")[0] for field, text in texts.items()}


def test_texts_that_name_the_years_and_amounts_of_the_old_plan_are_listed(db):
    old = make_plan(
        2019,
        2021,
        lead_sv="Planen för 2019–2021 ger 59,3 miljoner kronor. Målet gäller 2030.",
        lead_en="The plan gives SEK\u00a06,198.0\u00a0million.",
    )
    make_goal(None, plan=old, description_sv="Sedan 2015 har vi 12 vårdcentraler.")
    budget = make_budget(old, 2019, [("item", "-6198.0"), ("result", "59.3")])
    Budget.objects.update(introduction_sv="Budgeten för 2019 visar 59,3. Den kostar 6\u00a0198,0.")
    assert named_in(old) == {}
    assert named_in(working_copy(old)) == {}
    draft = copy_to_period(old, 2022, 2024)
    assert named_in(draft) == {
        "lead_sv": "2019, 2021 och 59,3",
        "lead_en": "6,198.0",
        "description_sv": "2015",
        "introduction_sv": "2019, 59,3 och 6\u00a0198,0",
    }
    draft.lead_sv, draft.lead_en = "Planen för 2022–2024 ger 60,0.", "The plan."
    draft.save()
    assert named_in(draft).keys() == {"description_sv", "introduction_sv"}
    finding = next(f for f in findings(draft) if f.field == "introduction_sv")
    copied = draft.budgets.get()
    assert finding.address == f"/admin/planning/budget/{copied.pk}/change/#id_introduction_sv"
    assert not finding.stops
    assert budget.plan == old


def test_a_new_budget_of_the_same_plan_is_checked_too(db):
    plan = make_plan(2019, 2021, status="draft")
    first = make_budget(plan, 2019, [("item", "1.0"), ("result", "59.3")])
    first.introduction_sv = "Budgeten för 2019 visar 59,3. Ekonomisk plan finns för 2020–2021."
    first.save()
    next_budget(2020, first)
    assert named_in(plan) == {"introduction_sv": "59,3"}
    Budget.objects.filter(year=2020).update(introduction_sv="För 2019 blir det 1\u00a0000.")
    assert named_in(plan) == {"introduction_sv": "2019"}


def test_the_check_of_copied_texts_makes_a_fixed_number_of_queries(db):
    plan = make_plan(2019, 2021)
    make_budget(plan, 2019, [("item", "1.0"), ("result", "1.0")])
    counts = []
    for number in (1, 2, 3):
        make_goal(None, number, plan=plan, description_sv="Sedan 2015.")
        draft = copy_to_period(plan, 2020 + 10 * number, 2022 + 10 * number)
        with CaptureQueriesContext(connection) as queries:
            assert len(findings(draft)) > number
        counts.append(len(queries))
    assert len(set(counts)) == 1
