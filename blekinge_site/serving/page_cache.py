"""The page cache: stores public pages, ready to send, in front of Django.

A stored page is valid while its stamp is current. A stamp is the number that every change of content raises,
and the next time at which a page changes by itself (pages.publishing.content_version). Each process has its
own cache and reads the stamp twice a second, so a change is visible within a second.

A page is generated from its address and the query parameters that its view reads. Nothing else in a request
reaches Django, so no visitor can change the page that others get.
"""

import asyncio
import io
import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.utils import timezone

from blekinge_site.serving.stored_pages import Shelf, StoredPage, is_file, is_storable

logger = logging.getLogger(__name__)

STAMP_INTERVAL_SECONDS = 0.5  # plus the time of the query, less than a second
STAMP_TIMEOUT_SECONDS = 0.5  # how long a visitor waits for the database to return the stamp

KEPT = "page_cache.kept"

# Different for each visitor, or served from a disk. settings.ADMIN_PATH is added to these.
UNCACHED_PATHS = ("/forhandsgranska/", "/static/", "/healthz", "/readyz")


class StampWatcher:
    """Knows the current stamp. It reads the stamp in `thread`, so no visitor hangs with the database.

    `read_stamp` queries the database and returns the stamp: a number, and the time until which it is valid.
    `interval` is in seconds.
    """

    def __init__(self, read_stamp, interval, thread):
        self.read_stamp, self.interval, self.thread = read_stamp, interval, thread
        self.last_stamp, self.is_failing = None, False
        # When the latest read began, and when the read that returned `last_stamp` did.
        self.read_began = self.last_stamp_began = float("-inf")
        self.pending, self.lock = None, threading.Lock()

    def is_current(self, stamp):
        """Return without waiting whether `stamp` is known to be current, or the database is failing.

        Under load, the next read begins early enough for its result to be ready when it is needed.
        """
        now = time.monotonic()
        if now - self.read_began >= self.interval / 2:
            self.refresh()
        if now - self.read_began >= STAMP_TIMEOUT_SECONDS and not self.pending.done():
            self._fail("it takes too long")
        is_fresh = now - self.last_stamp_began < self.interval
        is_last = self.last_stamp == stamp and stamp[1] > timezone.now()
        return self.is_failing or (is_fresh and is_last)

    def stamp(self):
        """Return the current stamp or, if the database does not answer, the last one known."""
        if time.monotonic() - self.read_began >= self.interval or not self.pending.done():
            self._refresh_and_wait()
        if not self.is_failing and self.last_stamp[1] <= timezone.now():
            self._refresh_and_wait()
        return self.last_stamp

    def _refresh_and_wait(self):
        pending = self.refresh()
        wait([pending], max(0, self.read_began + STAMP_TIMEOUT_SECONDS - time.monotonic()))
        if not pending.done():
            self._fail("it takes too long")

    def refresh(self):
        """Start to read the stamp, unless a read is in progress; return its Future."""
        with self.lock:
            if self.pending is None or self.pending.done():
                began = time.monotonic()
                self.pending = self.thread.submit(self._read, began)
                self.read_began = began
            return self.pending

    def has_failed(self):
        """Read the stamp and return whether the database is failing."""
        wait([self.refresh()], STAMP_TIMEOUT_SECONDS)
        return self.is_failing

    def _read(self, began):
        try:
            self.last_stamp = self.read_stamp()
        except Exception as error:
            self._fail(error)
            return
        self.last_stamp_began = began
        if self.is_failing:
            logger.warning("The database answers again.")
        self.is_failing = False

    def _fail(self, reason):
        if not self.is_failing:
            logger.error("The database does not answer; what is stored is served: %s", reason)
        self.is_failing = True


