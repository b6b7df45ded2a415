"""The bars beside the amounts of a table."""

import re
from decimal import Decimal
from pathlib import Path

from django.core.management import call_command

from planning import charts
from planning.models import NONE, Budget
from planning.views import charts_of
from tests.factories import make_budget, make_plan, make_table
from tests.site import text_of


def chart(lines, columns=None, **fields):
    """Return the Chart of a new table; see `make_table`."""
    budget = make_budget(make_plan(2000, 2099), 2019)
    rows = [(kind, amounts if columns else [amounts]) for kind, amounts in lines]
    make_table(budget, rows, columns, **fields)
    return charts_of(budget)[0]


def spans(drawn):
    """Return where each bar begins and ends, as fractions of the distance from zero to the highest level."""
    zero = float(drawn.zero.rstrip("%"))
    bars = [row.bar for row in drawn.rows]
    edges = [
        sorted((float(bar.x.rstrip("%")), float(bar.x.rstrip("%")) + float(bar.width.rstrip("%"))))
        for bar in bars
    ]
    unit = max(end for _start, end in edges) - zero
    return [tuple(round((edge - zero) / unit, 2) for edge in pair) for pair in edges]


def test_a_waterfall_continues_from_line_to_line(db):
    drawn = chart([("item", "10"), ("item", "-4"), ("subtotal", "6"), ("result", "6")])
    assert drawn.is_waterfall
    assert spans(drawn) == [(0, 1), (0.6, 1), (0, 0.6), (0, 0.6)]
    assert [row.bar.color for row in drawn.rows] == ["gain", "loss", "sum", "plus"]
    assert [row.step_in for row in drawn.rows[1:]] == [row.step_out for row in drawn.rows[:3]]


def test_a_subtotal_begins_where_its_first_term_did(db):
    drawn = chart(
        [
            ("item", "-10"),
            ("subtotal", "-10"),
            ("item", "8"),
            ("item", "3"),
            ("subtotal", "11"),
            ("item", "1"),
            ("subtotal", "2"),
            ("result", "2"),
        ]
    )
    levels = spans(drawn)
    assert levels[4] == (-5, 0.5)
    assert levels[6] == levels[7] == (0, 1)
    assert not any(row.bar.is_dashed for row in drawn.rows)
    assert not drawn.is_rounded


def test_a_result_below_zero_is_red_and_a_wrong_sum_dashed(db):
    drawn = chart([("item", "1"), ("item", "-3"), ("result", "-2.5")])
    result = drawn.result
    assert (result.bar.color, result.bar.is_dashed) == ("minus", True)
    assert chart_color_of_a_right_sum(db) == ("minus", False)


def chart_color_of_a_right_sum(db):
    Budget.objects.all().delete()
    plan = Budget.plan.field.related_model.objects.get()
    budget = make_budget(plan, 2019, [("item", "1"), ("item", "-3"), ("result", "-2")])
    bar = charts_of(budget)[0].result.bar
    return bar.color, bar.is_dashed


def test_lines_that_are_part_of_an_item_lie_within_its_bar(db):
    drawn = chart(
        [("item", "10"), ("of_which", "4"), ("of_which", "2"), ("item", "-5"), ("result", "5")]
    )
    assert spans(drawn) == [(0, 1), (0, 0.4), (0.4, 0.6), (0.5, 1), (0, 0.5)]


def test_bars_start_from_zero_in_a_table_that_leads_to_no_sum(db):
    drawn = chart([("item", "14.7"), ("item", "10.9"), ("item", "3.6")])
    assert not drawn.is_waterfall
    assert [start for start, _end in spans(drawn)] == [0, 0, 0]
    assert charts.income_and_expenses(drawn) == ([], [])
    frames = [("item", "66900"), ("item", "35"), ("total", "66935")]
    budget = make_budget(make_plan(1900, 1999), 1990, frames)
    assert not charts_of(budget)[0].is_waterfall


def test_a_missing_amount_and_a_dash_are_not_the_same(db):
    columns = [("budget", 2019), ("plan", 2020)]
    drawn = chart([("item", [NONE, None]), ("item", ["2", "3"])], columns)
    dash, missing = drawn.rows[0].cells
    assert (dash.is_dash, dash.is_missing) == (True, False)
    assert (missing.is_dash, missing.is_missing) == (False, True)
    assert drawn.rows[0].bar is None
    later = charts.chart_of(drawn.table, 2019, "plan-2020")
    assert [row.bar.color for row in later.rows] == ["slot", "item"]


