"""What an import would do, for staff to review before it is saved."""

import hashlib
from collections import Counter
from dataclasses import asdict, dataclass, field

NEW, CHANGED, REMOVED, UNCHANGED = "Ny", "Ändras", "Tas bort", "Oförändrad"
ERROR = "Fel"


@dataclass
class CellError:
    """A cell that cannot be imported.

    `name` is the name of the input whose text replaces the cell; `proposal` is the text to begin with.
    """

    heading: str
    text: str
    name: str
    proposal: str = ""


@dataclass
class Question:
    """A question to staff, whose answer is the value of the input `name`.

    The input is a choice among `choices`, pairs of value and label; without them it is a check box labelled
    `label` or, if `is_text`, a text field. An unanswered question prevents the import if it `is_required`. If
    the answer `is_guess`, staff haven't given it, and may change it.
    """

    name: str
    text: str
    choices: list = field(default_factory=list)
    label: str = ""
    answer: str = ""
    is_required: bool = True
    is_text: bool = False
    is_guess: bool = False

    @property
    def is_unanswered(self):
        return self.is_required and not self.answer


@dataclass
class ReviewedRow:
    """A row of the file, or a part that it removes. `changes` has triples of heading, before and after."""

    number: int | None  # in the file
    name: str
    event: str
    detail: str = ""
    changes: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    questions: list = field(default_factory=list)

    @property
    def needs_staff(self):
        return bool(self.errors) or any(question.is_unanswered for question in self.questions)


class Review:
    """The outcome of an import. Nothing can be saved before every error and question is dealt with.

    `errors` are sentences about the file as a whole, `notes` are sentences that need no answer.
    """

    def __init__(self):
        self.rows = []
        self.errors = []
        self.questions = []
        self.notes = []
        self.advice = []

    @property
    def cell_errors(self):
        """Pairs of row and CellError."""
        return [(row, error) for row in self.rows for error in row.errors]

    @property
    def unanswered(self):
        """Pairs of row, None for all rows, and Question."""
        questions = [(None, question) for question in self.questions]
        questions += [(row, question) for row in self.rows for question in row.questions]
        return [(row, question) for row, question in questions if question.is_unanswered]

    @property
    def can_be_saved(self):
        return not (self.errors or self.cell_errors or self.unanswered) and self.changes_something

    @property
    def changes_something(self):
        return bool(self.notes) or any(row.event != UNCHANGED for row in self.rows)

    @property
    def counts(self):
        """The number of rows by event."""
        return Counter(ERROR if row.errors else row.event for row in self.rows)

    @property
    def changed_count(self):
        counts = self.counts
        return counts[NEW] + counts[CHANGED] + counts[REMOVED]

    @property
    def summary(self):
        """The counts in Swedish: 2 nya, 3 ändrade, 0 borttagna, 5 oförändrade."""
        counts = self.counts
        return (
            f"{counts[NEW]} nya, {counts[CHANGED]} ändrade, {counts[REMOVED]} borttagna, "
            f"{counts[UNCHANGED]} oförändrade"
        )

    @property
    def digest(self):
        """A str that differs if the outcome does."""
        content = [self.notes, self.errors, [asdict(row) for row in self.rows]]
        return hashlib.sha256(repr(content).encode()).hexdigest()
