"""Reads spreadsheets in the OpenDocument format, .ods, which LibreOffice writes."""

from dataclasses import dataclass, field

from django.core.exceptions import ValidationError

from pages.exchange.archives import PASSWORD
from pages.exchange.cells import (
    CELL_TOO_LONG,
    ERROR_VALUE,
    MAX_CHARACTERS_OF_CELL,
    MAX_COLUMNS,
    NO_VALUE,
    UNREADABLE,
    Cell,
    Sheet,
    SheetName,
    boolean_cell,
    choose_sheet,
    number_cell,
    text_cell,
)

CONTENT, STYLES, SETTINGS = "content.xml", "styles.xml", "settings.xml"
MANIFEST = "META-INF/manifest.xml"
NOT_A_SHEET = "Filen är inget kalkylark. Spara den som .xlsx eller .csv."

URN = "urn:oasis:names:tc:opendocument:xmlns:"
OFFICE, TABLE, TEXT = f"{URN}office:1.0 ", f"{URN}table:1.0 ", f"{URN}text:1.0 "
STYLE, NUMBER, CONFIG = f"{URN}style:1.0 ", f"{URN}datastyle:1.0 ", f"{URN}config:1.0 "
CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 "

NUMBER_FORMATS = {f"{NUMBER}{kind}-style" for kind in ("number", "currency", "percentage")}
HIDDEN = ("collapse", "filter")
VALUES = {f"{OFFICE}value-type", f"{TABLE}formula"}
EMPTY = Cell()


def read_opendocument(archive, wanted=None):
    """Return the Sheet called `wanted`, or the one that was open, from the Archive of a spreadsheet."""
    _refuse_passwords(archive)
    styles = _Styles()
    if STYLES in archive.parts:
        archive.parse(STYLES, styles.start, styles.end, styles.text)
    tables = _Tables(styles)
    archive.parse(CONTENT, tables.start, tables.end, tables.text)
    if not tables.names:
        raise ValidationError(NOT_A_SHEET)
    open_name = _open_sheet(archive)
    active = next((sheet for sheet in tables.names if sheet.name == open_name), None)
    chosen = choose_sheet(tables.names, active, wanted)
    reader = _TableReader(
        styles, tables.names.index(chosen), Sheet(chosen.name, sheets=tables.names)
    )
    archive.parse(CONTENT, reader.start, reader.end, reader.text)
    return reader.sheet


def _refuse_passwords(archive):
    def start(name, attributes):
        if name.endswith(" encryption-data"):
            raise ValidationError(PASSWORD)

    if MANIFEST in archive.parts:
        archive.parse(MANIFEST, start)


def _open_sheet(archive):
    """Return the name of the sheet that was open when the file was saved, or None."""
    is_name, parts = False, []

    def start(name, attributes):
        nonlocal is_name
        is_name = attributes.get(f"{CONFIG}name") == "ActiveTable"

    def text(piece):
        if is_name:
            parts.append(piece)

    def end(name):
        nonlocal is_name
        is_name = False

    if SETTINGS in archive.parts:
        archive.parse(SETTINGS, start, end, text)
    return "".join(parts) or None


def _repeated(attributes, what):
    text = attributes.get(f"{TABLE}number-{what}-repeated", "1")
    if len(text) < 10 and text.isascii() and text.isdigit() and int(text):
        return int(text)
    raise ValidationError(UNREADABLE)


