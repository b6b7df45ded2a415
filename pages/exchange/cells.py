"""The contents of a sheet, whatever the format of its file, and the limits that all formats share."""

import datetime as dt
import re
from dataclasses import dataclass, field
from decimal import Decimal

from django.core.exceptions import ValidationError

from blekinge_site.amounts import Amount, AmountError, PercentError, parse_amount
from blekinge_site.units import SEVERAL_UNITS, is_percent_format, scale_of_format, unit_of_format

MAX_ROWS = 5000  # below the heading row
MAX_COLUMNS = 50  # columns to the right of these are ignored
MAX_CHARACTERS_OF_CELL = 32_767  # Excel's limit
MAX_CHARACTERS = 5_000_000  # in all cells together

UNREADABLE = "Filen går inte att läsa. Spara den som .xlsx eller .csv."
TOO_MANY_ROWS = "Filen har fler än 5 000 rader. Dela den i flera."
CELL_TOO_LONG = (
    "En cell har mer än 32 767 tecken. Korta texten, eller kontrollera citattecknen i en csv-fil."
)
TOO_MUCH_TEXT = "Filen innehåller för mycket text. Dela den i flera."
NO_VALUE = (
    "Cellen har en formel utan uträknat värde. Öppna filen i Excel, spara den och välj den igen."
)
ERROR_VALUE = "{} är ett felmeddelande från Excel. Rätta formeln."

# Text that a spreadsheet may run as a formula, possibly after apostrophes. The characters are those that
# OWASP lists under "CSV Injection", full-width forms included, except \r, which is written as \n.
FORMULA = re.compile("'*[-=+@\t\n\uff0d\uff1d\uff0b\uff20]")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# Excel's errors in English, as in workbooks, and in Swedish, as in csv files; then those of LibreOffice.
ERROR = re.compile(
    r"#(?:REF|VALUE|DIV/0|NUM|NULL|SPILL|CALC|REFERENS|VÄRDEFEL|DIVISION/0|OGILTIGT|SKÄRNING|SPILL)!"
    r"|#(?:NAME|NAMN)\?|#N/A|#SAKNAS!?|Err:[0-9]{3}",
    re.I,
)


@dataclass(slots=True)
class Cell:
    """A cell.

    `text` is its value as text: a number in full with a decimal comma, a date in ISO format. `number` is None
    if the value isn't a number. `number_format` is Excel's code, such as `#,##0.0`; "" in a csv file.
    `problem` is a Swedish sentence that says why the cell has no usable value, or "".
    """

    text: str = ""
    number: Decimal | None = None
    number_format: str = ""
    problem: str = ""

    @property
    def is_empty(self):
        return not (self.problem or self.text.strip())


@dataclass(slots=True)
class Row:
    """A row with its number in the file, from 1, and its cells from column A to the last that isn't empty."""

    number: int
    cells: list[Cell]
    is_hidden: bool = False


@dataclass(slots=True)
class SheetName:
    """The name of a sheet in a workbook, and whether Excel hides the sheet."""

    name: str
    is_hidden: bool = False


@dataclass
class Sheet:
    """A sheet that has been read.

    `name` is "" in a csv file. `rows` lacks empty rows. `hidden_columns` are indexes in `Row.cells`. `sheets`
    lists all sheets in the file. `has_more_columns` is true if there are values to the right of column 50.
    `characters` is the length of all texts.
    """

    name: str
    rows: list[Row] = field(default_factory=list)
    hidden_columns: set[int] = field(default_factory=set)
    sheets: list[SheetName] = field(default_factory=list)
    has_more_columns: bool = False
    characters: int = field(default=0, repr=False)
    delimiter: str = ""  # what divides the columns of a csv file

    def add_row(self, number, cells, is_hidden=False):
        """Add a row unless it is empty. Raises ValidationError if the sheet becomes too large."""
        while cells and cells[-1].is_empty:
            cells.pop()
        if not cells:
            return
        if len(cells) > MAX_COLUMNS:
            self.has_more_columns = True
            del cells[MAX_COLUMNS:]
        self.characters += sum(len(cell.text) for cell in cells)
        if len(self.rows) > MAX_ROWS:
            raise ValidationError(TOO_MANY_ROWS)
        if self.characters > MAX_CHARACTERS:
            raise ValidationError(TOO_MUCH_TEXT)
        self.rows.append(Row(number, cells, is_hidden))


def choose_sheet(sheets, active, wanted=None):
    """Return the SheetName in `sheets` called `wanted`, or `active` if `wanted` is None.

    If `active` is hidden or None, return the first visible sheet. Raises ValidationError if there is none.
    """
    if wanted is not None:
        for sheet in sheets:
            if sheet.name == wanted:
                return sheet
        raise ValidationError(f"Filen har inget blad som heter ”{wanted}”.")
    for sheet in [active, *sheets]:
        if sheet and not sheet.is_hidden:
            return sheet
    raise ValidationError("Filen har inget synligt blad.")


def amount_of(cell):
    """Return the Amount that `cell` displays, as `parse_amount` does, or None if it is empty.

    The value is what the number format displays, unrounded: 1 079.512 for 1079512 in the format `#,##0.0,`.
    The unit is the one that the text or the number format states. Raises AmountError, also for dates and for
    cells with a problem, and PercentError.
    """
    if cell.problem:
        raise AmountError(cell.problem)
    if cell.number is None:
        return parse_amount(cell.text)
    if is_percent_format(cell.number_format):
        raise PercentError(f"”{cell.text}” är procent, inte ett belopp.")
    unit = unit_of_format(cell.number_format)
    if unit is SEVERAL_UNITS:
        raise AmountError(f"Talformatet {cell.number_format} anger flera enheter.")
    return Amount(exact(cell.number / scale_of_format(cell.number_format)), unit)


# --- Values ----------------------------------------------------------------------------------------


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


def text_cell(text, number_format=""):
    """Return a cell with `text`, cleaned. Raises ValidationError if it is too long."""
    if len(text) > MAX_CHARACTERS_OF_CELL:
        raise ValidationError(CELL_TOO_LONG)
    text = unescape_formula(plain(text))
    problem = ERROR_VALUE.format(text) if ERROR.fullmatch(text) else ""
    return Cell(text, None, number_format, problem)


def number_cell(text, number_format=""):
    """Return a cell with the number that a workbook stores as `text`. Raises ValueError for other text."""
    number = exact(Decimal(repr(float(text))))
    if not number.is_finite():
        raise ValueError(text)
    if is_percent_format(number_format):
        return Cell(f"{_written(exact(number * 100))} %", number, number_format)
    return Cell(_written(number), number, number_format)


def date_cell(value, number_format=""):
    """Return a cell with a date, a datetime, a time or a duration, as ISO text."""
    if isinstance(value, dt.datetime) and value.time() == dt.time.min:
        value = value.date()
    return Cell(str(value), None, number_format)


def boolean_cell(is_true, number_format=""):
    return Cell("SANT" if is_true else "FALSKT", None, number_format)


def exact(number):
    """Return `number` without the traces of binary arithmetic: 988.3 for 988.3000000000001.

    It keeps twelve significant digits, and at least four decimals, but no zeros at the end of the decimals.
    """
    if not number.is_finite():
        return number
    exponent = min(-4, number.adjusted() - 11)
    if number.adjusted() < 15 and number.as_tuple().exponent < exponent:
        number = number.quantize(Decimal(1).scaleb(exponent))
    whole = number.to_integral_value()
    return whole + 0 if number == whole else number.normalize()


def _written(number):
    return f"{number:f}".replace(".", ",")
