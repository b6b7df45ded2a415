"""The format of the log: one line for each event, with nothing about visitors.

Network addresses, user agents, query strings, cookies and names are left out. Secrets in the addresses of
previews and password resets are masked.
"""

import json
import logging
import random
import re
import time
from functools import lru_cache

from django.core.exceptions import SuspiciousOperation

MAX_REFUSAL_CHARACTERS = 500  # of the message about a refused request, which may quote the request

# Patterns of text that is masked, and their replacements.
MASKS = [
    (re.compile(r"(/forhandsgranska/|/konto/glomt/)[^/\s'\"]+"), r"\1…"),
    # A query string. The possessive quantifiers keep the time linear for a path of thousands of slashes.
    (re.compile(r"(?<![^\s?'\"])([^\s?'\"/]*+/[^\s?'\"]*+)\?[^\s'\"]+"), r"\1"),
    # In gunicorn's messages about unreadable requests: the address, and a part of the request.
    (re.compile(r"\bip=.*"), "…"),
    # In PostgreSQL's errors: values of a row.
    (re.compile(r"^DETAIL: .*$", re.MULTILINE), "DETAIL: …"),
]


def masked(text):
    """Return `text` with secrets and data about visitors masked."""
    for pattern, replacement in MASKS:
        text = pattern.sub(replacement, text)
    return text


def as_json(line):
    return json.dumps(line, ensure_ascii=False, default=str)


def as_text(line):
    """Return `line`, a dict that begins with time, level and logger, as text for people."""
    time, level, logger, *rest = line.values()
    return " ".join([time[11:19], level, logger, *(str(value) for value in rest)])


@lru_cache(maxsize=8)
def utc_second(second):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def utc(seconds):
    """Return a Unix time in seconds as text, such as 2026-11-26T11:00:00.123Z."""
    return f"{utc_second(int(seconds))}.{int(seconds % 1 * 1000):03}Z"


class Formatter(logging.Formatter):
    """Formats a record as one line, with its traceback, the ID of its request and `extra={"fields": {…}}`."""

    def __init__(self, shape):
        super().__init__()
        self.shape = {"json": as_json, "text": as_text}[shape]

    def format(self, record):
        error = record.exc_info and record.exc_info[1]
        is_refusal = isinstance(error, SuspiciousOperation)  # such as an unknown host
        message = masked(record.getMessage())
        line = {
            "time": utc(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": message[:MAX_REFUSAL_CHARACTERS] if is_refusal else message,
        }
        line |= getattr(record, "fields", {})
        request = getattr(record, "request", None)
        if request_id := getattr(request, "META", {}).get("request_id"):
            line["request_id"] = request_id
        # A refusal's traceback adds nothing, and visitors can cause thousands of them.
        if error and not is_refusal:
            line["traceback"] = masked(self.formatException(record.exc_info))
        return self.shape(line)


def request_id_of(environ, *, behind_proxy):
    """Return the ID that all lines about a WSGI request share: from a proxy of ours, or a new one.

    Responses don't include it: a stored page is the same for every visitor.
    """
    request_id = behind_proxy and environ.get("HTTP_X_REQUEST_ID", "")
    if request_id and re.fullmatch(r"[\w-]{8,64}", request_id, re.ASCII):
        return request_id
    # The ID is not secret. The system's random numbers would cost a switch of threads.
    return f"{random.getrandbits(64):016x}"
