"""Backup and restore as operators run them: processes of their own, on databases large or in trouble."""

import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress

import psycopg
import pytest

from tests.serving import ROOT, Served, free_port, migrated, postgresql

pytestmark = pytest.mark.processes

MEGABYTES = 40
FILL = f"""
import random
from django.core.management import call_command
from pages.models import Revision
call_command("load_fixtures", verbosity=0)
for number in range({MEGABYTES}):
    text = random.Random(number).randbytes(25_000).hex()
    about = {{"thing_model": "planning.regionalplan", "thing_pk": 1, "version": 1}}
    Revision.objects.bulk_create([Revision(**about, content=text) for _time in range(20)])
"""
# A process of its own: the memory of what starts a command counts as the command's.
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
# A command as on a machine so slow that all of its steps are worth a word.
SLOWLY = """
import sys
from django.core.management import execute_from_command_line
from blekinge_site.operations import progress
progress.QUIET_SECONDS = progress.BETWEEN_SECONDS = 0
execute_from_command_line(sys.argv)
"""


class Commands(Served):
    """A site that is not served: its database and its documents, and what operators run on them."""

    def __init__(self, folder, **environment):
        folder.mkdir(exist_ok=True)
        super().__init__(folder, **environment)
        if "DATABASE_URL" not in environment:
            shutil.copy(migrated(), folder)

    def begin(self, *arguments):
        command = [sys.executable, "manage.py", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, **pipes)

    def memory_of(self, *arguments):
        """Return how many megabytes a command takes at most; it is to succeed."""
        command = [sys.executable, "-c", MEASURE, sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True
        )
        return int(done.stdout.splitlines()[-1]) / 1024

    def error_of(self, *arguments):
        process = self.begin(*arguments)
        error = process.communicate()[1]
        assert process.returncode == 1
        return error.strip()


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A site with many rows and a large document, and a backup of it."""
    folder = tmp_path_factory.mktemp("large")
    site = Commands(folder)
    site.run(FILL)
    (folder / "media").mkdir()
    (folder / "media/large.pdf").write_bytes(os.urandom(MEGABYTES * 1_000_000))
    site.memory_of("backup", str(folder / "backup.tar"))
    return site


@pytest.fixture
def file(large):
    return str(large.log.parent / "backup.tar")


def test_memory_does_not_grow_with_what_is_backed_up_and_restored(large, file, tmp_path):
    small, other = Commands(tmp_path / "small"), Commands(tmp_path / "other")
    for arguments, site, usual in [
        (["backup", str(tmp_path / "large.tar")], large, ["backup", str(tmp_path / "small.tar")]),
        (["restore", file], other, ["restore", str(tmp_path / "small.tar"), "--replace"]),
    ]:
        assert site.memory_of(*arguments) < small.memory_of(*usual) + MEGABYTES / 2


def test_what_repeats_itself_takes_little_room(file):
    # The document is as large as it was, and twenty revisions in a row say the same.
    assert os.path.getsize(file) < MEGABYTES * 1_000_000 + MEGABYTES * 100_000


@contextmanager
def frozen(database):
    database.tell(signal.SIGSTOP)
    try:
        yield
    finally:
        database.tell(signal.SIGCONT)


# How many statements are inserting the rows that are many; this one, too, is among them.
INSERTING = """
SELECT count(*) FROM pg_stat_activity WHERE query ILIKE '%insert into "pages_revision"%'
"""


def is_restoring(database):
    with psycopg.connect(database.address) as connection:
        return connection.execute(INSERTING).fetchone()[0] > 1


@pytest.fixture
def restoring(file, tmp_path):
    """A restoration that is under way in a PostgreSQL, by TCP as on two machines, and that server."""
    with postgresql(port=free_port()) as database:
        site = Commands(tmp_path / "site", DATABASE_URL=database.address)
        site.manage("migrate", "--verbosity", "0")
        process = site.begin("restore", file)
        while not is_restoring(database):
            assert process.poll() is None
        yield process, database
        process.kill()
        process.communicate()


def test_a_server_that_is_too_busy_for_long_is_waited_for(restoring):
    process, database = restoring
    with frozen(database):
        time.sleep(9)
        assert process.poll() is None
    _said, error = process.communicate()
    assert (process.returncode, error) == (0, "")
    with psycopg.connect(database.address) as connection:
        assert connection.execute("SELECT count(*) FROM pages_revision").fetchone() == (800,)


def test_a_server_that_stops_is_named_as_the_cause(restoring):
    process, database = restoring
    database.stop()
    _said, error = process.communicate()
    assert process.returncode == 1
    assert error.startswith("CommandError: Nothing is changed. The database failed: ")


def test_a_database_that_cannot_be_reached_is_named_with_the_reason(file, tmp_path):
    site = Commands(tmp_path, DATABASE_URL=f"postgresql://site@127.0.0.1:{free_port()}/postgres")
    refused = site.error_of("restore", file)
    assert refused.startswith("CommandError: Nothing is changed. The database failed: ")
    assert "Connection refused" in refused
    refused = site.error_of("backup", str(tmp_path / "backup.tar"))
    assert refused.startswith("CommandError: The database failed: ")
    assert "Connection refused" in refused


def test_others_save_while_sqlite_is_backed_up(large, tmp_path):
    process = large.begin("backup", str(tmp_path / "backup.tar"))
    with closing(sqlite3.connect(large.log.parent / "site.sqlite3", timeout=1)) as other:
        while process.poll() is None:
            with other:  # an error, if the file stays locked
                other.execute("UPDATE content_version SET number = number + 1 WHERE slot = 0")
            time.sleep(0.01)
    process.communicate()
    assert process.returncode == 0


def test_how_far_it_is_is_said_on_a_terminal_only(large, tmp_path):
    terminal, other_end = pty.openpty()
    command = [sys.executable, "-c", SLOWLY, "backup", str(tmp_path / "backup.tar")]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": other_end}
    process = subprocess.Popen(command, cwd=ROOT, env=large.environment, **pipes)
    os.close(other_end)
    said = ""
    with suppress(OSError):  # which is how a terminal ends
        while part := os.read(terminal, 65536):
            said += part.decode()
    os.close(terminal)
    assert process.wait() == 0
    assert re.match(
        "(\r\x1b\\[KWriting rows: [0-9]+ %)+(\r\x1b\\[KWriting documents: [0-9]+ %)+", said
    )
    assert said.endswith("\r\x1b[K")
    assert large.error_of("backup", str(tmp_path / "nowhere/backup.tar")).count("\n") == 0
