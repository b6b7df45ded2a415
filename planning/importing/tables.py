"""What a sheet makes of a table of a budget: its columns and lines, as they will be."""

import re
from collections import Counter
from copy import copy

from blekinge_site.formats import amount as formatted
from blekinge_site.units import UNIT_IN_TEXT
from pages.exchange.cells import Cell
from planning.importing import review
from planning.importing.amounts import Amounts, name_of_cell
from planning.importing.columns import ROLES, AmountColumn, RoleGuess
from planning.importing.kinds import guess_kinds, kind_named
from planning.importing.layout import Layout, letter, listed
from planning.importing.magnitudes import suspects
from planning.importing.matching import free_code, match_by_name, similar_names
from planning.importing.review import CellError, Question, Review, ReviewedRow
from planning.labels import rounded_to
from planning.models import NONE, BudgetLine, BudgetTable
from planning.sums import sums_of

Kind = BudgetLine.Kind

WHOLE, ONLY = "whole", "only"
GENERIC_SHEET = re.compile(r"(?:blad|sheet|tabell|ark) ?\d*", re.I)
TABLE_WORDS = re.compile(r"budget|ramar|invest|balans|kassaflöde|räkning|drift|anslag|resultat", re.I)
EXAMPLES = 3


class FileLine:
    """A row of the file: the texts in its cells, and the line of the table that it becomes."""

    def __init__(self, row, name, indent):
        self.row, self.name, self.indent = row, name, indent
        self.line = None
        self.before = None  # the existing line, as it was
        self.errors, self.questions = [], []


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

        self.layout = Layout(sheet, choices, RoleGuess(), roles_of_last_time)
        self.amount_columns, self.lines, self.removed = [], [], []
        self.way = choices.get("way") or (WHOLE if target.is_empty else ONLY)
        if self._has_columns():
            self._read()

    # --- Reading ---------------------------------------------------------------------------------------

    def _has_columns(self):
        layout = self.layout
        if layout.index is None:
            self.errors.append(
                "Ingen rubrikrad hittades bland de första tjugo raderna. Välj vilken rad som har rubrikerna."
            )
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
            if other := columns_by_code.setdefault(column.column.code, column):
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
        self._pick_rows()
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
        self._fill_in()
        self._set_kinds()
        if not target.table:
            self._name_table()
        if target.is_empty and not self.unanswered:
            self._offer_unit()
        self._ask_about_magnitude()
        self._list_changes()
        self._check_sums()

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

    def _pick_rows(self):
        """Fill in `lines` with the rows that are lines of the table, and note those that aren't."""
        layout = self.layout
        columns = [column.index for column in self.amount_columns]
        skipped = [row.number for row in layout.rows_above]
        skipped += [row.number for row in layout.rows[layout.index + 1 :] if row not in layout.body]
        without_amounts = []
        for row in layout.body:
            cell = layout.cell(row, self.name_column)
            typed = self.choices.get(name_of_cell(row, self.name_column), "")
            name = " ".join((typed or cell.text).split())
            has_amounts = any(not layout.cell(row, column).is_empty for column in columns)
            has_kind = self.kind_column is not None and not layout.cell(row, self.kind_column).is_empty
            if not has_amounts and not (name and has_kind):
                without_amounts.append(row.number)
                continue
            text = cell.text.expandtabs(4)
            entry = FileLine(row, name, len(text) - len(text.lstrip()))
            problem = cell.problem or ("" if name else "Namnet saknas.")
            if problem and not typed:
                entry.errors.append(
                    CellError(ROLES["name_sv"], problem, name_of_cell(row, self.name_column))
                )
            elif len(name) > 200:
                text = "Namnet har fler än 200 tecken."
                entry.errors.append(
                    CellError(ROLES["name_sv"], text, name_of_cell(row, self.name_column), name[:200])
                )
            self.lines.append(entry)
        for numbers, reason in (
            (skipped, "de har ingen budgetrad"),
            (without_amounts, "de har inga belopp"),
        ):
            if numbers:
                if len(numbers) == 1:
                    reason = reason.replace("de har", "den har")
                self.advice.append(f"Rad {listed(numbers)} hoppas över: {reason}.")
        if layout.hidden_numbers and not layout.reads_hidden_rows:
            numbers = listed(layout.hidden_numbers)
            self.advice.append(f"Rad {numbers} är dold i filen och läses inte.")

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
        for entry in self.lines:
            line, row = entry.line, entry.row
            line.name_sv = entry.name
            if self.english_column is not None:
                text = " ".join(self.layout.cell(row, self.english_column).text.split())
                if text != (line.name_en or ""):
                    line.name_en = text
            if not line.code:
                line.code = free_code(entry.name, codes)
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
        title = self.choices.get("title", self.likely_title()).strip()
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

    def likely_title(self):
        """Return the title that the file gives the table, or ""."""
        layout = self.layout
        texts = [cell.text for row in layout.rows_above for cell in row.cells]
        titles = [
            title for title in map(without_unit, texts) if len(re.sub(r"\W|\d", "", title)) > 2
        ]
        named = [title for title in titles if TABLE_WORDS.search(title)]
        heading = without_unit(layout.headings[self.name_column])
        if named:
            return named[0]
        if TABLE_WORDS.search(heading):
            return heading
        if len(titles) > 1:
            return titles[-1]
        if layout.sheet.name and not GENERIC_SHEET.fullmatch(layout.sheet.name):
            return without_unit(layout.sheet.name)
        if titles:
            return titles[0]
        has_result = any(entry.line.kind == Kind.RESULT for entry in self.lines)
        return "Resultatbudget" if has_result else ""

    def _ask_about_magnitude(self):
        elsewhere = self.target.amounts_elsewhere(self.table.unit)
        filled = {column.column.code for column in self.amount_columns}
        before = []
        for entry in self.lines:
            was = entry.before.amounts if entry.before else {}
            # A value that the file leaves as it is has been accepted before.
            kept = [value for code, value in was.items() if code not in filled]
            replaced = [
                value for code, value in was.items() if code in filled and value != entry.line.amounts.get(code)
            ]
            before.append(elsewhere.get(entry.line.code, []) + kept + replaced)
        asked = suspects(
            [entry.line for entry in self.lines],
            [column.column for column in self.amount_columns],
            before,
        )
        unchanged = {
            (id(entry.line), code)
            for entry in self.lines
            if entry.before
            for code, value in entry.before.amounts.items()
            if entry.line.amounts.get(code) == value
        }
        asked = [item for item in asked if (id(item[0]), item[1].code) not in unchanged]
        if not asked:
            return
        examples = [
            f"{line.name_sv} blir {self.shown(line.amounts[column.code])} i {column}, {words} än "
            + ("de andra raderna" if words.startswith("mer") else "tidigare eller bredvid")
            for line, column, words in asked[:EXAMPLES]
        ]
        more = f" Det gäller {len(asked)} belopp." if len(asked) > EXAMPLES else ""
        self.questions.append(
            Question(
                "scale",
                f"Är enheten rätt? {'. '.join(examples)}.{more}",
                label="Beloppen stämmer",
                answer=self.choices.get("scale", ""),
            )
        )

    # --- Changes ---------------------------------------------------------------------------------------

    def shown(self, value):
        if value is None:
            return "saknas"
        return "\N{EN DASH}" if value is NONE else formatted(value, self.table.decimals)

    def _list_changes(self):
        for entry in self.lines:
            line, before = entry.line, entry.before
            changes = []
            if before:
                for heading, name in (("Namn", "name_sv"), ("Namn på engelska", "name_en")):
                    old, new = getattr(before, name) or "", getattr(line, name) or ""
                    if old != new:
                        changes.append((heading, old or "tomt", new or "tomt"))
                if before.kind != line.kind:
                    changes.append(("Slag", before.get_kind_display(), line.get_kind_display()))
            for column in self.amount_columns:
                old = before.amount(column.column) if before else None
                new = line.amount(column.column)
                if old != new or not before:
                    changes.append((column.label, self.shown(old), self.shown(new)))
            event = review.NEW if not before else review.CHANGED if changes else review.UNCHANGED
            self.rows.append(
                ReviewedRow(
                    entry.row.number,
                    line.name_sv or "Rad utan namn",
                    event,
                    line.get_kind_display(),
                    changes,
                    entry.errors,
                    entry.questions,
                )
            )
        for line in self.removed:
            kind = line.get_kind_display()
            self.rows.append(ReviewedRow(None, str(line), review.REMOVED, kind))
        self._list_changes_of_table()

    def _list_changes_of_table(self):
        table, target = self.table, self.target
        unit = f"{table.get_unit_display()}, {rounded_to(table)}"
        if not target.table:
            self.notes.append(f"Tabellen {table.title_sv or 'utan rubrik'} skapas. Beloppen är i {unit}.")
        elif (table.unit, table.decimals) != (target.table.unit, target.table.decimals):
            self.notes.append(f"Tabellens belopp blir i {unit}.")
        if new := [str(column) for column in self.columns if column.pk is None]:
            word = "Ny kolumn" if len(new) == 1 else "Nya kolumner"
            self.notes.append(f"{word}: {', '.join(new)}.")
        order = [line.pk for line in self.in_order() if line.pk]
        removed = {line.pk for line in self.removed}
        if order != [line.pk for line in target.lines if line.pk not in removed]:
            self.notes.append("Raderna får samma ordning som i filen.")
        columns = [column.pk for column in self.columns if column.pk]
        if columns != [column.pk for column in target.columns]:
            self.notes.append("Kolumnerna får samma ordning som i filen.")
        filled = {column.column.code for column in self.amount_columns}
        if kept := [str(column) for column in target.columns if column.code not in filled]:
            self.advice.append(f"Finns inte i filen och blir kvar: {', '.join(kept)}.")
        if self.layout.sheet.has_more_columns:
            self.advice.append("Kolumnerna till höger om de första 50 läses inte.")

    def _check_sums(self):
        """Advise about sums that don't add up, unless something else has to be put right first."""
        if self.cell_errors or self.unanswered:
            return
        counts = Counter(
            str(entry.line)
            for entry in sums_of(self.in_order(), self.columns, self.table.precision).values()
            if entry.adds_up is False
        )
        for name in counts:
            self.advice.append(f"”{name}” stämmer inte med sina poster. Jämför beloppen med beslutet.")


def without_unit(text):
    """Return a title without the unit of the amounts: Resultatbudget for "Resultatbudget, mnkr"."""
    text = re.sub(r"\([^)]*\)", lambda match: "" if UNIT_IN_TEXT.search(match[0].lower()) else match[0], text)
    text = re.sub(UNIT_IN_TEXT.pattern, " ", text, flags=re.I)
    return " ".join(re.sub(r"\b(?:belopp )?i\s*$", "", text.strip(" ,;:-")).split()).strip(" ,;:-")
