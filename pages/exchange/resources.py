"""Import and export: the parts of a publishable as rows of a spreadsheet."""

import hashlib
import re
from collections import Counter
from decimal import Decimal
from itertools import zip_longest
from typing import NamedTuple

import tablib
from django.core.exceptions import ValidationError
from import_export.fields import Field
from import_export.instance_loaders import BaseInstanceLoader
from import_export.resources import Resource
from import_export.widgets import Widget
from openpyxl.cell.cell import ERROR_CODES

from blekinge_site.formats import amount, parse_day, parse_number
from pages.exchange.cells import plain
from pages.publishing.ordered import renumber

ROW_NUMBER = "#"  # the dataset column with each row's number in the file

# --- Cells -----------------------------------------------------------------------------------------


class Text(Widget):
    def clean(self, value, row=None, **kwargs):
        if value in ERROR_CODES:
            raise ValueError(f"{value} är ett felmeddelande från Excel. Rätta formeln.")
        return value.strip()

    def render(self, value, obj=None, **kwargs):
        return plain(value or "")


class Amount(Widget):
    def clean(self, value, row=None, **kwargs):
        if not value.strip():
            return None
        try:
            return parse_number(value)
        except ValueError as error:
            raise ValueError(f"”{value}” är inget tal. Skriv till exempel 988,3.") from error

    def render(self, value, obj=None, **kwargs):
        return value


class Count(Amount):
    """A whole number, at least `least`."""

    def __init__(self, least=0):
        super().__init__()
        self.least = least

    def clean(self, value, row=None, **kwargs):
        count = super().clean(value)
        if count is None:
            return None
        if count != count.to_integral_value() or count < self.least:
            raise ValueError(f"”{value}” går inte. Skriv ett heltal från {self.least}.")
        return int(count)


class Day(Amount):
    def clean(self, value, row=None, **kwargs):
        try:
            return parse_day(value) if value.strip() else None
        except ValueError as error:
            raise ValueError(
                f"”{value}” är inget datum. Skriv till exempel 2021-04-07 eller 7 april 2021."
            ) from error


class Choice(Widget):
    """One of a field's `choices`, written as its label in any case."""

    def __init__(self, choices):
        super().__init__()
        self.choices = choices

    def clean(self, value, row=None, **kwargs):
        choice_by_label = {choice.label.lower(): choice for choice in self.choices}
        try:
            return choice_by_label[value.strip().lower()] if value.strip() else None
        except KeyError as error:
            labels = ", ".join(choice_by_label)
            raise ValueError(f"”{value}” går inte. Välj bland {labels}.") from error

    def render(self, value, obj=None, **kwargs):
        return self.choices(value).label


# --- Rows ------------------------------------------------------------------------------------------


class Column(Field):
    """A column of the spreadsheet. If it is `required`, the column must exist and have no empty cells."""

    def __init__(self, attribute, heading, widget, *, required=False, **options):
        super().__init__(attribute, heading, widget, **options)
        self.required = required

    def clean(self, row, **kwargs):
        if self.required and not row[self.column_name].strip():
            raise ValueError("Cellen är tom.")
        return super().clean(row, **kwargs)

    def save(self, instance, row, is_m2m=False, **kwargs):
        self.clean(row, **kwargs)
        # A cell equal to its export is unchanged, although it may stand for "" or None, \r\n or \n.
        if row[self.column_name] != self.export(instance):
            super().save(instance, row, is_m2m, **kwargs)


class ImportedRow(NamedTuple):
    """The result of importing a row. `changes` is a list of `(heading, before, after)`."""

    number: int
    event: str
    name: str
    changes: list


class Outcome(NamedTuple):
    """The result of importing a file. `rows` is a list of ImportedRow."""

    rows: list

    @property
    def counts(self):
        """The number of rows of each kind, in Swedish: `2 nya, 3 ändrade, 5 oförändrade`."""
        count = Counter(row.event for row in self.rows)
        return f"{count['Ny']} nya, {count['Ändras']} ändrade, {count['Oförändrad']} oförändrade"

    @property
    def changes_something(self):
        return any(row.changes for row in self.rows)

    @property
    def digest(self):
        return hashlib.sha256(repr(self).encode()).hexdigest()


EVENTS = {"new": "Ny", "update": "Ändras", "skip": "Oförändrad"}


