"""Indicators of goals: their sentences, bars and tables."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from planning.indicators import chart_of, indicator_charts
from planning.models import Goal, Indicator, IndicatorValue
from planning.views import prefetch_goals
from tests.factories import make_goal, make_perspective, make_plan
from tests.site import text_of
from tests.staff_forms import admin_address, change

pytestmark = pytest.mark.database_in_ci


def make_indicator(goal, values=(), **fields):
    """Make an indicator with `values`, pairs of a year and a text, and a source for every value."""
    fields = {"name_sv": "Resor med kollektivtrafik", "unit_sv": "miljoner resor"} | fields
    position = goal.indicators.count() + 1
    indicator = Indicator(**{"goal": goal, "position": position, "direction": "more"} | fields)
    indicator.save()
    for year, value in values:
        IndicatorValue.objects.create(
            indicator=indicator, year=year, value=Decimal(value), source_sv=f"Årsredovisning {year}"
        )
    indicator.refresh_from_db()
    return indicator


@pytest.fixture
def goal(db):
    return make_goal(make_perspective(make_plan()))


@pytest.mark.parametrize(
    ("fields", "values", "sentence"),
    [
        (
            {"target": "12", "target_year": 2026},
            [(2023, "9.9"), (2024, "10.4")],
            "Resor med kollektivtrafik ska öka till 12 miljoner resor 2026. Senast, 2024, var det 10,4.",
        ),
        (
            {"target": "-1.25", "direction": "less", "unit_sv": ""},
            [(2024, "-0.5")],
            "Resor med kollektivtrafik ska minska till −1,25. Senast, 2024, var det −0,5.",
        ),
        (
            {"direction": "keep"},
            [(2024, "1000")],
            "Resor med kollektivtrafik ska ligga kvar. Senast, 2024, var det 1 000 miljoner resor.",
        ),
        ({"target_year": 2026}, [], "Resor med kollektivtrafik ska öka. Inget värde är känt."),
    ],
)
def test_a_sentence_says_where_the_value_is_to_go_and_where_it_was(goal, fields, values, sentence):
    chart = chart_of(make_indicator(goal, values, **fields))
    assert chart.sentence.replace("\xa0", " ") == sentence


def test_a_sentence_is_escaped_and_marked_where_english_is_missing(goal):
    indicator = make_indicator(goal, name_sv="Mer & fler", unit_sv="", unit_en="", target="2")
    with override("en"):
        assert chart_of(indicator).sentence == (
            '<span lang="sv">Mer &amp; fler</span>: to increase to 2. No value is known.'
        )


def test_three_values_or_more_have_bars_on_one_scale_with_the_target(goal):
    chart = chart_of(make_indicator(goal, [(2022, "5"), (2023, "0"), (2024, "-5")], target="10"))
    assert [(row.text, row.x, row.width) for row in chart.rows] == [
        ("5", "33.5%", "33%"),
        ("0", "33.5%", "0%"),
        ("−5", "0.5%", "33%"),
    ]
    assert (chart.zero, chart.target_at) == ("33.5%", "99.5%")
    few = chart_of(make_indicator(goal, [(2023, "5"), (2024, "6")], target="10"))
    assert [(row.text, row.width) for row in few.rows] == [("5", ""), ("6", "")]
    assert not few.has_bars


def test_each_source_is_named_once_with_its_years(goal):
    indicator = make_indicator(goal, [(2022, "1"), (2023, "2"), (2024, "3")])
    indicator.values.filter(year__lt=2024).update(source_sv="Kolada")
    assert [(value.source, years) for value, years in chart_of(indicator).sources] == [
        ("Kolada", "2022, 2023"),
        ("Årsredovisning 2024", "2024"),
    ]


@pytest.mark.parametrize(
    "address", ["/regionplan/2019-2021/", "/regionplan/2019-2021/perspektiv-1/"]
)
def test_indicators_are_shown_under_their_goal(client, goal, address):
    make_indicator(goal, [(2023, "9.9"), (2024, "10.4")], target="12", target_year=2026)
    text = text_of(client.get(address))
    assert (
        "Mål 1 Resor med kollektivtrafik ska öka till 12 miljoner resor 2026. Senast, 2024, var det 10,4."
        " Resor med kollektivtrafik, miljoner resor År Värde 2023 9,9 2024 10,4 Mål 2026 12"
        " Källor: Årsredovisning 2023 (2023); Årsredovisning 2024 (2024)"
    ) in text


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_pdf_with_indicators_is_accessible(client, goal, language):
    make_indicator(goal, [(2022, "1"), (2023, "2"), (2024, "3")], target="12", target_year=2026)
    make_indicator(goal)
    with override(language):
        address = f"{goal.plan.get_absolute_url().rstrip('/')}.pdf"
    assert b"pdfuaid:part" in client.get(address).content


@pytest.mark.parametrize("number", [1, 3])
def test_queries_do_not_grow_with_indicators(goal, number):
    for _number in range(number):
        make_indicator(goal, [(2022, "1"), (2023, "2"), (2024, "3")][:number], target="12")
    perspective = goal.perspective
    with CaptureQueriesContext(connection) as queries:
        rows = type(perspective).objects.prefetch_related(prefetch_goals())
        drawn = [indicator_charts(each) for row in rows for each in row.goals.all()]
    assert len(drawn[0]) == number
    assert len(queries) == 5  # perspectives, goals, focus areas, indicators, values
    assert Goal.objects.count() == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [("12", "12"), ("0.125", "0,125"), ("1234.5", "1\u00a0234,5"), ("100", "100")],
)
def test_an_indicator_keeps_its_decimals(admin_client, db, value, shown):
    goal = make_goal(None, plan=make_plan(status="draft"))
    indicator = Indicator.objects.create(
        goal=goal, position=1, name_sv="Resor", direction="more", target=Decimal(value)
    )
    html = admin_client.get(admin_address(indicator)).content.decode()
    assert f'name="target" value="{shown}"' in html
    change(admin_client, indicator)
    assert indicator.target == Decimal(value)
