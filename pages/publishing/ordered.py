"""Parts that staff put in order."""

from django.db import models
from django.db.models import Q

from pages.publishing.publishable import Part


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


def renumber(model, **shared):
    """Renumber the siblings of `model`, rows with the `shared` foreign keys, as 1, 2, 3 … in their order."""
    for number, row in enumerate(
        model.objects.filter(**shared).order_by("position", "pk"), start=1
    ):
        if row.position != number:
            model.objects.filter(pk=row.pk).update(position=number)
