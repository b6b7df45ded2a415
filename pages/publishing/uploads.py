"""Documents that staff upload: what they may be, and how they come to the disk whole or not at all."""

import os
import zipfile
from codecs import BOM_UTF8
from pathlib import PurePath
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.files.storage import FileSystemStorage, default_storage

MAX_MEGABYTES = 25
LONGEST_NAME = 80  # in characters, of which a disk may count two or more bytes each

# What each kind that is a zip archive has inside: a file that must be there, and how it begins.
INSIDE = {
    "docx": ("word/document.xml", b"<"),
    "xlsx": ("xl/workbook.xml", b"<"),
    "pptx": ("ppt/presentation.xml", b"<"),
    "odt": ("mimetype", b"application/vnd.oasis.opendocument.text"),
    "ods": ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
    "odp": ("mimetype", b"application/vnd.oasis.opendocument.presentation"),
}
KINDS = ["pdf", *INSIDE]
MACROS = ("vbaproject.bin", "basic/", "scripts/")


def check_document(file):
    """Raise ValidationError if `file`, newly uploaded, is not what its name says or nothing that we take."""
    if getattr(file, "_committed", False):
        return  # checked when it came
    if file.size > MAX_MEGABYTES * 1024 * 1024:
        raise ValidationError(f"Filen är större än {MAX_MEGABYTES} MB. Minska bilderna i den.")
    kind = PurePath(file.name).suffix.removeprefix(".").lower()
    if kind not in KINDS:
        raise ValidationError(f"Filen ska vara något av {', '.join(KINDS)}. Spara den som pdf.")
    file.seek(0)
    is_right = file.read(5) == b"%PDF-" if kind == "pdf" else _is_archive_of(kind, file)
    file.seek(0)
    if not is_right:
        raise ValidationError(
            f"Filen heter .{kind} men innehåller något annat, eller har lösenord. Spara den på nytt."
        )


def _is_archive_of(kind, file):
    name, beginning = INSIDE[kind]
    try:
        with zipfile.ZipFile(file) as archive:
            names = [one.lower() for one in archive.namelist()]
            with archive.open(name) as part:
                is_right = part.read(100).removeprefix(BOM_UTF8).startswith(beginning)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, OSError, EOFError):
        return False
    if is_right and any(one.startswith(MACROS) or one.endswith(MACROS[0]) for one in names):
        raise ValidationError("Filen innehåller makron. Spara den utan makron, eller som pdf.")
    return is_right


class WholeFileStorage(FileSystemStorage):
    """A file gets its name when all of it is on the disk: a full one leaves nothing behind."""

    def get_valid_name(self, name):
        name = PurePath(super().get_valid_name(name))
        return name.stem[:LONGEST_NAME] + name.suffix[:LONGEST_NAME]

    def _save(self, name, content):
        part = f".{uuid4().hex}"
        try:
            super()._save(part, content)
            while True:
                try:
                    os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
                    os.link(self.path(part), self.path(name))
                    break
                except FileExistsError:  # somebody else has just taken the name
                    name = self.get_available_name(name)
        finally:
            self.delete(part)
        content.saved_as = name  # see forget_files
        return name


def forget_files(request):
    """Delete the files that have come with `request`: the database has kept nothing of it."""
    for file in request.FILES.values():
        if hasattr(file, "saved_as"):
            default_storage.delete(file.saved_as)
