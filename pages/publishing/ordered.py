"""Parts that staff put in order."""

from django.db import models
from django.db.models import Q

from pages.publishing.publishable import Part

LAST_POSITION = 32000  # larger than any other position


class Ordered(Part):
    """A part with a position among its siblings."""

    # The foreign keys that siblings share, if they are others than the one to the parent.
    ORDERED_WITHIN = ()

    position = models.PositiveSmallIntegerField(
        "ordning", help_text="Lägst nummer visas först. Utan nummer kommer den sist."
    )

    class Meta:
        abstract = True
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="%(class)s_position_is_positive",
                condition=Q(position__gt=0),
                violation_error_message="Ordningen börjar på 1.",
            ),
        ]

    def shared_by_siblings(self):
        """Return the foreign keys that siblings share, as lookups: `{"plan": plan}`."""
        names = self.ORDERED_WITHIN or (self.PARENT_FIELD,)
        return {name: getattr(self, name) for name in names}


def move(obj, step):
    """Move `obj` up (`step` is −1) or down (1) among its siblings. Return whether it could move."""
    siblings = list(type(obj).objects.filter(**obj.shared_by_siblings()).order_by("position", "pk"))
    index = siblings.index(obj)
    other = index + step
    if not 0 <= other < len(siblings):
        return False
    siblings[index], siblings[other] = siblings[other], siblings[index]
    number_as(siblings)
    return True


def number_as(rows):
    """Number `rows`, siblings, as 1, 2, 3 … in the given order."""
    for number, row in enumerate(rows, start=1):
        if row.position != number:
            type(row).objects.filter(pk=row.pk).update(position=number)


def renumber(model, **shared):
    """Renumber the siblings of `model`, rows with the `shared` foreign keys, as 1, 2, 3 … in their order."""
    number_as(model.objects.filter(**shared).order_by("position", "pk"))
