"""The budgets of a plan with their lines, and the yearly follow-ups."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from pages.publishing.ordered import Ordered
from pages.publishing.publishable import Part, placeholder_name
from planning.models.plans import Goal, RegionalPlan


class YearOfPlanQuerySet(models.QuerySet):
    def get_by_natural_key(self, first_year, last_year, year):
        plan = RegionalPlan.objects.get_by_natural_key(first_year, last_year)
        return self.get(plan=plan, year=year)


class YearOfPlan(Part):
    """A part of a plan for one of its years, shown on the page of that year's budget."""

    PARENT_FIELD = "plan"

    objects = YearOfPlanQuerySet.as_manager()

    class Meta:
        abstract = True

    def get_absolute_url(self):
        return reverse("planning:budget", args=[self.plan.natural_key(), self.year])

    def clean(self):
        if self.year is None or self.plan_id is None:
            return
        if not self.plan.first_year <= self.year <= self.plan.last_year:
            raise ValidationError(f"Planen gäller {self.plan.period}: välj ett av de åren.")

    def natural_key(self):
        return (*self.plan.natural_key(), self.year)

    natural_key.dependencies = ["planning.regionalplan"]


class Budget(YearOfPlan):
    PARTS = ("lines",)

    plan = models.ForeignKey(
        RegionalPlan,
        models.CASCADE,
        verbose_name="regionplan",
        help_text="Planen som budgeten hör till.",
    )
    year = models.PositiveSmallIntegerField(
        "år", help_text="Ett av planens år. Står i rubriken och i webbadressen."
    )
    unit = models.CharField(
        "enhet", max_length=50, help_text="Beloppens enhet i klartext: miljoner kronor."
    )
    introduction = models.TextField(
        "inledning", blank=True, help_text="Visas före diagrammet. En rad är ett stycke."
    )
    decided_on = models.DateField(
        "beslutad den", null=True, blank=True, help_text="Lämna tomt om dagen inte är känd."
    )

    class Meta:
        ordering = ["year"]
        verbose_name = "budget"
        verbose_name_plural = "budgetar"
        default_related_name = "budgets"
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "year"],
                name="budget_year_is_unique_in_plan",
                violation_error_message="Planen har redan en budget för det året.",
            ),
            models.CheckConstraint(
                name="budget_year_has_four_digits",
                condition=Q(year__range=(1000, 9999)),
                violation_error_message="Skriv året med fyra siffror.",
            ),
        ]

    def __str__(self):
        return f"Budget {self.year}"


SECOND_RESULT_MESSAGE = "Budgeten har redan en rad för resultatet."


class BudgetLineQuerySet(models.QuerySet):
    def with_amounts(self):
        """Return the lines that have an amount. In drafts, amounts may be missing."""
        return self.filter(amount_msek__isnull=False)

    def get_by_natural_key(self, first_year, last_year, year, code):
        budget = Budget.objects.get_by_natural_key(first_year, last_year, year)
        return self.get(budget=budget, code=code)


class BudgetLine(Ordered):
    PARENT_FIELD = "budget"

    class Kind(models.TextChoices):
        ITEM = "item", "Post"
        SUBTOTAL = "subtotal", "Delsumma"
        RESULT = "result", "Resultat"

    budget = models.ForeignKey(
        Budget, models.CASCADE, verbose_name="budget", help_text="Budgeten som raden hör till."
    )
    code = models.SlugField(
        "kod",
        max_length=100,
        help_text="Görs av namnet. Samma rad bör ha samma kod varje år.",
    )
    name = models.CharField(
        "namn", max_length=200, help_text="Radens namn i tabellen och diagrammet."
    )
    kind = models.CharField(
        "slag",
        max_length=10,
        choices=Kind,
        default=Kind.ITEM,
        help_text="En delsumma räknas inte med i resultatet. En budget har ett resultat.",
    )
    amount_msek = models.DecimalField(
        "belopp, mnkr",
        max_digits=12,
        decimal_places=1,
        null=True,
        blank=True,
        help_text="Beslutat belopp. Kostnader skrivs med minus, till exempel −6 198,0.",
    )
    outcome_msek = models.DecimalField(
        "utfall, mnkr",
        max_digits=12,
        decimal_places=1,
        null=True,
        blank=True,
        help_text="Lämna tomt tills utfallet är känt. Visas i tabellen bredvid beloppet.",
    )

    objects = BudgetLineQuerySet.as_manager()

    class Meta(Ordered.Meta):
        verbose_name = "budgetrad"
        verbose_name_plural = "budgetrader"
        default_related_name = "lines"
        constraints = [
            *Ordered.Meta.constraints,
            models.UniqueConstraint(
                fields=["budget", "code"],
                name="budget_line_code_is_unique_in_budget",
                violation_error_message="En annan rad i budgeten har samma kod.",
            ),
            models.UniqueConstraint(
                fields=["budget"],
                condition=Q(kind="result"),
                name="budget_has_one_result",
                violation_error_message=SECOND_RESULT_MESSAGE,
            ),
        ]

    def __str__(self):
        return self.name or placeholder_name(self)

    def get_absolute_url(self):
        return self.budget.get_absolute_url()

    def natural_key(self):
        return (*self.budget.natural_key(), self.code)

    natural_key.dependencies = ["planning.budget"]


class Rating(models.TextChoices):
    SATISFACTORY = "satisfactory", _("tillfredsställande")
    NOT_FULLY = "not_fully", _("inte helt tillfredsställande")
    UNSATISFACTORY = "unsatisfactory", _("otillfredsställande")


COUNT_HELP = "Antal inriktningsmål. Lämna tomt om det inte är känt."


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
        Goal, models.CASCADE, verbose_name="inriktningsmål", help_text="Målet som bedöms."
    )
    rating = models.CharField(
        "bedömning", max_length=20, choices=Rating, help_text="Regionens egen bedömning av målet."
    )

    objects = GoalRatingQuerySet.as_manager()

    class Meta:
        ordering = ["goal__perspective__position", "goal__position", "pk"]
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
