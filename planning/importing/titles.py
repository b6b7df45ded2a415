"""Guesses the title of a table from the rows above it in a file, or the name of its sheet."""

import re

from blekinge_site.units import UNIT_IN_TEXT

GENERIC_SHEET = re.compile(r"(?:blad|sheet|tabell|ark) ?\d*", re.I)
TABLE_WORDS = re.compile(
    r"budget|ramar|invest|balans|kassaflöde|räkning|drift|anslag|resultat", re.I
)


def likely_title(layout, name_column):
    """Return the title that the file gives its table, without the unit, or ""."""
    texts = [cell.text for row in layout.rows_above for cell in row.cells]
    titles = [title for title in map(without_unit, texts) if len(re.sub(r"\W|\d", "", title)) > 2]
    heading = without_unit(layout.headings[name_column])
    if named := [title for title in titles if TABLE_WORDS.search(title)]:
        return named[0]
    if TABLE_WORDS.search(heading):
        return heading
    if len(titles) > 1:
        return titles[-1]  # the first is the region's name
    if layout.sheet.name and not GENERIC_SHEET.fullmatch(layout.sheet.name):
        return without_unit(layout.sheet.name)
    return titles[0] if titles else ""


def without_unit(text):
    """Return a title without the unit of the amounts: Resultatbudget for "Resultatbudget, mnkr"."""
    text = re.sub(
        r"\([^)]*\)", lambda match: "" if UNIT_IN_TEXT.search(match[0].lower()) else match[0], text
    )
    text = re.sub(UNIT_IN_TEXT.pattern, " ", text, flags=re.I)
    text = re.sub(r"[ ,;:-]*(?:\bbelopp )?\bi\s*$", "", text.strip(" ,;:-"))
    return " ".join(text.split()).strip(" ,;:-\N{EN DASH}")
