"""Files made to exhaust memory or time, broken files, and files of other kinds than they say."""

import bz2
import io
import itertools
import json
import os
import resource
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from tests.pages.exchange.workbooks import (
    archive_of,
    excel,
    excel_parts,
    opendocument,
    read,
    texts_of,
)

LAUGHS = "<!DOCTYPE lolz [<!ENTITY a 'lollollol'>" + "".join(
    f"<!ENTITY {name} '{f'&{previous};' * 10}'>" for previous, name in itertools.pairwise("abcdefghi")
) + "]>"  # fmt: skip
QUADRATIC = f"<!DOCTYPE sst [<!ENTITY a '{'a' * 50_000}'>]>"
TOO_LARGE = "Filen är för stor när den packas upp. Spara bara det första bladet."
UNREADABLE = "Filen går inte att läsa. Spara den som .xlsx eller .csv."
TOO_LONG = (
    "En cell har mer än 32 767 tecken. Korta texten, eller kontrollera citattecknen i en csv-fil."
)
TOO_LONG_LINE = "Filen har en rad med mer än 2 000 000 tecken. Kontrollera att det är en csv-fil."
TOO_MANY_ROWS = "Filen har fler än 5 000 rader. Dela den i flera."
TOO_MANY_CELLS = (
    "Bladet har för många celler. Kopiera tabellen till en ny fil och spara den som .xlsx."
)
TOO_MUCH_TEXT = "Filen innehåller för mycket text. Dela den i flera."
FORBIDDEN = "Filen innehåller XML som inte är tillåten. Spara den på nytt som .xlsx."
ONE_ROW = '<row r="1"><c r="A1"><v>1</v></c></row>'


def with_part(path, content, rows=ONE_ROW):
    return archive_of(excel_parts(rows) | {path: content})


def with_false_sizes(content, path, size):
    """Return the archive `content`, whose headers say that the part `path` has `size` bytes unpacked."""
    content = bytearray(content)
    for signature, offset, name_offset in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        at = content.find(signature)
        while at >= 0:
            if content[at + name_offset :].startswith(path.encode()):
                struct.pack_into("<I", content, at + offset, size)
            at = content.find(signature, at + 1)
    return bytes(content)


def with_compression(compression, content):
    parts = excel_parts(ONE_ROW)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path, part in parts.items():
            archive.writestr(path, part, zipfile.ZIP_DEFLATED)
        archive.writestr("xl/sharedStrings2.xml", content, compression)
    return file.getvalue()


def rows_of(count, cells):
    return "".join(f'<row r="{number}">{cells}</row>' for number in range(1, count + 1))


