"""Reads workbooks in Excel's present format, .xlsx.

Reads the XML itself: openpyxl doesn't say which rows are hidden or which formulas lack a value unless it
loads the whole workbook, and then its memory has no bound.
"""

import posixpath
import re
from itertools import count

from django.core.exceptions import ValidationError

from pages.exchange.archives import StopParsing
from pages.exchange.cells import (
    CELL_TOO_LONG,
    ERROR_VALUE,
    MAX_CHARACTERS_OF_CELL,
    NO_VALUE,
    UNREADABLE,
    Cell,
    Sheet,
    SheetName,
    boolean_cell,
    choose_sheet,
    date_cell,
    number_cell,
    text_cell,
)
from pages.exchange.excel_rows import integer, is_true, local_name, read_sheet_data

NOT_A_WORKBOOK = "Filen är ingen Excelfil. Spara den som .xlsx eller .csv."
ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")


def read_excel(archive, wanted=None):
    """Return the Sheet called `wanted`, or the one that was open, from the Archive of a workbook."""
    book = _Workbook(archive)
    chosen = choose_sheet(book.sheets, book.active, wanted)
    data = read_sheet_data(archive, book.paths[chosen.name])
    read = _CellReader(book, data.shared_strings_used())
    sheet = Sheet(chosen.name, sheets=book.sheets, hidden_columns=data.hidden_columns)
    sheet.has_more_columns = data.has_more_columns
    for number, is_hidden, raw_cells in data.rows:
        cells = [Cell() for _ in range(max(raw_cells, default=-1) + 1)]
        for column, raw_cell in raw_cells.items():
            cells[column] = read(raw_cell)
        sheet.add_row(number, cells, is_hidden)
    return sheet


class _Workbook:
    """What a workbook says about itself: its sheets, number formats, first date, and where its parts are."""

    def __init__(self, archive):
        self.archive = archive
        self.sheets, self.active, self.paths = [], None, {}
        self.has_1904_dates = self.is_uncalculated = False
        self.formats = []
        main = [target for kind, target in self.relations("").values() if kind == "officeDocument"]
        if not main:
            raise ValidationError(UNREADABLE)
        if main[0].endswith(".bin"):
            raise ValidationError("Filen är sparad som .xlsb. Spara den som .xlsx.")
        relations = self.relations(main[0])
        self._read_workbook(main[0], relations)
        self.parts = {kind: target for kind, target in relations.values() if kind != "worksheet"}

    def relations(self, part):
        """Return the relations of `part`: `{id: (kind, path of the other part)}`."""
        folder, name = posixpath.split(part)
        relations = {}

        def start(name, attributes):
            if local_name(name) == "Relationship" and attributes.get("TargetMode") != "External":
                kind = attributes.get("Type", "").rpartition("/")[2]
                target = posixpath.join("/", folder, attributes.get("Target", ""))
                relations[attributes.get("Id")] = kind, posixpath.normpath(target).lstrip("/")

        self.archive.parse(posixpath.join(folder, "_rels", f"{name}.rels"), start)
        return relations

    def _read_workbook(self, path, relations):
        tabs = []
        active = 0

        def start(name, attributes):
            nonlocal active
            match local_name(name):
                case "sheet":
                    relation = next(
                        (v for k, v in attributes.items() if local_name(k) == "id"), None
                    )
                    is_hidden = attributes.get("state", "visible") != "visible"
                    kind, target = relations.get(relation, ("", ""))
                    tabs.append((SheetName(attributes.get("name", ""), is_hidden), kind, target))
                case "workbookView" if not active:
                    active = integer(attributes.get("activeTab", "0"))
                case "workbookPr":
                    self.has_1904_dates = is_true(attributes.get("date1904"))
                case "calcPr":
                    self.is_uncalculated = is_true(attributes.get("fullCalcOnLoad"))

        self.archive.parse(path, start)
        for index, (sheet, kind, target) in enumerate(tabs):
            if kind == "worksheet":  # others are charts and macros
                self.sheets.append(sheet)
                self.paths[sheet.name] = target
                if index == active:
                    self.active = sheet
        if not self.sheets:
            raise ValidationError(NOT_A_WORKBOOK)

    def read_formats(self):
        """Return the number format of each style, in order."""
        from openpyxl.styles.numbers import BUILTIN_FORMATS

        codes = {str(number): code for number, code in BUILTIN_FORMATS.items()}
        styles = []
        inside = False

        def start(name, attributes):
            nonlocal inside
            local = local_name(name)
            if local == "numFmt" and not inside:
                codes[attributes.get("numFmtId")] = attributes.get("formatCode", "")
            elif local == "cellXfs":
                inside = True
            elif local == "xf" and inside:
                styles.append(attributes.get("numFmtId", "0"))

        def end(name):
            if local_name(name) == "cellXfs":
                raise StopParsing

        if "styles" in self.parts:
            self.archive.parse(self.parts["styles"], start, end)
        return [codes.get(number, "General") for number in styles]

    def read_strings(self, used):
        """Return the shared strings whose indexes are in `used`: `{index: text}`."""
        strings = {}
        if not used:
            return strings
        last = max(used)
        indexes = count()
        index, parts, length, is_text, is_phonetic = -1, [], 0, False, False

        def start(name, attributes):
            nonlocal index, parts, length, is_text, is_phonetic
            local = local_name(name)
            if local == "si":
                index, parts, length = next(indexes), [], 0
            elif local == "rPh":
                is_phonetic = True
            elif local == "t":
                is_text = index in used and not is_phonetic

        def text(piece):
            nonlocal length
            if is_text:
                length += len(piece)
                if length > MAX_CHARACTERS_OF_CELL:
                    raise ValidationError(CELL_TOO_LONG)
                parts.append(piece)

        def end(name):
            nonlocal is_text, is_phonetic
            local = local_name(name)
            if local == "t":
                is_text = False
            elif local == "rPh":
                is_phonetic = False
            elif local == "si":
                if index in used:
                    strings[index] = "".join(parts)
                if index >= last:
                    raise StopParsing

        if "sharedStrings" not in self.parts:
            raise ValidationError(UNREADABLE)
        self.archive.parse(self.parts["sharedStrings"], start, end, text)
        return strings


