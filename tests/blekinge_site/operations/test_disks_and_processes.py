"""The site when a disk is full, a process dies or the clock is moved."""

import os
import re
import resource
import signal
import socket
import time
from collections import Counter
from contextlib import contextmanager

import pytest
from django.conf import settings

from tests.outages import (
    LONG_SECONDS,
    NEWS,
    PAUSE_SECONDS,
    WORDS,
    YES,
    Readers,
    publish_and_see,
    refused_by,
    seconds_until,
    shows,
    warmed_up,
)
from tests.serving import (
    Browser,
    Editor,
    VisitorThreads,
    served,
)

pytestmark = pytest.mark.processes

# --- A full disk -----------------------------------------------------------------------------------


@contextmanager
def no_file_longer_than(size, site):
    """Limit files that the processes of `site` write to `size` bytes, as on a full disk."""
    for number in site.workers():
        resource.prlimit(number, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    yield
    for number in site.workers():
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(number, resource.RLIMIT_FSIZE, unlimited)


@pytest.mark.in_ci
def test_a_full_disk_under_sqlite(folder):
    with served(folder) as site:
        editor, visitor = Editor(site.address), Browser(site.address)
        publish_and_see(editor, "Före fullt.", site)
        form = editor.open_copy()
        thanks = visitor.ask("/aterkoppling/", YES).headers["Location"]
        paths = warmed_up(site)
        with Readers(site, paths) as readers:
            with no_file_longer_than(0, site):
                refused_by(editor, form)
                words = visitor.ask(thanks, WORDS)
                assert (words.status, words.fields) == (503, WORDS)
                time.sleep(2)
            assert visitor.ask(thanks, words.fields).status == 303
            assert shows(site, "Före fullt.")
            assert "Halvt sparat." not in editor.ask(editor.form).html
            publish_and_see(editor, "Efter fullt.", site)
        assert readers.statuses == {200}
        before = len(site.log.read_text())
        site.get("/robots.txt")
        time.sleep(1)
        assert "/robots.txt" in site.log.read_text()[before:]  # requests are logged again


def with_file(fields, name, content):
    """Return the body and content type of a form with a file."""
    lines = [
        f'--part\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    ]
    head = f'--part\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = "".join([*lines, head]).encode() + content + b"\r\n--part--\r\n"
    return body, "multipart/form-data; boundary=part"


PLAN = "from tests.factories import *; make_plan(2030, 2032, status='draft', title_sv='Ny plan')"
ADD = "/admin/planning/plandocument/add/"


def test_a_full_disk_for_documents(folder):
    with served(folder, PLAN) as site:
        editor = Editor(site.address)
        empty = editor.ask(ADD)
        [plan] = re.findall(r'<option value="(\d+)"[^>]*>[^<]*2030', empty.html)
        fields = empty.fields | {"plan": plan, "title_sv": "Bilaga"}
        sent = with_file(fields, "bilaga.pdf", b"%PDF-1.7" + b"x" * 600_000)
        too_large = with_file(fields, "bilaga.pdf", b"%PDF-1.7" + b"x" * 2_000_000)
        with no_file_longer_than(300_000, site):
            response = editor.ask(ADD, *sent)
            unread = editor.ask(ADD, *too_large)  # spooled to disk while it is received
        assert unread.status == 503
        assert "Räkna med att inget är sparat" in unread.html
        assert response.status == 200
        assert "Filen kunde inte sparas, eftersom servern inte har plats" in response.html
        assert response.fields["title_sv"] == "Bilaga"
        assert [path for path in (folder / "media").rglob("*") if path.is_file()] == []
        assert "/admin/planning/plandocument/1/" not in editor.ask(ADD.replace("add/", "")).html
        assert editor.ask(ADD, *sent).status == 302
        assert (folder / "media/dokument/bilaga.pdf").stat().st_size == 600_008


# --- Processes -------------------------------------------------------------------------------------


class Callers(VisitorThreads):
    """Clients that request `path` again and again, each time on a new connection.

    `outcomes` has a word for each request: "whole", "refused" where the site didn't accept the connection,
    or "broken" where the response was cut off, missing or an error.
    """

    def __init__(self, site, path, count=4):
        super().__init__(count)
        self.site, self.path = site, path

    def visit(self):
        request = f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.site.port}\r\n"
        try:
            connection = socket.create_connection(("127.0.0.1", self.site.port), 30)
        except OSError:
            self.outcomes.append("refused")
            time.sleep(0.02)
            return
        with connection:
            self.outcomes.append(self.end_of(connection, request.encode()))
        if not settings.IN_CI:
            time.sleep(PAUSE_SECONDS)

    def end_of(self, connection, request):
        received = b""
        try:
            connection.sendall(request + b"Connection: close\r\n\r\n")
            while part := connection.recv(65536):
                received += part
        except OSError:  # still in the accept queue when the socket closed
            return "refused" if received == b"" else "broken"
        head, _blank, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        is_whole = head.startswith(b"HTTP/1.1 200") and length and int(length[1]) == len(body)
        return "whole" if is_whole else "broken"

    def __enter__(self):
        super().__enter__()
        time.sleep(1)
        return self


UNCACHED = "/regionplan/2019-2021/?q=1"  # the query keeps it out of the cache


@pytest.mark.in_ci
def test_a_killed_worker_loses_only_its_own_requests(folder):
    with served(folder) as site:
        publish_and_see(Editor(site.address), "Före fallet.", site)
        paths = warmed_up(site)
        killed = site.workers()[0]
        with Callers(site, UNCACHED) as callers, Readers(site, paths) as readers:
            os.kill(killed, signal.SIGKILL)
            seconds_until(lambda: len(set(site.workers()) - {killed}) == 2, LONG_SECONDS)
            time.sleep(2)
        ends = Counter(callers.outcomes) + Counter(
            "whole" if status == 200 else "lost" for status, _seconds in readers.outcomes
        )
        lost = ends.total() - ends["whole"]
        assert lost <= 7  # each caller and each reader has at most one request under way
        assert shows(site, "Före fallet.")


def test_a_stopping_server_finishes_its_requests(folder):
    with served(folder) as site:
        with Callers(site, UNCACHED) as callers:
            started = time.monotonic()
            site.stop()
            assert time.monotonic() - started < 10
        assert site.process.returncode == 0
        assert set(callers.outcomes) == {"whole", "refused"}


def test_a_reloading_server_loses_no_request(folder):
    with served(folder) as site:
        before = site.workers()
        with Callers(site, UNCACHED) as callers:
            site.process.send_signal(signal.SIGHUP)
            seconds_until(lambda: not set(before) & set(site.workers()), 15)
        assert set(callers.outcomes) == {"whole"}


# --- The clock -------------------------------------------------------------------------------------

# Run by each Python that starts: shifts the clock of Python and Django by the hours in the file.
CLOCK = """
import datetime, pathlib, time
from django.utils import timezone
seconds, now, file = time.time, timezone.now, pathlib.Path(__file__).with_name("off")
time.time = lambda: seconds() + float(file.read_text())
timezone.now = lambda: now() + datetime.timedelta(seconds=float(file.read_text()))
"""
SOON = """
import datetime as dt
from django.utils import timezone
from pages.models import Page
now = timezone.now()
hour, day = dt.timedelta(hours=1), dt.timedelta(days=1)
Page.objects.filter(slug="nyheter").update(
    publish_at=now + hour / 2, published_at=now + hour / 2, unpublish_at=now + 20 * hour
)
"""


@pytest.mark.in_ci
def test_the_clock_may_be_moved(folder):
    (folder / "sitecustomize.py").write_text(CLOCK)

    def move(hours):
        part = folder / "part"
        part.write_text(str(hours * 3600))
        part.rename(folder / "off")  # atomic, because processes read it all the time

    move(0)
    with served(folder, SOON, PYTHONPATH=str(folder), WEB_CONCURRENCY="1") as site:
        paths = warmed_up(site)
        seen = []
        with Readers(site, paths) as readers:
            for hours in (0, 1, 24, 1, 0, -1, -24, 1):
                move(hours)
                time.sleep(1.5)
                seen.append(site.get(NEWS)[0])
        assert seen == [404, 200, 410, 200, 404, 404, 404, 200]
        assert readers.statuses == {200}
        visitor = Browser(site.address)
        move(24)
        statuses = [visitor.ask("/aterkoppling/", YES).status for _number in range(61)]
        assert statuses == [303] * 60 + [429]
        move(0)
        assert visitor.ask("/aterkoppling/", YES).status == 303
