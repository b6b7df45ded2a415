"""What of a plan can be imported and exported: budget lines and focus areas."""

from collections import Counter, defaultdict

from django.core.exceptions import ValidationError
from django.utils.text import slugify

from pages.exchange.resources import Amount, Choice, Column, Count, PartResource, Text
from planning.models import BudgetLine, FocusArea, Goal


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
            errors["kind"] = ValidationError("Budgeten har redan en rad för resultatet.")
        super().validate_instance(instance, errors, validate_unique)


def by_word(things):
    """Return `{word: thing}` for what a cell may call each: its slug, or a name that no other has."""
    names = Counter(called(thing) for thing in things)
    named = {called(thing): thing for thing in things if names[called(thing)] == 1}
    return named | {thing.slug: thing for thing in things}


def called(thing):
    return (thing.name_sv or "").lower()


def word_for(thing, words):
    """Return the name of `thing` where `words`, as `by_word` gives them, know it by that; else its slug."""
    is_known = bool(called(thing)) and words.get(called(thing)) == thing
    return thing.name_sv if is_known else thing.slug


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
        self.perspectives = by_word(plan.perspectives.all())
        goals = defaultdict(list)
        for goal in Goal.objects.filter(perspective__plan=plan):
            goals[goal.perspective_id].append(goal)
        self.goals = {perspective: by_word(goals) for perspective, goals in goals.items()}

    def get_queryset(self):
        areas = FocusArea.objects.filter(goal__perspective__plan=self.publishable)
        place = ["goal__perspective__position", "goal__perspective", "goal__position", "goal"]
        return areas.select_related("goal__perspective").order_by(*place, "position", "pk")

    def key(self, part):
        return part.goal_id, part.position

    def part_from(self, row):
        perspective = self.found("perspective", row, self.perspectives)
        goal = self.found("goal", row, self.goals.get(perspective.pk, {}))
        position = self.read("position", row) or self.last_position[goal.pk] + 1
        return FocusArea(goal=goal, position=position)

    def found(self, name, row, words):
        """Return the one of `words` that `row` names in column `name`."""
        word = self.read(name, row)
        if word.lower() not in words:
            raise ValidationError({name: f"Planen har inget, eller flera, som heter ”{word}”."})
        return words[word.lower()]

    def dehydrate_perspective(self, area):
        return word_for(area.goal.perspective, self.perspectives)

    def dehydrate_goal(self, area):
        return word_for(area.goal, self.goals[area.goal.perspective_id])
