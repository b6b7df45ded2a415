"""Guesses what the columns of a sheet become in a table of a budget: names, kinds and years of amounts."""

import re

from django.core.exceptions import ValidationError

from blekinge_site.formats import DASHES
from planning.importing.headings import Heading, is_plain, likely_kind, read_heading, role_of
from planning.importing.layout import letter
from planning.models import BudgetColumn

ROLES = {
    "name_sv": "Namn, svenska",
    "name_en": "Namn, engelska",
    "kind": "Slag av rad",
    "amounts": "Belopp",
    "": "Läses inte",
}
ROWS_TO_JUDGE_BY = 60
# A number, perhaps with a unit, a footnote mark or a percent sign, or an error in place of it.
LIKE_A_NUMBER = re.compile(
    r"[^A-Za-zÅÄÖåäö]*\d[^A-Za-zÅÄÖåäö]*(?:[a-zåäö]{1,4}\.?\W*|(?:milj|tus|kron)\w*[ \w]*)?"
    r"|[\N{MINUS SIGN}. ]+|#.*"
)


class RoleGuess:
    """Guesses the roles of the columns, for `Layout`. An instance keeps what it finds out about one sheet."""

    def __init__(self):
        self.rows = {}

    def __call__(self, layout, index):
        headings = [heading_text(layout, index, column) for column in range(layout.width)]
        parsed = [read_heading(text) for text in headings]
        roles = [
            self._role(layout, index, column, headings[column], parsed[column])
            for column in range(layout.width)
        ]
        amounts = [column for column, role in enumerate(roles) if role == "amounts"]
        names = [column for column, role in enumerate(roles) if role == "name_sv"]
        if not names and amounts:
            free = [column for column in range(amounts[0]) if not roles[column]]
            texts = [column for column in free if self.is_text(layout, index, column)]
            # Names that are numbers, under a heading that says that they are names.
            numbers = [column for column in free if role_of(headings[column]) == "name_sv"]
            if candidates := texts or numbers:
                roles[candidates[0]] = "name_sv"
        for role in ("name_sv", "name_en", "kind"):
            for column in [column for column, given in enumerate(roles) if given == role][1:]:
                roles[column] = ""
        if "name_sv" not in roles or not amounts:
            return 0, roles
        stated = [(parsed[column].kind, parsed[column].year) for column in amounts]
        said = sum(1 + bool(kind) + bool(year) for kind, year in stated)
        return said + 1 + bool(names), roles

    def _role(self, layout, index, column, text, heading):
        numbers, texts = self.shares(layout, index, column)
        role = role_of(text) if text else None
        if role == "":
            return ""
        # A column without values is one of amounts only if its heading says of what.
        is_filled = numbers or (heading.kind and heading.year)
        if heading.is_recognised and numbers >= texts and is_filled:
            return "amounts"
        return role if role and texts >= numbers else ""

    def is_text(self, layout, index, column):
        numbers, texts = self.shares(layout, index, column)
        return texts > numbers

    def shares(self, layout, index, column):
        """Return how many cells below the row `index` look like numbers, and how many are text."""
        numbers = texts = 0
        for row in layout.rows[index + 1 : index + 1 + ROWS_TO_JUDGE_BY]:
            if row.number not in self.rows:
                self.rows[row.number] = [looks_like_number(cell) for cell in row.cells]
            looks = self.rows[row.number]
            if column < len(looks) and looks[column] is not None:
                numbers += looks[column]
                texts += not looks[column]
        return numbers, texts


def looks_like_number(cell):
    """Tell whether `cell` looks like a number, be it one that cannot be read. None if it is empty."""
    if cell.is_empty:
        return None
    if cell.number is not None or cell.problem:
        return True
    return bool(LIKE_A_NUMBER.fullmatch(cell.text.translate(DASHES).strip()))


def heading_text(layout, index, column):
    """Return the heading of `column`, with the kind or the year that stands in the row above, if any."""
    own = layout.text(index, column)
    if not index:
        return own
    heading = read_heading(own)
    if (heading.kind and heading.year) or role_of(own) is not None:
        return own
    above = [layout.text(index - 1, before) for before in range(layout.width)]
    filled = [before for before in range(column + 1) if above[before]]
    if sum(map(bool, above)) < 2 and not (filled and filled[0]):
        return own  # a title
    nearest = read_heading(above[filled[-1]]) if filled else Heading()
    if heading.year and nearest.kind and not nearest.year:
        return f"{above[filled[-1]]} {own}"
    if heading.kind and nearest.year and not nearest.kind:
        return f"{own} {above[filled[-1]]}"
    return own


class AmountColumn:
    """A column of a file whose amounts go to `column`, a BudgetColumn, which is new if it isn't saved.

    `error` is a sentence if staff have submitted something that makes no column.
    """

    kinds = BudgetColumn.Kind.choices

    def __init__(self, layout, index, existing, budget_year, last_time=None):
        self.index = index
        self.text = heading_text(layout, layout.index, index)
        self.heading = read_heading(self.text)
        choices, last_time = layout.choices, last_time or {}
        self.error = ""
        year = self.heading.year or budget_year + last_time.get("years_later", 0)
        kind = (
            self.heading.kind
            or last_time.get("kind")
            or (likely_kind(year, budget_year) if self.heading.year else BudgetColumn.Kind.BUDGET)
        )
        self.is_kind_said, self.is_year_said = bool(self.heading.kind), bool(self.heading.year)
        self.kind = choices.get(f"kind-of-{index}", kind)
        self.year = choices.get(f"year-{index}", str(year))
        self.last_year = choices.get(f"last_year-{index}", str(self.heading.last_year or ""))
        self.name = choices.get(f"heading-{index}", self.heading.name).strip()[:60]
        new = self._new_column()
        by_code = {column.code: column for column in existing}
        by_label = {str(column).lower(): column for column in existing}
        match = by_code.get(new.code) or by_label.get(self.text.lower())
        if not match and is_plain(self.text):
            # Utfall 2022 is what the table calls Bokslut 2022, but Reviderad budget 2024 is another column.
            period = new.kind, new.year, new.last_year
            same = [c for c in existing if (c.kind, c.year, c.last_year) == period]
            match = same[0] if len(same) == 1 else None
        # The code of an existing column, or "" for a new one.
        self.target = choices.get(f"target-{index}", match.code if match else "")
        self.column = by_code.get(self.target, new)
        if self.column is not new:
            self.error = ""
        elif new.code in by_code:
            self.error = f"Kolumn {letter(index)}: tabellen har redan kolumnen {by_code[new.code]}."

    def _new_column(self):
        column = BudgetColumn(kind=self.kind, name_sv=self.name)
        try:
            column.year = int(self.year)
            column.last_year = int(self.last_year) if self.last_year.strip() else None
            column.code = column.code_from_heading()
            column.full_clean(exclude=["table", "position"], validate_constraints=False)
            if not 1000 <= column.year <= 9999 or (
                column.last_year is not None and not column.year < column.last_year <= 9999
            ):
                raise ValueError
        except (ValueError, ValidationError):
            where = f"Kolumn {letter(self.index)}"
            self.error = f"{where}: skriv året med fyra siffror, och ett senare till och med."
            column.year, column.last_year, column.code = 0, None, f"fel-{self.index}"
        return column

    @property
    def is_new(self):
        return self.column.pk is None

    @property
    def label(self):
        return str(self.column)
