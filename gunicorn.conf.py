"""How gunicorn serves the site. Where it listens is said on its command line."""

import os
from pathlib import Path

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blekinge_site.settings")

wsgi_app = "blekinge_site.wsgi"

# Most of a request is waiting, for the database or for a slow visitor: threads wait side by side.
worker_class = "gthread"
workers = settings.WEB_CONCURRENCY
threads = 4

# The code is read once and shared. Nothing opens the database before the workers are forked.
preload_app = True

# No page takes this long; a worker that does is started anew.
timeout = 30

# Workers prove that they are alive by touching a file; on a slow disk that can stall them.
if Path("/dev/shm").is_dir():
    worker_tmp_dir = "/dev/shm"

# One line a request, without visitors' addresses.
logger_class = "blekinge_site.server_log.ServerLog"

# Nobody steers the server through a socket, and it would write to the home directory.
control_socket_disable = True

if settings.METRICS_PORT:
    from blekinge_site.metrics import child_exit, on_exit, on_starting, post_worker_init  # noqa: F401
