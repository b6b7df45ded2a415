"""The page cache: public pages, ready to send, in front of Django.

What is stored holds as long as its stamp: the number that every change of content raises, and the next
moment at which the clock changes a page (pages.content_version). Each process has a cache of its own and
asks for the stamp twice a second, so that a change shows within a second of being saved.

A page is made for its address alone: nothing else that a visitor sends reaches Django, so nobody can
change what others get. Whatever isn't the same for everyone goes past, as if the cache were not there.
"""

import gzip
import hashlib
import io
import logging
import re
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import lru_cache

import brotli
from django.utils import timezone

logger = logging.getLogger(__name__)

ASK_EVERY = 0.5  # seconds; together with the time that an answer takes, less than one
PATIENCE = 0.5  # seconds that a visitor waits for the database to tell the stamp

# Never the same for everyone, or served from a disk; nor are the staff's pages, wherever they are.
PAST = ("/forhandsgranska/", "/static/")
ENCODINGS = ("br", "gzip", "identity")  # the smallest first

# A visitor's browser, and a CDN, may keep a page but ask each time whether it still holds: what staff
# save is to show at once. Only where the site can't be reached at all may they show what they have.
CACHE_CONTROL = "public, max-age=0, stale-if-error=3600"

# Of a 304, the browser has these already.
ABOUT_THE_BODY = {"content-type", "content-language", "content-disposition"}


@lru_cache(maxsize=256)
def acceptable(accept_encoding):
    """Return the encodings that header `Accept-Encoding` allows, a tuple, the best first.

    The page as it is comes last, even where the header refuses it: better than no page.
    """
    weights = {}
    for part in accept_encoding.lower().split(","):
        name, _semicolon, weight = part.partition(";")
        found = re.fullmatch(r"\s*q\s*=\s*([01](\.\d*)?)\s*", weight)
        weights[name.strip()] = float(found[1]) if found else 1.0
    others = weights.get("*", 0)
    weights = (
        {"identity": 0.0001} | {name: weights.get(name, others) for name in ENCODINGS[:2]} | weights
    )
    wanted = sorted(ENCODINGS, key=lambda name: (-weights[name], ENCODINGS.index(name)))
    return tuple(name for name in wanted if weights[name] or name == "identity")


def may_be_kept(status, headers, limit):
    """Tell whether an answer is the same for everyone, and at most `limit` bytes."""
    said = {name.lower(): value.lower() for name, value in headers}
    return (
        status[:3] in {"200", "301", "404", "410"}
        and "set-cookie" not in said
        and not re.search("no-store|no-cache|private", said.get("cache-control", ""))
        and said.get("vary", "accept-encoding") == "accept-encoding"
        and "'nonce-" not in said.get("content-security-policy", "")
        and not said.get("content-disposition", "").startswith("attachment")  # a file, on a disk
        and int(said.get("content-length", limit + 1)) <= limit
    )


