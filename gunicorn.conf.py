"""gunicorn's configuration, except the address to listen at, which is an option of its command line."""

import gc
import os
import resource
import socket
import sys
from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.template.loader import get_template
from django.urls import reverse
from django.utils.translation import override

from blekinge_site.environment import one_line_errors

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blekinge_site.settings")

# Collecting garbage while the site is loaded would take a fifth of the time, and find none.
gc.disable()

# Read the settings before gunicorn logs or opens anything, so that an error in them is all the output.
with one_line_errors():
    import_module("blekinge_site.wsgi")
    import_module(settings.ROOT_URLCONF)

wsgi_app = "blekinge_site.asgi"

# Stored pages are sent from an event loop, where a slow client occupies a socket but no thread. Django runs
# in the threads of serving/bridge.py.
worker_class = "asgi"
workers = settings.WEB_CONCURRENCY
asgi_loop = "asyncio"
asgi_lifespan = "off"
keepalive = 5  # seconds
graceful_timeout = 20  # seconds for the requests in progress when a worker stops

# As a safeguard against memory leaks, workers are replaced after so many requests, and the jitter keeps them
# from being replaced at the same time. A worker finishes its requests first, while the others accept new
# ones. A request on a connection that is kept alive might fail, so this is only done behind a proxy: nginx
# opens a new connection for each request.
if settings.BEHIND_PROXY:
    max_requests = 200_000
    max_requests_jitter = 50_000

# The workers share the code, which is loaded before they are forked. Nothing opens the database before that.
preload_app = True

# Seconds after which a worker whose event loop is blocked is restarted. Its threads are not monitored.
timeout = 30

# Workers touch a file to show that they are alive. On a slow disk that could block them.
if Path("/dev/shm").is_dir():
    worker_tmp_dir = "/dev/shm"

# gunicorn's own log, in the site's format.
logger_class = "blekinge_site.serving.request_log.ServerLog"

# Each connection needs a file descriptor, and the default limit is often 1024.
MAX_OPEN_FILES = 8192
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if 0 <= _soft < MAX_OPEN_FILES:
    _limit = MAX_OPEN_FILES if _hard == resource.RLIM_INFINITY else min(_hard, MAX_OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_limit, _hard))

UNREAD_SECONDS = 60  # how long a client may leave data unread
KEEPALIVE_SECONDS = 60  # how long a connection may be idle before the system probes the client

# The control socket is not used, and gunicorn would create it in the home directory.
control_socket_disable = True

# No browser exceeds these limits. The responses are 414 and 431.
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190
# gunicorn converts Content-Length to an int before the site can refuse it. Above 4300 digits Python raises an
# error that gunicorn doesn't handle. With this limit such a header reaches the bridge, which sends a 400.
sys.set_int_max_str_digits(limit_request_field_size)

if settings.METRICS_PORT:
    from blekinge_site.operations.metrics import child_exit, on_exit, on_starting, serve  # noqa: F401


def close_dead_connections(listener):
    """Have the system close the connections of clients that have stopped reading or are gone.

    Accepted connections inherit these options from `listener`. Options that the system lacks are skipped.
    """
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_SECONDS),
        ("TCP_USER_TIMEOUT", UNREAD_SECONDS * 1000),
    ):
        if hasattr(socket, option):
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def post_worker_init(worker):
    # Each request leaves reference cycles. Collecting them often keeps the memory constant, and costs little
    # because the objects loaded before the fork are frozen.
    gc.set_threshold(700, 5, 2)
    gc.enable()  # not in when_ready, as gunicorn does not call that after a reload
    for listener in worker.sockets:
        if listener.sock.family in {socket.AF_INET, socket.AF_INET6}:
            close_dead_connections(listener.sock)
    if settings.METRICS_PORT:
        serve(import_module("blekinge_site.wsgi").page_cache)
    worker.asgi.warm_up(worker.sockets[0].sock.getsockname())


def when_ready(server):
    """Load URLs and templates before the workers are forked, so that they share the memory."""
    for language, _name in settings.LANGUAGES:
        with override(language):
            reverse("planning:start")
    for name in ("planning/start", "planning/plan", "planning/budget", "pages/profile", "404"):
        get_template(f"{name}.html")
    gc.freeze()
