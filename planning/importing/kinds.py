"""Guesses which lines of a table are sums, and which are part of the line before them."""

import re
from decimal import Decimal

from planning.models import BudgetLine
from planning.sums import sums_of, value

Kind = BudgetLine.Kind

OF_WHICH = re.compile(r"[-\N{EN DASH}–•* ]*(?:varav|därav)\b", re.I)
RESULT = re.compile(
    r"(?:årets|periodens|budgeterat|beräknat) (?:\w*resultat)\b|^resultat$|^resultat \d{4}$"
)
SUM = re.compile(r"\bsumma\b|\btotalt?\b|\bdelsumma\b|\btotalsumma\b|^summa")
# How much the sum at the end of a table may differ from its terms, as a share of it, and be taken for a sum.
SLACK_OF_LAST_SUM = Decimal("0.001")
# Words of lines that often are sums, which only the amounts can tell.
PERHAPS_SUM = re.compile(r"netto|resultat|balanskrav")
KIND_NAMES = {
    "post": Kind.ITEM,
    "rad": Kind.ITEM,
    "varav": Kind.OF_WHICH,
    "därav": Kind.OF_WHICH,
    "delsumma": Kind.SUBTOTAL,
    "summa": Kind.TOTAL,
    "totalt": Kind.TOTAL,
    "total": Kind.TOTAL,
    "resultat": Kind.RESULT,
}


def kind_named(text):
    """Return the kind of line that `text`, a cell in the column Slag, names. Raises ValueError."""
    try:
        return KIND_NAMES[text.strip().lower()]
    except KeyError as error:
        labels = ", ".join(kind.label.lower() for kind in Kind)
        raise ValueError(f"”{text.strip()}” går inte. Välj bland {labels}.") from error


def guess_kinds(lines, columns, precision, fixed=(), indents=None):
    """Set the kind of each of `lines`, BudgetLines in the order of the table, from its name and amounts.

    The lines at the positions `fixed` keep their kinds. `indents` has the number of spaces before each name.
    """
    fixed = set(fixed)
    indents = indents or [0] * len(lines)
    for position, line in enumerate(lines):
        if position not in fixed:
            line.kind = Kind.OF_WHICH if OF_WHICH.match(line.name_sv) else Kind.ITEM
    indented = [
        position
        for position, spaces in enumerate(indents)
        if position and spaces and position not in fixed and lines[position].kind == Kind.ITEM
    ]
    _guess_sums(lines, columns, precision, fixed)
    if indented:
        fits = _fits(lines, columns, precision)
        kinds = [line.kind for line in lines]
        for position in indented:
            lines[position].kind = Kind.OF_WHICH
        _guess_sums(lines, columns, precision, fixed | set(indented))
        if _fits(lines, columns, precision) < fits:
            for line, kind in zip(lines, kinds, strict=True):
                line.kind = kind


def _guess_sums(lines, columns, precision, fixed):
    has_result = any(lines[position].kind == Kind.RESULT for position in fixed)
    result = None if has_result else _result(lines, fixed)
    totals = [RunningTotal(column, precision) for column in columns]
    ordinary = [i for i, line in enumerate(lines) if line.kind != Kind.OF_WHICH]
    for position in ordinary:
        line = lines[position]
        if position not in fixed:
            line.kind = Kind.ITEM
            if position == result:
                line.kind = Kind.RESULT
            elif SUM.search(line.name_sv.lower()) or _adds_up(
                line, totals, is_last=position == ordinary[-1]
            ):
                line.kind = Kind.SUBTOTAL
        for total in totals:
            total.add(line)
    # The last line of a table without a result sums up the whole table.
    last = ordinary[-1] if ordinary else None
    if last is not None and last not in fixed and lines[last].kind == Kind.SUBTOTAL:
        lines[last].kind = Kind.TOTAL


class RunningTotal:
    """What the items in one column add up to: all so far, and those since each of the latest sums."""

    SUMS_TO_REMEMBER = 4

    def __init__(self, column, precision):
        self.column, self.precision = column, precision
        # Each start has the amount before the first item, the number of terms, and their sum.
        self.starts = [[Decimal(0), 0]]

    def add(self, line):
        amount = value(line, self.column)
        if line.is_sum:
            if amount is not None:
                self.starts += [[Decimal(0), 0], [amount, 1]]
                del self.starts[1 : -2 * self.SUMS_TO_REMEMBER]
            return
        for start in self.starts:
            # A missing amount leaves the sum unknown.
            start[0] = None if amount is None or start[0] is None else start[0] + amount
            start[1] += 1

    def fits(self, line, slack=Decimal(0)):
        """Tell whether `line` is the sum of at least two terms; None if its amount is missing or zero.

        Besides rounding, the sum may differ by the share `slack` of the amount.
        """
        amount = value(line, self.column)
        if not amount:
            return None
        return any(
            terms > 1
            and total is not None
            and abs(amount - total) <= max(self.precision / 2 * (terms + 1), abs(amount) * slack)
            for total, terms in self.starts
        )

    @property
    def count(self):
        return self.starts[0][1]


def _adds_up(line, totals, *, is_last):
    """Tell whether `line` likely is a sum: it adds up lines before it in every column.

    A line with the name of a sum needs to do so in half of the columns only. In a single column, small
    amounts add up by chance, so there a sum without such a name is only expected at the end.
    """
    # Frames are printed in billions and summed up in millions: 98 for 97 985.
    slack = SLACK_OF_LAST_SUM if is_last else Decimal(0)
    fits = [fit for fit in (total.fits(line, slack) for total in totals) if fit is not None]
    if PERHAPS_SUM.search(line.name_sv.lower()):
        return bool(fits) and sum(fits) * 2 >= len(fits)
    if len(fits) == 1 and not (is_last and totals[0].count >= 3):
        return False
    return bool(fits) and all(fits)


def _result(lines, fixed):
    """Return the position of the line that is the result, or None: the last that is called so."""
    called_so = [
        position
        for position, line in enumerate(lines)
        if position not in fixed and RESULT.search(line.name_sv.lower())
    ]
    return called_so[-1] if called_so else None


def _fits(lines, columns, precision):
    return sum(bool(entry.adds_up) for entry in sums_of(lines, columns, precision).values())
