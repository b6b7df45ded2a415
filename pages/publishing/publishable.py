"""Publishing: what visitors may see, who answers for it, and when it changed.

Used by the region's profile, the editorial pages and the regional plans. Each of these exists in
versions, whole trees of rows beside each other. What has been published is never edited: a working copy
is made, version 2, and from the moment that it is published it is the one that visitors see. Replacing is
therefore one update of one row, or the clock alone, and whoever reads one version reads all of it.
"""

from contextlib import contextmanager
from contextvars import ContextVar

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.constants import LOOKUP_SEP
from django.http import Http404
from django.utils import timezone

from blekinge_site.formats import moment


class Withdrawn(Http404):
    """Raised for an address that has been published and no longer is: the page says so, with 410."""


def placeholder_name(thing):
    """Return in Swedish what stands for the name that `thing`, in a draft, hasn't got yet."""
    return f"{thing._meta.verbose_name} utan namn"


class Status(models.TextChoices):
    DRAFT = "draft", "Utkast"
    PUBLISHED = "published", "Publicerad"
    WITHDRAWN = "withdrawn", "Tillbakadragen"


_moment = ContextVar("moment", default=None)


def now():
    """Return the moment that this request is answered for."""
    return _moment.get() or timezone.now()


def one_moment(get_response):
    """Answer each visit for one moment, so that no page shows one thing before a change and one after."""

    def middleware(request):
        token = _moment.set(timezone.now() if request.method in {"GET", "HEAD"} else None)
        try:
            return get_response(request)
        finally:
            _moment.reset(token)

    return middleware


_previewed = ContextVar("previewed", default=None)


@contextmanager
def previewing(publishable):
    """Let `publishable` be seen as if it were published now, in place of the version that is."""
    token = _previewed.set(publishable)
    try:
        yield
    finally:
        _previewed.reset(token)


class PublishableQuerySet(models.QuerySet):
    def with_superseded(self):
        """Return these with `is_superseded`: whether a later version has been published since."""
        return self.annotate(is_superseded=Exists(self._later()))

    def published(self):
        """Return what visitors may see at this moment: of each thing, at most one version."""
        live = Q(
            Q(publish_at__isnull=True) | Q(publish_at__lte=now()),
            Q(unpublish_at__isnull=True) | Q(unpublish_at__gt=now()),
            ~Exists(self._later()),
            status=Status.PUBLISHED,
        )
        previewed = _previewed.get()
        if isinstance(previewed, self.model):
            live = Q(pk=previewed.pk) | live & ~Q(pk__in=previewed.versions().values("pk"))
        return self.filter(live)

    def withdrawn(self):
        """Return what visitors have been able to see, and no longer may."""
        return self.filter(
            Q(status=Status.WITHDRAWN)
            | Q(status=Status.PUBLISHED, unpublish_at__lte=now())
            | Q(status=Status.PUBLISHED, publish_at__gt=now()),  # and is to come back
            ~Exists(self._later()),
            published_at__lte=now(),
        )

    def first_versions(self):
        """Return one row a thing, which stays as long as the thing is there."""
        return self.filter(version=1)

    def latest_versions(self):
        """Return of each thing the version that was made last, published or not."""
        same = {name: OuterRef(name) for name in self.model.IDENTITY}
        later = self.model._base_manager.filter(version__gt=OuterRef("version"), **same)
        return self.filter(~Exists(later))

    def _later(self):
        """Return the versions that have been published since the row of the query around this.

        One that was published at once counts even if that was after the moment that this visit is
        answered for: its row can be read, so the one before it must not be.
        """
        same = {name: OuterRef(name) for name in self.model.IDENTITY}
        return self.model._base_manager.filter(
            Q(published_at__lte=now()) | Q(status=Status.PUBLISHED, publish_at__isnull=True),
            version__gt=OuterRef("version"),
            **same,
        )


