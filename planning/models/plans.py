"""Regional plans with their perspectives, goals, focus areas and documents."""

from pathlib import PurePath

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Max, Q
from django.urls import reverse

from blekinge_site.languages import slug_now
from pages.publishing.ordered import Ordered
from pages.publishing.publishable import Publishable, PublishableQuerySet, placeholder_name
from pages.publishing.slugs import ENGLISH_SLUG, BilingualSlugQuerySet
from pages.publishing.uploads import MAX_MEGABYTES, check_document

SLUG_HELP = "Görs av namnet: ordet i webbadressen. Ligger fast när planen är publicerad."
ANCHOR_HELP = "Görs av namnet. Länkar hit slutar på #ordet."


class RegionalPlanQuerySet(PublishableQuerySet):
    def get_by_natural_key(self, first_year, last_year):
        return self.get(first_year=first_year, last_year=last_year, version=1)


class RegionalPlan(Publishable):
    IDENTITY = ("first_year", "last_year")
    PARTS = ("perspectives", "budgets", "documents", "follow_ups")

    first_year = models.PositiveSmallIntegerField(
        "första året", help_text="Står i rubriken och i webbadressen, till exempel 2019."
    )
    last_year = models.PositiveSmallIntegerField(
        "sista året", help_text="Efter det året visas att planen inte längre gäller."
    )
    title = models.CharField(
        "rubrik",
        max_length=200,
        help_text="Utan år: åren läggs till efter rubriken.",
    )
    lead = models.TextField("ingress", help_text="Visas stort under rubriken.")
    body = models.TextField(
        "om planen", blank=True, help_text="Stycken före perspektiven. En rad är ett stycke."
    )
    introduction = models.TextField(
        "inledning till perspektiven",
        blank=True,
        help_text="Visas under rubriken ”Regionplanen” och åren. En rad är ett stycke.",
    )
    decided_on = models.DateField(
        "beslutad den", null=True, blank=True, help_text="Lämna tomt om dagen inte är känd."
    )
    decided_by = models.CharField(
        "beslutad av", max_length=200, blank=True, help_text="Till exempel regionfullmäktige."
    )
    successor = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="predecessors",
        limit_choices_to={"version": 1},
        verbose_name="ersatt av",
        help_text="Planen som gäller i stället. Besökare får en länk dit.",
    )

    objects = RegionalPlanQuerySet.as_manager()

    class Meta(Publishable.Meta):
        ordering = ["-first_year", "-last_year"]
        verbose_name = "regionplan"
        verbose_name_plural = "regionplaner"
        constraints = [
            *Publishable.Meta.constraints,
            models.CheckConstraint(
                name="plan_period_is_ordered",
                condition=Q(last_year__gte=F("first_year")),
                violation_error_message="Sista året kan inte vara före första året.",
            ),
            models.CheckConstraint(
                name="plan_years_have_four_digits",
                condition=Q(first_year__range=(1000, 9999), last_year__range=(1000, 9999)),
                violation_error_message="Skriv året med fyra siffror.",
            ),
            models.UniqueConstraint(
                fields=["first_year", "last_year", "version"],
                name="plan_period_is_unique",
                violation_error_message="Det finns redan en regionplan för de åren.",
            ),
            models.CheckConstraint(
                name="plan_does_not_succeed_itself",
                condition=Q(successor__isnull=True) | ~Q(successor=F("pk")),
                violation_error_message="En plan kan inte ersätta sig själv.",
            ),
        ]

    def __str__(self):
        return f"{self.title} {self.period}"

    def get_absolute_url(self):
        return reverse("planning:plan", args=[self.natural_key()])

    def clean(self):
        super().clean()
        seen, plan = {self.natural_key()}, self.successor
        while plan is not None:
            if plan.natural_key() in seen:
                raise ValidationError("Planerna ersätter varandra i en ring. Ändra ”ersatt av”.")
            seen.add(plan.natural_key())
            plan = plan.versions().first().successor
        if self.pk and self.first_year and self.last_year:
            for name, parts in (("budget", self.budgets), ("uppföljning", self.follow_ups)):
                outside = parts.exclude(year__range=(self.first_year, self.last_year))
                years = ", ".join(str(year) for year in outside.values_list("year", flat=True))
                if years:
                    raise ValidationError(f"Planen har {name} för år utanför perioden: {years}.")

    def natural_key(self):
        return (self.first_year, self.last_year)

    @property
    def period(self):
        """The years as displayed: 2019–2021, or 2019 for a plan of one year."""
        if self.first_year == self.last_year:
            return str(self.first_year)
        return f"{self.first_year}\N{EN DASH}{self.last_year}"


