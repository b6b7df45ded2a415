"""The site as compose.yaml runs it, but without containers: nginx in front of two sites on PostgreSQL.

deploy/release starts the processes. A stand-in for the docker command runs a process for each container in
compose.yaml.
"""

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from contextlib import closing

import pytest

from tests.hang_ups import falls_to, hang_up_often, sockets_and_threads
from tests.outages import PAUSE_SECONDS
from tests.serving import POSTGRESQL, ROOT, VisitorThreads, children, free_port, postgresql

HOST = "www.example.org"
PAGES = ["/", "/om-region-blekinge/", "/regionplan/2019-2021/", "/en/regional-plan/2019-2021/"]

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        not (shutil.which("nginx") and shutil.which("curl") and POSTGRESQL),
        reason="The stack of compose.yaml is not tried: install nginx, curl and postgresql.",
    ),
]

DOCKER = """#!/bin/sh
[ "$2" != build ] || exit 0
# The last word of a command is the service that it is about.
for service; do :; done
cd "$PROJECT"
case $service in
release)
    $PYTHON manage.py migrate --verbosity 0 && exec $PYTHON manage.py load_fixtures --verbosity 0;;
site-[12])
    "$HOME/stop" $service
    address=127.0.0.1:$(cat "$HOME/$service.port")
    $PYTHON -m gunicorn --daemon --pid "$HOME/$service.pid" --bind $address \
        --error-logfile "$HOME/$service.log" --capture-output
    for attempt in $(seq 300); do
        curl --silent --fail --output /dev/null http://$address/readyz && exit
        sleep 0.1
    done
    exit 1;;
nginx)
    [ -e "$HOME/nginx.pid" ] || exec nginx -c "$HOME/nginx.conf" -g "$NGINX_USER" 2>>"$HOME/nginx.log";;
esac
"""
STOP = """#!/bin/sh
# gunicorn takes its file away when it has ended.
[ ! -e "$HOME/$1.pid" ] || kill "$(cat "$HOME/$1.pid")"
for attempt in $(seq 400); do [ -e "$HOME/$1.pid" ] || exit 0; sleep 0.1; done
exit 1
"""
SAVE = """
import time
from pages.models import RegionProfile
RegionProfile.objects.update(lead_sv="En ny ingress.")
print(time.time())
"""

DOCUMENT = """
from django.core.files.base import ContentFile
from planning.models import PlanDocument, RegionalPlan
document = PlanDocument(plan=RegionalPlan.objects.get(), position=1, title_sv="Bilaga")
document.file.save("bilaga.pdf", ContentFile(b"%PDF-1234567890"))
"""


@pytest.fixture(scope="module")
def database():
    """The address of a new PostgreSQL server."""
    with postgresql() as server:
        yield server.address


