"""How gunicorn serves the site. Where it listens is said on its command line."""

import os
from pathlib import Path

wsgi_app = "blekinge_site.asgi"

# Stored pages are sent from an event loop, where a slow visitor costs a socket and no thread; Django runs
# in the threads of asgi.py.
worker_class = "blekinge_site.server.Worker"
workers = int(os.environ.get("WEB_CONCURRENCY", 2))
worker_connections = 1000
asgi_loop = "asyncio"
asgi_lifespan = "off"
keepalive = 5  # seconds
graceful_timeout = 20  # seconds for the requests under way, when a worker is told to stop

# The code is read once and shared. Nothing opens the database before the workers are forked.
preload_app = True

# No page takes this long; a worker that does is started anew.
timeout = 30

# Workers prove that they are alive by touching a file; on a slow disk that can stall them.
if Path("/dev/shm").is_dir():
    worker_tmp_dir = "/dev/shm"

# No log of visitors' addresses unless asked for: GUNICORN_CMD_ARGS="--access-logfile -".
accesslog = None

# Nobody steers the server through a socket, and it would write to the home directory.
control_socket_disable = True


def post_worker_init(worker):
    worker.asgi.warm_up(worker.sockets[0].sock.getsockname())
