"""Database constraints on plans and budgets."""

import json
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from planning.models import (
    NONE,
    Budget,
    BudgetColumn,
    BudgetLine,
    BudgetTable,
    Decision,
    FocusArea,
    FollowUp,
    Goal,
    GoalRating,
    Indicator,
    IndicatorValue,
    Perspective,
    PlanDocument,
    RegionalPlan,
)
from tests.constraints import refuses
from tests.factories import make_budget, make_goal, make_perspective, make_plan, make_table

pytestmark = pytest.mark.database

WORDS = {"title_sv": "Plan", "lead_sv": "Vart.", "responsible_sv": "Regionen"}


def test_a_plans_period_is_ordered(db):
    plan = RegionalPlan(first_year=2021, last_year=2019, **WORDS)
    refuses(plan, "Sista året kan inte vara före första året.")


def test_a_plans_years_have_four_digits(db):
    refuses(RegionalPlan(first_year=19, last_year=21, **WORDS), "Skriv året med fyra siffror.")


def test_a_plans_period_is_its_own(db):
    make_plan(2019, 2021)
    refuses(
        RegionalPlan(first_year=2019, last_year=2021, **WORDS),
        "Det finns redan en regionplan för de åren.",
    )
    make_plan(2020, 2022)


def test_a_plan_does_not_succeed_itself(db):
    plan = make_plan()
    plan.successor = plan
    refuses(plan, "En plan kan inte ersätta sig själv.")


def test_slugs_are_unique_in_their_parent(db):
    plan = make_plan()
    perspective = make_perspective(plan, 1, slug="ekonomi", slug_en="finances")
    make_goal(perspective, 1, slug="hushalla")
    same = "Ett annat perspektiv i planen har samma adress."
    refuses(Perspective(plan=plan, position=2, slug="ekonomi", name_sv="ekonomi"), same)
    english = Perspective(
        plan=plan, position=2, slug="pengar", slug_en="finances", name_sv="pengar"
    )
    refuses(english, same)
    refuses(
        Goal(plan=plan, perspective=perspective, position=2, slug="hushalla", name_sv="Hushålla"),
        "Ett annat mål i perspektivet har samma adressord.",
    )
    make_goal(None, plan=plan, slug="hushalla")
    refuses(
        Goal(plan=plan, position=2, slug="hushalla", name_sv="Hushålla"),
        "Ett annat mål i planen har samma adressord.",
    )
    other = make_perspective(make_plan(2022, 2024), 1, slug="ekonomi", slug_en="finances")
    make_goal(other, 1, slug="hushalla")
    # The English address falls back to the Swedish slug.
    refuses(Perspective(plan=plan, position=2, slug="finances", name_sv="a"), same)


def test_positions_start_at_one(db):
    plan = make_plan()
    goal = make_goal(make_perspective(plan))
    budget = make_budget(plan)
    message = "Ordningen börjar på 1."
    refuses(Perspective(plan=plan, position=0, slug="a", name_sv="a"), message)
    refuses(Goal(plan=plan, perspective=None, position=0, slug="a", name_sv="a"), message)
    refuses(FocusArea(goal=goal, position=0, text_sv="a"), message)
    table = make_table(budget)
    refuses(BudgetTable(budget=budget, position=0, slug="a", title_sv="a"), message)
    refuses(BudgetColumn(table=table, position=0, code="plan-2020", year=2020), message)
    refuses(BudgetLine(table=table, position=0, code="a", name_sv="a"), message)
    refuses(Indicator(goal=goal, position=0, name_sv="a", direction="more"), message)
    refuses(Decision(plan=plan, position=0), message)
    refuses(PlanDocument(plan=plan, position=0, title_sv="a", file="a.pdf"), message)


def test_a_plan_has_one_budget_a_year(db):
    plan = make_plan()
    make_budget(plan, 2019)
    again = Budget(plan=plan, year=2019)
    refuses(again, "Planen har redan en budget för det året.")


def test_a_budgets_year_is_one_of_the_plans(db):
    with pytest.raises(ValidationError, match="Planen gäller 2019–2021"):
        Budget(plan=make_plan(), year=2022).full_clean()


def test_a_table_has_one_result_and_each_code_once(db):
    budget = make_budget(make_plan(), lines=[("item", "1.0"), ("result", "1.0")])
    table = budget.tables.get()
    line = {"table": table, "position": 3, "name_sv": "Rad"}
    refuses(
        BudgetLine(code="igen", kind="result", **line),
        "Tabellen har redan en rad för resultatet.",
    )
    refuses(BudgetLine(code="rad-1", **line), "En annan rad i tabellen har samma kod.")
    refuses(
        BudgetColumn(table=table, position=2, code="budget-2019", year=2019),
        "Tabellen har redan en kolumn för det året och slaget.",
    )
    refuses(
        BudgetTable(budget=budget, position=2, slug=table.slug, title_sv="Igen"),
        "En annan tabell i budgeten har samma adressord.",
    )
    make_table(budget, [("item", ["1.0"]), ("result", ["1.0"])])


