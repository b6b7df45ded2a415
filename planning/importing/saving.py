"""Saves what the review of an import shows, with a number of queries that doesn't depend on the rows."""

from planning.models import BudgetColumn, BudgetLine, BudgetTable

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
