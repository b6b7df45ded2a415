"""Formats numbers and dates for pages, and parses them from forms and imported files."""

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from django import forms, template
from django.forms.utils import from_current_timezone
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import get_language

register = template.Library()

MINUS = "\N{MINUS SIGN}"
DASHES = str.maketrans(
    dict.fromkeys(
        "-\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{EM DASH}\N{HORIZONTAL BAR}",
        MINUS,
    )
)
LOCALES = {"sv": "sv_SE", "en": "en_GB"}


def locale():
    return LOCALES[get_language() or "sv"]


# --- Formatting ------------------------------------------------------------------------------------


@lru_cache(maxsize=2048)  # Babel is slow, and a page has each amount in a chart and in a table
def format_number(text, **options):
    """Return the number `text` as Babel formats it with `options`, but with U+2212 as the minus sign."""
    return format_decimal(Decimal(text), **options).replace("-", MINUS)


@register.filter
def number(value):
    """Return an integer in the active language: 22 022 (no-break space) or 22,022."""
    return format_number(str(value), locale=locale())


@register.filter
def amount(value, decimals=1):
    """Return an amount with the given decimals in the active language: −6 198,0 or −6,198.0."""
    pattern = "#,##0." + "0" * decimals if decimals else "#,##0"
    return format_number(str(value), format=pattern, locale=locale())


@register.filter
def signed_amount(value, decimals=1):
    """Return the same as `amount`, with a plus sign before a positive amount: +59,3."""
    return f"+{amount(value, decimals)}" if value > 0 else amount(value, decimals)


@register.filter
def day(value):
    """Return a date, or the date in Sweden of a datetime, as 7 april 2021 or 7 April 2021."""
    if isinstance(value, dt.datetime):
        value = timezone.localdate(value)
    return format_date(value, "d MMMM y", locale=locale())


@register.filter
def moment(value):
    """Return an aware datetime in Swedish time, to the minute: 2026-11-26 13.00."""
    return timezone.localtime(value).strftime("%Y-%m-%d %H.%M")


@register.filter
def clock_time(value):
    """Return the time of an aware datetime, in Sweden: 09.31."""
    return timezone.localtime(value).strftime("%H.%M")


@register.filter
def when(value):
    """Return a date or an aware datetime as staff say it, seen from today: i dag 09.31, i går 15.40.

    Other days are 8 mars 13.22, or 8 mars 2025 13.22 in another year. A date has no time: i morgon, 8 mars.
    """
    today = timezone.localdate()
    has_time = isinstance(value, dt.datetime)
    date = timezone.localdate(value) if has_time else value
    named = {-1: "i går", 0: "i dag", 1: "i morgon"}
    pattern = "d MMMM" if date.year == today.year else "d MMMM y"
    text = named.get((date - today).days) or format_date(date, pattern, locale=LOCALES["sv"])
    return f"{text} {clock_time(value)}" if has_time else text


# --- Parsing ---------------------------------------------------------------------------------------


def parse_number(text):
    """Parse `text` as a Decimal. Raises ValueError if it isn't a number.

    Accepts every format that the site or a spreadsheet writes: U+2212, hyphen or dash as the minus sign; any
    space, or none, between thousands; comma or point as the decimal separator; `−6,198.0` as on the English
    pages. A single comma or point is a decimal separator.
    """
    compact = re.sub(r"\s", "", text.translate(DASHES)).replace(MINUS, "-")
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+\.\d+", compact):
        compact = compact.replace(",", "")
    elif re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+,\d+", compact):
        compact = compact.replace(".", "")
    compact = compact.replace(",", ".")
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", compact, re.ASCII):
        raise ValueError(f"not a number: {text!r}")
    try:
        return Decimal(compact)
    except InvalidOperation as error:
        raise ValueError(f"not a number: {text!r}") from error


def _months():
    """Return the numbers of the Swedish months by name and abbreviation: `{"april": 4, "apr": 4, …}`."""
    names = {}
    for width in ("wide", "abbreviated"):
        for month, name in Locale("sv").months["format"][width].items():
            names[name.rstrip(".")] = month
    return names


MONTHS = _months()


def parse_day(text):
    """Parse a date such as 2021-04-07, 20210407, 7 april 2021, 7 apr. 2021 or 7/4 2021.

    Raises ValueError for other formats: 01/02/2019 means different days in different countries.
    """
    compact = " ".join(text.translate(DASHES).replace(MINUS, "-").lower().split())
    if match := re.fullmatch(r"(\d{4})-?(\d{2})-?(\d{2})", compact):
        year, month, date = match.groups()
    elif match := re.fullmatch(r"(\d{1,2})/(\d{1,2}) (\d{4})", compact):
        date, month, year = match.groups()
    elif (match := re.fullmatch(r"(?:den )?(\d{1,2})\.? ?([a-z]+)\.? (\d{4})", compact)) and (
        match[2] in MONTHS
    ):
        date, month, year = match[1], MONTHS[match[2]], match[3]
    else:
        raise ValueError(f"not a date: {text!r}")
    return dt.date(int(year), int(month), int(date))


DAYS_FROM_TODAY = {"idag": 0, "i dag": 0, "imorgon": 1, "i morgon": 1, "i övermorgon": 2}


