"""Publishing: what visitors may see, who answers for it, and when it changed.

Used by the region's profile, the editorial pages and the regional plans.
"""

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.http import Http404
from django.utils import timezone

from blekinge_site.formats import moment


class Withdrawn(Http404):
    """Raised for an address that has been published and no longer is: the page says so, with 410."""


class Status(models.TextChoices):
    DRAFT = "draft", "Utkast"
    PUBLISHED = "published", "Publicerad"
    WITHDRAWN = "withdrawn", "Tillbakadragen"


class PublishableQuerySet(models.QuerySet):
    def published(self):
        """Return what visitors may see at this moment."""
        now = timezone.now()
        return self.filter(
            Q(publish_at__isnull=True) | Q(publish_at__lte=now),
            Q(unpublish_at__isnull=True) | Q(unpublish_at__gt=now),
            status=Status.PUBLISHED,
        )

    def withdrawn(self):
        """Return what visitors have been able to see, and no longer may."""
        now = timezone.now()
        return self.filter(
            Q(status=Status.WITHDRAWN) | Q(status=Status.PUBLISHED, unpublish_at__lte=now),
            published_at__lte=now,
        )


class Publishable(models.Model):
    """Something that is published as a whole, with all that belongs to it.

    Whether visitors see it follows from its status and the clock, whenever they ask; nothing has to run
    at `publish_at` or `unpublish_at`. `published_at` is when visitors first could see it.
    """

    status = models.CharField(
        "status",
        max_length=10,
        choices=Status,
        default=Status.DRAFT,
        help_text=(
            "Besökare ser bara det som är publicerat. Adressen till något tillbakadraget svarar att "
            "sidan är borttagen."
        ),
    )
    publish_at = models.DateTimeField(
        "publiceras",
        null=True,
        blank=True,
        help_text=(
            "Svensk tid, till exempel 2026-11-26 13.00. Lämna tomt för att publicera när du sparar. "
            "Statusen ska vara Publicerad."
        ),
    )
    unpublish_at = models.DateTimeField(
        "avpubliceras",
        null=True,
        blank=True,
        help_text="Svensk tid. Från den stunden svarar adressen att sidan är borttagen.",
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
        # Whoever may publish decides what visitors see; see pages.editing.
        default_permissions = ["add", "change", "delete", "view", "publish"]
        constraints = [
            models.CheckConstraint(
                name="%(class)s_is_published_before_unpublished",
                condition=Q(publish_at__isnull=True)
                | Q(unpublish_at__isnull=True)
                | Q(unpublish_at__gt=F("publish_at")),
                violation_error_message="Avpubliceringen måste vara efter publiceringen.",
            ),
        ]

    def save(self, *args, **kwargs):
        self.changed_at = timezone.now()
        if self.published_at is None or self.published_at > self.changed_at:
            soonest = max(self.publish_at or self.changed_at, self.changed_at)
            self.published_at = soonest if self.status == Status.PUBLISHED else None
        super().save(*args, **kwargs)

    def clean(self):
        super().clean()
        if self.status == Status.DRAFT and self.has_been_published:
            raise ValidationError(
                "Det som har varit publicerat kan inte bli ett utkast igen. Dra tillbaka det i stället."
            )

    @admin.display(description="läge", ordering="status")
    def state(self):
        """Return in Swedish what visitors meet now, and what the clock will change."""
        now = timezone.now()
        if self.status == Status.PUBLISHED and self.publish_at and self.publish_at > now:
            return f"Publiceras {moment(self.publish_at)}"
        if self.status == Status.PUBLISHED and self.unpublish_at:
            ended = self.unpublish_at <= now
            return f"{'Avpublicerad' if ended else 'Publicerad till'} {moment(self.unpublish_at)}"
        return self.get_status_display()

    @property
    def is_published(self):
        """Whether visitors may see it at this moment."""
        now = timezone.now()
        return (
            self.status == Status.PUBLISHED
            and (self.publish_at is None or self.publish_at <= now)
            and (self.unpublish_at is None or self.unpublish_at > now)
        )

    @property
    def is_being_prepared(self):
        """Whether it is a draft that visitors have never seen."""
        return self.status == Status.DRAFT and not self.has_been_published

    @property
    def has_been_published(self):
        """Whether visitors see it, or have seen it."""
        seen = self.published_at is not None and self.published_at <= timezone.now()
        return seen or self.is_published

    def publishable(self):
        """Return what this is published with: itself."""
        return self

    def parts(self):
        """Return all that is published together with this, in the page's order, itself first."""
        return [self]

    def touch(self):
        """Note that something that belongs to this has changed now."""
        type(self).objects.filter(pk=self.pk).update(changed_at=timezone.now())