def hostile_files():
    """Return `{name: (content, sentence)}` of files that must be refused."""
    sheet, shared = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
    bomb = b"<worksheet>" + b" " * (200 * 1024 * 1024)
    ods_row = '<table:table-row table:number-rows-repeated="1048576">{}</table:table-row>'
    ods_cell = (
        '<table:table-cell table:number-columns-repeated="16384" office:value-type="string"><text:p>'
        + "x" * 30_000 + "</text:p></table:table-cell>"
    )  # fmt: skip
    parts = excel_parts(ONE_ROW)
    return {
        "billion laughs": (with_part(sheet, f"{LAUGHS}<worksheet>&i;</worksheet>"), FORBIDDEN),
        "quadratic blow-up": (
            with_part(
                shared, f"{QUADRATIC}<sst><si><t>{'&a;' * 50_000}</t></si></sst>",
                '<row><c t="s"><v>0</v></c></row>',
            ),
            FORBIDDEN,
        ),
        "entity in the styles": (with_part("xl/styles.xml", f"{LAUGHS}<styleSheet/>"), FORBIDDEN),
        "entity in the workbook": (with_part("xl/workbook.xml", f"{LAUGHS}<workbook/>"), FORBIDDEN),
        "entity in relations": (with_part("_rels/.rels", f"{LAUGHS}<Relationships/>"), FORBIDDEN),
        "external document type": (
            with_part(sheet, '<!DOCTYPE a SYSTEM "file:///etc/passwd"><worksheet/>'), FORBIDDEN,
        ),
        "zip bomb": (with_part(sheet, bomb), TOO_LARGE),
        "zip bomb with false sizes": (with_false_sizes(with_part(sheet, bomb), sheet, 1000), UNREADABLE),
        "bzip2": (archive_of(parts, zipfile.ZIP_BZIP2), UNREADABLE),
        "lzma": (archive_of(parts, zipfile.ZIP_LZMA), UNREADABLE),
        "many parts": (archive_of({str(number): "" for number in range(30_000)}), TOO_LARGE),
        "huge inline string": (
            excel(f'<row><c t="inlineStr"><is><t>{"x" * 25_000_000}</t></is></c></row>'), TOO_LONG,
        ),
        "huge shared string": (
            excel('<row><c t="s"><v>0</v></c></row>', shared=f"<si><t>{'x' * 25_000_000}</t></si>"), TOO_LONG,
        ),
        "one long string everywhere": (
            excel(rows_of(3000, '<c t="s"><v>0</v></c>' * 50), shared=f"<si><t>{'x' * 32_000}</t></si>"),
            TOO_MUCH_TEXT,
        ),
        "millions of shared strings": (
            excel('<row><c t="s"><v>2999999</v></c></row>', shared="<si/>" * 3_000_000), TOO_MANY_CELLS,
        ),
        "missing shared string": (excel('<row><c t="s"><v>5</v></c></row>'), UNREADABLE),
        "nested elements": (excel("<a>" * 1_000_000), UNREADABLE),
        "long attribute": (excel(f'<row a="{"x" * 20_000_000}"/>'), UNREADABLE),
        "many names": (excel("".join(f"<a{number}/>" for number in range(1_000_000))), UNREADABLE),
        "wide empty rows": (excel(rows_of(1000, "<c/>" * 2000)), TOO_MANY_CELLS),
        "too many rows": (excel(rows_of(15_000, "<c><v>1</v></c>")), TOO_MANY_ROWS),
        "a value in the last row": (
            excel('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
            "Bladet har värden nedanför rad 20 000. Ta bort de tomma raderna ovanför.",
        ),
        "rows in disorder": (excel('<row r="2"/><row r="1"/>'), UNREADABLE),
        "cells in disorder": (excel('<row r="1"><c r="B1"/><c r="A1"/></row>'), UNREADABLE),
        "a cell of another row": (excel('<row r="1"><c r="A2"><v>1</v></c></row>'), UNREADABLE),
        "overlapping merged cells": (
            excel(rows_of(4000, "<c><v>1</v></c>"), after='<mergeCell ref="A1:XFD1048576"/>' * 200_000),
            UNREADABLE,
        ),
        "repeated OpenDocument rows": (
            opendocument(f"<table:table>{ods_row.format(ods_cell)}</table:table>"), TOO_MUCH_TEXT,
        ),
        "csv with one line": (b"a;b\n" + b"x" * 5_000_000, TOO_LONG_LINE),
        "csv with a long cell": (b"a;b\n1;" + b"x" * 40_000, TOO_LONG),
        "csv with a longer cell": (b"a;b\n1;" + b"x" * 1_500_000, TOO_LONG),
        "csv with an open quotation mark": (b'a;b\n"' + b"x;y\n" * 1_000_000, TOO_LONG),
        "csv of delimiters": (b";" * 5_000_000 + b"x", TOO_LONG_LINE),
        "csv of lines": (b"x\n" * 2_000_000, TOO_MANY_ROWS),
        "csv with NULs": (b"a;b\n\0;1", "Filen är varken en Excelfil eller en csv-fil."),
        "truncated zip": (excel(ONE_ROW)[:-200], UNREADABLE),
        "broken XML": (with_part(sheet, "<worksheet><sheetData>"), UNREADABLE),
        "unknown encoding": (with_part(sheet, '<?xml version="1.0" encoding="x"?><a/>'), UNREADABLE),
    }  # fmt: skip


def other_files():
    """Return `{name: (content, sentence)}` of files of other kinds."""
    ole = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500)
    document = archive_of(
        excel_parts() | {"xl/workbook.xml": '<w:document xmlns:w="w"><w:body/></w:document>'}
    )
    binary = {"_rels/.rels": excel_parts()["_rels/.rels"].replace("workbook.xml", "workbook.bin")}
    password = "Filen har lösenord. Spara den utan lösenord som .xlsx."
    markup = "Filen är en webbsida eller XML, vad den än heter. Öppna den i Excel och spara den som .xlsx."
    return {
        "password": (ole + "EncryptedPackage".encode("utf-16-le"), password),
        "xls": (
            ole + "Workbook".encode("utf-16-le"),
            "Filen är sparad i det äldre formatet .xls. Öppna den i Excel och spara den som .xlsx.",
        ),
        "xlsb": (archive_of(binary), "Filen är sparad som .xlsb. Spara den som .xlsx."),
        "docx": (document, "Filen är ingen Excelfil. Spara den som .xlsx eller .csv."),
        "zip": (archive_of({"a.txt": "a"}), UNREADABLE),
        "html": (b"\xef\xbb\xbf\r\n<html><table><tr><td>1</td></tr></table></html>", markup),
        "table": (b"<TABLE border=1><tr><td>1</td></tr></TABLE>", markup),
        "xml": (b'<?xml version="1.0"?><Workbook/>', markup),
        "pdf": (b"%PDF-1.7 ...", "Filen är en pdf. Välj Excelfilen som den kommer från."),
    }