class _CellReader:
    """Turns a RawCell of a workbook into a Cell."""

    def __init__(self, book, strings_used):
        from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

        self.formats = book.read_formats()
        self.strings = {
            index: text_cell(_unescaped(text))
            for index, text in book.read_strings(strings_used).items()
        }
        self.is_uncalculated = book.is_uncalculated
        self.epoch = MAC_EPOCH if book.has_1904_dates else WINDOWS_EPOCH
        self.is_date = {}

    def __call__(self, raw):
        style = integer(raw.style)
        number_format = self.formats[style] if style < len(self.formats) else "General"
        value = raw.value or ""
        if raw.kind == "e" and value:
            return Cell(value, None, number_format, ERROR_VALUE.format(value))
        # A formula may have the empty text as its value. Programs that don't calculate write no value or 0,
        # and ask Excel to calculate when it opens the file.
        is_calculated_text = raw.kind == "str" and raw.value is not None
        is_placeholder = self.is_uncalculated and raw.kind == "n" and value in ("", "0")
        if raw.has_formula and (is_placeholder or not (value or is_calculated_text)):
            return Cell("", None, number_format, NO_VALUE)
        if not value:
            return Cell("", None, number_format)
        match raw.kind:
            case "s":
                cell = self.strings.get(integer(value))
                if cell is None:
                    raise ValidationError(UNREADABLE)
                return Cell(cell.text, None, number_format, cell.problem)
            case "str" | "inlineStr":
                return text_cell(_unescaped(value), number_format)
            case "b":
                return boolean_cell(is_true(value), number_format)
            case "d":
                return text_cell(value.removesuffix("T00:00:00"), number_format)
        return self._number(value, number_format)

    def _number(self, value, number_format):
        from openpyxl.styles.numbers import is_date_format, is_timedelta_format
        from openpyxl.utils.datetime import from_excel

        if number_format not in self.is_date:
            self.is_date[number_format] = is_date_format(number_format)
        try:
            if self.is_date[number_format]:
                is_duration = is_timedelta_format(number_format)
                return date_cell(from_excel(float(value), self.epoch, is_duration), number_format)
            return number_cell(value, number_format)
        except (ValueError, OverflowError, ArithmeticError):
            return Cell(value, None, number_format, f"Cellens värde, {value[:40]}, är inget tal.")


def _unescaped(text):
    """Return `text` without Excel's escapes of control characters, such as _x000D_."""
    return ESCAPE.sub(lambda match: chr(int(match[1], 16)), text).encode(errors="replace").decode()
