"""Makes files as finance sends them, and imports them as staff who answer with `choices`."""

import io

import openpyxl
from django.core.files.base import ContentFile

from pages.exchange.sheets import read_file
from planning.importing.saving import save_table
from planning.importing.tables import TableReview
from planning.importing.targets import Target
from planning.models import BudgetTable


def csv_of(*lines, encoding="utf-8"):
    return "\r\n".join(lines).encode(encoding)


def workbook_of(*rows, formats=None, prepare=None):
    """Return an .xlsx, as bytes. `formats` are number formats by cell; `prepare` is called with the book."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cell, code in (formats or {}).items():
        book.active[cell].number_format = code
    if prepare:
        prepare(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def review_of(content, target, sheet=None, **choices):
    """Return the TableReview of a file. `target` is a Budget or a BudgetTable, read again."""
    if isinstance(target, BudgetTable):
        table = BudgetTable.objects.get(pk=target.pk)
        target = Target(table.budget, table)
    else:
        target = Target(target)
    names = {
        name.replace("_", "-") if "column" in name else name: choices[name] for name in choices
    }
    return TableReview(read_file(ContentFile(content), sheet), target, names)


def import_file(content, target, **choices):
    """Import a file that needs no more answers than `choices`, and return the table."""
    review = review_of(content, target, **choices)
    assert review.can_be_saved, problems_of(review)
    return save_table(review)


def problems_of(review):
    """Return what prevents the import, as sentences."""
    return [
        *review.errors,
        *(f"Rad {row.number}, {error.heading}: {error.text}" for row, error in review.cell_errors),
        *(question.text for _row, question in review.unanswered),
    ]


def lines_of(table):
    """Return the lines of `table`: `[(name, kind, [amount as text, …]), …]`, with "" for a missing amount."""
    columns = list(table.columns.all())
    return [
        (line.name_sv, line.kind, [shown(line.amount(column)) for column in columns])
        for line in table.lines.all()
    ]


def shown(amount):
    return "" if amount is None else str(getattr(amount, "value", amount))
