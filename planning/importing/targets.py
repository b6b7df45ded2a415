"""The table of a budget that a file is imported to, as it is, and what amounts in it can be compared with."""

from collections import defaultdict
from decimal import Decimal
from functools import cached_property

from planning.importing.amounts import SIZE
from planning.models import BudgetLine, BudgetTable


class Target:
    """A table to import to: an existing one, or one that the import creates in `budget`."""

    def __init__(self, budget, table=None):
        self.budget, self.table = budget, table
        self.columns = list(table.columns.all()) if table else []
        self.lines = list(table.lines.all()) if table else []

    @property
    def is_empty(self):
        """Whether the table has no lines, so that it can take its unit and decimals from the file."""
        return not self.lines

    @cached_property
    def other_tables(self):
        return [table for table in self.budget.tables.all() if table != self.table]

    def amounts_elsewhere(self, unit):
        """Return the amounts of lines in the tables of the plan's other years, by code, in `unit`.

        The tables are those with the slug of this one or, if the import creates it, all of them.
        """
        lines = BudgetLine.objects.filter(table__budget__plan=self.budget.plan_id)
        lines = lines.exclude(table__budget=self.budget.pk).select_related("table")
        if self.table:
            lines = lines.filter(table__slug=self.table.slug)
        amounts = defaultdict(list)
        for line in lines.order_by("table__budget__year"):
            factor = Decimal(SIZE[BudgetTable.Unit(line.table.unit)]) / SIZE[unit]
            amounts[line.code] += [
                amount * factor for amount in line.amounts.values() if isinstance(amount, Decimal)
            ]
        return amounts
