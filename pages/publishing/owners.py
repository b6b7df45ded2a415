"""Which publishable a public address belongs to: a page, the profile or a plan."""

from functools import cached_property
from typing import NamedTuple

from django.core.cache import cache
from django.db import models

from blekinge_site.languages import in_each_language
from pages.publishing import content_version
from pages.publishing.publishable import Publishable, Status, now

CACHE_KEY = "pages.publishing.owners"
CACHE_SECONDS = 7 * 24 * 3600


def scheduled(model):
    """Return the versions of `model` that will be published or unpublished at a time to come."""
    changes = models.Q(publish_at__gt=now()) | models.Q(unpublish_at__gt=now())
    rows = model.objects.with_superseded().filter(changes, is_superseded=False)
    return rows.filter(status=Status.PUBLISHED)


def without_texts(publishables):
    """Defer the long texts of a queryset of `publishables`, which lists of names don't need."""
    fields = publishables.model._meta.concrete_fields
    return publishables.defer(*(f.name for f in fields if isinstance(f, models.TextField)))


def identity(publishable):
    """Return a value that all versions of `publishable`, and no others, have."""
    return (publishable._meta.label, *(getattr(publishable, name) for name in publishable.IDENTITY))


class Owner(NamedTuple):
    """A published publishable, as far as lists of addresses need to know it."""

    label: str  # of its model
    name: str
    identity: tuple


def published_owners():
    """Return `{address: Owner}` for each published publishable, in both languages."""
    owners = {}
    for model in Publishable.__subclasses__():
        for publishable in without_texts(model.objects.published()):
            owner = Owner(model._meta.label, str(publishable), identity(publishable))
            for address in in_each_language(publishable.get_absolute_url).values():
                owners[address] = owner
    return owners


class Owners:
    """Finds the published publishable that an address belongs to.

    All of them are read once, without their long texts, and kept in the cache until content changes.
    """

    def __init__(self):
        content = content_version.current()
        known = cache.get(CACHE_KEY)
        if known is None or known[0] != content:
            known = content, published_owners()
            cache.set(CACHE_KEY, known, CACHE_SECONDS)
        self.by_address = known[1]

    def of(self, address):
        """Return the Owner of the page at `address`, or None."""
        path = address.partition("?")[0]
        while path.strip("/"):
            if path in self.by_address:
                return self.by_address[path]
            path = path.rstrip("/").rpartition("/")[0] + "/"
        return None

    def name_of(self, address):
        """Return the name of the publishable at `address`, or the address if it has none."""
        owner = self.of(address)
        return owner.name if owner else address

    def names(self, model):
        """Return the names of the published publishables of `model`, in the order of their list."""
        label = model._meta.label
        owners = dict.fromkeys(self.by_address.values())
        return [owner.name for owner in owners if owner.label == label]

    @cached_property
    def to_come(self):
        """The versions that are to be published at a time to come, by their identity."""
        return {
            identity(version): version
            for model in Publishable.__subclasses__()
            for version in without_texts(scheduled(model).filter(publish_at__gt=now()))
        }

    def next_version_of(self, address):
        """Return the version that is scheduled to replace the page at `address`, or None."""
        owner = self.of(address)
        return self.to_come.get(owner.identity) if owner else None
