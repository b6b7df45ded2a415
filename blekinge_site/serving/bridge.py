"""The bridge from gunicorn's event loop to Django: it sends stored pages, and lets threads make the others.

A connection costs a socket here and no thread: who sends or reads slowly keeps nobody out. Django gets a
request when all of it has come.
"""

import asyncio
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import lru_cache
from io import BytesIO
from itertools import islice
from tempfile import SpooledTemporaryFile
from urllib.parse import unquote_to_bytes

from blekinge_site.serving.page_cache import PATIENCE
from blekinge_site.serving.warm_up import warm_up

THREADS = 4
LARGEST_IN_MEMORY = 1_000_000  # bytes; a larger body goes to a temporary file
BODY_SECONDS = 300  # in which a body must have come; gunicorn waits 30 for each part of it
ANSWER_SECONDS = 25  # in which an answer must begin; a proxy often waits 30
CHUNKS_AT_ONCE = 32
MAX_LENGTH_DIGITS = 18  # of a Content-Length; no body is that long
CLIENT_HAS_LEFT = 499  # what the log says, as nginx does, where no answer could be sent
NOT_NOW = """Servern kan inte svara just nu. Räkna med att inget är sparat, och försök igen om en stund.

The server cannot answer right now. Take it that nothing has been saved, and try again in a while.
"""


class TooLargeError(Exception):
    pass


class Site:
    """An ASGI application that answers from `cache`, and for all else from `app`, a WSGI application.

    `cache` is that application's PageCache, or None where nothing is stored. `largest_body` returns how many
    bytes a path takes. `access` is told of each request as it begins and ends.
    """

    def __init__(self, app, cache=None, *, largest_body, access=None, threads=THREADS):
        self.app, self.cache, self.access = app, cache, access
        self.largest_body = largest_body
        # Threads start with their first task: none before gunicorn has forked.
        self.threads = ThreadPoolExecutor(threads, "site")

    def warm_up(self, listens_at):
        """Fill the cache while visitors are served already; see warm_up.py."""

        def fill():
            with suppress(RuntimeError):  # no task is taken any more: the process is ending
                warm_up(self.cache, listens_at)

        if self.cache:
            threading.Thread(target=fill, name="warm-up", daemon=True).start()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        environ = environ_of(scope)
        if self.access is None:
            await self.answer(environ, receive, send)
            return
        started = time.perf_counter()
        status, sent = 500, 0
        self.access.begin(environ)
        try:
            status, sent = await self.answer(environ, receive, send)
        except asyncio.CancelledError:
            status = CLIENT_HAS_LEFT
            raise
        finally:
            self.access.end(environ, status, sent, time.perf_counter() - started)

    async def answer(self, environ, receive, send):
        """Answer the request of `environ`; return the status, a number, and how many bytes its body had."""
        page = await self.stored(environ) if self.cache else None
        if page:
            status, headers, body = page.answer(environ)
            await start(send, status, headers_of_stored(tuple(headers)))
            await send({"type": "http.response.body", "body": body})
            return int(status[:3]), len(body)
        length = environ.get("CONTENT_LENGTH", "")
        if length and not (length.isdecimal() and len(length) <= MAX_LENGTH_DIGITS):
            return await refuse(send, "400 Bad Request")
        try:
            async with asyncio.timeout(BODY_SECONDS):
                limit = self.largest_body(environ["PATH_INFO"])
                body = await body_of(environ, receive, limit)
        except TimeoutError:
            return await refuse(send, "408 Request Timeout")
        except TooLargeError:
            return await refuse(send, "413 Content Too Large")
        except OSError:  # the disk for temporary files is full
            return await refuse(send, "503 Service Unavailable", NOT_NOW)
        return await self.make(environ, body, send)

    async def stored(self, environ):
        """Return the stored Page that answers `environ`, or None.

        Whether it holds is waited for here: the threads may all be hanging with the database.
        """
        page = self.cache.ready(environ)
        asking = None if page else self.cache.asking(environ)
        if asking:
            await asyncio.wait([asyncio.wrap_future(asking)], timeout=PATIENCE)
            page = self.cache.ready(environ)
        return page

    async def make(self, environ, body, send):
        """Let the WSGI application answer, and send that as it comes."""
        environ["wsgi.input"] = body
        answer, sent = Answer(self.app, environ), 0
        work = self.threads.submit(answer.begin)
        try:
            try:
                beginning = asyncio.wrap_future(work)
                chunks, is_whole = await asyncio.wait_for(beginning, ANSWER_SECONDS)
            except TimeoutError:
                return await refuse(send, "503 Service Unavailable", NOT_NOW)
            await start(send, answer.status, in_bytes(answer.headers))
            while not is_whole:
                sent += len(chunks)
                await send({"type": "http.response.body", "body": chunks, "more_body": True})
                work = self.threads.submit(answer.next_chunks)
                chunks, is_whole = await asyncio.wrap_future(work)
            await send({"type": "http.response.body", "body": chunks})
            return int(answer.status[:3]), sent + len(chunks)
        finally:
            if work.cancel():  # no thread had come to it
                answer.close()
            elif not answer.is_closed:  # a thread may still be at it, though nobody waits
                work.add_done_callback(lambda _work: self.threads.submit(answer.close))


