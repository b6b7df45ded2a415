"""Metrics for Prometheus, on a separate port. Imported only if METRICS_PORT is set.

Each process counts in its own file. Any process can answer Prometheus, with the sum of all files. They share
one socket, which gunicorn opens before it forks, so that a port in use stops the start.
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

# prometheus_client reads the folder of the files when it is imported. The folder is in memory if possible.
_memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
_folder = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="metrics-", dir=_memory)

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app  # noqa: E402
from prometheus_client.core import GaugeMetricFamily  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead  # noqa: E402

from blekinge_site.operations.health import readiness  # noqa: E402

LABELLED_METHODS = {"GET", "HEAD", "POST", "OPTIONS"}  # all others are counted as "other"

requests = Counter(
    "site_requests",
    "Requests by method, status class and page cache result.",
    ["method", "status", "page_cache"],
)
seconds = Histogram(
    "site_request_seconds",
    "Seconds to answer a request, except with a stored page.",
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2),
)
stored = Gauge(
    "site_page_cache_bytes",
    "Bytes in the page caches of all processes.",
    multiprocess_mode="livesum",
)
_counters = {}
_servers = []  # gunicorn's master process adds the server, and its workers inherit it


def count(environ, status, duration):
    """Count a response to a WSGI request. `status` is an int, `duration` is in seconds."""
    method, cache_result = environ["REQUEST_METHOD"], environ.get("page_cache", "past")
    key = method if method in LABELLED_METHODS else "other", status // 100, cache_result
    if key not in _counters:  # looking up labels takes longer than counting
        _counters[key] = requests.labels(key[0], f"{key[1]}xx", cache_result)
    _counters[key].inc()
    if cache_result != "hit":  # hits all take about the same time, and are too many to measure
        seconds.observe(duration)


class State:
    """Metrics that are the same in every process, computed when Prometheus requests them."""

    def collect(self):
        failing = readiness.failing()
        ready = GaugeMetricFamily(
            "site_ready", "Whether each part of the site works.", labels=["part"]
        )
        for part in readiness.checks:
            ready.add_metric([part], part not in failing)
        yield ready
        if "database" not in failing:
            version, _until = import_string(settings.PAGE_CACHE_STAMP)()
            connections.close_all()  # this thread ends with the request
            yield GaugeMetricFamily(
                "site_content_version", "Rises with each change of content.", version
            )


def make_metrics_app():
    """Return a WSGI application that serves the metrics of all processes."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    registry.register(State())
    return make_wsgi_app(registry)


# --- The server, started and stopped by gunicorn.conf.py -------------------------------------------


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def on_starting(server):
    address = settings.METRICS_HOST, settings.METRICS_PORT
    try:
        metrics_server = make_server(*address, make_metrics_app(), Server, QuietHandler)
    except OSError as error:
        on_exit(server)
        raise SystemExit(
            f"METRICS_HOST and METRICS_PORT cannot be used ({error}). Choose others."
        ) from error
    # Every process wakes up for a connection, and only one gets it: the others must not block.
    metrics_server.socket.setblocking(False)
    _servers.append(metrics_server)


def serve(page_cache):
    """Serve the metrics from this process. `page_cache` is its PageCache or None."""
    if page_cache:
        page_cache.report_size = stored.set
    threading.Thread(target=_servers[0].serve_forever, name="metrics", daemon=True).start()


def child_exit(server, worker):
    mark_process_dead(worker.pid)


def on_exit(server):
    shutil.rmtree(_folder, ignore_errors=True)
