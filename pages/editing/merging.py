"""Merging a submitted form with what a colleague has saved since the form was opened.

Three values of each field are compared: what the form was opened with, what is saved now, and what was
submitted. A field that only one of the two has changed gets that change. A field that both have changed,
to different values, is a `Conflict`.

The values that a form was opened with are a dict: `{"": {field: value}}` for the object itself, and
`{prefix: {pk: {field: value}}}` for the rows of each formset. All values can be stored as JSON.
"""

from dataclasses import dataclass

from django import forms
from django.utils.text import Truncator
from django_prose_editor.fields import ProseEditorFormField

from pages.publishing.richtext import sanitised
from pages.publishing.word_differences import readable_text, word_differences

MAX_FORMSET_ROWS = 1000
CHOICE = "_choice-"  # the start of the name of a field in which the user chooses
THEIRS = "theirs"  # its value for the colleague's text
# Fields that are neither merged nor asked about.
SKIPPED = {"id", "DELETE"}
NAME_FIELDS = ("name_sv", "title_sv", "text_sv", "sentence_sv")
ROW_KEPT, ROW_DELETED = "Raden är kvar.", "Raden är borttagen."


@dataclass
class Conflict:
    """A field that two people have changed: its name in the form, its label, and both values as texts."""

    name: str
    label: str
    mine: str
    theirs: str

    @property
    def choice_name(self):
        """The name of the field in which the user chooses between the values."""
        return f"{CHOICE}{self.name}"

    @property
    def differences(self):
        """The Segments from the colleague's text to the user's."""
        return word_differences(self.theirs, self.mine)


def opened_values(form, formsets):
    """Return the saved values that `form` and the rows of `formsets` show; see the module's docstring."""
    values = {"": _initial_values(form)}
    for formset in formsets:
        values[formset.prefix] = {
            str(row.instance.pk): _initial_values(row)
            for row in formset.initial_forms
            if row.instance.pk
        }
    return values


def merge(data, files, opened, form, formsets):
    """Merge the colleague's changes into `data`, a mutable QueryDict. Return the Conflicts.

    `form` and `formsets` are unbound and show what is saved. `opened` is None if it isn't known; then
    every field whose submitted value differs from the saved one is a conflict.
    """
    conflicts = _merge_fields(data, files, opened and opened[""], form, "")
    for formset in formsets:
        rows = None if opened is None else opened.get(formset.prefix, {})
        conflicts += _merge_rows(data, files, rows, formset)
    return conflicts


def choose_theirs(data, files, form, formsets):
    """Give each field for which `data` chooses the colleague's value that value.

    `form` and `formsets` are unbound and show what is saved, which is what the user chose between.
    """
    rows = [("", form)]
    for formset in formsets:
        saved = {str(row.instance.pk): row for row in formset.initial_forms}
        for number in range(_row_counts(data, formset.prefix)[0]):
            row_prefix = f"{formset.prefix}-{number}"
            pk = data.get(f"{row_prefix}-id", "")
            if _is_theirs(data, f"{row_prefix}-DELETE"):
                _set(data, f"{row_prefix}-DELETE", None if pk in saved else "on")
            if pk in saved:
                rows.append((f"{row_prefix}-", saved[pk]))
    for prefix, row in rows:
        for name, value in _initial_values(row).items():
            if _is_theirs(data, f"{prefix}{name}"):
                _set(data, f"{prefix}{name}", value)
                files.pop(f"{prefix}{name}", None)


def _is_theirs(data, name):
    return data.get(f"{CHOICE}{name}") == THEIRS


# --- Values ----------------------------------------------------------------------------------------


def _initial_values(form):
    """Return the values of an unbound or bound `form` as it shows them before anything is typed."""
    return {
        name: _storable(field, form.get_initial_for_field(field, name))
        for name, field in form.fields.items()
        if name not in SKIPPED
    }


def _storable(field, value):
    """Return `value` of `field` as a value that a browser could submit, and JSON can store."""
    value = field.prepare_value(value)
    if value is None or isinstance(value, (bool, list)):
        return value
    return str(value)


def _comparable(field, value):
    """Return a submitted or stored `value` of `field`, such that equal content compares equal."""
    if isinstance(field, ProseEditorFormField):
        return sanitised(value or "")
    if isinstance(field, (forms.ModelChoiceField, forms.FileField)):
        return list(map(str, value)) if isinstance(value, list) else str(value or "")
    try:
        value = field.to_python(value)
    except forms.ValidationError:
        return value
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def _text(field, value):
    """Return a value of `field` as staff read it."""
    if isinstance(field, ProseEditorFormField):
        return readable_text(sanitised(value or ""))
    if isinstance(field, forms.BooleanField):
        return "Ja" if value in (True, "on") else "Nej"
    if isinstance(field, forms.ChoiceField):
        labels = {str(key): str(label) for key, label in _flat(field.choices)}
        values = value if isinstance(value, list) else [value]
        return ", ".join(labels.get(str(each), "") for each in values if each not in (None, ""))
    return "" if value is None else str(value)


def _flat(choices):
    for key, label in choices:
        if isinstance(label, (list, tuple)):
            yield from label
        else:
            yield key, label


def _set(data, name, value):
    """Set the field `name` of the QueryDict `data` to a stored value."""
    if isinstance(value, list):
        data.setlist(name, value)
    elif value is None or value is False:
        data.pop(name, None)
    else:
        data[name] = "on" if value is True else value


# --- Merging ---------------------------------------------------------------------------------------


