"""The page cache: what it stores, for whom, for how long, and how it sends it."""

import datetime as dt
import gzip
import hashlib
import json
import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from io import StringIO

import brotli
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory

from blekinge_site.serving.page_cache import ASK_EVERY, PageCache
from blekinge_site.serving.queries import readers
from blekinge_site.serving.stored_pages import Shelf, acceptable
from pages.models import CoreValue, Feedback, OpenForm, Page, RegionProfile, Revision
from pages.publishing import content_version
from pages.publishing.preview import link_to
from pages.publishing.versions import working_copy
from planning.models import FocusArea, RegionalPlan
from tests.factories import (
    make_budget,
    make_focus_area,
    make_goal,
    make_page,
    make_perspective,
    make_plan,
    make_profile,
)
from tests.site import public_addresses
from tests.test_admin import change
from tests.test_publishing import NOON, SECOND, clock  # noqa: F401 - a fixture

FAR = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
LONG = b"<p>Vad regionen har beslutat.</p>" * 100
HTML = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(LONG)))]


class AtOnce:
    """What stands in for a thread: whatever it is given is done before it returns."""

    def submit(self, task, *arguments):
        done = Future()
        done.set_result(task(*arguments))
        return done


class App:
    """A WSGI application that answers as it is told, and notes what it is asked."""

    def __init__(self, status="200 OK", headers=HTML, body=LONG):
        self.status, self.headers, self.body, self.asked = status, headers, body, []

    def __call__(self, environ, start_response):
        self.asked.append(environ)
        start_response(self.status, list(self.headers))
        return [self.body]


class Content:
    """A content version to be raised by hand."""

    def __init__(self):
        self.number, self.until, self.error, self.times_asked = 1, FAR, None, 0

    def __call__(self):
        self.times_asked += 1
        if self.error:
            raise self.error
        return self.number, self.until


def make_cache(app, content=None, **options):
    """Return a cache in front of `app` that asks each time and has no threads of its own."""
    options = {"hosts": ["testserver"], "every": 0} | options
    cache = PageCache(app, content or Content(), **options)
    cache.watch.thread = cache.finishing = AtOnce()
    return cache


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, dict(headers), body
        assert len(self.headers) == len(headers), "a header twice"


def ask(app, path="/", method="GET", **environ):
    """Return the Answer of WSGI application `app`; `environ` has what a visitor sends besides."""
    said = []
    environ = {"SERVER_PORT": "8000", "HTTP_HOST": "testserver"} | environ
    request = RequestFactory().generic(method, path, **environ).environ
    body = app(request, lambda status, headers, error=None: said.append((status, headers)))
    whole = b"".join(body)
    getattr(body, "close", lambda: None)()
    return Answer(*said[-1], whole)


# --- How it is sent --------------------------------------------------------------------------------


def test_a_page_is_made_once_and_sent_as_it_was():
    app = App()
    cache = make_cache(app)
    first, second = ask(cache), ask(cache)
    assert len(app.asked) == 1
    assert (second.status, second.headers, second.body) == (first.status, first.headers, first.body)
    assert second.body == LONG
    assert second.headers == {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(LONG)),
        "Cache-Control": "public, max-age=0, stale-if-error=3600",
        "Vary": "Accept-Encoding",
        "X-Accel-Expires": "@1",
        "ETag": f'"{hashlib.blake2b(LONG, digest_size=16).hexdigest()}"',
    }


@pytest.mark.parametrize(
    ("header", "encodings"),
    [
        ("", ("identity",)),
        ("gzip, deflate, br, zstd", ("br", "gzip", "identity")),
        ("gzip", ("gzip", "identity")),
        ("GZIP;Q=0.5, br;q=0.4", ("gzip", "br", "identity")),
        ("*", ("br", "gzip", "identity")),
        ("*;q=0.1, br;q=0", ("gzip", "identity")),
        ("gzip;q=0.5, identity", ("identity", "gzip")),
        ("br;q=0, gzip;q=0.000", ("identity",)),
        ("gzip, identity;q=0", ("gzip", "identity")),
        ("identity;q=0", ("identity",)),
        ("*;q=0", ("identity",)),
        ("brotli, xgzip", ("identity",)),
    ],
)
def test_the_visitor_says_which_encodings_are_acceptable(header, encodings):
    assert acceptable(header) == encodings


def test_no_header_takes_long_to_read():
    cache = make_cache(App())
    plain = ask(cache)
    started = time.perf_counter()
    for number in range(10):
        long = ask(
            cache, HTTP_ACCEPT_ENCODING=f"x{number}," * 200_000, HTTP_IF_NONE_MATCH='"' * 800_000
        )
        assert (long.status, long.headers, long.body) == (plain.status, plain.headers, plain.body)
    assert time.perf_counter() - started < 1