class Stack:
    """All the processes and their files, in the directory `home`."""

    def __init__(self, home, database):
        self.home = home
        ports = [str(free_port()) for _number in range(4)]
        self.http, self.https = ports[:2]
        self.environment = os.environ | {
            "PATH": f"{home}:{os.environ['PATH']}:/usr/sbin",
            "HOME": str(home),
            "PROJECT": str(ROOT),
            "PYTHON": sys.executable,
            "NGINX_USER": "user root;" if os.getuid() == 0 else "",
            "DJANGO_SETTINGS_MODULE": "blekinge_site.settings",
            "DATABASE_URL": database,
            "SECRET_KEY_FILE": str(home / "site/secrets/secret_key"),
            "MEDIA_ROOT": str(home / "media"),
            "ALLOWED_HOSTS": HOST,
            "BEHIND_PROXY": "on",
            "HTTPS": "on",
            "DEBUG": "off",
        }
        # deploy/release writes secrets to the folder above its own, so it runs from a copy.
        shutil.copytree(ROOT / "deploy", home / "site/deploy")
        self.write("site/.env", f"SITE_HOST={HOST}\nPOSTGRES_PASSWORD='from before'\n")
        self.write("docker", DOCKER)
        self.write("stop", STOP)
        for name, port in zip(("site-1", "site-2"), ports[2:], strict=True):
            self.write(f"{name}.port", port)
        self.write("nginx.conf", self.nginx_conf(*ports))
        subject = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
        files = ["-keyout", home / "privkey.pem", "-out", home / "fullchain.pem"]
        command = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", *subject, *files]
        subprocess.run(command, check=True, capture_output=True)

    def write(self, name, text):
        (self.home / name).write_text(text)
        (self.home / name).chmod(0o755)

    def nginx_conf(self, http, https, *sites):
        """Return deploy/nginx.conf with the test's ports and paths in place of the container's."""
        conf = (ROOT / "deploy/nginx.conf").read_text()
        for theirs, ours in {
            "${SITE_HOST}": HOST,
            "/tmp/": f"{self.home}/",
            "/certificates/": f"{self.home}/",
            "listen 8080": f"listen 127.0.0.1:{http}",
            "listen 8443": f"listen 127.0.0.1:{https}",
            "172.30.0.11:8000": f"127.0.0.1:{sites[0]}",
            "172.30.0.12:8000": f"127.0.0.1:{sites[1]}",
        }.items():
            assert theirs in conf
            conf = conf.replace(theirs, ours)
        return conf

    def run(self, *command):
        """Return the output of `command`."""
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def release(self):
        return self.run(self.home / "site/deploy/release")

    def curl(self, address, *options):
        """Return the exit code, the status with the HTTP version, and the response's headers and body."""
        host = address.split("/")[2]
        done = subprocess.run(
            ["curl", "--silent", "--max-time", "20", "--cacert", self.home / "fullchain.pem"]
            + ["--connect-to", f"{host}:443:127.0.0.1:{self.https}"]
            + ["--connect-to", f"{host}:80:127.0.0.1:{self.http}"]
            + ["--include", "--write-out", "\n%{http_code} %{http_version}", *options, address],
            capture_output=True,
            text=True,
        )
        response, _newline, status = done.stdout.rpartition("\n")
        head, _blank, body = response.replace("\r\n", "\n").partition("\n\n")
        headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])
        return done.returncode, status, headers, body

    def page(self, path, *options):
        """Return the status with the HTTP version, the headers and the body of a public page."""
        return self.curl(f"https://{HOST}{path}", *options)[1:]


def connect_to(stack):
    """Return a TLS connection to nginx."""
    trusted = ssl.create_default_context(cafile=stack.home / "fullchain.pem")
    plain = socket.create_connection(("127.0.0.1", stack.https), timeout=20)
    return trusted.wrap_socket(plain, server_hostname=HOST)


class Connection(http.client.HTTPConnection):
    """An HTTPS connection to nginx, which the next request reopens if nginx has closed it."""

    def __init__(self, stack):
        super().__init__(HOST, timeout=20)
        self.stack = stack

    def connect(self):
        self.sock = connect_to(self.stack)


@pytest.fixture(scope="module")
def stack(database, tmp_path_factory):
    stack = Stack(tmp_path_factory.mktemp("stack"), database)
    try:
        stack.release()
        yield stack
    finally:
        if (stack.home / "nginx.pid").exists():
            stack.run("nginx", "-c", str(stack.home / "nginx.conf"), "-s", "stop")
        for name in ("site-1", "site-2"):
            stack.run("stop", name)


@pytest.fixture
def stopped(stack):
    """A function that stops a site; it is started again after the test."""
    names = []

    def stop(name):
        names.append(name)
        stack.run("stop", name)

    yield stop
    for name in names:
        stack.run("docker", name)
    time.sleep(2)  # until nginx uses it again


class Visitors(VisitorThreads):
    """Four visitors who request pages again and again; `outcomes` holds statuses and errors."""

    def __init__(self, stack):
        super().__init__(4)
        self.stack = stack

    def visit(self):
        with closing(Connection(self.stack)) as connection:
            for page in PAGES * 10:
                try:
                    connection.request("GET", page)
                    response = connection.getresponse()
                    response.read()
                    self.outcomes.append(response.status)
                    time.sleep(PAUSE_SECONDS)  # leave the processor to the sites
                except (OSError, http.client.HTTPException) as error:
                    self.outcomes.append(repr(error))
                    connection.close()


def test_secrets_are_created_once_and_moved_from_their_old_place(stack):
    folder = stack.home / "site/secrets"
    secrets = {path.name: path.read_text() for path in folder.iterdir()}
    assert secrets["postgres_password"] == "from before\n"
    for name in ("secret_key", "redis_password"):
        assert re.fullmatch(r"[0-9a-f]{64}\n", secrets[name])
    assert len(secrets) == 3
    # Containers can read the files, but other users of the machine can't enter the folder.
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}
    stack.release()
    assert {path.name: path.read_text() for path in folder.iterdir()} == secrets


