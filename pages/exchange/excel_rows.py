"""Reads the rows of a sheet in an .xlsx file, as the file states them."""

import re
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from django.core.exceptions import ValidationError

from pages.exchange.archives import StopParsing
from pages.exchange.cells import (
    CELL_TOO_LONG,
    MAX_CHARACTERS,
    MAX_CHARACTERS_OF_CELL,
    MAX_COLUMNS,
    MAX_ROWS,
    TOO_MANY_ROWS,
    TOO_MUCH_TEXT,
    UNREADABLE,
)

LAST_ROW = 20_000  # rows below may be formatted, but not have values
MAX_MERGED_CELLS = 1_000_000

VALUES_TOO_FAR_DOWN = "Bladet har värden nedanför rad 20 000. Ta bort de tomma raderna ovanför."

REFERENCE = re.compile("([A-Z]{1,3})([0-9]{1,7})")
# An element that holds a value or a formula, or the end of all rows.
VALUE_OR_END = re.compile(rb"<(?:[\w.-]+:)?(?:v|f|is)[\s/>]|(</(?:[\w.-]+:)?sheetData)|\x00")


class RawCell(NamedTuple):
    """A cell as in the file. `value` is None if the file has none; `style` is the index of its style."""

    kind: str
    style: str
    value: str | None
    has_formula: bool


def read_sheet_data(archive, path):
    """Return the SheetData of the part `path` of an Archive."""
    data = SheetData()
    rest = archive.parse(path, data.start, data.end, data.text)
    if data.stopped and _has_values(rest):
        raise ValidationError(VALUES_TOO_FAR_DOWN)
    data.clear_merged()
    return data


def local_name(name):
    """Return an XML name without its namespace: the strict variant of the format has other namespaces."""
    return name.rpartition(" ")[2]


def is_true(text):
    return text in ("1", "true", "on")


def integer(text):
    """Return the non-negative integer `text`. Raises ValidationError if it isn't one."""
    if text and len(text) < 10 and text.isascii() and text.isdigit():
        return int(text)
    raise ValidationError(UNREADABLE)


def _column(letters):
    """Return the index of a column: 0 for A, 27 for AB."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def _has_values(pieces):
    """Return whether the XML in `pieces`, bytes, has a value before the end of the rows."""
    tail = b""
    for piece in pieces:
        piece = tail + piece
        if match := VALUE_OR_END.search(piece):
            return not match[1]
        tail = piece[-100:]
    return False


class SheetData:
    """Handlers that collect the rows of a sheet: `rows` is `[(number, is hidden, {column: RawCell}), …]`."""

    def __init__(self):
        self.rows, self.hidden_columns, self.merged = [], set(), []
        self.has_more_columns = self.stopped = False
        self.row, self.row_number, self.row_is_hidden = None, 0, False
        self.column, self.cell, self.has_formula = -1, None, False
        self.value, self.is_value, self.is_phonetic = None, False, False
        self.value_characters = self.characters = 0

    def start(self, name, attributes):
        local = local_name(name)
        if self.cell is not None:
            if local == "f":
                self.has_formula = True
            elif local == "rPh":
                self.is_phonetic = True
            elif local == "v" or (local == "t" and not self.is_phonetic):
                self.is_value = True
                self.value = self.value or []
        elif local == "c" and self.row is not None:
            self._start_cell(attributes)
        elif local == "row":
            self._start_row(attributes)
        elif local == "col":
            self._read_column(attributes)
        elif local == "mergeCell":
            self.merged.append(attributes.get("ref", ""))

    def text(self, piece):
        if self.is_value:
            self.value_characters += len(piece)
            if self.value_characters > MAX_CHARACTERS_OF_CELL:
                raise ValidationError(CELL_TOO_LONG)
            self.value.append(piece)

    def end(self, name):
        local = local_name(name)
        if local in ("v", "t"):
            self.is_value = False
        elif local == "rPh":
            self.is_phonetic = False
        elif local == "c" and self.cell is not None:
            self._end_cell()
        elif local == "row" and self.row is not None:
            if any(cell.value or cell.has_formula for cell in self.row.values()):
                self.rows.append((self.row_number, self.row_is_hidden, self.row))
                if len(self.rows) > MAX_ROWS + 1:
                    raise ValidationError(TOO_MANY_ROWS)
            self.row = None

    def _start_row(self, attributes):
        number = integer(attributes.get("r", str(self.row_number + 1)))
        if number <= self.row_number:
            raise ValidationError(UNREADABLE)
        if number > LAST_ROW:
            self.stopped = True
            raise StopParsing
        self.row, self.row_number, self.column = {}, number, -1
        has_no_height = attributes.get("ht") in ("0", "0.0")
        self.row_is_hidden = is_true(attributes.get("hidden")) or has_no_height

    def _start_cell(self, attributes):
        column = self.column + 1
        if reference := attributes.get("r"):
            match = REFERENCE.fullmatch(reference)
            if not match or int(match[2]) != self.row_number or _column(match[1]) < column:
                raise ValidationError(UNREADABLE)
            column = _column(match[1])
        self.column, self.cell = column, attributes
        self.value, self.value_characters, self.has_formula = None, 0, False

    def _end_cell(self):
        attributes, self.cell = self.cell, None
        self.is_value = self.is_phonetic = False
        if self.value is None and not self.has_formula:
            return
        if self.column >= MAX_COLUMNS:
            self.has_more_columns = True
            return
        self.characters += self.value_characters
        if self.characters > MAX_CHARACTERS:
            raise ValidationError(TOO_MUCH_TEXT)
        value = None if self.value is None else "".join(self.value)
        self.row[self.column] = RawCell(
            attributes.get("t", "n"), attributes.get("s", "0"), value, self.has_formula
        )

    def _read_column(self, attributes):
        if is_true(attributes.get("hidden")) or attributes.get("width") in ("0", "0.0"):
            first, last = (integer(attributes.get(name)) for name in ("min", "max"))
            self.hidden_columns.update(range(max(first, 1) - 1, min(last, MAX_COLUMNS)))

    def clear_merged(self):
        """Remove the values that merged cells hide: all except the one in the top left cell."""
        numbers = [number for number, _, _ in self.rows]
        left = MAX_MERGED_CELLS
        for reference in self.merged:
            corners = [REFERENCE.fullmatch(corner) for corner in reference.split(":")]
            if len(corners) != 2 or not all(corners):
                raise ValidationError(UNREADABLE)
            (first_row, first_column), (last_row, last_column) = (
                (int(corner[2]), _column(corner[1])) for corner in corners
            )
            columns = range(first_column, min(last_column + 1, MAX_COLUMNS))
            rows = self.rows[bisect_left(numbers, first_row) : bisect_right(numbers, last_row)]
            left -= len(rows) * len(columns) + 1
            if left < 0:
                raise ValidationError(UNREADABLE)
            for number, _, cells in rows:
                for column in columns:
                    if (number, column) != (first_row, first_column):
                        cells.pop(column, None)

    def shared_strings_used(self):
        return {
            integer(cell.value)
            for _, _, cells in self.rows
            for cell in cells.values()
            if cell.kind == "s" and cell.value
        }
