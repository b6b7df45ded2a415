"""Reads a sheet from a file: Excel, OpenDocument or csv."""

import re

from django.core.exceptions import ValidationError

from pages.exchange.archives import PASSWORD, Archive
from pages.exchange.cells import UNREADABLE
from pages.exchange.csv_files import read_csv
from pages.exchange.excel import read_excel
from pages.exchange.opendocument import CONTENT, read_opendocument

MAX_BYTES = 5 * 1024 * 1024

ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
# The first bytes of an OLE file: an .xls, or a workbook with a password.
OLE_SIGNATURE = bytes.fromhex("d0cf11e0")
OLD_FORMAT = "Filen är sparad i det äldre formatet .xls. Öppna den i Excel och spara den som .xlsx."
PASSWORD_OR_OLD = (
    "Filen har lösenord eller är sparad i ett äldre format. Spara den utan lösenord som .xlsx."
)
# Economy systems write web pages, or XML, and call them .xls.
MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|!--|\?xml|html|head|meta|body|table|style)\b", re.I
)


def read_file(file, sheet=None):
    """Return a sheet of an uploaded `file`, as a Sheet.

    Without `sheet`, read the sheet that was open when the file was saved, or the first visible sheet if that
    one is hidden. `sheet` is the name of another to read, which may be hidden. Raises ValidationError, with
    one sentence, if the file or the sheet cannot be read.
    """
    if file.size > MAX_BYTES:
        raise ValidationError("Filen är större än 5 MB. Ta bort bilder och annat som inte behövs.")
    content = file.read()
    if content.startswith(ZIP_SIGNATURES):
        archive = Archive(content)
        read = read_opendocument if CONTENT in archive.parts else read_excel
        return read(archive, sheet or None)
    if content.startswith(OLE_SIGNATURE):
        raise ValidationError(_ole_error(content))
    if MARKUP.match(content):
        raise ValidationError(
            "Filen är en webbsida eller XML, vad den än heter. Öppna den i Excel och spara den som .xlsx."
        )
    if content.startswith(b"%PDF"):
        raise ValidationError("Filen är en pdf. Välj Excelfilen som den kommer från.")
    if sheet:
        raise ValidationError(UNREADABLE)
    return read_csv(content)


def _ole_error(content):
    """Return the sentence about an OLE file. The names of its parts are in UTF-16."""
    if "EncryptedPackage".encode("utf-16-le") in content:
        return PASSWORD
    if any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")):
        return OLD_FORMAT
    return PASSWORD_OR_OLD
