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
from planning.indicators import indicator_charts, sentence_of
from planning.labels import label_text

TEMPLATE = Path(__file__).with_name("plan.typ")
logger = logging.getLogger(__name__)


def notice(plan_in_year):
    """Return a notice that the plan is no longer in force or not yet decided, or an empty string."""
    if plan_in_year.has_ended:
        sentence = _("Regionplanen gällde %(period)s.")
        if not plan_in_year.plan.is_called_regional_plan:
            sentence = _("Planen gällde %(period)s.")
        period = sentence % {"period": plan_in_year.plan.period}
        return f"{_('Gäller inte längre.')} {period}"
    if plan_in_year.is_proposal:
        return f"{_('Det här är ett förslag.')} {_('Planen är inte beslutad.')}"
    return ""


def decisions(plan):
    """Return lines that say who decided on the plan, and when."""
    entries = plan.decisions.all()
    lines = [decision(entry.decided_by, entry.decided_on, entry.kind) for entry in entries]
    return list(filter(None, lines))


def facts(plan):
    """Return lines that say when the plan was last changed and who is responsible."""
    return [
        f"{_('Senast ändrad')}: {day(plan.changed_at)}",
        f"{_('Ansvarig för sidan')}: {plan.responsible}",
    ]


def goal_content(goal):
    return {
        "name": goal.name,
        "description": lines_of(goal.description),
        "areas": [area.text for area in goal.focus_areas.all()],
        "indicators": [indicator_content(chart) for chart in indicator_charts(goal)],
    }


def indicator_content(chart):
    """Return an indicator as a sentence, and as lines like those of a table."""
    indicator = chart.indicator
    lines = [
        line_content(str(row.year), [row.text], x=row.x, width=row.width) for row in chart.rows
    ]
    if chart.target:
        year = indicator.target_year
        name = _("Mål %(year)s") % {"year": year} if year else _("Mål")
        lines.append(line_content(name, [chart.target]))
    sources = [f"{value.source} ({years})" for value, years in chart.sources]
    sources_label = _("Källor:") if len(sources) > 1 else _("Källa:")
    return {
        "sentence": sentence_of(indicator, getattr, str.format),
        "heading": _("År"),
        "headings": [indicator.unit or _("Värde")],
        "unit": "",
        "note": [f"{sources_label} {'; '.join(sources)}"] if sources else [],
        "is_rounded": False,
        "zero": chart.zero,
        "target": chart.target_at,
        "lines": lines if chart.rows else [],
    }


def line_content(name, amounts, kind="item", color="item", x="", width=""):
    """Return a line of a table; without `width` it has no bar."""
    bar = {"color": color, "x": x, "width": width}
    return {"name": name, "kind": kind, "amounts": amounts, "bar": bar if width else None}


def table_content(chart):
    """Return a table with its headings, and its lines with a text for each column."""
    table = chart.table
    unit = capfirst(table.get_unit_display())
    return {
        "heading": table.title,
        "unit": unit,
        "headings": [str(column) for column in chart.columns],
        "bars_show": _("Staplarna visar %(column)s.") % {"column": chart.column},
        "zero": chart.zero,
        "target": "",
        "note": lines_of(table.note),
        "is_rounded": chart.is_rounded,
        "lines": [
            line_content(
                row.line.name,
                [amount_text(cell, table) for cell in row.cells],
                row.line.kind,
                "dashed" if row.bar and row.bar.is_dashed else row.bar and row.bar.color,
                row.bar and row.bar.x,
                row.bar and row.bar.width,
            )
            for row in chart.rows
        ],
    }


def tax_rate(budget):
    """Return a sentence with the tax rate of `budget`, or an empty string if it isn't known."""
    if budget.tax_rate is None:
        return ""
    rate = amount(budget.tax_rate, 2)
    return _("Skattesatsen är %(rate)s kronor per 100 kronor.") % {"rate": rate}


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
        "notice": notice(plan_in_year),
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
        "decisions": decisions(plan),
        "facts": facts(plan),
        "budgets": [
            {
                "heading": _("Budget %(year)s") % {"year": budget.year},
                "introduction": lines_of(budget.introduction),
                "tax_rate": tax_rate(budget),
                "tables": [table_content(chart) for chart in charts],
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
