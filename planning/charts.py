"""The bars beside the amounts of a table, computed from the same lines as the table.

The chart is the table: each row has a bar, in an SVG whose horizontal lengths are percentages of its width.
Lengths are strings, because templates would localise numbers. Nothing here makes a query.
"""

from dataclasses import dataclass
from decimal import Decimal

from planning.models import NONE
from planning.sums import Sum, sums_of, value

MARGIN = Decimal("0.005")  # of the width, on each side of a chart with an axis
LEAST_WIDTH = Decimal("0.0035")  # of the width, so that the smallest amount is visible
MAX_AXIS_LABELS = 4


@dataclass(frozen=True)
class Bar:
    """A bar in a row. Lengths are SVG percentages."""

    color: str  # "gain", "loss", "sum", "plus" or "minus", a class in the stylesheets
    x: str
    width: str
    end: str  # where the bar ends, and the next one begins
    begin: str  # where the bar before it ended
    is_dashed: bool = False  # whether it is a sum that differs from its terms by more than rounding


@dataclass(frozen=True)
class Cell:
    """An amount in a row: a Decimal, NONE for a dash, or None if it is missing."""

    column: object
    amount: object

    @property
    def is_missing(self):
        return self.amount is None

    @property
    def is_dash(self):
        return self.amount is NONE


@dataclass(frozen=True)
class Row:
    """A line of a table with its amounts and, for the chosen column, its bar and its sum."""

    line: object
    cells: list
    chosen: Cell
    bar: Bar | None
    sum: Sum | None

    @property
    def terms(self):
        """The terms of the sum in the chosen column: `[(line, Cell), …]`."""
        column = self.chosen.column
        return [(term, Cell(column, term.amount(column))) for term in self.sum.terms]


@dataclass(frozen=True)
class Chart:
    """A table with the bars of one of its columns."""

    table: object
    columns: list
    column: object  # the column that the bars show
    rows: list
    axis: list  # the labels: [(x, Decimal), …]
    zero: str  # the x coordinate of zero
    is_waterfall: bool  # whether each bar starts where the one before it ended
    result: Row | None

    @property
    def is_rounded(self):
        return any(row.sum and row.sum.is_rounded for row in self.rows)

    @property
    def has_missing(self):
        return any(cell.is_missing for row in self.rows for cell in row.cells)


def percent(fraction):
    """Return `fraction` as an SVG length: 0.125 gives "12.5%", in every language."""
    return f"{float(fraction) * 100:.2f}".rstrip("0").rstrip(".") + "%"


def column_to_show(columns, year, code=None):
    """Return the column with `code`, otherwise the budget for `year`, otherwise the best there is.

    Return None if there are no columns.
    """

    def rank(column):
        return (
            column.code != code,
            column.year != year or column.last_year is not None,
            column.kind != column.Kind.BUDGET,
        )

    return min(columns, key=rank, default=None)


def chart_of(table, year, code=None):
    """Return the Chart of `table`, whose columns and lines have been prefetched.

    The bars show the column with `code`, otherwise the budget for `year`.
    """
    columns, lines = list(table.columns.all()), list(table.lines.all())
    column = column_to_show(columns, year, code)
    if column is None:
        return Chart(table, [], None, [], [], "0%", False, None)
    sums = sums_of(lines, columns, table.precision)
    sums_here = [sums.get((position, column.code)) for position in range(len(lines))]
    is_waterfall = leads_to_a_sum(lines, column, sums_here)
    spans = spans_of(lines, column, sums_here) if is_waterfall else spans_from_zero(lines, column)
    scale = Scale([level for span in spans if span for level in span])
    rows = []
    for line, span, line_sum in zip(lines, spans, sums_here, strict=True):
        cells = [Cell(each, line.amount(each)) for each in columns]
        chosen = next(cell for cell in cells if cell.column is column)
        bar = span and bar_of(line, span, line_sum, scale, rows)
        rows.append(Row(line, cells, chosen, bar, line_sum))
    result = next((row for row in rows if row.line.kind == row.line.Kind.RESULT), None)
    zero, axis = percent(scale.place(Decimal(0))), scale.axis()
    return Chart(table, columns, column, rows, axis, zero, is_waterfall, result)


def leads_to_a_sum(lines, column, sums_here):
    """Tell whether the lines add and subtract on the way to a sum, so that a waterfall makes sense."""
    signs = {
        value(line, column) > 0
        for line in lines
        if line.kind == line.Kind.ITEM and value(line, column)
    }
    return len(signs) == 2 and any(sums_here)


def spans_from_zero(lines, column):
    """Return a pair of levels for each line, from zero to its amount; None if it has no amount."""
    amounts = [value(line, column) for line in lines]
    return [None if amount is None else (Decimal(0), amount) for amount in amounts]


