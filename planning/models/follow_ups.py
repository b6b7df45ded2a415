"""The yearly follow-ups of a plan, with its ratings of goals."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from pages.publishing.publishable import Part
from planning.models.budgets import YearOfPlan
from planning.models.goals import Goal
from planning.models.plans import RegionalPlan


class Rating(models.TextChoices):
    SATISFACTORY = "satisfactory", _("tillfredsställande")
    NOT_FULLY = "not_fully", _("inte helt tillfredsställande")
    UNSATISFACTORY = "unsatisfactory", _("otillfredsställande")


COUNT_HELP = "Antal mål. Lämna tomt om det inte är känt."


class FollowUp(YearOfPlan):
    """The region's own assessment of a year. Totals may be known where ratings of goals aren't."""

    PARTS = ("ratings",)

    plan = models.ForeignKey(
        RegionalPlan,
        models.CASCADE,
        verbose_name="regionplan",
        help_text="Planen som följs upp.",
    )
    year = models.PositiveSmallIntegerField(
        "år", help_text="Uppföljningen visas på sidan för årets budget."
    )
    satisfactory = models.PositiveSmallIntegerField(
        "mål med tillfredsställande resultat", null=True, blank=True, help_text=COUNT_HELP
    )
    not_fully = models.PositiveSmallIntegerField(
        "mål med inte helt tillfredsställande resultat", null=True, blank=True, help_text=COUNT_HELP
    )
    unsatisfactory = models.PositiveSmallIntegerField(
        "mål med otillfredsställande resultat", null=True, blank=True, help_text=COUNT_HELP
    )
    result_msek = models.DecimalField(
        "årets resultat, mnkr",
        max_digits=12,
        decimal_places=1,
        null=True,
        blank=True,
        help_text="Lämna tomt om det inte är känt.",
    )
    decided_on = models.DateField(
        "beslutad den", null=True, blank=True, help_text="Visas efter källan."
    )
    source = models.CharField(
        "källa", max_length=300, help_text="Dokumentet som uppgifterna kommer ur. Visas."
    )

    class Meta:
        ordering = ["year"]
        verbose_name = "uppföljning"
        verbose_name_plural = "uppföljningar"
        default_related_name = "follow_ups"
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "year"],
                name="follow_up_year_is_unique_in_plan",
                violation_error_message="Planen har redan en uppföljning för det året.",
            ),
        ]

    def __str__(self):
        return f"Uppföljning {self.year}"

    @property
    def totals(self):
        """The known numbers of goals per rating: `[(Rating, int), …]`, best first."""
        counts = [(rating, getattr(self, rating.value)) for rating in Rating]
        return [(rating, count) for rating, count in counts if count is not None]


class GoalRatingQuerySet(models.QuerySet):
    def get_by_natural_key(self, follow_up, goal):
        follow_up = FollowUp.objects.get_by_natural_key(*follow_up)
        return self.get(follow_up=follow_up, goal=Goal.objects.get_by_natural_key(*goal))


class GoalRating(Part):
    PARENT_FIELD = "follow_up"

    follow_up = models.ForeignKey(
        FollowUp,
        models.CASCADE,
        verbose_name="uppföljning",
        help_text="Årets uppföljning.",
    )
    goal = models.ForeignKey(
        Goal, models.CASCADE, verbose_name="mål", help_text="Målet som bedöms."
    )
    rating = models.CharField(
        "bedömning", max_length=20, choices=Rating, help_text="Regionens egen bedömning av målet."
    )

    objects = GoalRatingQuerySet.as_manager()

    class Meta:
        ordering = [
            models.F("goal__perspective__position").asc(nulls_first=True),
            "goal__position",
            "pk",
        ]
        verbose_name = "bedömning av mål"
        verbose_name_plural = "bedömningar av mål"
        default_related_name = "ratings"
        constraints = [
            models.UniqueConstraint(
                fields=["follow_up", "goal"],
                name="goal_is_rated_once_a_year",
                violation_error_message="Målet är redan bedömt det året.",
            ),
        ]

    def __str__(self):
        return f"{self.goal}: {self.get_rating_display()}"

    def get_absolute_url(self):
        return self.follow_up.get_absolute_url()

    def clean(self):
        if self.goal_id and self.follow_up_id and self.goal.publishable() != self.follow_up.plan:
            raise ValidationError("Målet hör till en annan plan än uppföljningen.")

    def natural_key(self):
        return (self.follow_up.natural_key(), self.goal.natural_key())

    natural_key.dependencies = ["planning.followup", "planning.goal"]
