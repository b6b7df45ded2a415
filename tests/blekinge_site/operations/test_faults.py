"""What becomes of the site when something it stands on fails: each fault with real processes.

Visitors read all the while. What is stored is answered, what an editor was told is saved is there
afterwards, and the site recovers by itself.
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
    LONG,
    NEWS,
    YES,
    Readers,
    parts,
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
    free_port,
    postgresql,
    redis_server,
    served,
)

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory):
    """The site, and the PostgreSQL that it runs on."""
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
