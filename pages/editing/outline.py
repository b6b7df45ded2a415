"""The page where a publishable is edited: all its parts as rows, with the form of one of them in its place.

The change view of each part shows this page, with the row of the part open. A form that has errors is thus
shown where it was filled in, and each part is saved by itself.
"""

from dataclasses import dataclass, field
from itertools import groupby

from django.utils.functional import cached_property
from django.utils.text import capfirst

from blekinge_site.staff.addresses import admin_address, form_address
from pages.editing.conflicts import display_name, open_forms
from pages.publishing.findings import findings
from pages.publishing.ordered import Ordered
from pages.publishing.publishable import previewing
from pages.publishing.versions import walk


def key_of(obj):
    """Return the model's label and the primary key of `obj`, which identify it among all models."""
    return obj._meta.label_lower, obj.pk


def anchor_of(obj):
    """Return the fragment of the row of `obj`: goal-14."""
    return f"{obj._meta.model_name}-{obj.pk}"


def row_address(obj):
    """Return the address of the form of `obj`, at its row."""
    return f"{form_address(obj)}#{anchor_of(obj)}"


@dataclass(frozen=True)
class Mark:
    """A mark of status: `kind` is the modifier of its CSS class, `icon` a symbol in icons.svg."""

    kind: str
    icon: str
    text: str


@dataclass(frozen=True)
class Tool:
    """A link to something that can be done with a publishable. `icon` is a symbol in icons.svg."""

    icon: str
    text: str
    address: str
    detail: str = ""


@dataclass
class Addition:
    """A link to the form for a new part of `model`. `parents` are the initial values of its foreign keys."""

    text: str
    model: type
    parents: dict
    is_current: bool = False  # whether the page shows that form

    @cached_property
    def address(self):
        query = {name: parent.pk for name, parent in self.parents.items()}
        return admin_address(self.model, "add", query=query)


@dataclass
class Row:
    """An object in the outline, with the rows within it and links to add others."""

    obj: object
    name: str
    detail: str = ""  # a second line, for example the English name
    number: str = ""
    count: str = ""  # what it holds, in words: 3 insatsområden
    form_name: str = ""  # for a row that folds others: the name of the row that opens its own form
    rows: list = field(default_factory=list)
    additions: list = field(default_factory=list)
    places: list = field(default_factory=list)  # other objects that it can be moved to
    # Set by Outline:
    is_first: bool = True
    is_last: bool = True
    is_current: bool = False  # whether the page shows its form
    marks: list = field(default_factory=list)
    users: list = field(default_factory=list)  # the names of others who have its form open

    @property
    def address(self):
        return row_address(self.obj)

    @property
    def anchor(self):
        return anchor_of(self.obj)

    @property
    def is_ordered(self):
        return isinstance(self.obj, Ordered)

    @property
    def place_choices(self):
        """The places to move it to: `[(value in the form, name), …]`."""
        return [(anchor_of(place), capfirst(str(place))) for place in self.places]

    @property
    def mark_below(self):
        """The most important mark of the row and of those within it, or None."""
        marks = [*self.marks, *filter(None, (row.mark_below for row in self.rows))]
        return min(marks, key=lambda mark: mark.kind != "stop", default=None)

    @property
    def move_address(self):
        return admin_address(self.obj, "move", self.obj.pk)

    @property
    def delete_address(self):
        return admin_address(self.obj, "delete", self.obj.pk)

    @property
    def is_open(self):
        """Whether its own form, or a form within it, is shown."""
        return (
            self.is_current
            or any(addition.is_current for addition in self.additions)
            or any(row.is_open for row in self.rows)
        )


@dataclass
class Section:
    """Rows under a heading; the heading may be empty."""

    heading: str
    rows: list
    additions: list = field(default_factory=list)

    @property
    def folds(self):
        """Whether several of its rows fold others."""
        return sum(bool(row.form_name) for row in self.rows) > 1


class Outline:
    """The sections of a publishable, and what is known about each row.

    `obj` is the object whose form the page shows, and `address` the address of the request; either is None
    if the page shows no form of that kind. `publishable` has its parts prefetched.
    """

    def __init__(self, publishable, sections, user, obj=None, address=None):
        self.publishable = publishable
        self.sections = sections
        with previewing(publishable):  # so that links to its own new parts work
            self.findings = findings(publishable)
        self.rows = [row for section in sections for row in _with_inner(section.rows)]
        self.additions = [
            addition for holder in [*sections, *self.rows] for addition in holder.additions
        ]
        for addition in self.additions:
            addition.is_current = addition.address == address
        rows_by_key = {key_of(row.obj): row for row in self.rows}
        if obj is not None and key_of(obj) in rows_by_key:
            rows_by_key[key_of(obj)].is_current = True
        self.holds_form = any(holder.is_current for holder in [*self.rows, *self.additions])
        self._set_order()
        self._set_marks(rows_by_key)
        self._set_users(rows_by_key, user)

    @property
    def has_parts(self):
        return len(self.sections) > 1

    @property
    def current(self):
        """The row whose form the page shows, or None."""
        return next((row for row in self.rows if row.is_current), None)

    @property
    def stops(self):
        return [finding for finding in self.findings if finding.stops]

    @property
    def advice(self):
        return [finding for finding in self.findings if not finding.stops]

    def _set_order(self):
        for holder in [*self.sections, *self.rows]:
            for _model, siblings in groupby(holder.rows, key=lambda row: type(row.obj)):
                siblings = list(siblings)
                for row in siblings:
                    row.is_first, row.is_last = row is siblings[0], row is siblings[-1]

    def _row_of(self, obj, rows_by_key):
        """Return the row of `obj`, or of the nearest object that it is a part of."""
        while key_of(obj) not in rows_by_key and obj.PARENT_FIELD:
            obj = getattr(obj, obj.PARENT_FIELD)
        return rows_by_key.get(key_of(obj))

    def _set_marks(self, rows_by_key):
        for finding in self.findings:
            row = self._row_of(finding.obj, rows_by_key)
            mark = Mark(
                *(("stop", "stop") if finding.stops else ("advice", "advice")), finding.label
            )
            if row and mark not in row.marks:
                row.marks.append(mark)

    def _set_users(self, rows_by_key, user):
        parts = {key_of(part): part for part in walk(self.publishable)}
        for form in open_forms().exclude(user=user):
            part = parts.get((form.model, form.object_pk))
            row = part and self._row_of(part, rows_by_key)
            if row:
                row.users.append(display_name(form.user))


def _with_inner(rows):
    """Return `rows` and all rows within them."""
    return [inner for row in rows for inner in [row, *_with_inner(row.rows)]]
