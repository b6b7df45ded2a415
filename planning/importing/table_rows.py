"""Picks the rows of a sheet that are lines of a table."""

import re

from blekinge_site.units import units_in
from planning.importing.amounts import listed_units, name_of_cell, says_no_amount
from planning.importing.columns import ROLES
from planning.importing.headings import read_heading
from planning.importing.layout import listed
from planning.importing.review import CellError, Question

MAX_NAME_LENGTH = 200
# A share of something, unlike the rate in "Uppräkning med 2 %".
IN_PERCENT = re.compile(r"(?<!\d)(?<!\d )(?:%|procent\b)", re.I)


class FileLine:
    """A row of the file: its name, the spaces before it, and the line of the table that it becomes."""

    def __init__(self, row, name, indent):
        self.row, self.name, self.indent = row, name, indent
        self.line = None
        self.before = None  # the existing line, as it was
        self.errors, self.questions = [], []


def pick_rows(review):
    """Return a FileLine for each row below the headings of `review`, a TableReview, that is a line.

    Add sentences to its advice about the others, and a question if another table seems to follow.
    """
    layout = review.layout
    read = {row.number for row in layout.body}
    below = layout.rows[layout.index + 1 :]
    skipped = [row.number for row in layout.rows_above]
    skipped += [row.number for row in below if row.number not in read]
    lines, without_amounts = [], []
    for row in layout.body:
        if looks_like_headings(review, row):
            skipped.append(row.number)
            if ask_about_another_table(review, row) != "all":
                skipped += [other.number for other in layout.body if other.number > row.number]
                break
        elif line := line_in(review, row):
            lines.append(line)
        else:
            without_amounts.append(row.number)
    for numbers, reason in (
        (skipped, "de har ingen budgetrad"),
        (without_amounts, "de har inga belopp"),
    ):
        if numbers:
            if len(numbers) == 1:
                reason = reason.replace("de har", "den har")
            review.advice.append(f"Rad {listed(numbers)} hoppas över: {reason}.")
    if unread := layout.unread_columns():
        review.advice.append(f"Läses inte: {unread}.")
    if layout.hidden_numbers and not layout.reads_hidden_rows:
        numbers = listed(layout.hidden_numbers)
        is_one = len(layout.hidden_numbers) == 1
        review.advice.append(
            f"Rad {numbers} är {'dold' if is_one else 'dolda'} i filen och läses inte."
        )
    return lines


def line_in(review, row):
    """Return the FileLine in `row`, or None if it has neither amounts nor a kind of line."""
    layout, kind_column = review.layout, review.kind_column
    cell, input_name = layout.cell(row, review.name_column), name_of_cell(row, review.name_column)
    typed = review.choices.get(input_name, "")
    name = " ".join((typed or cell.text).split())
    has_kind = kind_column is not None and not layout.cell(row, kind_column).is_empty
    if not (name and has_kind) and all(
        says_no_amount(layout.cell(row, column.index)) for column in review.amount_columns
    ):
        return None
    text = cell.text.expandtabs(4)
    line = FileLine(row, name, len(text) - len(text.lstrip()))
    problem = cell.problem or ("" if name else "Namnet saknas.")
    if problem and not typed:
        line.errors.append(CellError(ROLES["name_sv"], problem, input_name))
    elif len(name) > MAX_NAME_LENGTH:
        problem = f"Namnet har fler än {MAX_NAME_LENGTH} tecken."
        proposal = name[:MAX_NAME_LENGTH]
        line.errors.append(CellError(ROLES["name_sv"], problem, input_name, proposal))
    return line


def check_names(review):
    """Add an error to each new line whose name says that its amounts have another unit than the file's.

    Staff who write the name anew, as it is or in other words, have decided.
    """
    for entry in review.lines:
        name_input = name_of_cell(entry.row, review.name_column)
        if entry.before or review.choices.get(name_input, "").strip():
            continue
        if problem := problem_of_unit(review.amounts, entry):
            entry.errors.append(CellError(ROLES["name_sv"], problem, name_input))


def problem_of_unit(amounts, entry):
    """Return a sentence if the name of `entry` states a share or another unit than its amounts have."""
    way_out = "Ta bort raden ur filen, eller skriv det namn som den ska ha."
    if IN_PERCENT.search(entry.name):
        return f"Raden är i procent enligt sitt namn. {way_out}"
    stated = units_in(entry.name)
    others = amounts.units_of_row(entry.row) - stated
    if not stated or not others:
        return ""
    return (
        f"Namnet säger {listed_units(stated)}, men beloppen är i {listed_units(others)}. {way_out}"
    )


def looks_like_headings(review, row):
    """Tell whether `row` has headings of amounts, or the years of the columns, in place of amounts."""
    cells = [(column, review.layout.cell(row, column.index)) for column in review.amount_columns]
    filled = [(column, cell) for column, cell in cells if not says_no_amount(cell)]
    return bool(filled) and all(
        cell.number == column.column.year
        if cell.number is not None
        else is_heading(cell.text, column.column.year)
        for column, cell in filled
    )


def is_heading(text, year):
    heading = read_heading(text)
    return text.strip() == str(year) or bool(heading.kind and heading.year)


def ask_about_another_table(review, row):
    """Ask what to do with the rows below `row`, which has headings. Return the answer, "" so far."""
    if any(question.name == "table_below" for question in review.questions):
        return review.choices.get("table_below", "")
    question = Question(
        "table_below",
        f"Rad {row.number} ser ut som rubrikerna för en tabell till. Ska raderna under den läsas?",
        [("none", "Nej, de är en annan tabell"), ("all", "Ja, de hör till samma tabell")],
        answer=review.choices.get("table_below", ""),
    )
    review.questions.append(question)
    return question.answer
