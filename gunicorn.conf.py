"""How gunicorn serves the site. Where it listens is said on its command line."""

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

# All that is loaded at the start stays: looking for garbage in it would take a fifth of the time.
gc.disable()

# Here, before gunicorn says or opens anything: a wrong setting is then all that is told.
with one_line_errors():
    import_module("blekinge_site.wsgi")
    import_module(settings.ROOT_URLCONF)

wsgi_app = "blekinge_site.asgi"

# Stored pages are sent from an event loop, where a slow visitor costs a socket and no thread; Django runs
# in the threads of serving/bridge.py.
worker_class = "asgi"
workers = settings.WEB_CONCURRENCY
asgi_loop = "asyncio"
asgi_lifespan = "off"
keepalive = 5  # seconds
graceful_timeout = 20  # seconds for the requests under way, when a worker is told to stop

# A safety net: a worker is replaced before any leak, ours or a library's, can fill the memory. It finishes
# its requests first, while the others accept new ones. The jitter keeps workers from leaving together. A
# client that keeps its connection might lose a request; nginx opens a new one for each.
if settings.BEHIND_PROXY:
    max_requests = 200_000
    max_requests_jitter = 50_000

# The code is read once and shared. Nothing opens the database before the workers are forked.
preload_app = True

# A worker whose event loop stands still this long is started anew. Threads are not looked after by it.
timeout = 30

# Workers prove that they are alive by touching a file; on a slow disk that can stall them.
if Path("/dev/shm").is_dir():
    worker_tmp_dir = "/dev/shm"

# What gunicorn logs of itself, in the site's format.
logger_class = "blekinge_site.serving.request_log.ServerLog"

# Each connection needs a file descriptor, and many systems allow a process 1 024 unless it asks for more.
MAX_OPEN_FILES = 8192
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if 0 <= _soft < MAX_OPEN_FILES:
    _most = MAX_OPEN_FILES if _hard == resource.RLIM_INFINITY else min(_hard, MAX_OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_most, _hard))

UNREAD_SECONDS = 60  # how long a client may leave what it was sent unread
VANISHED_SECONDS = 60  # how long a connection may be silent before the system checks the other end

# Nobody steers the server through a socket, and it would write to the home directory.
control_socket_disable = True

# Longer lines and more headers than any browser sends are answered 414 and 431.
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190
# gunicorn reads Content-Length as a number before the site can refuse it, and Python stops at 4 300 digits
# with an error that gunicorn does not answer. A longer one passes here; the bridge answers it 400.
sys.set_int_max_str_digits(limit_request_field_size)

if settings.METRICS_PORT:
    from blekinge_site.operations.metrics import child_exit, on_exit, on_starting, serve  # noqa: F401


def close_dead_connections(listener):
    """Let the system close connections whose client has stopped reading, or has vanished.

    Accepted connections inherit these options from `listener`. Where the system lacks one, it is left out.
    """
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", VANISHED_SECONDS),
        ("TCP_USER_TIMEOUT", UNREAD_SECONDS * 1000),
    ):
        if hasattr(socket, option):
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def post_worker_init(worker):
    # Each request leaves objects that refer to each other. Looking for them often keeps memory flat, and
    # costs little, since what was loaded before the fork is frozen.
    gc.set_threshold(700, 5, 2)
    gc.enable()  # here, as a reload reads this file anew but is not followed by when_ready
    for listener in worker.sockets:
        if listener.sock.family in {socket.AF_INET, socket.AF_INET6}:
            close_dead_connections(listener.sock)
    if settings.METRICS_PORT:
        serve(import_module("blekinge_site.wsgi").page_cache)
    worker.asgi.warm_up(worker.sockets[0].sock.getsockname())


def when_ready(server):
    """Prepare before the workers are forked what they then share: addresses, templates and all else."""
    for language, _name in settings.LANGUAGES:
        with override(language):
            reverse("planning:start")
    for name in ("planning/start", "planning/plan", "planning/budget", "pages/profile", "404"):
        get_template(f"{name}.html")
    gc.freeze()
