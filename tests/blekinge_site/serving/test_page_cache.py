"""The page cache: which responses it stores, for which requests, and how it sends them."""

import gzip
import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import brotli
import pytest

from blekinge_site.serving.stored_pages import Shelf, acceptable
from tests.stand_ins import HTML, LONG_BODY, App, ask, make_cache

# --- Responses -------------------------------------------------------------------------------------


def test_a_page_is_rendered_once_and_sent_unchanged():
    app = App()
    cache = make_cache(app)
    first, second = ask(cache), ask(cache)
    assert len(app.requests) == 1
    assert (second.status, second.headers, second.body) == (first.status, first.headers, first.body)
    assert second.body == LONG_BODY
    assert second.headers == {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(LONG_BODY)),
        "Cache-Control": "public, max-age=0, stale-if-error=3600",
        "Vary": "Accept-Encoding",
        "X-Accel-Expires": "@1",
        "ETag": f'"{hashlib.blake2b(LONG_BODY, digest_size=16).hexdigest()}"',
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
def test_accept_encoding_decides_the_encodings(header, encodings):
    assert acceptable(header) == encodings


def test_parsing_any_header_is_fast():
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
    responses = [
        ask(cache, headers={"accept-encoding": name}) for name in ("identity", "gzip", "br")
    ]
    assert [response.headers.get("Content-Encoding") for response in responses] == [
        None,
        "gzip",
        "br",
    ]
    assert [response.headers["Content-Length"] for response in responses] == [
        str(len(response.body)) for response in responses
    ]
    bodies = [
        responses[0].body,
        gzip.decompress(responses[1].body),
        brotli.decompress(responses[2].body),
    ]
    assert bodies == [LONG_BODY] * 3
    assert len({response.headers["ETag"] for response in responses}) == 3
    assert {response.headers["Vary"] for response in responses} == {"Accept-Encoding"}


def test_brotli_is_compressed_in_the_background():
    cache = make_cache(App())
    cache.finishing = ThreadPoolExecutor(1)
    started, go_on = threading.Event(), threading.Event()
    cache.finishing.submit(lambda: started.set() or go_on.wait(10))
    started.wait(10)
    first = ask(cache, headers={"accept-encoding": "br, gzip"})
    go_on.set()
    cache.finishing.shutdown()
    second = ask(cache, headers={"accept-encoding": "br, gzip"})
    responses = (first, second)
    assert [response.headers["Content-Encoding"] for response in responses] == ["gzip", "br"]


def test_short_or_already_compressed_bodies_are_not_compressed():
    for app in (
        App(headers=[("Content-Type", "text/html"), ("Content-Length", "3")], body=b"Hej"),
        App(headers=[("Content-Type", "application/pdf"), *HTML[1:]]),
    ):
        cache = make_cache(app)
        ask(cache)
        response = ask(cache, headers={"accept-encoding": "br, gzip"})
        assert (response.body, response.headers.get("Content-Encoding")) == (app.body, None)


def test_head_gets_the_headers_of_get_without_a_body():
    app = App()
    cache = make_cache(app)
    head = ask(cache, method="HEAD")
    get = ask(cache)
    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")
    assert [request["REQUEST_METHOD"] for request in app.requests] == ["GET"]


@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}', "*", ' W/"other",{} '])
def test_a_known_etag_gets_304(known):
    cache = make_cache(App(headers=[*HTML, ("Content-Security-Policy", "default-src 'none'")]))
    ask(cache)
    for encoding in ("identity", "gzip", "br"):
        etag = ask(cache, headers={"accept-encoding": encoding}).headers["ETag"]
        headers = {"accept-encoding": encoding, "if-none-match": known.format(etag)}
        response = ask(cache, headers=headers)
        assert (response.status, response.body) == ("304 Not Modified", b"")
        assert response.headers == {
            "Cache-Control": "public, max-age=0, stale-if-error=3600",
            "Content-Security-Policy": "default-src 'none'",
            "ETag": etag,
            "Vary": "Accept-Encoding",
            "X-Accel-Expires": "@1",
        }


def test_a_known_etag_of_another_acceptable_encoding_gets_304():
    cache = make_cache(App())
    etag = ask(cache, headers={"accept-encoding": "gzip"}).headers["ETag"]
    headers = {"accept-encoding": "br, gzip", "if-none-match": etag}
    response = ask(cache, headers=headers)
    assert (response.status, response.headers["ETag"]) == ("304 Not Modified", etag)
    headers = {"accept-encoding": "br", "if-none-match": etag}
    assert ask(cache, headers=headers).status == "200 OK"


def test_an_error_page_is_never_304():
    cache = make_cache(App("404 Not Found"))
    ask(cache)
    response = ask(cache, headers={"if-none-match": "*"})
    assert (response.status, response.body) == ("404 Not Found", LONG_BODY)
    assert "ETag" not in response.headers
    assert "X-Accel-Expires" not in response.headers


def test_a_range_request_gets_the_whole_page():
    cache = make_cache(App())
    response = ask(cache, headers={"range": "bytes=0-1"})
    assert (response.status, response.body) == ("200 OK", LONG_BODY)


# --- Requests and responses that bypass the cache --------------------------------------------------


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
def test_requests_for_no_public_page_bypass_the_cache(visit):
    app = App()
    cache = make_cache(app)
    ask(cache)
    for number in (2, 3):
        response = ask(cache, **visit)
        assert len(app.requests) == number
        assert response.headers == dict(HTML)
        method = visit.get("method", "GET")
        assert app.requests[-1]["REQUEST_METHOD"] == method
    assert ask(cache).headers["Vary"] == "Accept-Encoding"
    assert len(app.requests) == 3


