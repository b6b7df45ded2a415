"""The bars beside the amounts of a table, computed from the same lines as the table.

The chart is the table: each row has a bar, in an SVG whose horizontal lengths are percentages of its width.
Lengths are strings, because templates would localise numbers. Nothing here makes a query.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from planning.models import NONE
from planning.sums import Sum, sums_of, value

MARGIN = Decimal("0.005")  # of the width, on each side of a chart with an axis
LEAST_WIDTH = Decimal("0.0035")  # of the width, so that the smallest amount is visible
SLOT_WIDTH = Decimal("0.06")  # of the width, for an amount that is missing
MAX_AXIS_STEPS = 4
MAX_AXIS_STEPS_WIDE = 2  # in a table of many columns, whose bars have less room
NEAR_END = Decimal("0.08")  # of the width, where a label of the axis would reach out of the chart
MANY_COLUMNS = 3
LONG_AMOUNT = 9  # characters, that need a wider column


@dataclass(frozen=True)
class Bar:
    """A bar in a row. Lengths are SVG percentages."""

    # A class in the stylesheets: "gain", "loss", "item", "sum", "plus" or "minus". "slot" is the place of an
    # amount that is missing.
    color: str
    x: str
    width: str
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
    bar: Bar | None  # None for a dash and for zero
    sum: Sum | None
    step_in: str = ""  # in a waterfall: where the line from the row before comes in
    step_out: str = ""  # and where the line to the next row goes out

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
    axis: list  # the labels: [(x, Decimal, text-anchor), …]
    zero: str  # the x coordinate of zero
    is_waterfall: bool  # whether each bar starts where the one before it ended
    result: Row | None

    @property
    def is_wide(self):
        """Whether the columns need a box that scrolls."""
        return len(self.columns) >= (MANY_COLUMNS - 1 if self.is_long else MANY_COLUMNS)

    @property
    def axis_decimals(self):
        """The number of decimals that the labels of the axis need."""
        exponents = [label.normalize().as_tuple().exponent for _x, label, _anchor in self.axis]
        return max(0, -min(exponents, default=0))

    @property
    def is_plain_budget(self):
        """Whether the only column is a budget without a heading of its own, so that the unit can head it."""
        column = self.column
        return len(self.columns) == 1 and column.kind == column.Kind.BUDGET and not column.name

    @property
    def shows_budget_of_year(self):
        """Whether the bars show the budget for the year of the table's budget."""
        column, year = self.column, self.table.budget.year
        return column.kind == column.Kind.BUDGET and (column.year, column.last_year) == (year, None)

    @property
    def is_long(self):
        """Whether any amount needs a wider column."""
        amounts = [cell.amount for row in self.rows for cell in row.cells]
        longest = max((abs(each) for each in amounts if isinstance(each, Decimal)), default=0)
        return len(f"{longest:,.{self.table.decimals}f}") > LONG_AMOUNT

    @property
    def balance(self):
        """What the result in the chosen column is: "surplus", "deficit" or "" if neither or unknown."""
        amount = self.result and self.result.chosen.amount
        if not isinstance(amount, Decimal) or not amount:
            return ""
        return "surplus" if amount > 0 else "deficit"

    @property
    def is_rounded(self):
        return any(row.sum and row.sum.is_rounded for row in self.rows)

    @property
    def has_sums(self):
        return any(row.sum for row in self.rows)

    @property
    def has_wrong_sum(self):
        """Whether a sum differs from its terms by more than rounding."""
        return any(row.sum and row.sum.adds_up is False for row in self.rows)


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
    scale = Scale([level for span in spans for level in span])
    rows = []
    for line, span, line_sum in zip(lines, spans, sums_here, strict=True):
        cells = [Cell(each, line.amount(each)) for each in columns]
        chosen = next(cell for cell in cells if cell.column is column)
        bar = bar_of(line, span, chosen, line_sum, scale, is_waterfall)
        rows.append(Row(line, cells, chosen, bar, line_sum))
    if is_waterfall:
        rows = with_steps(rows, spans, scale)
    result = next((row for row in rows if row.line.kind == row.line.Kind.RESULT), None)
    steps = MAX_AXIS_STEPS if len(columns) < MANY_COLUMNS else MAX_AXIS_STEPS_WIDE
    zero, axis = percent(scale.place(Decimal(0))), scale.axis(steps)
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
    """Return a pair of levels for each line, from zero to its amount; both are zero if it has none."""
    return [(Decimal(0), value(line, column) or Decimal(0)) for line in lines]


