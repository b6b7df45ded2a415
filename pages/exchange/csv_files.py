"""Reads csv files as spreadsheet programs and economy systems write them."""

import codecs
import csv
import io
import re
from collections import Counter
from itertools import islice

from django.core.exceptions import ValidationError

from pages.exchange.cells import (
    CELL_TOO_LONG,
    MAX_COLUMNS,
    Sheet,
    text_cell,
)

NOT_A_SHEET = "Filen är varken en Excelfil eller en csv-fil."
QUOTED = re.compile('"[^"]*"')
DELIMITERS = ";\t,"  # in order of preference
MAX_CHARACTERS_OF_LINE = 2_000_000
LINE_TOO_LONG = "Filen har en rad med mer än 2 000 000 tecken. Kontrollera att det är en csv-fil."
LINES_TO_JUDGE_BY = 20
CHARACTERS_TO_JUDGE_BY = 10_000  # of each line
# Excel reads the delimiter from a first line such as `sep=;`.
DELIMITER_LINE = re.compile(r"\s*\"?sep=([;,\t])\"?\s*", re.I)


def read_csv(content):
    """Return the Sheet in `content`, bytes in UTF-8, Windows-1252 or UTF-16 with a byte order mark."""
    encoding = _encoding(content)
    lines = _lines(content, encoding)
    first_lines = [
        line
        for line in (lines.readline(CHARACTERS_TO_JUDGE_BY) for _ in range(LINES_TO_JUDGE_BY))
        if line.strip()
    ]
    stated = DELIMITER_LINE.fullmatch(first_lines[0]) if first_lines else None
    delimiter = stated[1] if stated else _delimiter(first_lines)
    reader = csv.reader(_bounded(_lines(content, encoding)), delimiter=delimiter, strict=True)
    sheet = Sheet("", delimiter=delimiter)
    try:
        for number, texts in enumerate(reader, start=1):
            if number == 1 and stated:
                continue
            if any(text.strip() for text in islice(texts, MAX_COLUMNS, None)):
                sheet.has_more_columns = True
            sheet.add_row(number, [text_cell(text) for text in texts[:MAX_COLUMNS]])
    except csv.Error as error:
        if "field larger than field limit" in str(error):
            raise ValidationError(CELL_TOO_LONG) from error
        raise ValidationError(
            f"Filen går inte att läsa längre än till rad {reader.line_num}. Kontrollera citattecknen."
        ) from error
    return sheet


def _lines(content, encoding):
    return io.TextIOWrapper(io.BytesIO(content), encoding, newline="")


def _bounded(lines):
    for line in lines:
        if len(line) > MAX_CHARACTERS_OF_LINE:
            raise ValidationError(LINE_TOO_LONG)
        yield line


def _encoding(content):
    """Return the encoding of `content`. Raises ValidationError if it isn't text."""
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ["utf-16"] if is_utf_16 else ["utf-8-sig", "cp1252"]:
        text = _lines(content, encoding)
        try:
            while piece := text.read(65_536):
                if "\0" in piece:
                    raise ValidationError(NOT_A_SHEET)
        except UnicodeError:
            continue
        return encoding
    raise ValidationError(NOT_A_SHEET)


def _delimiter(lines):
    """Return the delimiter that divides most of `lines`. Title rows may have none.

    Commas also stand in amounts and in prose. So they count only if they make most lines equally long.
    """
    lines = [QUOTED.sub("", line) for line in lines]
    scores = {}
    for delimiter in DELIMITERS:
        counts = [line.count(delimiter) for line in lines if delimiter in line]
        scores[delimiter] = len(counts)
        if delimiter == ",":
            equally_long = max(Counter(counts).values(), default=0)
            scores[delimiter] = equally_long if equally_long > len(lines) / 2 else 0
    return max(DELIMITERS, key=scores.get)
