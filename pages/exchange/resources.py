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
from pages.exchange.spreadsheets import plain
from pages.publishing.ordered import renumber

ROW = "#"  # the column of a dataset that says which row of the file each row is

# --- What a cell says ------------------------------------------------------------------------------


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
    """A whole number, `least` or more."""

    def __init__(self, least=0):
        super().__init__()
        self.least = least

    def clean(self, value, row=None, **kwargs):
        found = super().clean(value)
        if found is None:
            return None
        if found != found.to_integral_value() or found < self.least:
            raise ValueError(f"”{value}” går inte. Skriv ett heltal från {self.least}.")
        return int(found)


class Day(Amount):
    def clean(self, value, row=None, **kwargs):
        try:
            return parse_day(value) if value.strip() else None
        except ValueError as error:
            raise ValueError(
                f"”{value}” är inget datum. Skriv till exempel 2021-04-07 eller 7 april 2021."
            ) from error


class Choice(Widget):
    """One of the choices of a field, by the word that staff know."""

    def __init__(self, choices):
        super().__init__()
        self.choices = choices

    def clean(self, value, row=None, **kwargs):
        by_word = {choice.label.lower(): choice for choice in self.choices}
        try:
            return by_word[value.strip().lower()] if value.strip() else None
        except KeyError as error:
            raise ValueError(f"”{value}” går inte. Välj bland {', '.join(by_word)}.") from error

    def render(self, value, obj=None, **kwargs):
        return self.choices(value).label


# --- What a row says -------------------------------------------------------------------------------


class Column(Field):
    """A field under its heading; a `required` one needs a column, and a value in every row."""

    def __init__(self, attribute, heading, widget, *, required=False, **options):
        super().__init__(attribute, heading, widget, **options)
        self.required = required

    def clean(self, row, **kwargs):
        if self.required and not row[self.column_name].strip():
            raise ValueError("Cellen är tom.")
        return super().clean(row, **kwargs)

    def save(self, instance, row, is_m2m=False, **kwargs):
        self.clean(row, **kwargs)
        # What an export says changes nothing, though a file can't tell "" from None, or line breaks apart.
        if row[self.column_name] != self.export(instance):
            super().save(instance, row, is_m2m, **kwargs)


class ImportedRow(NamedTuple):
    """What a row does; `changes` are triples of heading, before and after."""

    number: int
    event: str
    name: str
    changes: list


