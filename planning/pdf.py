"""A regional plan as an accessible document: tagged PDF/UA-1, from the same words as its page."""

import json
from pathlib import Path

import typst
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from blekinge_site.formats import amount

TEMPLATE = Path(__file__).with_name("plan.typ")


def lines(text):
    """Return the paragraphs of `text`, one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def plan_content(plan):
    """Return what the document says as plain data. `plan` has everything below it fetched."""
    return {
        "language": get_language(),
        "title": str(plan),
        "lead": plan.lead,
        "body": lines(plan.body),
        # Not the page's introduction: it points to this document.
        "perspective_label": _("Perspektiv"),
        "goal_label": _("Inriktningsmål"),
        "areas_label": _("Följande insatsområden är viktiga för att nå målet:"),
        "perspectives": [
            {
                "name": perspective.name,
                "description": lines(perspective.description),
                "goals": [
                    {
                        "name": goal.name,
                        "description": lines(goal.description),
                        "areas": [area.text for area in goal.focus_areas.all()],
                    }
                    for goal in perspective.goals.all()
                ],
            }
            for perspective in plan.perspectives.all()
        ],
        "table_heading": _("Resultatbudget"),
        "rounded": _(
            "Beloppen är avrundade vart och ett för sig. Därför kan en summa skilja sig något från "
            "sina poster."
        ),
        "budgets": [
            {
                "heading": _("Budget %(year)s") % {"year": budget.year},
                "introduction": lines(budget.introduction),
                "unit": capfirst(budget.unit),
                "is_rounded": budget.is_rounded,
                "lines": [
                    {"name": line.name, "amount": amount(line.amount_msek), "kind": line.kind}
                    for line in budget.lines.all()
                ],
            }
            for budget in plan.budgets.all()
        ],
    }


def plan_as_pdf(plan):
    """Return the document as bytes."""
    content = json.dumps(plan_content(plan))
    return typst.compile(TEMPLATE, sys_inputs={"content": content}, pdf_standards="ua-1")