class PerspectiveQuerySet(BilingualSlugQuerySet):
    def get_by_natural_key(self, first_year, last_year, slug):
        plan = RegionalPlan.objects.get_by_natural_key(first_year, last_year)
        return self.get(plan=plan, slug=slug)


class Perspective(Ordered):
    PARENT_FIELD = "plan"
    PARTS = ("goals",)

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
        help_text="Med liten bokstav, som det står efter ordet Perspektiv.",
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
        perspective = Perspective.objects.get_by_natural_key(first_year, last_year, perspective)
        return self.get(perspective=perspective, slug=slug)


class Goal(Ordered):
    PARENT_FIELD = "perspective"
    PARTS = ("focus_areas",)

    perspective = models.ForeignKey(
        Perspective,
        models.CASCADE,
        verbose_name="perspektiv",
        help_text="Perspektivet som målet hör till.",
    )
    slug = models.SlugField("adressord", max_length=100, help_text=ANCHOR_HELP)
    name = models.CharField("namn", max_length=300, help_text="Inriktningsmålet, utan punkt.")
    description = models.TextField(
        "beskrivning", blank=True, help_text="Visas under namnet. En rad är ett stycke."
    )

    objects = GoalQuerySet.as_manager()

    class Meta(Ordered.Meta):
        verbose_name = "inriktningsmål"
        verbose_name_plural = "inriktningsmål"
        default_related_name = "goals"
        constraints = [
            *Ordered.Meta.constraints,
            models.UniqueConstraint(
                fields=["perspective", "slug"],
                name="goal_slug_is_unique_in_perspective",
                violation_error_message="Ett annat mål i perspektivet har samma adressord.",
            ),
        ]

    def __str__(self):
        return self.name or placeholder_name(self)

    def get_absolute_url(self):
        return f"{self.perspective.get_absolute_url()}#{self.slug}"

    def natural_key(self):
        return (*self.perspective.natural_key(), self.slug)

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
        verbose_name="inriktningsmål",
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


class PlanDocumentQuerySet(models.QuerySet):
    def get_by_natural_key(self, first_year, last_year, position):
        plan = RegionalPlan.objects.get_by_natural_key(first_year, last_year)
        return self.filter(plan=plan, position=position).earliest("pk")


class PlanDocument(Ordered):
    PARENT_FIELD = "plan"

    plan = models.ForeignKey(
        RegionalPlan,
        models.CASCADE,
        verbose_name="regionplan",
        help_text="Planen vars sida länkar till dokumentet.",
    )
    title = models.CharField("titel", max_length=200, help_text="Länkens text.")
    file = models.FileField(
        "fil",
        upload_to="dokument/",
        max_length=200,
        validators=[check_document],
        help_text=f"Besökare laddar ner den. Helst en pdf, högst {MAX_MEGABYTES} MB. "
        "Filens slag visas i länken.",
    )
    # Part of the address. A document keeps its number in all versions of the plan.
    number = models.PositiveIntegerField("nummer", editable=False)

    objects = PlanDocumentQuerySet.as_manager()

    class Meta(Ordered.Meta):
        verbose_name = "dokument"
        verbose_name_plural = "dokument"
        default_related_name = "documents"
        constraints = [
            *Ordered.Meta.constraints,
            models.UniqueConstraint(
                fields=["plan", "number"], name="document_number_is_unique_in_plan"
            ),
        ]

    def __str__(self):
        return self.title or placeholder_name(self)

    def save(self, *args, **kwargs):
        if self.number is None:
            documents = PlanDocument.objects.filter(plan__in=self.plan.versions())
            self.number = (documents.aggregate(last=Max("number"))["last"] or 0) + 1
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("planning:document", args=[self.plan.natural_key(), self.number])

    def natural_key(self):
        return (*self.plan.natural_key(), self.position)

    natural_key.dependencies = ["planning.regionalplan"]

    @property
    def file_type(self):
        """The extension of the file name without its dot, such as pdf. Empty if there is none."""
        return PurePath(self.file.name).suffix.removeprefix(".").lower()
