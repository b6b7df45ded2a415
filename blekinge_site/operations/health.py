"""The health checks: `/healthz` (the process answers) and `/readyz` (it can serve visitors).

Both are answered before the host is checked and before the redirect to HTTPS, since probes use a machine's IP
address. That is safe: no response depends on the host or repeats anything from the request.
"""

import errno
import logging
import pkgutil
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock
from uuid import uuid4

from django.apps import apps
from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, close_old_connections, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)

PROBE_SECONDS = 2  # how long a probe waits for the checks
KEY_SECONDS = 60  # when a key of a check expires, if the process ends before it deletes the key


def check_database():
    """Compute the page cache's stamp. If that fails, visitors only get the pages that are stored."""
    import_string(settings.PAGE_CACHE_STAMP)()


def migrations_of_code():
    """Return a set of pairs of app label and migration name, without importing the migrations."""
    names = set()
    for app in apps.get_app_configs():
        package, _is_set = MigrationLoader.migrations_module(app.label)
        try:
            path = import_module(package).__path__
        except ModuleNotFoundError:
            continue  # an app without migrations
        names |= {
            (app.label, module.name)
            for module in pkgutil.iter_modules(path)
            if module.name[0] not in "_~" and not module.ispkg
        }
    return names


@cache  # applied migrations stay applied; an exception is not cached
def check_migrations():
    missing = migrations_of_code() - set(MigrationRecorder(connection).applied_migrations())
    if missing:
        raise LookupError(f"migrations are missing: {sorted(missing)}")


def check_writes():
    """Write to the cache that rate limits use, which is a table of the database."""
    cache, key = caches["default"], f"readyz-{uuid4()}"
    if not cache.add(key, "", KEY_SECONDS):  # the database cache swallows errors
        raise DatabaseError("the database cannot be written to")
    cache.delete(key)


def check_media():
    """Write to the folder for documents, and check that it has room for the largest document."""
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        file.write(b"readyz")
    if shutil.disk_usage(folder).free < settings.MAX_STAFF_BODY:
        raise OSError(errno.ENOSPC, "no room for a document")


def check_store():
    """Write to Redis, which may be readable but refuse writes."""
    key = f"readyz-{uuid4()}"
    caches["pages"].set(key, "", KEY_SECONDS)
    caches["pages"].delete(key)


# Required for readiness: without these, no public page can be rendered, and visitors should be sent to
# another process.
REQUIRED_CHECKS = {"database": check_database, "migrations": check_migrations}
# Reported, but not required for readiness: visitors still get public pages. Other processes most likely have
# the same problem, so sending visitors elsewhere would not help.
OPTIONAL_CHECKS = {"writes": check_writes, "media": check_media}
if "pages" in settings.CACHES:
    OPTIONAL_CHECKS["store"] = check_store


class Readiness:
    """Runs `checks`, functions that raise an exception if a part of the site fails, in threads.

    A check that hangs is not started again until it ends, so that hanging checks don't fill the threads.
    """

    def __init__(self, checks, seconds=PROBE_SECONDS):
        self.checks, self.seconds = checks, seconds
        self.threads = ThreadPoolExecutor(len(checks), "readyz")
        self.running, self.lock = {}, Lock()

    def failing(self):
        """Return a list of the names of the checks that fail or take too long."""
        with self.lock:
            for name, check in self.checks.items():
                if name not in self.running or self.running[name].done():
                    self.running[name] = self.threads.submit(self.passes, name, check)
            results = dict(self.running)
        wait(results.values(), self.seconds)
        return [name for name, result in results.items() if not (result.done() and result.result())]

    def passes(self, name, check):
        close_old_connections()  # Django does this in the threads of requests only
        try:
            check()
        except Exception as error:
            state = "Not ready" if name in REQUIRED_CHECKS else "Degraded"
            logger.warning("%s: %s fails: %s", state, name, type(error).__name__)
            return False
        finally:
            close_old_connections()  # return the connection to the pool
        return True


readiness = Readiness(REQUIRED_CHECKS | OPTIONAL_CHECKS)


def states():
    """Return the state of each part by its name: "ok", "degraded", or "failing" if it is required."""
    failing = readiness.failing()
    return {
        name: "ok" if name not in failing else "failing" if name in REQUIRED_CHECKS else "degraded"
        for name in readiness.checks
    }


def answer_probes(get_response):
    """Answer the two health checks. This middleware comes before all others."""

    def middleware(request):
        if request.path_info not in {"/healthz", "/readyz"}:
            return get_response(request)
        if request.method not in {"GET", "HEAD"}:
            response = HttpResponseNotAllowed(["GET", "HEAD"])
        elif request.path_info == "/healthz":
            response = HttpResponse("ok\n", content_type="text/plain")
        else:
            parts = states()
            is_ready = "failing" not in parts.values()
            response = JsonResponse(
                {"ready": is_ready, "parts": parts}, status=200 if is_ready else 503
            )
        response["Cache-Control"] = "no-store"
        response["X-Content-Type-Options"] = "nosniff"
        if request.method == "HEAD":
            response.content = b""
        return response

    return middleware
