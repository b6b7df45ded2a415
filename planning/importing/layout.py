"""How a sheet is read: where its heading row is, and what each of its columns becomes."""

from functools import cached_property

from pages.exchange.cells import Cell

ROWS_TO_SEARCH = 20
ROWS_TO_CHOOSE_FROM = 20
EMPTY = Cell()


class Layout:
    """The heading row, roles and rows of a sheet.

    A column has one of `roles`; "" means that it isn't read. `choices` are the values that staff have
    submitted, by the name of the input. `guess` takes a Layout and the index of a row, and returns how likely
    it is that the row holds the headings, 0 if it cannot, and the roles of the columns, as a list of str.
    `remembered` takes the headings and returns the roles that staff chose last time, or None.
    """

    def __init__(self, sheet, choices, roles, guess, remembered=lambda headings: None):
        self.sheet, self.choices, self.known_roles = sheet, choices, roles
        self.reads_hidden_rows = bool(choices.get("hidden_rows"))
        self.hidden_numbers = [row.number for row in sheet.rows if row.is_hidden]
        self.rows = [row for row in sheet.rows if self.reads_hidden_rows or not row.is_hidden]
        self.width = max((len(row.cells) for row in self.rows), default=0)
        guesses = [guess(self, index) for index in range(min(ROWS_TO_SEARCH, len(self.rows)))]
        self.found_index = self._likeliest([score for score, _roles in guesses])
        self.index = self._chosen_index()
        if self.index is None:
            self.index = self.found_index
        self.roles = [""] * self.width
        if self.index is not None:
            self.roles = self._roles(guess(self, self.index)[1], remembered(self.headings))

    def _likeliest(self, scores):
        """Return the index of the heading row, or None: the best, unless rows with content precede it.

        Then it is the heading row of another table, further down.
        """
        if not any(scores):
            return None
        best, first = scores.index(max(scores)), next(i for i, score in enumerate(scores) if score)
        between = self.rows[first + 1 : best]
        is_below_a_table = any(sum(not cell.is_empty for cell in row.cells) > 1 for row in between)
        return first if is_below_a_table else best

    def _roles(self, guessed, last_time):
        if last_time and len(last_time) == self.width:
            guessed = last_time
        roles = []
        for column in range(self.width):
            guess = "" if column in self.sheet.hidden_columns else guessed[column]
            chosen = self.choices.get(f"column-{column}")
            roles.append(chosen if chosen in self.known_roles else guess)
        return roles

    def _chosen_index(self):
        chosen = self.choices.get("heading_row", "")
        numbers = {str(row.number): index for index, row in enumerate(self.rows)}
        return numbers.get(chosen)

    @property
    def heading_number(self):
        """The number in the file of the heading row, or None if there is none."""
        return None if self.index is None else self.rows[self.index].number

    @property
    def problem(self):
        """A Swedish sentence that says why the rows cannot be read, or ""."""
        if self.index is None:
            return (
                "Ingen rubrikrad hittades bland de första tjugo raderna. "
                "Välj vilken rad som har rubrikerna."
            )
        width = len(self.rows[self.index].cells)
        wide = [row.number for row in self.body if len(row.cells) > width]
        if self.sheet.delimiter == "," and wide:
            return (
                f"Rad {listed(wide)} har fler värden än rubrikraden. Komman skiljer kolumner i filen, "
                "och står kanske också i text eller belopp. Spara den som .xlsx."
            )
        return ""

    @property
    def is_as_found(self):
        return self.index is not None and self.index == self.found_index

    @property
    def headings(self):
        """The texts of the heading row, one for each column."""
        return [self.text(self.index, column) for column in range(self.width)]

    @property
    def letters(self):
        """The letters of the columns: A, B, C …"""
        return [letter(column) for column in range(self.width)]

    @property
    def rows_above(self):
        return [] if self.index is None else self.rows[: self.index]

    @cached_property
    def body(self):
        """The rows below the heading row, without those that repeat it."""
        if self.index is None:
            return []
        headings = [text.strip() for text in self.headings]
        return [
            row
            for row in self.rows[self.index + 1 :]
            if [cell.text.strip() for cell in row.cells] != headings[: len(row.cells)]
            or len(row.cells) < 2
        ]

    def cell(self, row, column):
        """Return the cell of `row`, a Row; empty if the row is shorter."""
        return row.cells[column] if column < len(row.cells) else EMPTY

    def text(self, index, column):
        return " ".join(self.cell(self.rows[index], column).text.split())

    def columns_with(self, role):
        """Return the indexes of the columns that have `role`."""
        return [column for column, given in enumerate(self.roles) if given == role]

    def unread_columns(self):
        """Return the columns with content that aren't read, as text: kolumn C (Not) och D, dold."""
        names = []
        for column in self.columns_with(""):
            if any(not self.cell(row, column).is_empty for row in self.body):
                heading = f" ({self.headings[column]})" if self.headings[column] else ""
                hidden = ", dold" if column in self.sheet.hidden_columns else ""
                names.append(f"{letter(column)}{heading}{hidden}")
        texts = [", ".join(names[:-1]), *names[-1:]]
        return f"kolumn {' och '.join(filter(None, texts))}" if names else ""

    def first_rows(self):
        """Return rows to show: `[(Row, state, [(text, is an amount), …]), …]`.

        The state is skipped, heading or read.
        """
        shown = self.rows[:10] if self.index is None else self.rows[: max(5, self.index + 3)]
        return [
            (
                row,
                "heading"
                if index == self.index
                else "skipped"
                if self.index is None or index < self.index
                else "read",
                [
                    (self.cell(row, column).text, self.roles[column] == "amounts")
                    for column in range(self.width)
                ],
            )
            for index, row in enumerate(shown)
        ]

    def rows_to_choose_from(self):
        """Return the rows that may hold the headings: `[(number, beginning of its text), …]`."""
        return [
            (row.number, " | ".join(cell.text for cell in row.cells if cell.text.strip())[:80])
            for row in self.rows[:ROWS_TO_CHOOSE_FROM]
        ]


def letter(column):
    """Return the letters that a spreadsheet calls the column with that index: 0 is A."""
    return (chr(64 + column // 26) if column >= 26 else "") + chr(65 + column % 26)


def listed(numbers):
    """Return `numbers` as text, with ranges: 1, 2 och 15, or 4–9."""
    ranges = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    texts = []
    for first, last in ranges:
        if last == first + 1:
            texts += [str(first), str(last)]
        else:
            texts.append(str(first) if first == last else f"{first}\N{EN DASH}{last}")
    return " och ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))
