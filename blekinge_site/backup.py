"""A backup: all that the database holds and every document, in one tar file for either kind of database.

`manifest.json` has a digest of each other member; `rows.jsonl` has one line a table, `{"table", "columns",
"rows"}`, before its rows, one a line, with values as Django knows them: SQLite's can go into PostgreSQL.
What the database makes itself stays out: migrations, counters, the cache. So do sessions and
counts of limits.
"""

import datetime as dt
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.management.color import no_style
from django.db import DatabaseError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.query import QuerySet

from blekinge_site.health import migrations_of_code

FORMAT = 1
MANIFEST, ROWS, MEDIA = "manifest.json", "rows.jsonl", "media/"
RESTORING = ".restore-"


NOT_KEPT = {"sessions.Session", "pages.SendCount"}  # what ends within hours anyway


class BackupError(Exception):
    """What stops a backup or a restoration; the message says how to mend it."""


def all_models():
    """Return the models whose tables hold what people have entered; those between two others too."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]


def kept_models():
    return [model for model in all_models() if model._meta.label not in NOT_KEPT]


def applied_migrations():
    """Return the names of the database's migrations, such as `pages.0001_initial`, in order."""
    applied = set(MigrationRecorder(connection).applied_migrations())
    if migrations_of_code() - applied:
        raise BackupError("The database lacks migrations. Run migrate first.")
    return sorted(f"{app}.{name}" for app, name in applied)


# --- Making one ------------------------------------------------------------------------------------


def write(file):
    """Write a backup to path `file`, whole or not at all; return its manifest."""
    file = Path(file)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
        rows, archive = Path(folder, ROWS), Path(folder, "archive")  # the folder is for us only
        manifest = {"format": FORMAT, "made_at": dt.datetime.now(dt.UTC).isoformat()}
        with one_snapshot():
            manifest["migrations"] = applied_migrations()
            manifest["rows"] = write_rows(rows)
        # Documents are added and never changed: these are all that the rows name, and perhaps more.
        members = {ROWS: rows} | documents()
        manifest["sha256"] = {name: digest(path) for name, path in members.items()}
        with tarfile.open(archive, "w") as tar:
            content = json.dumps(manifest, indent=1).encode()
            about = tarfile.TarInfo(MANIFEST)
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))
            for name, path in members.items():
                tar.add(path, name, recursive=False, filter=nameless)
        with archive.open("rb") as made:
            os.fsync(made.fileno())
        archive.chmod(0o600)
        archive.replace(file)
    return manifest


@contextmanager
def one_snapshot():
    """Read everything as it was at one moment, whatever others save meanwhile."""
    with transaction.atomic(durable=True):  # in SQLite, other writers wait for it
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def write_rows(path):
    """Write the rows of all models to `path`; return how many there are of each table."""
    counts = {}
    with path.open("w", encoding="utf-8") as file:
        for model in kept_models():
            columns = [field.attname for field in model._meta.concrete_fields]
            # Not by the model's managers: modeltranslation's read other columns than they are asked for.
            rows = QuerySet(model).order_by("pk").values_list(*columns)
            head = {"table": model._meta.db_table, "columns": columns, "rows": len(rows)}
            for line in (head, *rows):
                file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
            counts[head["table"]] = head["rows"]
    return counts


def documents():
    """Return the path of each uploaded file by its name in the tar file."""
    root = Path(settings.MEDIA_ROOT)
    return {
        MEDIA + path.relative_to(root).as_posix(): path
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        # What is on its way in has no name yet: an upload, a restore that goes on or was killed.
        and not path.relative_to(root).parts[0].startswith(".")
    }


def digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def nameless(about):
    """Leave out whose the files were on this machine."""
    about.uid = about.gid = 0
    about.uname = about.gname = ""
    return about


# --- Restoring one ---------------------------------------------------------------------------------


def restore(file, *, replace=False):
    """Make database and documents what they were in the backup at path `file`; return its manifest.

    All of it is read and compared with its digests first. Then either everything is restored or nothing.
    """
    media = Path(settings.MEDIA_ROOT)
    media.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=media, prefix=RESTORING) as folder:
        manifest = unpack(file, Path(folder))
        compare_migrations(manifest)
        with transaction.atomic(durable=True):
            keep_writers_out()
            if not replace and not is_empty():
                raise BackupError("The database has content. To replace all of it, say --replace.")
            try:
                restore_rows(Path(folder, ROWS))
            except (DatabaseError, ValidationError, ValueError, LookupError, TypeError) as error:
                raise BackupError(f"Its rows do not fit this database: {error}") from error
            # Last, and by renaming: what can fail has been done.
            move(Path(folder, MEDIA), media)
    ContentType.objects.clear_cache()
    return manifest


