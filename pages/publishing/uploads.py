"""Documents that staff upload: checking them, and storing them completely or not at all."""

import os
import zipfile
from codecs import BOM_UTF8
from pathlib import PurePath
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.files.storage import FileSystemStorage, default_storage

MAX_MEGABYTES = 25
MAX_NAME_CHARACTERS = 80  # file systems limit the bytes, and a character can take several

# Types that are zip archives: a file that each must contain, and the first bytes of that file.
ARCHIVE_CONTENT = {
    "docx": ("word/document.xml", b"<"),
    "xlsx": ("xl/workbook.xml", b"<"),
    "pptx": ("ppt/presentation.xml", b"<"),
    "odt": ("mimetype", b"application/vnd.oasis.opendocument.text"),
    "ods": ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
    "odp": ("mimetype", b"application/vnd.oasis.opendocument.presentation"),
}
EXTENSIONS = ["pdf", *ARCHIVE_CONTENT]
MACRO_PATHS = ("vbaproject.bin", "basic/", "scripts/")


def check_document(file):
    """Raise ValidationError if a new `file` is too large, or not of an accepted type that its name claims."""
    if file.closed:  # a stored file, which was checked when it was uploaded; an upload is open
        return
    if file.size > MAX_MEGABYTES * 1024 * 1024:
        raise ValidationError(f"Filen är större än {MAX_MEGABYTES} MB. Minska bilderna i den.")
    extension = PurePath(file.name).suffix.removeprefix(".").lower()
    if extension not in EXTENSIONS:
        raise ValidationError(
            f"Filen ska vara något av {', '.join(EXTENSIONS)}. Spara den som pdf."
        )
    file.seek(0)
    is_valid = file.read(5) == b"%PDF-" if extension == "pdf" else _is_archive_of(extension, file)
    file.seek(0)
    if not is_valid:
        raise ValidationError(
            f"Filen heter .{extension} men innehåller något annat, eller har lösenord. Spara den på nytt."
        )


def _is_archive_of(extension, file):
    required_name, first_bytes = ARCHIVE_CONTENT[extension]
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name.lower() for name in archive.namelist()]
            with archive.open(required_name) as part:
                is_valid = part.read(100).removeprefix(BOM_UTF8).startswith(first_bytes)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, OSError, EOFError):
        return False
    if is_valid and any(
        name.startswith(MACRO_PATHS) or name.endswith(MACRO_PATHS[0]) for name in names
    ):
        raise ValidationError("Filen innehåller makron. Spara den utan makron, eller som pdf.")
    return is_valid


class WholeFileStorage(FileSystemStorage):
    """Gives a file its name only when all of it is written, so that a full disk leaves no partial files."""

    def get_valid_name(self, name):
        name = PurePath(super().get_valid_name(name))
        return name.stem[:MAX_NAME_CHARACTERS] + name.suffix[:MAX_NAME_CHARACTERS]

    def _save(self, name, content):
        temporary_name = f".{uuid4().hex}"
        try:
            super()._save(temporary_name, content)
            while True:
                try:
                    os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
                    os.link(self.path(temporary_name), self.path(name))
                    break
                except FileExistsError:  # another request has just taken the name
                    name = self.get_available_name(name)
        finally:
            self.delete(temporary_name)
        content.saved_as = name  # see forget_files
        return name


def forget_files(request):
    """Delete the files uploaded with `request`, after its transaction has been rolled back."""
    for file in request.FILES.values():
        if hasattr(file, "saved_as"):
            default_storage.delete(file.saved_as)
