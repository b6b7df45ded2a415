"""History: what was done to a publishable, by whom, what changed; and how to have it back."""

import re
from decimal import Decimal
from difflib import SequenceMatcher

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.html import escape, format_html
from django.utils.safestring import mark_safe

from blekinge_site.formats import amount, day
from pages.models import Revision
from pages.publishing.richtext import RichTextField, text_of
from pages.publishing.versions import (
    as_data,
    build,
    content_fields,
    rebuild,
    relations,
    version_before,
)

# What a part is known by among its siblings; one that has none of these is known by what it says.
KEYS = ("slug", "code", "year", "number")


def save_revision(publishable, user, event):
    """Keep what `publishable` says now, and that `user` did `event`, a Swedish sentence."""
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
    """Keep what `publishable` says before its first change, if nothing of it has been kept yet."""
    if not Revision.objects.of(publishable).exists():
        save_revision(publishable, None, "Innan det ändrades")


# --- What differs -----------------------------------------------------------------------------------


def _differing(old, new):
    """Yield two lists of lines piece by piece as pairs: what was, and what stands there now."""
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "replace" and b - a == d - c:
            yield from zip(old[a:b], new[c:d], strict=True)
        else:
            yield "".join(old[a:b]), "".join(new[c:d])


def marked_words(before, after):
    """Return the text `after` as HTML with what is new in `<ins>`, and what was in `before` in `<del>`.

    Lines are compared before words: of a long text, most stand as they were.
    """
    parts = []
    for old_line, new_line in _differing(before.splitlines(True), after.splitlines(True)):
        if old_line == new_line:
            parts.append(escape(new_line))
            continue
        old, new = (re.findall(r"\s+|\w+|[^\w\s]", line) for line in (old_line, new_line))
        for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            gone, come = escape("".join(old[a:b])), escape("".join(new[c:d]))
            if kind == "equal":
                parts.append(come)
                continue
            if gone:
                parts.append(format_html("<del>{}</del>", gone))
            if come:
                parts.append(format_html("<ins>{}</ins>", come))
    return mark_safe("".join(parts))


def _shown(field, value):
    """Return `value` of `field`, as data holds it, as staff read it."""
    if value is None or value == "":
        return ""
    value = field.to_python(value)
    if field.is_relation:
        other = field.related_model._base_manager.filter(pk=value).first()
        return str(other or f"borttagen ({value})")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, str) and isinstance(field, RichTextField):
        return text_of(value)
    if field.get_internal_type() == "DateField":
        return day(value)
    return amount(value) if isinstance(value, Decimal) else str(value)


def _differing_fields(before, after):
    """Return `[(name of the field, HTML with what differs marked), …]` of two data of one model."""
    rows = []
    for field in content_fields(apps.get_model(after["model"])):
        old, new = before["fields"].get(field.attname), after["fields"].get(field.attname)
        is_own = not field.is_relation or field.null  # where it lies follows from where it stands
        if old == new or not is_own:
            continue
        texts = _shown(field, old), _shown(field, new)
        if texts[0] == texts[1]:
            texts = str(old), str(new)  # only the markup of rich text differs
        rows.append((field.verbose_name, marked_words(*texts)))
    return rows


def _name(data):
    fields = data["fields"]
    words = next(
        (
            fields[name]
            for name in ("name_sv", "title_sv", "text_sv", "sentence_sv")
            if fields.get(name)
        ),
        "",
    )
    return words or str(fields.get("year") or "")


def _key(data):
    return next((data["fields"][key] for key in KEYS if data["fields"].get(key)), None)


def _says(data):
    """Return what `data` says wherever it stands, to know it again by."""
    model = apps.get_model(data["model"])
    skipped = {"position"} | {
        f.attname for f in content_fields(model) if f.is_relation and not f.null
    }
    return {name: value for name, value in data["fields"].items() if name not in skipped}


def _pairs(before, after):
    """Return the parts `before` and `after`, two lists of data, as pairs; None stands for one that isn't."""
    left = list(before)

    def take(test, new):
        found = next((old for old in left if test(old, new)), None)
        if found is not None:
            left.remove(found)
        return found

    def is_same(old, new):
        return _key(old) == _key(new) if _key(new) else _says(old) == _says(new)

    def stands_there(old, new):
        return _key(new) is None and old["fields"]["position"] == new["fields"]["position"]

    pairs = [(take(is_same, new), new) for new in after]
    pairs = [(old or take(stands_there, new), new) for old, new in pairs]
    return [*pairs, *((old, None) for old in left)]


def differences(before, after):
    """Return what differs between two data of the same publishable, a list of dicts in the page's order.

    Each has `model` (its Swedish name), `name`, `change`: "ändrad", "tillagd" or "borttagen", `fields`:
    pairs of a name and HTML, and `data`, what the part was before, where it has been removed.
    """
    model = apps.get_model(after["model"])
    found = []
    fields = _differing_fields(before, after)
    if fields:
        found.append(_entry(model, after, "ändrad", fields))
    for relation in relations(model):
        pairs = _pairs(
            before["parts"].get(relation.name, []), after["parts"].get(relation.name, [])
        )
        for old, new in pairs:
            if old and new:
                found += differences(old, new)
            else:
                found += _all_of(old or new, "tillagd" if new else "borttagen")
    return found


def _entry(model, data, change, fields):
    return {
        "model": model._meta.verbose_name,
        "name": _name(data),
        "change": change,
        "fields": fields,
        "data": data,
    }


def _all_of(data, change):
    """Return the entries for a part that is only there before or only after, and for all its parts."""
    model = apps.get_model(data["model"])
    says = {"model": data["model"], "fields": data["fields"] | {"position": None}}
    nothing = {"model": data["model"], "fields": {}}
    sides = (nothing, says) if change == "tillagd" else (says, nothing)
    entries = [_entry(model, data, change, _differing_fields(*sides))]
    for relation in relations(model):
        for part in data["parts"].get(relation.name, []):
            entries += _all_of(part, change)
    return entries


# --- Having it back ---------------------------------------------------------------------------------


class RestoreError(Exception):
    """Raised with a Swedish sentence where something cannot be brought back as things are."""


def _addresses(data, known=None):
    """Return the English words of the addresses in `data`: `{(model, slug): word}`."""
    known = {} if known is None else known
    if data["fields"].get("slug_en"):
        known[data["model"], data["fields"]["slug"]] = data["fields"]["slug_en"]
    for parts in data["parts"].values():
        for part in parts:
            _addresses(part, known)
    return known


@transaction.atomic
def restore(revision):
    """Return a draft or working copy that says what `revision` does; it replaces the one under way.

    Raises RestoreError. Addresses that visitors know stay as they are.
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
    words = _addresses(as_data(published)) if published else {}

    def change(part):
        word = words.get((part["model"], part["fields"].get("slug")))
        return {"slug_en": word} if word else {}

    same |= change(revision.content)
    if latest.has_been_published:
        return _checked(build(revision.content, version=latest.version + 1, change=change, **same))
    if not latest.is_being_prepared:
        raise RestoreError(
            "En arbetskopia väntar på att publiceras. Avbryt den publiceringen först."
        )
    return _checked(rebuild(latest, revision.content, change=change, **same))


def _checked(restored):
    """Return `restored`, unless something has taken its place since: RestoreError."""
    try:
        restored.clean()
        restored.validate_constraints()
    except ValidationError as error:
        raise RestoreError(" ".join(error.messages)) from error
    return restored