class Answer:
    """What WSGI application `app` answers to `environ`. Its methods block."""

    def __init__(self, app, environ):
        self.app, self.environ = app, environ
        self.body, self.is_closed = (), False

    def begin(self):
        """Ask the application; return what `next_chunks` does."""
        self.body = self.app(self.environ, self.start_response)
        self.chunks = iter(self.body)
        return self.next_chunks()

    def start_response(self, status, headers, exc_info=None):
        self.status, self.headers = status, headers

    def next_chunks(self):
        """Return the next bytes of the body, and whether they are its last."""
        chunks = list(islice(self.chunks, CHUNKS_AT_ONCE))
        is_whole = len(chunks) < CHUNKS_AT_ONCE
        if is_whole:
            self.close()
        return b"" if self.environ["REQUEST_METHOD"] == "HEAD" else b"".join(chunks), is_whole

    def close(self):
        if self.is_closed:
            return
        self.is_closed = True
        self.environ["wsgi.input"].close()
        if hasattr(self.body, "close"):
            self.body.close()


async def start(send, status, headers):
    await send({"type": "http.response.start", "status": int(status[:3]), "headers": headers})


def in_bytes(headers):
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


headers_of_stored = lru_cache(maxsize=512)(in_bytes)  # which are the same each time


async def refuse(send, status, why=""):
    """Answer `status`; where the request has not been read to its end, gunicorn then ends the connection."""
    body = why.encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    await start(send, status, in_bytes(headers))
    await send({"type": "http.response.body", "body": body})
    return int(status[:3]), len(body)


async def body_of(environ, receive, limit):
    """Return the request's body as a file, and set what `environ` says of its length.

    One that is said to be longer than `limit` bytes isn't read: Django answers that it is too long. Raises
    TooLargeError for one that turns out to be, and TimeoutError if no more of it comes or the visitor has
    left.
    """
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > limit or not (length or "HTTP_TRANSFER_ENCODING" in environ):
        return BytesIO()
    with ExitStack() as unless_whole:
        body = unless_whole.enter_context(SpooledTemporaryFile(LARGEST_IN_MEMORY))
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise TimeoutError
            body.write(message["body"])
            if body.tell() > limit:
                raise TooLargeError
            more = message["more_body"]
        unless_whole.pop_all()
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_LENGTH"] = str(body.tell())
    body.seek(0)
    return body


@lru_cache(maxsize=256)
def wsgi_name(header):
    """Return what WSGI calls `header`, given in bytes: `b"accept"` is `HTTP_ACCEPT`."""
    name = header.decode("latin-1").upper().replace("-", "_")
    return name if name in {"CONTENT_LENGTH", "CONTENT_TYPE"} else f"HTTP_{name}"


def environ_of(scope):
    """Return as WSGI tells it what `scope` tells of a request, but for its body."""
    server, client = scope["server"] or ("", 0), scope["client"] or ("", 0)
    target = scope["raw_path"]
    if b"://" in target and not target.startswith(b"/"):
        target = b"/" + target.partition(b"://")[2].partition(b"/")[2]  # a proxy names the host too
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
        "wsgi.input": BytesIO(),
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
