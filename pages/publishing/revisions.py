"""The saved history of publishables, and the forms that staff have open."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class RevisionQuerySet(models.QuerySet):
    def of(self, publishable):
        """Return the revisions of all versions of `publishable`."""
        first = publishable.versions().first_versions().get()
        return self.filter(thing_model=first._meta.label_lower, thing_pk=first.pk)


class Revision(models.Model):
    """The content of a publishable, with all its parts, after a change."""

    thing_model = models.CharField("slag", max_length=100, help_text="Modellen.")
    thing_pk = models.PositiveBigIntegerField("nummer", help_text="Den första versionens nummer.")
    version = models.PositiveSmallIntegerField("version", help_text="Versionen som ändrades.")
    name = models.CharField("namn", max_length=300, help_text="Vad det hette.")
    event = models.CharField("händelse", max_length=400, help_text="Vad som gjordes.")
    made_at = models.DateTimeField("tid", default=timezone.now, help_text="När det gjordes.")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name="av",
        help_text="Vem som gjorde det.",
    )
    content = models.JSONField(
        "innehåll", help_text="Allt innehåll efteråt; se pages.publishing.versions."
    )

    objects = RevisionQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        verbose_name = "sparad version"
        verbose_name_plural = "sparade versioner"
        default_permissions = ["view"]
        indexes = [
            models.Index(fields=["thing_model", "thing_pk", "-made_at"], name="revision_of_thing")
        ]

    def __str__(self):
        return f"{self.name}: {self.event}"


class OpenForm(models.Model):
    """A form that a user has opened in the admin, so that others who open it can be warned."""

    model = models.CharField("slag", max_length=100, help_text="Modellen.")
    object_pk = models.PositiveBigIntegerField("nummer", help_text="Det som är öppet.")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        verbose_name="av",
        help_text="Vem som har det öppet.",
    )
    opened_at = models.DateTimeField("öppnat", auto_now=True, help_text="När det öppnades.")

    class Meta:
        verbose_name = "öppet formulär"
        verbose_name_plural = "öppna formulär"
        default_permissions = []
        constraints = [
            models.UniqueConstraint(
                fields=["model", "object_pk", "user"], name="open_form_once_a_user"
            )
        ]

    def __str__(self):
        return f"{self.model} {self.object_pk}"
