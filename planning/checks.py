"""Checks of a plan before it is published, in addition to those of its texts in pages.publishing.findings."""

from pages.publishing.findings import Finding, checks, text_in
from planning.copied_texts import copied_text_findings
from planning.labels import label_text, lower_first
from planning.models import Budget, BudgetTable, PlanDocument, RegionalPlan
from planning.sums import sums_of


@checks(RegionalPlan)
def check_plan(plan):
    if not plan.perspectives.all() and not plan.goals.all():
        yield Finding(False, "Planen har inga mål. Lägg till dem.", plan)
    for name in ("perspective_label", "goal_label"):
        for language in ("sv", "en"):
            word = text_in(plan, name, language)
            if word and not text_in(plan, f"{name}_plural", language):
                text = f"Planen säger ”{word}” om en, men inte vad flera heter. Fyll i det."
                yield Finding(False, text, plan, f"{name}_plural_{language}")
    filled = {goal.perspective_id for goal in plan.goals.all()}
    for perspective in plan.perspectives.all():
        if perspective.pk not in filled:
            goals = lower_first(label_text(plan, "goal_label_plural"))
            text = f"Här finns inga {goals}. Lägg till dem, eller ta bort ”{perspective}”."
            yield Finding(False, text, perspective)
    yield from check_leading(plan)
    yield from copied_text_findings(plan)


def check_leading(plan):
    """Yield a finding if other decided plans are in force at the same time, and none of them leads."""
    decided = RegionalPlan.objects.with_is_proposal().filter(is_proposal=False)
    if plan.successor or not decided.filter(pk=plan.pk).exists():
        return
    others = decided.published().filter(
        first_year__lte=plan.last_year, last_year__gte=plan.first_year, successor=None
    )
    others = [other for other in others if other.natural_key() != plan.natural_key()]
    if others and not any(other.is_leading for other in [plan, *others]):
        names = " och ".join(str(other) for other in others)
        text = f"Samtidigt gäller {names}. Ange vilken plan som leder och visas på startsidan."
        yield Finding(False, text, plan, "is_leading")


@checks(Budget)
def check_budget(budget):
    if not budget.tables.all() and budget.tax_rate is None:
        yield Finding(False, "Budgeten är tom. Lägg till tabeller, eller ta bort den.", budget)


@checks(BudgetTable)
def check_table(table):
    lines, columns = list(table.lines.all()), list(table.columns.all())
    if not lines or not columns:
        part = "rader" if columns else "kolumner"
        yield Finding(False, f"Tabellen har inga {part}. Lägg till dem.", table)
        return
    for line in lines:
        if not line.amounts:
            yield Finding(True, "Belopp saknas. Fyll i minst ett.", line, short="Belopp saknas")
    for entry in sums_of(lines, columns, table.precision).values():
        if entry.adds_up is False:
            text = (
                f"”{entry.line}” stämmer inte med sina poster, även om de är avrundade. "
                "Jämför beloppen med beslutet."
            )
            yield Finding(False, text, entry.line, short="Summa avviker")


@checks(PlanDocument)
def check_document(document):
    file = document.file
    if not file or not file.storage.exists(file.name):
        yield Finding(True, "Filen saknas. Ladda upp den igen.", document, "file", "Fil saknas")
