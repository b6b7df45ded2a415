"""The grid of the form of a table: its rows with amounts, checks of sums, and bars."""

from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace

from blekinge_site.formats import amount
from planning.charts import chart_of, column_to_show
from planning.sums import sums_of

LABELS = {
    "name_sv": "Namn, svenska",
    "name_en": "Namn, engelska",
    "kind": "Slag",
    "position": "Plats",
    "code": "Kod",
    "DELETE": "Ta bort raden",
}


class Rows(list):
    """A list that charts read as they read a related manager."""

    def all(self):
        return self


@dataclass(frozen=True)
class Check:
    """What the check of a sum says: a state that gives its mark, a few words, and details if any."""

    state: str  # "ok", "advice" or "unknown"
    words: str
    details: str = ""


def check_of(line_sum, decimals):
    """Return the Check of a sums.Sum, whose table has `decimals`."""
    if line_sum.missing:
        names = ", ".join(f"”{line}”" for line in line_sum.missing[:2])
        others = " och fler" if len(line_sum.missing) > 2 else ""
        return Check("unknown", "Belopp saknas", f"i {names}{others}")
    if not line_sum.difference:
        return Check("ok", "Stämmer")
    difference = amount(abs(line_sum.difference), decimals)
    if line_sum.is_rounded:
        return Check("ok", f"Avviker {difference}: avrundning")
    computed = amount(line_sum.computed, decimals)
    return Check("advice", f"Avviker {difference}", f"Posterna ger {computed}")


@dataclass
class Cell:
    """A field of a row, with its label and, for an amount, its column."""

    field: object  # a BoundField
    label: str
    column: object = None
    is_shown: bool = False  # whether the checks are about its column


@dataclass
class GridRow:
    """A row of the grid: its form, its number and, if it is a line of the table, what the chart says."""

    form: object
    number: int | str  # "__number__" in the template for new rows
    names: list
    kind: Cell
    amounts: list
    more: list  # the cells that are folded away
    line: object
    chart_row: object = None
    check: Check | None = None

    @property
    def errors(self):
        """The errors of the row as `[(label or None, text), …]`."""
        cells = [*self.names, self.kind, *self.amounts, *self.more]
        if not self.form.is_bound:
            return []
        general = [(None, text) for text in self.form.non_field_errors()]
        return general + [(cell.label, text) for cell in cells for text in cell.field.errors]


class Grid:
    """The rows of a formset of lines, in the order of their positions, as typed or as saved."""

    def __init__(self, formset):
        self.formset, self.table = formset, formset.instance
        self.columns = formset.columns
        self.column = column_to_show(self.columns, self.table.budget.year, formset.shown_code)
        # Rows without a position come last; sorting keeps their order.
        forms = sorted(formset.forms, key=lambda form: position_of(form) or float("inf"))
        self.rows = [self.row(form, number) for number, form in enumerate(forms, start=1)]
        self.add_chart()

    def row(self, form, number):
        def cell(name, column=None):
            label = str(column) if column else LABELS[name]
            attributes = form.fields[name].widget.attrs
            attributes |= {"aria-label": f"{label}, rad {number}", "data-label": label}
            attributes |= {"class": f"cell cell--{'amount' if column else name}"}
            if name in form.errors:
                attributes["aria-describedby"] = f"{form.prefix}-errors"
            return Cell(form[name], label, column, column is not None and column == self.column)

        folded = [name for name in ("position", "code", "DELETE") if name in form.fields]
        return GridRow(
            form=form,
            number=number,
            names=[cell("name_sv"), cell("name_en")],
            kind=cell("kind"),
            amounts=[cell(f"amount_{column.code}", column) for column in self.columns],
            more=[cell(name) for name in folded],
            line=form.instance,
        )

    @property
    def empty_row(self):
        """The row that new rows are made of, with `__prefix__` and `__number__` in place of numbers."""
        return self.row(self.formset.empty_form, "__number__")

    def add_chart(self):
        rows = [row for row in self.rows if self.is_line(row.form)]
        lines = [row.line for row in rows]
        sums = sums_of(lines, self.columns, self.table.precision)
        misfits = Counter(code for (_, code), each in sums.items() if each.adds_up is False)
        self.choices = [(column, misfits[column.code]) for column in self.columns]
        table = SimpleNamespace(
            columns=Rows(self.columns),
            lines=Rows(lines),
            precision=self.table.precision,
        )
        self.chart = chart_of(table, self.table.budget.year, self.column and self.column.code)
        for row, chart_row in zip(rows, self.chart.rows, strict=False):
            row.chart_row = chart_row
            if chart_row.sum:
                row.check = check_of(chart_row.sum, self.table.decimals)
            elif row.line.is_sum and chart_row.chosen.amount is None:
                row.check = Check("unknown", "Belopp saknas")

    def is_line(self, form):
        """Tell whether `form` is for a line of the table, saved or not, and not one to be deleted."""
        is_filled_in = bool(form.instance.pk) or (form.is_bound and form.has_changed())
        return is_filled_in and not is_deleted(form)

    @property
    def has_bars(self):
        """Whether there is a sum to draw the way to."""
        return any(row.chart_row and row.chart_row.sum for row in self.rows)

    @property
    def summary(self):
        """How many lines the table has, as a noun phrase."""
        count = len(self.chart.rows) if self.columns else sum(map(self.is_line, self.formset.forms))
        return "1 rad" if count == 1 else f"{count} rader"

    @property
    def misfits(self):
        """The sums that rounding cannot explain: `[(line, difference as text, whether it is higher), …]`."""
        return [
            (
                row.line,
                amount(abs(line_sum.difference), self.table.decimals),
                line_sum.difference > 0,
            )
            for row in self.rows
            if row.chart_row and (line_sum := row.chart_row.sum) and line_sum.adds_up is False
        ]


def is_deleted(form):
    """Tell whether a row is to be deleted when its form is saved."""
    return bool(form.is_bound and form.cleaned_data.get("DELETE"))


def position_of(form):
    """Return the position of the row of `form`, as typed or as saved; None if it has none."""
    typed = form["position"].value()
    return int(typed) if str(typed or "").isdecimal() else None
