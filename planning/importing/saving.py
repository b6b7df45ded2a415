"""Saves what the review of an import shows, with a number of queries that doesn't depend on the rows."""

from planning.models import BudgetColumn, BudgetLine, BudgetTable, FocusArea, Goal, Perspective

Kind = BudgetLine.Kind


def save_table(review):
    """Save the table, columns and lines of `review`, a TableReview that can be saved. Return the table."""
    table, target = review.table, review.target
    if target.table is None:
        last = max((other.position for other in target.other_tables), default=0)
        table.position = last + 1
        table.save()
    elif (table.unit, table.decimals) != (target.table.unit, target.table.decimals):
        BudgetTable.objects.filter(pk=table.pk).update(unit=table.unit, decimals=table.decimals)
    _save_columns(table, review.columns)
    _save_lines(table, review.in_order(), review.removed)
    return table


def _save_columns(table, columns):
    for position, column in enumerate(columns, start=1):
        column.table, column.position = table, position
    upsert(BudgetColumn, columns, ["position"])


def _save_lines(table, lines, removed):
    if removed:
        table.lines.filter(pk__in=[line.pk for line in removed]).delete()
    result = next((line for line in lines if line.kind == Kind.RESULT), None)
    # A table has one result at all times.
    table.lines.filter(kind=Kind.RESULT).exclude(pk=result and result.pk).update(kind=Kind.ITEM)
    for position, line in enumerate(lines, start=1):
        line.table, line.position = table, position
    upsert(BudgetLine, lines, ["name_sv", "name_en", "kind", "amounts", "position"])


def save_goals(review):
    """Save the perspectives, goals and focus areas of `review`, a GoalReview that can be saved."""
    for model in (FocusArea, Goal):
        pks = [part.pk for part in review.removed if isinstance(part, model)]
        model.objects.filter(pk__in=pks).delete()
    texts = ["name_sv", "name_en", "description_sv", "description_en", "position"]
    upsert(Perspective, [node.part for node in review.perspective_nodes.values()], texts)
    goals = list(review.goal_nodes.values())
    for node in goals:
        node.part.perspective = node.parent.part if node.parent else None
    upsert(Goal, [node.part for node in goals], [*texts, "slug", "perspective"])
    for node in review.area_nodes:
        node.part.goal = node.parent.part
    upsert(FocusArea, [node.part for node in review.area_nodes], ["text_sv", "text_en", "position"])
    # Last, since a goal may have moved from a perspective that is removed.
    pks = [part.pk for part in review.removed if isinstance(part, Perspective)]
    Perspective.objects.filter(pk__in=pks).delete()


def upsert(model, objects, fields):
    """Create the new ones among `objects`, and save `fields` of the others."""
    model.objects.bulk_create([obj for obj in objects if obj.pk is None])
    # Django's bulk_update writes a CASE branch for each row and field, which is ten times as slow.
    model.objects.bulk_create(
        [obj for obj in objects if obj.pk is not None],
        update_conflicts=True,
        unique_fields=["pk"],
        update_fields=fields,
    )