def _merge_fields(data, files, opened, form, prefix, row=""):
    """Merge the fields of one form, whose names in `data` start with `prefix`. Return the Conflicts.

    `row` is the name of the row that the form is for, or empty. If both have moved a row, it isn't worth a
    question: the order that was submitted last holds.
    """
    conflicts = []
    for name, field in form.fields.items():
        if name in SKIPPED or field.disabled:
            continue
        html_name = f"{prefix}{name}"
        saved = _storable(field, form.get_initial_for_field(field, name))
        submitted = field.widget.value_from_datadict(data, files, html_name)
        if isinstance(field, forms.FileField) and not submitted:
            continue  # no new file, so the saved one is kept
        start, theirs, mine = (
            _comparable(field, value)
            for value in ((opened or {}).get(name, saved), saved, submitted)
        )
        known = opened is not None and name in opened
        if mine == theirs:
            continue
        if known and mine == start:
            _set(data, html_name, saved)
        elif (not known or theirs != start) and not (row and name == "position"):
            label = str(field.label or name)
            label = f"{row}: {label}" if row and row not in label else label
            texts = _text(field, submitted), _text(field, saved)
            conflicts.append(Conflict(html_name, label, *texts))
    return conflicts


def _row_counts(data, prefix):
    """Return how many rows of a formset `data` has, and how many of them are saved ones: 0, 0 if invalid."""
    total, initial = (data.get(f"{prefix}-{name}_FORMS", "") for name in ("TOTAL", "INITIAL"))
    if not (
        total.isdecimal() and initial.isdecimal() and int(initial) <= int(total) <= MAX_FORMSET_ROWS
    ):
        return 0, 0
    return int(total), int(initial)


def _merge_rows(data, files, opened, formset):
    """Merge the rows of a formset: rows that the colleague has changed, added and deleted.

    `opened` are the values of its rows, or None. A row that the colleague has deleted and the user changed
    becomes a new row, which the user is asked about.
    """
    prefix = formset.prefix
    if f"{prefix}-INITIAL_FORMS" not in data:
        return []
    total, initial = _row_counts(data, prefix)
    saved = {str(row.instance.pk): row for row in formset.initial_forms}
    pks = [data.get(f"{prefix}-{number}-id", "") for number in range(initial)]
    known = saved if opened is None else opened
    kept = [number for number in range(initial) if pks[number] in saved]
    revived = [
        number
        for number in range(initial)
        if pks[number] not in saved
        and f"{prefix}-{number}-DELETE" not in data
        and _is_touched(formset.empty_form, data, f"{prefix}-{number}-", known.get(pks[number]))
    ]
    added = [pk for pk in saved if pk not in known and pk not in pks]
    order = [*kept, *(None for _pk in added), *revived, *range(initial, total)]
    _renumber(data, prefix, order)
    _renumber(files, prefix, order)
    first_new = len(kept) + len(added)
    data[f"{prefix}-TOTAL_FORMS"] = str(len(order))
    data[f"{prefix}-INITIAL_FORMS"] = str(first_new)

    conflicts = []
    for number, pk in enumerate([*(pks[number] for number in kept), *added]):
        form, row_prefix, start = saved[pk], f"{prefix}-{number}-", known.get(pk)
        name = Truncator(form.instance).chars(60)
        if number >= len(kept):
            data[f"{row_prefix}id"] = pk
            for field, value in _initial_values(form).items():
                _set(data, f"{row_prefix}{field}", value)
        elif f"{row_prefix}DELETE" not in data:
            start = None if opened is None else start
            conflicts += _merge_fields(data, files, start, form, row_prefix, name)
        elif opened is not None and start and _differs(form, start):
            conflicts.append(Conflict(f"{row_prefix}DELETE", name, ROW_DELETED, ROW_KEPT))
    for number in range(first_new, first_new + len(revived)):
        row_prefix = f"{prefix}-{number}-"
        data[f"{row_prefix}id"] = ""
        names = (data.get(f"{row_prefix}{field}", "") for field in NAME_FIELDS)
        name = Truncator(next(filter(None, names), "Rad")).chars(60)
        conflicts.append(Conflict(f"{row_prefix}DELETE", name, ROW_KEPT, ROW_DELETED))
    return conflicts


def _renumber(values, prefix, order):
    """Give the rows of the formset `prefix` new numbers. `order` has the old ones; None is a new row."""
    new_numbers = {str(old): new for new, old in enumerate(order) if old is not None}
    rows = {}
    for name in list(values):
        number, _hyphen, field = name.removeprefix(f"{prefix}-").partition("-")
        if name.startswith(f"{prefix}-") and number.isdecimal():
            row = values.getlist(name)
            del values[name]
            if number in new_numbers:
                rows[f"{prefix}-{new_numbers[number]}-{field}"] = row
    for name, row in rows.items():
        values.setlist(name, row)


def _is_touched(form, data, prefix, opened):
    """Return whether the row in `data` differs from the values that it was `opened` with, or they're None."""
    return opened is None or any(
        _comparable(field, field.widget.value_from_datadict(data, {}, f"{prefix}{name}"))
        != _comparable(field, opened[name])
        for name, field in form.fields.items()
        if name in opened and name != "position" and not isinstance(field, forms.FileField)
    )


def _differs(form, opened):
    """Return whether the saved values in `form` differ from those that it was `opened` with."""
    return any(
        _comparable(form.fields[name], value) != _comparable(form.fields[name], opened.get(name))
        for name, value in _initial_values(form).items()
        if name != "position"
    )
