import datetime as dt
from decimal import Decimal

import pytest
from django import forms
from django.utils import timezone
from django.utils.translation import override

from blekinge_site.formats import (
    AmountField,
    CountField,
    DayField,
    MomentField,
    amount,
    day,
    number,
    parse_day,
    parse_moment,
    parse_number,
    signed_amount,
    when,
)


def test_figures_are_printed_in_swedish():
    assert number(22022) == "22\u00a0022"
    assert amount(Decimal("-6198.0")) == "\u22126\u00a0198,0"
    assert amount(Decimal("59.3")) == "59,3"
    assert signed_amount(Decimal("59.3")) == "+59,3"
    assert signed_amount(Decimal("-68.2")) == "\u221268,2"
    assert day(dt.date(2021, 4, 7)) == "7 april 2021"


def test_figures_are_printed_in_english():
    with override("en"):
        assert number(22022) == "22,022"
        assert amount(Decimal("-6198.0")) == "\u22126,198.0"
        assert day(dt.date(2019, 1, 1)) == "1 January 2019"


def test_a_moment_is_printed_as_its_day_in_sweden():
    assert day(dt.datetime(2021, 4, 6, 22, 30, tzinfo=dt.UTC)) == "7 april 2021"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (dt.datetime(2027, 3, 10, 8, 31, tzinfo=dt.UTC), "i dag 09.31"),
        (dt.datetime(2027, 3, 9, 22, 59, tzinfo=dt.UTC), "i går 23.59"),
        (dt.datetime(2027, 3, 9, 23, 0, tzinfo=dt.UTC), "i dag 00.00"),
        (dt.datetime(2027, 3, 11, 7, 0, tzinfo=dt.UTC), "i morgon 08.00"),
        (dt.datetime(2027, 3, 8, 12, 22, tzinfo=dt.UTC), "8 mars 13.22"),
        (dt.datetime(2026, 12, 31, 22, 59, tzinfo=dt.UTC), "31 december 2026 23.59"),
        (dt.date(2027, 3, 10), "i dag"),
        (dt.date(2027, 3, 12), "12 mars"),
        (dt.date(2028, 1, 1), "1 januari 2028"),
    ],
)
def test_staff_read_moments_as_seen_from_today(clock, moment, text):
    clock(dt.datetime(2027, 3, 10, 12, tzinfo=dt.UTC))
    assert when(moment) == text


@pytest.mark.parametrize(
    "minus", ["\u2212", "-", "\u2013", "\u2014", "\u2010", "\u2011", "\u2212 "]
)
@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u2009", " ", ""])
@pytest.mark.parametrize("decimal_sign", [",", "."])
def test_an_amount_is_read_in_any_common_notation(minus, space, decimal_sign):
    assert parse_number(f"{minus}6{space}198{decimal_sign}0") == Decimal("-6198.0")


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("\u22126,198.0", "-6198.0"),
        ("6.198,0", "6198.0"),
        ("1 234 567,8", "1234567.8"),
        ("+59,3", "59.3"),
        ("\u00a059,3\u00a0", "59.3"),
        (",5", "0.5"),
        ("0", "0"),
    ],
)
def test_other_number_formats_are_read(text, meaning):
    assert parse_number(text) == Decimal(meaning)


@pytest.mark.parametrize("text", ["", "abc", "1,2,3", "--1", "1-2", "12 kr", "NaN", "1e3", "٣"])
def test_text_that_is_not_a_number_is_refused(text):
    with pytest.raises(ValueError, match="not a number"):
        parse_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "2021-04-07",
        "2021\u201304\u201307",
        "20210407",
        "7 april 2021",
        "7 April\u00a02021",
        "den 7 april 2021",
        "7 apr. 2021",
        "7 apr 2021",
        "7/4 2021",
    ],
)
def test_a_date_is_read_in_iso_and_in_swedish(text):
    assert parse_day(text) == dt.date(2021, 4, 7)


