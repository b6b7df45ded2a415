"""Import and export of the budget lines and focus areas of a plan."""

from collections import Counter, defaultdict

from django.core.exceptions import ValidationError
from django.utils.text import slugify

from pages.exchange.resources import Amount, Choice, Column, Count, PartResource, Text
from planning.models import BudgetLine, FocusArea, Goal
from planning.models.budgets import SECOND_RESULT_MESSAGE


class BudgetLineResource(PartResource):
    slug = "budgetrader"
    parent = "budget"
    key_name = "år och kod"
    help_text = (
        "En rad med samma år och kod som en budgetrad som redan finns ändrar den. Utan kod görs koden "
        "av namnet. Utan ordning kommer en ny rad sist. Utan slag är den en post. Planen ska ha en "
        "budget för året."
    )
    year = Column("budget__year", "År", Count(), required=True, readonly=True)
    code = Column("code", "Kod", Text(), readonly=True)
    name_sv = Column("name_sv", "Namn", Text(), required=True)
    name_en = Column("name_en", "Namn på engelska", Text())
    kind = Column("kind", "Slag", Choice(BudgetLine.Kind), saves_null_values=False)
    amount_msek = Column("amount_msek", "Belopp (mnkr)", Amount(), required=True)
    outcome_msek = Column("outcome_msek", "Utfall (mnkr)", Amount())
    position = Column("position", "Ordning", Count(least=1), saves_null_values=False)

    class Meta:
        model = BudgetLine

    def __init__(self, plan):
        super().__init__(plan)
        self.budgets = {budget.year: budget for budget in plan.budgets.all()}
        self.results = {
            line.budget_id: line for line in self.parts if line.kind == BudgetLine.Kind.RESULT
        }

    def get_queryset(self):
        lines = BudgetLine.objects.filter(budget__plan=self.publishable).select_related("budget")
        return lines.order_by("budget__year", "position", "pk")

    def key(self, part):
        return part.budget_id, part.code

    def part_from(self, row):
        year = self.read("year", row)
        if year not in self.budgets:
            raise ValidationError({"year": f"Planen har ingen budget för {year}."})
        budget = self.budgets[year]
        code = self.read("code", row) or slugify(self.read("name_sv", row))[:100]
        return BudgetLine(budget=budget, code=code, position=self.last_position[budget.pk] + 1)

    def name(self, part):
        return f"{part.budget}: {part}"

    def validate_instance(self, instance, import_validation_errors=None, validate_unique=True):
        errors = dict(import_validation_errors or {})
        is_result = instance.kind == BudgetLine.Kind.RESULT
        if is_result and self.results.setdefault(instance.budget_id, instance) is not instance:
            errors["kind"] = ValidationError(SECOND_RESULT_MESSAGE)
        super().validate_instance(instance, errors, validate_unique)


def lowercase_name(obj):
    return (obj.name_sv or "").lower()


def by_label(objects):
    """Return `{label: object}`. The labels of an object are its slug and, if unique, its lowercase name."""
    counts = Counter(lowercase_name(obj) for obj in objects)
    by_name = {lowercase_name(obj): obj for obj in objects if counts[lowercase_name(obj)] == 1}
    return by_name | {obj.slug: obj for obj in objects}


def label_for(obj, labels):
    """Return the name of `obj` if it identifies `obj` in `labels`, from `by_label`; otherwise its slug."""
    name = lowercase_name(obj)
    return obj.name_sv if name and labels.get(name) == obj else obj.slug


class FocusAreaResource(PartResource):
    slug = "insatsomraden"
    parent = "goal"
    key_name = "mål och ordning"
    help_text = (
        "En rad med samma mål och ordning som ett insatsområde som redan finns ändrar det. En rad utan "
        "ordning läggs till sist. Perspektivet och målet ska finnas i planen och skrivs som de heter "
        "på svenska, eller med sina adressord."
    )
    perspective = Column(None, "Perspektiv", Text(), required=True)
    goal = Column(None, "Mål", Text(), required=True)
    position = Column("position", "Ordning", Count(least=1), readonly=True)
    text_sv = Column("text_sv", "Insatsområde", Text(), required=True)
    text_en = Column("text_en", "Insatsområde på engelska", Text())

    class Meta:
        model = FocusArea

    def __init__(self, plan):
        super().__init__(plan)
        self.perspectives = by_label(plan.perspectives.all())
        goals = defaultdict(list)
        for goal in Goal.objects.filter(perspective__plan=plan):
            goals[goal.perspective_id].append(goal)
        self.goals = {perspective_id: by_label(goals[perspective_id]) for perspective_id in goals}

    def get_queryset(self):
        areas = FocusArea.objects.filter(goal__perspective__plan=self.publishable)
        parents = ["goal__perspective__position", "goal__perspective", "goal__position", "goal"]
        return areas.select_related("goal__perspective").order_by(*parents, "position", "pk")

    def key(self, part):
        return part.goal_id, part.position

    def part_from(self, row):
        perspective = self.look_up("perspective", row, self.perspectives)
        goal = self.look_up("goal", row, self.goals.get(perspective.pk, {}))
        position = self.read("position", row) or self.last_position[goal.pk] + 1
        return FocusArea(goal=goal, position=position)

    def look_up(self, column, row, labels):
        """Return the object in `labels` that `row` refers to in `column`."""
        label = self.read(column, row)
        if label.lower() not in labels:
            raise ValidationError({column: f"Planen har inget, eller flera, som heter ”{label}”."})
        return labels[label.lower()]

    def dehydrate_perspective(self, area):
        return label_for(area.goal.perspective, self.perspectives)

    def dehydrate_goal(self, area):
        return label_for(area.goal, self.goals[area.goal.perspective_id])
