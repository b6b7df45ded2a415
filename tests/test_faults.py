"""What becomes of the site when something it stands on fails: each fault with real processes.

Visitors read all the while. What is stored is answered, what an editor was told is saved is there
afterwards, and the site recovers by itself.
"""

import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pickle import dumps

import psycopg
import pytest
import redis

from tests.serving import (
    EDITOR,
    Browser,
    Editor,
    Served,
    Several,
    free_port,
    postgresql,
    redis_server,
    served,
)

FILL = f"""
from django.core.management import call_command
call_command("load_fixtures", verbosity=0)
{EDITOR}
"""
NEWS = "/nyheter/"
LONG = 20  # seconds: less than a request that hangs takes, more than a busy machine needs
YES = {"address": "/", "helpful": "ja"}
WORDS = {"message": "Bra att veta.", "website": ""}  # the second field is a trap, and hidden
NOT_SAVED = "Räkna med att det du skickade inte är sparat."


class Readers(Several):
    """Some who read `paths` without pause; `seen` is how each request ended, and in how many seconds."""

    def __init__(self, site, paths, count=3):
        super().__init__(count)
        self.site, self.paths = site, paths

    def visit(self):
        for path in self.paths:
            started = time.monotonic()
            try:
                said = self.site.get(path, timeout=30)[0]
            except OSError as error:
                said = f"{path}: {error!r}"
            self.seen.append((said, time.monotonic() - started))
            time.sleep(0.005)  # the site, too, needs the processor

    @property
    def statuses(self):
        return set(dict(self.seen))

    @property
    def slowest(self):
        return max(seconds for _said, seconds in self.seen)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A SQLite file with the site's content and an editor."""
    site = Served(tmp_path_factory.mktemp("filled"))
    site.manage("migrate", "--verbosity", "0")
    site.run(FILL)
    return site.log.parent / "site.sqlite3"


@pytest.fixture
def folder(filled, tmp_path):
    shutil.copy(filled, tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory):
    """The site, and the PostgreSQL that it runs on."""
    with postgresql() as database:
        folder = tmp_path_factory.mktemp("on_postgresql")
        with served(folder, FILL, DATABASE_URL=database.address) as site:
            yield site, database


def warmed_up(site):
    """Return the paths of all pages, when every process has stored them."""
    paths = site.addresses()
    for _attempt in range(50):
        before = len(site.log.read_text())
        for path in paths * 3:
            assert site.get(path)[0] == 200
        time.sleep(0.5)  # the log is written now and then
        if '"page_cache": "miss"' not in site.log.read_text()[before:]:
            return paths
    raise AssertionError("the pages are never all stored")


def parts(site):
    """Return what /readyz says fails."""
    told = json.loads(site.get("/readyz")[2])["parts"]
    return [name for name, state in told.items() if state == "failing"]


def seconds_until(is_so, at_most):
    """Wait until `is_so()`; return how long that took."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < at_most
        time.sleep(0.02)
    return time.monotonic() - started


def shows(site, text):
    return text in site.get(NEWS)[2].decode()


def each_process_shows(site, text):
    return all(shows(site, text) for _time in range(12))


def publish_and_see(editor, text, *sites):
    """Publish `text` and see it in every process, at each of `sites`.

    That takes less than a second, which `make load` holds it to; a test on a busy machine can't.
    """
    editor.publish(text)
    seconds_until(lambda: all(each_process_shows(site, text) for site in sites), LONG)


def refused_by(editor, fields):
    """Send the form of the editor's page, which is to be refused clearly, and return the answer."""
    answer = editor.ask(editor.form, fields | {"lead_sv": "Halvt sparat."})
    assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
    assert NOT_SAVED in answer.html
    return answer


# --- The database ----------------------------------------------------------------------------------


