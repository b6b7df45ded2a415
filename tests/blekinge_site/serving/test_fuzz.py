"""What no browser sends, thousands of times: nothing fails, nothing hangs, nobody's page changes.

FUZZ_CASES says how many; FUZZ_SEED repeats a run that failed.
"""

import os
import random
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.serving import served

pytestmark = pytest.mark.processes

CASES = int(os.environ.get("FUZZ_CASES", 1500))
SEED = int(os.environ.get("FUZZ_SEED", 0)) or random.randrange(1, 10**9)
SECONDS = 20  # in which each answer must come, on a machine with much else to do

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
    """Return the bytes of a request that is wrong in one way or several."""
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


def answer_to(request, port, silent_seconds=0.5):
    """Return all that the site answers to `request`, after which nothing more is sent.

    Half a request gets no answer: after so long a silence, the site is told that no more will come.
    """
    said = []
    with (
        suppress(ConnectionError),  # closed before it had read all
        socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection,
    ):
        connection.sendall(request)
        connection.settimeout(silent_seconds)
        with suppress(TimeoutError):
            while part := connection.recv(65536):
                said.append(part)
        connection.settimeout(SECONDS)
        connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(65536):
            said.append(part)
    return b"".join(said)


def plain(path, port):
    """Return the status and the body that a reader gets at `path`."""
    lines = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    head, _, body = answer_to(lines.encode(), port, SECONDS).partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0], body


# What only an error page for developers would say.
SIGNS = re.compile(rb"Traceback|site-packages|DisallowedHost|\bDjango\b", re.IGNORECASE)


def test_no_request_breaks_the_site_or_changes_what_others_get(tmp_path):
    chance = random.Random(SEED)
    with served(tmp_path, FILL) as site:
        port = site.port
        before = {path: plain(path, port) for path in PAGES}
        *found, missing = (status for status, _body in before.values())
        assert {*found} == {b"HTTP/1.1 200 OK"}
        assert missing == b"HTTP/1.1 404 Not Found"
        requests = [odd_request(chance, port) for _number in range(CASES)]
        with ThreadPoolExecutor(16) as visitors:
            answers = visitors.map(lambda request: answer_to(request, port), requests)
            for number, (request, answer) in enumerate(zip(requests, answers, strict=True)):
                said = f"seed {SEED}, case {number}: {request!r}\n{answer[:300]!r}"
                # Several answers may come in one go. 501 is the word for an unknown transfer coding.
                assert not re.search(rb"HTTP/1\.\d 5(?!01)\d\d", answer), said
                assert not SIGNS.search(answer), said
                assert b"http://evil.example" not in answer, said
                assert b"\r\nX-Evil" not in answer.partition(b"\r\n\r\n")[0], said
                if number % 100 == 0:
                    path = chance.choice(PAGES)
                    assert plain(path, port) == before[path], said
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


def test_no_form_of_the_staffs_breaks(content):
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
        answer = client.post(address, sent)
        assert answer.status_code < 500, f"seed {SEED}: {address} {sent}"
