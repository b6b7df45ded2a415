"""What an import changes in a table, in words, and what staff should look at before it is saved."""

from collections import Counter

from planning.importing import review
from planning.importing.layout import letter
from planning.importing.magnitudes import suspects
from planning.importing.review import Question, ReviewedRow
from planning.labels import rounded_to
from planning.sums import sums_of

EXAMPLES = 3


def ask_about_magnitude(table_review):
    elsewhere = table_review.target.amounts_elsewhere(table_review.table.unit)
    filled = {column.column.code for column in table_review.amount_columns}
    before = []
    for entry in table_review.lines:
        was = entry.before.amounts if entry.before else {}
        # A value that the file leaves as it is has been accepted before.
        kept = [value for code, value in was.items() if code not in filled]
        replaced = [
            value
            for code, value in was.items()
            if code in filled and value != entry.line.amounts.get(code)
        ]
        before.append(elsewhere.get(entry.line.code, []) + kept + replaced)
    asked = suspects(
        [entry.line for entry in table_review.lines],
        [column.column for column in table_review.amount_columns],
        before,
    )
    unchanged = {
        (id(entry.line), code)
        for entry in table_review.lines
        if entry.before
        for code, value in entry.before.amounts.items()
        if entry.line.amounts.get(code) == value
    }
    asked = [item for item in asked if (id(item[0]), item[1].code) not in unchanged]
    if not asked:
        return
    examples = [
        f"{line.name_sv} blir {table_review.shown(line.amounts[column.code])} i {column}, {words} än "
        + ("de andra raderna" if words.startswith("mer") else "tidigare eller bredvid")
        for line, column, words in asked[:EXAMPLES]
    ]
    more = f" Det gäller {len(asked)} belopp." if len(asked) > EXAMPLES else ""
    table_review.questions.append(
        Question(
            "scale",
            f"Är enheten rätt? {'. '.join(examples)}.{more}",
            label="Beloppen stämmer",
            answer=table_review.choices.get("scale", ""),
        )
    )


def list_rows(table_review):
    for entry in table_review.lines:
        line, before = entry.line, entry.before
        changes = []
        if before:
            for heading, name in (("Namn", "name_sv"), ("Namn på engelska", "name_en")):
                old, new = getattr(before, name) or "", getattr(line, name) or ""
                if old != new:
                    changes.append((heading, old or "tomt", new or "tomt"))
            if before.kind != line.kind:
                changes.append(("Slag", before.get_kind_display(), line.get_kind_display()))
        elif line.name_en:
            changes.append(("Namn på engelska", "", line.name_en))
        for column in table_review.amount_columns:
            key = entry.row.number, column.index
            if key in table_review.amounts.errors or key in table_review.amounts.without_unit:
                continue
            old = before.amount(column.column) if before else None
            new = line.amount(column.column)
            if old != new or not before:
                changes.append((column.label, table_review.shown(old), table_review.shown(new)))
        event = review.NEW if not before else review.CHANGED if changes else review.UNCHANGED
        table_review.rows.append(
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
    for line in table_review.removed:
        kind = line.get_kind_display()
        table_review.rows.append(ReviewedRow(None, str(line), review.REMOVED, kind))


def list_changes_of_table(table_review):
    table, target = table_review.table, table_review.target
    unit = f"{table.get_unit_display()}, {rounded_to(table)}"
    if not target.table:
        table_review.notes.append(
            f"Tabellen {table.title_sv or 'utan rubrik'} skapas. Beloppen är i {unit}."
        )
    elif (table.unit, table.decimals) != (target.table.unit, target.table.decimals):
        table_review.notes.append(f"Tabellens belopp blir i {unit}.")
    if new := [str(column) for column in table_review.columns if column.pk is None]:
        word = "Ny kolumn" if len(new) == 1 else "Nya kolumner"
        table_review.notes.append(f"{word}: {', '.join(new)}.")
    order = [line.pk for line in table_review.in_order() if line.pk]
    removed = {line.pk for line in table_review.removed}
    if order != [line.pk for line in target.lines if line.pk not in removed]:
        table_review.notes.append("Raderna får samma ordning som i filen.")
    columns = [column.pk for column in table_review.columns if column.pk]
    if columns != [column.pk for column in target.columns]:
        table_review.notes.append("Kolumnerna får samma ordning som i filen.")
    filled = {column.column.code for column in table_review.amount_columns}
    if kept := [str(column) for column in target.columns if column.code not in filled]:
        table_review.advice.append(f"Finns inte i filen och blir kvar: {', '.join(kept)}.")
    guessed = [
        f"kolumn {letter(column.index)} blir {column.label}"
        for column in table_review.amount_columns
        if column.is_new and not (column.is_kind_said and column.is_year_said)
    ]
    if guessed:
        table_review.advice.append(
            f"Rubriken säger inte både slag och år, så kontrollera att {', '.join(guessed)}."
        )
    if table_review.layout.sheet.has_more_columns:
        table_review.advice.append("Kolumnerna till höger om de första 50 läses inte.")


def check_sums(table_review):
    """Advise about sums that don't add up, unless something else has to be put right first."""
    if table_review.cell_errors or table_review.unanswered:
        return
    counts = Counter(
        str(entry.line)
        for entry in sums_of(
            table_review.in_order(), table_review.columns, table_review.table.precision
        ).values()
        if entry.adds_up is False
    )
    for name in counts:
        table_review.advice.append(
            f"”{name}” stämmer inte med sina poster. Jämför beloppen med beslutet."
        )