def test_every_encoding_has_its_length_and_an_etag_of_its_own():
    cache = make_cache(App())
    ask(cache)
    answers = [ask(cache, headers={"accept-encoding": name}) for name in ("identity", "gzip", "br")]
    assert [answer.headers.get("Content-Encoding") for answer in answers] == [None, "gzip", "br"]
    assert [answer.headers["Content-Length"] for answer in answers] == [
        str(len(answer.body)) for answer in answers
    ]
    said = [answers[0].body, gzip.decompress(answers[1].body), brotli.decompress(answers[2].body)]
    assert said == [LONG] * 3
    assert len({answer.headers["ETag"] for answer in answers}) == 3
    assert {answer.headers["Vary"] for answer in answers} == {"Accept-Encoding"}


def test_brotli_is_made_behind_the_visitors_back():
    cache = make_cache(App())
    cache.finishing = ThreadPoolExecutor(1)
    started, go_on = threading.Event(), threading.Event()
    cache.finishing.submit(lambda: started.set() or go_on.wait(10))
    started.wait(10)
    first = ask(cache, headers={"accept-encoding": "br, gzip"})
    go_on.set()
    cache.finishing.shutdown()
    second = ask(cache, headers={"accept-encoding": "br, gzip"})
    answers = (first, second)
    assert [answer.headers["Content-Encoding"] for answer in answers] == ["gzip", "br"]


def test_what_is_short_or_packed_already_is_not_compressed():
    for app in (
        App(headers=[("Content-Type", "text/html"), ("Content-Length", "3")], body=b"Hej"),
        App(headers=[("Content-Type", "application/pdf"), *HTML[1:]]),
    ):
        cache = make_cache(app)
        ask(cache)
        answer = ask(cache, headers={"accept-encoding": "br, gzip"})
        assert (answer.body, answer.headers.get("Content-Encoding")) == (app.body, None)


def test_head_is_answered_as_get_without_the_body():
    app = App()
    cache = make_cache(app)
    head = ask(cache, method="HEAD")
    get = ask(cache)
    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")
    assert [asked["REQUEST_METHOD"] for asked in app.asked] == ["GET"]


@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}', "*", ' W/"other",{} '])
def test_who_has_the_page_gets_304(known):
    cache = make_cache(App(headers=[*HTML, ("Content-Security-Policy", "default-src 'none'")]))
    ask(cache)
    for encoding in ("identity", "gzip", "br"):
        etag = ask(cache, headers={"accept-encoding": encoding}).headers["ETag"]
        headers = {"accept-encoding": encoding, "if-none-match": known.format(etag)}
        answer = ask(cache, headers=headers)
        assert (answer.status, answer.body) == ("304 Not Modified", b"")
        assert answer.headers == {
            "Cache-Control": "public, max-age=0, stale-if-error=3600",
            "Content-Security-Policy": "default-src 'none'",
            "ETag": etag,
            "Vary": "Accept-Encoding",
            "X-Accel-Expires": "@1",
        }


def test_who_has_it_in_an_encoding_that_is_still_good_gets_304_for_that():
    cache = make_cache(App())
    etag = ask(cache, headers={"accept-encoding": "gzip"}).headers["ETag"]
    headers = {"accept-encoding": "br, gzip", "if-none-match": etag}
    answer = ask(cache, headers=headers)
    assert (answer.status, answer.headers["ETag"]) == ("304 Not Modified", etag)
    headers = {"accept-encoding": "br", "if-none-match": etag}
    assert ask(cache, headers=headers).status == "200 OK"


def test_an_error_page_is_never_304():
    cache = make_cache(App("404 Not Found"))
    ask(cache)
    answer = ask(cache, headers={"if-none-match": "*"})
    assert (answer.status, answer.body) == ("404 Not Found", LONG)
    assert "ETag" not in answer.headers
    assert "X-Accel-Expires" not in answer.headers


def test_a_part_is_answered_with_the_whole():
    cache = make_cache(App())
    answer = ask(cache, headers={"range": "bytes=0-1"})
    assert (answer.status, answer.body) == ("200 OK", LONG)