class PageCache:
    """A WSGI application that responds with stored pages where it can, and with `app` otherwise.

    `environ["page_cache"]` tells the log how: "hit", "miss", "stale" (the database is failing) or "past" (not
    stored). Only pages of `hosts` are stored. `proxy_header` is as SECURE_PROXY_SSL_HEADER. `query_names` are
    the parameters that views read, by path (see queries.py). `shared` is the SharedShelf of all processes, if
    any. `report_size` is called with the number of bytes stored when it changes.
    """

    def __init__(
        self,
        app,
        read_stamp,
        *,
        hosts,
        proxy_header=None,
        query_names=None,
        shared=None,
        megabytes=32,
        interval=STAMP_INTERVAL_SECONDS,
    ):
        self.app, self.hosts, self.proxy_header, self.shared = app, hosts, proxy_header, shared
        self.uncached_paths = (settings.ADMIN_PATH, *UNCACHED_PATHS)
        self.query_names, self.report_size = query_names or {}, lambda size: None
        # The threads start with their first task, so none runs before gunicorn has forked.
        self.watch = StampWatcher(read_stamp, interval, ThreadPoolExecutor(1, "page-cache-watch"))
        self.finishing = ThreadPoolExecutor(1, "page-cache-finish")
        limit = megabytes * 1_000_000
        self.max_page_bytes = limit // 16
        # Addresses without a page, and queries, are unlimited in number: they get a small shelf of their own.
        self.pages, self.endless = Shelf(limit - limit // 16), Shelf(limit // 16)
        self.fillings, self.lock = {}, threading.Lock()
        self.kept = None, {}

    async def ready(self, environ):
        """Return the StoredPage for `environ`, or None if the request needs a thread.

        This waits for the stamp in the event loop, because all threads may be hanging with the database.
        """
        page = self.stored_for(environ)
        if page and not self.watch.is_current(page.stamp):
            pending = asyncio.wrap_future(self.watch.refresh())
            await asyncio.wait([pending], timeout=STAMP_TIMEOUT_SECONDS)
            page = self.stored_for(environ)  # it may have been replaced meanwhile
            if page and not self.watch.is_current(page.stamp):
                return None
        if page:
            environ["page_cache"] = "stale" if self.watch.is_failing else "hit"
        return page

    def stored_for(self, environ):
        """Return the StoredPage for `environ`, current or not, or None."""
        key = self.key(environ)
        page = self.get(key) if key else None
        return None if page and may_repeat_query(page.status, environ) else page

    def __call__(self, environ, start_response):
        key = self.key(environ)
        stamp = self.watch.stamp() if key else None
        if stamp is None:
            return self.app(environ, start_response)
        page = self.get(key)
        if page and (page.stamp == stamp or self.watch.is_failing):
            environ["page_cache"] = "stale" if self.watch.is_failing else "hit"
            response = page.response(environ)
        else:
            environ["page_cache"] = "miss"
            response = self.fill(key, stamp, environ)
        if response is None:
            return self.app(environ, start_response)
        status, headers, body = response
        if may_repeat_query(status, environ):
            close(body)
            environ["page_cache"] = "past"
            key = (*key[:3], environ["QUERY_STRING"])
            status, headers, body = self.response_of_app(key, stamp, environ)
        start_response(status, headers)
        if environ["REQUEST_METHOD"] == "HEAD":
            close(body)
            return []
        return body

    def key(self, environ):
        """Return all that a stored page depends on except its stamp, or None to bypass the cache.

        The path includes the language; the host and the scheme appear on the pages.
        """
        host, path = environ.get("HTTP_HOST", "").lower(), environ["PATH_INFO"]
        if (
            environ["REQUEST_METHOD"] not in {"GET", "HEAD"}
            or environ.get("SCRIPT_NAME")
            # With a slash added, as a path without it redirects to these.
            or f"{path}/".startswith(self.uncached_paths)
            or settings.SESSION_COOKIE_NAME in environ.get("HTTP_COOKIE", "")
            # Django accepts any port. Only the server's own is stored, or the keys would be unlimited.
            or host.removesuffix(f":{environ['SERVER_PORT']}") not in self.hosts
        ):
            return None
        header, secure = self.proxy_header or ("", "")
        scheme = environ["wsgi.url_scheme"]
        if header in environ:
            scheme = "https" if environ[header].split(",")[0].strip() == secure else "http"
        names = self.query_names.get(path)
        query = selected_query(names, environ.get("QUERY_STRING", "")) if names else ""
        return scheme, host, path, query

    def fill(self, key, stamp, environ):
        """Return a new response, or None if the app must respond to this visitor's own request.

        Requests for a page that is being generated wait and get the same page.
        """
        own = Future()
        with self.lock:
            filling = self.fillings.setdefault((key, stamp), own)
        if filling is not own:
            page = filling.result()
            return page and page.response(environ)
        page = None
        try:
            page, response = self.generate(key, stamp, environ)
        finally:
            with self.lock:
                del self.fillings[key, stamp]
            own.set_result(page)
        if page:
            return page.response(environ)
        if is_file(response[1]):  # the visitor may want a part of it, or have it already
            close(response[2])
            return None
        return response

    def generate(self, key, stamp, environ):
        """Return the stored page and None, or None and a response of the app that is not to be stored.

        If the database has just failed, the page is the previous one.
        """
        previous = self.get(key)
        if previous and previous.stamp == stamp:
            return previous, None  # another thread has just stored it
        if self.shared and (page := self.shared.get(key, stamp)):
            self.put(key, page)
            return page, None
        status, headers, body = self.response_of_app(key, stamp, environ)
        if is_storable(status, headers, self.max_page_bytes):
            reads_query = key[2] in self.query_names
            page = StoredPage.of_response(stamp, status, headers, drain(body), reads_query)
            self.put(key, page)
            if not page.is_endless:
                self.finishing.submit(self.finish, key, page)
            return page, None
        if previous and status.startswith("5") and self.watch.has_failed():
            close(body)
            environ["page_cache"] = "stale"
            return previous, None
        return None, (status, headers, body)

    def response_of_app(self, key, stamp, environ):
        """Return the app's status, headers and body for `key`, without anything else that the visitor sent.

        The app may keep results that depend on the content only in the dict `environ[KEPT]`.
        """
        scheme, host, _path, query = key
        kept = self.kept
        if kept[0] != stamp:
            kept = self.kept = stamp, {}
        prefixes = ("HTTP_", "CONTENT_")  # of the variables that the visitor sets
        request = {name: environ[name] for name in environ if not name.startswith(prefixes)} | {
            "REQUEST_METHOD": "GET",
            "HTTP_HOST": host,
            "QUERY_STRING": query,
            KEPT: kept[1],
            "wsgi.url_scheme": scheme,
            "wsgi.input": io.BytesIO(),
        }
        starts = []
        body = self.app(request, lambda *start: starts.append(start))
        status, headers, *_exc_info = starts[-1]
        return status, headers, body

    def get(self, key):
        return self.pages.get(key) or self.endless.get(key)

    def put(self, key, page):
        shelf, other = (self.endless, self.pages) if page.is_endless else (self.pages, self.endless)
        other.drop(key)
        shelf.put(key, page)
        self.report_size(self.pages.size + self.endless.size)

    def finish(self, key, page):
        """Compress `page` as far as possible and share it, unless it has been replaced."""
        if self.pages.get(key) is page:
            page.compress_more()
            self.put(key, page)
            if self.shared:
                self.shared.put(key, page)


def may_repeat_query(status, environ):
    """Return whether this is a redirect, whose target may repeat the query of `environ`."""
    return status.startswith("3") and bool(environ.get("QUERY_STRING"))


def selected_query(names, query):
    """Return the parameters of `query` with these `names`, in a normal form."""
    pairs = parse_qsl(query, keep_blank_values=True, encoding="latin-1")
    selected = sorted((pair for pair in pairs if pair[0] in names), key=lambda pair: pair[0])
    return urlencode(selected, encoding="latin-1")


def close(body):
    """Close the body of a WSGI response."""
    if hasattr(body, "close"):
        body.close()


def drain(body):
    """Return all of `body`, and close it."""
    try:
        return b"".join(body)
    finally:
        close(body)
