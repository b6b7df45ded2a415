"""The content version: a number that increases with every change of content.

Database triggers increase it in the transaction of the change, however the change is written. Caches
store content together with the `stamp()` under which it was rendered, and compare that with the present
one.
"""

import datetime as dt
import time

from django.apps import apps
from django.db import close_old_connections, connection, connections, transaction
from django.utils import timezone

from blekinge_site.serving.page_cache import KEPT
from pages.publishing.publishable import Publishable, now

# Models with data about staff and visitors, which no page shows.
NOT_CONTENT = {"feedback", "formdraft", "importmapping", "openform", "revision", "sendcount"}

# The version is the sum of the numbers in several slots. With a single number, transactions that save at
# the same time would wait for each other, or deadlock.
SLOTS = 16

CREATE_TABLE = [
    "CREATE TABLE IF NOT EXISTS content_version (slot integer PRIMARY KEY, number bigint NOT NULL)",
    *(
        f"INSERT INTO content_version (slot, number) VALUES ({slot}, 0) ON CONFLICT DO NOTHING"
        for slot in range(SLOTS)
    ),
]
INCREASE_NUMBER = "UPDATE content_version SET number = number + 1 WHERE slot = {slot};"
CREATE_FUNCTION = f"""
CREATE OR REPLACE FUNCTION raise_content_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {INCREASE_NUMBER.format(slot=f"pg_backend_pid() % {SLOTS}")} RETURN NULL; END $$
"""


def _triggers(vendor, table):
    """Return the statements that create triggers for every change in `table`."""
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
            f"BEGIN {INCREASE_NUMBER.format(slot=0)} END",  # SQLite has one writer at a time
        )
    ]


def create_triggers(sender, using, **kwargs):
    """Create the triggers for the tables of `sender`, an app config, after each `migrate`.

    A migration would create them only once, and SQLite drops the triggers of a table that a later migration
    rebuilds.
    """
    database = connections[using]
    existing = set(database.introspection.table_names())
    statements = CREATE_TABLE + ([CREATE_FUNCTION] if database.vendor == "postgresql" else [])
    for model in sender.get_models(include_auto_created=True):
        if model._meta.model_name not in NOT_CONTENT and model._meta.db_table in existing:
            statements += _triggers(database.vendor, model._meta.db_table)
    with transaction.atomic(using), database.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def stamp():
    """Return `current()` in a thread that handles no requests."""
    close_old_connections()  # as Django does for requests
    return current()


def current():
    """Return the content version, and the next time at which pages change although it doesn't.

    Pages change when content is published or unpublished by schedule. They also change at midnight,
    because they depend on the date. The next time is counted from the `now()` that also decides what the
    request shows.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(number) FROM content_version")
        version = int(cursor.fetchone()[0])
    tomorrow = timezone.localdate(now()) + dt.timedelta(days=1)
    midnight = timezone.make_aware(dt.datetime.combine(tomorrow, dt.time.min))
    moments = [
        model._base_manager.filter(**{f"{name}__gt": now()}).order_by().values_list(name, flat=True)
        for model in apps.get_models()
        if issubclass(model, Publishable)
        for name in ("publish_at", "unpublish_at", "published_at")
    ]
    # A union would use the ordering of its first model, on columns that it doesn't have.
    return version, min([midnight, *moments[0].union(*moments[1:]).order_by()])


def skip_used_versions():
    """Raise the version above every number that can have been used.

    Otherwise a restored backup could bring back the number of a later version, whose pages are still cached.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE content_version SET number = number + %s WHERE slot = 0",
            [time.time_ns() // 1000],
        )


def kept(request, key, compute):
    """Return the result of `compute()`, stored under `key` until the content changes.

    Only requests from the page cache have a dict to store results in; for others the result is computed
    each time. Callers must not change the result.
    """
    results = request.META.get(KEPT)
    if results is None:
        return compute()
    if key not in results:
        results[key] = compute()
    return results[key]