# --- What goes past --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "visit",
    [
        {"method": "POST"},
        {"method": "OPTIONS"},
        {"path": "/admin/"},
        {"path": "/admin"},
        {"path": "/forhandsgranska/hemligt/"},
        {"path": "/static/css/base.css"},
        {"headers": {"cookie": "a=b; sessionid=c"}},
        {"headers": {"host": "example.org"}},
        {"headers": {"host": "testserver:8001"}},
        {"SCRIPT_NAME": "/elsewhere"},
    ],
)
def test_what_is_not_for_everyone_goes_past(visit):
    app = App()
    cache = make_cache(app)
    ask(cache)
    for number in (2, 3):
        answer = ask(cache, **visit)
        assert len(app.asked) == number
        assert answer.headers == dict(HTML)
        method = visit.get("method", "GET")
        assert app.asked[-1]["REQUEST_METHOD"] == method
    assert ask(cache).headers["Vary"] == "Accept-Encoding"
    assert len(app.asked) == 3


@pytest.mark.parametrize("cookie", ["messages=x", "analytics=1; theme=dark"])
def test_a_cookie_that_is_not_ours_is_not_looked_at(cookie):
    app = App()
    cache = make_cache(app)
    for _time in range(2):
        ask(cache, headers={"cookie": cookie})
    assert ["HTTP_COOKIE" in asked for asked in app.asked] == [False]


@pytest.mark.parametrize(
    ("status", "header"),
    [
        ("302 Found", ("Location", "/")),
        ("403 Forbidden", ("X-Test", "1")),
        ("500 Internal Server Error", ("X-Test", "1")),
        ("200 OK", ("Set-Cookie", "a=b")),
        ("200 OK", ("Cache-Control", "max-age=0, no-cache, no-store, private")),
        ("200 OK", ("Vary", "Cookie")),
        ("200 OK", ("Vary", "Accept-Encoding, Accept-Language")),
        ("200 OK", ("Content-Security-Policy", "script-src 'nonce-abc'")),
    ],
)
def test_what_may_differ_between_visitors_is_not_stored(status, header):
    app = App(status, [*HTML, header])
    cache = make_cache(app)
    for number in (1, 2):
        answer = ask(cache)
        assert (answer.status, answer.headers) == (status, dict([*HTML, header]))
        assert len(app.asked) == number
    assert ask(cache, method="HEAD").body == b""
    assert cache.pages.size == cache.endless.size == 0


def test_a_file_answers_to_what_its_visitor_has_sent_and_is_not_stored():
    app = App(headers=[*HTML, ("Accept-Ranges", "bytes")])
    cache = make_cache(app)
    for asked in ("bytes=0-0", "bytes=-1"):
        assert ask(cache, headers={"range": asked}).status == "200 OK"
        assert app.asked[-1]["HTTP_RANGE"] == asked
    assert cache.pages.size == cache.endless.size == 0


def test_what_tells_no_length_or_is_large_is_not_stored():
    for headers in (HTML[:1], [HTML[0], ("Content-Length", "70000")]):
        app = App(headers=headers)
        cache = make_cache(app, megabytes=1)
        assert [ask(cache).body, ask(cache).body] == [LONG] * 2
        assert len(app.asked) == 2


# --- What one sends and another gets ---------------------------------------------------------------


def test_nothing_but_the_address_reaches_what_is_stored():
    app = App()
    cache = make_cache(app)
    sent = {
        "accept-language": "en",
        "accept-encoding": "br",
        "cookie": "theme=<script>",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "https",
        "x-forwarded-for": "1.2.3.4",
        "x-original-url": "/admin/",
        "x-http-method-override": "POST",
        "referer": "https://evil.example/",
        "if-none-match": '"a"',
        "range": "bytes=0-1",
    }
    ask(cache, headers=sent, data=b"a=b", content_type="application/x-www-form-urlencoded")
    (asked,) = app.asked
    assert [name for name in asked if name.startswith(("HTTP_", "CONTENT_"))] == ["HTTP_HOST"]
    assert (asked["wsgi.url_scheme"], asked["wsgi.input"].read()) == ("http", b"")
    ask(cache)
    assert len(app.asked) == 1


def test_each_host_and_scheme_has_its_own_pages():
    app = App()
    hosts = ["a.se", "b.se"]
    cache = make_cache(app, hosts=hosts, proxy_header=("HTTP_X_FORWARDED_PROTO", "https"))
    sent = [
        {"host": host, "x-forwarded-proto": scheme}
        for host in ("a.se", "a.se:8000", "b.se")
        for scheme in ("http", "https", "HTTPS", "https,http")
    ]
    for headers in sent * 2:
        ask(cache, headers=headers)
    assert [(asked["HTTP_HOST"], asked["wsgi.url_scheme"]) for asked in app.asked] == [
        ("a.se", "http"),
        ("a.se", "https"),
        ("a.se:8000", "http"),
        ("a.se:8000", "https"),
        ("b.se", "http"),
        ("b.se", "https"),
    ]