@pytest.mark.parametrize("name", other_files())
def test_files_of_other_kinds_are_refused_with_their_name(name):
    content, sentence = other_files()[name]
    with pytest.raises(ValidationError) as caught:
        read(content)
    assert caught.value.messages == [sentence]


def test_an_encrypted_part_is_said_to_have_a_password():
    content = bytearray(excel(ONE_ROW))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(signature, at + 1)
    with pytest.raises(ValidationError, match="Filen har lösenord"):
        read(bytes(content))


@pytest.mark.parametrize("make", [excel, lambda row: opendocument("<table:table/>")])
def test_a_damaged_file_is_read_or_refused(make):
    content = make(ONE_ROW)
    refused = 0
    for position in range(4, len(content), 5):
        for damaged in (
            content[:position] + content[position + 3 :],
            content[:position] + b"abc" + content[position:],
            content[:position] + b"\xff" + content[position + 1 :],
        ):
            try:
                read(damaged)
            except ValidationError as error:
                refused += len(error.messages)
    assert refused > len(content) / 5


def test_a_bomb_in_a_part_that_is_not_read_is_not_unpacked():
    content = with_false_sizes(
        with_compression(zipfile.ZIP_BZIP2, bytes(50_000_000)), "xl/sharedStrings2.xml", 100
    )
    assert len(bz2.compress(bytes(50_000_000))) < 1000
    assert texts_of(read(content)) == [["1"]]


def test_dimensions_that_are_false_are_not_believed():
    for dimension in ("A1:XFD1048576", "A1"):
        content = excel(rows_of(2, "<c><v>1</v></c>"), before=f'<dimension ref="{dimension}"/>')
        assert texts_of(read(content)) == [["1"], ["1"]]


def test_a_million_formatted_empty_rows_are_read_quickly():
    empty = "".join(f'<row r="{number}" s="1" customFormat="1"/>' for number in range(2, 700_000))
    after = '<extLst xmlns:xm="x"><xm:f>A1</xm:f></extLst>'
    content = excel(ONE_ROW + empty, after=after)
    start = time.process_time()
    assert texts_of(read(content)) == [["1"]]
    assert time.process_time() - start < 3


def test_5000_cells_are_read_quickly():
    content = excel(rows_of(1000, "<c><v>6198.5</v></c>" * 5))
    start = time.process_time()
    assert len(read(content).rows) == 1000
    assert time.process_time() - start < 2


def measure(folder):
    """Read the files in `folder`, each in a process of its own.

    Print `{name: [sentences of the error or None, CPU seconds, kB of memory added at the peak]}`.
    """
    read(excel(ONE_ROW))  # loads the libraries
    outcomes = {}
    for path in Path(folder).iterdir():
        receiver, sender = os.pipe()
        if os.fork() == 0:
            content = path.read_bytes()
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            start = time.process_time()
            sentences = None
            try:
                read(content)
            except ValidationError as error:
                sentences = error.messages
            seconds = time.process_time() - start
            added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            os.write(sender, json.dumps([sentences, seconds, added]).encode())
            os._exit(0)
        os.close(sender)
        with open(receiver, "rb") as file:
            outcomes[path.name] = json.loads(file.read())
        os.wait()
    sys.stdout.write(json.dumps(outcomes))


@pytest.mark.processes
def test_hostile_files_are_refused_with_little_memory_and_time(tmp_path):
    expected = {}
    for name, (content, sentence) in hostile_files().items():
        (tmp_path / name).write_bytes(content)
        expected[name] = [sentence]
    code = f"from {__name__} import measure; measure({str(tmp_path)!r})"
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
    )  # fmt: skip
    outcomes = json.loads(run.stdout)
    assert {name: sentences for name, (sentences, _, _) in outcomes.items()} == expected
    assert {
        name: kilobytes for name, (_, _, kilobytes) in outcomes.items() if kilobytes > 50_000
    } == {}
    # Each takes less than 1 s on a machine with nothing else to do.
    assert {name: seconds for name, (_, seconds, _) in outcomes.items() if seconds > 3} == {}
