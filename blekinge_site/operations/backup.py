"""Writes all of the database and every uploaded document to one tar file, and restores them from it.

In `rows.jsonl.xz`, each table begins with a line `{"table", "columns", "rows"}`. One line for each row
follows, with the values as Django represents them: rows from SQLite can be restored in PostgreSQL.
Migrations, sequences, the cache, sessions and the counters of rate limits are left out.

Memory use does not depend on the size of the backup. Functions that take `report` call it as their work
progresses, with the arguments of `progress.Progress`.
"""

import datetime as dt
import json
import lzma
import tempfile
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.management.color import no_style
from django.db import (
    DataError,
    Error,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    connection,
    transaction,
)
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.query import QuerySet

from blekinge_site.operations.archive import (
    FORMAT,
    MEDIA_PREFIX,
    ROWS_NAMES,
    BackupError,
    documents,
    pack,
    raise_as_backup_error,
    unpack,
)
from blekinge_site.operations.health import migrations_of_code
from blekinge_site.operations.progress import no_report
from pages.publishing.content_version import skip_used_versions

# A preset with a window of one megabyte, which is enough for the similar versions of a plan. Higher presets
# need more memory.
XZ_PRESET = 1
BATCH_ROWS = 100
BATCH_CHARACTERS = 1_000_000
# Raised for rows from a different schema, a different database or a damaged file.
INVALID_ROW_ERRORS = (
    DataError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    ValidationError,
    ArithmeticError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
    lzma.LZMAError,
)
SHORT_LIVED_MODELS = {"sessions.Session", "pages.SendCount"}  # rows expire within hours


def all_models():
    """Return the models that have a table, including those of many-to-many relations."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]


def models_in_backup():
    return [model for model in all_models() if model._meta.label not in SHORT_LIVED_MODELS]


def applied_migrations():
    """Return the sorted names of the database's migrations, such as `pages.0001_initial`."""
    applied = set(MigrationRecorder(connection).applied_migrations())
    if migrations_of_code() - applied:
        raise BackupError("The database lacks migrations. Run migrate first.")
    return sorted(f"{app}.{name}" for app, name in applied)


@contextmanager
def maintenance_connection():
    """Use a connection that waits for a busy PostgreSQL server, and turn its errors into BackupError.

    The usual options serve visitors, for whom a quick error is better than a long wait: `tcp_user_timeout`
    closes the connection when the server is too busy to read. The pool hides why a connection fails.
    """
    options = connection.settings_dict["OPTIONS"]
    if connection.vendor == "postgresql":
        connection.close()
        connection.settings_dict["OPTIONS"] = {
            name: value
            for name, value in options.items()
            if name not in {"pool", "tcp_user_timeout"}
        }
    try:
        with raise_as_backup_error("The database failed", Error):
            yield
    finally:
        if connection.vendor == "postgresql":
            connection.close()
            connection.settings_dict["OPTIONS"] = options


# --- Writing a backup ------------------------------------------------------------------------------


def write(file, report=no_report):
    """Write a backup to path `file`, completely or not at all. Return its manifest.

    Only the owner may read the file. Raises BackupError and OSError.
    """
    file = Path(file)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
        rows, archive = Path(folder, ROWS_NAMES[FORMAT]), Path(folder, "archive")
        manifest = {"format": FORMAT, "made_at": dt.datetime.now(dt.UTC).isoformat()}
        with maintenance_connection(), snapshot():
            manifest["migrations"] = applied_migrations()
            manifest["rows"] = write_rows(rows, report)
        # Documents are added but never changed, so every document that the rows refer to is still there.
        pack(archive, {rows.name: rows} | documents(), manifest, report)
        archive.chmod(0o600)
        archive.replace(file)
    return manifest


@contextmanager
def snapshot():
    """Read the whole database as it is now, even if other connections write to it meanwhile."""
    if connection.vendor == "sqlite":
        # Django begins the transaction in this mode. A deferred transaction doesn't block writers.
        mode, connection.transaction_mode = connection.transaction_mode, "DEFERRED"
    try:
        with transaction.atomic(durable=True):
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    finally:
        if connection.vendor == "sqlite":
            connection.transaction_mode = mode


def write_rows(path, report):
    """Write the rows of all models to the compressed file `path`. Return their number by table."""
    counts = {model._meta.db_table: QuerySet(model).count() for model in models_in_backup()}
    done, total = 0, sum(counts.values())
    with lzma.open(path, "wt", preset=XZ_PRESET, encoding="utf-8") as file:
        for model in models_in_backup():
            columns = [field.attname for field in model._meta.concrete_fields]
            table = model._meta.db_table
            write_line(file, {"table": table, "columns": columns, "rows": counts[table]})
            # Not the model's own manager: modeltranslation's reads a language's column in place of `columns`.
            rows = QuerySet(model).order_by("pk").values_list(*columns)
            for row in rows.iterator(BATCH_ROWS):
                write_line(file, row)
                done += 1
                report("Writing rows", done, total)
    return counts