def test_the_host_in_other_letters_is_the_same_host():
    app = App()
    cache = make_cache(app)
    ask(cache, headers={"host": "TestServer"})
    ask(cache)
    assert [asked["HTTP_HOST"] for asked in app.asked] == ["testserver"]


def test_addresses_without_a_page_push_no_page_out():
    app = App()
    cache = make_cache(app, megabytes=1)
    ask(cache)
    app.status = "404 Not Found"
    for number in range(500):
        ask(cache, f"/finns-inte-{number}/")
    assert 50_000 < cache.endless.size <= 62_500
    ask(cache)
    assert len(app.asked) == 501


# --- The query -------------------------------------------------------------------------------------


def test_a_page_is_sent_whatever_the_query_says():
    app = App()
    cache = make_cache(app)
    answers = [ask(cache, f"/{query}") for query in ("?fbclid=1", "", "?a=b&<script>", "?%ff")]
    assert [asked["QUERY_STRING"] for asked in app.asked] == [""]
    assert [(answer.status, answer.body) for answer in answers] == [("200 OK", LONG)] * 4


def test_what_a_view_reads_of_the_query_is_stored_each_time():
    app = App()
    cache = make_cache(app, reads={"/sok/": {"q", "sida"}})
    queries = [
        "q=v%C3%A5rd&sida=2",
        "sida=2&fbclid=1&q=vård",
        "q=v%e5rd",
        "q=a&q=b",
        "q=b&q=a",
        "x=1",
    ]
    for query in queries * 2:
        assert ask(cache, "/sok/", QUERY_STRING=query.encode().decode("latin-1")).body == LONG
    ask(cache, "/sok/")
    assert [asked["QUERY_STRING"] for asked in app.asked] == [
        "q=v%C3%A5rd&sida=2",
        "q=v%E5rd",
        "q=a&q=b",
        "q=b&q=a",
        "",
    ]


def test_queries_push_no_page_out_and_are_not_kept_by_nginx():
    app = App()
    cache = make_cache(app, reads={"/sok/": {"q"}}, megabytes=1)
    ask(cache)
    for number in range(200):
        assert "X-Accel-Expires" not in ask(cache, f"/sok/?q={number}").headers
    assert "X-Accel-Expires" not in ask(cache, "/sok/").headers
    assert 50_000 < cache.endless.size <= 62_500
    ask(cache)
    assert len(app.asked) == 202


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found"])
def test_where_the_query_may_lead_on_it_is_not_left_out(status):
    def app(environ, start_response):
        start_response(
            status, [*HTML[:1], ("Content-Length", "0"), ("Location", f"/x/?{query(environ)}")]
        )
        return []

    def query(environ):
        return environ["QUERY_STRING"]

    cache = make_cache(app)
    for path, place in [
        ("/x?a=1", "/x/?a=1"),
        ("/x", "/x/?"),
        ("/x?b=2", "/x/?b=2"),
        ("/x", "/x/?"),
    ]:
        answer = ask(cache, path)
        assert (answer.status, answer.headers["Location"]) == (status, place)


# --- Memory ----------------------------------------------------------------------------------------


class Sized:
    def __init__(self, size):
        self.size = size


def test_what_was_asked_for_longest_ago_goes_first():
    shelf = Shelf(limit=1000)
    for key in "abc":
        shelf.put(key, Sized(299))
    shelf.get("a")
    shelf.put("d", Sized(299))
    assert [shelf.get(key) is not None for key in "abcd"] == [True, False, True, True]
    shelf.put("d", Sized(599))  # a page that has grown
    assert [shelf.get(key) is not None for key in "abcd"] == [False, False, True, True]
    shelf.drop("d")
    assert shelf.size == 300


def test_every_change_of_what_is_stored_is_reported():
    app, sizes = App(), []
    cache = make_cache(app)
    cache.report_size = sizes.append
    ask(cache)
    app.status = "404 Not Found"
    ask(cache, "/finns-inte/")
    packed = len(brotli.compress(LONG)) + len(gzip.compress(LONG, 6))
    page = 1000 + len(LONG) + len(str(("http", "testserver", "/", "")))
    missing = page + len("finns-inte/") + len(gzip.compress(LONG, 6))
    assert sizes == [page + len(gzip.compress(LONG, 6)), page + packed, page + packed + missing]


# --- How long it holds -----------------------------------------------------------------------------


def test_a_new_version_is_shown():
    app, content = App(), Content()
    cache = make_cache(app, content)
    ask(cache)
    app.body, content.number = LONG.upper(), 2
    assert ask(cache).body == LONG.upper()
    assert len(app.asked) == 2