def unpack(file, folder):
    """Unpack the tar at path `file` in `folder` and return its manifest, or raise what it lacks."""
    try:
        with tarfile.open(file) as tar:
            manifest = json.load(tar.extractfile(MANIFEST))
            if manifest["format"] != FORMAT:
                raise BackupError("It was made by another version of the site.")
            digests = manifest["sha256"]
            for member in tar:
                if member.name != MANIFEST:
                    unpack_one(tar, member, digests, folder)
    except (OSError, tarfile.TarError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise BackupError(f"It cannot be read as a backup: {error}") from error
    for name, wanted in digests.items():
        if not Path(folder, name).is_file() or digest(Path(folder, name)) != wanted:
            raise BackupError(f"{name} in it is damaged or missing.")
    return manifest


def unpack_one(tar, member, digests, folder):
    """Unpack `member`, a plain file that the manifest names and that stays in its place."""
    parts = PurePosixPath(member.name).parts
    is_ours = member.name == ROWS or (parts[0] + "/" == MEDIA and ".." not in parts)
    if not (member.isfile() and is_ours and member.name in digests):
        raise BackupError(f"{member.name} does not belong in a backup.")
    path = Path(folder, member.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tar.extractfile(member) as packed, path.open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)


def compare_migrations(manifest):
    ours, its = set(applied_migrations()), set(manifest["migrations"])
    if its - ours:
        raise BackupError(
            f"It has migrations that this database lacks ({', '.join(sorted(its - ours))}). "
            "Install the release that it was made with, or a newer one, and run migrate first."
        )
    if ours - its:
        raise BackupError(
            f"It lacks migrations that this database has ({', '.join(sorted(ours - its))}). "
            "Restore it with the release that it was made with, then install this one and run migrate."
        )


def keep_writers_out():
    """Let nobody else write until this transaction ends; SQLite's has seen to that."""
    if connection.vendor == "postgresql":
        tables = ", ".join(
            connection.ops.quote_name(model._meta.db_table) for model in all_models()
        )
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {tables} IN EXCLUSIVE MODE")


def is_empty():
    """Tell whether nobody has entered anything: what `migrate` makes doesn't count, as groups and rights."""
    made = {"auth", "contenttypes", "sessions"}
    models = [model for model in all_models() if model._meta.app_label not in made]
    return not any(QuerySet(model).exists() for model in [*models, get_user_model()])


def restore_rows(path):
    models = {model._meta.db_table: model for model in all_models()}
    with connection.cursor() as cursor:
        for table in models:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
        with path.open(encoding="utf-8") as file:
            for line in file:
                head = json.loads(line)
                rows = (json.loads(next(file)) for _row in range(head["rows"]))
                insert(cursor, models[head["table"]], head["columns"], rows)
        connection.check_constraints()
        for statement in connection.ops.sequence_reset_sql(no_style(), list(models.values())):
            cursor.execute(statement)
        # No number from before may come again: a page may be stored under it, here or in a shared store.
        cursor.execute(
            "UPDATE content_version SET number = number + %s WHERE slot = 0",
            [time.time_ns() // 1000],
        )


def insert(cursor, model, columns, rows):
    """Insert `rows`, lists of values in the order of `columns`, names of fields of `model`."""
    name = connection.ops.quote_name
    fields = {field.attname: field for field in model._meta.concrete_fields}
    fields = [fields[column] for column in columns]
    into = ", ".join(name(field.column) for field in fields)
    statement = (
        f"INSERT INTO {name(model._meta.db_table)} ({into}) "
        f"VALUES ({', '.join('%s' for _field in fields)})"
    )
    values = [
        [
            field.get_db_prep_save(field.to_python(value), connection)
            for field, value in zip(fields, row, strict=True)
        ]
        for row in rows
    ]
    cursor.executemany(statement, values)


def move(source, target):
    """Move every file below `source` to the same place below `target`."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        else:
            path.replace(place)
