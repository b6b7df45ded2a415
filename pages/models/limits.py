from django.db import models


class SendCount(models.Model):
    """The number of times that a visitor, or all visitors, did something in the period until `ends_at`.

    `key` is a keyed hash, so visitors' addresses are not stored.
    """

    key = models.CharField(
        "nyckel",
        max_length=64,
        primary_key=True,
        help_text="Vems räknaren är, som ett kontrollvärde.",
    )
    count = models.PositiveIntegerField("antal", help_text="Hur många gånger hittills.")
    ends_at = models.DateTimeField("till", db_index=True, help_text="När räknaren börjar om.")

    class Meta:
        verbose_name = "räknare för gränser"
        verbose_name_plural = "räknare för gränser"
        default_permissions = []

    def __str__(self):
        return f"{self.count} till {self.ends_at}"