def spans_of(lines, column, sums_here):
    """Return a pair of levels for each line, between which its bar lies; the same twice if it has no amount.

    An item starts where the item before it ended, and a sum where its first term started. A line that says
    "of which" lies within the item before it.
    """
    spans, level, part_of_item = [], Decimal(0), Decimal(0)
    start_at = []  # the level before each line
    for line, line_sum in zip(lines, sums_here, strict=True):
        amount = value(line, column)
        start_at.append(level)
        if amount is None:
            spans.append((level, level))
        elif line.kind == line.Kind.OF_WHICH:
            spans.append((part_of_item, part_of_item + amount))
            part_of_item += amount
        elif line_sum:
            base = start_at[line_sum.start]
            if lines[line_sum.start].is_sum:
                base = spans[line_sum.start][0]
            spans.append((base, base + amount))
        else:
            spans.append((level, level + amount))
            part_of_item, level = level, level + amount
    return spans


def with_steps(rows, spans, scale):
    """Return the rows of a waterfall with the places of the lines that join their bars."""
    stepped, level = [], percent(scale.place(Decimal(0)))
    for number, (row, span) in enumerate(zip(rows, spans, strict=True), start=1):
        level_before = level
        if not row.sum and row.line.kind != row.line.Kind.OF_WHICH:
            level = percent(scale.place(span[1]))
        step_in = "" if number == 1 else level_before
        step_out = "" if number == len(rows) else level
        stepped.append(replace(row, step_in=step_in, step_out=step_out))
    return stepped


class Scale:
    """Places levels on a chart, as fractions of its width."""

    def __init__(self, levels):
        self.low, self.high = min([Decimal(0), *levels]), max([Decimal(0), *levels])

    def place(self, level):
        span = (self.high - self.low) or Decimal(1)
        return MARGIN + (level - self.low) / span * (1 - 2 * MARGIN)

    def axis(self, max_steps):
        """Return the labels of the axis, round numbers from low to high: `[(x, Decimal, anchor), …]`.

        A label near an end has its text towards the middle, so that it doesn't reach out of the chart.
        """
        span = self.high - self.low
        if not span:
            return []
        magnitude = Decimal(1).scaleb(span.adjusted() - 1)
        step = next(
            magnitude * factor
            for factor in (1, 2, 5, 10, 20, 50, 100)
            if span / (magnitude * factor) <= max_steps
        )
        first, last = (
            int((self.low / step).to_integral_value("ROUND_CEILING")),
            int((self.high / step).to_integral_value("ROUND_FLOOR")),
        )
        labels = [number * step for number in range(first, last + 1)]
        places = [(label, self.place(label)) for label in labels]
        return [(percent(place), label, anchor_at(place)) for label, place in places]


def anchor_at(place):
    """Return the SVG text-anchor for a label at `place`, a fraction of the width."""
    if NEAR_END < place < 1 - NEAR_END:
        return "middle"
    return "start" if place <= NEAR_END else "end"


def bar_of(line, span, chosen, line_sum, scale, is_waterfall):
    """Return the Bar of `line`, or None if there is nothing to show."""
    start, end = (scale.place(level) for level in span)
    if chosen.is_missing:
        return Bar("slot", percent(min(start, 1 - SLOT_WIDTH)), percent(SLOT_WIDTH))
    if start == end:
        return None
    low, width = min(start, end), max(abs(end - start), LEAST_WIDTH)
    return Bar(
        color=color_of(line, span, is_waterfall),
        x=percent(min(low, 1 - width)),
        width=percent(width),
        is_dashed=bool(line_sum) and line_sum.adds_up is False,
    )


def color_of(line, span, is_waterfall):
    """Return the class of a bar. Only a waterfall says that an item adds to a sum, or subtracts from it."""
    is_gain = span[1] >= span[0]
    if line.kind == line.Kind.RESULT:
        return "plus" if is_gain else "minus"
    if line.is_sum:
        return "sum"
    if not is_waterfall:
        return "item"
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
