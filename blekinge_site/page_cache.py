"""The page cache: public pages, ready to send, in front of Django.

What is stored holds as long as its stamp: the number that every change of content raises, and the next
moment at which the clock changes a page (pages.content_version). Each process has a cache of its own and
asks for the stamp twice a second, so that a change shows within a second of being saved.

A page is made for its address alone: nothing else that a visitor sends reaches Django, so nobody can
change what others get. Whatever isn't the same for everyone goes past, as if the cache were not there.
"""

import io
import logging
import re
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from urllib.parse import unquote, urlsplit

from django.utils import timezone

from blekinge_site.stored_pages import Page, Shelf, is_file, may_be_kept

logger = logging.getLogger(__name__)

ASK_EVERY = 0.5  # seconds; together with the time that an answer takes, less than one
PATIENCE = 0.5  # seconds that a visitor waits for the database to tell the stamp

# Never the same for everyone, or served from a disk; nor are the staff's pages, wherever they are.
PAST = ("/forhandsgranska/", "/static/", "/healthz", "/readyz")


class Watch:
    """Knows the stamp that holds. A thread of its own asks for it, so that no visitor hangs with a database.

    `ask` returns the stamp: a number and the moment until which it holds.
    """

    def __init__(self, ask, every, thread):
        self.ask, self.every, self.thread = ask, every, thread
        self.known, self.is_failing = None, False
        # When the last question was put, and when the one that `known` answers was.
        self.asked_at = self.known_at = float("-inf")
        self.asking, self.lock = None, threading.Lock()

    def holds(self, stamp):
        """Tell at once whether `stamp` is known to hold, or all there is while the database is down.

        It asks anew in good time, so that under load there is an answer whenever one is wanted.
        """
        now = time.monotonic()
        if now - self.asked_at >= self.every / 2:
            self.look()
        if now - self.asked_at >= PATIENCE and not self.asking.done():
            self._fail("it takes too long")
        if self.is_failing:
            return True
        is_fresh = now - self.known_at < self.every
        return is_fresh and self.known == stamp and stamp[1] > timezone.now()

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
        started = time.monotonic()
        try:
            self.known = self.ask()
        except Exception as error:
            self._fail(error)
        else:
            self.known_at = started
            if self.is_failing:
                logger.warning("The database answers again.")
            self.is_failing = False

    def _fail(self, why):
        if not self.is_failing:
            logger.error("The database does not answer; what is stored is served: %s", why)
        self.is_failing = True


class PageCache:
    """A WSGI application that answers for `app` with what it has stored, wherever it may.

    The log reads in `environ["page_cache"]` how: a hit, a miss, or stale as the database is failing.
    `hosts` are the names whose pages are stored, `proxy_header` the header and value by which a proxy
    says HTTPS, as in Django's setting, `cookie` the name of the cookie that leads past, `staff` where the
    staff's pages are, and `shared` the SharedShelf that other processes have part in, if there is one.
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
        shared=None,
        megabytes=32,
        every=ASK_EVERY,
    ):
        self.app, self.hosts, self.cookie = app, hosts, cookie
        self.past, self.proxy_header, self.shared = (staff, *PAST), proxy_header, shared
        # Threads start with their first task: none before gunicorn has forked.
        self.watch = Watch(ask, every, ThreadPoolExecutor(1, "page-cache-watch"))
        self.finishing = ThreadPoolExecutor(1, "page-cache-finish")
        limit = megabytes * 1_000_000
        self.largest = limit // 16
        # There is no end of addresses without a page: they have a place of their own, and a small one.
        self.found, self.missing = Shelf(limit - limit // 16), Shelf(limit // 16)
        self.fillings, self.lock = {}, threading.Lock()

    def ready(self, environ):
        """Return the stored Page that answers `environ`, if that can be told without waiting, or None."""
        key = self.key(environ)
        held = self.held(key) if key else None
        if held is None or not self.watch.holds(held.stamp):
            return None
        environ["page_cache"] = "stale" if self.watch.is_failing else "hit"
        return held

    def asking(self, environ):
        """Return the Future of whether what is stored for `environ` holds, or None if nothing is stored."""
        key = self.key(environ)
        return self.watch.look() if key and self.held(key) else None

    def __call__(self, environ, start_response):
        key = self.key(environ)
        stamp = self.watch.stamp() if key else None
        if stamp is None:
            return self.app(environ, start_response)
        held = self.held(key)
        if held and (held.stamp == stamp or self.watch.is_failing):
            environ["page_cache"] = "stale" if self.watch.is_failing else "hit"
            return send(held, environ, start_response)
        environ["page_cache"] = "miss"
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
            or f"{environ['PATH_INFO']}/".startswith(self.past)  # without a slash it leads there
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
            if page:
                return send(page, environ, start_response)
            return self.app(environ, start_response)
        page = None
        try:
            page, answer = self.page_or_answer(key, stamp, environ)
        finally:
            with self.lock:
                del self.fillings[key, stamp]
            mine.set_result(page)
        if page:
            return send(page, environ, start_response)
        status, headers, body = answer
        if is_file(headers):
            # Of a file, this visitor may want a part, or nothing: the app answers to what they have sent.
            close(body)
            return self.app(environ, start_response)
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
        shared = self.shared.get(key, stamp) if self.shared else None
        if shared:
            self.shelf_for(shared).put(key, shared)
            return shared, None
        status, headers, body = self.answer_of_app(key, environ)
        if may_be_kept(status, headers, self.largest):
            page = Page(stamp, status, headers, drain(body))
            self.keep(key, page)
            return page, None
        if held and status.startswith("5") and self.has_failed():
            close(body)
            environ["page_cache"] = "stale"
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

    def shelf_for(self, page):
        return self.found if page.is_found else self.missing

    def keep(self, key, page):
        shelf = self.shelf_for(page)
        other = self.missing if page.is_found else self.found
        other.drop(key)
        shelf.put(key, page)
        if page.is_found:
            self.finishing.submit(self.finish, key, page)

    def finish(self, key, page):
        """Let `page` go out as small as it gets from now on, if it is still wanted, and share it."""
        if self.found.get(key) is page:
            if page.is_long_text:
                page.squeeze()
                self.found.put(key, page)
            if self.shared:
                self.shared.put(key, page)

    def warm_up(self, listens_at):
        """Store the pages that the sitemap names, for those who come through a proxy or to `listens_at`.

        That is the address and port of a socket, or a path. Other names of the site have to wait.
        """
        scheme, host, port = "http", self.hosts[0], 80
        if self.proxy_header:
            scheme = "https"
        elif not isinstance(listens_at, str):
            address, port = listens_at[:2]
            host = f"{address if address in self.hosts else host}:{port}"
        paths = ["/sitemap.xml"]
        for path in paths:
            environ = {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": path,
                "HTTP_HOST": host,
                "SERVER_NAME": host,
                "SERVER_PORT": str(port),
                "wsgi.url_scheme": scheme,
            }
            if self.proxy_header:
                environ |= [self.proxy_header]
            said = []
            body = drain(self(environ, lambda *answer, said=said: said.append(answer)))
            if len(paths) == 1:
                addresses = re.findall(rb"<loc>([^<]*)</loc>", body)
                paths += [
                    unquote(urlsplit(address.decode()).path, "latin-1") for address in addresses
                ]

    def has_failed(self):
        wait([self.watch.look()], PATIENCE)
        return self.watch.is_failing


def send(page, environ, start_response):
    status, headers, body = page.answer(environ)
    start_response(status, headers)
    return [body] if body else []


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