def write_line(file, value):
    file.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


# --- Restoring a backup ----------------------------------------------------------------------------


def restore(file, *, replace=False, report=no_report):
    """Restore the database and the documents from the backup at path `file`. Return its manifest.

    The whole file is read and compared with its digests first. Then everything is restored, or nothing.
    Raises BackupError.
    """
    media = Path(settings.MEDIA_ROOT)
    with (
        raise_as_backup_error(f"{media} cannot be written to", OSError),
        temporary_folder_in(media) as folder,
        maintenance_connection(),
    ):
        manifest = unpack(file, folder, report)
        compare_migrations(manifest)
        with transaction.atomic(durable=True):
            lock_tables()
            if not replace and not is_empty():
                raise BackupError("The database has content. To replace all of it, use --replace.")
            restore_rows(folder, manifest, report)
            # This step comes last, and only renames files: a rollback cannot undo it.
            move_files(Path(folder, MEDIA_PREFIX), media)
    ContentType.objects.clear_cache()
    return manifest


@contextmanager
def temporary_folder_in(parent):
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=".restore-") as folder:
        yield Path(folder)


def compare_migrations(manifest):
    """Raise BackupError unless the backup and the database have the same migrations."""
    in_database, in_backup = set(applied_migrations()), set(manifest["migrations"])
    if in_backup - in_database:
        raise BackupError(
            "The backup has migrations that this database lacks "
            f"({', '.join(sorted(in_backup - in_database))}). "
            "Install the release that wrote it, or a newer one, and run migrate first."
        )
    if in_database - in_backup:
        raise BackupError(
            "The backup lacks migrations that this database has "
            f"({', '.join(sorted(in_database - in_backup))}). "
            "Restore it with the release that wrote it, then install this release and run migrate."
        )


def lock_tables():
    """Stop other connections from writing until this transaction ends.

    On SQLite, the transaction itself does that.
    """
    if connection.vendor == "postgresql":
        tables = ", ".join(
            connection.ops.quote_name(model._meta.db_table) for model in all_models()
        )
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {tables} IN EXCLUSIVE MODE")


def is_empty():
    """Return whether the database has only rows that `migrate` creates, such as groups and permissions."""
    filled_by_migrate = {"auth", "contenttypes", "sessions"}
    models = [model for model in all_models() if model._meta.app_label not in filled_by_migrate]
    return not any(QuerySet(model).exists() for model in [*models, get_user_model()])


def restore_rows(folder, manifest, report):
    """Replace all rows of the database with the rows in `folder`."""
    models = {model._meta.db_table: model for model in all_models()}
    with connection.cursor() as cursor:
        for table in models:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
        with raise_as_backup_error("The rows do not fit this database", *INVALID_ROW_ERRORS):
            done, total = 0, sum(manifest["rows"].values())
            with open_rows(Path(folder, ROWS_NAMES[manifest["format"]])) as file:
                for line in file:
                    header = json.loads(line)
                    statement = InsertStatement(models[header["table"]], header["columns"])
                    for rows in batches(islice(file, header["rows"])):
                        statement.execute(cursor, rows)
                        done += len(rows)
                        report("Restoring rows", done, total)
            if done != total:
                raise ValueError(f"{done} of {total} are in the file")
            connection.check_constraints()
        for statement in connection.ops.sequence_reset_sql(no_style(), list(models.values())):
            cursor.execute(statement)
    skip_used_versions()


def open_rows(path):
    opener = lzma.open if path.suffix == ".xz" else open
    return opener(path, "rt", encoding="utf-8")


def batches(lines):
    """Decode `lines` and yield lists of rows, each small enough for one statement."""
    rows, size = [], 0
    for line in lines:
        rows.append(json.loads(line))
        size += len(line)
        if len(rows) == BATCH_ROWS or size >= BATCH_CHARACTERS:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows


class InsertStatement:
    """Inserts rows of `model`: lists of values, in the order of `columns`, which are attribute names.

    One statement inserts a batch of rows. Triggers then run once for a batch, and waiting for each statement
    keeps the data in transit small.
    """

    def __init__(self, model, columns):
        name = connection.ops.quote_name
        fields = {field.attname: field for field in model._meta.concrete_fields}
        self.fields = [fields[column] for column in columns]
        column_names = ", ".join(name(field.column) for field in self.fields)
        self.beginning = f"INSERT INTO {name(model._meta.db_table)} ({column_names}) VALUES "
        self.row = f"({', '.join('%s' for _field in self.fields)})"

    def execute(self, cursor, rows):
        values = [
            field.get_db_prep_save(field.to_python(value), connection)
            for row in rows
            for field, value in zip(self.fields, row, strict=True)
        ]
        cursor.execute(self.beginning + ", ".join([self.row] * len(rows)), values)


def move_files(source, target):
    """Move every file below `source` to the same place below `target`."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        else:
            path.replace(place)