def spans_of(lines, column, sums_here):
    """Return a pair of levels for each line, between which its bar lies; None if it has no amount.

    An item starts where the item before it ended, and a sum where its first term started. A line that says
    "of which" lies within the item before it.
    """
    spans, level, part_of_item = [], Decimal(0), Decimal(0)
    start_at = []  # the level before each line
    for line, line_sum in zip(lines, sums_here, strict=True):
        amount = value(line, column)
        start_at.append(level)
        if amount is None:
            spans.append(None)
        elif line.kind == line.Kind.OF_WHICH:
            spans.append((part_of_item, part_of_item + amount))
            part_of_item += amount
        elif line_sum:
            base = start_at[line_sum.start]
            if lines[line_sum.start].is_sum and spans[line_sum.start]:
                base = spans[line_sum.start][0]
            spans.append((base, base + amount))
        else:
            spans.append((level, level + amount))
            part_of_item, level = level, level + amount
    return spans


class Scale:
    """Places levels on a chart, as fractions of its width."""

    def __init__(self, levels):
        self.low, self.high = min([Decimal(0), *levels]), max([Decimal(0), *levels])

    def place(self, level):
        span = (self.high - self.low) or Decimal(1)
        return MARGIN + (level - self.low) / span * (1 - 2 * MARGIN)

    def axis(self):
        """Return the labels of the axis, round numbers from low to high: `[(x, Decimal), …]`."""
        span = self.high - self.low
        if not span:
            return []
        magnitude = Decimal(1).scaleb(span.adjusted() - 1)
        step = next(
            magnitude * factor
            for factor in (1, 2, 5, 10, 20, 50, 100)
            if span / (magnitude * factor) <= MAX_AXIS_LABELS
        )
        first, last = (
            int((self.low / step).to_integral_value("ROUND_CEILING")),
            int((self.high / step).to_integral_value("ROUND_FLOOR")),
        )
        labels = [number * step for number in range(first, last + 1)]
        return [(percent(self.place(label)), label) for label in labels]


def bar_of(line, span, line_sum, scale, rows_before):
    start, end = (scale.place(level) for level in span)
    low, width = min(start, end), max(abs(end - start), LEAST_WIDTH)
    bars_before = [row.bar for row in rows_before if row.bar and row.line.kind != "of_which"]
    return Bar(
        color=color_of(line, span),
        x=percent(min(low, 1 - width)),
        width=percent(width),
        end=percent(end),
        begin=bars_before[-1].end if bars_before else percent(start),
        is_dashed=bool(line_sum) and line_sum.adds_up is False,
    )


def color_of(line, span):
    is_gain = span[1] >= span[0]
    if line.kind == line.Kind.RESULT:
        return "plus" if is_gain else "minus"
    if line.is_sum:
        return "sum"
    return "gain" if is_gain else "loss"


# --- Shares ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """A line's part of a whole, as a bar that starts where the one before it ended."""

    line: object
    amount: Decimal  # in the unit of the table
    of_hundred: Decimal  # the part of 100, with one decimal
    color: str
    x: str
    width: str


def shares_of(parts, whole):
    """Return the Shares in `whole` of `parts`, pairs of a line and its amount, all of the same sign."""
    shares, place = [], Decimal(0)
    for line, amount in parts:
        width = abs(amount) / whole
        color = "plus" if line.is_sum else ("gain" if amount > 0 else "loss")
        of_hundred = (width * 100).quantize(Decimal("0.1"))
        shares.append(Share(line, amount, of_hundred, color, percent(place), percent(width)))
        place += width
    return shares


def income_and_expenses(chart):
    """Return two lists of Shares, the income and the expenses in the chosen column, largest first.

    Both share one scale: the larger of the two totals is the whole. They are empty if the lines don't lead to
    a result.
    """
    if not chart.is_waterfall or chart.result is None or not chart.result.sum:
        return [], []
    terms = [(line, value(line, chart.column)) for line in chart.result.sum.terms]
    if any(amount is None or line.is_sum for line, amount in terms):
        return [], []
    sides = [[term for term in terms if term[1] > 0], [term for term in terms if term[1] < 0]]
    for side in sides:
        side.sort(key=lambda term: -abs(term[1]))
    whole = max(abs(sum(amount for _line, amount in side)) for side in sides)
    return [shares_of(side, whole) for side in sides]


def of_hundred(chart):
    """Return two lists of Shares of 100 kronor: what comes in, and what goes out with the result last.

    Return two empty lists if the data don't carry it: if an amount is missing, if the lines don't lead to a
    result of zero or more, or if either side, rounded, isn't 100,0.
    """
    income, expenses = income_and_expenses(chart)
    result = chart.result and chart.result.chosen.amount
    if not income or not expenses or not isinstance(result, Decimal) or result < 0:
        return [], []
    if not chart.result.sum.adds_up:
        return [], []
    whole = sum(share.amount for share in income)
    income = shares_of([(share.line, share.amount) for share in income], whole)
    outgoing = [(share.line, share.amount) for share in expenses]
    if result:
        outgoing.append((chart.result.line, result))
    expenses = shares_of(outgoing, whole)
    if any(sum(share.of_hundred for share in side) != 100 for side in (income, expenses)):
        return [], []
    return income, expenses
