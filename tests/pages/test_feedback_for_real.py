"""Visitors' answers as the site runs for real: limits hold across processes, and databases that go away.

Real processes, with databases of their own.
"""

import socket
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests import serving

pytestmark = pytest.mark.processes

YES = {"address": "/", "helpful": "ja"}
WORDS = {"message": "Rad ett\r\n<rad två> & å", "website": ""}  # the second field is a trap
FILL = "from django.core.management import call_command; call_command('load_fixtures')"


@contextmanager
def served(folder, **environment):
    """Serve the site with its content; give a function that gets or posts and returns the answer."""
    with serving.served(folder, FILL, **environment) as site:
        yield serving.Browser(site.address).ask


def press_until_taken(ask, path, fields):
    """Press the button again while the site finds its database again, for some seconds at most."""
    for _attempt in range(20):
        answer = ask(path, fields)
        if answer.status != 503:
            return answer.status
        time.sleep(0.5)
    return None


def test_the_limit_holds_across_processes(tmp_path):
    with (
        served(tmp_path) as ask,
        ThreadPoolExecutor(8) as visitors,
    ):
        answers = visitors.map(lambda _number: ask("/aterkoppling/", YES).status, range(80))
        assert Counter(answers) == {303: 60, 429: 20}


def test_answers_outlive_a_postgresql_that_stops_and_starts(tmp_path):
    with (
        serving.postgresql() as database,
        served(tmp_path, DATABASE_URL=database.address) as ask,
    ):
        thanks = ask("/aterkoppling/", YES).headers["Location"]
        database.stop()
        first, words = ask("/aterkoppling/", YES), ask(thanks, WORDS)
        told = ask(thanks.replace("/aterkoppling/tack/", "/en/feedback/thanks/"), WORDS)
        assert [one.status for one in (first, words, told)] == [503, 503, 503]
        assert [one.headers["Retry-After"] for one in (first, words, told)] == ["60", "60", "60"]
        assert max(one.seconds for one in (first, words, told)) < 5
        assert "Vi kan inte ta emot svar just nu" in words.html
        assert "We cannot receive answers right now" in told.html
        assert (first.fields, words.fields, told.fields) == (YES, WORDS, WORDS)
        database.start()
        assert press_until_taken(ask, "/aterkoppling/", first.fields) == 303
        assert press_until_taken(ask, thanks, words.fields) == 303
        assert "Vi har tagit emot det du skrev." in ask(thanks).html


def test_nobody_waits_long_for_a_database_server_that_says_nothing(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://site@127.0.0.1:{silent.getsockname()[1]}/site"
        site = serving.Served(tmp_path, DATABASE_URL=address)
        with site.running():
            answer = serving.Browser(site.address).ask("/aterkoppling/", YES)
    assert (answer.status, answer.fields) == (503, YES)
    assert answer.seconds < 20


def test_answers_outlive_a_locked_sqlite(tmp_path):
    file = tmp_path / "site.sqlite3"
    with served(tmp_path) as ask:
        thanks = ask("/aterkoppling/", YES).headers["Location"]
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        words = ask(thanks, WORDS)
        assert (words.status, words.fields) == (503, WORDS)
        assert words.seconds < 20
        other.execute("ROLLBACK")
        other.close()
        assert ask(thanks, words.fields).status == 303
        assert "Vi har tagit emot det du skrev." in ask(thanks).html