def test_postgresql_stops_and_starts(on_postgresql):
    site, database = on_postgresql
    editor = Editor(site.address)
    publish_and_see(editor, "Före avbrottet.", site)
    form = editor.open_copy()
    with Readers(site, warmed_up(site)) as readers:
        database.stop()
        time.sleep(1)
        assert "database" in parts(site)
        assert refused_by(editor, form).seconds < LONG
        time.sleep(2)
        database.start()
        seconds_until(lambda: parts(site) == [], LONG)
        assert shows(site, "Före avbrottet.")
        assert "Halvt sparat." not in editor.ask(editor.form).html
        publish_and_see(editor, "Efter avbrottet.", site)
    assert readers.statuses == {200}
    assert readers.slowest < LONG


def test_after_an_outage_pages_that_are_not_stored_are_steady_again(tmp_path):
    paths = ["/", "/regionplan/2019-2021/"]
    with postgresql() as database:
        chosen = {"DATABASE_URL": database.address, "PAGE_CACHE": "off"}
        with served(tmp_path, FILL, **chosen) as site:
            with Readers(site, paths):
                database.stop()
                time.sleep(20)  # by now, a client that doubles its pauses waits for 16 seconds
                database.start()
                time.sleep(5)
            with Readers(site, paths) as readers:
                time.sleep(5)
            assert readers.statuses == {200}


def test_postgresql_freezes_while_all_threads_ask_it(on_postgresql):
    site, database = on_postgresql
    editor = Editor(site.address)
    publish_and_see(editor, "Före frosten.", site)
    paths = warmed_up(site)
    asked = [threading.Thread(target=Browser(site.address).ask, args=["/?q=1"]) for _ in range(16)]
    database.tell(signal.SIGSTOP)
    try:
        for thread in asked:
            thread.start()
        time.sleep(0.1)
        with Readers(site, paths) as readers:
            time.sleep(5)
        answer = Browser(site.address).ask("/aterkoppling/", YES)
        assert answer.status == 503
        # Whether a thread is free decides which of two pages says that nothing is taken in.
        assert re.search("inget är sparat|kan inte ta emot svar just nu", answer.html)
    finally:
        database.tell(signal.SIGCONT)
    assert readers.statuses == {200}
    assert readers.slowest < LONG
    seconds_until(lambda: parts(site) == [], LONG)
    for thread in asked:
        thread.join()
    assert shows(site, "Före frosten.")
    publish_and_see(editor, "Efter frosten.", site)


def test_a_migration_holds_a_table(on_postgresql):
    site, database = on_postgresql
    editor = Editor(site.address)
    publish_and_see(editor, "Före flytten.", site)
    form = editor.open_copy()
    paths = warmed_up(site)
    with psycopg.connect(database.address) as other, Readers(site, paths) as readers:
        other.execute("LOCK TABLE pages_page IN ACCESS EXCLUSIVE MODE")
        saving = threading.Thread(
            target=editor.ask, args=[editor.form, form | {"lead_sv": "Medan den flyttade."}]
        )
        saving.start()
        time.sleep(5)
        other.rollback()
        saving.join()
        assert "Medan den flyttade." in editor.ask(editor.form).html
    assert readers.statuses == {200}
    assert readers.slowest < LONG
    publish_and_see(editor, "Efter flytten.", site)


def test_started_without_a_database_the_site_warms_up_when_it_is_back(tmp_path):
    with postgresql() as database, redis_server() as shared:
        site = Served(tmp_path, DATABASE_URL=database.address, CACHE_URL=shared.address)
        site.manage("migrate", "--verbosity", "0")
        site.run(FILL)
        database.stop()
        with site.running(), redis.Redis.from_url(shared.address) as store:
            time.sleep(2)
            assert store.dbsize() == 0
            database.start()
            seconds_until(lambda: site.get("/sitemap.xml")[0] == 200, LONG)
            paths = site.addresses()
            seconds_until(lambda: store.dbsize() > len(paths), 3 * LONG)
            database.stop()
            assert [site.get(path)[0] for path in paths] == [200] * len(paths)
        assert "Traceback" not in site.log.read_text()


