"""A backup: all that the database holds and every document, in one tar file for either kind of database.

`rows.jsonl.xz` has one line a table, `{"table", "columns", "rows"}`, before its rows, one a line, with values
as Django knows them: SQLite's can go into PostgreSQL. What the database makes itself stays out: migrations,
counters, the cache. So do sessions and counts of limits. The documents follow as they are,
since their formats are compressed already. Last comes `manifest.json`, with a digest of each other member.

Rows and documents pass through memory a few at a time. Functions that take `tell` call it with a few words,
how much is done and how much there is (progress.py).
"""

import datetime as dt
import hashlib
import io
import json
import lzma
import os
import shutil
import tarfile
import tempfile
from contextlib import contextmanager
from itertools import islice
from pathlib import Path, PurePosixPath

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

from blekinge_site.operations.health import migrations_of_code
from pages.publishing.content_version import skip_used_versions

FORMAT = 2
MANIFEST, MEDIA = "manifest.json", "media/"
ROWS = {1: "rows.jsonl", FORMAT: "rows.jsonl.xz"}  # by format; `restore` reads each
RESTORING = ".restore-"
# xz then looks back a megabyte, in which the versions of a plan repeat each other. More takes more memory.
COMPRESSION = 1
ROWS_AT_ONCE = 100
BYTES_AT_ONCE = 1_000_000
# What is raised for rows that another database or another code has had. Other errors are no fault of theirs.
MISFITS = (
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


def silent(step, done, total):
    """Tell nobody how far it is."""


@contextmanager
def blame(cause, *errors):
    """Raise each of `errors` that comes as a BackupError: `cause`, and what the error says."""
    try:
        yield
    except errors as error:
        raise BackupError(f"{cause}: {error}") from error


@contextmanager
def patient_connection():
    """Use a connection to PostgreSQL that waits for it however busy it is, and blame it for its errors.

    The settings are made for visitors, who are better told than kept waiting: `tcp_user_timeout` ends a
    connection whose server is too busy to read what is sent to it. The pool is left out as it doesn't say why
    no connection can be made.
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
        with blame("The database failed", Error):
            yield
    finally:
        if connection.vendor == "postgresql":
            connection.close()
            connection.settings_dict["OPTIONS"] = options


# --- Making one ------------------------------------------------------------------------------------


def write(file, tell=silent):
    """Write a backup to path `file`, whole or not at all; return its manifest.

    Raises BackupError and OSError.
    """
    file = Path(file)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
        rows, archive = Path(folder, ROWS[FORMAT]), Path(folder, "archive")  # for us only
        manifest = {"format": FORMAT, "made_at": dt.datetime.now(dt.UTC).isoformat()}
        with patient_connection(), one_snapshot():
            manifest["migrations"] = applied_migrations()
            manifest["rows"] = write_rows(rows, tell)
        # Documents are added and never changed: these are all that the rows name, and perhaps more.
        members = {ROWS[FORMAT]: rows} | documents()
        done, total = 0, sum(path.stat().st_size for path in members.values())
        manifest["sha256"] = {}
        with tarfile.open(archive, "w") as tar:
            for name, path in members.items():
                manifest["sha256"][name] = add(tar, name, path)
                done += path.stat().st_size
                tell("Writing documents", done, total)
            content = json.dumps(manifest, indent=1).encode()
            about = tarfile.TarInfo(MANIFEST)
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))
        with archive.open("rb") as made:
            os.fsync(made.fileno())
        archive.chmod(0o600)
        archive.replace(file)
    return manifest


@contextmanager
def one_snapshot():
    """Read everything as it was at one moment, whatever others save meanwhile."""
    if connection.vendor == "sqlite":
        # Who only reads keeps nobody from writing. Django begins a transaction as this says.
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


def write_rows(path, tell):
    """Write the rows of all models to `path`, compressed; return how many there are of each table."""
    counts = {model._meta.db_table: QuerySet(model).count() for model in kept_models()}
    done, total = 0, sum(counts.values())
    with lzma.open(path, "wt", preset=COMPRESSION, encoding="utf-8") as file:
        for model in kept_models():
            columns = [field.attname for field in model._meta.concrete_fields]
            table = model._meta.db_table
            write_line(file, {"table": table, "columns": columns, "rows": counts[table]})
            # Not by the model's managers: modeltranslation's read other columns than they are asked for.
            rows = QuerySet(model).order_by("pk").values_list(*columns)
            for row in rows.iterator(ROWS_AT_ONCE):
                write_line(file, row)
                done += 1
                tell("Writing rows", done, total)
    return counts


def write_line(file, value):
    file.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


class Digesting:
    """What `file` gives to whoever reads it, and in `sha256` the digest of that."""

    def __init__(self, file):
        self.file, self.sha256 = file, hashlib.sha256()

    def read(self, size):
        content = self.file.read(size)
        self.sha256.update(content)
        return content


def add(tar, name, path):
    """Add the file at `path` to `tar` as `name`; return its digest."""
    with path.open("rb") as file:
        read = Digesting(file)
        tar.addfile(nameless(tar.gettarinfo(arcname=name, fileobj=file)), read)
        return read.sha256.hexdigest()


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


def nameless(about):
    """Leave out whose the files were on this machine."""
    about.uid = about.gid = 0
    about.uname = about.gname = ""
    return about


# --- Restoring one ---------------------------------------------------------------------------------


def restore(file, *, replace=False, tell=silent):
    """Make database and documents what they were in the backup at path `file`; return its manifest.

    All of it is read and compared with its digests first. Then either everything is restored or nothing.
    Raises BackupError.
    """
    media = Path(settings.MEDIA_ROOT)
    with (
        blame(f"{media} cannot be written to", OSError),
        folder_in(media) as folder,
        patient_connection(),
    ):
        manifest = unpack(file, folder, tell)
        compare_migrations(manifest)
        with transaction.atomic(durable=True):
            keep_writers_out()
            if not replace and not is_empty():
                raise BackupError("The database has content. To replace all of it, say --replace.")
            restore_rows(folder, manifest, tell)
            # Last, and by renaming: what can fail has been done.
            move(Path(folder, MEDIA), media)
    ContentType.objects.clear_cache()
    return manifest


@contextmanager
def folder_in(media):
    """Make a folder in folder `media`, which is made too, as long as the context lasts."""
    media.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=media, prefix=RESTORING) as folder:
        yield Path(folder)


def unpack(file, folder, tell):
    """Unpack the tar at path `file` in `folder` and return its manifest, or raise what it lacks."""
    unreadable = OSError, EOFError, tarfile.TarError, ValueError, LookupError, AttributeError
    digests = {}
    with blame("It cannot be read as a backup", *unreadable, TypeError):
        total = Path(file).stat().st_size
        with tarfile.open(file) as tar:
            manifest = json.load(tar.extractfile(MANIFEST))
            if manifest["format"] not in ROWS:
                raise BackupError("It was made by another version of the site.")
            for member in tar:
                if member.name != MANIFEST:
                    digests[member.name] = unpack_one(tar, member, manifest, folder)
                tell("Reading the backup", member.offset_data + member.size, total)
    for name, wanted in manifest["sha256"].items():
        if digests.get(name) != wanted:
            raise BackupError(f"{name} in it is damaged or missing.")
    return manifest


def unpack_one(tar, member, manifest, folder):
    """Unpack `member` and return its digest.

    It is a plain file that the manifest names and that stays in its place, or not ours.
    """
    parts = PurePosixPath(member.name).parts
    is_rows = member.name == ROWS[manifest["format"]]
    is_document = parts[0] + "/" == MEDIA and ".." not in parts
    if not (member.isfile() and (is_rows or is_document) and member.name in manifest["sha256"]):
        raise BackupError(f"{member.name} does not belong in a backup.")
    path = Path(folder, member.name)
    with tar.extractfile(member) as packed, blame(f"{folder.parent} cannot be written to", OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        read = Digesting(packed)
        with path.open("wb") as unpacked:
            shutil.copyfileobj(read, unpacked)
    return read.sha256.hexdigest()


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


def restore_rows(folder, manifest, tell):
    """Let the database hold the rows in `folder`, and nothing else."""
    models = {model._meta.db_table: model for model in all_models()}
    with connection.cursor() as cursor:
        for table in models:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
        with blame("Its rows do not fit this database", *MISFITS):
            done, total = 0, sum(manifest["rows"].values())
            with open_rows(Path(folder, ROWS[manifest["format"]])) as file:
                for line in file:
                    head = json.loads(line)
                    statement = Insertion(models[head["table"]], head["columns"])
                    for rows in batches(islice(file, head["rows"])):
                        statement.execute(cursor, rows)
                        done += len(rows)
                        tell("Restoring rows", done, total)
            if done != total:
                raise ValueError(f"{done} of {total} are there")
            connection.check_constraints()
        for statement in connection.ops.sequence_reset_sql(no_style(), list(models.values())):
            cursor.execute(statement)
    skip_used_versions()


def open_rows(path):
    opens = lzma.open if path.suffix == ".xz" else open
    return opens(path, "rt", encoding="utf-8")


def batches(lines):
    """Yield lists of the values that some of `lines` hold, as many as a statement takes."""
    rows, size = [], 0
    for line in lines:
        rows.append(json.loads(line))
        size += len(line)
        if len(rows) == ROWS_AT_ONCE or size >= BYTES_AT_ONCE:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows


class Insertion:
    """The statement that inserts rows of `model`, lists of values in the order of `columns`, names of fields.

    A statement for some rows each, whose answer is waited for: triggers are few, and no more is on its way to
    the database than it takes in at a time.
    """

    def __init__(self, model, columns):
        name = connection.ops.quote_name
        fields = {field.attname: field for field in model._meta.concrete_fields}
        self.fields = [fields[column] for column in columns]
        into = ", ".join(name(field.column) for field in self.fields)
        self.beginning = f"INSERT INTO {name(model._meta.db_table)} ({into}) VALUES "
        self.row = f"({', '.join('%s' for _field in self.fields)})"

    def execute(self, cursor, rows):
        values = [
            field.get_db_prep_save(field.to_python(value), connection)
            for row in rows
            for field, value in zip(self.fields, row, strict=True)
        ]
        cursor.execute(self.beginning + ", ".join([self.row] * len(rows)), values)


def move(source, target):
    """Move every file below `source` to the same place below `target`."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        else:
            path.replace(place)
