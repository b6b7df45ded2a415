"""The content version: a number that every change of content raises, whichever way it was written.

The database does it, by triggers, in the transaction of the change. Who keeps anything of what pages show
compares `stamp()` with the one that it was made under.
"""

import datetime as dt
import time

from django.apps import apps
from django.db import close_old_connections, connection, connections, transaction
from django.utils import timezone

from blekinge_site.serving.page_cache import KEPT
from pages.publishing.publishable import Publishable

# What staff and visitors leave behind, which no page shows.
NOT_CONTENT = {"feedback", "revision", "openform", "sendcount"}

# Each connection raises a number of its own, the version is their sum: two who save at once would
# otherwise wait for each other, each perhaps for what the other holds.
NUMBERS = 16

TABLE = [
    "CREATE TABLE IF NOT EXISTS content_version (slot integer PRIMARY KEY, number bigint NOT NULL)",
    *(
        f"INSERT INTO content_version (slot, number) VALUES ({slot}, 0) ON CONFLICT DO NOTHING"
        for slot in range(NUMBERS)
    ),
]
# SQLite has one writer at a time.
RAISE = "UPDATE content_version SET number = number + 1 WHERE slot = {slot};"
FUNCTION = f"""
CREATE OR REPLACE FUNCTION raise_content_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {RAISE.format(slot=f"pg_backend_pid() % {NUMBERS}")} RETURN NULL; END $$
"""


def _triggers(vendor, table):
    """Return the statements that let every change in `table` raise the number."""
    if vendor == "postgresql":
        return [
            f"CREATE OR REPLACE TRIGGER raise_content_version "
            f'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "{table}" '
            "FOR EACH STATEMENT EXECUTE FUNCTION raise_content_version()"
        ]
    return [
        statement
        for event in ("insert", "update", "delete")
        for statement in (
            f'DROP TRIGGER IF EXISTS "{table}_{event}_raises_version"',
            f'CREATE TRIGGER "{table}_{event}_raises_version" AFTER {event} ON "{table}" '
            f"BEGIN {RAISE.format(slot=0)} END",
        )
    ]


def count_changes(sender, using, **kwargs):
    """Let every change in the tables of `sender`, an app, raise the number; done after each `migrate`.

    A migration would do it only once, and SQLite drops a table's triggers when a later one rebuilds it.
    """
    database = connections[using]
    existing = set(database.introspection.table_names())
    statements = TABLE + ([FUNCTION] if database.vendor == "postgresql" else [])
    for model in sender.get_models(include_auto_created=True):
        if model._meta.model_name not in NOT_CONTENT and model._meta.db_table in existing:
            statements += _triggers(database.vendor, model._meta.db_table)
    with transaction.atomic(using), database.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def stamp():
    """Return what `current` does, in a thread that answers no requests."""
    close_old_connections()  # which a request does otherwise
    return current()


def current():
    """Return the content version, and the next moment at which pages change without it.

    That is when something is published or unpublished, and at midnight: pages speak of what holds today
    and this year.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(number) FROM content_version")
        version = int(cursor.fetchone()[0])
    now = timezone.now()
    tomorrow = timezone.localdate(now) + dt.timedelta(days=1)
    midnight = timezone.make_aware(dt.datetime.combine(tomorrow, dt.time.min))
    moments = [
        model._base_manager.filter(**{f"{name}__gt": now}).order_by().values_list(name, flat=True)
        for model in apps.get_models()
        if issubclass(model, Publishable)
        for name in ("publish_at", "unpublish_at", "published_at")
    ]
    # A union takes the order of its first model, which has other columns.
    return version, min([midnight, *moments[0].union(*moments[1:]).order_by()])


def skip_used_versions():
    """Raise the version past every number that it can have had.

    A restored backup brings back old content, for which no page stored under a later version may be sent.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE content_version SET number = number + %s WHERE slot = 0",
            [time.time_ns() // 1000],
        )


def kept(request, key, compute):
    """Return what `compute()` returns, kept as `key` for the content that `request` is answered from.

    The page cache gives its requests a place to keep it in; any other request is answered from what holds
    at that moment. Nobody may change what is returned.
    """
    results = request.META.get(KEPT)
    if results is None:
        return compute()
    if key not in results:
        results[key] = compute()
    return results[key]
