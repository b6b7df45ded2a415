"""The budgets of a plan: one for a year, with tables of columns and lines."""

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from pages.publishing.ordered import Ordered
from pages.publishing.publishable import Part, placeholder_name
from planning.models.amounts import AmountsField
from planning.models.plans import RegionalPlan


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
    PARTS = ("tables",)

    plan = models.ForeignKey(
        RegionalPlan,
        models.CASCADE,
        verbose_name="regionplan",
        help_text="Planen som budgeten hör till.",
    )
    year = models.PositiveSmallIntegerField(
        "år", help_text="Ett av planens år. Står i rubriken och i webbadressen."
    )
    introduction = models.TextField(
        "inledning", blank=True, help_text="Visas före diagrammet. En rad är ett stycke."
    )
    decided_on = models.DateField(
        "beslutad den", null=True, blank=True, help_text="Lämna tomt om dagen inte är känd."
    )
    tax_rate = models.DecimalField(
        "skattesats",
        max_digits=4,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Kronor per 100 kronor i lön, till exempel 11,76. Lämna tomt om den inte är känd.",
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


class BudgetTableQuerySet(models.QuerySet):
    def get_by_natural_key(self, first_year, last_year, year, slug):
        budget = Budget.objects.get_by_natural_key(first_year, last_year, year)
        return self.get(budget=budget, slug=slug)


class BudgetTable(Ordered):
    """A table of a year's budget, such as the income statement or the frames per committee."""

    PARENT_FIELD = "budget"
    PARTS = ("columns", "lines")

    class Unit(models.TextChoices):
        SEK = "sek", _("kronor")
        KSEK = "ksek", _("tusen kronor")
        MSEK = "msek", _("miljoner kronor")
        BSEK = "bsek", _("miljarder kronor")

    budget = models.ForeignKey(
        Budget, models.CASCADE, verbose_name="budget", help_text="Budgeten som tabellen hör till."
    )
    slug = models.SlugField(
        "adressord", max_length=100, help_text="Görs av rubriken. Länkar hit slutar på #ordet."
    )
    title = models.CharField(
        "rubrik",
        max_length=200,
        help_text="Till exempel Resultatbudget eller Investeringar.",
    )
    unit = models.CharField(
        "enhet",
        max_length=4,
        choices=Unit,
        default=Unit.MSEK,
        help_text="Beloppens enhet, som de är beslutade. Den visas bredvid beloppen.",
    )
    decimals = models.PositiveSmallIntegerField(
        "decimaler",
        default=1,
        help_text="Antalet decimaler i de beslutade beloppen, 0 till 3.",
    )
    note = models.TextField(
        "anmärkning", blank=True, help_text="Visas under tabellen. En rad är ett stycke."
    )

    objects = BudgetTableQuerySet.as_manager()

    class Meta(Ordered.Meta):
        verbose_name = "tabell"
        verbose_name_plural = "tabeller"
        default_related_name = "tables"
        constraints = [
            *Ordered.Meta.constraints,
            models.UniqueConstraint(
                fields=["budget", "slug"],
                name="table_slug_is_unique_in_budget",
                violation_error_message="En annan tabell i budgeten har samma adressord.",
            ),
            models.CheckConstraint(
                name="table_has_at_most_three_decimals",
                condition=Q(decimals__lte=3),
                violation_error_message="Belopp har högst tre decimaler.",
            ),
        ]

    def __str__(self):
        return self.title or placeholder_name(self)

    def get_absolute_url(self):
        return f"{self.budget.get_absolute_url()}#{self.slug}"

    def natural_key(self):
        return (*self.budget.natural_key(), self.slug)

    natural_key.dependencies = ["planning.budget"]

    @property
    def precision(self):
        """One unit in the last printed decimal place, such as Decimal("0.1")."""
        return Decimal(1).scaleb(-self.decimals)


class BelongsToTableQuerySet(models.QuerySet):
    def get_by_natural_key(self, first_year, last_year, year, table, code):
        table = BudgetTable.objects.get_by_natural_key(first_year, last_year, year, table)
        return self.get(table=table, code=code)


class BudgetColumn(Ordered):
    """A column of amounts. `code` identifies it in the table and never changes."""

    PARENT_FIELD = "table"

    class Kind(models.TextChoices):
        OUTCOME = "outcome", _("Bokslut")
        FORECAST = "forecast", _("Prognos")
        BUDGET = "budget", _("Budget")
        PLAN = "plan", _("Plan")

    table = models.ForeignKey(
        BudgetTable,
        models.CASCADE,
        verbose_name="tabell",
        help_text="Tabellen som kolumnen hör till.",
    )
    code = models.SlugField("kod", max_length=40, editable=False)
    kind = models.CharField(
        "slag",
        max_length=10,
        choices=Kind,
        default=Kind.BUDGET,
        help_text="Vad beloppen är: utfall i bokslutet, prognos, budget eller plan.",
    )
    year = models.PositiveSmallIntegerField(
        "år", help_text="Året som beloppen gäller. Det kan vara utanför planens år."
    )
    last_year = models.PositiveSmallIntegerField(
        "till och med",
        null=True,
        blank=True,
        help_text="Bara om beloppen gäller flera år tillsammans, till exempel 2026–2028.",
    )
    name = models.CharField(
        "egen rubrik",
        max_length=60,
        blank=True,
        help_text="Visas i stället för slaget och året, till exempel Reviderad budget 2024.",
    )

    objects = BelongsToTableQuerySet.as_manager()

    class Meta(Ordered.Meta):
        verbose_name = "kolumn"
        verbose_name_plural = "kolumner"
        default_related_name = "columns"
        constraints = [
            *Ordered.Meta.constraints,
            models.UniqueConstraint(
                fields=["table", "code"],
                name="column_code_is_unique_in_table",
                violation_error_message="Tabellen har redan en kolumn för det året och slaget.",
            ),
            models.CheckConstraint(
                name="column_year_has_four_digits",
                condition=Q(year__range=(1000, 9999)),
                violation_error_message="Skriv året med fyra siffror.",
            ),
            models.CheckConstraint(
                name="column_years_are_ordered",
                condition=Q(last_year__isnull=True)
                | Q(last_year__gt=F("year"), last_year__lte=9999),
                violation_error_message="Skriv ett senare år än det första, eller inget.",
            ),
        ]

    def __str__(self):
        return self.name or f"{self.get_kind_display()} {self.period}"

    def get_absolute_url(self):
        return self.table.get_absolute_url()

    def natural_key(self):
        return (*self.table.natural_key(), self.code)

    natural_key.dependencies = ["planning.budgettable"]

    def code_from_heading(self):
        """Return a code made from the Swedish heading: budget-2024, plan-2026-2028."""
        with override("sv"):
            return slugify(str(self).replace("\N{EN DASH}", "-"))[:40]

    @property
    def period(self):
        """The years as displayed: 2024, or 2026–2028."""
        return f"{self.year}\N{EN DASH}{self.last_year}" if self.last_year else str(self.year)


SECOND_RESULT_MESSAGE = "Tabellen har redan en rad för resultatet."


class BudgetLine(Ordered):
    """A line of a table, with its amounts by column code; see `AmountsField`."""

    PARENT_FIELD = "table"

    class Kind(models.TextChoices):
        ITEM = "item", "Post"
        OF_WHICH = "of_which", "Varav"
        SUBTOTAL = "subtotal", "Delsumma"
        TOTAL = "total", "Summa"
        RESULT = "result", "Resultat"

    SUMS = (Kind.SUBTOTAL, Kind.TOTAL, Kind.RESULT)

    table = models.ForeignKey(
        BudgetTable,
        models.CASCADE,
        null=True,
        verbose_name="tabell",
        help_text="Tabellen som raden hör till.",
    )
    code = models.SlugField(
        "kod",
        max_length=100,
        help_text="Görs av namnet. Samma rad bör ha samma kod varje år.",
    )
    name = models.CharField(
        "namn", max_length=200, help_text="Radens namn i tabellen. Två rader kan heta lika."
    )
    kind = models.CharField(
        "slag",
        max_length=10,
        choices=Kind,
        default=Kind.ITEM,
        help_text="En varav-rad är en del av raden före. Den och summorna räknas inte in i summor.",
    )
    amounts = AmountsField(
        "belopp",
        default=dict,
        db_default={},
        blank=True,
        help_text="Beslutade belopp. Kostnader skrivs med minus, till exempel −6 198,0.",
    )

    objects = BelongsToTableQuerySet.as_manager()

    class Meta(Ordered.Meta):
        verbose_name = "budgetrad"
        verbose_name_plural = "budgetrader"
        default_related_name = "lines"
        constraints = [
            *Ordered.Meta.constraints,
            models.UniqueConstraint(
                fields=["table", "code"],
                name="budget_line_code_is_unique_in_table",
                violation_error_message="En annan rad i tabellen har samma kod.",
            ),
            models.UniqueConstraint(
                fields=["table"],
                condition=Q(kind="result"),
                name="table_has_one_result",
                violation_error_message=SECOND_RESULT_MESSAGE,
            ),
        ]

    def __str__(self):
        return self.name or placeholder_name(self)

    def get_absolute_url(self):
        return self.table.get_absolute_url()

    def natural_key(self):
        return (*self.table.natural_key(), self.code)

    natural_key.dependencies = ["planning.budgettable"]

    @property
    def is_sum(self):
        return self.kind in self.SUMS

    def decimal_amounts(self):
        """Return the amounts that are numbers, in no particular order."""
        return [amount for amount in self.amounts.values() if isinstance(amount, Decimal)]

    def amount(self, column):
        """Return the amount in `column`, a BudgetColumn: a Decimal, NONE or None if it is missing."""
        return self.amounts.get(column.code)
