"""Security: headers, access to the admin, and refused requests."""

import datetime as dt
import http.client
import re
from ipaddress import ip_network

import pytest
from allauth.core.internal import ratelimit
from django.conf import settings

from tests.factories import make_page
from tests.serving import served
from tests.site import public_addresses, text_of

FILL = """
from tests.factories import *
make_profile()
make_page("kontakt", menu_position=1)
"""
PROXY_HEADERS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7, 10.1.2.3"}


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """A function that sends a request to a running site behind a proxy and returns the response."""
    chosen = {
        "ALLOWED_HOSTS": "example.org",
        "HTTPS": "on",
        "BEHIND_PROXY": "on",
        "ADMIN_PATH": "redaktion/",
        "ADMIN_NETWORKS": "10.0.0.0/8",
    }
    with served(tmp_path_factory.mktemp("site"), FILL, **chosen) as site:

        def send_request(path, method="GET", body=None, **headers):
            connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
            headers = PROXY_HEADERS | {"Host": "example.org"} | headers
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            response.text = response.read().decode(errors="replace")
            connection.close()
            return response

        yield send_request


# --- Headers ---------------------------------------------------------------------------------------


def policy_of(response):
    """Return the content security policy of `response`, `{directive: values}`."""
    parts = [part.split() for part in response.headers["Content-Security-Policy"].split("; ")]
    return {name: words for name, *words in parts}


def observatory_score(page, by_http):
    """Return the score that Mozilla's HTTP Observatory would give: the best grade, A+, starts at 100.

    `page` is a response over HTTPS, `by_http` over HTTP. Bonuses count only if at least 90 points are left
    after the penalties. HSTS preloading would give 5 more.
    """
    policy, headers = policy_of(page), page.headers
    scripts = re.findall(r"<script[^>]*\bsrc=[\"']?([^\"' >]+)", page.text)
    age = re.match(r"max-age=(\d+)", headers.get("Strict-Transport-Security", ""))
    unsafe = {"'unsafe-inline'", "'unsafe-eval'", "data:", "http:", "https:", "*"}
    is_safe = not any(unsafe & set(words) for words in policy.values())
    penalties = [
        (25, "default-src" not in policy and "script-src" not in policy),
        (20, not is_safe),
        (20, not by_http.headers.get("Location", "").startswith("https://example.org/")),
        (20, age is None),
        (10, age is not None and int(age[1]) < 15_768_000),
        (5, headers.get("X-Content-Type-Options") != "nosniff"),
        (20, "frame-ancestors" not in policy and "X-Frame-Options" not in headers),
        (5, headers.get("Referrer-Policy", "same-origin") in {"unsafe-url", "origin"}),
        (50, "Access-Control-Allow-Credentials" in headers),
        (40, any("secure" not in cookie.lower() for cookie in headers.get_all("Set-Cookie", []))),
        (50, any(address.startswith(("http:", "//")) for address in scripts)),
    ]
    bonuses = [
        (
            10,
            is_safe and policy["default-src"] == ["'none'"] and policy["form-action"] == ["'self'"],
        ),
        (5, headers.get("Referrer-Policy") in {"no-referrer", "same-origin", "strict-origin"}),
        (5, "frame-ancestors" in policy),
        (10, headers.get("Cross-Origin-Resource-Policy") in {"same-origin", "same-site"}),
    ]
    score = 100 - sum(points for points, is_true in penalties if is_true)
    return score + sum(points for points, is_true in bonuses if is_true) if score >= 90 else score


@pytest.mark.processes
def test_the_site_gets_the_observatorys_best_grade(ask):
    page, by_http = ask("/"), ask("/", **{"X-Forwarded-Proto": "http"})
    assert (page.status, by_http.status) == (200, 301)
    assert observatory_score(page, by_http) == 130


@pytest.mark.processes
def test_every_kind_of_response_has_all_security_headers(ask):
    page = ask("/")
    stylesheet = re.search(r'href="(/static/[^"]+\.css)"', page.text)[1]
    kinds = {
        "page": page,
        "not modified": ask("/", **{"If-None-Match": page.headers["ETag"]}),
        "static": ask(stylesheet),
        "static, not modified": ask(stylesheet, **{"If-None-Match": "*"}),
        "missing": ask("/finns-inte/"),
        "missing static": ask("/static/finns-inte.css"),
        "redirect": ask("/om-region-blekinge"),
        "to HTTPS": ask("/", **{"X-Forwarded-Proto": "http"}),
        "staff": ask("/redaktion/konto/logga-in/"),
        "robots": ask("/robots.txt"),
        "wrong host": ask("/", Host="example.net"),
        "wrong host by HTTP": ask("/", **{"Host": "example.net", "X-Forwarded-Proto": "http"}),
        "method": ask("/", "PUT"),
        "no token": ask("/", "POST"),
        "too large": ask("/aterkoppling/", "POST", b"x" * 65_537),
    }
    assert {name: response.status for name, response in kinds.items()} == {
        "page": 200,
        "not modified": 304,
        "static": 200,
        "static, not modified": 304,
        "missing": 404,
        "missing static": 404,
        "redirect": 301,
        "to HTTPS": 301,
        "staff": 200,
        "robots": 200,
        "wrong host": 400,
        "wrong host by HTTP": 400,
        "method": 405,
        "no token": 403,
        "too large": 413,
    }
    for name, response in kinds.items():
        assert "default-src" in policy_of(response), name
        guards = {
            header: response.headers[header]
            for header in (
                "X-Content-Type-Options",
                "X-Frame-Options",
                "Referrer-Policy",
                "Cross-Origin-Opener-Policy",
                "Cross-Origin-Resource-Policy",
            )
        }
        assert list(guards.values()) == [
            "nosniff", "DENY", "same-origin", "same-origin", "same-origin"
        ], name  # fmt: skip
        passkeys = "(self)" if name == "staff" else "()"
        assert f"publickey-credentials-get={passkeys}" in response.headers["Permissions-Policy"], (
            name
        )
        assert "camera=()" in response.headers["Permissions-Policy"], name
        if "HTTP" not in name:
            hsts = "max-age=31536000; includeSubDomains; preload"
            assert response.headers["Strict-Transport-Security"] == hsts, name
        assert not re.search("Traceback|Exception|Django|File &quot;", response.text), name


