"""Writes spreadsheets, and reads them as rows of text."""

import csv
import io
import re
from decimal import Decimal

from django.core.exceptions import ValidationError

from pages.exchange.cells import escape_formula
from pages.exchange.sheets import read_file


def read_rows(file):
    """Return the rows of an uploaded file: `[(row number in the file, [cell, …]), …]`, cells as text.

    The first row holds the headings. Empty rows, and empty cells at the end of a row, are left out.
    Raises ValidationError if the file cannot be read, or has a formula without a value.
    """
    rows = read_file(file).rows
    if len(rows) < 2:
        raise ValidationError("Filen har inga rader under rubrikraden.")
    for row in rows:
        for cell in row.cells:
            if cell.problem and not cell.text:
                raise ValidationError(f"Rad {row.number}: {cell.problem}")
    return [(row.number, [cell.text for cell in row.cells]) for row in rows]


def as_csv(dataset):
    """Return the tablib Dataset `dataset` as a csv file, as bytes, that Swedish Excel reads correctly."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=";")
    writer.writerow(dataset.headers)
    writer.writerows([_csv_cell(value) for value in row] for row in dataset)
    return file.getvalue().encode("utf-8-sig")


def _csv_cell(value):
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",")
    return escape_formula(value) if isinstance(value, str) else value


def as_workbook(dataset):
    """Return the tablib Dataset `dataset` as an Excel workbook, as bytes, with a frozen heading row.

    The title of the dataset becomes the name of the sheet.
    """
    import openpyxl
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = re.sub(r"[\[\]:*?/\\]", " ", dataset.title or "").strip()[:31] or sheet.title
    sheet.append(dataset.headers)
    for row in dataset:
        sheet.append([escape_formula(value) if isinstance(value, str) else value for value in row])
    sheet.freeze_panes = "A2"
    for number, cells in enumerate(sheet.columns, start=1):
        longest = max(len(str(cell.value or "")) for cell in cells)
        sheet.column_dimensions[get_column_letter(number)].width = min(longest + 3, 60)
        cells[0].font = Font(bold=True)
        for cell in cells:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if isinstance(cell.value, Decimal):
                cell.number_format = number_format(cell.value)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def number_format(value):
    """Return Excel's code for a number with the decimals of the Decimal `value`."""
    decimals = max(0, -value.as_tuple().exponent)
    return f"#,##0.{'0' * decimals}" if decimals else "#,##0"


# The function that writes each format, and the format's content type.
FORMATS = {
    "xlsx": (as_workbook, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "csv": (as_csv, "text/csv; charset=utf-8"),
}