def parse_near_day(text):
    """Parse a date as `parse_day` does, or one near today: i dag, i morgon, 26/11 or 26 november.

    A date without a year is the next such date, today included. Raises ValueError for other formats.
    """
    today = timezone.localdate()
    if text in DAYS_FROM_TODAY:
        return today + dt.timedelta(days=DAYS_FROM_TODAY[text])
    if not re.fullmatch(r"\d{1,2}/\d{1,2}|(?:den )?\d{1,2}\.? ?[a-z]+\.?", text):
        return parse_day(text)
    # 29 February comes within eight years.
    for year in range(today.year, today.year + 9):
        try:
            day_that_year = parse_day(f"{text} {year}")
        except ValueError:
            continue
        if day_that_year >= today:
            return day_that_year
    raise ValueError(f"not a date: {text!r}")


def parse_moment(text):
    """Parse a date as `parse_near_day` does, followed by a time. Return a naive datetime.

    The time is 13:00, 13.00 or 13, with or without "kl." before it. Raises ValueError for other formats.
    """
    match = re.fullmatch(
        r"(.+?)[ t,]+(?:kl\.? ?)?(\d{1,2})(?:[:.](\d{2}))?", " ".join(text.lower().split())
    )
    if not match:
        raise ValueError(f"not a date and a time: {text!r}")
    return dt.datetime.combine(parse_near_day(match[1]), dt.time(int(match[2]), int(match[3] or 0)))


# --- Form fields -----------------------------------------------------------------------------------


class LinesField(forms.CharField):
    """A text field that counts a line break as one character, as browsers do."""

    def to_python(self, value):
        return super().to_python(value).replace("\r\n", "\n")

    def widget_attrs(self, widget):
        return {}  # no maxlength: browsers silently cut pasted text


class AmountField(forms.DecimalField):
    """A decimal number in Swedish format. Shows its value with all decimals that the field has.

    A field of three decimals or more leaves out zeros at the end: 12,000 could be taken for twelve thousand.
    """

    default_error_messages = {"invalid": "Skriv ett tal, till exempel 59,3 eller −6 198,0."}

    def __init__(self, *, decimal_places=1, widget=None, **kwargs):
        # A text input, whatever widget the caller passes: number inputs refuse "−6 198,0".
        widget = forms.TextInput(attrs={"inputmode": "text", "class": "vAmountField"})
        super().__init__(decimal_places=decimal_places, widget=widget, **kwargs)

    def to_python(self, value):
        if value in self.empty_values:
            return None
        try:
            return parse_number(str(value))
        except ValueError as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error

    def prepare_value(self, value):
        if not isinstance(value, (Decimal, int)):
            return value
        decimals = self.decimal_places
        if decimals > 2:
            decimals = max(0, -Decimal(value).normalize().as_tuple().exponent)
        return amount(value, decimals)

    def has_changed(self, initial, data):
        try:
            return super().has_changed(initial, self.to_python(data))
        except forms.ValidationError:
            return True


class CountField(AmountField):
    """A whole number in Swedish format, such as 22 022."""

    default_error_messages = {"invalid": "Skriv ett heltal, till exempel 22 022."}

    def __init__(self, **kwargs):
        super().__init__(decimal_places=0, **kwargs)

    def to_python(self, value):
        decimal = super().to_python(value)
        if decimal is not None and decimal != decimal.to_integral_value():
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return decimal

    def clean(self, value):
        decimal = super().clean(value)
        return None if decimal is None else int(decimal)

    def prepare_value(self, value):
        return number(value) if isinstance(value, int) else value


class DayField(forms.DateField):
    """A date in any format of `parse_day`."""

    # A text input, since nothing can be pasted into a date input.
    widget = forms.TextInput
    default_error_messages = {
        "invalid": "Skriv ett datum, till exempel 2021-04-07 eller 7 april 2021."
    }

    def to_python(self, value):
        if value in self.empty_values:
            return None
        if isinstance(value, dt.datetime):
            return value.date()
        if isinstance(value, dt.date):
            return value
        try:
            return parse_day(str(value))
        except ValueError as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error


class MomentInput(forms.TextInput):
    """A text field for a date and a time, beside the browser's own field, which wins if filled in."""

    def render(self, name, value, attrs=None, renderer=None):
        return format_html(
            '{} <label class="moment">eller välj <input type="datetime-local" name="{}"></label>',
            super().render(name, value, attrs, renderer),
            f"{name}_picked",
        )

    def value_from_datadict(self, data, files, name):
        return data.get(f"{name}_picked") or super().value_from_datadict(data, files, name)


class MomentField(forms.DateTimeField):
    """A date and a time in Sweden. Shows its value as 2026-11-26 13.00."""

    widget = MomentInput
    default_error_messages = {
        "invalid": "Skriv dag och klockslag, till exempel 2026-11-26 13.00 eller i morgon 8."
    }

    def to_python(self, value):
        if value in self.empty_values:
            return None
        try:
            return from_current_timezone(parse_moment(str(value)))
        except ValueError as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error

    def prepare_value(self, value):
        return moment(value) if isinstance(value, dt.datetime) else value
