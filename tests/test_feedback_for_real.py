"""Visitors' answers as the site runs for real: limits hold across processes, and databases that go away.

Real processes, with databases of their own.
"""

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
INITDB = shutil.which("initdb") or next(
    map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None
)
YES = {"address": "/", "helpful": "ja"}
WORDS = {"message": "Rad ett\r\n<rad två> & å"}


@contextmanager
def served(database_url, *, fill=True):
    """Serve the site with a database; give a function that gets or posts and returns the answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "blekinge_site.settings",
        "SECRET_KEY": "x" * 60,
        "HTTPS": "off",
        "DEBUG": "off",
    }

    def run(*arguments):
        return [sys.executable, *arguments], {"cwd": ROOT, "env": environment}

    if fill:
        for command in ("migrate", "load_fixtures"):
            arguments, options = run("manage.py", command, "--verbosity", "0")
            subprocess.run(arguments, check=True, capture_output=True, **options)
    arguments, options = run("-m", "gunicorn", "--bind", f"127.0.0.1:{port}")
    with subprocess.Popen(arguments, stderr=subprocess.DEVNULL, **options) as process:
        try:
            wait_for(port)
            yield lambda path, sent=None: ask(f"http://127.0.0.1:{port}{path}", sent)
        finally:
            process.terminate()


def wait_for(port):
    for _attempt in range(300):
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the site does not start")


class Answer:
    """What came back, and after how many seconds."""

    def __init__(self, answer, started):
        self.status, self.headers = answer.status, answer.headers
        self.html = answer.read().decode()
        self.seconds = time.monotonic() - started

    @property
    def fields(self):
        """Return what a browser would send when the form's button is pressed."""
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)"', self.html)
        texts = re.findall(r'<textarea name="(\w+)".*?>\n(.*?)</textarea>', self.html, re.DOTALL)
        return {name: unescape(text) for name, text in hidden + texts}


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def ask(address, sent):
    data = urllib.parse.urlencode(sent).encode() if sent else None
    started = time.monotonic()
    try:
        answer = urllib.request.build_opener(_Stay).open(address, data, timeout=20)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    with answer:
        return Answer(answer, started)


def press_until_taken(ask, path, fields):
    """Press the button again while the site finds its database again, for some seconds at most."""
    for _attempt in range(20):
        answer = ask(path, fields)
        if answer.status != 503:
            return answer.status
        time.sleep(0.5)
    return None


@pytest.fixture
def postgresql():
    """A PostgreSQL of the test's own: its address, and functions that stop and start it."""
    if INITDB is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    programs, as_owner = Path(INITDB).resolve().parent, []
    with tempfile.TemporaryDirectory() as home:
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            shutil.chown(home, "nobody", "nogroup")
            as_owner = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]

        def run(program, *arguments, check=True):
            command = [*as_owner, programs / program, f"--pgdata={home}/data", *arguments]
            subprocess.run(command, check=check, cwd=home, capture_output=True)

        def start():
            options = f"-c listen_addresses='' -c unix_socket_directories='{home}' -c fsync=off"
            run("pg_ctl", "start", "--wait", f"--log={home}/log", f"--options={options}")

        def stop(check=True):
            run("pg_ctl", "stop", "--wait", "--mode=immediate", check=check)

        run("initdb", "--username=site", "--auth=trust", "--encoding=UTF8", "--no-sync")
        start()
        try:
            yield f"postgresql://site@/{home}/postgres", stop, start
        finally:
            stop(check=False)


def test_the_limit_holds_across_processes(tmp_path):
    with (
        served(f"sqlite:///{tmp_path / 'site.sqlite3'}") as ask,
        ThreadPoolExecutor(8) as visitors,
    ):
        answers = visitors.map(lambda _number: ask("/aterkoppling/", YES).status, range(80))
        assert Counter(answers) == {303: 60, 429: 20}


def test_answers_outlive_a_postgresql_that_stops_and_starts(postgresql):
    address, stop, start = postgresql
    with served(address) as ask:
        thanks = ask("/aterkoppling/", YES).headers["Location"]
        stop()
        first, words = ask("/aterkoppling/", YES), ask(thanks, WORDS)
        told = ask(thanks.replace("/aterkoppling/tack/", "/en/feedback/thanks/"), WORDS)
        assert [one.status for one in (first, words, told)] == [503, 503, 503]
        assert [one.headers["Retry-After"] for one in (first, words, told)] == ["60", "60", "60"]
        assert max(one.seconds for one in (first, words, told)) < 5
        assert "Vi kan inte ta emot svar just nu" in words.html
        assert "We cannot receive answers right now" in told.html
        assert (first.fields, words.fields, told.fields) == (YES, WORDS, WORDS)
        start()
        assert press_until_taken(ask, "/aterkoppling/", first.fields) == 303
        assert press_until_taken(ask, thanks, words.fields) == 303
        assert "Vi har tagit emot det du skrev." in ask(thanks).html


def test_nobody_waits_long_for_a_database_server_that_says_nothing():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with served(f"postgresql://site@127.0.0.1:{port}/site", fill=False) as ask:
            answer = ask("/aterkoppling/", YES)
    assert (answer.status, answer.fields) == (503, YES)
    assert answer.seconds < 5


def test_answers_outlive_a_locked_sqlite(tmp_path):
    file = tmp_path / "site.sqlite3"
    with served(f"sqlite:///{file}") as ask:
        thanks = ask("/aterkoppling/", YES).headers["Location"]
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        words = ask(thanks, WORDS)
        assert (words.status, words.fields) == (503, WORDS)
        assert words.seconds < 8
        other.execute("ROLLBACK")
        other.close()
        assert ask(thanks, words.fields).status == 303
        assert "Vi har tagit emot det du skrev." in ask(thanks).html
