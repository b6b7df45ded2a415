"""Backup and restore as operators run them: as processes, on large or failing databases."""

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

from tests.serving import LOAD_FIXTURES, ROOT, Served, free_port, migrated, postgresql

pytestmark = pytest.mark.processes

MEGABYTES = 40
FILL = f"""
{LOAD_FIXTURES}
import random
from pages.models import Revision
for number in range({MEGABYTES}):
    text = random.Random(number).randbytes(25_000).hex()
    about = {{"thing_model": "planning.regionalplan", "thing_pk": 1, "version": 1}}
    Revision.objects.bulk_create([Revision(**about, content=text) for _time in range(20)])
"""
# Runs a command from a small process, because a child's peak memory includes that of its parent.
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
# Runs a command as on a machine so slow that every step is reported.
SLOWLY = """
import sys
from django.core.management import execute_from_command_line
from blekinge_site.operations import progress
progress.QUIET_SECONDS = progress.BETWEEN_SECONDS = 0
execute_from_command_line(sys.argv)
"""


class Commands(Served):
    """The commands that operators run on a site's database and documents; the site isn't served."""

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
        """Run a command that succeeds; return its peak memory in megabytes."""
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
    """A site with many rows and a large document, and its backup."""
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


@pytest.mark.in_ci
def test_memory_does_not_grow_with_the_size_of_the_backup(large, file, tmp_path):
    small, other = Commands(tmp_path / "small"), Commands(tmp_path / "other")
    for arguments, site, usual in [
        (["backup", str(tmp_path / "large.tar")], large, ["backup", str(tmp_path / "small.tar")]),
        (["restore", file], other, ["restore", str(tmp_path / "small.tar"), "--replace"]),
    ]:
        assert site.memory_of(*arguments) < small.memory_of(*usual) + MEGABYTES / 2


def test_repeated_revisions_take_little_space(file):
    # The document doesn't compress, but each twenty successive revisions are equal.
    assert os.path.getsize(file) < MEGABYTES * 1_000_000 + MEGABYTES * 100_000


@contextmanager
def frozen(database):
    database.tell(signal.SIGSTOP)
    try:
        yield
    finally:
        database.tell(signal.SIGCONT)


# Counts the statements that insert into the largest table; this query itself counts too.
INSERTING = """
SELECT count(*) FROM pg_stat_activity WHERE query ILIKE '%insert into "pages_revision"%'
"""


def is_restoring(database):
    with psycopg.connect(database.address) as connection:
        return connection.execute(INSERTING).fetchone()[0] > 1


@pytest.fixture
def restoring(file, tmp_path):
    """A restore under way and its PostgreSQL server, which it reaches over TCP as on another machine."""
    with postgresql(port=free_port()) as database:
        site = Commands(tmp_path / "site", DATABASE_URL=database.address)
        site.manage("migrate", "--verbosity", "0")
        process = site.begin("restore", file)
        while not is_restoring(database):
            assert process.poll() is None
        yield process, database
        process.kill()
        process.communicate()


@pytest.mark.in_ci
def test_restore_waits_for_a_busy_server(restoring):
    process, database = restoring
    with frozen(database):
        time.sleep(9)
        assert process.poll() is None
    _said, error = process.communicate()
    assert (process.returncode, error) == (0, "")
    with psycopg.connect(database.address) as connection:
        assert connection.execute("SELECT count(*) FROM pages_revision").fetchone() == (800,)


def test_a_server_that_stops_is_reported_as_the_cause(restoring):
    process, database = restoring
    database.stop()
    _said, error = process.communicate()
    assert process.returncode == 1
    assert error.startswith("CommandError: Nothing is changed. The database failed: ")


def test_an_unreachable_database_is_reported_with_the_reason(file, tmp_path):
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
            with other:  # raises if the file stays locked
                other.execute("UPDATE content_version SET number = number + 1 WHERE slot = 0")
            time.sleep(0.01)
    process.communicate()
    assert process.returncode == 0


def test_progress_is_shown_on_a_terminal_only(large, tmp_path):
    terminal, other_end = pty.openpty()
    command = [sys.executable, "-c", SLOWLY, "backup", str(tmp_path / "backup.tar")]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": other_end}
    process = subprocess.Popen(command, cwd=ROOT, env=large.environment, **pipes)
    os.close(other_end)
    output = ""
    with suppress(OSError):  # reading a closed terminal raises this
        while part := os.read(terminal, 65536):
            output += part.decode()
    os.close(terminal)
    assert process.wait() == 0
    assert re.match(
        "(\r\x1b\\[KWriting rows: [0-9]+ %)+(\r\x1b\\[KWriting documents: [0-9]+ %)+", output
    )
    assert output.endswith("\r\x1b[K")
    assert large.error_of("backup", str(tmp_path / "nowhere/backup.tar")).count("\n") == 0
