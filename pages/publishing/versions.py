"""Versions and copies of objects, and the plain data that they are built from.

The data of an object is a dict with the keys `model` (its label), `pk`, `fields` (attname: value) and
`parts`, which maps each relation in the model's `PARTS` to a list of such dicts. All values can be stored
as JSON and compared.
"""

import json

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from pages.publishing.publishable import Publishable

# Fields about a version and its publishing, which are not part of its content.
PUBLISHING_FIELDS = {
    "version",
    "status",
    "publish_at",
    "unpublish_at",
    "published_at",
    "changed_at",
}


def content_fields(model):
    """Return the content fields of `model`. Of a translated field, return the field of each language."""
    fields = model._meta.concrete_fields
    excluded = {
        field.translated_field.name for field in fields if hasattr(field, "translated_field")
    }
    if issubclass(model, Publishable):
        excluded |= PUBLISHING_FIELDS
    return [field for field in fields if not field.primary_key and field.name not in excluded]


def relations(model):
    """Return the relations from `model` to its parts, in the order of `PARTS`."""
    return [model._meta.get_field(name) for name in getattr(model, "PARTS", ())]


def _paths(model):
    """Return the lookup paths to all parts of `model`, at every level, for prefetching."""
    return [
        f"{relation.name}__{below}" if below else relation.name
        for relation in relations(model)
        for below in _paths(relation.related_model) or [""]
    ]


def fetch_with_parts(obj):
    """Return `obj` as it is in the database, with all its parts, using one query for each kind of part.

    Foreign keys among them need no query either.
    """
    obj = type(obj)._default_manager.get(pk=obj.pk)
    prefetch_related_objects([obj], *_paths(type(obj)))
    rows = {(type(row), row.pk): row for row in walk(obj)}
    for row in rows.values():
        for foreign_key in filter(lambda field: field.many_to_one, row._meta.concrete_fields):
            key = foreign_key.related_model, getattr(row, foreign_key.attname)
            if key in rows:
                setattr(row, foreign_key.name, rows[key])
    return obj


def walk(obj):
    """Yield `obj` and all its parts, depth first, in the order of the page."""
    yield obj
    for relation in relations(type(obj)):
        for part in getattr(obj, relation.name).all():
            yield from walk(part)


def _as_data(obj):
    return {
        "model": obj._meta.label_lower,
        "pk": obj.pk,
        "fields": {
            field.attname: field.value_from_object(obj) for field in content_fields(type(obj))
        },
        "parts": {
            relation.name: [_as_data(part) for part in getattr(obj, relation.name).all()]
            for relation in relations(type(obj))
        },
    }


class _Encoder(DjangoJSONEncoder):
    def default(self, value):
        return value.name if hasattr(value, "storage") else super().default(value)


def as_data(obj):
    """Return `obj` and all its parts as data."""
    return json.loads(json.dumps(_as_data(fetch_with_parts(obj)), cls=_Encoder))


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
    """Return the working copy that is to replace `publishable`; create it if there is none."""
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
        other = publishable.versions().first()
        if other.version == latest.version:
            raise
        return other  # another user has just created it


def counterpart_finder(publishable):
    """Return a function that maps a part of another version to its counterpart in `publishable`, or None."""
    parts = {}
    for part in walk(fetch_with_parts(publishable)):
        parts.setdefault((type(part), part.natural_key()), part)
    return lambda part: parts.get((type(part), part.natural_key()))


def counterpart(part, publishable):
    """Return the part of `publishable` with the natural key of `part`, a part of another version, or None."""
    return counterpart_finder(publishable)(part)


def version_before(publishable):
    """Return the version before `publishable`, or None."""
    return publishable.versions().filter(version__lt=publishable.version).first()
