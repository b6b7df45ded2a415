"""How lines in the log look: one an event, and nothing in them about who visits.

No network address, browser, query string, cookie or name is written, and no secret: what opens a preview
or a new password is masked wherever it stands.
"""

import json
import logging
import random
import re
import time
from functools import lru_cache

from django.core.exceptions import SuspiciousOperation

LONGEST_REFUSAL = 500  # characters of a line about a request, which may quote what was sent

# What to leave out, and what is written in its place.
MASKED = [
    (re.compile(r"(/forhandsgranska/|/konto/glomt/)[^/\s'\"]+"), r"\1…"),
    # A query string. Each word is read once: a visitor may send a path of thousands of slashes.
    (re.compile(r"(?<![^\s?'\"])([^\s?'\"/]*+/[^\s?'\"]*+)\?[^\s'\"]+"), r"\1"),
    (
        re.compile(r"\bip=.*"),
        "…",
    ),  # gunicorn's, of a request that it can't read: who, and what was sent
    (re.compile(r"^DETAIL: .*$", re.MULTILINE), "DETAIL: …"),  # PostgreSQL's: values of a row
]


def masked(text):
    """Return `text`, which may hold addresses, without what the log may not have."""
    for secret, instead in MASKED:
        text = secret.sub(instead, text)
    return text


def as_json(line):
    return json.dumps(line, ensure_ascii=False, default=str)


def as_text(line):
    """Return `line`, a dict that begins with time, level and logger, to be read by people."""
    time, level, logger, *rest = line.values()
    return " ".join([time[11:19], level, logger, *(str(value) for value in rest)])


@lru_cache(maxsize=8)
def utc_second(second):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def utc(seconds):
    """Return `seconds` since 1970 as text, such as 2026-11-26T11:00:00.123Z."""
    return f"{utc_second(int(seconds))}.{int(seconds % 1 * 1000):03}Z"


class Formatter(logging.Formatter):
    """Makes one line of a record, its traceback, its request's number and its `extra={"fields": {…}}`."""

    def __init__(self, shape):
        super().__init__()
        self.shape = {"json": as_json, "text": as_text}[shape]

    def format(self, record):
        error = record.exc_info and record.exc_info[1]
        is_refusal = isinstance(error, SuspiciousOperation)  # an unknown host, too many fields
        message = masked(record.getMessage())
        line = {
            "time": utc(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": message[:LONGEST_REFUSAL] if is_refusal else message,
        }
        line |= getattr(record, "fields", {})
        request = getattr(record, "request", None)
        if number := getattr(request, "META", {}).get("request_id"):
            line["request_id"] = number
        # Where in the code a request was refused says nothing more, and visitors may send thousands.
        if error and not is_refusal:
            line["traceback"] = masked(self.formatException(record.exc_info))
        return self.shape(line)


def number_of(environ, *, behind_proxy):
    """Return the number that all lines about the request of `environ` carry.

    A proxy of ours may have given it one. It is not sent back: a stored page is the same for everyone.
    """
    given = behind_proxy and environ.get("HTTP_X_REQUEST_ID", "")
    if given and re.fullmatch(r"[\w-]{8,64}", given, re.ASCII):
        return given
    # Not secret; the system's random numbers would cost a change of threads.
    return f"{random.getrandbits(64):016x}"
