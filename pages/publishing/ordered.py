"""Parts that staff put in order."""

from django.db import models
from django.db.models import Q

from pages.publishing.publishable import Part


class Ordered(Part):
    """A part with a position among the parts of the same parent."""

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


def renumber(model, **parent):
    """Renumber the rows of `model` with the given `parent` as 1, 2, 3 …, in their present order."""
    for number, row in enumerate(
        model.objects.filter(**parent).order_by("position", "pk"), start=1
    ):
        if row.position != number:
            model.objects.filter(pk=row.pk).update(position=number)