def test_a_tables_decimals_and_years_are_possible(db):
    budget = make_budget(make_plan())
    table = make_table(budget)
    refuses(
        BudgetTable(budget=budget, position=2, slug="a", title_sv="a", decimals=4),
        "Belopp har högst tre decimaler.",
    )
    column = {"table": table, "position": 2, "code": "a"}
    refuses(BudgetColumn(year=24, **column), "Skriv året med fyra siffror.")
    message = "Skriv ett senare år än det första, eller inget."
    refuses(BudgetColumn(year=2026, last_year=2026, **column), message)


@pytest.mark.parametrize(
    "amounts",
    [{"budget-2019": "många"}, {"budget-2019": 1.5}, {"budget-2019": "NaN"}, ["1.0"], "1.0"],
)
def test_amounts_are_numbers_by_column(db, amounts):
    table = make_table(make_budget(make_plan()))
    line = BudgetLine(table=table, position=1, code="a", name_sv="a", amounts=amounts)
    with pytest.raises(ValidationError):
        line.full_clean()


def test_an_amount_is_a_number_a_dash_or_missing(db):
    budget = make_budget(make_plan())
    table = make_table(
        budget,
        [("item", ["-6198.0", NONE, None])],
        [("budget", 2019), ("plan", 2020), ("plan", 2021)],
    )
    line = BudgetLine.objects.get()
    amounts = [line.amount(column) for column in table.columns.all()]
    assert amounts == [Decimal("-6198.0"), NONE, None]
    with connection.cursor() as cursor:
        cursor.execute("SELECT amounts FROM planning_budgetline")
        assert json.loads(cursor.fetchone()[0]) == {"budget-2019": "-6198.0", "plan-2020": "none"}


def test_parts_of_a_plan_stay_in_their_plan(db):
    plan, other = make_plan(), make_plan(2022, 2024)
    goal = Goal(plan=plan, perspective=make_perspective(other), position=1, slug="a", name_sv="a")
    with pytest.raises(ValidationError, match="Perspektivet hör till en annan plan."):
        goal.full_clean()
    document = PlanDocument.objects.create(plan=other, position=1, title_sv="a", file="a.pdf")
    with pytest.raises(ValidationError, match="Dokumentet hör till en annan plan."):
        Decision(plan=plan, position=1, document=document).full_clean()


def test_an_indicator_has_one_value_a_year(db):
    goal = make_goal(make_perspective(make_plan()))
    indicator = Indicator.objects.create(goal=goal, position=1, name_sv="a", direction="keep")
    IndicatorValue.objects.create(indicator=indicator, year=2019, value=1)
    refuses(
        IndicatorValue(indicator=indicator, year=2019, value=2),
        "Indikatorn har redan ett värde för det året.",
    )
    refuses(IndicatorValue(indicator=indicator, year=19, value=2), "Skriv året med fyra siffror.")
    refuses(
        Indicator(goal=goal, position=2, name_sv="a", direction="more", target_year=26),
        "Skriv året med fyra siffror.",
    )


def test_a_year_is_followed_up_and_a_goal_rated_once(db):
    plan = make_plan()
    goal = make_goal(make_perspective(plan))
    follow_up = FollowUp.objects.create(plan=plan, year=2019, source_sv="Årsredovisning")
    refuses(
        FollowUp(plan=plan, year=2019, source_sv="Igen"),
        "Planen har redan en uppföljning för det året.",
    )
    GoalRating.objects.create(follow_up=follow_up, goal=goal, rating="satisfactory")
    refuses(
        GoalRating(follow_up=follow_up, goal=goal, rating="unsatisfactory"),
        "Målet är redan bedömt det året.",
    )


def test_a_perspective_cannot_take_a_budgets_address(db):
    words = {"plan": make_plan(), "position": 1, "name_sv": "budget"}
    message = "Adresser som börjar på budget- hör till budgetarna."
    refuses(Perspective(slug="budget-2019", **words), message)
    refuses(Perspective(slug="pengar", slug_en="budget-2019", **words), message)


def test_a_budgets_year_has_four_digits(db):
    plan = make_plan()
    budget = Budget(plan=plan, year=19)
    with pytest.raises(IntegrityError), transaction.atomic():
        budget.save()


def test_a_plans_years_cannot_leave_its_budgets_behind(db):
    plan = make_plan(2019, 2021, status="draft")
    make_budget(plan, 2020)
    plan.last_year = 2019
    with pytest.raises(ValidationError, match="budget för år utanför perioden: 2020"):
        plan.full_clean()


def test_plans_do_not_replace_each_other_in_a_ring(db):
    first = make_plan(2019, 2021)
    second = make_plan(2022, 2024, successor=first)
    first.successor = second
    with pytest.raises(ValidationError, match="i en ring"):
        first.full_clean()


def test_a_follow_up_is_of_one_of_the_plans_years_and_goals(db):
    plan = make_plan()
    follow_up = FollowUp(plan=plan, year=2022, source_sv="Årsredovisning")
    with pytest.raises(ValidationError, match="Planen gäller 2019–2021"):
        follow_up.full_clean()
    follow_up.year = 2019
    follow_up.save()
    others = make_goal(make_perspective(make_plan(2022, 2024)))
    rating = GoalRating(follow_up=follow_up, goal=others, rating="satisfactory")
    with pytest.raises(ValidationError, match="en annan plan"):
        rating.full_clean()
