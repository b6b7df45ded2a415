"""Numbers and dates: as the site prints them, and as staff may type or paste them."""

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
from django.utils.translation import get_language

register = template.Library()

MINUS = "\N{MINUS SIGN}"
DASHES = str.maketrans(
    dict.fromkeys("-\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{EM DASH}", MINUS)
)
LOCALES = {"sv": "sv_SE", "en": "en_GB"}


def locale():
    return LOCALES[get_language() or "sv"]


# --- As printed ------------------------------------------------------------------------------------

# A page prints each amount up to three times, in its chart and its table, and Babel takes its time.


@lru_cache(maxsize=2048)
def printed(text, **options):
    """Return the number that `text` is, with a true minus, as Babel prints it with `options`."""
    return format_decimal(Decimal(text), **options).replace("-", MINUS)


@register.filter
def number(value):
    """Return a count in the reader's language: 22 022 (no-break space) or 22,022."""
    return printed(str(value), locale=locale())


@register.filter
def amount(value):
    """Return an amount with one decimal and a true minus: −6 198,0 or −6,198.0."""
    return printed(str(value), format="#,##0.0", locale=locale())


@register.filter
def signed_amount(value):
    """Return an amount as `amount` does, with a plus before a positive one: +59,3."""
    return f"+{amount(value)}" if value > 0 else amount(value)


@register.filter
def day(value):
    """Return a date, or the Swedish date of a moment, in words: 7 april 2021 or 7 April 2021."""
    if isinstance(value, dt.datetime):
        value = timezone.localdate(value)
    return format_date(value, "d MMMM y", locale=locale())


@register.filter
def moment(value):
    """Return an aware datetime in Swedish time, to the minute: 2026-11-26 13.00."""
    return timezone.localtime(value).strftime("%Y-%m-%d %H.%M")


# --- As typed --------------------------------------------------------------------------------------


def parse_number(text):
    """Return the Decimal that `text` means.

    Reads every form that the site prints or a spreadsheet gives: U+2212, hyphen or dash for minus; any
    space, or none, between thousands; comma or point for decimals; `−6,198.0` as on the English pages.
    A lone comma or point is a decimal sign. Raises ValueError for anything else.
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
    """Return `{"april": 4, "apr": 4, …}` in Swedish."""
    names = {}
    for width in ("wide", "abbreviated"):
        for month, name in Locale("sv").months["format"][width].items():
            names[name.rstrip(".")] = month
    return names


MONTHS = _months()


def parse_day(text):
    """Return the date that `text` means: 2021-04-07, 20210407, 7 april 2021, 7 apr. 2021 or 7/4 2021.

    Raises ValueError for anything else: 01/02/2019 means different days in different countries.
    """
    compact = " ".join(text.translate(DASHES).replace(MINUS, "-").lower().split())
    if found := re.fullmatch(r"(\d{4})-?(\d{2})-?(\d{2})", compact):
        year, month, date = found.groups()
    elif found := re.fullmatch(r"(\d{1,2})/(\d{1,2}) (\d{4})", compact):
        date, month, year = found.groups()
    elif (found := re.fullmatch(r"(?:den )?(\d{1,2})\.? ?([a-z]+)\.? (\d{4})", compact)) and (
        found[2] in MONTHS
    ):
        date, month, year = found[1], MONTHS[found[2]], found[3]
    else:
        raise ValueError(f"not a date: {text!r}")
    return dt.date(int(year), int(month), int(date))


def parse_moment(text):
    """Return the naive datetime that `text` means: a day as `parse_day` reads it, and a time.

    The time stands last, as 13:00 or 13.00, with or without "kl."; raises ValueError for anything else.
    """
    found = re.fullmatch(
        r"(.+?)[ T,]+(?:kl\.? ?)?(\d{1,2})[:.](\d{2})", " ".join(text.lower().split()), re.I
    )
    if not found:
        raise ValueError(f"not a day and a time: {text!r}")
    return dt.datetime.combine(parse_day(found[1]), dt.time(int(found[2]), int(found[3])))


# --- Form fields that read them --------------------------------------------------------------------


class LinesField(forms.CharField):
    """Text whose line breaks count as one character each, as the browser counts them."""

    def to_python(self, value):
        return super().to_python(value).replace("\r\n", "\n")

    def widget_attrs(self, widget):
        return {}  # no maxlength: a browser would cut what is pasted, and say nothing


class AmountField(forms.DecimalField):
    """A decimal number as Swedes write it; shows its value as the public page does."""

    default_error_messages = {"invalid": "Skriv ett tal, till exempel 59,3 eller −6 198,0."}

    def __init__(self, *, decimal_places=1, widget=None, **kwargs):
        # Whatever the caller suggests, a text field: a browser's number field refuses "−6 198,0".
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
        return amount(value) if isinstance(value, (Decimal, int)) else value

    def has_changed(self, initial, data):
        try:
            return super().has_changed(initial, self.to_python(data))
        except forms.ValidationError:
            return True


class CountField(AmountField):
    """A whole number as Swedes write it: 22 022."""

    default_error_messages = {"invalid": "Skriv ett heltal, till exempel 22 022."}

    def __init__(self, **kwargs):
        super().__init__(decimal_places=0, **kwargs)

    def to_python(self, value):
        found = super().to_python(value)
        if found is not None and found != found.to_integral_value():
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return found

    def clean(self, value):
        found = super().clean(value)
        return None if found is None else int(found)

    def prepare_value(self, value):
        return number(value) if isinstance(value, int) else value


class DayField(forms.DateField):
    """A date, ISO or in Swedish words."""

    # Not the browser's date field, which refuses what is pasted.
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


class MomentField(forms.DateTimeField):
    """A day and a time in Sweden; shows its value as 2026-11-26 13.00."""

    widget = forms.TextInput
    default_error_messages = {"invalid": "Skriv dag och klockslag, till exempel 2026-11-26 13.00."}

    def to_python(self, value):
        if value in self.empty_values:
            return None
        try:
            return from_current_timezone(parse_moment(str(value)))
        except ValueError as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error

    def prepare_value(self, value):
        return moment(value) if isinstance(value, dt.datetime) else value
