"""Amounts in a file, in the unit of the table: what unit they have, and what has to be asked about them."""

import re
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal

from blekinge_site.amounts import AmountError
from blekinge_site.formats import amount as formatted
from blekinge_site.units import Unit, unit_of_format, units_in
from pages.exchange.cells import amount_of, text_cell
from planning.importing.review import CellError, Question
from planning.models import NONE, BudgetTable
from planning.models.amounts import MAX_DIGITS

UNIT_OF_TABLE = {
    Unit.KRONOR: BudgetTable.Unit.SEK,
    Unit.THOUSANDS: BudgetTable.Unit.KSEK,
    Unit.MILLIONS: BudgetTable.Unit.MSEK,
    Unit.BILLIONS: BudgetTable.Unit.BSEK,
}
SIZE = {of_table: unit for unit, of_table in UNIT_OF_TABLE.items()}
DECIMALS_OF_FORMAT = re.compile(r"[0#?]\.([0#?]+)")
DECIMAL_SIGN = re.compile(r"\d([.,])(?:\d{1,2}|\d{4,})\D*$")
MOST_DECIMALS = 3


def name_of_cell(row, column):
    """Return the name of the input that replaces the cell in `column` of `row`, a Row."""
    return f"cell-{row.number}-{column}"


def units_stated(layout, columns):
    """Return the units that the file states for each of `columns`: `{column: {Unit, …}}`.

    They stand in the heading of the column or of the names, in rows above or below without amounts, in the
    name of the sheet, or in the number formats of the cells. A row that states units in several of `columns`
    has one for each of them, otherwise a unit is that of all columns.
    """
    amounts = set(columns)
    texts = [layout.sheet.name]
    texts += [heading for column, heading in enumerate(layout.headings) if column not in amounts]
    of_columns = {column: units_in(layout.headings[column]) for column in columns}
    without_amounts = [
        row
        for row in layout.body
        if all(says_no_amount(layout.cell(row, column)) for column in columns)
    ]
    for row in [*layout.rows_above, *without_amounts]:
        by_column = {
            column: cell.text for column, cell in enumerate(row.cells) if cell.number is None
        }
        own = {column: by_column.get(column, "") for column in columns}
        if sum(bool(units_in(text)) for text in own.values()) > 1:
            for column, text in own.items():
                of_columns[column] |= units_in(text)
                by_column.pop(column, None)
        texts += by_column.values()
    everywhere = set().union(*map(units_in, texts))
    stated = {}
    for column in columns:
        cells = [layout.cell(row, column) for row in layout.body]
        of_formats = {
            unit_of_format(cell.number_format) for cell in cells if cell.number is not None
        }
        stated[column] = everywhere | of_columns[column]
        # Formats that state the unit of some amounts say nothing about the others.
        if stated[column] or None not in of_formats:
            stated[column] |= {unit for unit in of_formats if isinstance(unit, Unit)}
    return stated


def listed_units(units, conjunction=" och "):
    """Return the names of `units` as text, the smallest first: tusen kronor och miljoner kronor."""
    return conjunction.join(str(UNIT_OF_TABLE[unit].label) for unit in sorted(units))


def says_no_amount(cell):
    """Tell whether `cell` is empty, or has only the name of a unit."""
    is_unit = cell.number is None and units_in(cell.text) and not re.search(r"\d", cell.text)
    return cell.is_empty or bool(is_unit)


def decimals_printed(cell, value):
    """Return the number of decimals with which the file displays `value`, the amount in `cell`."""
    if cell.number is not None and (match := DECIMALS_OF_FORMAT.search(cell.number_format)):
        return len(match[1])
    if cell.number is not None and re.match("[#,]*0(?!\\.)", cell.number_format):
        return 0
    as_written = value if cell.number is None else value.normalize()
    return max(0, -as_written.as_tuple().exponent)


