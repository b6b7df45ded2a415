"""Checks of a plan before it is published, in addition to those of its texts in pages.publishing.findings."""

from pages.publishing.findings import Finding, checks
from planning.charts import waterfall
from planning.models import Budget, Goal, Perspective, PlanDocument, RegionalPlan


@checks(RegionalPlan)
def check_plan(plan):
    if not plan.perspectives.all():
        yield Finding(False, "Planen har inga perspektiv. Lägg till dem.", plan)


@checks(Perspective)
def check_perspective(perspective):
    if not perspective.goals.all():
        text = "Perspektivet har inga inriktningsmål. Lägg till dem, eller ta bort perspektivet."
        yield Finding(False, text, perspective)


@checks(Goal)
def check_goal(goal):
    if not goal.focus_areas.all():
        text = "Målet har inga insatsområden. Lägg till dem, om det ska ha några."
        yield Finding(False, text, goal)


@checks(Budget)
def check_budget(budget):
    lines = list(budget.lines.all())
    if not lines:
        yield Finding(False, "Budgeten har inga rader. Lägg till dem.", budget)
        return
    if not any(line.kind == line.Kind.RESULT for line in lines):
        text = "Budgeten har ingen rad för resultatet. Ge den sista raden slaget Resultat."
        yield Finding(False, text, budget)
    for line in lines:
        if line.amount_msek is None:
            yield Finding(True, "Belopp saknas. Fyll i det.", line, "amount_msek")
    for bar in waterfall(line for line in lines if line.amount_msek is not None):
        if not bar.adds_up:
            text = (
                f"”{bar.line}” stämmer inte med sina poster, även om de är avrundade. "
                "Jämför beloppen med beslutet."
            )
            yield Finding(False, text, bar.line, "amount_msek")


@checks(PlanDocument)
def check_document(document):
    file = document.file
    if not file or not file.storage.exists(file.name):
        yield Finding(True, "Filen saknas. Ladda upp den igen.", document, "file")
