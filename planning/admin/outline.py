"""The outline of a plan: the page where all its parts are edited."""

from django.utils.text import capfirst

from pages.editing.outline import Addition, Row, Section
from planning.labels import label_text, lower_first
from planning.models import Budget, BudgetTable, FollowUp, Goal, Indicator, Perspective

PLAN_DETAIL = "Rubrik, ingress, inledning, planens egna ord, beslut, dokument, ansvar"


def counted(number, one, several):
    """Return the number with its noun: 1 mål, 3 insatsområden. Zero gives an empty string."""
    return f"{number} {one if number == 1 else several}" if number else ""


def plan_sections(plan):
    """Return the sections of the outline of `plan`, whose parts have been prefetched."""
    perspectives = list(plan.perspectives.all())
    goals = list(plan.goals.all())
    goal_word = lower_first(label_text(plan, "goal_label"))
    perspective_word = lower_first(label_text(plan, "perspective_label"))
    direct = [
        goal_row(goal, str(number), perspectives)
        for number, goal in enumerate((g for g in goals if g.perspective_id is None), start=1)
    ]
    rows = [
        perspective_row(perspective, number, goals, perspectives, goal_word)
        for number, perspective in enumerate(perspectives, start=1)
    ]
    without = f" utan {perspective_word}" if perspectives else ""
    heading = capfirst(lower_first(label_text(plan, "goal_label_plural")))
    if perspectives:
        heading = f"{capfirst(label_text(plan, 'perspective_label_plural'))} och {heading.lower()}"
    return [
        Section("", [Row(plan, "Om planen", PLAN_DETAIL)]),
        Section(
            heading,
            [*direct, *rows],
            [
                Addition(f"Lägg till {perspective_word}", Perspective, {"plan": plan}),
                Addition(f"Lägg till {goal_word}{without}", Goal, {"plan": plan}),
            ],
        ),
        Section(
            "Budget och uppföljning",
            [
                *(budget_row(budget) for budget in plan.budgets.all()),
                *(Row(entry, str(entry)) for entry in plan.follow_ups.all()),
            ],
            [
                Addition("Lägg till budget", Budget, {"plan": plan}),
                Addition("Lägg till uppföljning", FollowUp, {"plan": plan}),
            ],
        ),
    ]


def perspective_row(perspective, number, goals, perspectives, goal_word):
    own = [goal for goal in goals if goal.perspective_id == perspective.pk]
    plan = perspective.plan
    return Row(
        perspective,
        capfirst(str(perspective)),
        capfirst(perspective.name_en or ""),
        str(number),
        counted(len(own), goal_word, lower_first(label_text(plan, "goal_label_plural"))),
        form_name="Namn och beskrivning",
        rows=[
            goal_row(goal, f"{number}.{index}", perspectives)
            for index, goal in enumerate(own, start=1)
        ],
        additions=[
            Addition(f"Lägg till {goal_word}", Goal, {"plan": plan, "perspective": perspective})
        ],
    )


def goal_row(goal, number, perspectives):
    others = [other for other in perspectives if other.pk != goal.perspective_id]
    return Row(
        goal,
        str(goal),
        goal.name_en or "",
        number,
        counted(len(goal.focus_areas.all()), "insatsområde", "insatsområden"),
        rows=[Row(indicator, f"Indikator: {indicator}") for indicator in goal.indicators.all()],
        additions=[Addition("Lägg till indikator", Indicator, {"goal": goal})],
        places=[*others, goal.plan] if goal.perspective_id else others,
    )


def budget_row(budget):
    tables = list(budget.tables.all())
    lines = sum(len(table.lines.all()) for table in tables)
    return Row(
        budget,
        str(budget),
        count=counted(lines, "rad", "rader"),
        form_name="År, skattesats, beslut och inledning",
        rows=[
            Row(table, str(table), count=counted(len(table.lines.all()), "rad", "rader"))
            for table in tables
        ],
        additions=[Addition("Lägg till tabell", BudgetTable, {"budget": budget})],
    )
