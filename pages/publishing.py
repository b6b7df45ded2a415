"""Publishing: what visitors may see, who answers for it, and when it changed.

Used by the region's profile, the editorial pages and the regional plans.
"""

from django.db import models
from django.utils import timezone


class Status(models.TextChoices):
    DRAFT = "draft", "Utkast"
    PUBLISHED = "published", "Publicerad"


class PublishableQuerySet(models.QuerySet):
    def published(self):
        return self.filter(status=Status.PUBLISHED)


class Publishable(models.Model):
    """Something that is published as a whole, with all that belongs to it."""

    status = models.CharField(
        "status",
        max_length=10,
        choices=Status,
        default=Status.DRAFT,
        help_text="Besökare ser bara det som är publicerat.",
    )
    responsible = models.CharField(
        "ansvarig",
        max_length=200,
        help_text="Vem som svarar för innehållet. Visas längst ner på sidan.",
    )
    published_at = models.DateTimeField("publicerad", null=True, blank=True, editable=False)
    changed_at = models.DateTimeField("senast ändrad", default=timezone.now, editable=False)
    review_on = models.DateField(
        "granskas senast",
        null=True,
        blank=True,
        help_text="Dagen då någon ska läsa igenom innehållet igen. Visas inte för besökare.",
    )

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        self.changed_at = timezone.now()
        if self.is_published and self.published_at is None:
            self.published_at = self.changed_at
        super().save(*args, **kwargs)

    @property
    def is_published(self):
        return self.status == Status.PUBLISHED

    def publishable(self):
        """Return what this is published with: itself."""
        return self

    def touch(self):
        """Note that something that belongs to this has changed now."""
        type(self).objects.filter(pk=self.pk).update(changed_at=timezone.now())
