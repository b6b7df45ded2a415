"""The charts of a budget."""

import re
from decimal import Decimal
from pathlib import Path

from django.core.management import call_command

from planning import charts
from planning.models import Budget, BudgetLine
from tests.factories import make_budget, make_plan
from tests.site import text_of


def bars_of(*lines):
    """Return the bars of unsaved `lines`, pairs of kind and amount."""
    return charts.waterfall(
        [BudgetLine(kind=kind, amount_msek=Decimal(amount)) for kind, amount in lines]
    )


def spans(bars):
    return [(float(bar.start), float(bar.end)) for bar in bars]


def test_a_waterfall_continues_from_line_to_line():
    bars = bars_of(("item", "10.0"), ("item", "-4.0"), ("subtotal", "6.0"), ("result", "6.0"))
    assert spans(bars) == [(0, 10), (10, 6), (0, 6), (0, 6)]
    assert [bar.color for bar in bars] == ["gain", "loss", "sum", "gain"]


def test_a_subtotal_spans_its_lines():
    bars = bars_of(
        ("item", "-10.0"),
        ("subtotal", "-10.0"),
        ("item", "8.0"),
        ("item", "3.0"),
        ("subtotal", "11.0"),
        ("item", "1.0"),
        ("subtotal", "2.0"),
        ("result", "2.0"),
    )
    assert spans(bars)[4] == (-10, 1)
    assert spans(bars)[6] == (0, 2)
    assert all(bar.adds_up for bar in bars)
    assert not any(bar.is_rounded for bar in bars)


def test_rounded_sums_add_up_and_wrong_ones_do_not():
    rounded = bars_of(
        ("item", "4111.8"), ("item", "1412.7"), ("item", "-19.4"), ("result", "5505.0")
    )
    assert rounded[-1].adds_up
    assert rounded[-1].is_rounded
    wrong = bars_of(("item", "10.0"), ("item", "1.0"), ("result", "12.0"))
    assert not wrong[-1].adds_up
    assert spans(wrong)[-1] == (0, 12)


def test_the_rounding_note_is_shown_only_for_rounded_sums(client, db):
    plan = make_plan()
    make_budget(plan, 2019, [("item", "1.0"), ("item", "2.0"), ("result", "3.0")])
    make_budget(plan, 2020, [("item", "1.0"), ("item", "2.0"), ("result", "3.1")])
    note = "Beloppen är avrundade vart och ett för sig."
    assert note not in text_of(client.get("/regionplan/2019-2021/budget-2019/"))
    assert note in text_of(client.get("/regionplan/2019-2021/budget-2020/"))


def test_an_outcome_or_its_absence_is_shown_beside_the_amount(client, db):
    budget = make_budget(make_plan(), 2019, [("item", "1.0"), ("result", "1.0")])
    address = "/regionplan/2019-2021/budget-2019/"
    assert "Utfall" not in text_of(client.get(address))
    budget.lines.filter(kind="item").update(outcome_msek=Decimal("0.0"))
    text = text_of(client.get(address))
    assert "Resultatbudget Miljoner kronor Utfall Rad 1 1,0 0,0 Rad 2 1,0 saknas" in text


def test_a_chart_without_lines_is_not_drawn(client, db):
    assert charts.chart_rows([]) == []
    assert charts.income_and_expenses([]) == [[], []]
    make_budget(make_plan(), 2019)
    assert "<svg" not in client.get("/regionplan/2019-2021/budget-2019/").content.decode()


def test_a_chart_of_zeros_can_be_drawn():
    rows = charts.chart_rows(bars_of(("item", "0.0"), ("result", "0.0")))
    assert [row["x"] for row in rows] == ["0%", "0%"]
    line = BudgetLine(kind="item", amount_msek=Decimal("0.0"))
    assert charts.income_and_expenses([line]) == [[], []]


def test_chart_lengths_have_a_decimal_point_in_every_language(client, content):
    html = client.get("/regionplan/2019-2021/budget-2019/").content.decode()
    lengths = re.findall(r' (?:x|x1|x2|width)="([^"]*)"', html[html.index("<svg width") :])
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
    budget = Budget.objects.get(year=2023)
    assert all(bar.adds_up for bar in charts.waterfall(budget.lines.all()))
    text = text_of(client.get("/en/regional-plan/2023-2026/budget-2023/"))
    assert "Expenses −70,000.5 Net expenses −58,000.5" in text
    assert "Net financial items 500.2 Result for the year 299.7" in text
    assert "Perspektiv" not in text
    # The plans don't affect each other.
    assert "Invånare och samhälle" in text_of(client.get("/regionplan/2019-2021/"))