def test_the_clock_changes_pages_to_the_second(clock):  # noqa: F811
    app, content = App(), Content()
    content.until = NOON
    cache = make_cache(app, content, every=3600)
    made = []
    for moment in (NOON - SECOND, NOON - dt.timedelta(microseconds=1), NOON, NOON + SECOND):
        clock(moment)
        content.until = NOON if moment < NOON else FAR
        ask(cache)
        made.append(len(app.asked))
    assert made == [1, 1, 2, 2]
    assert content.times_asked == 2


def test_a_page_made_while_content_changes_is_not_taken_for_new():
    content = Content()

    class Changing(App):
        def __call__(self, environ, start_response):
            answer = super().__call__(environ, start_response)
            content.number += 1  # somebody saves while the page is made of what was
            return answer

    app = Changing()
    cache = make_cache(app, content)
    ask(cache)
    ask(cache)
    assert len(app.asked) == 2


def test_the_version_is_asked_for_twice_a_second():
    content = Content()
    cache = PageCache(App(), content, hosts=["testserver"])
    started = time.monotonic()
    ask(cache)
    content.number = 2
    while cache.watch.known == (1, FAR):
        ask(cache)
    assert ASK_EVERY <= time.monotonic() - started < 2 * ASK_EVERY
    assert content.times_asked == 2


def test_many_at_once_make_a_page_once():
    go_on = threading.Event()

    class Slow(App):
        def __call__(self, environ, start_response):
            go_on.wait(10)
            return super().__call__(environ, start_response)

    app = Slow()
    cache = PageCache(app, Content(), hosts=["testserver"])
    with ThreadPoolExecutor(8) as visitors:
        answers = [visitors.submit(ask, cache) for _visitor in range(8)]
        while not cache.fillings:
            time.sleep(0.01)
        go_on.set()
    assert [answer.result().body for answer in answers] == [LONG] * 8
    assert len(app.asked) == 1


def test_who_waited_for_what_cannot_be_stored_asks_for_themselves():
    go_on = threading.Event()

    class Slow(App):
        def __call__(self, environ, start_response):
            go_on.wait(10)
            return super().__call__(environ, start_response)

    app = Slow("302 Found")
    cache = PageCache(app, Content(), hosts=["testserver"])
    with ThreadPoolExecutor(3) as visitors:
        answers = [visitors.submit(ask, cache) for _visitor in range(3)]
        go_on.set()
    assert [answer.result().status for answer in answers] == ["302 Found"] * 3
    assert (len(app.asked), cache.fillings) == (3, {})


def test_an_app_that_breaks_leaves_nobody_waiting():
    def broken(environ, start_response):
        raise RuntimeError("broken")

    cache = make_cache(broken)
    for _time in range(2):
        with pytest.raises(RuntimeError):
            ask(cache)
    assert cache.fillings == {}


# --- When the database fails -----------------------------------------------------------------------


def test_what_is_stored_is_served_while_the_database_is_down(caplog):
    app, content = App(), Content()
    cache = make_cache(app, content)
    ask(cache)
    content.error = DatabaseError("down")
    answers = [ask(cache).status for _time in range(3)]
    assert answers == ["200 OK"] * 3
    assert len(app.asked) == 1
    content.error, content.number = None, 2
    ask(cache)
    assert len(app.asked) == 2
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "The database does not answer; what is stored is served: down"),
        (logging.WARNING, "The database answers again."),
    ]


def test_what_was_saved_since_shows_to_the_first_who_asks_again():
    app, content = App(), Content()
    cache = PageCache(app, content, hosts=["testserver"], every=0)
    ask(cache)
    content.error = DatabaseError("down")
    ask(cache)
    content.error, content.number = None, 2
    app.body = LONG.upper()
    assert ask(cache).body == LONG.upper()


def test_a_moment_that_passes_while_the_database_is_down_keeps_the_page(clock):  # noqa: F811
    app, content = App(), Content()
    content.until = NOON
    cache = make_cache(app, content)
    ask(cache)
    content.error = DatabaseError("down")
    clock(NOON)
    assert ask(cache).status == "200 OK"
    assert len(app.asked) == 1


def test_a_database_that_fails_between_version_and_page_keeps_the_page_too():
    content = Content()

    class Failing(App):
        def __call__(self, environ, start_response):
            if self.status.startswith("500"):
                content.error = DatabaseError("down")
            return super().__call__(environ, start_response)

    app = Failing()
    cache = make_cache(app, content)
    ask(cache)
    app.status, content.number = "500 Internal Server Error", 2
    assert [ask(cache).status for _time in range(2)] == ["200 OK"] * 2


