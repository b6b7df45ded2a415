"""Metrics and logs of real processes: summed metrics on a port of their own, and a log of JSON lines."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.db import connection

from blekinge_site.operations import health
from tests.serving import ROOT, free_port, migrated
from tests.stand_ins import ImmediateExecutor


@pytest.fixture
def server(tmp_path):
    """Start gunicorn on a new database; return its ports and a function that stops it and returns its log."""
    port, metrics = free_port(), free_port()
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "MEDIA_ROOT": str(tmp_path / "media"),
        "METRICS_PORT": str(metrics),
        "WEB_CONCURRENCY": "2",
    }
    python = [sys.executable, "-W", "ignore"]
    shutil.copy(migrated(), tmp_path / "db.sqlite3")
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

    get_when_up(f"http://127.0.0.1:{port}/healthz")
    yield f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics}/metrics", stop
    running.kill()
    running.wait()


def get_when_up(address):
    for _try in range(200):
        try:
            return urlopen(address, timeout=5).read().decode()
        except (URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError(address)


@pytest.mark.processes
def test_processes_count_together_and_each_request_is_a_line(server):
    site, metrics, stop = server
    for _visit in range(20):
        urlopen(f"{site}/readyz?token=hemligt").read()
    for _ask in range(5):  # any process may answer
        text = urlopen(metrics).read().decode()
        past = re.search(
            r'site_requests_total\{method="GET",page_cache="past",status="2xx"\} (.+)', text
        )
        assert float(past[1]) >= 21
        assert re.search(r"^site_request_seconds_count (.+)$", text, re.MULTILINE)[1] == past[1]
        assert 'site_ready{part="database"} 1.0' in text
    lines = stop()
    paths = [line["path"] for line in lines if line["logger"] == "request"]
    assert paths.count("/readyz") == 20
    assert "hemligt" not in str(lines)
    assert "127.0.0.1" not in [value for line in lines for value in line.values()]


@pytest.mark.processes
def test_pages_stored_by_the_warm_up_are_counted(server):
    _site, metrics, _stop = server
    for _attempt in range(100):
        text = urlopen(metrics).read().decode()
        stored = re.search(r"^site_page_cache_bytes (.+)$", text, re.MULTILINE)
        # Two processes with two start pages and a sitemap each have stored more than this.
        if stored and float(stored[1]) > 20_000:
            return
        time.sleep(0.1)
    raise AssertionError(text)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_collecting_metrics_leaves_no_connection_open(monkeypatch):
    from blekinge_site.operations import metrics  # importing it creates a folder

    monkeypatch.setattr(health.readiness, "threads", ImmediateExecutor())
    collected = []

    def ask():
        collected.extend(figure.name for figure in metrics.State().collect())
        # This thread's connection; Django never closes an in-memory database.
        collected.append(connection.vendor == "sqlite" or connection.connection is None)

    try:
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    finally:
        metrics.on_exit(None)
    assert collected == ["site_ready", "site_content_version", True]