class Publishable(models.Model):
    """Something that is published as a whole, with all that belongs to it.

    Whether visitors see it follows from its status and the clock, whenever they ask; nothing has to run
    at `publish_at` or `unpublish_at`. `published_at` is when visitors first could see this version.
    """

    # The fields that identify a publishable: its versions share their values, and no other row has them.
    IDENTITY = ()
    PARENT_FIELD = None

    version = models.PositiveSmallIntegerField("version", default=1, db_default=1, editable=False)
    status = models.CharField(
        "status",
        max_length=10,
        choices=Status,
        default=Status.DRAFT,
        editable=False,
    )
    publish_at = models.DateTimeField(
        "publiceras",
        null=True,
        blank=True,
        help_text="Svensk tid, till exempel 2026-11-26 13.00. Lämna tomt för att publicera nu.",
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
        # Whoever may publish decides what visitors see; see pages.editing.content_admin.
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

    def validate_constraints(self, exclude=None):
        # No form has the version, and what it keeps apart would go unchecked.
        super().validate_constraints(exclude=set(exclude or ()) - {"version"})

    @admin.display(description="läge", ordering="status")
    def state(self):
        """Return in Swedish what visitors meet now, and what the clock will change.

        Whether it has been replaced is known only to rows from `with_superseded`.
        """
        if getattr(self, "is_superseded", False):
            return "Ersatt"
        if self.status == Status.DRAFT and self.version > 1:
            return "Arbetskopia"
        if self.status == Status.PUBLISHED and self.publish_at and self.publish_at > now():
            return f"Publiceras {moment(self.publish_at)}"
        if self.status == Status.PUBLISHED and self.unpublish_at:
            ended = self.unpublish_at <= now()
            return f"{'Avpublicerad' if ended else 'Publicerad till'} {moment(self.unpublish_at)}"
        return self.get_status_display()

    def versions(self):
        """Return all versions of this, the latest first."""
        same = {name: getattr(self, name) for name in self.IDENTITY}
        return type(self)._default_manager.filter(**same).order_by("-version")

    @property
    def is_published(self):
        """Whether visitors may see it at this moment, if no later version has replaced it."""
        return (
            self.status == Status.PUBLISHED
            and (self.publish_at is None or self.publish_at <= now())
            and (self.unpublish_at is None or self.unpublish_at > now())
        )

    @property
    def is_being_prepared(self):
        """Whether it is a draft or a working copy, which visitors have never seen."""
        return self.status == Status.DRAFT and not self.has_been_published

    @property
    def has_been_published(self):
        """Whether visitors see it, or have seen it."""
        seen = self.published_at is not None and self.published_at <= now()
        return seen or self.is_published

    def publishable(self):
        """Return the publishable itself; see also `Part.publishable`."""
        return self

    def locked(self):
        """Return this as it is now; who else changes any part of it waits for this transaction."""
        return type(self)._default_manager.select_for_update().get(pk=self.pk)

    def touch(self):
        """Note that something that belongs to this has changed now."""
        type(self).objects.filter(pk=self.pk).update(changed_at=timezone.now())


class Part(models.Model):
    """A row that is published together with the publishable that it belongs to.

    Its parent is that publishable, or another part of it.
    """

    # The name of the foreign key to the parent.
    PARENT_FIELD = None

    class Meta:
        abstract = True

    def publishable(self):
        """Return the publishable that this part belongs to."""
        return getattr(self, self.PARENT_FIELD).publishable()

    @classmethod
    def parent_model(cls):
        return cls._meta.get_field(cls.PARENT_FIELD).related_model

    @classmethod
    def publishable_model(cls):
        """Return the model of the publishable that these parts belong to."""
        parent = cls.parent_model()
        return parent.publishable_model() if issubclass(parent, Part) else parent

    @classmethod
    def path_to_publishable(cls):
        """Return the lookup path from a part to its publishable, such as `goal__perspective__plan`."""
        parent = cls.parent_model()
        if not issubclass(parent, Part):
            return cls.PARENT_FIELD
        return cls.PARENT_FIELD + LOOKUP_SEP + parent.path_to_publishable()
