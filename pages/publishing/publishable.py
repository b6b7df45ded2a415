"""The base models of published content: publishables and their parts.

The publishables are the region's profile, the editorial pages and the regional plans. Each version of a
publishable is a separate tree of rows. A published version is never edited. Staff edit a working copy,
which replaces it when it is published. Publishing writes one row, and a scheduled publication none when
its time comes, so no request ever reads a mix of two versions.
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
    """Raised if the page at an address has been withdrawn. The response has status 410."""


def placeholder_name(obj):
    """Return the Swedish text to display for `obj`, in a draft, as long as it has no name."""
    return f"{obj._meta.verbose_name} utan namn"


class Status(models.TextChoices):
    DRAFT = "draft", "Utkast"
    PUBLISHED = "published", "Publicerad"
    WITHDRAWN = "withdrawn", "Tillbakadragen"


_request_time = ContextVar("request_time", default=None)


def now():
    """Return the time that decides what this request shows."""
    return _request_time.get() or timezone.now()


def fix_request_time(get_response):
    """Middleware that fixes `now` during a GET or HEAD request.

    Otherwise a page could show some content from before a scheduled change and some from after it.
    """

    def middleware(request):
        token = _request_time.set(timezone.now() if request.method in {"GET", "HEAD"} else None)
        try:
            return get_response(request)
        finally:
            _request_time.reset(token)

    return middleware


_previewed = ContextVar("previewed", default=None)


@contextmanager
def previewing(publishable):
    """Treat `publishable` as published, in place of the published version, inside the context."""
    token = _previewed.set(publishable)
    try:
        yield
    finally:
        _previewed.reset(token)


class PublishableQuerySet(models.QuerySet):
    def with_superseded(self):
        """Annotate rows with `is_superseded`, which is true if a later version has been published."""
        return self.annotate(is_superseded=Exists(self._later()))

    def published(self):
        """Return the rows that visitors may see now, at most one version of each publishable."""
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
        """Return the rows that visitors could see earlier, but not now."""
        return self.filter(
            Q(status=Status.WITHDRAWN)
            | Q(status=Status.PUBLISHED, unpublish_at__lte=now())
            | Q(
                status=Status.PUBLISHED, publish_at__gt=now()
            ),  # published before, and scheduled again
            ~Exists(self._later()),
            published_at__lte=now(),
        )

    def first_versions(self):
        """Return version 1 of each publishable. It exists as long as the publishable does."""
        return self.filter(version=1)

    def latest_versions(self):
        """Return the latest version of each publishable, published or not."""
        identity = {name: OuterRef(name) for name in self.model.IDENTITY}
        later = self.model._base_manager.filter(version__gt=OuterRef("version"), **identity)
        return self.filter(~Exists(later))

    def _later(self):
        """Return the later versions of the outer query's row that have been published.

        `now()` is fixed when a request begins. A version that was published without a schedule since then
        counts too: queries already see its row, so the version before it must be hidden.
        """
        identity = {name: OuterRef(name) for name in self.model.IDENTITY}
        return self.model._base_manager.filter(
            Q(published_at__lte=now()) | Q(status=Status.PUBLISHED, publish_at__isnull=True),
            version__gt=OuterRef("version"),
            **identity,
        )


class Publishable(models.Model):
    """A row that is published together with all its parts.

    Its status and the current time decide whether visitors see it, so no job has to run at `publish_at`
    or `unpublish_at`. `published_at` is the first time at which visitors could, or will, see this version.
    """

    # The fields that identify a publishable: its versions have the same values, and no other publishable has.
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
        # `publish` allows staff to decide what visitors see; see pages.editing.permissions.
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
        # No form has the field `version`, but the constraints with it must be checked.
        super().validate_constraints(exclude=set(exclude or ()) - {"version"})

    @admin.display(description="läge", ordering="status")
    def state(self):
        """Return a Swedish label for what visitors see now, and any scheduled change.

        Only rows from `with_superseded` can be labelled as replaced.
        """
        if getattr(self, "is_superseded", False):
            return "Ersatt"
        if self.status == Status.DRAFT and self.version > 1:
            return "Arbetskopia"
        if self.status == Status.PUBLISHED and self.publish_at and self.publish_at > now():
            return f"Publiceras {moment(self.publish_at)}"
        if self.status == Status.PUBLISHED and self.unpublish_at:
            has_ended = self.unpublish_at <= now()
            return (
                f"{'Avpublicerad' if has_ended else 'Publicerad till'} {moment(self.unpublish_at)}"
            )
        return self.get_status_display()

    def versions(self):
        """Return all versions of this publishable, the latest first."""
        identity = {name: getattr(self, name) for name in self.IDENTITY}
        return type(self)._default_manager.filter(**identity).order_by("-version")

    @property
    def is_published(self):
        """Whether status and schedule let visitors see this version now, if no later one has replaced it."""
        return (
            self.status == Status.PUBLISHED
            and (self.publish_at is None or self.publish_at <= now())
            and (self.unpublish_at is None or self.unpublish_at > now())
        )

    @property
    def is_being_prepared(self):
        """Whether this is a draft or a working copy, which visitors have never seen."""
        return self.status == Status.DRAFT and not self.has_been_published

    @property
    def has_been_published(self):
        """Whether visitors can see this version, or could earlier."""
        was_published = self.published_at is not None and self.published_at <= now()
        return was_published or self.is_published

    def publishable(self):
        """Return the publishable itself; see also `Part.publishable`."""
        return self

    def locked(self):
        """Return this row as it is saved, locked until the end of the transaction.

        Lock the publishable before changing any part of it.
        """
        return type(self)._default_manager.select_for_update().get(pk=self.pk)

    def touch(self):
        """Set `changed_at` to the current time, after a change of a part."""
        type(self).objects.filter(pk=self.pk).update(changed_at=timezone.now())


class Part(models.Model):
    """A row that is published together with the publishable that it belongs to."""

    # The name of the foreign key to the parent: the publishable, or another part of it.
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
