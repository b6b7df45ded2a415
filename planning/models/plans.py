"""Regional plans with their documents and decisions."""

import re
from pathlib import PurePath

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, Max, OuterRef, Q
from django.urls import reverse

from pages.publishing.ordered import Ordered
from pages.publishing.publishable import Publishable, PublishableQuerySet, placeholder_name
from pages.publishing.uploads import MAX_MEGABYTES, check_document


class RegionalPlanQuerySet(PublishableQuerySet):
    def get_by_natural_key(self, first_year, last_year):
        return self.get(first_year=first_year, last_year=last_year, version=1)

    def with_is_proposal(self):
        """Annotate each plan with `is_proposal`: whether it has been proposed but not decided."""
        decisions = Decision.objects.filter(plan=OuterRef("pk"))
        proposals = decisions.filter(kind=Decision.Kind.PROPOSED)
        others = decisions.exclude(kind=Decision.Kind.PROPOSED)
        return self.annotate(is_proposal=Exists(proposals) & ~Exists(others))


class RegionalPlan(Publishable):
    IDENTITY = ("first_year", "last_year")
    PARTS = ("perspectives", "goals", "budgets", "documents", "decisions", "follow_ups")

    first_year = models.PositiveSmallIntegerField(
        "första året", help_text="Står i rubriken och i webbadressen, till exempel 2019."
    )
    last_year = models.PositiveSmallIntegerField(
        "sista året", help_text="Efter det året visas att planen inte längre gäller."
    )
    title = models.CharField(
        "rubrik",
        max_length=200,
        help_text="Åren läggs till efter rubriken, om den inte redan innehåller dem.",
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
    perspective_label = models.CharField(
        "ord för perspektiv",
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text="Vad planen kallar ett perspektiv, till exempel målområde. Tomt blir perspektiv.",
    )
    perspective_label_plural = models.CharField(
        "ord för flera perspektiv",
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text="Till exempel målområden. Tomt blir perspektiv.",
    )
    goal_label = models.CharField(
        "ord för mål",
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text="Vad planen kallar ett mål, till exempel effektmål. Tomt blir inriktningsmål.",
    )
    goal_label_plural = models.CharField(
        "ord för flera mål",
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text="Till exempel effektmål. Tomt blir inriktningsmål.",
    )
    focus_areas_label = models.CharField(
        "mening före insatsområdena",
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="Tomt blir: Följande insatsområden är viktiga för att nå målet:",
    )
    is_leading = models.BooleanField(
        "leder",
        default=False,
        db_default=False,
        help_text="När flera planer gäller samtidigt visas den som leder på startsidan.",
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

    copied_from = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name="kopierad från",
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
        return f"{self.title}{self.years_to_add(self.title)}"

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

    @property
    def is_called_regional_plan(self):
        """Whether pages may call the plan "regionplanen"; a plan called Budget 2024 is just "planen"."""
        return "regionplan" in (self.title_sv or "").lower()

    def years_to_add(self, title):
        """Return what to add to `title`: the period, or an empty string if it has the first and last year.

        A comma comes first if the title ends with a number: Budget 2024, 2024–2027.
        """
        years = {int(year) for year in re.findall(r"(?<!\d)\d{4}(?!\d)", title)}
        if years >= {self.first_year, self.last_year}:
            return ""
        return f"{',' if title[-1:].isdigit() else ''} {self.period}"


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


class DecisionQuerySet(models.QuerySet):
    def get_by_natural_key(self, first_year, last_year, position):
        plan = RegionalPlan.objects.get_by_natural_key(first_year, last_year)
        return self.filter(plan=plan, position=position).earliest("pk")


class Decision(Ordered):
    """A decision about a plan. Those that revise it come after the one that decided it."""

    PARENT_FIELD = "plan"

    class Kind(models.TextChoices):
        PROPOSED = "proposed", "Föreslagen"
        DECIDED = "decided", "Beslutad"
        REVISED = "revised", "Reviderad"

    plan = models.ForeignKey(
        RegionalPlan,
        models.CASCADE,
        verbose_name="regionplan",
        help_text="Planen som beslutet gäller.",
    )
    kind = models.CharField(
        "beslut",
        max_length=10,
        choices=Kind,
        default=Kind.DECIDED,
        help_text="En plan som bara är föreslagen visas som ett förslag.",
    )
    decided_on = models.DateField(
        "dag", null=True, blank=True, help_text="Lämna tomt om dagen inte är känd."
    )
    decided_by = models.CharField(
        "av", max_length=200, blank=True, help_text="Till exempel regionfullmäktige."
    )
    document = models.ForeignKey(
        PlanDocument,
        models.SET_NULL,
        null=True,
        blank=True,
        verbose_name="dokument",
        help_text="Ett av planens dokument, till exempel protokollet. Visas som en länk.",
    )

    objects = DecisionQuerySet.as_manager()

    class Meta(Ordered.Meta):
        verbose_name = "beslut"
        verbose_name_plural = "beslut"
        default_related_name = "decisions"
        constraints = Ordered.Meta.constraints

    def __str__(self):
        return " ".join(filter(None, [self.get_kind_display(), self.decided_by]))

    def get_absolute_url(self):
        return self.plan.get_absolute_url()

    def clean(self):
        if self.document_id and self.plan_id and self.document.plan_id != self.plan_id:
            raise ValidationError({"document": "Dokumentet hör till en annan plan."})

    def natural_key(self):
        return (*self.plan.natural_key(), self.position)

    natural_key.dependencies = ["planning.plandocument"]
