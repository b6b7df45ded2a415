"""Indicators that measure whether a goal is reached."""

from django.db import models
from django.db.models import Q

from pages.publishing.ordered import Ordered
from pages.publishing.publishable import Part, placeholder_name
from planning.models.goals import Goal


class IndicatorQuerySet(models.QuerySet):
    def get_by_natural_key(self, first_year, last_year, perspective, goal, position):
        goal = Goal.objects.get_by_natural_key(first_year, last_year, perspective, goal)
        return self.filter(goal=goal, position=position).earliest("pk")


class Indicator(Ordered):
    PARENT_FIELD = "goal"
    PARTS = ("values",)

    class Direction(models.TextChoices):
        MORE = "more", "Ska öka"
        LESS = "less", "Ska minska"
        KEEP = "keep", "Ska ligga kvar"

    goal = models.ForeignKey(
        Goal, models.CASCADE, verbose_name="mål", help_text="Målet som indikatorn mäter."
    )
    name = models.CharField(
        "namn", max_length=200, help_text="Vad som mäts, till exempel Resor med kollektivtrafik."
    )
    unit = models.CharField(
        "enhet", max_length=60, blank=True, help_text="Till exempel procent, eller miljoner resor."
    )
    direction = models.CharField(
        "riktning", max_length=10, choices=Direction, help_text="Åt vilket håll värdet ska gå."
    )
    target = models.DecimalField(
        "målvärde",
        max_digits=14,
        decimal_places=3,
        null=True,
        blank=True,
        help_text="Lämna tomt om planen inte har något.",
    )
    target_year = models.PositiveSmallIntegerField(
        "målår", null=True, blank=True, help_text="Året då målvärdet ska vara nått."
    )

    objects = IndicatorQuerySet.as_manager()

    class Meta(Ordered.Meta):
        verbose_name = "indikator"
        verbose_name_plural = "indikatorer"
        default_related_name = "indicators"
        constraints = [
            *Ordered.Meta.constraints,
            models.CheckConstraint(
                name="indicator_target_year_has_four_digits",
                condition=Q(target_year__isnull=True) | Q(target_year__range=(1000, 9999)),
                violation_error_message="Skriv året med fyra siffror.",
            ),
        ]

    def __str__(self):
        return self.name or placeholder_name(self)

    def get_absolute_url(self):
        return self.goal.get_absolute_url()

    def natural_key(self):
        return (*self.goal.natural_key(), self.position)

    natural_key.dependencies = ["planning.goal"]


class IndicatorValueQuerySet(models.QuerySet):
    def get_by_natural_key(self, first_year, last_year, perspective, goal, position, year):
        keys = (first_year, last_year, perspective, goal, position)
        return self.get(indicator=Indicator.objects.get_by_natural_key(*keys), year=year)


class IndicatorValue(Part):
    PARENT_FIELD = "indicator"

    indicator = models.ForeignKey(
        Indicator,
        models.CASCADE,
        verbose_name="indikator",
        help_text="Indikatorn som värdet gäller.",
    )
    year = models.PositiveSmallIntegerField("år", help_text="Året som värdet gäller.")
    value = models.DecimalField(
        "värde", max_digits=14, decimal_places=3, help_text="Det uppmätta värdet."
    )
    source = models.CharField(
        "källa", max_length=300, blank=True, help_text="Var värdet kommer ifrån. Visas."
    )

    objects = IndicatorValueQuerySet.as_manager()

    class Meta:
        ordering = ["year"]
        verbose_name = "värde"
        verbose_name_plural = "värden"
        default_related_name = "values"
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "year"],
                name="indicator_has_one_value_a_year",
                violation_error_message="Indikatorn har redan ett värde för det året.",
            ),
            models.CheckConstraint(
                name="indicator_value_year_has_four_digits",
                condition=Q(year__range=(1000, 9999)),
                violation_error_message="Skriv året med fyra siffror.",
            ),
        ]

    def __str__(self):
        return f"{self.indicator} {self.year}"

    def get_absolute_url(self):
        return self.indicator.get_absolute_url()

    def natural_key(self):
        return (*self.indicator.natural_key(), self.year)

    natural_key.dependencies = ["planning.indicator"]
