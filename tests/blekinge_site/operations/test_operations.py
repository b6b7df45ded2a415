"""The nightly job, the images, the alerts, and docs/operations.md, which must list every metric and event."""

import datetime as dt
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from blekinge_site.operations import health
from tests.serving import ROOT, Served, free_port, migrated, wait_for

pytestmark = pytest.mark.processes

OPERATIONS = (ROOT / "docs/operations.md").read_text()
ALERTS = ROOT / "deploy/alerts.yml"
COMPOSE = (ROOT / "compose.yaml").read_text()

# After a quiet minute, the site at one address loses its database and answers every request with an error.
ALERTS_TEST = """
rule_files: [alerts.yml]
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:
      - {series: 'up{job="site", instance="a"}', values: "1x80"}
      - {series: 'site_ready{job="site", instance="a", part="database"}', values: "1x4 0x76"}
      - {series: 'site_ready{job="site", instance="a", part="store"}', values: "0x80"}
      - series: 'site_requests_total{job="site", instance="a", status="2xx", page_cache="hit"}'
        values: "0+15x4 60x76"
      - series: 'site_requests_total{job="site", instance="a", status="5xx", page_cache="past"}'
        values: "0x4 0+15x76"
    alert_rule_test:
      - {eval_time: 1m, alertname: SitePartFails}
      - {eval_time: 1m, alertname: SiteErrors}
      - eval_time: 12m
        alertname: SitePartFails
        exp_alerts:
          - exp_labels: {severity: critical, job: site, instance: a, part: database}
            exp_annotations: {summary: "database fails at a: only stored pages are served."}
      - eval_time: 12m
        alertname: SiteErrors
        exp_alerts:
          - exp_labels: {severity: critical, job: site}
            exp_annotations:
              summary: "1 requests a second end in an error, more than one in a hundred."
      - eval_time: 12m
        alertname: SiteStoreFails
        exp_alerts:
          - exp_labels: {severity: warning, job: site, instance: a, part: store}
            exp_annotations: {summary: "Redis fails at a: each process makes its own pages."}
      - {eval_time: 12m, alertname: SiteDown}
      - {eval_time: 12m, alertname: SiteSlow}
"""


# --- The nightly jobs ------------------------------------------------------------------------------


@pytest.fixture
def nightly(tmp_path):
    """A function that runs `deploy/nightly once` on a new site; its attribute `backups` is a folder."""
    site = Served(tmp_path, BACKUPS=str(tmp_path / "backups"), BACKUP_DAYS="7")
    site.environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    shutil.copy(migrated(), tmp_path)
    (tmp_path / "backups").mkdir()

    def run(**environment):
        return subprocess.run(
            [ROOT / "deploy/nightly", "once"],
            env=site.environment | environment,
            capture_output=True,
            text=True,
        )

    run.site, run.backups = site, tmp_path / "backups"
    return run


def make_backup(folder, days):
    """Create a file in `folder` named as a backup made `days` days ago; return its name."""
    path = folder / f"site-{dt.datetime.now(dt.UTC).date() - dt.timedelta(days)}.backup"
    path.write_text("old")
    moment = time.time() - days * 24 * 3600 - 3600
    os.utime(path, (moment, moment))
    return path.name


def test_nightly_backs_up_and_deletes_old_data(nightly):
    kept = make_backup(nightly.backups, 6)
    make_backup(nightly.backups, 7)
    (nightly.backups / "other").write_text("not ours")
    ran = nightly()
    assert (ran.returncode, ran.stderr) == (0, "")
    today = f"site-{dt.datetime.now(dt.UTC):%Y-%m-%d}.backup"
    assert {path.name for path in nightly.backups.iterdir()} == {kept, today, "other"}
    assert "Feedback older than 365 days: 0 deleted" in ran.stdout
    nightly.site.manage("restore", "--replace", str(nightly.backups / today))


def test_old_backups_stay_if_a_new_one_fails(nightly):
    old = make_backup(nightly.backups, 30)
    (nightly.site.log.parent / "site.sqlite3").write_text("no database " * 100)
    ran = nightly()
    assert ran.returncode == 1
    assert [path.name for path in nightly.backups.iterdir()] == [old]


@pytest.mark.parametrize("days", ["0", "week", "-1", "7.5", "08"])
def test_nightly_refuses_a_number_of_days_that_is_not_a_number(nightly, days):
    old = make_backup(nightly.backups, 1)
    ran = nightly(BACKUP_DAYS=days)
    sentence = f"BACKUP_DAYS is '{days}'. Set it to a whole number of days, such as 30.\n"
    assert (ran.returncode, ran.stderr) == (1, sentence)
    assert [path.name for path in nightly.backups.iterdir()] == [old]


# --- compose.yaml ----------------------------------------------------------------------------------


def test_every_service_has_a_memory_limit():
    services = re.split(r"^  (?=\w[\w-]*:\n)", COMPOSE.split("\nservices:\n")[1], flags=re.M)[1:]
    services = services[: [s.startswith("redis:") for s in services].index(True) + 1]
    assert len(services) == 7
    for service in services:
        assert "<<: *site" in service or "mem_limit: " in service


