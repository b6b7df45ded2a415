"""Figures for charts, from the same budget lines as the tables. Templates draw; nothing here queries."""

from dataclasses import dataclass
from decimal import Decimal

# Lines are rounded one by one when a budget is decided, so a sum may be off by this much a line.
ROUNDING = Decimal("0.1")


@dataclass(frozen=True)
class Bar:
    """One line of a waterfall: a bar from one level to another, in the budget's unit."""

    line: object
    start: Decimal
    end: Decimal
    adds_up: bool = True  # false for a sum that differs from its items by more than rounding
    is_rounded: bool = False  # true for a sum that differs from its items by rounding

    @property
    def look(self):
        """What the bar's colour stands for: "gain", "loss" or "sum"."""
        if self.line.kind == self.line.Kind.SUBTOTAL:
            return "sum"
        return "gain" if self.line.amount_msek >= 0 else "loss"


def waterfall(lines):
    """Return a `Bar` for each of the budget `lines`, in their order.

    An item starts where the one before it ended. A result sums all items. A subtotal sums all items so
    far, or those since an earlier subtotal, whichever its amount fits with allowance for rounding; one
    that fits neither stands on zero.
    """
    bars, level, count = [], Decimal(0), 0
    bases = [(Decimal(0), 0)]  # the level, and the number of items, before each possible first item
    for line in lines:
        if line.kind == line.Kind.ITEM:
            bars.append(Bar(line, level, level + line.amount_msek))
            level, count = level + line.amount_msek, count + 1
            continue
        possible = bases[:1] if line.kind == line.Kind.RESULT else [bases[0], *reversed(bases[1:])]
        fitting = [
            base
            for base, before in possible
            if abs(level - base - line.amount_msek) <= ROUNDING * (count - before)
        ]
        start = fitting[0] if fitting else Decimal(0)
        end = start + line.amount_msek
        bars.append(Bar(line, start, end, bool(fitting), bool(fitting) and end != level))
        bases.append((level, count))
    return bars


def percent(value):
    """Return a share of one as an SVG length: 0.125 gives "12.5%", in every language."""
    return f"{float(value) * 100:.2f}".rstrip("0").rstrip(".") + "%"


# A row of the drawn waterfall, in CSS pixels: the name, the amount below it, where no name can run into
# it, and the bar.
ROW, NAME_BASE, AMOUNT_BASE, BAR_TOP, BAR_HEIGHT = 68, 16, 35, 42, 14


def drawn(bars):
    """Return the bars with their places in the picture: a list of dicts.

    Lengths across are shares of the picture's width, so that its text keeps its size on every screen;
    lengths down are pixels. All are text: a template takes numbers for amounts. Each dict holds `line`,
    `look`, `name_y`, `amount_y`, `x`, `y`, `width`, `height` and `bottom`; `end`, the place across where
    the next bar begins; `next_y`, the top of that bar, None for the last; and `zero`, the place across of
    nought.
    """
    levels = [Decimal(0), *(level for bar in bars for level in (bar.start, bar.end))]
    low, span = min(levels), (max(levels) - min(levels)) or Decimal(1)
    return [
        {
            "line": bar.line,
            "look": bar.look,
            "name_y": str(row * ROW + NAME_BASE),
            "amount_y": str(row * ROW + AMOUNT_BASE),
            "x": percent((min(bar.start, bar.end) - low) / span),
            "y": str(row * ROW + BAR_TOP),
            "width": percent(max(abs(bar.end - bar.start) / span, Decimal("0.004"))),
            "height": str(BAR_HEIGHT),
            "bottom": str(row * ROW + BAR_TOP + BAR_HEIGHT),
            "end": percent((bar.end - low) / span),
            "next_y": str((row + 1) * ROW + BAR_TOP) if row + 1 < len(bars) else None,
            "zero": percent(-low / span),
        }
        for row, bar in enumerate(bars)
    ]


def in_and_out(lines):
    """Return what comes in and what goes out as two lists of parts, largest amounts in full width.

    Each part is a dict: `line`, its place `x` and `width` as SVG lengths on the scale that both share.
    """
    items = [line for line in lines if line.kind == line.Kind.ITEM]
    sides = [
        [line for line in items if line.amount_msek > 0],
        [line for line in items if line.amount_msek < 0],
    ]
    for side in sides:
        side.sort(key=lambda line: abs(line.amount_msek), reverse=True)
    longest = max(abs(sum(line.amount_msek for line in side)) for side in sides) or Decimal(1)
    parts = []
    for side in sides:
        place, row = Decimal(0), []
        for line in side:
            share = abs(line.amount_msek) / longest
            row.append({"line": line, "x": percent(place), "width": percent(share)})
            place += share
        parts.append(row)
    return parts
