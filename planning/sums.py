"""How the sums of a table follow from its other lines, in every column.

Decided amounts are rounded one by one, and are never recomputed here: a sum keeps its decided amount, and is
compared with its terms. The lines are those of one table in order; they needn't be saved.
"""

from dataclasses import dataclass
from decimal import Decimal

from planning.models import NONE


@dataclass(frozen=True)
class Sum:
    """A sum in one column, with the lines that are its terms. Amounts are in the unit of the table."""

    line: object
    terms: tuple  # the lines; the first may be an earlier sum, whose decided amount then counts
    start: int  # the number of lines before the first term
    amount: Decimal  # as decided
    computed: Decimal | None  # what the terms add up to; None if an amount is missing
    missing: tuple  # the terms without an amount
    precision: Decimal  # one unit in the last decimal place

    @property
    def tolerance(self):
        """How much rounding can explain: half a unit in the last place for the sum and for each term."""
        return self.precision / 2 * (len(self.terms) + 1)

    @property
    def difference(self):
        """The decided amount minus what the terms add up to, or None."""
        return None if self.computed is None else self.amount - self.computed

    @property
    def adds_up(self):
        """Whether rounding can explain the difference, if any. None if an amount is missing."""
        return None if self.computed is None else abs(self.difference) <= self.tolerance

    @property
    def is_rounded(self):
        """Whether there is a difference that rounding explains."""
        return bool(self.adds_up) and self.difference != 0


def value(line, column):
    """Return the amount of `line` in `column` as a Decimal, with zero for a dash; None if it is missing."""
    amount = line.amount(column)
    return Decimal(0) if amount is NONE else amount


def sums_of(lines, columns, precision):
    """Return the sums of a table: `{(line, column code): Sum}`, keyed by the position of the line in `lines`.

    A sum adds up all items before it, or those since an earlier sum, with or without that sum. The same rule
    holds in every column, so the rule that fits most columns is chosen. If none fits any column, the one
    that comes closest is. A sum that no two lines before it could add up to is left out: it stands by
    itself, and counts as a term of the sums after it.
    """
    sums = {}
    terms_before = []  # the positions of items, and of sums that stand by themselves
    sums_before = []  # the positions of all sums
    for position, line in enumerate(lines):
        if not line.is_sum:
            if line.kind == line.Kind.ITEM:
                terms_before.append(position)
            continue
        in_columns = {
            column.code: candidates_in(
                column, lines, position, terms_before, sums_before, precision
            )
            for column in columns
            if value(line, column) is not None
        }
        index = best(in_columns.values())
        if index is None:
            terms_before.append(position)
        else:
            sums |= {(position, code): found[index] for code, found in in_columns.items()}
        sums_before.append(position)
    return sums


def candidates_in(column, lines, position, terms_before, sums_before, precision):
    """Return a Sum for each set of terms that the sum at `position` may have, the likeliest first."""
    items = [term for term in terms_before if not lines[term].is_sum]
    term_lists = [items, terms_before]
    for earlier in reversed(sums_before):
        since = [term for term in terms_before if term > earlier]
        term_lists += [since, [earlier, *since]]
    return [sum_in(column, lines, position, terms, precision) for terms in term_lists]


def sum_in(column, lines, position, terms, precision):
    amounts = [value(lines[term], column) for term in terms]
    missing = tuple(
        lines[term] for term, amount in zip(terms, amounts, strict=True) if amount is None
    )
    return Sum(
        line=lines[position],
        terms=tuple(lines[term] for term in terms),
        start=terms[0] if terms else position,
        amount=value(lines[position], column),
        computed=None if missing else sum(amounts, Decimal(0)),
        missing=missing,
        precision=precision,
    )


def best(candidates_by_column):
    """Return the index of the candidate that fits most columns, or comes closest; None if none is likely.

    `candidates_by_column` has a list of candidates for each column, in the same order.
    """
    ranked = []
    for index, candidate in enumerate(zip(*candidates_by_column, strict=True)):
        terms = candidate[0].terms
        fits = sum(bool(entry.adds_up) for entry in candidate)
        differences = [abs(entry.difference) for entry in candidate if entry.computed is not None]
        if (terms and fits) or len(terms) > 1:
            ranked.append((-fits, 0 if fits else sum(differences), index))
    return min(ranked)[2] if ranked else None
