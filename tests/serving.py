"""The site as it runs in production, with gunicorn and a database of its own, and clients that use it."""

import atexit
import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager, suppress
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def _find_postgresql():
    """Return the folder of PostgreSQL's programs, or None where it isn't installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))  # as Debian does
    initdb = shutil.which("initdb") or (installed[-1] if installed else None)
    return initdb and Path(initdb).resolve().parent


POSTGRESQL = _find_postgresql()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def children(number):
    """Return the process numbers of the children of process `number`."""
    return [
        int(child) for child in Path(f"/proc/{number}/task/{number}/children").read_text().split()
    ]


def pss(*numbers):
    """Return the proportional set size (PSS) of these processes in MiB."""
    texts = [Path(f"/proc/{number}/smaps_rollup").read_text() for number in numbers]
    return sum(int(re.search(r"^Pss: +(\d+)", text, re.M)[1]) for text in texts) / 1024


class PostgreSQL:
    """A database server of its own in the folder `home`, at `address`.

    `parameters` are the server's own. With a `port` among them, the address is that port, otherwise a socket
    in the folder.
    """

    def __init__(self, home, **parameters):
        self.home, self.owner = home, []
        self.address = f"postgresql://site@/postgres?host={home}"
        self.parameters = {"listen_addresses": "", "unix_socket_directories": home, "fsync": "off"}
        if "port" in parameters:
            self.address = f"postgresql://site@127.0.0.1:{parameters['port']}/postgres"
            self.parameters["listen_addresses"] = "127.0.0.1"
        self.parameters |= parameters
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            shutil.chown(home, "nobody", "nogroup")
            self.owner = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        form = ["--encoding=UTF8", "--locale=C.UTF-8"]
        self.run("initdb", "--username=site", "--auth=trust", "--no-sync", *form)

    def run(self, program, *arguments, check=True):
        command = [*self.owner, POSTGRESQL / program, f"--pgdata={self.home}/data", *arguments]
        subprocess.run(command, cwd=self.home, check=check, stdout=subprocess.DEVNULL)

    def start(self):
        options = " ".join(f"-c {name}='{value}'" for name, value in self.parameters.items())
        log = f"--log={self.home}/log"
        self.run("pg_ctl", "start", "--wait", "--silent", log, f"--options={options}")

    def stop(self, *, check=True):
        self.run("pg_ctl", "stop", "--wait", "--silent", "--mode=immediate", check=check)

    def tell(self, how):
        """Send the signal `how` to all of its processes."""
        number = int((self.home / "data/postmaster.pid").read_text().split()[0])
        for one in (number, *children(number)):
            with suppress(ProcessLookupError):  # its client has left meanwhile
                os.kill(one, how)


@contextmanager
def postgresql(**parameters):
    if not POSTGRESQL:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    with tempfile.TemporaryDirectory() as home:
        server = PostgreSQL(Path(home), **parameters)
        server.start()
        try:
            yield server
        finally:
            server.stop(check=False)


class Redis:
    """A Redis of its own, which keeps nothing on a disk, at `address`."""

    def __init__(self):
        self.port = free_port()
        self.address = f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_for(self.port)

    def stop(self):
        self.process.kill()
        self.process.wait()


@contextmanager
def redis_server():
    if shutil.which("redis-server") is None:
        pytest.skip("no Redis here: apt-get install redis-server")
    server = Redis()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def wait_for(port):
    for _attempt in range(300):
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nobody listens at port {port}")


class Served:
    """The site with its data in `folder`; `environment` overrides the default settings.

    `before` is a command that runs the server's command, if that needs one.
    """

    before = ()

    def __init__(self, folder, **environment):
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
            "MEDIA_ROOT": str(folder / "media"),
            "DJANGO_SETTINGS_MODULE": "blekinge_site.settings",
            "SECRET_KEY": "x" * 60,
            "SECOND_FACTOR": "off",
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
        command = [
            *self.before,
            sys.executable,
            "-m",
            "gunicorn",
            "--bind",
            f"127.0.0.1:{self.port}",
        ]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stderr=log)
        for _attempt in range(600):
            try:
                self.get("/robots.txt")
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"no answer:\n{self.log.read_text()}")

    @contextmanager
    def running(self):
        self.start()
        try:
            yield
        finally:
            if self.process.poll() is None:
                self.stop()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(60)

    def workers(self):
        """Return the process numbers of the workers."""
        return children(self.process.pid)

    def pss(self):
        return pss(self.process.pid, *self.workers())

    def get(self, path, timeout=20, method="GET", **headers):
        """Return the status, headers and body of the page at `path`, also for errors."""
        request = urllib.request.Request(self.address + path, headers=headers, method=method)
        try:
            response = urllib.request.urlopen(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            return response.status, response.headers, response.read()

    def addresses(self):
        """Return the paths of all pages in the sitemap, in both languages."""
        paths = re.findall("<loc>[^<]*?//[^/]*([^<]*)</loc>", self.get("/sitemap.xml")[2].decode())
        assert len(paths) > 10
        return paths


@cache
def shared_folder():
    """Return a folder of this test run. Its workers inherit SHARED_FOLDER, and share theirs."""
    if "SHARED_FOLDER" in os.environ:
        return Path(os.environ["SHARED_FOLDER"])
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    return Path(folder)


def filled_folder(fill=None):
    """Return a folder with `site.sqlite3`, migrated and filled by the Python code `fill`, and documents.

    Each is created once per test run, so tests use copies.
    """
    folder = shared_folder() / hashlib.sha256((fill or "").encode()).hexdigest()
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file is closed
        if not folder.exists():
            new = Path(tempfile.mkdtemp(dir=folder.parent))
            site = Served(new)
            if fill:
                shutil.copy(migrated(), new)
                site.run(fill)
            else:
                site.manage("migrate", "--verbosity", "0")
            new.rename(folder)
    return folder


def migrated():
    """Return the path of a migrated SQLite database, of which tests use copies."""
    return filled_folder() / "site.sqlite3"


@contextmanager
def served(folder, fill=None, **environment):
    """Serve the site while the context lasts, after running the Python code `fill` on its database.

    Unless DATABASE_URL names another, the database is `site.sqlite3` in `folder`, created if missing.
    """
    site = Served(folder, **environment)
    is_filled = False
    if site.environment["DATABASE_URL"].startswith("postgresql:"):
        site.manage("migrate", "--verbosity", "0")
    elif "DATABASE_URL" not in environment and not (folder / "site.sqlite3").exists():
        shutil.copytree(filled_folder(fill), folder, dirs_exist_ok=True)
        is_filled = True
    if fill and not is_filled:
        site.run(fill)
    with site.running():
        yield site


class VisitorThreads:
    """Threads that call `visit` again and again while the context lasts and add to `outcomes`."""

    def __init__(self, count):
        self.outcomes, self.done = [], threading.Event()
        self.threads = [threading.Thread(target=self.visit_again) for _number in range(count)]

    def visit_again(self):
        while not self.done.is_set():
            self.visit()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_error):
        self.done.set()
        for thread in self.threads:
            thread.join()


class _Form(HTMLParser):
    """Collects the data that a browser would submit from the forms in the HTML that it is fed."""

    def __init__(self):
        super().__init__()
        self.fields, self.text, self.choice = {}, None, None

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        name = attrs.get("name")
        is_left_out = attrs.get("type") in {"submit", "file", "button"}
        is_box = attrs.get("type") in {"checkbox", "radio"}
        if is_box:
            is_left_out = "checked" not in attrs
        if tag == "textarea":
            self.text, self.fields[name] = name, ""
        elif tag == "select":
            self.choice = name
        elif tag == "option" and self.choice and "selected" in attrs:
            self.fields[self.choice] = attrs.get("value", "")
        elif tag == "input" and name and not is_left_out:
            self.fields[name] = attrs.get("value", "on" if is_box else "")

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.fields[self.text] = self.fields[self.text].removeprefix("\n")
            self.text = None

    def handle_data(self, data):
        if self.text:
            self.fields[self.text] += data


def fields_of(html):
    """Return the data that a browser would submit from the unchanged forms in `html`, `{name: value}`."""
    form = _Form()
    form.feed(html)
    return form.fields


class Response:
    """A response, and the seconds until it had been read."""

    def __init__(self, response, started):
        self.status, self.headers, self.address = response.status, response.headers, response.url
        self.html = response.read().decode()
        self.seconds = time.monotonic() - started

    @property
    def fields(self):
        return fields_of(self.html)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


class Browser:
    """A client of the site at `address` that keeps cookies and follows no redirects."""

    def __init__(self, address, timeout=40):
        self.address, self.timeout = address, timeout
        self.opener = urllib.request.build_opener(_Stay, urllib.request.HTTPCookieProcessor())

    def ask(self, path, data=None, content_type="application/x-www-form-urlencoded"):
        """Get `path`, or post `data` (a dict or a body) to it; return the Response."""
        body = urllib.parse.urlencode(data).encode() if isinstance(data, dict) else data
        headers = {"Content-Type": content_type} if body else {}
        request = urllib.request.Request(self.address + path, body, headers)
        started = time.monotonic()
        try:
            response = self.opener.open(request, timeout=self.timeout)
        except urllib.error.HTTPError as other:
            response = other
        with response:
            return Response(response, started)


LOAD_FIXTURES = """
from django.core.management import call_command
call_command("load_fixtures", verbosity=0)
"""
# An editor's account, and a page that can be published as it is.
EDITOR = """
from django.contrib.auth.models import User
from tests.factories import make_page
User.objects.create_superuser("redaktor", password="prova-allting-2026")
english = {"title_en": "News", "lead_en": "Nummer 0.", "responsible_en": "The region"}
make_page("nyheter", title_sv="Nyheter", lead_sv="Nummer 0.", slug_en="news", **english)
"""


class Editor(Browser):
    """A member of staff, signed in, who changes the page `/nyheter/`."""

    sign_in = "/admin/konto/logga-in/"

    def __init__(self, address):
        super().__init__(address)
        fields = self.ask(self.sign_in).fields
        fields |= {"login": "redaktor", "password": "prova-allting-2026"}
        assert self.ask(self.sign_in, fields).status == 302
        pages = self.ask("/admin/pages/page/").html
        self.form = re.search(r"/admin/pages/page/\d+/change/(?=[^>]*>Nyheter<)", pages)[0]

    def open_copy(self):
        """Make a working copy of the published page, and return the data of its form."""
        fields = self.ask(self.form).fields
        response = self.ask(self.form.replace("change", "arbetskopia"), fields)
        assert response.status == 302
        self.form = response.headers["Location"]
        return self.ask(self.form).fields

    def publish(self, text):
        """Publish `text` as the page's lead; return the time (monotonic) of the site's confirmation."""
        fields = self.open_copy() | {"lead_sv": text, "lead_en": text}
        assert self.ask(self.form, fields).status == 302
        address = self.form.replace("change", "publicera")
        response = self.ask(address, self.ask(address).fields)
        assert response.status == 302
        return time.monotonic()