def test_an_error_that_is_not_the_databases_is_told():
    app, content = App(), Content()
    cache = make_cache(app, content)
    ask(cache)
    app.status, content.number = "500 Internal Server Error", 2
    assert ask(cache).status == "500 Internal Server Error"
    app.status = "200 OK"
    assert ask(cache).status == "200 OK"


def test_nobody_hangs_with_a_database_that_does_not_answer():
    app, content, go_on = App(), Content(), threading.Event()
    cache = PageCache(app, content, hosts=["testserver"], every=0)
    ask(cache)

    def hanging():
        go_on.wait(10)
        return 2, FAR

    cache.watch.ask = hanging
    started = time.monotonic()
    assert [ask(cache).status for _time in range(20)] == ["200 OK"] * 20
    assert time.monotonic() - started < 2
    assert len(app.asked) == 1
    go_on.set()
    cache.watch.asking.result()
    ask(cache)
    assert len(app.asked) == 2


def test_before_the_database_has_ever_answered_everything_goes_past():
    app, content = App(), Content()
    content.error = DatabaseError("down")
    cache = make_cache(app, content)
    assert [ask(cache).headers for _time in range(2)] == [dict(HTML)] * 2
    assert len(app.asked) == 2


# --- The content version ---------------------------------------------------------------------------


@pytest.fixture
def database(db, monkeypatch):
    """The test's own connection, which a request would close for being in a transaction."""
    monkeypatch.setattr(connection, "close_if_unusable_or_obsolete", lambda: None)


def raises_it(write):
    """Tell whether function `write` raises the content version."""
    before = content_version.stamp()[0]
    write()
    return content_version.stamp()[0] > before


def test_every_way_to_write_content_raises_the_version(database, tmp_path):
    plan, profile = make_plan(), make_profile()
    goal = make_goal(make_perspective(plan))
    area = make_focus_area(goal)
    make_budget(plan, lines=[("item", "1.0"), ("result", "1.0")])
    dump = StringIO()
    call_command("dumpdata", "pages", "planning", stdout=dump)
    file = tmp_path / "dump.json"
    file.write_text(dump.getvalue())
    value = {"profile": profile, "position": 1, "name_sv": "Mod", "body_sv": "Våga."}
    writes = [
        lambda: make_page("nyhet"),
        area.save,
        lambda: FocusArea.objects.update(text_sv="Ändrad."),
        lambda: FocusArea.objects.bulk_update([area], ["text_sv"]),
        lambda: CoreValue.objects.bulk_create([CoreValue(slug="mod", **value)]),
        lambda: working_copy(plan),
        lambda: call_command("loaddata", file, verbosity=0),
        lambda: connection.cursor().execute("UPDATE planning_budgetline SET amount_msek = 2"),
        area.delete,
        lambda: Page.objects.all().delete(),
    ]
    assert [raises_it(write) for write in writes] == [True] * len(writes)


def test_what_no_page_shows_leaves_the_version_alone(database, admin_user):
    writes = [
        lambda: Feedback.objects.create(address="/", language="sv", helpful=True),
        lambda: OpenForm.objects.create(model="pages.page", object_pk=1, user=admin_user),
        lambda: Revision.objects.create(
            thing_model="pages.page", thing_pk=1, version=1, name="a", event="b", content={}
        ),
        lambda: User.objects.create_user("ny"),
    ]
    assert [raises_it(write) for write in writes] == [False] * len(writes)


def test_what_is_undone_leaves_the_version_as_it_was(database):
    def undone():
        with transaction.atomic():
            make_page("nyhet")
            transaction.set_rollback(True)

    assert not raises_it(undone)


def test_every_table_with_content_is_watched(database):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
                "WHERE tgname = 'raise_content_version'"
            )
        else:
            cursor.execute("SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'")
        watched = {table for (table,) in cursor.fetchall()}
    names = "administration corevalue dailystat page regionprofile"
    plan_names = "budget budgetline focusarea followup goal goalrating perspective plandocument"
    assert watched == {f"pages_{name}" for name in names.split()} | {
        f"planning_{name}" for name in [*plan_names.split(), "regionalplan"]
    }