class _Styles:
    """Handlers that read number formats, as Excel's codes, and which styles of sheets hide them."""

    def __init__(self):
        self.codes, self.formats, self.parents, self.hidden = {}, {}, {}, set()
        self.style = self.code_name = None
        self.code, self.is_literal, self.scale = [], False, ""

    def start(self, name, attributes):
        if name == f"{STYLE}style":
            self.style = attributes.get(f"{STYLE}name")
            self.formats[self.style] = attributes.get(f"{STYLE}data-style-name")
            self.parents[self.style] = attributes.get(f"{STYLE}parent-style-name")
        elif name == f"{STYLE}table-properties":
            if attributes.get(f"{TABLE}display") == "false":
                self.hidden.add(self.style)
        elif name in NUMBER_FORMATS:
            self.code_name, self.code, self.scale = attributes.get(f"{STYLE}name"), [], ""
        elif self.code_name is not None:
            if name == f"{NUMBER}number":
                self.code.append(_digits(attributes))
            self.is_literal = name in (f"{NUMBER}text", f"{NUMBER}currency-symbol")

    def text(self, piece):
        if self.is_literal and self.code_name is not None:
            literal = piece.replace('"', "")
            self.code.append("%" if literal.strip() == "%" else f'"{literal}"')

    def end(self, name):
        self.is_literal = False
        if name in NUMBER_FORMATS and self.code_name is not None:
            self.codes[self.code_name] = "".join(self.code)[:255]
            self.code_name = None

    def format_of(self, style):
        """Return the number format of a style of cells, or General."""
        for _ in range(5):  # a style may inherit its format
            if style is None:
                break
            if code := self.formats.get(style):
                return self.codes.get(code, "General")
            style = self.parents.get(style)
        return "General"