class Page:
    """An answer ready to send: its bytes in each encoding, each with a strong ETag of its own."""

    def __init__(self, stamp, status, headers, body):
        self.stamp, self.status = stamp, status
        said = {name.lower(): (name, value) for name, value in headers}
        for name in ("content-length", "etag", "vary"):
            said.pop(name, None)
        said.setdefault("cache-control", ("Cache-Control", CACHE_CONTROL))
        self.headers = [*said.values(), ("Vary", "Accept-Encoding")]
        content_type = said.get("content-type", ("", ""))[1]
        # A PDF is compressed as it is, and a redirect says too little.
        self.is_long_text = len(body) > 500 and re.match(r"text/|.*[/+](json|xml)\b", content_type)
        self.bodies = {}
        self.add("identity", body)
        if self.is_long_text:
            self.add("gzip", gzip.compress(body, 6, mtime=0))

    @property
    def is_found(self):
        return self.status.startswith("200")

    @property
    def size(self):
        return 1000 + sum(len(body) for _etag, body in self.bodies.values())

    def add(self, encoding, body):
        etag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
        self.bodies = self.bodies | {encoding: (etag, body)}  # others may be reading the old one

    def squeeze(self):
        """Add the page as small as it gets, which takes about 20 ms."""
        self.add("br", brotli.compress(self.bodies["identity"][1]))

    def send(self, environ, start_response):
        bodies = self.bodies
        usable = [
            name for name in acceptable(environ.get("HTTP_ACCEPT_ENCODING", "")) if name in bodies
        ]
        known = environ.get("HTTP_IF_NONE_MATCH", "") if self.is_found else ""
        tags = re.findall('"[^"]*"', known)  # weak or strong: a reader is served by either
        for name in usable:
            if bodies[name][0] in tags or known.strip() == "*":
                headers = [one for one in self.headers if one[0].lower() not in ABOUT_THE_BODY]
                start_response("304 Not Modified", [*headers, ("ETag", bodies[name][0])])
                return []
        etag, body = bodies[usable[0]]
        headers = [*self.headers, ("Content-Length", str(len(body)))]
        if usable[0] != "identity":
            headers.append(("Content-Encoding", usable[0]))
        if self.is_found:
            headers.append(("ETag", etag))
        start_response(self.status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


class Shelf:
    """Pages by their keys, at most `limit` bytes of them: what was asked for longest ago goes first."""

    def __init__(self, limit):
        self.limit, self.size = limit, 0
        self.pages, self.lock = OrderedDict(), threading.Lock()

    def get(self, key):
        with self.lock:
            if key in self.pages:
                self.pages.move_to_end(key)
                return self.pages[key][0]

    def drop(self, key):
        with self.lock:
            self._remove(key)

    def put(self, key, page):
        with self.lock:
            self._remove(key)
            size = page.size + len(str(key))
            self.pages[key] = page, size
            self.size += size
            while self.size > self.limit:
                self._remove(next(iter(self.pages)))

    def _remove(self, key):
        _page, size = self.pages.pop(key, (None, 0))
        self.size -= size


class Watch:
    """Knows the stamp that holds. A thread of its own asks for it, so that no visitor hangs with a database.

    `ask` returns the stamp: a number and the moment until which it holds.
    """

    def __init__(self, ask, every, thread):
        self.ask, self.every, self.thread = ask, every, thread
        self.known, self.asked_at, self.is_failing = None, float("-inf"), False
        self.asking, self.lock = None, threading.Lock()

    def stamp(self):
        """Return the stamp that holds now; where the database doesn't answer, the last one known."""
        if time.monotonic() - self.asked_at >= self.every or not self.asking.done():
            self._look_and_wait()
        if not self.is_failing and self.known[1] <= timezone.now():
            self._look_and_wait()
        return self.known

    def _look_and_wait(self):
        asking = self.look()
        wait([asking], max(0, self.asked_at + PATIENCE - time.monotonic()))
        if not asking.done():
            self._fail("it takes too long")

    def look(self):
        """Ask for the stamp, unless that is under way; return the Future of it."""
        with self.lock:
            if self.asking is None or self.asking.done():
                started = time.monotonic()
                self.asking = self.thread.submit(self._ask)
                self.asked_at = started
            return self.asking

    def _ask(self):
        try:
            self.known = self.ask()
        except Exception as error:
            self._fail(error)
        else:
            if self.is_failing:
                logger.warning("The database answers again.")
            self.is_failing = False

    def _fail(self, why):
        if not self.is_failing:
            logger.error("The database does not answer; what is stored is served: %s", why)
        self.is_failing = True


class PageCache:
    """A WSGI application that answers for `app` with what it has stored, wherever it may.

    `hosts` are the names whose pages are stored, `proxy_header` the header and value by which a proxy
    says HTTPS, as in Django's setting, `cookie` the name of the cookie that leads past, and `staff` where
    the staff's pages are.
    """

    def __init__(
        self,
        app,
        ask,
        *,
        hosts,
        cookie="sessionid",
        staff="/admin/",
        proxy_header=None,
        megabytes=32,
        every=ASK_EVERY,
    ):
        self.app, self.hosts, self.cookie = app, frozenset(hosts), cookie
        self.past, self.proxy_header = (staff, *PAST), proxy_header
        # Threads start with their first task: none before gunicorn has forked.
        self.watch = Watch(ask, every, ThreadPoolExecutor(1, "page-cache-watch"))
        self.squeezing = ThreadPoolExecutor(1, "page-cache-squeeze")
        limit = megabytes * 1_000_000
        self.largest = limit // 16
        # There is no end of addresses without a page: they have a place of their own, and a small one.
        self.found, self.missing = Shelf(limit - limit // 16), Shelf(limit // 16)
        self.fillings, self.lock = {}, threading.Lock()

    def __call__(self, environ, start_response):
        key = self.key(environ)
        stamp = self.watch.stamp() if key else None
        if stamp is None:
            return self.app(environ, start_response)
        held = self.held(key)
        if held and (held.stamp == stamp or self.watch.is_failing):
            return held.send(environ, start_response)
        return self.fill(key, stamp, environ, start_response)

    def key(self, environ):
        """Return all that a stored answer depends on but its stamp, or None for what goes past.

        The language is a part of the address, and the host and scheme stand on the pages.
        """
        host = environ.get("HTTP_HOST", "")
        if (
            environ["REQUEST_METHOD"] not in {"GET", "HEAD"}
            or environ.get("QUERY_STRING")
            or environ.get("SCRIPT_NAME")
            or environ["PATH_INFO"].startswith(self.past)
            or self.cookie in environ.get("HTTP_COOKIE", "")
            # Django takes any port; stored is only the one that we listen to, or there were no end of them.
            or host.removesuffix(f":{environ['SERVER_PORT']}") not in self.hosts
        ):
            return None
        return self.scheme(environ), host, environ["PATH_INFO"]

    def scheme(self, environ):
        name, secure = self.proxy_header or ("", "")
        if name not in environ:
            return environ["wsgi.url_scheme"]
        return "https" if environ[name].split(",")[0].strip() == secure else "http"

    def fill(self, key, stamp, environ, start_response):
        """Answer with the page made now; whoever asks for it meanwhile waits for the same one."""
        mine = Future()
        with self.lock:
            filling = self.fillings.setdefault((key, stamp), mine)
        if filling is not mine:
            page = filling.result()
            return (page.send if page else self.app)(environ, start_response)
        page = None
        try:
            page, answer = self.page_or_answer(key, stamp, environ)
        finally:
            with self.lock:
                del self.fillings[key, stamp]
            mine.set_result(page)
        if page:
            return page.send(environ, start_response)
        status, headers, body = answer
        start_response(status, headers)
        if environ["REQUEST_METHOD"] == "HEAD":
            close(body)
            return []
        return body

    def page_or_answer(self, key, stamp, environ):
        """Return the page of now, stored, and None; or None and the app's answer, which is not to be kept.

        If the database has just failed, it is the page of before, not the error.
        """
        held = self.held(key)
        if held and held.stamp == stamp:
            return held, None  # somebody else was quicker
        status, headers, body = self.answer_of_app(key, environ)
        if may_be_kept(status, headers, self.largest):
            page = Page(stamp, status, headers, drain(body))
            self.keep(key, page)
            return page, None
        if held and status.startswith("5") and self.has_failed():
            close(body)
            return held, None
        return None, (status, headers, body)

    def answer_of_app(self, key, environ):
        """Return the app's status, headers and body for `key`, whatever else the visitor has sent."""
        scheme, host, _path = key
        asked = {
            name: value
            for name, value in environ.items()
            if not name.startswith(("HTTP_", "CONTENT_"))
        } | {
            "REQUEST_METHOD": "GET",
            "HTTP_HOST": host,
            "wsgi.url_scheme": scheme,
            "wsgi.input": io.BytesIO(),
        }
        said = []
        body = self.app(asked, lambda status, headers, error=None: said.append((status, headers)))
        return *said[-1], body

    def held(self, key):
        return self.found.get(key) or self.missing.get(key)

    def keep(self, key, page):
        shelf, other = self.found, self.missing
        if not page.is_found:
            shelf, other = other, shelf
        other.drop(key)
        shelf.put(key, page)
        if page.is_found and page.is_long_text:
            self.squeezing.submit(self.squeeze, key, page)

    def squeeze(self, key, page):
        """Let `page` go out as small as it gets from now on, if it is still wanted."""
        if self.found.get(key) is page:
            page.squeeze()
            self.found.put(key, page)

    def has_failed(self):
        wait([self.watch.look()], PATIENCE)
        return self.watch.is_failing


def close(body):
    """Close `body`, which a WSGI application has answered with."""
    if hasattr(body, "close"):
        body.close()


def drain(body):
    """Return all of `body`, and close it."""
    try:
        return b"".join(body)
    finally:
        close(body)
