"""The form field of a cell in a table of amounts."""

from decimal import Decimal

from django import forms

from blekinge_site.amounts import AmountError, parse_amount
from blekinge_site.formats import amount
from planning.models import NONE
from planning.models.amounts import DASH, MAX_DIGITS

IN_WORDS = ["hela tal", "en decimal", "två decimaler", "tre decimaler"]


class AmountCellField(forms.Field):
    """A cell with an amount, a dash or nothing: a Decimal with the table's decimals, NONE or None."""

    widget = forms.TextInput
    default_error_messages = {
        "invalid": "”%(text)s” är inget belopp. Skriv ett tal, till exempel 59,3 eller −6 198,0, "
        "ett streck om det inte finns något belopp, eller lämna tomt om det saknas.",
        "decimals": "Tabellen har %(decimals)s, men %(amount)s har fler. Skriv beloppet som det är "
        "beslutat, eller ge tabellen fler decimaler.",
        "digits": "Beloppet är för stort.",
    }

    def __init__(self, *, decimals, **kwargs):
        self.decimals = decimals
        super().__init__(**kwargs | {"required": False})

    def to_python(self, value):
        text = (value or "").strip()
        message = self.error_messages["invalid"]
        try:
            parsed = parse_amount(text)
        except AmountError as error:
            raise forms.ValidationError(message, "invalid", {"text": text}) from error
        if parsed is None:
            return None
        if parsed.unit is not None:
            raise forms.ValidationError(message, "invalid", {"text": text})
        if parsed.value is None:
            return NONE
        number = parsed.value
        if len(number.as_tuple().digits) > MAX_DIGITS - self.decimals:
            raise forms.ValidationError(self.error_messages["digits"], "digits")
        rounded = round(number, self.decimals)
        if number != rounded:
            params = {"decimals": IN_WORDS[self.decimals], "amount": self.prepare_value(number)}
            raise forms.ValidationError(self.error_messages["decimals"], "decimals", params)
        return rounded

    def prepare_value(self, value):
        """Return the text to show: −6 198,0 with the decimals of the table, or with more if it has more."""
        if value is NONE:
            return DASH
        if isinstance(value, Decimal):
            return amount(value, max(self.decimals, -value.normalize().as_tuple().exponent))
        return value

    def has_changed(self, initial, data):
        try:
            return self.to_python(data) != initial
        except forms.ValidationError:
            return True
