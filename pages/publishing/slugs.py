"""Slugs in two languages. An object without an English slug uses its Swedish one in English addresses."""

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce, NullIf

from blekinge_site.languages import slug_now

ENGLISH_SLUG = Coalesce(NullIf("slug_en", Value("")), "slug")


class BilingualSlugQuerySet(models.QuerySet):
    def at(self, *slugs):
        """Return the rows that have one of `slugs` in either language."""
        return self.filter(Q(slug__in=slugs) | Q(slug_en__in=slugs))


def find_by_slug(rows, slug):
    """Return the one of `rows` that has `slug` in either language, or None.

    The English slug of one row can be the Swedish slug of another. The row that has it in the active
    language comes first.
    """
    matches = [row for row in rows if slug in (row.slug, row.slug_en)]
    return min(matches, key=lambda row: slug_now(row) != slug, default=None)