def test_the_bars_follow_the_column_of_the_year_or_the_chosen_one(db):
    columns = [("outcome", 2018), ("budget", 2018), ("plan", 2019), ("budget", 2019)]
    drawn = chart([("item", ["1", "2", "3", "4"])], columns)
    assert drawn.column.code == "budget-2019"
    table = drawn.table
    assert charts.chart_of(table, 2019, "plan-2019").column.code == "plan-2019"
    assert charts.chart_of(table, 2019, "no-such").column.code == "budget-2019"
    assert charts.chart_of(table, 2030).column.code == "budget-2018"


def test_the_axis_has_round_numbers(db):
    drawn = chart(
        [("item", "988.3"), ("item", "-6198.0"), ("item", "4111.8"), ("result", "-1097.9")]
    )
    assert [label for _x, label, _anchor in drawn.axis] == [-4000, -2000, 0]
    small = chart_of_another([("item", "0.03"), ("item", "-0.01"), ("result", "0.02")])
    assert [label for _x, label, _anchor in small.axis] == [Decimal(n) / 100 for n in range(4)]


def chart_of_another(lines):
    budget = make_budget(make_plan(1900, 1999), 1990)
    make_table(budget, [(kind, [amount]) for kind, amount in lines], decimals=2)
    return charts_of(budget)[0]


def test_shares_of_a_hundred_kronor(client, content):
    drawn = charts_of(Budget.objects.get())[0]
    income, expenses = charts.of_hundred(drawn)
    assert [str(share.of_hundred) for share in income] == ["62.7", "21.5", "15.1", "0.7"]
    assert [str(share.of_hundred) for share in expenses] == ["94.5", "3.6", "1.0", "0.9"]
    assert [share.line.name_sv for share in expenses][-1] == "Resultat"


def test_shares_are_left_out_where_the_data_do_not_carry_them(db):
    deficit = chart([("item", "10"), ("item", "-12"), ("result", "-2")])
    assert charts.of_hundred(deficit) == ([], [])
    assert charts.income_and_expenses(deficit) != ([], [])
    wrong = chart_of_another([("item", "10"), ("item", "-2"), ("result", "9")])
    assert charts.of_hundred(wrong) == ([], [])


def test_a_table_without_lines_or_columns_is_not_drawn(client, db):
    budget = make_budget(make_plan(), 2019)
    table = make_table(budget)
    assert "<svg" not in client.get("/regionplan/2019-2021/budget-2019/").content.decode()
    table.columns.all().delete()
    assert client.get("/regionplan/2019-2021/budget-2019/").status_code == 200


def test_a_chart_of_zeros_can_be_drawn(db):
    drawn = chart([("item", "0.0"), ("result", "0.0")])
    assert [row.bar for row in drawn.rows] == [None, None]
    assert charts.of_hundred(drawn) == ([], [])


def test_chart_lengths_have_a_decimal_point_in_every_language(client, content):
    html = client.get("/regionplan/2019-2021/budget-2019/").content.decode()
    lengths = re.findall(r' (?:x|x1|x2|width)="([^"]*)"', html[html.index("<svg aria") :])
    assert len(lengths) > 40
    assert [length for length in lengths if not re.fullmatch(r"\d+(\.\d+)?%?", length)] == []
    assert any("." in length for length in lengths)


def test_another_regions_plan_is_a_matter_of_data(client, content):
    fixture = Path(__file__).with_name("another_region.json")
    for _load in ("first", "second"):
        call_command("loaddata", fixture, verbosity=0)
    text = text_of(client.get("/regionplan/2023-2026/"))
    assert "Perspektiv natur och klimat 2 av 4" in text
    assert "Inriktningsmål: Mer natur och klimat" in text
    drawn = charts_of(Budget.objects.get(year=2023))[0]
    assert all(row.sum.adds_up for row in drawn.rows if row.line.is_sum)
    text = text_of(client.get("/en/regional-plan/2023-2026/budget-2023/"))
    for amounts in ("Expenses −70,000.5", "Net expenses", "−58,000.5", "500.2", "299.7"):
        assert amounts in text
    assert "Perspektiv" not in text
    # The plans don't affect each other.
    assert "Invånare och samhälle" in text_of(client.get("/regionplan/2019-2021/"))
