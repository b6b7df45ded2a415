"""Things as plain data with all their parts, and made of that again: versions, copies, what was saved.

The data of a thing is a dict: `model` (its label), `pk`, `fields` (a value a column), and `parts`, a list
of such dicts a relation in the model's `PARTS`. It holds what JSON holds, so it can be kept and compared.
"""

import json

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from pages.publishing.publishable import Publishable

# What says which version a row is and when visitors see it, not what it tells them.
STANDING = {"version", "status", "publish_at", "unpublish_at", "published_at", "changed_at"}


def content_fields(model):
    """Return the fields that hold what a `model` says; for translated ones, those of each language."""
    fields = model._meta.concrete_fields
    left_out = {
        field.translated_field.name for field in fields if hasattr(field, "translated_field")
    }
    if issubclass(model, Publishable):
        left_out |= STANDING
    return [field for field in fields if not field.primary_key and field.name not in left_out]


def relations(model):
    """Return the relations to the parts of `model`, in order."""
    return [model._meta.get_field(name) for name in getattr(model, "PARTS", ())]


def _paths(model):
    """Return the paths that fetch all parts of `model`, and theirs."""
    return [
        f"{relation.name}__{below}" if below else relation.name
        for relation in relations(model)
        for below in _paths(relation.related_model) or [""]
    ]


def whole(thing):
    """Return `thing` as it is in the database now, with all its parts fetched, a query a kind of part."""
    thing = type(thing)._default_manager.get(pk=thing.pk)
    prefetch_related_objects([thing], *_paths(type(thing)))
    return thing


def walk(thing):
    """Give `thing`, then each of its parts with theirs, in the order of the page."""
    yield thing
    for relation in relations(type(thing)):
        for part in getattr(thing, relation.name).all():
            yield from walk(part)


def _as_data(thing):
    return {
        "model": thing._meta.label_lower,
        "pk": thing.pk,
        "fields": {
            field.attname: field.value_from_object(thing) for field in content_fields(type(thing))
        },
        "parts": {
            relation.name: [_as_data(part) for part in getattr(thing, relation.name).all()]
            for relation in relations(type(thing))
        },
    }


class _Encoder(DjangoJSONEncoder):
    def default(self, value):
        return value.name if hasattr(value, "storage") else super().default(value)


def as_data(thing):
    """Return `thing` and all its parts as data."""
    return json.loads(json.dumps(_as_data(whole(thing)), cls=_Encoder))


def _values(data, new_pks):
    """Return the fields in `data` as Python values.

    `new_pks` holds the rows that have been built so far, `{(model label, pk in the data): pk}`. Foreign
    keys to them are translated; a foreign key to a row that no longer exists becomes None.
    """
    model = apps.get_model(data["model"])
    values = {}
    for field in content_fields(model):
        if field.attname not in data["fields"]:
            continue  # a field that was added later gets its default
        value = field.to_python(data["fields"][field.attname])
        if field.is_relation and value is not None:
            other = field.related_model
            value = new_pks.get((other._meta.label_lower, value), value)
            if not other._base_manager.filter(pk=value).exists():
                value = None
        values[field.attname] = value
    return values


def _save(obj, data, change, new_pks, overrides):
    """Save `obj` with the field values in `data` and `overrides`, then create its parts."""
    for name, value in (_values(data, new_pks) | overrides).items():
        setattr(obj, name, value)
    obj.save()
    new_pks[data["model"], data["pk"]] = obj.pk
    for relation in relations(type(obj)):
        for part_data in data["parts"].get(relation.name, []):
            changes = change(part_data) if change else {}
            if changes is not None:
                part_overrides = {relation.field.attname: obj.pk} | changes
                _save(relation.related_model(), part_data, change, new_pks, part_overrides)
    return obj


def build(data, *, change=None, **overrides):
    """Create the object in `data` with all its parts, and return it.

    `overrides` are field values that replace those in `data`. `change` does the same for each part: it is
    called with the part's data and returns a dict of field values, or None to leave the part out.
    """
    return _save(apps.get_model(data["model"])(), data, change, {}, overrides)


def rebuild(obj, data, *, change=None, **overrides):
    """Replace the content of `obj`, its fields and all its parts, with `data`; return `obj`.

    `change` and `overrides` work as in `build`.
    """
    for relation in relations(type(obj)):
        getattr(obj, relation.name).all().delete()
    return _save(obj, data, change, {}, overrides)


def working_copy(publishable):
    """Return the version that is to replace `publishable`: the one that is under way, or one made now."""
    latest = publishable.versions().first()
    if not latest.has_been_published:
        return latest
    ends_later = latest.unpublish_at and latest.unpublish_at > timezone.now()
    try:
        with transaction.atomic():
            return build(
                as_data(latest),
                version=latest.version + 1,
                unpublish_at=latest.unpublish_at if ends_later else None,
            )
    except IntegrityError:
        made = publishable.versions().first()
        if made.version == latest.version:
            raise
        return made  # by someone else, in this moment


def finder(publishable):
    """Return a function that finds in `publishable` what a part of another version is there, or None."""
    parts = {}
    for part in walk(whole(publishable)):
        parts.setdefault((type(part), part.natural_key()), part)
    return lambda part: parts.get((type(part), part.natural_key()))


def counterpart(part, publishable):
    """Return what `part` is in another version of what it belongs to, or None if it is not there."""
    return finder(publishable)(part)


def version_before(publishable):
    """Return the version that `publishable` replaces or has replaced, or None."""
    return publishable.versions().filter(version__lt=publishable.version).first()
