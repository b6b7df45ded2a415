"""The bridge from gunicorn's event loop to Django: it sends stored pages itself, and runs Django in threads.

A connection needs a socket but no thread, so clients that send or read slowly keep nobody out. Django gets a
request when all of its body has arrived.
"""

import asyncio
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import lru_cache
from io import BytesIO
from itertools import islice
from tempfile import SpooledTemporaryFile
from urllib.parse import unquote_to_bytes

from blekinge_site.serving.page_cache import close
from blekinge_site.serving.warm_up import warm_up

THREADS = 4
MAX_BYTES_IN_MEMORY = 1_000_000  # a larger body is stored in a temporary file
BODY_SECONDS = 300  # for the whole body to arrive; gunicorn allows 30 for each part of it
RESPONSE_SECONDS = 25  # for the response to begin; proxies often wait 30
CHUNKS_AT_ONCE = 32
MAX_LENGTH_DIGITS = 18  # of a Content-Length
CLIENT_CLOSED_REQUEST = 499  # nginx's status, for the log, where no response could be sent
UNAVAILABLE = """Servern kan inte svara just nu. Räkna med att inget är sparat, och försök igen om en stund.

The server cannot answer right now. Take it that nothing has been saved, and try again in a while.
"""


class Bridge:
    """An ASGI application that serves `app`, a WSGI application.

    `cache` is the PageCache in front of `app`, if any. `largest_body(path)` returns the size limit of a
    request's body in bytes. `request_log` is a RequestLog, or None.
    """

    def __init__(self, app, cache=None, *, largest_body, request_log=None, threads=THREADS):
        self.app, self.cache, self.request_log = app, cache, request_log
        self.largest_body = largest_body
        # The threads start with their first task, so none runs before gunicorn has forked.
        self.threads = ThreadPoolExecutor(threads, "site")

    def warm_up(self, listens_at):
        """Fill the cache in a thread of its own; see warm_up.py."""
        if self.cache:
            arguments = self.cache, listens_at
            threading.Thread(target=warm_up, args=arguments, name="warm-up", daemon=True).start()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        environ = environ_of(scope)
        if self.request_log is None:
            await self.respond(environ, receive, send)
            return
        status, sent_bytes, started = 500, 0, time.perf_counter()
        self.request_log.begin(environ)
        try:
            status, sent_bytes = await self.respond(environ, receive, send)
        except asyncio.CancelledError:
            status = CLIENT_CLOSED_REQUEST
            raise
        finally:
            self.request_log.end(environ, status, sent_bytes, time.perf_counter() - started)

    async def respond(self, environ, receive, send):
        """Respond to a request; return the status, an int, and the number of bytes in the body."""
        page = await self.cache.ready(environ) if self.cache else None
        if page:
            status, headers, [body] = page.response(environ)
            return await send_whole(send, status, encoded_once(tuple(headers)), body)
        length = environ.get("CONTENT_LENGTH", "")
        if length and not (length.isdecimal() and len(length) <= MAX_LENGTH_DIGITS):
            return await refuse(send, "400 Bad Request")
        try:
            async with asyncio.timeout(BODY_SECONDS):
                limit = self.largest_body(environ["PATH_INFO"])
                body = await receive_body(environ, receive, limit)
        except TimeoutError:
            return await refuse(send, "408 Request Timeout")
        except OSError:  # the disk for temporary files is full
            return await refuse(send, "503 Service Unavailable", UNAVAILABLE)
        if body is None:
            return await refuse(send, "413 Content Too Large")
        return await self.respond_from_app(environ, body, send)

    async def respond_from_app(self, environ, body, send):
        """Run the WSGI application in a thread and send its response as it is produced."""
        environ["wsgi.input"] = body
        response, sent_bytes = Response(self.app, environ), 0
        work = self.threads.submit(response.next_chunk)
        try:
            try:
                chunk, is_last = await asyncio.wait_for(asyncio.wrap_future(work), RESPONSE_SECONDS)
            except TimeoutError:
                return await refuse(send, "503 Service Unavailable", UNAVAILABLE)
            await start(send, response.status, encoded(response.headers))
            while not is_last:
                sent_bytes += len(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                work = self.threads.submit(response.next_chunk)
                chunk, is_last = await asyncio.wrap_future(work)
            await send({"type": "http.response.body", "body": chunk})
            return int(response.status[:3]), sent_bytes + len(chunk)
        finally:
            if work.cancel():  # no thread had started it
                response.close()
            elif not response.is_closed:  # a thread may still be working on it
                work.add_done_callback(lambda _work: self.threads.submit(response.close))


class Response:
    """The response of WSGI application `app` to `environ`. The methods block."""

    def __init__(self, app, environ):
        self.app, self.environ = app, environ
        self.body, self.parts, self.is_closed = (), None, False

    def start_response(self, status, headers, exc_info=None):
        self.status, self.headers = status, headers

    def next_chunk(self):
        """Return the next bytes of the body, and whether they are the last. The first call runs the app."""
        if self.parts is None:
            self.body = self.app(self.environ, self.start_response)
            self.parts = iter(self.body)
        parts = list(islice(self.parts, CHUNKS_AT_ONCE))
        is_last = len(parts) < CHUNKS_AT_ONCE
        if is_last:
            self.close()
        return b"" if self.environ["REQUEST_METHOD"] == "HEAD" else b"".join(parts), is_last

    def close(self):
        if not self.is_closed:
            self.is_closed = True
            self.environ["wsgi.input"].close()
            close(self.body)


async def start(send, status, headers):
    await send({"type": "http.response.start", "status": int(status[:3]), "headers": headers})


async def send_whole(send, status, headers, body):
    await start(send, status, headers)
    await send({"type": "http.response.body", "body": body})
    return int(status[:3]), len(body)


async def refuse(send, status, message=""):
    """Send an error. If the request's body has not been read, gunicorn then closes the connection."""
    body = message.encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    return await send_whole(send, status, encoded(headers), body)


def encoded(headers):
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


encoded_once = lru_cache(maxsize=512)(encoded)  # a stored page's headers are the same each time


async def receive_body(environ, receive, max_bytes):
    """Return the request's body as a file, and set its length in `environ`.

    A body whose Content-Length exceeds `max_bytes` is not read: Django responds with 413. Returns None if a
    body turns out to be larger. Raises TimeoutError if the client leaves before all of it has arrived.
    """
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > max_bytes or not (length or "HTTP_TRANSFER_ENCODING" in environ):
        return BytesIO()
    with ExitStack() as unless_complete:
        body = unless_complete.enter_context(SpooledTemporaryFile(MAX_BYTES_IN_MEMORY))
        message = {"more_body": True}
        while message["more_body"]:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise TimeoutError
            body.write(message["body"])
            if body.tell() > max_bytes:
                return None
        unless_complete.pop_all()
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_LENGTH"] = str(body.tell())
    body.seek(0)
    return body


@lru_cache(maxsize=256)
def wsgi_name(header):
    """Return the WSGI name of a header, given in bytes: `b"accept"` is `HTTP_ACCEPT`."""
    name = header.decode("latin-1").upper().replace("-", "_")
    return name if name in {"CONTENT_LENGTH", "CONTENT_TYPE"} else f"HTTP_{name}"


def environ_of(scope):
    """Return the WSGI environ for an ASGI scope, except `wsgi.input`."""
    server, client = scope["server"] or ("", 0), scope["client"] or ("", 0)
    target = scope["raw_path"]
    if b"://" in target and not target.startswith(b"/"):
        target = b"/" + target.partition(b"://")[2].partition(b"/")[2]  # the form that proxies use
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(target).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for header, value in scope["headers"]:
        name, value = wsgi_name(header), value.decode("latin-1")
        if name in environ:
            value = f"{environ[name]}{'; ' if name == 'HTTP_COOKIE' else ','}{value}"
        environ[name] = value
    return environ
