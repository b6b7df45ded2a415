"""What Prometheus asks for on a port of its own. Imported only where METRICS_PORT is set.

Each process counts in a file of its own, and whichever of them is asked adds the files up. They listen to one
socket, which gunicorn opens before it forks: a port that is taken stops the start.
"""

import os
import shutil
import tempfile
import threading
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings
from django.db import connections
from django.utils.module_loading import import_string

# The library reads where the files are as it is imported. In memory, where that can be.
_memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
_folder = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="metrics-", dir=_memory)

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app  # noqa: E402
from prometheus_client.core import GaugeMetricFamily  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead  # noqa: E402

from blekinge_site.operations.health import readiness  # noqa: E402

METHODS = {"GET", "HEAD", "POST", "OPTIONS"}

requests = Counter(
    "site_requests",
    "Requests by method, class of status, and what the page cache made of them.",
    ["method", "status", "page_cache"],
)
seconds = Histogram(
    "site_request_seconds",
    "Seconds until a request that no stored page answered was answered.",
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2),
)
stored = Gauge(
    "site_page_cache_bytes", "Bytes in all page caches together.", multiprocess_mode="livesum"
)
_counters = {}
_listening = []  # gunicorn's first process puts the server here, its children find it


def count(environ, status, took):
    """Count one answered request; `status` is such as 200, `took` its seconds."""
    method, how = environ["REQUEST_METHOD"], environ.get("page_cache", "past")
    key = method if method in METHODS else "other", status // 100, how
    if key not in _counters:  # kept: looking it up takes longer than counting
        _counters[key] = requests.labels(key[0], f"{key[1]}xx", how)
    _counters[key].inc()
    if how == "hit":
        return  # they are nearly all, and all alike: timing them would cost more than it tells
    seconds.observe(took)


class State:
    """What is the same in whichever process is asked, and so is asked for only then."""

    def collect(self):
        failing = readiness.failing()
        ready = GaugeMetricFamily("site_ready", "Whether each part answers.", labels=["part"])
        for part in readiness.parts:
            ready.add_metric([part], part not in failing)
        yield ready
        if "database" not in failing:
            version, _until = import_string(settings.PAGE_CACHE_STAMP)()
            connections.close_all()  # each question has a thread of its own, which ends with it
            yield GaugeMetricFamily("site_content_version", "Rises with each change.", version)


def answer():
    """Return the WSGI application that answers Prometheus, for all processes together."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    registry.register(State())
    return make_wsgi_app(registry)


# --- What gunicorn.conf.py gives to gunicorn ---------------------------------------------------------


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def on_starting(server):
    address = settings.METRICS_HOST, settings.METRICS_PORT
    try:
        listening = make_server(*address, answer(), Server, Quiet)
    except OSError as error:
        on_exit(server)
        raise SystemExit(
            f"METRICS_HOST and METRICS_PORT cannot be used ({error}). Choose others."
        ) from error
    listening.socket.setblocking(False)  # the processes that come second to a question go on
    _listening.append(listening)


def serve(page_cache):
    """Answer Prometheus in this process, whose PageCache, or None, is `page_cache`."""
    if page_cache:
        page_cache.report_size = stored.set
    threading.Thread(target=_listening[0].serve_forever, name="metrics", daemon=True).start()


def child_exit(server, worker):
    mark_process_dead(worker.pid)


def on_exit(server):
    shutil.rmtree(_folder, ignore_errors=True)
