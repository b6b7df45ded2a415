"""Reading and writing spreadsheets: Excel workbooks, and csv files in Swedish Excel's format."""

import codecs
import csv
import datetime as dt
import io
import re
import zipfile
from decimal import Decimal

from django.core.exceptions import ValidationError

MAX_BYTES = 5 * 1024 * 1024
MAX_BYTES_UNPACKED = 30 * 1024 * 1024  # a workbook is a zip archive
MAX_ROWS = 5000
MAX_COLUMNS = 50  # columns to the right of these are ignored
LAST_ROW_OF_EXCEL = 1_048_576

# The first bytes of an OLE file: an .xls, or a workbook with a password.
OLE_SIGNATURE = bytes.fromhex("d0cf11e0")
# Text that a spreadsheet may run as a formula, possibly after apostrophes. The characters are those that
# OWASP lists under "CSV Injection", full-width forms included, except \r, which is written as \n.
FORMULA = re.compile("'*[-=+@\t\n\uff0d\uff1d\uff0b\uff20]")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def plain(text):
    """Return `text` with \\n as its only line break and without control characters."""
    return CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def escape_formula(text):
    """Return `text` as `plain` does, with an apostrophe in front if it could run as a formula."""
    text = plain(text)
    return f"'{text}" if FORMULA.match(text) else text


def unescape_formula(text):
    """Return `text` without the apostrophe that `escape_formula` adds."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


# --- Reading ---------------------------------------------------------------------------------------


def read_rows(file):
    """Return the rows of an uploaded file: `[(row number in the file, [cell, …]), …]`, cells as text.

    The first row holds the headings. Empty rows, and empty cells at the end of a row, are left out.
    Raises ValidationError if the file cannot be read.
    """
    if file.size > MAX_BYTES:
        raise ValidationError("Filen är större än 5 MB. Ta bort bilder och annat som inte behövs.")
    content = file.read()
    if content.startswith(OLE_SIGNATURE):
        raise ValidationError(
            "Filen har lösenord eller är sparad i ett äldre format. Spara den utan lösenord som .xlsx."
        )
    read = _workbook_cells if zipfile.is_zipfile(io.BytesIO(content)) else _csv_cells
    rows = []
    for number, cells in enumerate(read(content), start=1):
        # Checked first because a workbook may have a million empty rows at the end.
        is_empty = cells.count(None) == len(cells)
        texts = [] if is_empty else [_text(cell) for cell in cells]
        while texts and not texts[-1].strip():
            texts.pop()
        if texts:
            rows.append((number, texts))
        if len(rows) > MAX_ROWS + 1 or number > LAST_ROW_OF_EXCEL:
            raise ValidationError("Filen har fler än 5 000 rader. Dela den i flera.")
    if len(rows) < 2:
        raise ValidationError("Filen har inga rader under rubrikraden.")
    return rows


def _text(cell):
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "SANT" if cell else "FALSKT"
    if isinstance(cell, float):
        return f"{Decimal(f'{cell:.12g}'):f}"  # Excel's 988.3000000000001 is 988.3
    if isinstance(cell, dt.datetime) and cell.time() == dt.time.min:
        cell = cell.date()
    return unescape_formula(plain(str(cell)))


def _workbook_cells(content):
    import openpyxl  # imported here because it loads slowly and is seldom needed

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked <= MAX_BYTES_UNPACKED:
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # programs other than Excel may write wrong dimensions
            yield from sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True)
            return
    except Exception as error:  # openpyxl raises errors of any type for a broken file
        raise ValidationError("Filen går inte att läsa. Spara den som .xlsx eller .csv.") from error
    raise ValidationError("Filen är för stor när den packas upp. Spara bara det första bladet.")


def _csv_cells(content):
    text = _decoded(content)
    headings = next(iter(text.lstrip().splitlines()), "")
    delimiter = max(";\t,", key=headings.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise ValidationError(
            f"Filen går inte att läsa längre än till rad {reader.line_num}. Kontrollera citattecknen."
        ) from error


def _decoded(content):
    """Return the text of a csv file in UTF-8, Windows-1252, or UTF-16 (Excel's "Unicode text")."""
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ["utf-16"] if utf_16 else ["utf-8-sig", "cp1252"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ValidationError("Filen är varken en Excelfil eller en csv-fil.")


# --- Writing ---------------------------------------------------------------------------------------


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
    """Return the tablib Dataset `dataset` as an Excel workbook, as bytes, with a frozen heading row."""
    import openpyxl
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = openpyxl.Workbook()
    sheet = book.active
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
                cell.number_format = "#,##0.0"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


# The function that writes each format, and the format's content type.
FORMATS = {
    "xlsx": (as_workbook, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "csv": (as_csv, "text/csv; charset=utf-8"),
}
