"""The site in real processes, on a database of its own."""

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent


@contextmanager
def serving(folder, fill, **settings):
    """Serve the site under gunicorn; `fill` is code that fills its database, kept in `folder`.

    Yields the port, and a function that runs more code on the database.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "blekinge_site.settings",
        "SECRET_KEY": "x" * 60,
        "HTTPS": "off",
        "DEBUG": "off",
        **settings,
    }

    def manage(*arguments):
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)

    manage("migrate", "--verbosity", "0")
    manage("shell", "--verbosity", "0", "--command", fill)
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
        for _attempt in range(300):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        try:
            yield port, lambda code: manage("shell", "--verbosity", "0", "--command", code)
        finally:
            process.terminate()
