"""Thousands of malformed requests: no error, no hang, and no change to other visitors' pages.

FUZZ_CASES sets the number of requests; outside CI, a third of them are made. FUZZ_SEED repeats a failed run.
"""

import os
import random
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from tests.serving import served

pytestmark = pytest.mark.processes

CASES = int(os.environ.get("FUZZ_CASES", 1500 if settings.IN_CI else 500))
SEED = int(os.environ.get("FUZZ_SEED", 0)) or random.randrange(1, 10**9)
RESPONSE_SECONDS = 20  # the time limit for each response, for a busy machine

FILL = """
from tests.factories import *
make_profile()
make_page("kontakt", menu_position=1)
plan = make_plan()
make_goal(make_perspective(plan))
make_budget(plan, 2019, [("item", "1.0"), ("result", "1.0")])
"""
PAGES = ["/", "/en/", "/kontakt/", "/regionplan/", "/regionplan/2019-2021/budget-2019/", "/nej/"]
PATHS = [
    *PAGES, "/om-region-blekinge", "/regionplan/2019-2021/", "/regionplan/2019-2021.pdf",
    "/regionplan/2019-2021/perspektiv-1/", "/regionplan/9999-0000/dokument/1/", "/robots.txt",
    "/regionplan/2019-2021/dokument/99999999999999999999/", "/aterkoppling/", "/aterkoppling/tack/",
    "/forhandsgranska/x/", "/admin/", "/admin/konto/logga-in/", "/static/css/base.css",
    "/.well-known/security.txt",
]  # fmt: skip
METHODS = [
    "GET",
    "GET",
    "GET",
    "GET",
    "HEAD",
    "POST",
    "POST",
    "PUT",
    "TRACE",
    "OPTIONS",
    "PROPFIND",
    "CONNECT",
    "get",
    "G\x00T",
    "X",
]
ODD = [
    "%00", "%", "%zz", "%2e%2e%2f", "../", "..%5c", "//", "\\", "%c0%ae", "%ff", "%u0041", "å", "\0",
    "\x7f", "%0d%0aX-Evil:%201", "?", "#", ";a=b", "%F0%9F%98%80", "*", "'\"<script>", " ", "%20",
    "{{7*7}}", "a" * 300, "a/" * 200, "9" * 400, "?svar=%00", "?next=//evil.example", "?" + "a&" * 900,
]  # fmt: skip
HEADERS = [
    "Host: evil.example", "Host: ", "Host: 127.0.0.1:99999", "Host: a b", "Host: [::1", "Host: \xff",
    "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https", "X-Forwarded-For: x",
    "X-Original-URL: /admin/", "X-HTTP-Method-Override: PUT", "Forwarded: host=evil.example",
    "Accept-Encoding: br;q=x, gzip;q=9, *;q=0", "Accept-Encoding: " + "a," * 800, "Accept: \0",
    "Accept-Language: en,'", "If-None-Match: *", 'If-None-Match: W/"x", "', "Range: bytes=9-1,-1",
    "If-Modified-Since: never", "Cookie: sessionid=\xff; csrftoken='", "Cookie: =;;==", "Cookie: sv",
    "Transfer-Encoding: chunked", "Transfer-Encoding: identity, chunked", "Transfer-Encoding: x",
    "Content-Length: -1", "Content-Length: 5", "Content-Length: 9999999999999", "Content-Length: 1_0",
    "Content-Length: 0\r\nContent-Length: 7", "Content-Type: multipart/form-data; boundary=",
    "Content-Type: multipart/form-data; boundary=x", "Content-Type: application/json; charset=x",
    "Content-Type: application/x-www-form-urlencoded; charset=utf-7", "Sec-Fetch-Site: x",
    "Origin: null", "Origin: http://[", "Referer: http://[", "Expect: 100-continue", "Upgrade: h2c",
    "Connection: close, te", " Folded: x", "No-Colon", ": x", "A\0: b", "X: " + "y" * 9000,
]  # fmt: skip
BODIES = [
    "", "", "address=/&helpful=ja", "address=%00&helpful=ja", "address=//evil&helpful=nej", "%=%&&=",
    "5\r\nhello\r\n0\r\n\r\n", "zz\r\n", "ffffffffffffffff\r\nx", "--x\r\n\r\n", "{}", "\0" * 500,
    '--x\r\nContent-Disposition: form-data; name="a"; filename="../../x"\r\n\r\nx\r\n--x--\r\n',
    "0\r\n\r\nGET /kontakt/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", "a=b&" * 3000,
]  # fmt: skip


