"""Feedback with real processes and databases: limits across processes, and database outages."""

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
WORDS = {"message": "Rad ett\r\n<rad två> & å", "website": ""}  # the second field is the spam trap


@contextmanager
def served(folder, **environment):
    """Serve the site with its content; yield a function that gets or posts and returns the response."""
    with serving.served(folder, serving.LOAD_FIXTURES, **environment) as site:
        yield serving.Browser(site.address).ask


def submit_until_accepted(ask, path, fields):
    """Submit again, for a few seconds at most, until the database is back; return the status."""
    for _attempt in range(20):
        response = ask(path, fields)
        if response.status != 503:
            return response.status
        time.sleep(0.5)
    return None


def test_the_limit_holds_across_processes(tmp_path):
    with (
        served(tmp_path) as ask,
        ThreadPoolExecutor(8) as visitors,
    ):
        statuses = visitors.map(lambda _number: ask("/aterkoppling/", YES).status, range(80))
        assert Counter(statuses) == {303: 60, 429: 20}


@pytest.mark.in_ci
def test_answers_outlive_a_postgresql_that_stops_and_starts(tmp_path):
    with (
        serving.postgresql() as database,
        served(tmp_path, DATABASE_URL=database.address) as ask,
    ):
        thanks = ask("/aterkoppling/", YES).headers["Location"]
        database.stop()
        first, words = ask("/aterkoppling/", YES), ask(thanks, WORDS)
        english = ask(thanks.replace("/aterkoppling/tack/", "/en/feedback/thanks/"), WORDS)
        assert [response.status for response in (first, words, english)] == [503, 503, 503]
        assert [response.headers["Retry-After"] for response in (first, words, english)] == [
            "60",
            "60",
            "60",
        ]
        assert max(response.seconds for response in (first, words, english)) < 5
        assert "Vi kan inte ta emot svar just nu" in words.html
        assert "We cannot receive answers right now" in english.html
        assert (first.fields, words.fields, english.fields) == (YES, WORDS, WORDS)
        database.start()
        assert submit_until_accepted(ask, "/aterkoppling/", first.fields) == 303
        assert submit_until_accepted(ask, thanks, words.fields) == 303
        assert "Vi har tagit emot det du skrev." in ask(thanks).html


def test_a_silent_database_server_does_not_keep_visitors_waiting(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://site@127.0.0.1:{silent.getsockname()[1]}/site"
        site = serving.Served(tmp_path, DATABASE_URL=address)
        with site.running():
            response = serving.Browser(site.address).ask("/aterkoppling/", YES)
    assert (response.status, response.fields) == (503, YES)
    assert response.seconds < 20


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
