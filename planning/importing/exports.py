"""Exports of a table of a budget, and of the goals of a plan, as files that can be imported again."""

from decimal import Decimal

import tablib

from pages.exchange.cells import plain
from planning.importing.goal_headings import HEADINGS
from planning.importing.headings import read_heading
from planning.models import NONE, BudgetColumn, BudgetTable, FocusArea

UNITS = {
    BudgetTable.Unit.SEK: "kr",
    BudgetTable.Unit.KSEK: "tkr",
    BudgetTable.Unit.MSEK: "mnkr",
    BudgetTable.Unit.BSEK: "mdkr",
}


def column_heading(column, unit):
    """Return the heading of `column` in a file, with its unit: Budget 2024 (mnkr).

    A heading of the column's own is followed by its kind and year, unless it says them.
    """
    label = plain(column.name_sv or "") or str(column)
    heading = read_heading(label)
    says_all = (heading.kind, heading.year, heading.last_year) == (
        column.kind,
        column.year,
        column.last_year,
    )
    if not says_all:
        usual = BudgetColumn(kind=column.kind, year=column.year, last_year=column.last_year)
        label = f"{label} [{usual}]"
    return f"{label} ({UNITS[unit]})"


def export_table(table):
    """Return the lines of `table` as a tablib Dataset. The amounts have the decimals of the table."""
    columns = list(table.columns.all())
    headings = [column_heading(column, table.unit) for column in columns]
    dataset = tablib.Dataset(
        title=table.title_sv, headers=["Post", "Post på engelska", "Slag", *headings]
    )
    for line in table.lines.all():
        amounts = [shown(line.amount(column), table.precision) for column in columns]
        dataset.append(
            [
                plain(line.name_sv or ""),
                plain(line.name_en or ""),
                line.get_kind_display(),
                *amounts,
            ]
        )
    return dataset


def shown(amount, precision):
    if amount is NONE:
        return "\N{EN DASH}"
    return amount.quantize(precision) if isinstance(amount, Decimal) else ""


def export_goals(plan):
    """Return the perspectives, goals and focus areas of `plan` as a tablib Dataset, a focus area a row.

    A plan without perspectives has no columns for them.
    """
    perspectives = list(plan.perspectives.all())
    goals = list(plan.goals.select_related("perspective"))
    areas = {}
    for area in FocusArea.objects.filter(goal__plan=plan).order_by("position", "pk"):
        areas.setdefault(area.goal_id, []).append(area)
    roles = [role for role in HEADINGS if perspectives or not role.startswith("perspective")]
    dataset = tablib.Dataset(title="Mål", headers=[HEADINGS[role] for role in roles])
    with_goals = {goal.perspective_id for goal in goals}
    rows = [(goal.perspective, goal, area) for goal in goals for area in areas.get(goal.pk, [None])]
    rows += [(part, None, None) for part in perspectives if part.pk not in with_goals]
    rows.sort(key=lambda row: row[0].position if row[0] else 0)  # stable
    before = (None, None)
    for perspective, goal, area in rows:
        texts = {}
        if perspective:
            texts |= texts_of("perspective", perspective, before[0] != perspective)
        if goal:
            texts |= texts_of("goal", goal, before[1] != goal)
        if area:
            texts |= {"area_sv": area.text_sv, "area_en": area.text_en}
        dataset.append([plain(texts.get(role) or "") for role in roles])
        before = perspective, goal
    return dataset


def texts_of(kind, part, is_first):
    """Return the texts of a perspective or goal; only its name if another row has the others."""
    texts = {f"{kind}_sv": part.name_sv}
    if is_first:
        texts |= {
            f"{kind}_en": part.name_en,
            f"{kind}_description_sv": part.description_sv,
            f"{kind}_description_en": part.description_en,
        }
    return texts