def test_pages_are_served_over_http2_with_a_strong_etag(stack):
    status, headers, body = stack.page("/")
    assert (status, headers["content-type"]) == ("200 2", "text/html; charset=utf-8")
    assert "Region Blekinge" in body
    assert "x-accel-expires" not in headers
    etags = set()
    for encoding in ("identity", "gzip"):
        status, headers, _body = stack.page(
            "/", "--head", "--header", f"Accept-Encoding: {encoding}"
        )
        assert (status, headers["vary"]) == ("200 2", "Accept-Encoding")
        assert headers.get("content-encoding", "identity") == encoding
        etag = headers["etag"]
        etags.add(etag)
        options = ["--header", f"Accept-Encoding: {encoding}", "--header", f"If-None-Match: {etag}"]
        status, headers, body = stack.page("/", *options)
        assert (status, headers["etag"], body) == ("304 2", etag, "")
    assert [etag[0] for etag in etags] == ['"', '"']


def test_nginx_serves_ranges_and_conditional_requests_of_files(stack):
    stack.run(sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", DOCUMENT)
    stylesheet = re.search(r'href="(/static/[^"]+[.]css)"', stack.page("/")[2])[1]
    for path in ("/regionplan/2019-2021/dokument/1/", stylesheet):
        _status, headers, whole = stack.page(path)
        for byte_range, part in (("0-0", whole[:1]), ("-1", whole[-1:]), ("2-", whole[2:])):
            status, part_headers, body = stack.page(path, "--header", f"Range: bytes={byte_range}")
            assert (status, body) == ("206 2", part)
            assert part_headers["content-range"].endswith(f"/{len(whole)}")
        refused = stack.page(path, "--header", f"Range: bytes={len(whole)}-")
        assert (refused[0], refused[1]["content-range"]) == ("416 2", f"bytes */{len(whole)}")
        resumed = ["--header", 'If-Range: "other"', "--header", "Range: bytes=0-0"]
        assert stack.page(path, *resumed)[::2] == ("200 2", whole)
        known = stack.page(path, "--header", f"If-None-Match: {headers['etag']}")
        assert known[::2] == ("304 2", "")
        assert "x-accel-expires" not in headers


def test_a_client_without_compression_gets_plain_pages(stack):
    for path in ("/", "/?fbclid=1"):
        refused = ["--header", "Accept-Encoding: br;q=0, gzip;q=0"]
        _status, headers, body = stack.page(path, *refused)
        assert "content-encoding" not in headers
        assert "Region Blekinge" in body


def test_http_redirects_to_https(stack):
    _code, status, headers, _body = stack.curl(f"http://{HOST}/regionplan/?a=b")
    assert (status, headers["Location"]) == ("301 1.1", f"https://{HOST}/regionplan/?a=b")


def test_another_host_name_gets_no_response(stack):
    foreign = ["--header", "Host: elsewhere.example"]
    assert stack.curl(f"http://{HOST}/", *foreign)[:2] == (52, "000 0")
    assert stack.curl(f"https://{HOST}/", *foreign, "--http1.1")[:2] == (52, "000 0")
    assert stack.curl("https://elsewhere.example/", "--insecure")[:2] == (35, "000 0")


def test_a_save_shows_through_nginx(stack):
    assert "En ny ingress." not in stack.page("/om-region-blekinge/")[2]
    saved = float(stack.run(sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", SAVE))
    # Each process notices the change by itself, usually in less than a second.
    while not all("En ny ingress." in stack.page("/om-region-blekinge/")[2] for _time in range(20)):
        assert time.time() < saved + 20


def test_sign_in_limits_use_the_address_that_nginx_sees(stack):
    jar = stack.home / "cookies"
    address = "/admin/konto/logga-in/"
    cookies = [
        "--cookie",
        jar,
        "--cookie-jar",
        jar,
        "--header",
        f"Referer: https://{HOST}{address}",
    ]
    stack.page(address, *cookies)
    token = jar.read_text().split("csrftoken\t")[1].split()[0]
    statuses = []
    for number in range(31):
        forged = ["--header", f"X-Forwarded-For: 192.0.2.{number}"]
        tried = f"csrfmiddlewaretoken={token}"
        statuses.append(stack.page(address, *cookies, *forged, "--data", tried)[0])
    assert statuses == ["200 2"] * 30 + ["429 2"]


def test_visitors_cannot_choose_their_request_id(stack):
    stack.page("/numrerad/", "--header", "X-Request-Id: 19121212-1212")
    time.sleep(1)  # the log is written in batches
    log = "".join((stack.home / f"site-{number}.log").read_text() for number in (1, 2))
    assert log.count('"/numrerad/"') == 1
    assert "19121212-1212" not in log


def test_visitors_do_not_notice_that_a_site_stops(stack, stopped):
    with Visitors(stack) as visitors:
        stopped("site-1")
        time.sleep(2)
    assert set(visitors.outcomes) == {200}


@pytest.mark.in_ci
def test_clients_that_hang_up_leave_nothing_behind(stack):
    def workers():
        masters = [int((stack.home / f"site-{number}.pid").read_text()) for number in (1, 2)]
        return [worker for master in masters for worker in children(master)]

    hang_up_often(lambda: connect_to(stack), HOST, 1000)  # until most threads have started
    time.sleep(5)  # until nginx's kept-alive connections have ended
    # Allow for threads that start later, each with a database connection; a leak would be far larger.
    before = {
        worker: [number + 8 for number in sockets_and_threads(worker)] for worker in workers()
    }
    hang_up_often(lambda: connect_to(stack), HOST, 2000)
    assert stack.page("/")[0] == "200 2"
    left = {
        worker: sockets_and_threads(worker)
        for worker in before
        if not falls_to(worker, before[worker])
    }
    assert left == {}, before
    assert workers() == [*before]


@pytest.mark.in_ci
def test_a_release_under_load_loses_no_request(stack):
    before = [(stack.home / f"{name}.pid").read_text() for name in ("site-1", "site-2")]
    with Visitors(stack) as visitors:
        stack.release()
    after = [(stack.home / f"{name}.pid").read_text() for name in ("site-1", "site-2")]
    assert not set(before) & set(after)
    assert set(visitors.outcomes) == {200}
    assert len(visitors.outcomes) > 100


def test_nginx_serves_stored_pages_while_both_sites_are_stopped_but_not_to_staff(stack, stopped):
    etag = stack.page("/")[1]["etag"]
    contact = stack.page("/kontakt/?fbclid=1")[2]
    assert stack.page("/aterkoppling/tack/")[0] == "200 2"
    style = re.search('href="(/static/[^"]+)"', contact)[1]
    assert stack.page(f"{style}?v=1")[0] == "200 2"
    assert stack.page("/kontakt?fbclid=1")[1]["location"] == "/kontakt/?fbclid=1"
    assert stack.page("/admin/konto/logga-in/")[0] == "200 2"
    assert stack.page("/", "--cookie", "sessionid=abc")[0] == "200 2"
    stopped("site-1")
    stopped("site-2")
    status, headers, _body = stack.page("/")
    assert (status, headers["etag"]) == ("200 2", etag)
    for query in ("", "?fbclid=1", "?fbclid=2&%ff"):
        status, _headers, body = stack.page(f"/kontakt/{query}")
        assert (status, body) == ("200 2", contact)
    assert stack.page(f"{style}?v=2")[0] == "200 2"
    # Pages that depend on the query or may repeat it aren't kept, with or without a query.
    for path in (
        "/kontakt?fbclid=1",
        "/kontakt",
        "/aterkoppling/tack/",
        "/aterkoppling/tack/?svar=x",
    ):
        assert stack.page(path)[0] == "502 2"
    assert stack.page("/admin/konto/logga-in/")[0] == "502 2"
    assert stack.page("/", "--cookie", "sessionid=abc")[0] == "502 2"


def test_the_nginx_log_has_errors_and_no_visitor_data(stack, stopped):
    stopped("site-1")
    stopped("site-2")
    visitor = "127.0.0.99"
    assert stack.page("/aldrig-sedd/", "--interface", visitor)[0] == "502 2"
    with socket.create_connection(("127.0.0.1", stack.https), 5, (visitor, 0)) as strange:
        strange.sendall(b"\x16\x03\x01\x00\x05wrong")
        strange.recv(100)
    log = (stack.home / "nginx.log").read_text()
    assert " 502: " in log
    assert visitor not in log
    assert "aldrig-sedd" not in log
