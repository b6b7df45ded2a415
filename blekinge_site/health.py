"""What machines ask before they send visitors here: `/healthz` (the process answers) and `/readyz`.

Both are answered before anything looks at the host or asks for HTTPS, as probes call a machine by its
number. That is safe: no answer depends on the host, or repeats anything that was sent.
"""

import logging
import pkgutil
import tempfile
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock

from django.apps import apps
from django.conf import settings
from django.core.cache import caches
from django.db import close_old_connections, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)

PATIENCE = 2  # seconds that a probe waits


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


def shared_cache():
    caches["default"].get("readyz")


def media():
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(
        dir=folder, buffering=0
    ) as file:  # gone by itself, whatever happens
        file.write(b"readyz")


def store():
    caches["pages"].get("readyz")


PARTS = {"database": database, "migrations": migrations, "cache": shared_cache, "media": media}
# What is said and does not count: without it the site is slower, not worse.
SPARE = {"store": store} if "pages" in settings.CACHES else {}


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
            logger.warning("Not ready: %s fails: %s", name, type(error).__name__)
            return False
        finally:
            close_old_connections()  # or a pool would miss it until the next probe
        return True


readiness = Readiness(PARTS | SPARE)


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
            failing = readiness.failing()
            parts = {name: "failing" if name in failing else "ok" for name in readiness.parts}
            is_ready = SPARE.keys() >= {*failing}
            response = JsonResponse(
                {"ready": is_ready, "parts": parts}, status=200 if is_ready else 503
            )
        response["Cache-Control"] = "no-store"
        response["X-Content-Type-Options"] = "nosniff"
        if request.method == "HEAD":
            response.content = b""
        return response

    return middleware
