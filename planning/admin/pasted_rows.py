"""Rows pasted as text into the form of a table, for phones and for browsers without JavaScript."""

import re
from itertools import count

from blekinge_site.units import units_in
from planning.importing.amounts import SIZE, listed_units
from planning.models import BudgetLine

MAX_ROWS = 500
ROW_NAME = re.compile(r"lines-(\d+)-name_sv")
HEADING = re.compile(r"[^\W\d_]{2}|^(19|20)\d\d$")  # two letters, or a year


def rows_of(text):
    """Return the rows of `text`, as Excel copies them or separated by semicolons, as lists of texts."""
    lines = [line for line in text.splitlines() if line.strip()]
    separator = "\t" if any("\t" in line for line in lines) else ";"
    return [[cell.strip().strip('"') for cell in line.split(separator)] for line in lines]


def is_heading(row):
    """Tell whether `row` has headings such as Budget 2019, or just 2019, in place of amounts."""
    cells = [cell for cell in row[1:] if cell]
    return bool(cells) and all(HEADING.search(cell) for cell in cells)


def kind_of(name):
    """Return the kind that the name of a new line suggests."""
    first_word = name.split(" ")[0].casefold().rstrip(":")
    kinds = {"varav": BudgetLine.Kind.OF_WHICH, "summa": BudgetLine.Kind.SUBTOTAL}
    return kinds.get(first_word, BudgetLine.Kind.ITEM).value


def notes_about_unit(headings, unit):
    """Return a list with a warning if `headings` state another unit than `unit`, that of the table."""
    others = set().union(*map(units_in, headings)) - {SIZE.get(unit)}
    if not others or unit not in SIZE:
        return []
    return [
        f"Rubrikerna säger {listed_units(others)}, men tabellens belopp är i {listed_units([SIZE[unit]])}. "
        "Beloppen är inte omräknade. Importera en fil i stället, så räknas de om."
    ]


def add_pasted_rows(data, text, columns):
    """Return the POST `data` of a table's form with the rows in `text`, and sentences about what came in.

    A row is a name and an amount for each of `columns`. It fills the first line of that name that has no
    amounts, otherwise an empty row or, when they are used up, a new one.
    """
    rows = rows_of(text)
    notes = []
    if rows and is_heading(rows[0]):
        headings = rows.pop(0)
        notes.append(f"Den första raden, ”{' · '.join(headings)}”, lästes som rubriker.")
        notes += notes_about_unit(headings, data.get("unit", ""))
    if len(rows) > MAX_ROWS:
        notes.append(f"Högst {MAX_ROWS} rader tas emot på en gång. Resten är inte med.")
    if not rows:
        return data, ["Klistra in minst en rad: namnet, och sedan beloppen i kolumnernas ordning."]
    data = data.copy()
    numbers = sorted(int(match[1]) for name in data if (match := ROW_NAME.fullmatch(name)))
    amount_names = [f"amount_{column.code}" for column in columns]

    def is_without_amounts(number):
        return not any(data.get(f"lines-{number}-{name}", "").strip() for name in amount_names)

    unfilled = [number for number in numbers if is_without_amounts(number)]
    names = {number: data[f"lines-{number}-name_sv"].strip().casefold() for number in unfilled}
    new_numbers = count(max(numbers, default=-1) + 1)
    too_wide = 0
    for name, *amounts in rows[:MAX_ROWS]:
        number = next((n for n in unfilled if names[n] == name.casefold()), None)
        if number is None:
            number = next((n for n in unfilled if not names[n]), None)
            if number is None:
                number = next(new_numbers)
            data[f"lines-{number}-name_sv"] = name
            data[f"lines-{number}-kind"] = kind_of(name)
        if number in unfilled:
            unfilled.remove(number)
        for field, amount in zip(amount_names, amounts, strict=False):
            data[f"lines-{number}-{field}"] = amount
        too_wide += len([amount for amount in amounts[len(columns) :] if amount]) > 0
    total = data.get("lines-TOTAL_FORMS", "")
    if total.isdecimal():
        data["lines-TOTAL_FORMS"] = str(max(int(total), next(new_numbers)))
    if too_wide:
        columns_in_words = "en kolumn" if len(columns) == 1 else f"{len(columns)} kolumner"
        notes.append(
            f"{too_wide} av raderna har fler belopp än tabellen, som har {columns_in_words}. "
            "De som inte fick plats är inte med."
        )
    came_in = "En rad är inläst" if len(rows) == 1 else f"{len(rows[:MAX_ROWS])} rader är inlästa"
    return data, [f"{came_in}, men inget är sparat än. Se över raderna nedan och spara.", *notes]