@pytest.mark.parametrize("cookie", ["messages=x", "analytics=1; theme=dark"])
def test_unknown_cookies_are_ignored(cookie):
    app = App()
    cache = make_cache(app)
    for _time in range(2):
        ask(cache, headers={"cookie": cookie})
    assert ["HTTP_COOKIE" in request for request in app.requests] == [False]


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
def test_responses_that_may_differ_between_visitors_are_not_stored(status, header):
    app = App(status, [*HTML, header])
    cache = make_cache(app)
    for number in (1, 2):
        response = ask(cache)
        assert (response.status, response.headers) == (status, dict([*HTML, header]))
        assert len(app.requests) == number
    assert ask(cache, method="HEAD").body == b""
    assert cache.pages.size == cache.endless.size == 0


def test_a_file_gets_the_request_headers_and_is_not_stored():
    app = App(headers=[*HTML, ("Accept-Ranges", "bytes")])
    cache = make_cache(app)
    for byte_range in ("bytes=0-0", "bytes=-1"):
        assert ask(cache, headers={"range": byte_range}).status == "200 OK"
        assert app.requests[-1]["HTTP_RANGE"] == byte_range
    assert cache.pages.size == cache.endless.size == 0


def test_responses_without_a_length_or_too_large_are_not_stored():
    for headers in (HTML[:1], [HTML[0], ("Content-Length", "70000")]):
        app = App(headers=headers)
        cache = make_cache(app, megabytes=1)
        assert [ask(cache).body, ask(cache).body] == [LONG_BODY] * 2
        assert len(app.requests) == 2


# --- Keeping visitors apart ------------------------------------------------------------------------


def test_only_the_address_reaches_a_stored_page():
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
    (request,) = app.requests
    assert [name for name in request if name.startswith(("HTTP_", "CONTENT_"))] == ["HTTP_HOST"]
    assert (request["wsgi.url_scheme"], request["wsgi.input"].read()) == ("http", b"")
    ask(cache)
    assert len(app.requests) == 1


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
    assert [(request["HTTP_HOST"], request["wsgi.url_scheme"]) for request in app.requests] == [
        ("a.se", "http"),
        ("a.se", "https"),
        ("a.se:8000", "http"),
        ("a.se:8000", "https"),
        ("b.se", "http"),
        ("b.se", "https"),
    ]


def test_host_names_are_case_insensitive():
    app = App()
    cache = make_cache(app)
    ask(cache, headers={"host": "TestServer"})
    ask(cache)
    assert [request["HTTP_HOST"] for request in app.requests] == ["testserver"]


def test_missing_addresses_evict_no_page():
    app = App()
    cache = make_cache(app, megabytes=1)
    ask(cache)
    app.status = "404 Not Found"
    for number in range(500):
        ask(cache, f"/finns-inte-{number}/")
    assert 50_000 < cache.endless.size <= 62_500
    ask(cache)
    assert len(app.requests) == 501


# --- The query -------------------------------------------------------------------------------------


def test_a_stored_page_is_sent_for_any_query():
    app = App()
    cache = make_cache(app)
    responses = [ask(cache, f"/{query}") for query in ("?fbclid=1", "", "?a=b&<script>", "?%ff")]
    assert [request["QUERY_STRING"] for request in app.requests] == [""]
    assert [(response.status, response.body) for response in responses] == [
        ("200 OK", LONG_BODY)
    ] * 4


def test_query_parameters_that_a_view_reads_are_part_of_the_key():
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
        assert ask(cache, "/sok/", QUERY_STRING=query.encode().decode("latin-1")).body == LONG_BODY
    ask(cache, "/sok/")
    assert [request["QUERY_STRING"] for request in app.requests] == [
        "q=v%C3%A5rd&sida=2",
        "q=v%E5rd",
        "q=a&q=b",
        "q=b&q=a",
        "",
    ]


def test_pages_with_queries_evict_no_page_and_are_not_kept_by_nginx():
    app = App()
    cache = make_cache(app, query_names={"/sok/": {"q"}}, megabytes=1)
    ask(cache)
    for number in range(200):
        assert "X-Accel-Expires" not in ask(cache, f"/sok/?q={number}").headers
    assert "X-Accel-Expires" not in ask(cache, "/sok/").headers
    assert 50_000 < cache.endless.size <= 62_500
    ask(cache)
    assert len(app.requests) == 202


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found"])
def test_redirects_keep_the_query(status):
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
        response = ask(cache, path)
        assert (response.status, response.headers["Location"]) == (status, place)


# --- Memory ----------------------------------------------------------------------------------------


class Sized:
    def __init__(self, size):
        self.size = size


def test_the_least_recently_used_page_is_evicted_first():
    shelf = Shelf(max_bytes=1000)
    for key in "abc":
        shelf.put(key, Sized(299))
    shelf.get("a")
    shelf.put("d", Sized(299))
    assert [shelf.get(key) is not None for key in "abcd"] == [True, False, True, True]
    shelf.put("d", Sized(599))  # a larger version of the page
    assert [shelf.get(key) is not None for key in "abcd"] == [False, False, True, True]
    shelf.drop("d")
    assert shelf.size == 300


def test_every_change_in_stored_bytes_is_reported():
    app, sizes = App(), []
    cache = make_cache(app)
    cache.report_size = sizes.append
    ask(cache)
    app.status = "404 Not Found"
    ask(cache, "/finns-inte/")
    packed = len(brotli.compress(LONG_BODY)) + len(gzip.compress(LONG_BODY, 6))
    page = 1000 + len(LONG_BODY) + len(str(("http", "testserver", "/", "")))
    missing = page + len("finns-inte/") + len(gzip.compress(LONG_BODY, 6))
    assert sizes == [
        page + len(gzip.compress(LONG_BODY, 6)),
        page + packed,
        page + packed + missing,
    ]
