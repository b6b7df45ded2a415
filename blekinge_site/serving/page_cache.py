"""The page cache: public pages, ready to send, in front of Django.

What is stored holds as long as its stamp: the number that every change of content raises, and the next
moment at which the clock changes a page (pages.publishing.content_version). Each process has a
cache of its own and asks for the stamp twice a second, so that a change shows within a second of being saved.

A page is made for its address alone, and for the parameters of the query that its view reads: nothing
else that a visitor sends reaches Django, so nobody can change what others get. Whatever isn't the same for
everyone goes past, as if the cache were not there.
"""

import io
import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from urllib.parse import parse_qsl, urlencode

from django.utils import timezone

from blekinge_site.serving.stored_pages import Page, Shelf, is_file, may_be_kept

logger = logging.getLogger(__name__)

ASK_EVERY = 0.5  # seconds; together with the time that an answer takes, less than one
PATIENCE = 0.5  # seconds that a visitor waits for the database to tell the stamp

KEPT = "page_cache.kept"

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
    staff's pages are, `reads` the parameters that a view reads by its path (see queries.py), and `shared`
    the SharedShelf that other processes have part in, if there is one. `report_size` is called with the
    number of bytes stored whenever that changes.
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
        reads=None,
        shared=None,
        megabytes=32,
        every=ASK_EVERY,
    ):
        self.app, self.hosts, self.cookie = app, hosts, cookie
        self.past, self.proxy_header, self.shared = (staff, *PAST), proxy_header, shared
        self.reads, self.report_size = reads or {}, lambda size: None
        # Threads start with their first task: none before gunicorn has forked.
        self.watch = Watch(ask, every, ThreadPoolExecutor(1, "page-cache-watch"))
        self.finishing = ThreadPoolExecutor(1, "page-cache-finish")
        limit = megabytes * 1_000_000
        self.largest = limit // 16
        # There is no end of addresses without a page, nor of queries: these have a small shelf of their own.
        self.pages, self.endless = Shelf(limit - limit // 16), Shelf(limit // 16)
        self.fillings, self.lock = {}, threading.Lock()
        self.kept = None, {}

    def ready(self, environ):
        """Return the stored Page that answers `environ`, if that can be told without waiting, or None."""
        held = self.held_for(environ)
        if held is None or not self.watch.holds(held.stamp):
            return None
        environ["page_cache"] = "stale" if self.watch.is_failing else "hit"
        return held

    def asking(self, environ):
        """Return the Future of whether what is stored for `environ` holds, or None if nothing is stored."""
        return self.watch.look() if self.held_for(environ) else None

    def held_for(self, environ):
        """Return the stored Page that answers `environ`, if it holds, or None."""
        key = self.key(environ)
        held = self.held(key) if key else None
        return None if held and may_repeat_query(held.status, environ) else held

    def __call__(self, environ, start_response):
        key = self.key(environ)
        stamp = self.watch.stamp() if key else None
        if stamp is None:
            return self.app(environ, start_response)
        held = self.held(key)
        if held and (held.stamp == stamp or self.watch.is_failing):
            environ["page_cache"] = "stale" if self.watch.is_failing else "hit"
            return self.send(held, key, environ, start_response)
        environ["page_cache"] = "miss"
        return self.fill(key, stamp, environ, start_response)

    def key(self, environ):
        """Return all that a stored answer depends on but its stamp, or None for what goes past.

        The language is a part of the path, and the host and scheme stand on the pages.
        """
        host, path = environ.get("HTTP_HOST", "").lower(), environ["PATH_INFO"]
        if (
            environ["REQUEST_METHOD"] not in {"GET", "HEAD"}
            or environ.get("SCRIPT_NAME")
            or f"{path}/".startswith(self.past)  # without a slash it leads there
            or self.cookie in environ.get("HTTP_COOKIE", "")
            # Django takes any port; stored is only the one that we listen to, or there were no end of them.
            or host.removesuffix(f":{environ['SERVER_PORT']}") not in self.hosts
        ):
            return None
        names = self.reads.get(path)
        query = query_of(names, environ.get("QUERY_STRING", "")) if names else ""
        return self.scheme(environ), host, path, query

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
                return self.send(page, key, environ, start_response)
            return self.app(environ, start_response)
        page = None
        try:
            page, answer = self.page_or_answer(key, stamp, environ)
        finally:
            with self.lock:
                del self.fillings[key, stamp]
            mine.set_result(page)
        if page:
            return self.send(page, key, environ, start_response)
        if is_file(answer[1]):
            # Of a file, this visitor may want a part, or nothing: the app answers to what they have sent.
            close(answer[2])
            return self.app(environ, start_response)
        if may_repeat_query(answer[0], environ):
            close(answer[2])
            answer = self.answer_to_query(key, stamp, environ)
        return pass_on(answer, environ, start_response)

    def page_or_answer(self, key, stamp, environ):
        """Return the page of now, stored, and None; or None and the app's answer, which is not to be kept.

        If the database has just failed, it is the page of before, not the error.
        """
        held = self.held(key)
        if held and held.stamp == stamp:
            return held, None  # somebody else was quicker
        shared = self.shared.get(key, stamp) if self.shared else None
        if shared:
            self.put(key, shared)
            return shared, None
        status, headers, body = self.answer_of_app(key, stamp, environ)
        if may_be_kept(status, headers, self.largest):
            reads_query = key[2] in self.reads
            page = Page.of_answer(stamp, status, headers, drain(body), reads_query=reads_query)
            self.keep(key, page)
            return page, None
        if held and status.startswith("5") and self.has_failed():
            close(body)
            environ["page_cache"] = "stale"
            return held, None
        return None, (status, headers, body)

    def answer_of_app(self, key, stamp, environ):
        """Return the app's status, headers and body for `key`, whatever else the visitor has sent.

        In the dict `environ[KEPT]` the app may keep what holds as long as the page does.
        """
        scheme, host, _path, query = key
        asked = {
            name: value
            for name, value in environ.items()
            if not name.startswith(("HTTP_", "CONTENT_"))
        } | {
            "REQUEST_METHOD": "GET",
            "HTTP_HOST": host,
            "QUERY_STRING": query,
            KEPT: self.kept_under(stamp),
            "wsgi.url_scheme": scheme,
            "wsgi.input": io.BytesIO(),
        }
        said = []
        body = self.app(asked, lambda status, headers, error=None: said.append((status, headers)))
        return *said[-1], body

    def kept_under(self, stamp):
        kept_stamp, kept = self.kept
        if kept_stamp != stamp:
            kept = {}
            self.kept = stamp, kept
        return kept

    def answer_to_query(self, key, stamp, environ):
        """Return what the app answers to the whole query, which is not to be kept."""
        environ["page_cache"] = "past"
        return self.answer_of_app((*key[:3], environ["QUERY_STRING"]), stamp, environ)

    def send(self, page, key, environ, start_response):
        if may_repeat_query(page.status, environ):
            answer = self.answer_to_query(key, page.stamp, environ)
            return pass_on(answer, environ, start_response)
        status, headers, body = page.answer(environ)
        start_response(status, headers)
        return [body] if body else []

    def held(self, key):
        return self.pages.get(key) or self.endless.get(key)

    def put(self, key, page):
        shelf, other = self.pages, self.endless
        if page.is_endless:
            shelf, other = other, shelf
        other.drop(key)
        shelf.put(key, page)
        self.report_size(self.pages.size + self.endless.size)

    def keep(self, key, page):
        self.put(key, page)
        if not page.is_endless:
            self.finishing.submit(self.finish, key, page)

    def finish(self, key, page):
        """Let `page` go out as small as it gets from now on, if it is still wanted, and share it."""
        if self.pages.get(key) is page:
            page.squeeze()
            self.put(key, page)
            if self.shared:
                self.shared.put(key, page)

    def has_failed(self):
        wait([self.watch.look()], PATIENCE)
        return self.watch.is_failing


def may_repeat_query(status, environ):
    """Tell whether an answer made without the query of `environ` leads to where that may be wanted."""
    return status.startswith("3") and bool(environ.get("QUERY_STRING"))


def query_of(names, query):
    """Return of `query` the parameters with these `names`, written in one way."""
    pairs = parse_qsl(query, keep_blank_values=True, encoding="latin-1")
    wanted = sorted((pair for pair in pairs if pair[0] in names), key=lambda pair: pair[0])
    return urlencode(wanted, encoding="latin-1")


def pass_on(answer, environ, start_response):
    status, headers, body = answer
    start_response(status, headers)
    if environ["REQUEST_METHOD"] == "HEAD":
        close(body)
        return []
    return body


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
