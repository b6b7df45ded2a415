"""Rows that tests insert again and again, read from the database once."""

from django.core.management.color import no_style
from django.db import connection


def all_rows(models):
    """Return `{model: rows}` for those of `models` that have any, in the same order."""
    rows_by_model = {model: list(model._base_manager.all()) for model in models}
    return {model: rows for model, rows in rows_by_model.items() if rows}


def insert(rows_by_model):
    """Insert rows from `all_rows` with their primary keys."""
    for model, rows in rows_by_model.items():
        model._base_manager.bulk_create(rows)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), rows_by_model):
            cursor.execute(statement)
