"""What becomes of the site when a disk is full, a process dies or the clock is moved."""

import os
import re
import resource
import signal
import socket
import time
from collections import Counter
from contextlib import contextmanager

import pytest

from tests.outages import (
    LONG,
    NEWS,
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
    Several,
    served,
)

pytestmark = pytest.mark.processes

# --- A full disk -----------------------------------------------------------------------------------


@contextmanager
def no_file_longer_than(size, site):
    """Let no process of `site` write more than `size` bytes to a file, as on a disk that is full."""
    for number in site.workers():
        resource.prlimit(number, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    yield
    for number in site.workers():
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(number, resource.RLIMIT_FSIZE, unlimited)


def test_the_disk_of_sqlite_is_full(folder):
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
        assert "/robots.txt" in site.log.read_text()[before:]  # requests are told of again


def with_file(fields, name, content):
    """Return the body and content type by which a form is sent with a file."""
    lines = [
        f'--part\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    ]
    head = f'--part\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = "".join([*lines, head]).encode() + content + b"\r\n--part--\r\n"
    return body, "multipart/form-data; boundary=part"


PLAN = "from tests.factories import *; make_plan(2030, 2032, status='draft', title_sv='Ny plan')"
ADD = "/admin/planning/plandocument/add/"


def test_the_disk_of_documents_is_full(folder):
    with served(folder, PLAN) as site:
        editor = Editor(site.address)
        empty = editor.ask(ADD)
        [plan] = re.findall(r'<option value="(\d+)"[^>]*>[^<]*2030', empty.html)
        fields = empty.fields | {"plan": plan, "title_sv": "Bilaga"}
        sent = with_file(fields, "bilaga.pdf", b"%PDF-1.7" + b"x" * 600_000)
        too_large = with_file(fields, "bilaga.pdf", b"%PDF-1.7" + b"x" * 2_000_000)
        with no_file_longer_than(300_000, site):
            answer = editor.ask(ADD, *sent)
            unread = editor.ask(ADD, *too_large)  # it does not stay in memory while it comes
        assert unread.status == 503
        assert "Räkna med att inget är sparat" in unread.html
        assert answer.status == 200
        assert "Filen kunde inte sparas, eftersom servern inte har plats" in answer.html
        assert answer.fields["title_sv"] == "Bilaga"
        assert [path for path in (folder / "media").rglob("*") if path.is_file()] == []
        assert "/admin/planning/plandocument/1/" not in editor.ask(ADD.replace("add/", "")).html
        assert editor.ask(ADD, *sent).status == 302
        assert (folder / "media/dokument/bilaga.pdf").stat().st_size == 600_008


# --- Its own processes -----------------------------------------------------------------------------


class Callers(Several):
    """Some who ask for `path` without pause, each time on a connection of their own.

    `seen` is how each request ended: as "whole", "broken" where its answer is cut off, an error or missing
    though the site had taken the connection, or "refused" where nobody took it.
    """

    def __init__(self, site, path, count=4):
        super().__init__(count)
        self.site, self.path = site, path

    def visit(self):
        request = f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.site.port}\r\n"
        try:
            connection = socket.create_connection(("127.0.0.1", self.site.port), 30)
        except OSError:
            self.seen.append("refused")
            time.sleep(0.02)
            return
        with connection:
            self.seen.append(self.end_of(connection, request.encode()))

    def end_of(self, connection, request):
        said = b""
        try:
            connection.sendall(request + b"Connection: close\r\n\r\n")
            while part := connection.recv(65536):
                said += part
        except OSError:  # it stood in the queue of a socket that closed
            return "refused" if said == b"" else "broken"
        head, _blank, body = said.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        is_whole = head.startswith(b"HTTP/1.1 200") and length and int(length[1]) == len(body)
        return "whole" if is_whole else "broken"

    def __enter__(self):
        super().__enter__()
        time.sleep(1)
        return self


BUSY = "/regionplan/2019-2021/?q=1"  # made for each who asks


def test_a_worker_is_killed(folder):
    with served(folder) as site:
        publish_and_see(Editor(site.address), "Före fallet.", site)
        paths = warmed_up(site)
        killed = site.workers()[0]
        with Callers(site, BUSY) as callers, Readers(site, paths) as readers:
            os.kill(killed, signal.SIGKILL)
            seconds_until(lambda: len(set(site.workers()) - {killed}) == 2, LONG)
            time.sleep(2)
        ends = Counter(callers.seen) + Counter(
            "whole" if said == 200 else "lost" for said, _seconds in readers.seen
        )
        lost = ends.total() - ends["whole"]
        assert lost <= 7  # as many as were under way: each caller and each reader has one
        assert shows(site, "Före fallet.")


def test_a_server_that_is_told_to_stop_finishes_what_it_has_begun(folder):
    with served(folder) as site:
        with Callers(site, BUSY) as callers:
            started = time.monotonic()
            site.stop()
            assert time.monotonic() - started < 10
        assert site.process.returncode == 0
        assert set(callers.seen) == {"whole", "refused"}


def test_a_server_that_is_told_to_start_anew_loses_nothing(folder):
    with served(folder) as site:
        before = site.workers()
        with Callers(site, BUSY) as callers:
            site.process.send_signal(signal.SIGHUP)
            seconds_until(lambda: not set(before) & set(site.workers()), 15)
        assert set(callers.seen) == {"whole"}


# --- The clock -------------------------------------------------------------------------------------

# Read by each Python that starts: the clock of Python and Django is off by what the file says.
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


def test_the_clock_is_moved(folder):
    (folder / "sitecustomize.py").write_text(CLOCK)

    def move(hours):
        part = folder / "part"
        part.write_text(str(hours * 3600))
        part.rename(folder / "off")  # at once: it is read all the time

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
        answers = [visitor.ask("/aterkoppling/", YES).status for _number in range(61)]
        assert answers == [303] * 60 + [429]
        move(0)
        assert visitor.ask("/aterkoppling/", YES).status == 303
