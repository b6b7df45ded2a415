"""The bridge from gunicorn's ASGI worker to the site's WSGI application."""

import asyncio
import gc
import json
import runpy
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings

from blekinge_site.serving import bridge
from blekinge_site.serving.page_cache import PageCache
from tests.serving import VisitorThreads, served
from tests.stand_ins import FAR_FUTURE, App, Content, ask, make_cache


def echo(environ, start_response):
    """Respond with the request's WSGI environ and body as JSON."""
    request = {name: value for name, value in environ.items() if isinstance(value, str)}
    request["body"] = environ["wsgi.input"].read().decode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(request).encode()]


def site_of(app, cache=None):
    return bridge.Bridge(app, cache, largest_body=lambda path: 100)


def run(coroutine):
    """Run `coroutine` in a new thread, because browser tests leave a running event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


async def visit(app, path, method, headers, messages, options):
    target, _mark, query = path.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "raw_path": target.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "server": ("127.0.0.1", 8000),
        "client": ("192.0.2.1", 50000),
    } | options
    coming, sent = list(messages), []

    async def receive():
        if coming:
            return coming.pop(0)
        await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent


def call_app(app, path="/", method="GET", headers=(), messages=(), **options):
    """Return the status, headers and body of the response of the ASGI application `app`."""
    head, *parts = run(visit(app, path, method, headers, messages, options))
    assert [part.get("more_body", False) for part in parts] == [True] * (len(parts) - 1) + [False]
    return head["status"], dict(head["headers"]), b"".join(part["body"] for part in parts)


def part(body, more=False):
    return {"type": "http.request", "body": body, "more_body": more}


# --- Requests --------------------------------------------------------------------------------------


def test_a_request_becomes_a_wsgi_environ():
    headers = [
        ("host", "example.org"),
        ("accept", "text/html"),
        ("accept", "*/*"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("content-type", "text/plain"),
        ("content-length", "3"),
    ]
    _status, _headers, body = call_app(
        site_of(echo), "/p%C3%A5/%ff?q=%20\xe5", "POST", headers, [part(b"a", True), part(b"bc")]
    )
    assert json.loads(body) == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/p\xc3\xa5/\xff",
        "QUERY_STRING": "q=%20\xe5",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_HOST": "example.org",
        "HTTP_ACCEPT": "text/html,*/*",
        "HTTP_COOKIE": "a=1; b=2",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "3",
        "wsgi.url_scheme": "http",
        "body": "abc",
    }


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("http://example.org/kontakt/", "/kontakt/"),
        ("http://example.org", "/"),
        ("http://[::1/", "/"),
        ("*", "*"),
        ("/a://b", "/a://b"),
        ("example.org:443", "example.org:443"),
    ],
)
def test_every_form_of_request_target_has_a_path(target, path):
    assert json.loads(call_app(site_of(echo), target)[2])["PATH_INFO"] == path


def test_a_chunked_body_gets_a_content_length():
    headers = [("transfer-encoding", "chunked")]
    messages = [part(b"a" * 10, True), part(b"b" * 10, True), part(b"")]
    request = json.loads(call_app(site_of(echo), "/", "POST", headers, messages)[2])
    assert (request["CONTENT_LENGTH"], request["body"]) == ("20", "a" * 10 + "b" * 10)
    assert "HTTP_TRANSFER_ENCODING" not in request


def test_a_body_too_large_for_memory_is_passed_on_whole(monkeypatch):
    monkeypatch.setattr(bridge, "MAX_BYTES_IN_MEMORY", 10)
    headers = [("content-length", "30")]
    request = json.loads(call_app(site_of(echo), "/", "POST", headers, [part(b"x" * 30)])[2])
    assert request["body"] == "x" * 30


# --- Refusals --------------------------------------------------------------------------------------


def test_a_body_with_too_large_a_content_length_is_not_read():
    request = json.loads(call_app(site_of(echo), "/", "POST", [("content-length", "101")])[2])
    assert (request["CONTENT_LENGTH"], request["body"]) == ("101", "")  # Django answers 413


def test_a_chunked_body_that_grows_too_large_is_refused():
    app, headers = App(), [("transfer-encoding", "chunked")]
    messages = [part(b"x" * 60, True), part(b"x" * 60, True)]
    assert call_app(site_of(app), "/", "POST", headers, messages)[0] == 413
    assert app.requests == []


@pytest.mark.parametrize("messages", [[], [part(b"x", True), {"type": "http.disconnect"}]])
def test_an_incomplete_body_never_reaches_the_site(messages, monkeypatch):
    monkeypatch.setattr(bridge, "BODY_SECONDS", 0.05)
    app = App()
    status, _headers, _body = call_app(
        site_of(app), "/", "POST", [("content-length", "5")], messages
    )
    assert status == 408
    assert app.requests == []


def test_a_web_socket_is_closed():
    scope, sent = {"type": "websocket"}, []

    async def send(message):
        sent.append(message)

    run(site_of(App())(scope, None, send))
    assert sent == [{"type": "websocket.close"}]


# --- Responses -------------------------------------------------------------------------------------


class Body:
    """A body of `count` chunks that records the thread in which it is closed."""

    def __init__(self, count):
        self.count, self.closed_in = count, []

    def __iter__(self):
        yield from [b"x"] * self.count

    def close(self):
        self.closed_in.append(threading.current_thread())


@pytest.mark.parametrize("count", [0, 1, bridge.MAX_CHUNKS, 3 * bridge.MAX_CHUNKS + 1])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_response_in_many_chunks_is_sent_whole_and_closed(count, method):
    body = Body(count)

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", str(count))])
        return body

    _status, headers, sent = call_app(site_of(app), "/", method)
    assert sent == (b"x" * count if method == "GET" else b"")
    assert headers == {b"content-length": str(count).encode()}
    [thread] = body.closed_in
    assert thread is not threading.current_thread()


def test_a_response_whose_body_raises_is_closed():
    class Broken(Body):
        def __iter__(self):
            yield from [b"x"] * self.count
            raise OSError("the disk is gone")

    body = Broken(bridge.MAX_CHUNKS)

    def app(environ, start_response):
        start_response("200 OK", [])
        return body

    site = site_of(app)
    with pytest.raises(OSError, match="the disk is gone"):
        call_app(site)
    site.threads.shutdown()
    assert len(body.closed_in) == 1


def test_the_response_is_closed_when_the_client_disconnects():
    begun, may_go_on, is_closed = threading.Event(), threading.Event(), threading.Event()
    body = Body(2 * bridge.MAX_CHUNKS)
    body.close = is_closed.set

    def app(environ, start_response):
        begun.set()
        may_go_on.wait(10)
        return body

    async def leave():
        visitor = asyncio.create_task(visit(site_of(app), "/", "GET", [], [], {}))
        await asyncio.to_thread(begun.wait, 10)
        visitor.cancel()
        await asyncio.wait([visitor])
        may_go_on.set()

    run(leave())
    assert is_closed.wait(10)


def test_garbage_collection_works_after_a_reload_too():
    """A reload reads the configuration again, but `when_ready` runs only once."""
    configuration = runpy.run_path("gunicorn.conf.py")
    assert not gc.isenabled()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        worker = SimpleNamespace(asgi=site_of(App()), sockets=[SimpleNamespace(sock=listener)])
        configuration["post_worker_init"](worker)
    assert gc.isenabled()


def test_stored_pages_are_sent_without_a_thread():
    app = App()
    cache = make_cache(app, interval=60)
    site = site_of(cache, cache)
    headers = [("host", "testserver"), ("accept-encoding", "gzip")]
    first = call_app(site, headers=headers)
    site.threads.shutdown()  # a request that needs a thread now fails
    assert call_app(site, headers=headers) == first
    assert len(app.requests) == 1
    status, head, body = call_app(site, "/", "HEAD", headers)
    assert (status, head, body) == (200, first[1], b"")
    known = [*headers, ("if-none-match", first[1][b"etag"].decode())]
    assert call_app(site, headers=known)[0] == 304
    assert dict(ask(cache, HTTP_ACCEPT_ENCODING="gzip").headers) == {
        name.decode().title().replace("Etag", "ETag"): value.decode()
        for name, value in first[1].items()
    }


def test_while_all_threads_hang_stored_pages_are_sent_and_others_refused(monkeypatch):
    app, go_on = App(), threading.Event()
    cache = PageCache(app, Content(), hosts=["testserver"], interval=0)
    ask(cache)

    def hanging(environ, start_response):
        go_on.wait(10)
        return app(environ, start_response)

    def no_answer():
        go_on.wait(10)
        return 2, FAR_FUTURE

    cache.app, cache.watch.read_stamp = hanging, no_answer
    monkeypatch.setattr(bridge, "RESPONSE_SECONDS", 0.2)
    site = bridge.Bridge(cache, cache, largest_body=lambda path: 100, threads=1)
    headers = [("host", "testserver")]
    try:
        status, _headers, body = call_app(site, "/static/past", headers=headers)
        assert (status, body.decode()) == (503, bridge.UNAVAILABLE)
        assert [call_app(site, headers=headers)[0] for _time in range(3)] == [200] * 3
        assert call_app(site, "/static/past", headers=headers)[0] == 503
    finally:
        go_on.set()
    site.threads.shutdown()
    assert len(app.requests) == 2  # no page is rendered for refused requests


# --- Under gunicorn --------------------------------------------------------------------------------


def trickle(port, stop, first, then, counted):
    """Send `first` and then a byte of `then` at a time; reconnect whenever the connection is closed."""
    while not stop.is_set():
        with socket.create_connection(("127.0.0.1", port)) as connection:
            try:
                connection.sendall(first)
                counted.append(1)
                while not stop.wait(1):
                    connection.sendall(then)
            except OSError:
                continue


@pytest.mark.processes
@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", b"x"),
        (b"POST /aterkoppling/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000\r\n\r\n", b"x"),
        pytest.param(b"G", b"", marks=pytest.mark.in_ci),
    ],
)
def test_200_slow_clients_do_not_block_visitors(tmp_path, first, then):
    stop, counted = threading.Event(), []
    with served(tmp_path) as site:
        arguments = (site.port, stop, first, then, counted)
        slow = [threading.Thread(target=trickle, args=arguments) for _number in range(200)]
        for thread in slow:
            thread.start()
        try:
            while len(counted) < 200:
                time.sleep(0.05)
            for number in range(20):
                assert site.get("/sitemap.xml", timeout=10)[0] == 200
                past = {"Cookie": f"sessionid={number}"}
                assert site.get("/sitemap.xml", timeout=10, **past)[0] == 200
        finally:
            stop.set()
            for thread in slow:
                thread.join()


DOCUMENT = """
from django.core.files.base import ContentFile
from planning.models import PlanDocument
from tests.factories import make_plan
PlanDocument.objects.create(
    plan=make_plan(), title_sv="x", position=1, file=ContentFile(bytes(20_000_000), "x.pdf")
)
"""


@pytest.mark.processes
def test_a_client_that_never_reads_is_disconnected(tmp_path):
    impatient = tmp_path / "gunicorn.conf.py"
    impatient.write_text(Path("gunicorn.conf.py").read_text() + "\nUNREAD_SECONDS = 1\n")
    with served(tmp_path, DOCUMENT, GUNICORN_CMD_ARGS=f"--config {impatient}") as site:
        path = "/regionplan/2019-2021/dokument/1/"
        with socket.create_connection(("127.0.0.1", site.port), 30) as visitor:
            visitor.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            time.sleep(5)
            came = 0  # the bytes that were already in the system's buffers
            with suppress(ConnectionResetError):
                while part := visitor.recv(1_000_000):
                    came += len(part)
            assert 0 < came < 20_000_000
        assert len(site.get(path)[2]) == 20_000_000


@pytest.mark.processes
def test_a_content_length_of_5000_digits_is_refused(tmp_path):
    head = b"POST /aterkoppling/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
    with served(tmp_path) as site:
        for digits in (19, 5000):
            with socket.create_connection(("127.0.0.1", site.port), 5) as client:
                client.sendall(head + b"9" * digits + b"\r\n\r\n")
                assert client.recv(12) == b"HTTP/1.1 400"
        assert "Traceback" not in site.log.read_text()


class ByProxy(VisitorThreads):
    """Visitors whose requests arrive as from nginx, each on a new connection."""

    def __init__(self, site):
        super().__init__(4)
        self.site = site

    def visit(self):
        self.outcomes.append(self.site.get("/robots.txt", **{"X-Forwarded-Proto": "https"})[0])


@pytest.mark.processes
def test_replacing_workers_loses_no_request(tmp_path):
    arguments = "--max-requests 100 --max-requests-jitter 50"
    with served(tmp_path, GUNICORN_CMD_ARGS=arguments, BEHIND_PROXY="on") as site:
        first = set(site.workers())
        with ByProxy(site) as visitors:
            while len(visitors.outcomes) < (2000 if settings.IN_CI else 300) or first & set(
                site.workers()
            ):
                time.sleep(0.1)
        assert set(visitors.outcomes) == {200}
