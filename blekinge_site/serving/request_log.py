"""What gunicorn logs of itself, and one line for each request, which is counted for Prometheus too."""

import atexit
import json
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from functools import lru_cache

from django.conf import settings
from gunicorn.glogging import Logger

from blekinge_site.operations.logs import Formatter, masked, request_id_of, utc

EVERY = 0.2  # seconds between two times that lines are written
MOST = 100_000  # lines that may wait; where nobody takes them, the oldest are let go
WHOLE = 4096  # bytes that a pipe takes in one piece, whoever else writes to it


class ServerLog(Logger):
    """Gunicorn's own log, in the site's format."""

    def setup(self, cfg):
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(Formatter(settings.LOG_FORMAT))


class Access:
    """Gives each request its number, and tells the log and the metrics how it was answered."""

    def __init__(self):
        self.line = {"json": json_line, "text": text_line}[settings.LOG_FORMAT]
        self.lines = Lines() if settings.ACCESS_LOG else None
        self.count = None
        if settings.METRICS_PORT:
            from blekinge_site.operations.metrics import count  # which takes memory

            self.count = count

    def begin(self, environ):
        environ["request_id"] = request_id_of(environ, behind_proxy=settings.BEHIND_PROXY)

    def end(self, environ, status, sent, seconds):
        """Note an answer: its status, as a number, the bytes of its body and the time that it took."""
        if self.lines:
            self.lines.add(self.line(environ, status, sent, seconds * 1000))
        if self.count:
            self.count(environ, status, seconds)


def json_line(environ, status, sent, ms):
    # By hand: json.dumps of all of it takes three times as long, and this is done for every request.
    return (
        f'{{"time": "{utc(time.time())}", "level": "INFO", "logger": "request", '
        f'"method": {quoted(environ["REQUEST_METHOD"])}, "path": {quoted(environ["PATH_INFO"])}, '
        f'"status": {status}, "ms": {ms:.1f}, "bytes": {sent}, '
        f'"request_id": "{environ.get("request_id", "")}", '
        f'"page_cache": "{environ.get("page_cache", "past")}"}}\n'
    )


def text_line(environ, status, sent, ms):
    return (
        f"{utc(time.time())[11:19]} {quoted(environ['REQUEST_METHOD'])[1:-1]} "
        f"{quoted(environ['PATH_INFO'])[1:-1]} {status} {sent} bytes "
        f"{ms:.1f} ms {environ.get('page_cache', '')}\n"
    )


@lru_cache(maxsize=1024)
def quoted(sent):
    """Return `sent`, as WSGI has it, as JSON; cut, so that a line stays short."""
    text = sent.encode("latin-1", "replace").decode("utf-8", "replace")
    return json.dumps(masked(text)[:500])


class Lines:
    """Writes lines from a thread of its own: the requests' threads would change places at each writing."""

    def __init__(self):
        self.waiting, self.thread, self.lock = deque(maxlen=MOST), None, threading.Lock()

    def add(self, line):
        self.waiting.append(line)
        if self.thread is None:  # in each process: a fork takes no thread along
            self.start()

    def start(self):
        with self.lock:
            if self.thread is None:
                self.thread = threading.Thread(target=self.run, name="access-log", daemon=True)
                self.thread.start()
                atexit.register(self.write)

    def run(self):
        while True:
            time.sleep(EVERY)
            self.write()

    def write(self):
        """Write all that waits, whole lines at a time."""
        with self.lock:
            while self.waiting:
                piece = self.waiting.popleft()
                while self.waiting and len(piece) + len(self.waiting[0]) <= WHOLE:
                    piece += self.waiting.popleft()
                # On a full disk it is lost; what comes when there is room again is written.
                with suppress(OSError):
                    sys.stderr.write(piece)
                    sys.stderr.flush()
