import json

from django.conf import settings
from django.db import models


class NoRows(models.Manager):
    """The default manager, so that `dumpdata` leaves personal drafts out of what others can read."""

    def get_queryset(self):
        return super().get_queryset().none()


class FormDraft(models.Model):
    """What a user has typed in a form of the admin and not saved, for that user alone.

    `fields` is JSON, which `content` decodes.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        verbose_name="av",
        help_text="Den enda som ser det.",
    )
    form = models.CharField("formulär", max_length=300, help_text="Formulärets adress.")
    name = models.CharField("namn", max_length=300, help_text="Vad formuläret gäller.")
    fields = models.TextField("fält", help_text="Det som är skrivet, som JSON.")
    saved_at = models.DateTimeField("sparat", auto_now=True, help_text="När det skrevs.")

    hidden = NoRows()
    objects = models.Manager()

    class Meta:
        verbose_name = "personligt utkast"
        verbose_name_plural = "personliga utkast"
        default_permissions = []
        constraints = [
            models.UniqueConstraint(fields=["user", "form"], name="form_draft_once_a_user")
        ]

    def __str__(self):
        return self.name

    def content(self):
        """Return `{"fields": [(name, value), …], "files": [name of a chosen file, …]}`."""
        return json.loads(self.fields)
