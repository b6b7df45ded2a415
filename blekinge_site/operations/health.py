"""What machines ask before they send visitors here: `/healthz` (the process answers) and `/readyz`.

Both are answered before anything looks at the host or asks for HTTPS, as probes call a machine by its
number. That is safe: no answer depends on the host, or repeats anything that was sent.
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

PATIENCE = 2  # seconds that a probe waits
WRITTEN_SECONDS = (
    60  # after which what a probe wrote is gone, should the process end before it deletes that
)


def database():
    """Ask what the page cache asks: if that fails, what it has stored is all that visitors get."""
    import_string(settings.PAGE_CACHE_STAMP)()


def migrations_of_code():
    """Return the migrations that the code has, a set of pairs of app and name; none is imported."""
    found = set()
    for app in apps.get_app_configs():
        package, _is_set = MigrationLoader.migrations_module(app.label)
        try:
            path = import_module(package).__path__
        except ModuleNotFoundError:
            continue  # an app without tables
        found |= {
            (app.label, module.name)
            for module in pkgutil.iter_modules(path)
            if module.name[0] not in "_~" and not module.ispkg
        }
    return found


@cache  # what has been migrated once is so as long as this process lives
def migrations():
    missing = migrations_of_code() - set(MigrationRecorder(connection).applied_migrations())
    if missing:
        raise LookupError(f"migrations are missing: {sorted(missing)}")


def writes():
    """Save something and delete it again, where limits are counted: a table of the same database."""
    cache, key = caches["default"], f"readyz-{uuid4()}"
    if not cache.add(key, "", WRITTEN_SECONDS):  # this cache raises nothing
        raise DatabaseError("the database cannot be written to")
    cache.delete(key)


def media():
    """Write to the folder for documents, and see that the largest one fits."""
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(
        dir=folder, buffering=0
    ) as file:  # gone by itself, whatever happens
        file.write(b"readyz")
    if shutil.disk_usage(folder).free < settings.MAX_STAFF_BODY:
        raise OSError(errno.ENOSPC, "no room for a document")


def store():
    """Write to Redis, which may refuse that and still be read."""
    key = f"readyz-{uuid4()}"
    caches["pages"].set(key, "", WRITTEN_SECONDS)
    caches["pages"].delete(key)


# Without these no public page can be made: send visitors to another process, if one is ready.
NEEDED = {"database": database, "migrations": migrations}
# Without these visitors still get public pages. Another process most likely lacks the same, so to send
# visitors elsewhere would take the pages from them and mend nothing.
DEGRADING = {"writes": writes, "media": media}
if "pages" in settings.CACHES:
    DEGRADING["store"] = store


class Readiness:
    """Tries each of `parts`, functions that raise what is wrong, in a thread of its own.

    A part that hangs is not tried again until it lets go, so that probes don't pile up behind it.
    """

    def __init__(self, parts, patience=PATIENCE):
        self.parts, self.patience = parts, patience
        self.threads = ThreadPoolExecutor(len(parts), "readyz")
        self.trying, self.lock = {}, Lock()

    def failing(self):
        """Return the names of the parts that fail or don't answer in time, a list."""
        with self.lock:
            for name, part in self.parts.items():
                if name not in self.trying or self.trying[name].done():
                    self.trying[name] = self.threads.submit(self.works, name, part)
            tried = dict(self.trying)
        wait(tried.values(), self.patience)
        return [name for name, trial in tried.items() if not (trial.done() and trial.result())]

    def works(self, name, part):
        close_old_connections()  # no request does it in these threads
        try:
            part()
        except Exception as error:
            state = "Not ready" if name in NEEDED else "Degraded"
            logger.warning("%s: %s fails: %s", state, name, type(error).__name__)
            return False
        finally:
            close_old_connections()  # or a pool would miss it until the next probe
        return True


readiness = Readiness(NEEDED | DEGRADING)


def states():
    """Return what each part is, by its name: "ok", "failing" if it is needed, otherwise "degraded"."""
    failing = readiness.failing()
    return {
        name: "ok" if name not in failing else "failing" if name in NEEDED else "degraded"
        for name in readiness.parts
    }


def answer_probes(get_response):
    """Return a middleware that answers the two addresses itself; it stands before all others."""

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
