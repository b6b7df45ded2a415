"""Which publishable a public address belongs to: a page, the profile or a plan."""

from django.db import models

from blekinge_site.languages import in_each_language
from pages.publishing.publishable import Publishable, Status, now


def scheduled(model):
    """Return the versions of `model` that will be published or unpublished at a time to come."""
    changes = models.Q(publish_at__gt=now()) | models.Q(unpublish_at__gt=now())
    rows = model.objects.with_superseded().filter(changes, is_superseded=False)
    return rows.filter(status=Status.PUBLISHED)


def identity(publishable):
    """Return a value that all versions of `publishable`, and no others, have."""
    return (publishable._meta.label, *(getattr(publishable, name) for name in publishable.IDENTITY))


class Owners:
    """Finds the published publishable that an address belongs to, without queries of its own.

    It makes two queries for each kind of publishable. Their long texts are not read.
    """

    def __init__(self):
        self.publishables = {}
        self.to_come = {}
        for model in Publishable.__subclasses__():
            texts = [f.name for f in model._meta.concrete_fields if isinstance(f, models.TextField)]
            for publishable in model.objects.published().defer(*texts):
                for address in in_each_language(publishable.get_absolute_url).values():
                    self.publishables[address] = publishable
            for version in scheduled(model).filter(publish_at__gt=now()).defer(*texts):
                self.to_come[identity(version)] = version

    def of(self, address):
        """Return the publishable that the page at `address` is a part of, or None."""
        path = address.partition("?")[0]
        while path.strip("/"):
            if path in self.publishables:
                return self.publishables[path]
            path = path.rstrip("/").rpartition("/")[0] + "/"
        return None

    def name_of(self, address):
        """Return the name of the publishable at `address`, or the address if it has none."""
        return str(self.of(address) or address)

    def next_version_of(self, address):
        """Return the version that is scheduled to replace the page at `address`, or None."""
        owner = self.of(address)
        return self.to_come.get(identity(owner)) if owner else None