def test_the_next_moment_is_the_first_that_changes_a_page(database, clock):  # noqa: F811
    clock(NOON)
    midnight = dt.datetime(2026, 11, 26, 23, 0, tzinfo=dt.UTC)  # 00.00 in Sweden
    assert content_version.stamp()[1] == midnight
    page = make_page("nyhet", publish_at=NOON + dt.timedelta(hours=5))
    assert content_version.stamp()[1] == NOON + dt.timedelta(hours=5)
    make_plan(publish_at=NOON - SECOND, unpublish_at=NOON + dt.timedelta(hours=1))
    assert content_version.stamp()[1] == NOON + dt.timedelta(hours=1)
    RegionalPlan.objects.all().delete()
    Page.objects.filter(pk=page.pk).update(publish_at=None)
    assert (
        content_version.stamp()[1] == page.published_at
    )  # from then on it replaces an earlier one
    clock(midnight)
    assert content_version.stamp()[1] == midnight + dt.timedelta(days=1)


# --- The site behind it ----------------------------------------------------------------------------


@pytest.fixture
def site(database):
    """The site behind a page cache that asks for the content version each time."""
    options = {"hosts": settings.ALLOWED_HOSTS, "reads": readers()}
    return make_cache(get_wsgi_application(), content_version.stamp, **options)


def says(site, path, words):
    return words in ask(site, path).body.decode()


def test_what_staff_save_shows(site, admin_client):
    page = make_page("nyhet", status="draft", title_en="News", responsible_en="The region")
    profile = make_profile()
    assert ask(site, "/nyhet/").status == "404 Not Found"
    assert not says(site, "/", "Ny ingress")
    change(admin_client, page, lead_sv="Något har hänt.")
    assert ask(site, "/nyhet/").status == "404 Not Found"
    admin_client.post(f"/admin/pages/page/{page.pk}/publicera/", {"publish_at": ""})
    assert says(site, "/nyhet/", "Något har hänt.")
    RegionProfile.objects.filter(pk=profile.pk).update(lead_sv="Ny ingress")
    assert says(site, "/", "Ny ingress")
    Page.objects.update(status="withdrawn")
    assert ask(site, "/nyhet/").status == "410 Gone"
    Page.objects.all().delete()
    assert ask(site, "/nyhet/").status == "404 Not Found"


def test_a_page_comes_and_goes_to_the_second(site, clock):  # noqa: F811
    until = NOON + dt.timedelta(hours=1)
    make_page("nyhet", publish_at=NOON, unpublish_at=until, menu_position=1)
    site.watch.every = 3600
    answers = []
    for moment in (NOON - SECOND, NOON, until - SECOND, until):
        clock(moment)
        answers.append((ask(site, "/nyhet/").status[:3], says(site, "/", "Nyhet")))
    assert answers == [("404", False), ("200", True), ("200", True), ("410", False)]


def test_a_year_ends_at_midnight(site, clock):  # noqa: F811
    clock(dt.datetime(2026, 12, 31, 22, 59, 59, tzinfo=dt.UTC))
    make_plan(2024, 2026)
    assert not says(site, "/regionplan/", "Gäller inte längre")
    clock(dt.datetime(2026, 12, 31, 23, 0, tzinfo=dt.UTC))
    assert says(site, "/regionplan/", "Gäller inte längre")


def test_previews_feedback_and_the_admin_are_never_stored(site, admin_client):
    make_profile()
    page = make_page("nyhet", status="draft")
    preview = link_to(page)
    assert "Nyhet" in ask(site, preview).body.decode()
    ask(site, f"{preview}en/")
    ask(site, "/admin/")
    ask(site, "/aterkoppling/")
    for form in ({"address": "/", "helpful": "ja"}, {}):
        ask(site, "/aterkoppling/", "POST", QUERY_STRING="", data=json.dumps(form))
    ask(site, "/aterkoppling/tack/?svar=x")
    cookie = f"sessionid={admin_client.cookies['sessionid'].value}"
    ask(site, "/", headers={"cookie": cookie})
    assert (len(site.pages.pages), len(site.endless.pages)) == (0, 0)


def test_every_public_kind_of_page_is_stored(site, content):
    addresses = [
        "/",
        "/en/",
        "/om-region-blekinge/",
        "/regionplan/",
        "/regionplan/2019-2021/",
        "/regionplan/2019-2021/budget-2019/",
        "/en/regional-plan/2019-2021/residents-and-society/",
        "/regionplan/2019-2021.pdf",
        "/kontakt/",
    ]
    for address in addresses:
        assert ask(site, address).status == "200 OK", address
    assert [key[2] for key in site.pages.pages] == addresses
    for address in ("/aterkoppling/tack/", "/kontakt", "/finns-inte/", "/en/kontakt/"):
        ask(site, address)
    assert [(key[2], page.status) for key, (page, _size) in site.endless.pages.items()] == [
        ("/aterkoppling/tack/", "200 OK"),
        ("/kontakt", "301 Moved Permanently"),
        ("/finns-inte/", "404 Not Found"),
        ("/en/kontakt/", "301 Moved Permanently"),
    ]


