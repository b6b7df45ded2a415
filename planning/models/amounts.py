"""The amounts of a budget line: a dict from column code to amount.

A cell of a decided table holds an amount, is printed as a dash, or is missing. They are a Decimal, `NONE`,
and no key in the dict.
"""

import enum
from decimal import Decimal, InvalidOperation

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models

from blekinge_site.formats import amount

MAX_DIGITS = 15
DASH = "\N{EN DASH}"  # how staff see a cell without an amount


class Dash(enum.StrEnum):
    """The content of a cell that the decided table prints as a dash: there is no amount.

    Its str is what JSON holds, so that a backup, which writes the str of each value, can be restored.
    """

    NONE = "none"


NONE = Dash.NONE


def amount_from_json(value):
    """Return the Decimal or NONE for `value`, a str. Raises ValidationError for anything else."""
    if value == NONE.value:
        return NONE
    try:
        amount = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or len(amount.as_tuple().digits) > MAX_DIGITS:
        raise ValidationError(f"”{value}” är inget belopp.")
    return amount


class AmountsField(models.JSONField):
    """A dict from column code to Decimal or NONE, stored as JSON strings: `{"budget-2019": "-6198.0"}`."""

    def from_db_value(self, value, expression, connection):
        return self.to_python(super().from_db_value(value, expression, connection))

    def to_python(self, value):
        if not isinstance(value, dict):
            raise ValidationError("Beloppen ska vara ordnade efter kolumn.")
        return {
            code: each if isinstance(each, (Decimal, Dash)) else amount_from_json(each)
            for code, each in value.items()
        }

    def get_prep_value(self, value):
        return super().get_prep_value(as_json(value))

    def value_from_object(self, obj):
        """Return the dict as JSON holds it, for fixtures and for the history."""
        return as_json(super().value_from_object(obj))

    def entries(self, value, tables):
        """Return the amounts as texts by the heading of their column, for the history.

        `value` is what JSON holds, or None, and `tables` the data of the table, with its columns, after a
        change and before it. The headings are those after the change, if the column is still there.
        """
        headings = {}
        for table in reversed(tables):
            for column in table["parts"]["columns"]:
                fields = column["fields"] | {"table_id": None}
                headings[fields["code"]] = str(apps.get_model(column["model"])(**fields))
        decimals = tables[0]["fields"]["decimals"]
        return {
            headings.get(code, code): DASH if each is NONE else amount(each, decimals)
            for code, each in self.to_python(value or {}).items()
        }


def as_json(amounts):
    """Return the dict `amounts` with strings in place of Decimals and NONE."""
    if not isinstance(amounts, dict):
        return amounts
    return {
        code: amount.value if isinstance(amount, Dash) else str(amount)
        for code, amount in amounts.items()
    }
