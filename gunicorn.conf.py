"""How gunicorn serves the site. Where it listens is said on its command line."""

import gc
import os
from pathlib import Path

from django.conf import settings
from django.template.loader import get_template
from django.urls import reverse
from django.utils.translation import override

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blekinge_site.settings")

# All that is loaded at the start stays: looking for garbage in it would take a fifth of the time.
gc.disable()

wsgi_app = "blekinge_site.asgi"

# Stored pages are sent from an event loop, where a slow visitor costs a socket and no thread; Django runs
# in the threads of asgi.py.
worker_class = "blekinge_site.server.Worker"
workers = settings.WEB_CONCURRENCY
worker_connections = 1000
asgi_loop = "asyncio"
asgi_lifespan = "off"
keepalive = 5  # seconds
graceful_timeout = 20  # seconds for the requests under way, when a worker is told to stop

# The code is read once and shared. Nothing opens the database before the workers are forked.
preload_app = True

# A worker whose event loop stands still this long is started anew. Threads are not looked after by it.
timeout = 30

# Workers prove that they are alive by touching a file; on a slow disk that can stall them.
if Path("/dev/shm").is_dir():
    worker_tmp_dir = "/dev/shm"

# One line a request, without visitors' addresses.
logger_class = "blekinge_site.server_log.ServerLog"

# Nobody steers the server through a socket, and it would write to the home directory.
control_socket_disable = True

# Longer lines and more headers than any browser sends are answered 414 and 431.
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190

if settings.METRICS_PORT:
    from blekinge_site.metrics import child_exit, on_exit, on_starting, serve  # noqa: F401


def post_worker_init(worker):
    gc.enable()  # here, as a reload reads this file anew but is not followed by when_ready
    if settings.METRICS_PORT:
        serve()
    worker.asgi.warm_up(worker.sockets[0].sock.getsockname())


def when_ready(server):
    """Prepare before the workers are forked what they then share: addresses, templates and all else."""
    for language, _name in settings.LANGUAGES:
        with override(language):
            reverse("planning:start")
    for name in ("planning/start", "planning/plan", "planning/budget", "pages/profile", "404"):
        get_template(f"{name}.html")
    gc.freeze()