class PartResource(Resource):
    """The parts of one kind in a publishable, as rows of a spreadsheet.

    A row with the key of an existing part updates it; any other row adds a part. The number of queries
    doesn't depend on the number of rows, so subclasses check constraints in memory.
    """

    slug = ""  # used in addresses and file names
    parent = ""  # the foreign key to the object that the parts are ordered within
    key_name = ""  # Swedish, for error messages: the columns that make up the key
    help_text = ""

    class Meta:
        use_bulk = True
        skip_unchanged = True
        report_skipped = True
        skip_html_diff = True
        store_instance = True
        store_row_values = True
        instance_loader_class = BaseInstanceLoader  # unused: get_or_init_instance looks parts up

    def __init__(self, publishable):
        super().__init__()
        self.publishable = publishable
        self.parts = list(self.get_queryset())
        # If several parts have the same key, the first one counts, as in natural key lookups.
        self.part_by_key = {self.key(part): part for part in reversed(self.parts)}
        self.row_by_key = {}
        self.last_position = Counter()  # by the parent's pk
        for part in self.parts:
            self.note_position(part)

    def key(self, part):
        """Return a hashable key that identifies `part` in the publishable."""
        raise NotImplementedError

    def part_from(self, row):
        """Return a new unsaved part for `row`, with the fields of its key and its position set."""
        raise NotImplementedError

    def name(self, part):
        return str(part)

    def read(self, name, row):
        """Return the value of column `name` in `row`, or None if the file has no such column."""
        field = self.fields[name]
        try:
            return field.clean(row) if field.column_name in row else None
        except ValueError as error:
            raise ValidationError({name: str(error)}) from error

    def parent_of(self, part):
        return getattr(part, f"{self.parent}_id")

    def note_position(self, part):
        parent = self.parent_of(part)
        self.last_position[parent] = max(self.last_position[parent], part.position)

    # Hooks of django-import-export

    def get_or_init_instance(self, instance_loader, row):
        new = self.part_from(row)
        key = self.key(new)
        first = self.row_by_key.setdefault(key, row[ROW_NUMBER])
        if first != row[ROW_NUMBER]:
            raise ValidationError(f"Samma {self.key_name} som på rad {first}.")
        part = self.part_by_key.get(key, new)
        return part, part is new

    def skip_row(self, instance, original, row, import_validation_errors=None):
        return instance.pk and super().skip_row(instance, original, row, import_validation_errors)

    def validate_instance(self, instance, import_validation_errors=None, validate_unique=True):
        errors = dict(import_validation_errors or {})
        columns = self.fields.keys() - errors.keys()
        fields = {field.name for field in self._meta.model._meta.fields}
        try:
            instance.full_clean(
                exclude=fields - columns, validate_unique=False, validate_constraints=False
            )
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def before_save_instance(self, instance, row, **kwargs):
        self.note_position(instance)

    def bulk_update(self, *args, **kwargs):
        # Django's bulk_update writes a CASE branch for each row and field, which is ten times as slow.
        field_names = [name for name, field in self.fields.items() if not field.readonly]
        self._meta.model.objects.bulk_create(
            self.update_instances,
            update_conflicts=True,
            unique_fields=["pk"],
            update_fields=field_names,
        )
        self.update_instances.clear()

    # Methods that the admin calls

    def export_parts(self):
        """Return all parts as a tablib Dataset."""
        return self.export(self.parts)

    def import_rows(self, rows):
        """Import `rows`, in the format of `read_rows`, and return the Outcome.

        Raises ValidationError with every error in them; then no row is imported.
        """
        result = self.import_data(
            self.dataset_of(rows), use_transactions=True, rollback_on_validation_errors=True
        )
        # import-export catches every exception, including those that are bugs.
        for caught in [
            *result.base_errors,
            *(error for row in result.rows for error in row.errors),
        ]:
            raise caught.error
        if result.has_validation_errors():
            raise ValidationError([text for row in result.rows for text in self.errors_of(row)])
        for parent in {self.parent_of(row.instance) for row in result.rows if not row.is_skip()}:
            renumber(self._meta.model, **{self.parent: parent})
        return Outcome([self.imported(row) for row in result.rows])

    def dataset_of(self, rows):
        """Return `rows` as a tablib Dataset with the column names of this resource as headings."""
        (_number, headings), *rows = rows
        known = {normalized(field.column_name): field.column_name for field in self.fields.values()}
        names = [known.get(normalized(heading)) for heading in headings]
        errors = [
            f"Kolumnen ”{heading}” känns inte igen."
            for heading, name in zip(headings, names, strict=True)
            if name is None and heading.strip()
        ]
        for field in self.fields.values():
            if field.required and field.column_name not in names:
                errors.append(f"Filen saknar kolumnen ”{field.column_name}”.")
            if names.count(field.column_name) > 1:
                errors.append(f"Kolumnen ”{field.column_name}” finns mer än en gång.")
        if errors:
            raise ValidationError(errors)
        dataset = tablib.Dataset(headers=[ROW_NUMBER, *filter(None, names)])
        for number, cells in rows:
            row = list(zip_longest(names, cells, fillvalue=""))
            if any(cell.strip() for name, cell in row if not name):
                errors.append(f"Rad {number} har text i en kolumn utan rubrik.")
            dataset.append([number, *(cell for name, cell in row if name)])
        if errors:
            raise ValidationError(errors)
        return dataset

    def errors_of(self, row):
        """Return the validation errors of `row`, an import-export RowResult, as Swedish sentences."""
        if not row.validation_error:
            return []
        error = row.validation_error
        by_name = error.message_dict if hasattr(error, "error_dict") else {None: error.messages}
        where = f"Rad {row.row_values[ROW_NUMBER]}"
        return [
            f"{where}, kolumn {self.fields[name].column_name}: {text}"
            if name in self.fields
            else f"{where}: {text}"
            for name, texts in by_name.items()
            for text in texts
        ]

    def imported(self, row):
        """Return the ImportedRow for `row`, an import-export RowResult."""
        changes = []
        for field in self.get_import_fields():
            before = "" if row.is_new() else shown(self.export_field(field, row.original))
            after = shown(self.export_field(field, row.instance))
            if before != after:
                changes.append((field.column_name, before, after))
        number = row.row_values[ROW_NUMBER]
        return ImportedRow(number, EVENTS[row.import_type], self.name(row.instance), changes)


def normalized(heading):
    """Return `heading` in lower case, without extra spaces and text in parentheses."""
    return " ".join(re.sub(r"\(.*?\)", "", heading).lower().split())


def shown(value):
    """Return the value of a cell formatted for display."""
    if isinstance(value, Decimal):
        return amount(value)
    return "" if value is None else str(value)