def test_images_are_pinned_to_the_digests_of_their_tags(tmp_path):
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy/pin", tmp_path / "deploy")
    shutil.copy(ROOT / "compose.yaml", tmp_path)
    (tmp_path / ".env").write_text("SITE_HOST=example.org\nREDIS_IMAGE=redis:8@sha256:before")
    docker = tmp_path / "docker"
    docker.write_text(
        '#!/bin/sh\nfor tag; do :; done\n[ "$1" != image ] || echo "${tag%:*}@sha256:of-$tag"\n'
    )
    docker.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    for _time in range(2):
        subprocess.run(
            [tmp_path / "deploy/pin"], env=environment, check=True, stdout=subprocess.DEVNULL
        )
        assert sorted((tmp_path / ".env").read_text().split()) == [
            "NGINX_IMAGE=nginx:1.28@sha256:of-nginx:1.28",
            "POSTGRES_IMAGE=postgres:17@sha256:of-postgres:17",
            "PYTHON_IMAGE=python:3.13-slim@sha256:of-python:3.13-slim",
            "REDIS_IMAGE=redis:8@sha256:of-redis:8",
            "SITE_HOST=example.org",
        ]
    # Every image except our own can be pinned by digest.
    images = re.findall(r"^ +(?:image|BASE): (.+)", COMPOSE, re.M)
    assert [name for name in images if not name.startswith("${")] == ["blekinge-site"]


@pytest.mark.skipif(not shutil.which("redis-server"), reason="no Redis here: install redis-server")
def test_redis_requires_the_password_in_its_file(tmp_path):
    """Runs compose.yaml's command with Redis on a free port."""
    port, password = free_port(), "hemligt"
    (tmp_path / "redis_password").write_text(f"{password}\n")

    def ours(script):
        for theirs, here in {
            "$$": "$",
            "/tmp/": f"{tmp_path}/",
            "/run/secrets/": f"{tmp_path}/",
            "--save": f"--bind 127.0.0.1 --port {port} --save",
            "redis-cli": f"redis-cli -p {port}",
        }.items():
            script = script.replace(theirs, here)
        return script

    command = re.search(r"      - \|\n((?: {8}.+\n)+)", COMPOSE)[1]
    check = re.search(r"- (REDISCLI_AUTH=.+)", COMPOSE)[1]
    server = subprocess.Popen(["sh", "-c", ours(command)], stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        assert subprocess.run(["sh", "-c", ours(check)]).returncode == 0
        stranger = ["redis-cli", "-p", str(port), "ping"]
        output = subprocess.run(stranger, capture_output=True, text=True).stdout
        assert "NOAUTH" in output
        assert (tmp_path / "redis.conf").stat().st_mode & 0o077 == 0
        assert password.encode() not in Path(f"/proc/{server.pid}/cmdline").read_bytes()
    finally:
        server.terminate()
        server.wait()


# --- Metrics, events and alerts --------------------------------------------------------------------


def metrics_named_in_code():
    """Return the names of the site's metrics as Prometheus shows them: counters end in _total."""
    code = (ROOT / "blekinge_site/operations/metrics.py").read_text()
    matches = re.findall(r'(Counter|Gauge|Histogram|GaugeMetricFamily)\(\s*"(site_\w+)"', code)
    return {f"{name}_total" if kind == "Counter" else name for kind, name in matches}


def events_named_in_code():
    """Return the constant beginnings of the log's messages, up to the first value, as a set."""
    modules = [*ROOT.glob("blekinge_site/**/*.py"), *ROOT.glob("p[al]*/**/*.py")]
    call = r'log(?:ger)?\.(?:info|warning|error|exception|critical)\(\s*"([^"%]+)'
    texts = {text for module in modules for text in re.findall(call, module.read_text())}
    return {text.rstrip(": ") for text in texts}


def test_the_document_names_each_metric_and_no_other():
    names = metrics_named_in_code()
    assert len(names) >= 5
    assert set(re.findall(r"`(site_\w+)`", OPERATIONS)) == names


def test_the_document_names_each_part_of_readyz():
    parts = {*health.REQUIRED_CHECKS, *health.OPTIONAL_CHECKS, "store"}
    table = OPERATIONS.split("## What `/readyz` says")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.M)) == parts


def test_the_document_names_each_event_in_the_log():
    events = events_named_in_code()
    assert len(events) >= 6
    text = " ".join(OPERATIONS.split())
    assert [event for event in sorted(events) if event not in text] == []


def test_the_alerts_use_existing_metrics_and_are_documented():
    text = ALERTS.read_text()
    names = {re.sub("_(bucket|sum|count)$", "", name) for name in re.findall(r"\bsite_\w+", text)}
    assert names <= metrics_named_in_code()
    for alert in re.findall(r"alert: (\w+)", text):
        assert f"`{alert}`" in OPERATIONS


def test_prometheus_accepts_the_alerts():
    if shutil.which("promtool") is None:
        pytest.skip("no promtool here: apt-get install prometheus")
    checked = subprocess.run(["promtool", "check", "rules", ALERTS], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_prometheus_raises_the_alerts(tmp_path):
    if shutil.which("promtool") is None:
        pytest.skip("no promtool here: apt-get install prometheus")
    shutil.copy(ALERTS, tmp_path / "alerts.yml")
    (tmp_path / "test.yml").write_text(ALERTS_TEST)
    checked = subprocess.run(
        ["promtool", "test", "rules", tmp_path / "test.yml"], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
