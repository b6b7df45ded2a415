"""Real processes: what they count is added up on a port of its own, and their log is lines of JSON."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.db import connection

from blekinge_site.operations import health
from tests.serving import ROOT
from tests.stand_ins import AtOnce

pytestmark = pytest.mark.processes


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def server(tmp_path):
    """Start gunicorn on a database of its own; return its ports and, once called, its log's lines."""
    port, metrics = free_port(), free_port()
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "MEDIA_ROOT": str(tmp_path / "media"),
        "METRICS_PORT": str(metrics),
        "WEB_CONCURRENCY": "2",
    }
    python = [sys.executable, "-W", "ignore"]
    subprocess.run([*python, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    log = tmp_path / "log"
    with log.open("w") as stderr:
        running = subprocess.Popen(
            [*python, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"],
            cwd=ROOT,
            env=environment,
            stderr=stderr,
        )

    def stop():
        running.send_signal(signal.SIGTERM)
        running.wait(20)
        return [json.loads(line) for line in log.read_text().splitlines()]

    wait_for(f"http://127.0.0.1:{port}/healthz")
    yield f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics}/metrics", stop
    running.kill()
    running.wait()


def wait_for(address):
    for _try in range(200):
        try:
            return urlopen(address, timeout=5).read().decode()
        except (URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError(address)


def test_processes_count_together_and_each_request_is_a_line(server):
    site, metrics, stop = server
    for _visit in range(20):
        urlopen(f"{site}/readyz?token=hemligt").read()
    for _ask in range(5):  # whichever process answers
        said = urlopen(metrics).read().decode()
        past = re.search(
            r'site_requests_total\{method="GET",page_cache="past",status="2xx"\} (.+)', said
        )
        assert float(past[1]) >= 21
        assert re.search(r"^site_request_seconds_count (.+)$", said, re.MULTILINE)[1] == past[1]
        assert 'site_ready{part="database"} 1.0' in said
    lines = stop()
    paths = [line["path"] for line in lines if line["logger"] == "request"]
    assert paths.count("/readyz") == 20
    assert "hemligt" not in str(lines)
    assert "127.0.0.1" not in [value for line in lines for value in line.values()]


def test_what_is_stored_before_anyone_asks_is_counted(server):
    _site, metrics, _stop = server
    for _attempt in range(100):
        said = urlopen(metrics).read().decode()
        stored = re.search(r"^site_page_cache_bytes (.+)$", said, re.MULTILINE)
        if stored and float(stored[1]) > 20_000:  # two start pages and a sitemap, in two processes
            return
        time.sleep(0.1)
    raise AssertionError(said)


@pytest.mark.django_db(transaction=True)
def test_a_question_keeps_no_connection(monkeypatch):
    from blekinge_site.operations import metrics  # which makes a folder

    monkeypatch.setattr(health.readiness, "threads", AtOnce())
    found = []

    def ask():
        found.extend(figure.name for figure in metrics.State().collect())
        # This thread's own; Django never closes a database in memory.
        found.append(connection.vendor == "sqlite" or connection.connection is None)

    try:
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    finally:
        metrics.on_exit(None)
    assert found == ["site_ready", "site_content_version", True]