def _digits(attributes):
    """Return the placeholders of an Excel number format for an element `number:number`."""
    whole = "#,##0" if attributes.get(f"{NUMBER}grouping") == "true" else "0"
    decimals = attributes.get(f"{NUMBER}decimal-places", "0")
    places = min(int(decimals), 20) if decimals.isascii() and decimals.isdigit() else 0
    scale = attributes.get(f"{NUMBER}display-factor", "1").partition(".")[0]
    commas = min((len(scale) - 1) // 3, 5) * ","
    return whole + ("." + places * "0" if places else "") + commas


class _Tables:
    """Handlers that read the names of the sheets, and the styles of the content."""

    def __init__(self, styles):
        self.styles, self.names, self.depth = styles, [], 0

    def start(self, name, attributes):
        if name == f"{TABLE}table":
            self.depth += 1
            if self.depth == 1:  # a cell may contain another table
                is_hidden = attributes.get(f"{TABLE}style-name") in self.styles.hidden
                self.names.append(SheetName(attributes.get(f"{TABLE}name", ""), is_hidden))
        elif not self.names:
            self.styles.start(name, attributes)

    def end(self, name):
        if name == f"{TABLE}table":
            self.depth -= 1
        elif not self.names:
            self.styles.end(name)

    def text(self, piece):
        if not self.names:
            self.styles.text(piece)


@dataclass
class _OpenCell:
    """A cell whose end hasn't been read. `paragraphs` is its text, or its result if it is a formula."""

    attributes: dict
    is_covered: bool
    paragraphs: list[list[str]] = field(default_factory=list)
    characters: int = 0


class _TableReader:
    """Handlers that read the sheet with the given index among all sheets."""

    def __init__(self, styles, index, sheet):
        self.styles, self.sheet = styles, sheet
        self.tables_left, self.depth, self.other_depth = index + 1, 0, 0
        self.column, self.column_styles = 0, []
        self.next_row, self.row, self.cells = 1, None, []
        self.cell = None

    @property
    def is_inside(self):
        return self.tables_left == 0 and self.depth == 1

    def start(self, name, attributes):
        if self.cell is not None:
            self._start_in_cell(name, attributes)
        elif name == f"{TABLE}table":
            self.depth += 1
            if self.depth == 1:
                self.tables_left -= 1
        elif not self.is_inside:
            return
        elif name == f"{TABLE}table-column":
            self._read_column(attributes)
        elif name == f"{TABLE}table-row":
            self.row, self.cells = attributes, []
        elif name in (f"{TABLE}table-cell", f"{TABLE}covered-table-cell") and self.row is not None:
            self.cell = _OpenCell(attributes, name == f"{TABLE}covered-table-cell")

    def _start_in_cell(self, name, attributes):
        # Comments and drawings in a cell have paragraphs of their own.
        if self.other_depth or not name.startswith(TEXT):
            self.other_depth += 1
        elif name == f"{TEXT}p":
            self.cell.paragraphs.append([])
        elif name == f"{TEXT}s":
            count = attributes.get(f"{TEXT}c", "1")
            self.text(" " * (int(count) if count.isdigit() and len(count) < 6 else 1))
        elif name == f"{TEXT}tab":
            self.text("\t")
        elif name == f"{TEXT}line-break":
            self.text("\n")

    def text(self, piece):
        if self.cell is None or self.other_depth or not self.cell.paragraphs:
            return
        self.cell.characters += len(piece)
        if self.cell.characters > MAX_CHARACTERS_OF_CELL:
            raise ValidationError(CELL_TOO_LONG)
        self.cell.paragraphs[-1].append(piece)

    def end(self, name):
        if self.cell is not None:
            if self.other_depth:
                self.other_depth -= 1
            elif name in (f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
                self._end_cell()
        elif name == f"{TABLE}table":
            self.depth -= 1
            if self.depth == 0 and self.tables_left == 0:
                self.tables_left = -1
        elif name == f"{TABLE}table-row" and self.row is not None:
            self._end_row()

    def _read_column(self, attributes):
        last = min(self.column + _repeated(attributes, "columns"), MAX_COLUMNS)
        if attributes.get(f"{TABLE}visibility") in HIDDEN:
            self.sheet.hidden_columns.update(range(self.column, last))
        style = attributes.get(f"{TABLE}default-cell-style-name")
        self.column_styles += [style] * (last - self.column)
        self.column = max(self.column, last)

    def _end_cell(self):
        opened, self.cell = self.cell, None
        times = _repeated(opened.attributes, "columns")
        start = len(self.cells)
        columns = range(start, min(start + times, MAX_COLUMNS))
        if opened.is_covered or not (opened.paragraphs or opened.attributes.keys() & VALUES):
            self.cells += [EMPTY] * len(columns)
            return
        if start + times > MAX_COLUMNS:
            self.sheet.has_more_columns = True
        self.cells += [self._cell(opened, column) for column in columns]

    def _end_row(self):
        is_hidden = self.row.get(f"{TABLE}visibility") in HIDDEN
        times = _repeated(self.row, "rows")
        is_empty = all(cell.is_empty for cell in self.cells)
        for number in range(self.next_row, self.next_row + (0 if is_empty else times)):
            self.sheet.add_row(number, list(self.cells), is_hidden)
        self.next_row += times
        self.row = None

    def _cell(self, opened, column):
        attributes = opened.attributes
        style = attributes.get(f"{TABLE}style-name") or self.row.get(
            f"{TABLE}default-cell-style-name"
        )
        if style is None and column < len(self.column_styles):
            style = self.column_styles[column]
        number_format = self.styles.format_of(style)
        shown = "\n".join("".join(parts) for parts in opened.paragraphs)
        kind = attributes.get(f"{OFFICE}value-type")
        if attributes.get(f"{CALC}value-type") == "error":
            return Cell(shown, None, number_format, ERROR_VALUE.format(shown or "Cellen"))
        if f"{TABLE}formula" in attributes and kind is None:
            return Cell(shown, None, number_format, NO_VALUE)
        if kind in ("float", "percentage", "currency"):
            value = attributes.get(f"{OFFICE}value", "")
            try:
                return number_cell(value, number_format)
            except ValueError:
                return Cell(
                    shown, None, number_format, f"Cellens värde, {value[:40]}, är inget tal."
                )
        if kind == "date":
            value = attributes.get(f"{OFFICE}date-value", shown).removesuffix("T00:00:00")
            return text_cell(value.replace("T", " "), number_format)
        if kind == "boolean":
            return boolean_cell(attributes.get(f"{OFFICE}boolean-value") == "true", number_format)
        return text_cell(shown or attributes.get(f"{OFFICE}string-value", ""), number_format)
