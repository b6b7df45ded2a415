"""Reads the XML in a workbook, which is a zip archive, within bounds of memory and time.

What an archive says about its sizes may be false, and a small file can unpack to gigabytes, or describe a
million empty rows. So the parts are unpacked and parsed piece by piece, and only as far as they are needed.
"""

import io
import struct
import zipfile
import zlib
from xml.parsers import expat

from django.core.exceptions import ValidationError

from pages.exchange.cells import UNREADABLE

MAX_PARTS = 2000
MAX_BYTES_UNPACKED = 30 * 1024 * 1024
MAX_ELEMENTS = 500_000  # in one part
MAX_DEPTH = 100
MAX_NAMES = 5000  # different names of elements and attributes
MAX_BYTES_OF_TAG = 512 * 1024
BYTES_AT_A_TIME = 64 * 1024

PASSWORD = "Filen har lösenord. Spara den utan lösenord som .xlsx."
TOO_LARGE = "Filen är för stor när den packas upp. Spara bara det första bladet."
TOO_MANY_CELLS = (
    "Bladet har för många celler. Kopiera tabellen till en ny fil och spara den som .xlsx."
)

DIRECTORY_ENTRY = b"PK\x01\x02"
ENCRYPTED = 0x1
# What zipfile raises for broken archives.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ValueError,
    EOFError,
    OSError,
    NotImplementedError,
)


class StopParsing(Exception):  # noqa: N818 -- not an error
    """Raised by a handler of `Archive.parse` that needs no more of the part."""


class Archive:
    """A zip archive. Raises ValidationError, here and in `parse`, if it is broken, too large or unsafe."""

    def __init__(self, content):
        # zipfile reads the whole directory at once, so its entries are counted first.
        if content.count(DIRECTORY_ENTRY) > MAX_PARTS:
            raise ValidationError(TOO_LARGE)
        try:
            self.archive = zipfile.ZipFile(io.BytesIO(content))
            parts = self.archive.infolist()
        except BROKEN as error:
            raise ValidationError(UNREADABLE) from error
        if sum(part.file_size for part in parts) > MAX_BYTES_UNPACKED:
            raise ValidationError(TOO_LARGE)
        self.parts = {part.filename: part for part in parts}
        self.bytes_left = MAX_BYTES_UNPACKED

    def pieces(self, name):
        """Yield the part `name`, unpacked, as pieces of bytes."""
        part = self.parts.get(name)
        if part is None:
            raise ValidationError(UNREADABLE)
        if part.flag_bits & ENCRYPTED:
            raise ValidationError(PASSWORD)
        # The other methods unpack as much as there is at once, and no spreadsheet program uses them.
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValidationError(UNREADABLE)
        try:
            with self.archive.open(part) as file:
                while piece := file.read(BYTES_AT_A_TIME):
                    self.bytes_left -= len(piece)
                    if self.bytes_left < 0:
                        raise ValidationError(TOO_LARGE)
                    yield piece
        except BROKEN as error:
            raise ValidationError(UNREADABLE) from error

    def parse(self, name, start, end=None, text=None):
        """Parse the part `name`, and call `start(name, attributes)`, `end(name)` and `text(text)`.

        A name is its namespace, a space and its local name. If a handler raises StopParsing, return an
        iterator of the rest of the part, in bytes, otherwise an empty iterator.
        """
        names = {}
        parser = _parser(names, start, end, text)
        pieces = self.pieces(name)
        before = 0  # bytes before the present piece
        for piece in pieces:
            try:
                parser.Parse(piece)
            except StopParsing:
                return _rest(piece[max(0, parser.CurrentByteIndex - before) :], pieces)
            except (expat.ExpatError, ValueError, LookupError) as error:
                raise ValidationError(UNREADABLE) from error
            before += len(piece)
            if before - parser.CurrentByteIndex > MAX_BYTES_OF_TAG or len(names) > MAX_NAMES:
                raise ValidationError(UNREADABLE)
        try:
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise ValidationError(UNREADABLE) from error
        return iter(())


def _rest(piece, pieces):
    yield piece
    yield from pieces


def _parser(names, start, end, text):
    """Return a parser that calls the handlers, and refuses what spreadsheets don't need.

    The parser keeps the names that it meets in the dict `names`.
    """
    depth = elements = 0

    def start_element(name, attributes):
        nonlocal depth, elements
        depth += 1
        elements += 1
        if elements > MAX_ELEMENTS:
            raise ValidationError(TOO_MANY_CELLS)
        if depth > MAX_DEPTH:
            raise ValidationError(UNREADABLE)
        start(name, attributes)

    def end_element(name):
        nonlocal depth
        depth -= 1
        if end:
            end(name)

    def refuse(*_):
        raise ValidationError(
            "Filen innehåller XML som inte är tillåten. Spara den på nytt som .xlsx."
        )

    parser = expat.ParserCreate(namespace_separator=" ", intern=names)
    parser.buffer_text = True
    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    if text:
        parser.CharacterDataHandler = text
    # Entities are declared in a document type, and only there.
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    return parser
