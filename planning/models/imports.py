import datetime as dt

from django.db import models
from django.utils import timezone

DAYS_KEPT = 800  # files come once a year, and a little later some years


class ImportMapping(models.Model):
    """What staff chose that the columns of a file become, for the next file with the same headings.

    `key` is a hash of the headings without their digits, so that it holds for the files of other years.
    """

    key = models.CharField(
        "nyckel",
        max_length=64,
        primary_key=True,
        help_text="Filens rubriker, som ett kontrollvärde.",
    )
    choices = models.JSONField("val", help_text="Vad var och en av kolumnerna blir.")
    used_at = models.DateTimeField(
        "använd", default=timezone.now, help_text="När filen importerades."
    )

    class Meta:
        verbose_name = "minne för importer"
        verbose_name_plural = "minnen för importer"
        default_permissions = []

    def __str__(self):
        return self.key

    @classmethod
    def remember(cls, key, choices):
        """Keep `choices`, and delete those that haven't been used for long."""
        now = timezone.now()
        cls.objects.filter(used_at__lt=now - dt.timedelta(days=DAYS_KEPT)).delete()
        cls.objects.update_or_create(key=key, defaults={"choices": choices, "used_at": now})
