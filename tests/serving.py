"""The site as it runs for real: gunicorn's processes, on a database of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Served:
    """The site in `folder`; `environment` sets what it is to have otherwise."""

    def __init__(self, folder, **environment):
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
            "MEDIA_ROOT": str(folder / "media"),
            "DJANGO_SETTINGS_MODULE": "blekinge_site.settings",
            "SECRET_KEY": "x" * 60,
            "HTTPS": "off",
            "DEBUG": "off",
            **environment,
        }
        self.log = folder / "log"

    def manage(self, *arguments):
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True)

    def run(self, code):
        """Run Python `code` on the site's database."""
        self.manage("shell", "--verbosity", "0", "--command", code)

    def start(self):
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}"]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stderr=log)
        for _attempt in range(600):
            try:
                self.get("/robots.txt")
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"no answer:\n{self.log.read_text()}")

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(60)

    def workers(self):
        """Return the numbers of the processes that answer."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(number) for number in children.read_text().split()]

    def get(self, path, timeout=20, **headers):
        """Return status, headers and body of the page at `path`, whatever its status."""
        request = urllib.request.Request(self.address + path, headers=headers)
        try:
            answer = urllib.request.urlopen(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.headers, answer.read()


@contextmanager
def served(folder, fill=None, **environment):
    """Serve the site as long as the context lasts, with what Python code `fill` puts into its database."""
    site = Served(folder, **environment)
    site.manage("migrate", "--verbosity", "0")
    if fill:
        site.run(fill)
    site.start()
    try:
        yield site
    finally:
        if site.process.poll() is None:
            site.stop()
