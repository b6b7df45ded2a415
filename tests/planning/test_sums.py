"""How sums follow from the other lines of a table."""

from decimal import Decimal

import pytest

from planning.models import NONE, BudgetColumn, BudgetLine
from planning.sums import sums_of

YEARS = (2024, 2025, 2026)


def columns_of(count):
    return [BudgetColumn(code=f"budget-{year}", kind="budget", year=year) for year in YEARS[:count]]


def lines_of(*rows):
    """Return unsaved lines. A row is a kind and its amounts: a number, NONE, or None if missing."""
    return [
        BudgetLine(
            kind=kind,
            name_sv=f"Rad {number}",
            amounts={
                f"budget-{year}": amount if amount is NONE else Decimal(amount)
                for year, amount in zip(YEARS, amounts, strict=False)
                if amount is not None
            },
        )
        for number, (kind, *amounts) in enumerate(rows, start=1)
    ]


def sums(*rows, decimals=1):
    """Return `{(row number, column number): Sum}` of the table with these rows."""
    columns = columns_of(len(rows[0]) - 1)
    numbers = {column.code: number for number, column in enumerate(columns, start=1)}
    by_key = sums_of(lines_of(*rows), columns, Decimal(1).scaleb(-decimals))
    return {(line + 1, numbers[code]): value for (line, code), value in by_key.items()}


def terms(entry):
    return [str(line.name_sv) for line in entry.terms]


def test_the_sums_of_the_region_for_2019():
    table = sums(
        ("item", "988.3"),
        ("item", "-6198.0"),
        ("item", "-236.0"),
        ("subtotal", "-5445.7"),
        ("item", "4111.8"),
        ("item", "1412.7"),
        ("item", "48.8"),
        ("item", "-68.2"),
        ("subtotal", "5505.0"),
        ("result", "59.3"),
    )
    net, financing, result = table[4, 1], table[9, 1], table[10, 1]
    assert terms(net) == ["Rad 1", "Rad 2", "Rad 3"]
    assert (net.computed, net.is_rounded) == (Decimal("-5445.7"), False)
    assert terms(financing) == ["Rad 5", "Rad 6", "Rad 7", "Rad 8"]
    assert (financing.computed, financing.difference) == (Decimal("5505.1"), Decimal("-0.1"))
    assert financing.is_rounded
    assert len(result.terms) == 7
    assert result.adds_up


def test_a_column_in_whole_millions_may_print_60_where_59_is_computed():
    whole = sums(("item", "100"), ("item", "-30"), ("item", "-11"), ("result", "60"), decimals=0)
    assert whole[4, 1].is_rounded
    assert whole[4, 1].computed == 59
    tenths = sums(("item", "100.0"), ("item", "-30.0"), ("item", "-11.0"), ("result", "60.0"))
    assert tenths[4, 1].adds_up is False


@pytest.mark.parametrize(
    ("decimals", "off_by", "adds_up"),
    [
        (0, "1.5", True),  # half a unit for the sum and for each of two terms
        (0, "2", False),
        (1, "0.1", True),
        (1, "0.2", False),
        (2, "0.01", True),
        (2, "0.02", False),
        (3, "0.001", True),
        (3, "0.002", False),
    ],
)
def test_the_tolerance_follows_the_printed_decimals(decimals, off_by, adds_up):
    total = str(Decimal(3) + Decimal(off_by))
    table = sums(("item", "1"), ("item", "2"), ("total", total), decimals=decimals)
    assert table[3, 1].adds_up is adds_up


def test_lines_that_are_part_of_others_never_count():
    table = sums(("item", "10"), ("of_which", "4"), ("item", "5"), ("total", "15"), decimals=0)
    assert terms(table[4, 1]) == ["Rad 1", "Rad 3"]
    alone = sums(("of_which", "932"), ("total", "1200"), decimals=0)
    assert alone == {}


def test_the_same_rule_holds_in_every_column():
    table = sums(
        ("item", "10", "20"),
        ("subtotal", "10", "20"),
        ("item", "3", "5"),
        ("item", "4", "6"),
        ("subtotal", "7", "12"),
        ("result", "17", "31"),
        decimals=0,
    )
    assert terms(table[5, 1]) == terms(table[5, 2]) == ["Rad 3", "Rad 4"]
    assert (table[5, 1].adds_up, table[5, 2].difference) == (True, Decimal(1))
    assert terms(table[6, 2]) == ["Rad 1", "Rad 3", "Rad 4"]


def test_a_sum_may_start_from_an_earlier_sum():
    # Sjöbo's reconciliation begins with a decided sum whose terms are in another table.
    table = sums(
        ("subtotal", "59.7", "-19.4", "-26.1"),
        ("item", "0", "14.6", "7.5"),
        ("result", "59.7", "-4.8", "-18.6"),
    )
    assert (1, 1) not in table
    assert [terms(table[3, number]) for number in (1, 2, 3)] == [["Rad 1", "Rad 2"]] * 3
    assert all(table[3, number].difference == 0 for number in (1, 2, 3))


def test_a_total_may_add_up_sums_that_stand_by_themselves():
    table = sums(("subtotal", "5"), ("subtotal", "7"), ("total", "12"), decimals=0)
    assert terms(table[3, 1]) == ["Rad 1", "Rad 2"]


def test_a_wrong_sum_is_compared_with_the_terms_that_come_closest():
    table = sums(
        ("item", "-5445.7"),
        ("subtotal", "-5445.7"),
        ("item", "4111.8"),
        ("item", "1393.3"),
        ("subtotal", "5517.4"),
        ("result", "59.4"),
    )
    wrong = table[5, 1]
    assert terms(wrong) == ["Rad 3", "Rad 4"]
    assert (wrong.computed, wrong.difference) == (Decimal("5505.1"), Decimal("12.3"))
    assert wrong.adds_up is False
    assert table[6, 1].adds_up


def test_a_dash_counts_as_zero_and_a_missing_amount_stops_the_sum():
    table = sums(("item", "1", "1"), ("item", NONE, None), ("total", "1", "1"), decimals=0)
    assert table[3, 1].adds_up
    unknown = table[3, 2]
    assert (unknown.computed, unknown.difference, unknown.adds_up) == (None, None, None)
    assert [line.name_sv for line in unknown.missing] == ["Rad 2"]
    assert not unknown.is_rounded


def test_a_sum_without_an_amount_is_left_out():
    assert sums(("item", "1"), ("item", "1"), ("total", None)) == {}


def test_one_line_that_differs_is_no_sum():
    # A table of key figures: a result after an income is not the sum of the income.
    assert sums(("item", "133000"), ("result", "-4000"), decimals=0) == {}
