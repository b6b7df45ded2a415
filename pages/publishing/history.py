"""The history of a publishable: saving revisions, comparing them, and restoring them."""

from decimal import Decimal

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.html import format_html_join

from blekinge_site.formats import amount, day
from pages.models import Revision
from pages.publishing.marked import marked
from pages.publishing.richtext import RichTextField
from pages.publishing.versions import (
    as_data,
    build,
    content_fields,
    rebuild,
    relations,
    version_before,
)
from pages.publishing.word_differences import readable_text, word_differences

# Fields that identify a part among its siblings. A part without any of them is identified by its content.
KEY_FIELDS = ("slug", "code", "year", "number")
ONLY_FORMATTING = "Bara formateringen skiljer."


def save_revision(publishable, user, event):
    """Save the content of `publishable` after `user` has changed it. `event` is a Swedish sentence."""
    first = publishable.versions().first_versions().get()
    Revision.objects.create(
        thing_model=first._meta.label_lower,
        thing_pk=first.pk,
        version=publishable.version,
        name=str(publishable)[:300],
        event=event[:400],
        made_by=user,
        content=as_data(publishable),
    )


def save_first_revision(publishable):
    """Save the content of `publishable` before its first change, unless it already has a revision."""
    if not Revision.objects.of(publishable).exists():
        save_revision(publishable, None, "Innan det ändrades")


# --- Differences -----------------------------------------------------------------------------------


def marked_words(before, after):
    """Return the text `after` as HTML, with the words that differ from `before` marked."""
    return marked(word_differences(before, after))


def marked_value(before, after):
    """Return HTML with the text `before` in `<del>` and `after` in `<ins>`, whole, if they aren't empty."""
    parts = [("del", before), ("ins", after)]
    return format_html_join("", "<{0}>{1}</{0}>", [(tag, text) for tag, text in parts if text])


def _names(data):
    """Return the names of the object in `data` and of all its parts: `{(model label, pk): name}`."""
    names = {(data["model"], data["pk"]): _name(data)}
    for parts in data["parts"].values():
        for part in parts:
            names |= _names(part)
    return names


def _shown(field, value, names):
    """Return `value` of `field`, taken from data, formatted for staff. `names` are those of `_names`."""
    if value is None or value == "":
        return ""
    value = field.to_python(value)
    if field.is_relation:
        if name := names.get((field.related_model._meta.label_lower, value)):
            return name
        other = field.related_model._base_manager.filter(pk=value).first()
        return str(other or f"borttagen ({value})")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, str) and isinstance(field, RichTextField):
        return readable_text(value)
    if field.get_internal_type() == "DateField":
        return day(value)
    return amount(value) if isinstance(value, Decimal) else str(value)


def _differing_entries(field, before, after, parents):
    """Return rows for a field that holds several values, one for each that differs."""
    old, new = field.entries(before, parents), field.entries(after, parents)
    return [
        (f"{field.verbose_name}, {name}", marked_value(old.get(name, ""), new.get(name, "")))
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]


def _differing_fields(before, after, names, parents=()):
    """Return `[(field name, HTML with differences), …]` for data of an object before and after a change.

    `parents` are the data of its parent, after the change and before it. A field with a method `entries`
    holds several values: `entries(value, parents)` returns them as texts by name, and each gets a row.
    """
    rows = []
    model = apps.get_model(after["model"])
    for field in content_fields(model):
        old, new = before["fields"].get(field.attname), after["fields"].get(field.attname)
        is_parent = field.name == model.PARENT_FIELD
        if old == new or is_parent:
            continue
        if hasattr(field, "entries"):
            rows += _differing_entries(field, old, new, parents)
            continue
        texts = _shown(field, old, names), _shown(field, new, names)
        if texts[0] != texts[1]:
            rows.append((field.verbose_name, marked_words(*texts)))
        elif texts[0] and isinstance(field, RichTextField):
            rows.append((field.verbose_name, ONLY_FORMATTING))
        # Otherwise it is the same part, in two versions, or an empty value of two kinds.
    return rows


def _name(data):
    fields = data["fields"]
    values = (
        fields.get(name) for name in ("name_sv", "title_sv", "text_sv", "sentence_sv", "year")
    )
    return next((str(value) for value in values if value), "")


def _key(data):
    return next((data["fields"][key] for key in KEY_FIELDS if data["fields"].get(key)), None)


def _comparable_fields(data):
    """Return the fields of `data` without its position and parent, to recognise a part that has moved."""
    model = apps.get_model(data["model"])
    skipped = {"position"} | {f.attname for f in content_fields(model) if f.is_relation}
    return {name: value for name, value in data["fields"].items() if name not in skipped}