def test_views_that_read_the_query_say_so(content, rf, monkeypatch):
    declared = readers()
    assert declared == {path: {"svar"} for path in ("/aterkoppling/tack/", "/en/feedback/thanks/")}
    read = []

    class Query(dict):
        def get(self, name, default=None):
            read.append(name)
            return default

        __getitem__ = __contains__ = getlist = get

    monkeypatch.setattr("django.core.handlers.wsgi.WSGIRequest.GET", Query())
    for path in [*public_addresses("sv"), *public_addresses("en"), "/robots.txt", "/finns-inte/"]:
        read.clear()
        get_wsgi_application().get_response(rf.get(path))
        assert {*read} <= declared.get(path, set()), path


def test_a_query_is_kept_where_an_address_leads_on(site, content):
    for query in ("?a=1", "", "?b=2"):
        for path in ("/kontakt", "/aterkoppling/tack"):
            assert ask(site, f"{path}{query}").headers["Location"] == f"{path}/{query}"


def test_a_page_that_names_a_visitors_answer_is_never_stored(site, client):
    answered = client.post("/aterkoppling/", {"address": "/", "helpful": "ja"})
    for _time in range(2):
        thanks = ask(site, answered["Location"])
        assert thanks.status == "200 OK"
        assert "no-store" in thanks.headers["Cache-Control"]
        assert b"<textarea" in thanks.body
    assert (len(site.pages.pages), len(site.endless.pages)) == (0, 0)


# --- Addresses without a page ----------------------------------------------------------------------

WITHOUT = [
    "/finns-inte/",
    "/en/finns-inte/",
    "/a/b.php",
    "/en/<b>&'/",
    "/regionplan/1999-2001/",
    "/regionplan/2019-2021/finns-inte/",
    "/regionplan/2019-2021/budget-1999/",
    "/en/regional-plan/2019-2021/dokument/99/",
]


@pytest.mark.parametrize("address", WITHOUT)
def test_an_address_without_a_page_says_what_it_says_without_a_cache(
    site, client, content, address
):
    ask(site, "/nagon-annan/")
    ask(site, "/regionplan/1998-1999/")
    through, plain = ask(site, address, SERVER_PORT="80"), client.get(address)
    assert (through.status, plain.status_code) == ("404 Not Found", 404)
    assert through.body == plain.content


def test_another_address_without_a_page_costs_no_query(site, content, django_assert_num_queries):
    def without_page(word):
        for address in (f"/{word}/", f"/en/{word}/", f"/{word}/{word}.php", f"/{word}"):
            ask(site, address)
        for part in (f"{word}/", "budget-1999/", "dokument/99/"):
            ask(site, f"/regionplan/2019-2021/{part}?{word}")

    without_page("a")
    site.watch.ask = lambda stamp=site.watch.known: stamp
    with django_assert_num_queries(0):
        without_page("b")


def test_a_page_that_is_published_where_there_was_none_shows(site):
    make_profile()
    for word in ("a", "b"):
        assert ask(site, f"/{word}/").status == "404 Not Found"
    make_page("b", menu_position=1)
    assert ask(site, "/b/").status == "200 OK"
    assert says(site, "/c/", 'href="/b/"')


def test_the_site_is_served_while_its_database_is_down(site, content, monkeypatch):
    before = ask(site, "/regionplan/").body

    def down(*args, **kwargs):
        raise DatabaseError("down")

    with monkeypatch.context() as outage:
        outage.setattr("django.db.backends.utils.CursorWrapper.execute", down)
        assert ask(site, "/regionplan/").body == before
    RegionalPlan.objects.update(lead_sv="Ny ingress.")
    assert says(site, "/regionplan/", "Ny ingress.")


def test_a_swedish_page_does_not_vary_with_the_visitors_language(client, content):
    for address, language in (("/", "sv"), ("/en/", "en")):
        answer = client.get(address, headers={"accept-language": "en"})
        assert (answer["Vary"], answer["Content-Language"]) == ("Accept-Encoding", language)


def test_a_static_file_has_a_weak_etag_compressed_and_not(tmp_path):
    (tmp_path / "base.css").write_text("main { color: black }")
    headers = {}
    settings.WHITENOISE_ADD_HEADERS_FUNCTION(
        headers, str(tmp_path / "base.css"), "/static/base.css"
    )
    assert headers["ETag"].startswith('W/"')
    assert headers["ETag"].endswith('-15"')
