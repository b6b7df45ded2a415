"""The table of a budget that a file is imported to, as it is, and what amounts in it can be compared with."""

from collections import defaultdict
from decimal import Decimal
from functools import cached_property

from django.db.models import Q

from planning.importing.amounts import SIZE
from planning.importing.matching import compact
from planning.models import BudgetLine, BudgetTable, RegionalPlan


class Target:
    """A table to import to: an existing one, or one that the import creates in `budget`."""

    def __init__(self, budget, table=None):
        self.budget, self.table = budget, table
        self.columns = list(table.columns.all()) if table else []
        self.lines = list(table.lines.all()) if table else []

    @property
    def has_amounts(self):
        return any(line.amounts for line in self.lines)

    @property
    def is_empty(self):
        """Whether the table has no lines, so that it can take its unit and decimals from the file."""
        return not self.lines

    @cached_property
    def other_tables(self):
        return [table for table in self.budget.tables.all() if table != self.table]

    @cached_property
    def lines_elsewhere(self):
        """The lines of the plan's other budgets, and of last year's budget in a published plan.

        If the target is a table, only lines of tables with the same slug.
        """
        last_year = Q(
            table__budget__plan__in=RegionalPlan.objects.published(),
            table__budget__year=self.budget.year - 1,
        )
        lines = BudgetLine.objects.filter(Q(table__budget__plan=self.budget.plan_id) | last_year)
        lines = lines.exclude(table__budget=self.budget.pk).select_related("table")
        if self.table:
            lines = lines.filter(table__slug=self.table.slug)
        return list(lines.order_by("table__budget__year", "position", "pk"))

    def codes_elsewhere(self):
        """Return the codes of lines in other years, by name as `compact` returns it."""
        return {compact(line.name_sv): line.code for line in self.lines_elsewhere}

    def amounts_elsewhere(self, unit):
        """Return the amounts of lines in other years, by code, in `unit`."""
        amounts = defaultdict(list)
        for line in self.lines_elsewhere:
            factor = Decimal(SIZE[BudgetTable.Unit(line.table.unit)]) / SIZE[unit]
            amounts[line.code] += [
                amount * factor for amount in line.amounts.values() if isinstance(amount, Decimal)
            ]
        return amounts