def test_public_pages_are_served_from_a_disk_that_only_reads(filled, tmp_path):
    disk, logs = tmp_path / "disk", tmp_path / "logs"
    disk.mkdir()
    logs.mkdir()
    shutil.copy(filled, disk)
    # A view of the file system of its own, in which the disk is read-only.
    mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    before = ["unshare", "--mount", "sh", "-c", mount, str(disk)]
    if subprocess.run([*before, "true"], capture_output=True).returncode:
        pytest.skip("no right to mount a disk")
    site = Served(logs, DATABASE_URL=f"sqlite:///{disk / filled.name}", WEB_CONCURRENCY="1")
    site.before = before
    with site.running():
        for path in ["/", "/regionplan/2019-2021/", NEWS]:
            assert site.get(path)[0] == 200
        told = json.loads(site.get("/readyz")[2])
        assert (told["ready"], told["parts"]["writes"]) == (True, "degraded")
        assert Browser(site.address).ask("/aterkoppling/", YES).status == 503


# --- The shared page store -------------------------------------------------------------------------


@contextmanager
def two_sites(folder, shared):
    """Serve two sites, as on two machines, with one database and one Redis."""
    (folder / "other").mkdir()
    chosen = {"DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}", "CACHE_URL": shared.address}
    with (
        served(folder, WEB_CONCURRENCY="1", **chosen) as one,
        served(folder / "other", WEB_CONCURRENCY="1", **chosen) as other,
    ):
        yield one, other


def test_sites_that_share_a_store_make_each_page_once(folder):
    with redis_server() as shared, redis.Redis.from_url(shared.address) as store:
        chosen = {
            "CACHE_URL": shared.address,
            "BEHIND_PROXY": "on",
            "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
            "MEDIA_ROOT": str(folder / "media"),
        }
        with served(folder, METRICS_PORT=str(free_port()), **chosen) as site:
            paths = site.addresses()
            seconds_until(lambda: store.dbsize() > len(paths), 3 * LONG)
            time.sleep(2)
            count = store.dbsize()
            (folder / "other").mkdir()
            with served(folder / "other", METRICS_PORT=str(free_port()), **chosen):
                time.sleep(5)
        assert store.dbsize() == count + 1  # /robots.txt, which names the port
        # Three processes of four have asked in vain whether they are to warm up, with the same command.
        assert store.info("commandstats")["cmdstat_set"]["calls"] <= count + 1 + 3


def test_redis_stops_freezes_and_starts(folder):
    with redis_server() as shared, two_sites(folder, shared) as sites:
        editor = Editor(sites[0].address)
        publish_and_see(editor, "Med Redis.", *sites)
        paths = warmed_up(sites[0])
        with Readers(sites[0], paths) as readers, Readers(sites[1], paths) as others:
            shared.process.send_signal(signal.SIGSTOP)
            publish_and_see(editor, "Redis är fruset.", *sites)
            shared.process.send_signal(signal.SIGCONT)
            publish_and_see(editor, "Redis går igen.", *sites)
            shared.stop()
            publish_and_see(editor, "Utan Redis.", *sites)
            shared.start()
            publish_and_see(editor, "Redis är nytt.", *sites)
        assert (readers.statuses, others.statuses) == ({200}, {200})
        assert max(readers.slowest, others.slowest) < LONG


def test_redis_holding_rubbish_poisons_nothing(folder):
    rubbish = [b"", b"17", b"rubbish", dumps("text"), dumps({}), dumps({"status": "200 OK"})]
    with redis_server() as shared, two_sites(folder, shared) as sites:
        paths = warmed_up(sites[0])
        before = [sites[0].get(path)[2] for path in paths]
        store = redis.Redis.from_url(shared.address)
        assert len(store.keys()) > len(paths)
        for number, key in enumerate(store.keys()):
            store.set(key, rubbish[number % len(rubbish)])
        store.close()
        os.kill(sites[1].workers()[0], signal.SIGKILL)  # the next one has nothing of its own
        time.sleep(1)
        answers = [sites[1].get(path) for path in paths]
        assert {status for status, _headers, _body in answers} == {200}
        ports = [str(site.port).encode() for site in sites]
        assert [body.replace(ports[1], ports[0]) for _s, _h, body in answers] == before


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
