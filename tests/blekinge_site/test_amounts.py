from decimal import Decimal

import pytest

from blekinge_site.amounts import Amount, AmountError, PercentError, parse_amount
from blekinge_site.units import Unit


@pytest.mark.parametrize(
    "text",
    [
        "(6 198,0)", "( 6 198,0 )", "6 198,0-", "6 198,0 -", "6198,0\u2212", "\u22126 198,0", "- 6 198,0",
        "\u20136198,0", "\u20146.198,0", "(6,198.0)", "-6'198,0", "-6\u2019198.0", "-6\u00a0198,0",
        "-6\u2009198,0", "-6\u202f198,0", "\u20116198.0", " -6  198,0 ", "\ufeff-6198,0",
    ],
)  # fmt: skip
def test_a_negative_amount_is_read_in_any_notation(text):
    assert parse_amount(text) == Amount(Decimal("-6198.0"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("59,3", "59.3"),
        ("+59,3", "59.3"),
        (",5", "0.5"),
        ("0", "0"),
        ("1 079 512", "1079512"),
        ("1.079.512", "1079512"),
        ("1,079,512", "1079512"),
        ("1.079.512,55", "1079512.55"),
        ("1 234,567", "1234.567"),
        ("1.234,567", "1234.567"),
        ("0,234", "0.234"),
        ("1234,567", "1234.567"),
    ],
)
def test_a_positive_amount_is_read_in_any_notation(text, value):
    assert parse_amount(text) == Amount(Decimal(value))


def test_a_dash_says_none_and_an_empty_cell_says_nothing():
    for dash in [*"-\u2010\u2011\u2012\u2013\u2014\u2015\u2212", " \u2013 "]:
        assert parse_amount(dash) == Amount(None)
    assert parse_amount("- kr") == Amount(None, Unit.KRONOR)
    for empty in ("", "  ", "\u00a0", "\u200b"):
        assert parse_amount(empty) is None
    assert parse_amount("0") == Amount(Decimal(0))


@pytest.mark.parametrize(
    ("text", "value", "alternative"),
    [
        ("1.234", "1.234", "1234"),
        ("1,234", "1.234", "1234"),
        ("(12,345)", "-12.345", "-12345"),
        ("\u2212123.456", "-123.456", "-123456"),
    ],
)
def test_a_single_separator_before_three_digits_is_ambiguous(text, value, alternative):
    assert parse_amount(text) == Amount(Decimal(value), None, Decimal(alternative))


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("6 198,0 mnkr", "6198.0", Unit.MILLIONS),
        ("12 tkr", "12", Unit.THOUSANDS),
        ("12kr", "12", Unit.KRONOR),
        ("\u221212 kr", "-12", Unit.KRONOR),
        ("SEK 12", "12", Unit.KRONOR),
        ("5,5 milj. kr", "5.5", Unit.MILLIONS),
        ("2,1 Miljarder kronor", "2.1", Unit.BILLIONS),
        ("1 000 kr", "1000", Unit.KRONOR),
    ],
)
def test_a_unit_beside_the_amount_is_kept(text, value, unit):
    assert parse_amount(text) == Amount(Decimal(value), unit)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 412,7*", "1412.7"),
        ("1 412,7 **", "1412.7"),
        ("1 412,7 1)", "1412.7"),
        ("1 412,7 1", "1412.7"),
        ("1 412,7\u00b9", "1412.7"),
        ("1 412,7 \u00b2)", "1412.7"),
        ("1 412,7 (1)", "1412.7"),
        ("*) 1 412,7", "1412.7"),
        ("1) 1 412,7", "1412.7"),
        ("(6 198,0)*", "-6198.0"),
        ("(\u22126 198,0)", "-6198.0"),
    ],
)
def test_a_footnote_mark_is_refused_with_a_proposal(text, value):
    with pytest.raises(AmountError) as caught:
        parse_amount(text)
    assert caught.value.proposal == Amount(Decimal(value))
    assert str(caught.value).startswith(f"”{text}” har ")


@pytest.mark.parametrize("text", ["21 %", "21%", "-2,5\u00a0%", "3 procent", "5 \u2030"])
def test_a_percentage_is_refused_as_such(text):
    with pytest.raises(PercentError, match="är procent, inte ett belopp"):
        parse_amount(text)


@pytest.mark.parametrize(
    "text",
    [
        "abc", "kr", "12 st", "1,2,3", "--1", "-1-", "1-2", "61 98", "6198 000", "1.23.456", "1,234,56",
        "0,123,456", "NaN", "1e3", "\u0663", "1)", "112)", "1 412,71)", "6198,-", "..", ".", "*",
        "2021-04-07", "12 kr kr", "6 198,0 5 505,0", "\u00b9",
    ],
)  # fmt: skip
def test_other_text_is_refused_without_a_proposal(text):
    with pytest.raises(AmountError, match="är inget tal") as caught:
        parse_amount(text)
    assert caught.value.proposal is None


def test_long_text_is_refused_at_once():
    with pytest.raises(AmountError, match="Cellen har en text, inte ett belopp"):
        parse_amount("1 " * 1_000_000)
