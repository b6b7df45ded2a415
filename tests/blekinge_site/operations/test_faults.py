"""The site when a service that it depends on fails, tried with real processes.

Visitors read all the time. Stored pages are served, confirmed saves are kept, and the site
recovers by itself.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from pickle import dumps

import psycopg
import pytest
import redis

from tests.outages import (
    FILL,
    LONG_SECONDS,
    NEWS,
    YES,
    Readers,
    failing_parts,
    publish_and_see,
    refused_by,
    seconds_until,
    shows,
    warmed_up,
)
from tests.serving import (
    Browser,
    Editor,
    Served,
    filled_folder,
    free_port,
    postgresql,
    redis_server,
    served,
)

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory):
    """The site, and its PostgreSQL server."""
    with postgresql() as database:
        folder = tmp_path_factory.mktemp("on_postgresql")
        with served(folder, FILL, DATABASE_URL=database.address) as site:
            yield site, database


# --- The database ----------------------------------------------------------------------------------


def test_postgresql_stops_and_starts(on_postgresql):
    site, database = on_postgresql
    editor = Editor(site.address)
    publish_and_see(editor, "Före avbrottet.", site)
    form = editor.open_copy()
    with Readers(site, warmed_up(site)) as readers:
        database.stop()
        time.sleep(1)
        assert "database" in failing_parts(site)
        assert refused_by(editor, form).seconds < LONG_SECONDS
        time.sleep(2)
        database.start()
        seconds_until(lambda: failing_parts(site) == [], LONG_SECONDS)
        assert shows(site, "Före avbrottet.")
        assert "Halvt sparat." not in editor.ask(editor.form).html
        publish_and_see(editor, "Efter avbrottet.", site)
    assert readers.statuses == {200}
    assert readers.slowest < LONG_SECONDS


@pytest.mark.in_ci
def test_uncached_pages_work_reliably_after_an_outage(tmp_path):
    paths = ["/", "/regionplan/2019-2021/"]
    with postgresql() as database:
        chosen = {"DATABASE_URL": database.address, "PAGE_CACHE": "off"}
        with served(tmp_path, FILL, **chosen) as site:
            with Readers(site, paths):
                database.stop()
                time.sleep(20)  # a client with exponential backoff would wait for 16 seconds by now
                database.start()
                time.sleep(5)
            with Readers(site, paths) as readers:
                time.sleep(5)
            assert readers.statuses == {200}


@pytest.mark.in_ci
def test_postgresql_freezes_while_all_threads_query_it(on_postgresql):
    site, database = on_postgresql
    editor = Editor(site.address)
    publish_and_see(editor, "Före frosten.", site)
    paths = warmed_up(site)
    threads = [
        threading.Thread(target=Browser(site.address).ask, args=["/?q=1"]) for _ in range(16)
    ]
    database.tell(signal.SIGSTOP)
    try:
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        with Readers(site, paths) as readers:
            time.sleep(5)
        response = Browser(site.address).ask("/aterkoppling/", YES)
        assert response.status == 503
        # Which of two error pages comes depends on whether a thread is free.
        assert re.search("inget är sparat|kan inte ta emot svar just nu", response.html)
    finally:
        database.tell(signal.SIGCONT)
    assert readers.statuses == {200}
    assert readers.slowest < LONG_SECONDS
    seconds_until(lambda: failing_parts(site) == [], LONG_SECONDS)
    for thread in threads:
        thread.join()
    assert shows(site, "Före frosten.")
    publish_and_see(editor, "Efter frosten.", site)


@pytest.mark.in_ci
def test_a_migration_locks_a_table(on_postgresql):
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
    assert readers.slowest < LONG_SECONDS
    publish_and_see(editor, "Efter flytten.", site)


def is_complete(store, paths):
    """Return whether the warm-up has stored `paths`: the store has as many pages, and gets no more."""
    before = store.dbsize()
    time.sleep(2)
    return len(paths) < before == store.dbsize()


@pytest.mark.in_ci
def test_a_site_started_without_a_database_warms_up_when_it_is_back(tmp_path):
    with postgresql() as database, redis_server() as shared:
        site = Served(tmp_path, DATABASE_URL=database.address, CACHE_URL=shared.address)
        site.manage("migrate", "--verbosity", "0")
        site.run(FILL)
        database.stop()
        with site.running(), redis.Redis.from_url(shared.address) as store:
            time.sleep(2)
            assert store.dbsize() == 0
            database.start()
            seconds_until(lambda: site.get("/sitemap.xml")[0] == 200, LONG_SECONDS)
            paths = site.addresses()
            seconds_until(lambda: is_complete(store, paths), 3 * LONG_SECONDS)
            database.stop()
            assert [site.get(path)[0] for path in paths] == [200] * len(paths)
        assert "Traceback" not in site.log.read_text()


def test_public_pages_are_served_from_a_read_only_disk(tmp_path):
    disk, logs = tmp_path / "disk", tmp_path / "logs"
    logs.mkdir()
    shutil.copytree(filled_folder(FILL), disk)
    # A separate mount namespace, in which the disk is read-only.
    mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    before = ["unshare", "--mount", "sh", "-c", mount, str(disk)]
    if subprocess.run([*before, "true"], capture_output=True).returncode:
        pytest.skip("no right to mount a disk")
    site = Served(logs, DATABASE_URL=f"sqlite:///{disk / 'site.sqlite3'}", WEB_CONCURRENCY="1")
    site.before = before
    with site.running():
        for path in ["/", "/regionplan/2019-2021/", NEWS]:
            assert site.get(path)[0] == 200
        readiness = json.loads(site.get("/readyz")[2])
        assert (readiness["ready"], readiness["parts"]["writes"]) == (True, "degraded")
        assert Browser(site.address).ask("/aterkoppling/", YES).status == 503


# --- The shared page store -------------------------------------------------------------------------


@contextmanager
def two_sites(folder, shared):
    """Serve two sites, as on two machines, with the same database and Redis."""
    (folder / "other").mkdir()
    chosen = {"DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}", "CACHE_URL": shared.address}
    with (
        served(folder, WEB_CONCURRENCY="1", **chosen) as first,
        served(folder / "other", WEB_CONCURRENCY="1", **chosen) as second,
    ):
        yield first, second


@pytest.mark.in_ci
def test_sites_that_share_a_store_render_each_page_once(folder):
    with redis_server() as shared, redis.Redis.from_url(shared.address) as store:
        chosen = {
            "CACHE_URL": shared.address,
            "BEHIND_PROXY": "on",
            "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
            "MEDIA_ROOT": str(folder / "media"),
        }
        with served(folder, METRICS_PORT=str(free_port()), **chosen) as site:
            paths = site.addresses()
            seconds_until(lambda: is_complete(store, paths), 3 * LONG_SECONDS)
            count = store.dbsize()
            (folder / "other").mkdir()
            with served(folder / "other", METRICS_PORT=str(free_port()), **chosen):
                time.sleep(5)
        assert store.dbsize() == count + 1  # /robots.txt, which names the port
        # Three of the four processes tried to take the warm-up's lock with the same command.
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
        assert max(readers.slowest, others.slowest) < LONG_SECONDS


@pytest.mark.in_ci
def test_garbage_in_redis_changes_no_page(folder):
    rubbish = [b"", b"17", b"rubbish", dumps("text"), dumps({}), dumps({"status": "200 OK"})]
    with redis_server() as shared, two_sites(folder, shared) as sites:
        paths = warmed_up(sites[0])
        before = [sites[0].get(path)[2] for path in paths]
        store = redis.Redis.from_url(shared.address)
        assert len(store.keys()) > len(paths)
        for number, key in enumerate(store.keys()):
            store.set(key, rubbish[number % len(rubbish)])
        store.close()
        # The worker that replaces it has an empty cache.
        os.kill(sites[1].workers()[0], signal.SIGKILL)
        time.sleep(1)
        responses = [sites[1].get(path) for path in paths]
        assert {status for status, _headers, _body in responses} == {200}
        ports = [str(site.port).encode() for site in sites]
        assert [body.replace(ports[1], ports[0]) for _s, _h, body in responses] == before