def odd_request(chance, port):
    """Return the bytes of a request with one error or several."""
    path = chance.choice(PATHS)
    for _number in range(chance.choice([0, 1, 1, 2])):
        where = chance.randint(1, len(path))
        path = path[:where] + chance.choice(ODD) + path[where:]
    version = chance.choice(["HTTP/1.1"] * 8 + ["HTTP/1.0", "HTTP/9.9", "http/1.1", ""])
    lines = [
        f"{chance.choice(METHODS)} {path} {version}",
        *chance.sample(HEADERS, chance.randint(0, 4)),
    ]
    if chance.random() < 0.9:
        lines.insert(chance.randint(1, len(lines)), f"Host: 127.0.0.1:{port}")
    body = chance.choice(BODIES)
    if chance.random() < 0.5:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", body]).encode("latin-1", "replace")


def response_to(request, port, silent_seconds=0.5):
    """Send `request` and return all bytes of the response.

    An incomplete request gets no response: after `silent_seconds`, the client closes its sending side.
    """
    received = []
    with (
        suppress(ConnectionError),  # closed before it had read the whole request
        socket.create_connection(("127.0.0.1", port), timeout=RESPONSE_SECONDS) as connection,
    ):
        connection.sendall(request)
        connection.settimeout(silent_seconds)
        with suppress(TimeoutError):
            while part := connection.recv(65536):
                received.append(part)
        connection.settimeout(RESPONSE_SECONDS)
        connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(65536):
            received.append(part)
    return b"".join(received)


def plain(path, port):
    """Return the status line and the body of an ordinary request for `path`."""
    lines = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    head, _, body = response_to(lines.encode(), port, RESPONSE_SECONDS).partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0], body


# Words that only an error page for developers would have.
SIGNS = re.compile(rb"Traceback|site-packages|DisallowedHost|\bDjango\b", re.IGNORECASE)


def test_no_malformed_request_breaks_the_site_or_changes_pages_for_others(tmp_path):
    chance = random.Random(SEED)
    with served(tmp_path, FILL) as site:
        port = site.port
        before = {path: plain(path, port) for path in PAGES}
        *statuses, missing_status = (status for status, _body in before.values())
        assert {*statuses} == {b"HTTP/1.1 200 OK"}
        assert missing_status == b"HTTP/1.1 404 Not Found"
        requests = [odd_request(chance, port) for _number in range(CASES)]
        with ThreadPoolExecutor(16) as visitors:
            responses = visitors.map(lambda request: response_to(request, port), requests)
            for number, (request, response) in enumerate(zip(requests, responses, strict=True)):
                case = f"seed {SEED}, case {number}: {request!r}\n{response[:300]!r}"
                # Pipelined requests give several responses. An unknown transfer coding gives a 501.
                assert not re.search(rb"HTTP/1\.\d 5(?!01)\d\d", response), case
                assert not SIGNS.search(response), case
                assert b"http://evil.example" not in response, case
                assert b"\r\nX-Evil" not in response.partition(b"\r\n\r\n")[0], case
                if number % 100 == 0:
                    path = chance.choice(PAGES)
                    assert plain(path, port) == before[path], case
        assert {path: plain(path, port) for path in PAGES} == before, f"seed {SEED}"


VALUES = [
    "",
    "\0",
    "x" * 5000,
    "-1",
    "9" * 30,
    "å\ud7ff",
    "<script>",
    "2019-13-45",
    "None",
    "[]",
    "%",
]


def test_random_data_breaks_no_admin_form(content):
    chance = random.Random(SEED)
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("chef"))
    forms = {}
    for path in (
        "pages/page/1",
        "pages/regionprofile/1",
        "planning/regionalplan/1",
        "planning/budget/1",
    ):
        address = f"/admin/{path}/change/"
        page = client.get(address).content.decode()
        forms[address] = re.findall(r'name="([^"]+)"', page)
        forms[address.replace("1/change", "add")] = forms[address]
    for _number in range(CASES // 30):
        address, names = chance.choice(list(forms.items()))
        sent = {name: chance.choice(VALUES) for name in chance.sample(names, min(len(names), 12))}
        response = client.post(address, sent)
        assert response.status_code < 500, f"seed {SEED}: {address} {sent}"
