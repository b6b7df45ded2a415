"""What a sheet makes of a table of a budget: its columns and lines, as they will be."""

from copy import copy

from blekinge_site.formats import amount as formatted
from pages.exchange.cells import Cell
from planning.importing.amounts import Amounts, name_of_cell
from planning.importing.columns import ROLES, AmountColumn, RoleGuess
from planning.importing.kinds import guess_kinds, kind_named
from planning.importing.layout import Layout, letter
from planning.importing.matching import compact, free_code, match_by_name, similar_names
from planning.importing.review import CellError, Question, Review
from planning.importing.table_changes import (
    ask_about_magnitude,
    check_sums,
    list_changes_of_table,
    list_rows,
)
from planning.importing.table_rows import check_names, pick_rows
from planning.importing.titles import likely_title
from planning.models import NONE, BudgetLine, BudgetTable

Kind = BudgetLine.Kind

WHOLE, ONLY = "whole", "only"


class TableReview(Review):
    """The outcome of importing `sheet` to `target`, with what staff have chosen in `choices`.

    `remembered` takes the headings of a file and returns what staff chose for such a file last time: a dict
    with the keys "roles" and "columns", or None.
    """

    ROLES = ROLES

    def __init__(self, sheet, target, choices, remembered=lambda headings: None):
        super().__init__()
        self.target, self.choices = target, choices
        self.last_time = {}

        def roles_of_last_time(headings):
            self.last_time = remembered(headings) or {}
            return self.last_time.get("roles")

        self.layout = Layout(sheet, choices, ROLES, RoleGuess(), roles_of_last_time)
        self.amount_columns, self.lines, self.removed = [], [], []
        self.way = choices.get("way")
        if self.way not in (WHOLE, ONLY):
            self.way = ONLY if target.has_amounts else WHOLE
        if self._has_columns():
            self._read()

    # --- Reading ---------------------------------------------------------------------------------------

    def _has_columns(self):
        layout = self.layout
        if layout.problem:
            self.errors.append(layout.problem)
            return False
        columns_of_last_time = self.last_time.get("columns", {})
        self.amount_columns = [
            AmountColumn(
                layout,
                index,
                self.target.columns,
                self.target.budget.year,
                columns_of_last_time.get(str(index)),
            )
            for index in layout.columns_with("amounts")
        ]
        for role in ("name_sv", "name_en", "kind"):
            if len(same := layout.columns_with(role)) > 1:
                letters = " och ".join(map(letter, same))
                self.errors.append(f"Kolumn {letters} blir båda ”{ROLES[role]}”. Välj en av dem.")
        if not layout.columns_with("name_sv"):
            self.errors.append("Ingen kolumn blir radernas namn. Välj vilken som har namnen.")
        if not self.amount_columns:
            self.errors.append("Ingen kolumn blir belopp. Välj vilken som har beloppen.")
        self.errors += [column.error for column in self.amount_columns if column.error]
        columns_by_code = {}
        for column in self.amount_columns:
            other = columns_by_code.setdefault(column.column.code, column)
            if other is not column:
                letters = f"{letter(other.index)} och {letter(column.index)}"
                self.errors.append(
                    f"Kolumn {letters} blir båda {column.label}. Välj år och slag för dem."
                )
        return not self.errors

    def _read(self):
        layout, target = self.layout, self.target
        self.name_column = layout.columns_with("name_sv")[0]
        self.english_column = next(iter(layout.columns_with("name_en")), None)
        self.kind_column = next(iter(layout.columns_with("kind")), None)
        self.lines = pick_rows(self)
        if not self.lines:
            self.errors.append("Filen har inga rader med belopp under rubrikraden.")
            return
        unit, decimals = self._unit_and_decimals()
        self.amounts = Amounts(
            layout,
            [entry.row for entry in self.lines],
            [column.index for column in self.amount_columns],
            {column.index: column.label for column in self.amount_columns},
            self.choices,
            unit,
            decimals,
        )
        self.questions += self.amounts.questions
        self.table = copy(target.table) if target.table else BudgetTable(budget=target.budget)
        self.table.unit, self.table.decimals = self.amounts.unit, self.amounts.decimals
        self._match()
        check_names(self)
        self._fill_in()
        self._set_kinds()
        if not target.table:
            self._name_table()
        if target.is_empty and not self.unanswered:
            self._offer_unit()
        ask_about_magnitude(self)
        list_rows(self)
        list_changes_of_table(self)
        check_sums(self)

    def _unit_and_decimals(self):
        """Return those of the table; None if a table without lines takes them from the file."""
        table = self.target.table
        if not self.target.is_empty:
            return BudgetTable.Unit(table.unit), table.decimals
        unit, decimals = self.choices.get("table_unit"), self.choices.get("decimals")
        return (
            BudgetTable.Unit(unit) if unit in BudgetTable.Unit.values else None,
            int(decimals) if decimals in {"0", "1", "2", "3"} else None,
        )

    # --- Lines -----------------------------------------------------------------------------------------

    def _match(self):
        """Give each row its line: an existing one with the same name, one that staff chose, or a new one."""
        existing = self.target.lines
        found = match_by_name([entry.name for entry in self.lines], [e.name_sv for e in existing])
        taken = {index for index in found if index is not None}
        new = [position for position, index in enumerate(found) if index is None]
        free = [index for index in range(len(existing)) if index not in taken]
        similar = similar_names(
            [self.lines[position].name for position in new],
            [existing[index].name_sv for index in free],
        )
        for position, closest in zip(new, similar, strict=True):
            if closest is not None and self.lines[position].name:
                index = free[closest]
                if self._ask_if_same(self.lines[position], existing[index]):
                    found[position] = index
        for entry, index in zip(self.lines, found, strict=True):
            if index is None:
                entry.line = BudgetLine(table=self.target.table, amounts={})
            else:
                entry.before = existing[index]
                entry.line = copy(entry.before)
                entry.line.amounts = dict(entry.before.amounts)
        matched = {index for index in found if index is not None}
        if self.way == WHOLE:
            self.removed = [e for index, e in enumerate(existing) if index not in matched]

    def _ask_if_same(self, entry, line):
        name = f"same-{entry.row.number}"
        entry.questions.append(
            Question(
                name,
                f"Liknar {line.name_sv}, som redan finns.",
                [("new", "Ny rad"), ("same", "Samma rad, byt namn")],
                answer=self.choices.get(name, ""),
            )
        )
        return self.choices.get(name) == "same"

    def _fill_in(self):
        """Set the texts and amounts of the lines."""
        codes = {line.code for line in self.target.lines}
        codes_elsewhere = self.target.codes_elsewhere()
        for entry in self.lines:
            line, row = entry.line, entry.row
            line.name_sv = entry.name
            if self.english_column is not None:
                text = " ".join(self.layout.cell(row, self.english_column).text.split())
                if text != (line.name_en or ""):
                    line.name_en = text
            if not line.code:
                name = codes_elsewhere.get(compact(entry.name), entry.name)
                line.code = free_code(name, codes)
            for column in self.amount_columns:
                error = self.amounts.errors.get((row.number, column.index))
                if error:
                    entry.errors.append(error)
                value = self.amounts.get(row, column.index)
                line.amounts.pop(column.column.code, None)
                if value is not None:
                    line.amounts[column.column.code] = value

    def in_order(self):
        """Return the lines of the table in their new order."""
        lines = [entry.line for entry in self.lines]
        if self.way == WHOLE:
            return lines
        matched = {entry.before.pk: entry.line for entry in self.lines if entry.before}
        ordered = [matched.get(line.pk, line) for line in self.target.lines]
        for before, entry in zip([None, *self.lines], self.lines, strict=False):
            if not entry.before:
                place = ordered.index(before.line) + 1 if before else len(ordered)
                ordered.insert(place, entry.line)
        return ordered

    def _set_kinds(self):
        """Set the kinds of the lines: as the file or staff say, as they are, or as they seem to be."""
        fixed, stated = set(), set()
        for entry in self.lines:
            cell = (
                self.layout.cell(entry.row, self.kind_column)
                if self.kind_column is not None
                else Cell()
            )
            chosen = self.choices.get(f"kind-{entry.row.number}", "")
            if not cell.is_empty:
                self._read_kind(entry, cell)
            elif chosen in Kind.values:
                entry.line.kind = Kind(chosen)
            elif not entry.before:
                continue
            fixed.add(id(entry.line))
            if not cell.is_empty:
                stated.add(id(entry.line))
        ordered = self.in_order()
        indents = {id(entry.line): entry.indent for entry in self.lines}
        least = min(indents.values(), default=0)
        guess_kinds(
            ordered,
            self.columns,
            self.table.precision,
            [
                position
                for position, line in enumerate(ordered)
                if id(line) in fixed or id(line) not in indents
            ],
            [indents.get(id(line), least) - least for line in ordered],
        )
        results = [line for line in ordered if line.kind == Kind.RESULT]
        for entry in self.lines:
            if not entry.before and id(entry.line) not in stated:
                entry.questions.append(
                    Question(
                        f"kind-{entry.row.number}",
                        "",
                        [(kind.value, kind.label) for kind in Kind],
                        label="Slag",
                        answer=str(entry.line.kind),
                        is_required=False,
                        is_guess=f"kind-{entry.row.number}" not in self.choices,
                    )
                )
            if len(results) > 1 and entry.line is results[-1]:
                entry.errors.append(
                    CellError("Slag", f"”{results[0]}” är redan tabellens resultat.", "")
                )

    def _read_kind(self, entry, cell):
        name = name_of_cell(entry.row, self.kind_column)
        text = self.choices.get(name) or cell.text
        try:
            entry.line.kind = kind_named(text)
        except ValueError as error:
            entry.errors.append(CellError(ROLES["kind"], str(error), name, text))

    # --- The table -------------------------------------------------------------------------------------

    @property
    def columns(self):
        """The columns of the table as they will be, in order."""
        filled = [column.column for column in self.amount_columns]
        codes = {column.code for column in filled}
        kept = [column for column in self.target.columns if column.code not in codes]
        if self.way == WHOLE:
            return filled + kept
        return self.target.columns + [column for column in filled if column.pk is None]

    def _name_table(self):
        title = self.choices.get("title", self._likely_title()).strip()
        self.table.title_sv = title[:200]
        self.questions.append(
            Question(
                "title",
                "Vad heter tabellen?",
                answer=self.table.title_sv,
                is_text=True,
                is_guess="title" not in self.choices,
            )
        )
        taken = {table.slug for table in self.target.other_tables}
        self.table.slug = free_code(self.table.title_sv, taken, fallback="tabell")
        if self.table.title_sv.lower() in {
            table.title_sv.lower() for table in self.target.other_tables
        }:
            self.errors.append(
                f"Budgeten har redan tabellen {self.table.title_sv}. Importera till den, eller skriv "
                "en annan rubrik."
            )

    def _offer_unit(self):
        """Let staff choose another unit than the file's, or other decimals, for a table without amounts."""
        units = [(unit.value, unit.label) for unit in BudgetTable.Unit]
        decimals = [("0", "inga"), ("1", "en"), ("2", "två"), ("3", "tre")]
        for name, text, choices, answer in (
            ("table_unit", "Tabellens enhet", units, str(self.table.unit)),
            ("decimals", "Tabellens decimaler", decimals, str(self.table.decimals)),
        ):
            is_guess = name not in self.choices
            question = Question(name, text, choices, answer=answer, is_required=False)
            question.is_guess = is_guess
            self.questions.append(question)

    def choices_to_remember(self):
        """Return the roles of the columns, and what staff said of amounts whose heading doesn't say it."""
        columns = {}
        for column in self.amount_columns:
            said = {}
            if not column.is_kind_said:
                said["kind"] = column.column.kind
            if not column.is_year_said:
                said["years_later"] = column.column.year - self.target.budget.year
            columns[str(column.index)] = said
        return {"roles": self.layout.roles, "columns": columns}

    def _likely_title(self):
        has_result = any(entry.line.kind == Kind.RESULT for entry in self.lines)
        fallback = "Resultatbudget" if has_result else ""
        return likely_title(self.layout, self.name_column) or fallback

    def shown(self, value):
        """Return `value`, an amount, as the table prints it."""
        if value is None:
            return "saknas"
        return "\N{EN DASH}" if value is NONE else formatted(value, self.table.decimals)
