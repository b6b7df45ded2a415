"""The perspectives, goals and focus areas of a plan."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from blekinge_site.languages import slug_now
from pages.publishing.ordered import Ordered
from pages.publishing.publishable import placeholder_name
from pages.publishing.slugs import ENGLISH_SLUG, BilingualSlugQuerySet
from planning.models.plans import RegionalPlan

SLUG_HELP = "Görs av namnet: ordet i webbadressen. Ligger fast när planen är publicerad."
ANCHOR_HELP = "Görs av namnet. Länkar hit slutar på #ordet."


class PerspectiveQuerySet(BilingualSlugQuerySet):
    def get_by_natural_key(self, first_year, last_year, slug):
        plan = RegionalPlan.objects.get_by_natural_key(first_year, last_year)
        return self.get(plan=plan, slug=slug)


class Perspective(Ordered):
    PARENT_FIELD = "plan"

    plan = models.ForeignKey(
        RegionalPlan,
        models.CASCADE,
        verbose_name="regionplan",
        help_text="Planen som perspektivet hör till.",
    )
    slug = models.SlugField("adress på svenska", max_length=100, help_text=SLUG_HELP)
    slug_en = models.SlugField(
        "adress på engelska",
        max_length=100,
        blank=True,
        help_text="Ordet i den engelska webbadressen. Utan det används det svenska.",
    )
    name = models.CharField(
        "namn",
        max_length=200,
        help_text="Med liten bokstav, som det står efter planens ord för perspektiv.",
    )
    description = models.TextField(
        "beskrivning", blank=True, help_text="Visas under namnet. En rad är ett stycke."
    )

    objects = PerspectiveQuerySet.as_manager()

    class Meta(Ordered.Meta):
        verbose_name = "perspektiv"
        verbose_name_plural = "perspektiv"
        default_related_name = "perspectives"
        constraints = [
            *Ordered.Meta.constraints,
            models.UniqueConstraint(
                fields=["plan", "slug"],
                name="perspective_slug_is_unique_in_plan",
                violation_error_message="Ett annat perspektiv i planen har samma adress.",
            ),
            models.UniqueConstraint(
                "plan",
                ENGLISH_SLUG,
                name="perspective_english_slug_is_unique_in_plan",
                violation_error_message="Ett annat perspektiv i planen har samma adress.",
            ),
            models.CheckConstraint(
                name="perspective_slug_is_not_a_budgets",
                condition=~Q(slug__startswith="budget-") & ~Q(slug_en__startswith="budget-"),
                violation_error_message="Adresser som börjar på budget- hör till budgetarna.",
            ),
        ]

    def __str__(self):
        return self.name or placeholder_name(self)

    def get_absolute_url(self):
        return reverse("planning:perspective", args=[self.plan.natural_key(), slug_now(self)])

    def natural_key(self):
        return (*self.plan.natural_key(), self.slug)

    natural_key.dependencies = ["planning.regionalplan"]


class GoalQuerySet(models.QuerySet):
    def get_by_natural_key(self, first_year, last_year, perspective, slug):
        plan = RegionalPlan.objects.get_by_natural_key(first_year, last_year)
        if not perspective:
            return self.get(plan=plan, perspective=None, slug=slug)
        return self.get(plan=plan, perspective__slug=perspective, slug=slug)


class Goal(Ordered):
    """A goal of a plan, in one of its perspectives or directly in the plan."""

    PARENT_FIELD = "plan"
    ORDERED_WITHIN = ("plan", "perspective")
    PARTS = ("focus_areas", "indicators")

    plan = models.ForeignKey(
        RegionalPlan,
        models.CASCADE,
        null=True,
        verbose_name="regionplan",
        help_text="Planen som målet hör till.",
    )
    perspective = models.ForeignKey(
        Perspective,
        models.CASCADE,
        null=True,
        blank=True,
        verbose_name="perspektiv",
        help_text="Lämna tomt om målet ligger direkt i planen.",
    )
    slug = models.SlugField("adressord", max_length=100, help_text=ANCHOR_HELP)
    name = models.CharField("namn", max_length=300, help_text="Målet, utan punkt.")
    description = models.TextField(
        "beskrivning", blank=True, help_text="Visas under namnet. En rad är ett stycke."
    )

    objects = GoalQuerySet.as_manager()

    class Meta(Ordered.Meta):
        # Goals directly in the plan come before those in its perspectives.
        ordering = [F("perspective__position").asc(nulls_first=True), "position", "pk"]
        verbose_name = "mål"
        verbose_name_plural = "mål"
        default_related_name = "goals"
        constraints = [
            *Ordered.Meta.constraints,
            models.UniqueConstraint(
                fields=["perspective", "slug"],
                name="goal_slug_is_unique_in_perspective",
                violation_error_message="Ett annat mål i perspektivet har samma adressord.",
            ),
            models.UniqueConstraint(
                fields=["plan", "slug"],
                condition=Q(perspective__isnull=True),
                name="goal_slug_is_unique_in_plan",
                violation_error_message="Ett annat mål i planen har samma adressord.",
            ),
        ]

    def __str__(self):
        return self.name or placeholder_name(self)

    def get_absolute_url(self):
        return f"{(self.perspective or self.plan).get_absolute_url()}#{self.slug}"

    def clean(self):
        if self.perspective_id and self.plan_id and self.perspective.plan_id != self.plan_id:
            raise ValidationError({"perspective": "Perspektivet hör till en annan plan."})

    def natural_key(self):
        return (
            *self.plan.natural_key(),
            self.perspective.slug if self.perspective else "",
            self.slug,
        )

    natural_key.dependencies = ["planning.perspective"]


class FocusAreaQuerySet(models.QuerySet):
    def get_by_natural_key(self, first_year, last_year, perspective, goal, position):
        goal = Goal.objects.get_by_natural_key(first_year, last_year, perspective, goal)
        return self.filter(goal=goal, position=position).earliest("pk")


class FocusArea(Ordered):
    PARENT_FIELD = "goal"

    goal = models.ForeignKey(
        Goal,
        models.CASCADE,
        verbose_name="mål",
        help_text="Målet som insatsområdet hör till.",
    )
    text = models.TextField("text", help_text="Insatsområdet, med punkt.")

    objects = FocusAreaQuerySet.as_manager()

    class Meta(Ordered.Meta):
        verbose_name = "insatsområde"
        verbose_name_plural = "insatsområden"
        default_related_name = "focus_areas"
        constraints = Ordered.Meta.constraints

    def __str__(self):
        return self.text or placeholder_name(self)

    def get_absolute_url(self):
        return self.goal.get_absolute_url()

    def natural_key(self):
        return (*self.goal.natural_key(), self.position)

    natural_key.dependencies = ["planning.goal"]
