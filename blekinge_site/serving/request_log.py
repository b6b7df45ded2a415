"""gunicorn's own log, and a line and a count for each request."""

import atexit
import json
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from functools import lru_cache

from django.conf import settings
from django.utils.module_loading import import_string
from gunicorn.glogging import Logger

from blekinge_site.operations.logs import Formatter, masked, request_id_of, utc

WRITE_EVERY_SECONDS = 0.2
MAX_WAITING_LINES = 100_000  # if they cannot be written, the oldest are dropped
PIPE_BYTES = 4096  # that a pipe takes in one piece, even if other processes write to it


class ServerLog(Logger):
    """Gunicorn's own log, in the site's format."""

    def setup(self, cfg):
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(Formatter(settings.LOG_FORMAT))


class RequestLog:
    """Numbers the requests, and records the responses in the log and the metrics."""

    def __init__(self):
        self.format = {"json": json_line, "text": text_line}[settings.LOG_FORMAT]
        self.writer = LineWriter() if settings.ACCESS_LOG else None
        # Imported only if it is used, because it takes memory.
        count = "blekinge_site.operations.metrics.count"
        self.count = import_string(count) if settings.METRICS_PORT else None

    def begin(self, environ):
        environ["request_id"] = request_id_of(environ, behind_proxy=settings.BEHIND_PROXY)

    def end(self, environ, status, sent_bytes, seconds):
        """Record a response. `status` is an int."""
        if self.writer:
            self.writer.add(self.format(environ, status, sent_bytes, seconds * 1000))
        if self.count:
            self.count(environ, status, seconds)


def json_line(environ, status, sent_bytes, ms):
    # json.dumps would take three times as long, for each request.
    return (
        f'{{"time": "{utc(time.time())}", "level": "INFO", "logger": "request", '
        f'"method": {quoted(environ["REQUEST_METHOD"])}, "path": {quoted(environ["PATH_INFO"])}, '
        f'"status": {status}, "ms": {ms:.1f}, "bytes": {sent_bytes}, '
        f'"request_id": "{environ.get("request_id", "")}", '
        f'"page_cache": "{environ.get("page_cache", "past")}"}}\n'
    )


def text_line(environ, status, sent_bytes, ms):
    return (
        f"{utc(time.time())[11:19]} {quoted(environ['REQUEST_METHOD'])[1:-1]} "
        f"{quoted(environ['PATH_INFO'])[1:-1]} {status} {sent_bytes} bytes "
        f"{ms:.1f} ms {environ.get('page_cache', '')}\n"
    )


@lru_cache(maxsize=1024)
def quoted(text):
    """Return `text`, a string as WSGI encodes it, as ASCII JSON, cut to 500 characters."""
    text = text.encode("latin-1", "replace").decode("utf-8", "replace")
    return json.dumps(masked(text)[:500])


class LineWriter:
    """Writes lines in a thread of its own. Writing each in the event loop would cost thread switches."""

    def __init__(self):
        self.waiting, self.lock = deque(maxlen=MAX_WAITING_LINES), threading.Lock()
        self.thread = None

    def add(self, line):
        """Add a line. Call this from the event loop's thread only."""
        self.waiting.append(line)
        if self.thread is None:  # started here because a fork would not copy it
            self.thread = threading.Thread(target=self.run, name="access-log", daemon=True)
            self.thread.start()
            atexit.register(self.write)

    def run(self):
        while True:
            time.sleep(WRITE_EVERY_SECONDS)
            self.write()

    def write(self):
        """Write the waiting lines, several at a time but never a part of one."""
        with self.lock:
            while self.waiting:
                piece = self.waiting.popleft()
                while self.waiting and len(piece) + len(self.waiting[0]) <= PIPE_BYTES:
                    piece += self.waiting.popleft()
                with suppress(OSError):  # on a full disk, lines are lost until there is space again
                    sys.stderr.write(piece)
                    sys.stderr.flush()
