"""The PDF of a regional plan: accessible according to PDF/UA-1, with the same text as the plan's page."""

import json
import logging
import unicodedata
from pathlib import Path

import typst
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from blekinge_site.formats import amount, day
from blekinge_site.languages import lines_of
from planning.decisions import decision
from planning.labels import label_text

TEMPLATE = Path(__file__).with_name("plan.typ")
logger = logging.getLogger(__name__)


def ended_notice(plan_in_year):
    """Return a notice that the plan is no longer in force, or an empty string."""
    if not plan_in_year.has_ended:
        return ""
    period = _("Regionplanen gällde %(period)s.") % {"period": plan_in_year.plan.period}
    return f"{_('Gäller inte längre.')} {period}"


def facts(plan):
    """Return lines that say who decided on the plan, when it was last changed and who is responsible."""
    decisions = [
        decision(entry.decided_by, entry.decided_on, entry.kind) for entry in plan.decisions.all()
    ]
    return [
        *filter(None, decisions),
        f"{_('Senast ändrad')}: {day(plan.changed_at)}",
        f"{_('Ansvarig för sidan')}: {plan.responsible}",
    ]


def goal_content(goal):
    return {
        "name": goal.name,
        "description": lines_of(goal.description),
        "areas": [area.text for area in goal.focus_areas.all()],
    }


def table_content(chart):
    """Return a table with its headings, and its lines with a text for each column."""
    table = chart.table
    unit = capfirst(table.get_unit_display())
    headings = [str(column) for column in chart.columns] if len(chart.columns) > 1 else [unit]
    return {
        "heading": table.title,
        "unit": unit if len(chart.columns) > 1 else "",
        "headings": headings,
        "note": lines_of(table.note),
        "is_rounded": chart.is_rounded,
        "lines": [
            {
                "name": row.line.name,
                "kind": row.line.kind,
                "amounts": [amount_text(cell, table) for cell in row.cells],
            }
            for row in chart.rows
        ],
    }


def amount_text(cell, table):
    if cell.is_missing:
        return _("saknas")
    return "\N{EN DASH}" if cell.is_dash else amount(cell.amount, table.decimals)


def plan_content(plan_in_year, budgets):
    """Return the content of the document as plain data. The plan's parts have been prefetched."""
    plan = plan_in_year.plan
    return {
        "language": get_language(),
        "title": str(plan),
        "notice": ended_notice(plan_in_year),
        "lead": plan.lead,
        "body": lines_of(plan.body),
        # The page's introduction is left out, because it refers to this document.
        "perspective_label": label_text(plan, "perspective_label"),
        "goal_label": label_text(plan, "goal_label"),
        "areas_label": label_text(plan, "focus_areas_label"),
        "goals": [goal_content(goal) for goal in plan.direct_goals],
        "perspectives": [
            {
                "name": perspective.name,
                "description": lines_of(perspective.description),
                "goals": [goal_content(goal) for goal in perspective.goals.all()],
            }
            for perspective in plan.perspectives.all()
        ],
        "rounded": _(
            "Beloppen är avrundade vart och ett för sig. Därför kan en summa skilja sig något från "
            "sina poster."
        ),
        "facts": facts(plan),
        "budgets": [
            {
                "heading": _("Budget %(year)s") % {"year": budget.year},
                "introduction": lines_of(budget.introduction),
                "tables": [table_content(chart) for chart in charts if chart.rows],
            }
            for budget, charts in budgets
        ],
    }


def printable(text):
    """Replace private-use characters in `text`, such as bullets pasted from Word, with bullets."""
    return "".join("\N{BULLET}" if unicodedata.category(char) == "Co" else char for char in text)


def plan_as_pdf(plan_in_year, budgets):
    """Return the document as bytes."""
    content = json.dumps(plan_content(plan_in_year, budgets), ensure_ascii=False)
    inputs = {"content": printable(content)}
    try:
        return typst.compile(TEMPLATE, sys_inputs=inputs, pdf_standards="ua-1")
    except typst.TypstError as error:
        # PDF/UA requires a glyph for every character. A document with missing glyphs is better than none.
        logger.warning("The PDF of %s is not PDF/UA-1: %s", plan_in_year.plan, error)
        return typst.compile(TEMPLATE, sys_inputs=inputs)