class Amounts:
    """The amounts in the cells of `columns`, read in the unit and with the decimals of a table.

    `unit` and `decimals` are those of the table, or None if it takes them from the file. `get` returns an
    amount. `errors` has a CellError by row number and column, and `questions` those about all cells.
    """

    def __init__(self, layout, rows, columns, headings, choices, unit=None, decimals=None):
        self.layout, self.choices, self.headings = layout, choices, headings
        self.errors, self.questions, self.values = {}, [], {}
        self.without_unit = set()  # the keys of amounts that cannot be converted yet
        self.decimals = decimals
        self.units = units_stated(layout, columns)
        self.read = self._read(rows, columns)
        self._settle_unit(columns)
        self.unit = unit or self._unit_of_file()
        if decimals is None:
            self.decimals = self._decimals_of_file()
        self._convert()

    def get(self, row, column):
        """Return a Decimal, NONE, or None if the cell is empty or cannot be read."""
        return self.values.get((row.number, column))

    def _read(self, rows, columns):
        """Return `{(row number, column): (cell, value, unit)}`, and note errors and ambiguous amounts."""
        read, ambiguous, plain_signs = {}, {}, set()
        for row in rows:
            for column in columns:
                name = name_of_cell(row, column)
                cell = self.layout.cell(row, column)
                if self.choices.get(name, "").strip():
                    cell = text_cell(self.choices[name][:100])
                try:
                    parsed = amount_of(cell)
                except AmountError as error:
                    proposal = shown_as_typed(error.proposal)
                    self.errors[row.number, column] = CellError(
                        self.headings[column], str(error), name, self.choices.get(name) or proposal
                    )
                    continue
                if parsed is None:
                    continue
                value = parsed.value
                if parsed.alternative is not None:
                    ambiguous[row.number, column] = cell.text.strip(), parsed.alternative
                elif cell.number is None and (match := DECIMAL_SIGN.search(cell.text)):
                    plain_signs.add(match[1])
                read[row.number, column] = cell, value, parsed.unit
        # In a file with 988,3 the comma in 1,234 is a decimal sign too, as in a table with three decimals.
        open_texts = [
            text
            for text, _value in ambiguous.values()
            if not plain_signs & set(text) and self.decimals != MOST_DECIMALS
        ]
        if open_texts:
            self._ask_about_separator(open_texts)
            if self.choices.get("separator") == "thousands":
                for key, (_text, value) in ambiguous.items():
                    read[key] = read[key][0], value, read[key][2]
        return read

    def _ask_about_separator(self, texts):
        text = texts[0]
        amount = text.replace(",", ".").replace(".", ",")
        self.questions.append(
            Question(
                "separator",
                f"{len(texts)} belopp går att läsa på två sätt, till exempel ”{text}”.",
                [
                    ("decimals", f"Tecknet skiljer decimaler: {amount}"),
                    ("thousands", f"Tecknet skiljer tusental: {amount.replace(',', ' ')}"),
                ],
                answer=self.choices.get("separator", ""),
            )
        )

    def _settle_unit(self, columns):
        """Set `unit_by_column`. Ask for the unit of those that the file doesn't state, or states twice."""
        answer = self.choices.get("unit", "")
        chosen = SIZE.get(answer)
        self.unit_by_column = {
            column: next(iter(units)) for column, units in self.units.items() if len(units) == 1
        }
        # A cell can state its own unit, as in 66,9 mdkr.
        bare = {
            column
            for (_row, column), (cell, value, unit) in self.read.items()
            if value is not None and (unit is None or cell.number is not None)
        }
        open_columns = [column for column in columns if column in bare - self.unit_by_column.keys()]
        if not open_columns:
            return
        several = set().union(*(self.units[column] for column in open_columns))
        which = ""
        if bare - set(open_columns):
            which = f" under {' och '.join(self.headings[column] for column in open_columns)}"
        text = (
            f"Filen anger beloppen{which} både i {listed_units(several, ' och i ')}. Vilken enhet har de?"
            if several
            else f"Filen säger inte vilken enhet beloppen{which} har. Vilken är det?"
        )
        choices = [(unit.value, unit.label) for unit in BudgetTable.Unit]
        self.questions.append(Question("unit", text, choices, answer=answer if chosen else ""))
        for column in open_columns:
            if chosen:
                self.unit_by_column[column] = chosen

    def _unit_of_file(self):
        """Return the unit of most amounts, as the table has it."""
        counts = Counter(
            unit or self.unit_by_column.get(column)
            for (_row, column), (_cell, value, unit) in self.read.items()
            if value is not None
        )
        counts.pop(None, None)
        return UNIT_OF_TABLE[counts.most_common(1)[0][0]] if counts else BudgetTable.Unit.MSEK

    def size(self, cell, column, own_unit):
        """Return the size in kronor of the unit of `cell`, or None if it isn't known yet."""
        # The unit in a number format has been compared with what the rest of the file states.
        return (own_unit if cell.number is None else None) or self.unit_by_column.get(column)

    def units_of_row(self, row):
        """Return the Units of the amounts in `row`, as far as they are known."""
        units = set()
        for column in self.units:
            cell, value, own_unit = self.read.get((row.number, column), (None, None, None))
            if value is not None:
                units.add(self.size(cell, column, own_unit))
        return units - {None}

    def _decimals_of_file(self):
        """Return the decimals that the file displays, in the unit of the table."""
        decimals = [0]
        for (_row, column), (cell, value, own_unit) in self.read.items():
            size = self.size(cell, column, own_unit)
            if value is not None and size:
                shift = len(str(SIZE[self.unit] // size)) - 1 if size < SIZE[self.unit] else 0
                grow = len(str(size // SIZE[self.unit])) - 1 if size > SIZE[self.unit] else 0
                decimals.append(decimals_printed(cell, value) + shift - grow)
        return min(MOST_DECIMALS, max(decimals))

    def _convert(self):
        """Fill in `values`, and offer to round those with more decimals than the table has."""
        precision = Decimal(1).scaleb(-self.decimals)
        rounded = []
        for (number, column), (cell, value, own_unit) in self.read.items():
            if value is None:
                self.values[number, column] = NONE
                continue
            size = self.size(cell, column, own_unit)
            if size is None:
                self.without_unit.add((number, column))
                continue
            amount = value * size / SIZE[self.unit]
            if len(amount.as_tuple().digits) > MAX_DIGITS or amount.adjusted() >= MAX_DIGITS - 3:
                amount = amount.normalize()
            nearest = Decimal(0)
            if amount.adjusted() < MAX_DIGITS - 3:
                nearest = amount.quantize(precision, ROUND_HALF_UP) + 0
            else:
                self.errors[number, column] = CellError(
                    self.headings[column],
                    f"Beloppet {cell.text} är för stort.",
                    f"cell-{number}-{column}",
                )
                continue
            if nearest != amount:
                rounded.append((amount, nearest))
            self.values[number, column] = nearest
        if rounded:
            self._offer_to_round(rounded)

    def _offer_to_round(self, rounded):
        before, after = rounded[0]
        count = "Ett belopp har" if len(rounded) == 1 else f"{len(rounded)} belopp har"
        decimals = ["inga", "en", "två", "tre"][self.decimals]
        text = (
            f"{count} fler decimaler än tabellen, som har {decimals}: "
            f"{plainly(before)} blir {formatted(after, self.decimals)}."
        )
        label = "Avrunda" if len(rounded) == 1 else "Avrunda dem"
        answer = self.choices.get("rounding", "")
        self.questions.append(Question("rounding", text, label=label, answer=answer))


def plainly(value):
    """Return `value` with all its decimals, as a person writes it."""
    value = value.normalize()
    return formatted(value, max(0, -value.as_tuple().exponent))


def shown_as_typed(proposal):
    """Return the text of `proposal`, an Amount or None, to begin with in an input."""
    if proposal is None or proposal.value is None:
        return ""
    return plainly(proposal.value)