def _pairs(before, after):
    """Return pairs of the parts in `before` and `after`, two lists of data. A missing part is None."""
    unmatched = list(before)

    def take(test, new):
        match = next((old for old in unmatched if test(old, new)), None)
        if match is not None:
            unmatched.remove(match)
        return match

    def is_same(old, new):
        return (
            _key(old) == _key(new)
            if _key(new)
            else _comparable_fields(old) == _comparable_fields(new)
        )

    def has_same_position(old, new):
        return _key(new) is None and old["fields"]["position"] == new["fields"]["position"]

    pairs = [(take(is_same, new), new) for new in after]
    pairs = [(old or take(has_same_position, new), new) for old, new in pairs]
    return [*pairs, *((old, None) for old in unmatched)]


def differences(before, after, names=None, parents=()):
    """Return the differences between the data of a publishable before and after a change, in page order.

    Each is a dict with the keys `model` (its Swedish name), `name`, `change` ("ändrad", "tillagd" or
    "borttagen"), `fields` (pairs of a name and HTML) and `data` (of the object after the change, or before
    it if the object was removed). `names` are those of both publishables and `parents`
    the data of the parent, after the change and before it, for recursion.
    """
    names = names or _names(before) | _names(after)
    model = apps.get_model(after["model"])
    entries = []
    fields = _differing_fields(before, after, names, parents)
    if fields:
        entries.append(_entry(model, after, "ändrad", fields))
    for relation in relations(model):
        pairs = _pairs(
            before["parts"].get(relation.name, []), after["parts"].get(relation.name, [])
        )
        for old, new in pairs:
            if old and new:
                entries += differences(old, new, names, (after, before))
            else:
                change = "tillagd" if new else "borttagen"
                entries += _entries_of_tree(old or new, change, names, (after, before))
    return entries


def _entry(model, data, change, fields):
    return {
        "model": model._meta.verbose_name,
        "name": _name(data),
        "change": change,
        "fields": fields,
        "data": data,
    }


def _entries_of_tree(data, change, names, parents):
    """Return entries for a part that has been added or removed, and for all its parts."""
    model = apps.get_model(data["model"])
    content = {"model": data["model"], "fields": data["fields"] | {"position": None}}
    nothing = {"model": data["model"], "fields": {}}
    sides = (nothing, content) if change == "tillagd" else (content, nothing)
    entries = [_entry(model, data, change, _differing_fields(*sides, names, parents))]
    for relation in relations(model):
        for part in data["parts"].get(relation.name, []):
            entries += _entries_of_tree(part, change, names, (data,))
    return entries


# --- Restoring -------------------------------------------------------------------------------------


class RestoreError(Exception):
    """Raised with a Swedish sentence if a revision cannot be restored."""


def _english_slugs(data):
    """Return the English slugs of an object in `data` and its parts: `{(model, slug): English slug}`."""
    fields, slugs = data["fields"], {}
    if fields.get("slug_en"):
        slugs[data["model"], fields["slug"]] = fields["slug_en"]
    for parts in data["parts"].values():
        for part in parts:
            slugs |= _english_slugs(part)
    return slugs


@transaction.atomic
def restore(revision):
    """Return a draft or working copy with the content of `revision`. It replaces any existing one.

    Addresses that have been published don't change. Raises RestoreError.
    """
    model = apps.get_model(revision.thing_model)
    first = model.objects.filter(pk=revision.thing_pk).first()
    if first is None:
        same = {name: revision.content["fields"][name] for name in model.IDENTITY}
        if model.objects.filter(**same).exists():
            raise RestoreError("Något annat har nu samma adress. Ta bort eller ändra det först.")
        restored = _checked(build(revision.content))
        Revision.objects.filter(
            thing_model=revision.thing_model, thing_pk=revision.thing_pk
        ).update(thing_pk=restored.pk)
        return restored
    latest = first.versions().first().locked()
    same = {name: getattr(latest, name) for name in model.IDENTITY}
    published = latest if latest.has_been_published else version_before(latest)
    english_slugs = _english_slugs(as_data(published)) if published else {}

    def change(part):
        slug_en = english_slugs.get((part["model"], part["fields"].get("slug")))
        return {"slug_en": slug_en} if slug_en else {}

    same |= change(revision.content)
    if latest.has_been_published:
        return _checked(build(revision.content, version=latest.version + 1, change=change, **same))
    if not latest.is_being_prepared:
        raise RestoreError(
            "En arbetskopia väntar på att publiceras. Avbryt den publiceringen först."
        )
    return _checked(rebuild(latest, revision.content, change=change, **same))


def _checked(restored):
    """Return `restored`, or raise RestoreError if it conflicts with content that has been added since."""
    try:
        restored.clean()
        restored.validate_constraints()
    except ValidationError as error:
        raise RestoreError(" ".join(error.messages)) from error
    return restored