class Outcome(NamedTuple):
    """What a file does, row by row."""

    rows: list

    @property
    def counts(self):
        """How many rows are new and so on: `2 nya, 3 ändrade, 5 oförändrade`."""
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
    """The parts of one kind that a publishable has, as rows of a spreadsheet.

    A row whose key an existing part has is that part; any other is a new one. Queries are as many for
    two rows as for thousands, so a rule that is a constraint is checked here too, in memory.
    """

    slug = ""  # in addresses and names of files
    parent = ""  # the field that holds what the parts are ordered within
    same = ""  # what two rows with the same key have the same of, in words
    help_text = ""

    class Meta:
        use_bulk = True
        skip_unchanged = True
        report_skipped = True
        skip_html_diff = True
        store_instance = True
        store_row_values = True
        instance_loader_class = BaseInstanceLoader  # never asked: parts are found by their keys

    def __init__(self, publishable):
        super().__init__()
        self.publishable = publishable
        self.parts = list(self.get_queryset())
        # The eldest of several, as where natural keys are looked up.
        self.part_of = {self.key(part): part for part in reversed(self.parts)}
        self.row_of = {}
        self.last = Counter()
        for part in self.parts:
            self.note_position(part)

    def key(self, part):
        """Return what `part` is known by among the parts: hashable."""
        raise NotImplementedError

    def part_from(self, row):
        """Return the unsaved part that `row` would be if it were new, with its key."""
        raise NotImplementedError

    def name(self, part):
        return str(part)

    def read(self, name, row):
        """Return what `row` says in column `name`, None if it has no such column."""
        field = self.fields[name]
        try:
            return field.clean(row) if field.column_name in row else None
        except ValueError as error:
            raise ValidationError({name: str(error)}) from error

    def parent_of(self, part):
        return getattr(part, f"{self.parent}_id")

    def note_position(self, part):
        parent = self.parent_of(part)
        self.last[parent] = max(self.last[parent], part.position)

    # What import-export asks of a resource

    def get_or_init_instance(self, instance_loader, row):
        new = self.part_from(row)
        key = self.key(new)
        first = self.row_of.setdefault(key, row[ROW])
        if first != row[ROW]:
            raise ValidationError(f"Samma {self.same} som på rad {first}.")
        part = self.part_of.get(key, new)
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
        # Django's own writes one statement with a branch for each row and field: ten times as slow.
        written = [name for name, field in self.fields.items() if not field.readonly]
        self._meta.model.objects.bulk_create(
            self.update_instances,
            update_conflicts=True,
            unique_fields=["pk"],
            update_fields=written,
        )
        self.update_instances.clear()

    # What the admin asks of one

    def export_parts(self):
        """Return all parts as a tablib Dataset."""
        return self.export(self.parts)

    def import_rows(self, rows):
        """Import `rows` as `read_rows` gives them and return the Outcome.

        Raises ValidationError with all that is wrong with them, and has then imported none.
        """
        result = self.import_data(
            self.dataset_of(rows), use_transactions=True, rollback_on_validation_errors=True
        )
        # The library keeps faults of ours to itself.
        for fault in [*result.base_errors, *(fault for row in result.rows for fault in row.errors)]:
            raise fault.error
        if result.has_validation_errors():
            raise ValidationError([text for row in result.rows for text in self.errors_of(row)])
        for parent in {self.parent_of(row.instance) for row in result.rows if not row.is_skip()}:
            renumber(self._meta.model, **{self.parent: parent})
        return Outcome([self.imported(row) for row in result.rows])

    def dataset_of(self, rows):
        """Return `rows` as a tablib Dataset under the headings that the columns have here."""
        (_number, headings), *rows = rows
        known = {bare(field.column_name): field.column_name for field in self.fields.values()}
        found = [known.get(bare(heading)) for heading in headings]
        errors = [
            f"Kolumnen ”{heading}” känns inte igen."
            for heading, name in zip(headings, found, strict=True)
            if name is None and heading.strip()
        ]
        for field in self.fields.values():
            if field.required and field.column_name not in found:
                errors.append(f"Filen saknar kolumnen ”{field.column_name}”.")
            if found.count(field.column_name) > 1:
                errors.append(f"Kolumnen ”{field.column_name}” finns mer än en gång.")
        if errors:
            raise ValidationError(errors)
        dataset = tablib.Dataset(headers=[ROW, *filter(None, found)])
        for number, cells in rows:
            row = list(zip_longest(found, cells, fillvalue=""))
            if any(cell.strip() for name, cell in row if not name):
                errors.append(f"Rad {number} har text i en kolumn utan rubrik.")
            dataset.append([number, *(cell for name, cell in row if name)])
        if errors:
            raise ValidationError(errors)
        return dataset

    def errors_of(self, row):
        """Return what is wrong with a row, an import-export RowResult, as sentences."""
        if not row.validation_error:
            return []
        said = row.validation_error
        by_name = said.message_dict if hasattr(said, "error_dict") else {None: said.messages}
        where = f"Rad {row.row_values[ROW]}"
        return [
            f"{where}, kolumn {self.fields[name].column_name}: {text}"
            if name in self.fields
            else f"{where}: {text}"
            for name, texts in by_name.items()
            for text in texts
        ]

    def imported(self, row):
        """Return import-export's RowResult `row` as an ImportedRow."""
        changes = []
        for field in self.get_import_fields():
            before = "" if row.is_new() else shown(self.export_field(field, row.original))
            after = shown(self.export_field(field, row.instance))
            if before != after:
                changes.append((field.column_name, before, after))
        number = row.row_values[ROW]
        return ImportedRow(number, EVENTS[row.import_type], self.name(row.instance), changes)


def bare(heading):
    """Return `heading` without what may differ: case, spaces and anything in parentheses."""
    return " ".join(re.sub(r"\(.*?\)", "", heading).lower().split())


def shown(value):
    """Return the value of a cell as staff read it."""
    if isinstance(value, Decimal):
        return amount(value)
    return "" if value is None else str(value)