def test_public_pages_run_no_scripts_and_admin_pages_only_our_own(client, content):
    for address in public_addresses("sv"):
        response = client.get(address)
        assert "script-src" not in policy_of(response)
        assert "<script" not in response.content.decode()
    policy = policy_of(client.get("/admin/konto/logga-in/"))
    assert [word for word in policy["script-src"] if not word.startswith("'nonce-")] == ["'self'"]
    assert all(word == "'self'" or word.startswith("'sha256-") for word in policy["style-src"])
    assert policy["style-src-attr"] == ["'unsafe-inline'"]


# --- The admin's address ---------------------------------------------------------------------------


@pytest.mark.processes
def test_the_admin_is_at_the_configured_address(ask):
    response = ask("/redaktion/")
    assert (response.status, response.headers["Location"]) == (
        302,
        "/redaktion/login/?next=/redaktion/",
    )
    assert ask("/admin/").status == 404
    assert "no-store" in ask("/redaktion/konto/logga-in/").headers["Cache-Control"]


@pytest.mark.processes
def test_the_admin_is_missing_from_other_networks(ask):
    nowhere = "/finns-inte-heller/"
    missing = ask(nowhere)
    for path in (
        "/redaktion",
        "/redaktion/",
        "/redaktion/konto/logga-in/",
        "/redaktion/pages/page/",
    ):
        # Visitors can forge X-Forwarded-For; only the last address comes from the proxy.
        response = ask(path, **{"X-Forwarded-For": "10.1.2.3, 203.0.113.7"})
        assert response.status == 404, path
        # The pages differ only in their own address.
        assert response.text.replace(path, "") == missing.text.replace(nowhere, ""), path
    assert ask("/forhandsgranska/x/", **{"X-Forwarded-For": "203.0.113.7"}).status == 410


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("10.255.0.1", 200),
        ("::ffff:10.0.0.1", 200),
        ("2001:db8::1", 200),
        ("11.0.0.1", 404),
        ("2001:db9::1", 404),
        ("::ffff:11.0.0.1", 404),
    ],
)
def test_admin_networks_may_be_ipv4_or_ipv6(client, db, settings, address, status):
    settings.ADMIN_NETWORKS = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]
    assert client.get("/admin/konto/logga-in/", REMOTE_ADDR=address).status_code == status


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::"),
    ],
)
def test_limits_count_each_visitor(rf, address, counted_as):
    assert ratelimit.get_ip(rf.get("/", REMOTE_ADDR=address)) == counted_as


# --- Limits and refusals ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "PUT", "DELETE", "OPTIONS", "PATCH", "X"])
def test_other_methods_are_refused_everywhere(client, content, method):
    for address in [*public_addresses("sv"), "/admin/", "/robots.txt", "/finns-inte/"]:
        response = client.generic(method, address)
        assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, POST"), address


def test_a_too_large_request_is_refused_with_an_explanation(client, db):
    response = client.post("/aterkoppling/", {"address": "/", "x": "x" * settings.MAX_PUBLIC_BODY})
    assert response.status_code == 413
    assert "Det du skickade är för stort" in text_of(response)
    response = client.post("/en/feedback/", {"address": "/", "x": "x" * settings.MAX_PUBLIC_BODY})
    assert "What you sent is too large" in text_of(response)


def test_a_form_with_thousands_of_fields_is_saved(admin_client, db):
    page = make_page("kontakt", status="draft")
    form = {"title_sv": "Ny", "slug": "kontakt"} | {f"x-{number}": "" for number in range(9000)}
    assert admin_client.post(f"/admin/pages/page/{page.pk}/change/", form).status_code == 302
    page.refresh_from_db()
    assert page.title_sv == "Ny"


# --- Files for machines ----------------------------------------------------------------------------


def test_security_txt_names_the_contact(client, db, settings):
    assert client.get("/.well-known/security.txt").status_code == 404
    settings.SECURITY_CONTACT = "https://example.org/report"
    response = client.get("/.well-known/security.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    contact, expires, *others = response.content.decode().splitlines()
    assert contact == "Contact: https://example.org/report"
    moment = dt.datetime.fromisoformat(expires.removeprefix("Expires: "))
    assert dt.timedelta(days=178) < moment - dt.datetime.now(dt.UTC) < dt.timedelta(days=181)
    assert others == [
        "Preferred-Languages: sv, en",
        "Canonical: http://testserver/.well-known/security.txt",
    ]


def test_robots_txt_allows_everything_and_does_not_mention_the_admin(client, db):
    response = client.get("/robots.txt")
    assert response.content.decode().splitlines() == [
        "User-agent: *",
        "Disallow:",
        "Sitemap: http://testserver/sitemap.xml",
    ]
