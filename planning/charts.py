"""Figures for the charts of a budget, computed from the same lines as its table.

Templates draw the charts. Nothing here makes a query.
"""

from dataclasses import dataclass
from decimal import Decimal

# Each line of a budget is rounded separately, so a sum may be off by up to this much per line.
ROUNDING_MSEK = Decimal("0.1")


@dataclass(frozen=True)
class Bar:
    """A line in a waterfall chart: a bar between two levels, in the budget's unit."""

    line: object
    start: Decimal
    end: Decimal
    adds_up: bool = True  # False for a sum that differs from its items by more than rounding
    is_rounded: bool = False  # True for a sum that differs from its items by rounding

    @property
    def color(self):
        """The name of the bar's colour in the stylesheets: "gain", "loss" or "sum"."""
        if self.line.kind == self.line.Kind.SUBTOTAL:
            return "sum"
        return "gain" if self.line.amount_msek >= 0 else "loss"


@dataclass(frozen=True)
class BudgetChart:
    """A budget with the figures for its chart and its table."""

    budget: object
    rows: list  # as `chart_rows` returns them
    height: int  # in CSS pixels
    is_rounded: bool  # whether rounding makes any sum differ from its items
    has_outcome: bool  # whether any line has an outcome


def budget_chart(budget):
    """Return the `BudgetChart` of `budget`, whose lines have been prefetched."""
    bars = waterfall(budget.lines.all())
    return BudgetChart(
        budget=budget,
        rows=chart_rows(bars),
        height=len(bars) * ROW_PX,
        is_rounded=any(bar.is_rounded for bar in bars),
        has_outcome=any(bar.line.outcome_msek is not None for bar in bars),
    )


def waterfall(lines):
    """Return a list with a `Bar` for each of the budget `lines`, in the same order.

    An item starts where the previous item ended. A result is the sum of all items. A subtotal is the sum
    of all items so far, or of those after an earlier subtotal, whichever fits its amount within rounding.
    A sum that fits neither starts at zero.
    """
    bars, level, item_count = [], Decimal(0), 0
    # Where a sum may start: pairs of the level and the number of items before its first item.
    bases = [(Decimal(0), 0)]
    for line in lines:
        if line.kind == line.Kind.ITEM:
            bars.append(Bar(line, level, level + line.amount_msek))
            level, item_count = level + line.amount_msek, item_count + 1
            continue
        starts = bases[:1] if line.kind == line.Kind.RESULT else [bases[0], *reversed(bases[1:])]
        fitting = [
            base
            for base, items_before in starts
            if abs(level - base - line.amount_msek) <= ROUNDING_MSEK * (item_count - items_before)
        ]
        start = fitting[0] if fitting else Decimal(0)
        end = start + line.amount_msek
        bars.append(Bar(line, start, end, bool(fitting), bool(fitting) and end != level))
        bases.append((level, item_count))
    return bars


def percent(fraction):
    """Return `fraction` as an SVG length: 0.125 gives "12.5%", in every language."""
    return f"{float(fraction) * 100:.2f}".rstrip("0").rstrip(".") + "%"


# The layout of a row of the waterfall, in CSS pixels: the row's height, then the baselines of the name and
# the amount and the top of the bar, all from the row's top, and last the bar's height. The amount is below
# the name, because a long name would overlap it.
ROW_PX, NAME_BASELINE_PX, AMOUNT_BASELINE_PX, BAR_TOP_PX, BAR_HEIGHT_PX = 68, 16, 35, 42, 14


def chart_rows(bars):
    """Return a list with a dict for each of `bars`: its line, its colour, and its place in the chart.

    Horizontal lengths are percentages of the chart's width, so that the text keeps its size on every
    screen. Vertical lengths are pixels. All lengths are strings, because templates would localise numbers.

    The keys are `line`, `color`, `name_y`, `amount_y`, `x`, `y`, `width`, `height` and `bottom`; `end`,
    the x coordinate of the level where the bar ends; `next_y`, the top of the next bar, None for the
    last; and `zero`, the x coordinate of zero.
    """
    levels = [Decimal(0), *(level for bar in bars for level in (bar.start, bar.end))]
    low, span = min(levels), (max(levels) - min(levels)) or Decimal(1)
    return [
        {
            "line": bar.line,
            "color": bar.color,
            "name_y": str(row * ROW_PX + NAME_BASELINE_PX),
            "amount_y": str(row * ROW_PX + AMOUNT_BASELINE_PX),
            "x": percent((min(bar.start, bar.end) - low) / span),
            "y": str(row * ROW_PX + BAR_TOP_PX),
            "width": percent(max(abs(bar.end - bar.start) / span, Decimal("0.004"))),
            "height": str(BAR_HEIGHT_PX),
            "bottom": str(row * ROW_PX + BAR_TOP_PX + BAR_HEIGHT_PX),
            "end": percent((bar.end - low) / span),
            "next_y": str((row + 1) * ROW_PX + BAR_TOP_PX) if row + 1 < len(bars) else None,
            "zero": percent(-low / span),
        }
        for row, bar in enumerate(bars)
    ]


def income_and_expenses(lines):
    """Return two lists of parts, the income and the expenses among `lines`, largest amounts first.

    Each part is a dict: `line`, and `x` and `width` as SVG lengths. Both lists share one scale: the
    larger of the two totals fills the width.
    """
    items = [line for line in lines if line.kind == line.Kind.ITEM]
    sides = [
        [line for line in items if line.amount_msek > 0],
        [line for line in items if line.amount_msek < 0],
    ]
    for side in sides:
        side.sort(key=lambda line: abs(line.amount_msek), reverse=True)
    largest_total = max(abs(sum(line.amount_msek for line in side)) for side in sides) or Decimal(1)
    parts = []
    for side in sides:
        x, row = Decimal(0), []
        for line in side:
            width = abs(line.amount_msek) / largest_total
            row.append({"line": line, "x": percent(x), "width": percent(width)})
            x += width
        parts.append(row)
    return parts
