"""The health checks: /healthz for a live process, /readyz for a site that is ready for visitors."""

import shutil
import threading
import time

import pytest
import redis
from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from blekinge_site.operations import health
from tests.serving import redis_server
from tests.stand_ins import Content, ImmediateExecutor, ask, make_cache

pytestmark = pytest.mark.database

READY = {"database": "ok", "migrations": "ok", "writes": "ok", "media": "ok"}


@pytest.fixture
def ready(database, settings, tmp_path, monkeypatch):
    """All four parts, checked in this thread, because the test's database connection is here."""
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setattr(health.readiness, "threads", ImmediateExecutor())
    health.check_migrations.cache_clear()


def down(*args, **kwargs):
    raise DatabaseError("could not connect as user site with password hunter2")


@pytest.mark.parametrize("host", ["testserver", "10.1.2.3:8000", "evil.example", "not a host"])
def test_healthz_accepts_any_host(client, settings, host):
    settings.SECURE_SSL_REDIRECT = True
    response = client.get("/healthz", headers={"host": host})
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert response.headers == {
        "Content-Type": "text/plain",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


def test_head_has_no_body_and_other_methods_are_refused(client, ready):
    for address in ("/healthz", "/readyz"):
        assert (client.head(address).status_code, client.head(address).content) == (200, b"")
        refused = client.post(address)
        assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD")
        assert refused["Cache-Control"] == "no-store"


def test_health_checks_are_never_stored(ready):
    cache = make_cache(get_wsgi_application(), Content())
    for address in ("/healthz", "/readyz"):
        assert ask(cache, address).headers["Cache-Control"] == "no-store"
    assert len(cache.pages.pages) == 0


def test_ready(client, ready, tmp_path):
    response = client.get("/readyz", headers={"host": "10.1.2.3"})
    assert (response.status_code, response.json()) == (200, {"ready": True, "parts": READY})
    assert response["Cache-Control"] == "no-store"
    assert list((tmp_path / "media").iterdir()) == []


def test_a_database_error_is_reported_without_secrets(client, ready, monkeypatch, caplog):
    with monkeypatch.context() as outage:
        outage.setattr("django.db.backends.utils.CursorWrapper.execute", down)
        response = client.get("/readyz")
    failing = {"database": "failing", "migrations": "failing", "writes": "degraded"}
    assert (response.status_code, response.json()) == (
        503,
        {"ready": False, "parts": READY | failing},
    )
    messages = [
        record.getMessage()
        for record in caplog.records
        if record.name == "blekinge_site.operations.health"
    ]
    assert messages == [
        "Not ready: database fails: DatabaseError",
        "Not ready: migrations fails: DatabaseError",
        "Degraded: writes fails: DatabaseError",
    ]


def test_a_missing_migration_is_reported_until_it_has_run(client, ready):
    migration = MigrationRecorder.Migration.objects.get(app="planning", name="0003_versions")
    migration.delete()
    response = client.get("/readyz")
    assert (response.status_code, response.json()["parts"]) == (
        503,
        READY | {"migrations": "failing"},
    )
    MigrationRecorder.Migration(app="planning", name="0003_versions").save()
    assert client.get("/readyz").status_code == 200


def test_migrations_are_not_checked_again_once_all_have_run(
    client, ready, django_assert_max_num_queries
):
    with django_assert_max_num_queries(100) as first:
        client.get("/readyz")
    with django_assert_max_num_queries(100) as second:
        client.get("/readyz")
    assert "django_migrations" in str(first.captured_queries)
    assert "django_migrations" not in str(second.captured_queries)


def test_all_migrations_are_known_without_importing_them():
    assert health.migrations_of_code() == set(MigrationLoader(None).disk_migrations)


def test_a_media_folder_that_is_not_writable_is_reported(client, ready, tmp_path):
    (tmp_path / "media").write_text("a file where the folder should be")
    response = client.get("/readyz")
    assert (response.status_code, response.json()["parts"]) == (200, READY | {"media": "degraded"})


def test_a_full_disk_for_documents_is_reported(client, ready, settings, tmp_path):
    settings.MAX_STAFF_BODY = shutil.disk_usage(tmp_path).total + 1
    assert client.get("/readyz").json()["parts"] == READY | {"media": "degraded"}


def test_a_read_only_database_is_reported(client, ready):
    refused = "attempt to write a readonly database"

    def read_only(execute, sql, params, many, context):
        if sql.lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
            raise OperationalError(refused)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(read_only):
        response = client.get("/readyz")
    assert (response.status_code, response.json()["parts"]) == (200, READY | {"writes": "degraded"})


def test_a_redis_that_refuses_writes_is_reported(settings):
    with redis_server() as server:
        backend = "django.core.cache.backends.redis.RedisCache"
        settings.CACHES = settings.CACHES | {
            "pages": {"BACKEND": backend, "LOCATION": server.address}
        }
        health.check_store()
        redis.from_url(server.address).config_set("maxmemory", 1)
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            health.check_store()


def test_a_hanging_part_times_out_and_is_not_checked_twice_at_once(database):
    let_go, tries = threading.Event(), []

    def hanging():
        tries.append(1)
        let_go.wait(10)

    readiness = health.Readiness({"database": hanging, "media": lambda: None}, seconds=0.1)
    started = time.monotonic()
    assert [readiness.failing() for _probe in range(3)] == [["database"]] * 3
    assert 0.3 <= time.monotonic() - started < 2
    assert len(tries) == 1
    let_go.set()
    readiness.threads.shutdown()
    readiness.threads = ImmediateExecutor()
    assert (readiness.failing(), len(tries)) == ([], 2)


def test_a_failing_optional_part_is_degraded_and_the_site_stays_ready(client, ready, monkeypatch):
    monkeypatch.setattr(health.readiness, "checks", health.readiness.checks | {"store": down})
    response = client.get("/readyz")
    parts = READY | {"store": "degraded"}
    assert (response.status_code, response.json()) == (200, {"ready": True, "parts": parts})