@pytest.mark.parametrize(
    "text",
    ["01/02/2019", "1/2/2019", "02.01.2019", "April 7, 2021", "31 april 2021", "2021", "i går"],
)
def test_a_date_that_could_be_misread_is_refused(text):
    with pytest.raises(ValueError, match=r"not a date|day|month"):
        parse_day(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-26 13.00",
        "2026-11-26 13:00",
        "2026-11-26T13:00",
        "26 november 2026 kl. 13.00",
        "26 november 2026, kl 13:00",
    ],
)
def test_a_date_and_a_time_are_read(text):
    assert parse_moment(text) == dt.datetime(2026, 11, 26, 13, 0)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i morgon 8", dt.datetime(2026, 11, 27, 8, 0)),  # noqa: DTZ001
        ("imorgon kl 8", dt.datetime(2026, 11, 27, 8, 0)),  # noqa: DTZ001
        ("I dag 23.59", dt.datetime(2026, 11, 26, 23, 59)),  # noqa: DTZ001
        ("i övermorgon 08:00", dt.datetime(2026, 11, 28, 8, 0)),  # noqa: DTZ001
        ("26/11 08.00", dt.datetime(2026, 11, 26, 8, 0)),  # noqa: DTZ001
        ("25/11 08.00", dt.datetime(2027, 11, 25, 8, 0)),  # noqa: DTZ001
        ("1 mars 8", dt.datetime(2027, 3, 1, 8, 0)),  # noqa: DTZ001
        ("29/2 12", dt.datetime(2028, 2, 29, 12, 0)),  # noqa: DTZ001
        ("2026-11-26 08:00", dt.datetime(2026, 11, 26, 8, 0)),  # noqa: DTZ001
    ],
)
def test_a_time_is_read_as_staff_say_it(monkeypatch, text, expected):
    monkeypatch.setattr(timezone, "now", lambda: dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC))
    assert parse_moment(text) == expected


def test_a_time_is_picked_in_the_browsers_own_field():
    class TimeForm(forms.Form):
        at = MomentField()

    html = str(TimeForm({"at": "i morgon 8"})["at"])
    assert 'value="i morgon 8"' in html
    assert '<input type="datetime-local" name="at_picked">' in html
    form = TimeForm({"at": "2026-11-26 13.00", "at_picked": "2026-12-01T08:30"})
    assert form.is_valid()
    assert timezone.localtime(form.cleaned_data["at"]).isoformat() == "2026-12-01T08:30:00+01:00"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-26",
        "13.00",
        "i morgon",
        "2026-11-26 25.00",
        "11/26/2026 13.00",
        "30/2 8",
        "31/11 8",
        "november 8",
    ],
)
def test_text_that_is_not_a_date_and_time_is_refused(text):
    with pytest.raises(forms.ValidationError, match="Skriv dag och klockslag"):
        MomentField().clean(text)


def test_an_amount_field_formats_its_value_as_the_page_does():
    assert AmountField().prepare_value(Decimal("-6198.0")) == "\u22126\u00a0198,0"
    assert AmountField().prepare_value("det jag skrev") == "det jag skrev"
    assert not AmountField().has_changed(Decimal("-6198.0"), "\u22126\u00a0198,0")
    assert AmountField().has_changed(Decimal("-6198.0"), "\u22126\u00a0199,0")


def test_an_amount_field_explains_errors_in_swedish():
    with pytest.raises(forms.ValidationError, match="Skriv ett tal, till exempel 59,3"):
        AmountField().clean("femtio")
    with pytest.raises(forms.ValidationError, match="decimal"):
        AmountField(max_digits=12).clean("59,33")


def test_a_count_field_reads_whole_numbers_only():
    assert CountField().clean("22\u00a0022") == 22022
    assert CountField().prepare_value(22022) == "22\u00a0022"
    with pytest.raises(forms.ValidationError, match="Skriv ett heltal"):
        CountField().clean("22,5")


def test_a_date_field_explains_errors_in_swedish():
    assert DayField().clean("7 april 2021") == dt.date(2021, 4, 7)
    with pytest.raises(forms.ValidationError, match="Skriv ett datum"):
        DayField().clean("01/02/2019")
