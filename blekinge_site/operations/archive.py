"""The tar file of a backup: writing it, and checking and unpacking it.

It holds the rows of the database, then the uploaded documents as they are, since their formats are already
compressed. Its last member, `manifest.json`, has the SHA-256 digest of each other member.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from django.conf import settings

FORMAT = 2
ROWS_NAMES = {1: "rows.jsonl", FORMAT: "rows.jsonl.xz"}  # by format; every format can be restored
MANIFEST_NAME, MEDIA_PREFIX = "manifest.json", "media/"


class BackupError(Exception):
    """A backup cannot be written or restored. The message says how to correct the problem."""


@contextmanager
def raise_as_backup_error(cause, *errors):
    """Turn exceptions of the types `errors` into a BackupError whose message begins with `cause`."""
    try:
        yield
    except errors as error:
        raise BackupError(f"{cause}: {error}") from error


class HashingReader:
    """Reads from `file`, and keeps in `sha256` the digest of everything read so far."""

    def __init__(self, file):
        self.file, self.sha256 = file, hashlib.sha256()

    def read(self, size):
        content = self.file.read(size)
        self.sha256.update(content)
        return content


# --- Writing ---------------------------------------------------------------------------------------


def documents():
    """Return the path of each uploaded document by its name in the tar file."""
    root = Path(settings.MEDIA_ROOT)
    return {
        MEDIA_PREFIX + path.relative_to(root).as_posix(): path
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        # Hidden names belong to uploads in progress and to restores, running or interrupted.
        and not path.relative_to(root).parts[0].startswith(".")
    }


def pack(archive, members, manifest, report):
    """Write the tar file `archive` and flush it to disk.

    `members` has the path of each file by its name in the archive. Their digests are added to `manifest`.
    """
    done, total = 0, sum(path.stat().st_size for path in members.values())
    manifest["sha256"] = {}
    with tarfile.open(archive, "w") as tar:
        for name, path in members.items():
            manifest["sha256"][name] = add_member(tar, name, path)
            done += path.stat().st_size
            report("Writing documents", done, total)
        content = json.dumps(manifest, indent=1).encode()
        member = tarfile.TarInfo(MANIFEST_NAME)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    with archive.open("rb") as file:
        os.fsync(file.fileno())


def add_member(tar, name, path):
    """Add the file at `path` to `tar` as `name`. Return its digest."""
    with path.open("rb") as file:
        reader = HashingReader(file)
        tar.addfile(without_owner(tar.gettarinfo(arcname=name, fileobj=file)), reader)
        return reader.sha256.hexdigest()


def without_owner(member):
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


# --- Checking and unpacking ------------------------------------------------------------------------


def unpack(archive, folder, report):
    """Unpack the tar file at path `archive` in `folder` and return its manifest.

    Raises BackupError if the file is not an undamaged backup.
    """
    unreadable = OSError, EOFError, tarfile.TarError, ValueError, LookupError, AttributeError
    digests = {}
    with raise_as_backup_error("The file cannot be read as a backup", *unreadable, TypeError):
        total = Path(archive).stat().st_size
        with tarfile.open(archive) as tar:
            manifest = json.load(tar.extractfile(MANIFEST_NAME))
            if manifest["format"] not in ROWS_NAMES:
                raise BackupError(
                    "The backup has an unknown format. Use the release that wrote it."
                )
            for member in tar:
                if member.name != MANIFEST_NAME:
                    digests[member.name] = unpack_member(tar, member, manifest, folder)
                report("Reading the backup", member.offset_data + member.size, total)
    for name, digest in manifest["sha256"].items():
        if digests.get(name) != digest:
            raise BackupError(f"{name} in the backup is damaged or missing.")
    return manifest


def unpack_member(tar, member, manifest, folder):
    """Unpack `member` in `folder`. Return its digest.

    Only a regular file that the manifest lists, with a path that stays within `folder`, is accepted.
    """
    parts = PurePosixPath(member.name).parts
    is_rows = member.name == ROWS_NAMES[manifest["format"]]
    is_document = parts[0] + "/" == MEDIA_PREFIX and ".." not in parts
    if not (member.isfile() and (is_rows or is_document) and member.name in manifest["sha256"]):
        raise BackupError(f"{member.name} does not belong in a backup.")
    path = Path(folder, member.name)
    unwritable = f"{folder.parent} cannot be written to"
    with tar.extractfile(member) as packed, raise_as_backup_error(unwritable, OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        reader = HashingReader(packed)
        with path.open("wb") as unpacked:
            shutil.copyfileobj(reader, unpacked)
    return reader.sha256.hexdigest()
