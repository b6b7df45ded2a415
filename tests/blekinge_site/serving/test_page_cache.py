"""The page cache: what it stores, for whom, for how long, and how it sends it."""

import gzip
import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import brotli
import pytest

from blekinge_site.serving.stored_pages import Shelf, acceptable
from tests.stand_ins import HTML, LONG, App, ask, make_cache

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
    cache = make_cache(app, query_names={"/sok/": {"q", "sida"}})
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
    cache = make_cache(app, query_names={"/sok/": {"q"}}, megabytes=1)
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
    shelf = Shelf(max_bytes=1000)
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
