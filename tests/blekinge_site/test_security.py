"""What guards the site: headers, who gets to the staff's pages, and what is turned away."""

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
FROM_HERE = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7, 10.1.2.3"}


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """Return a function that asks a real installation, behind a proxy, and returns the answer."""
    chosen = {
        "ALLOWED_HOSTS": "example.org",
        "HTTPS": "on",
        "BEHIND_PROXY": "on",
        "ADMIN_PATH": "redaktion/",
        "ADMIN_NETWORKS": "10.0.0.0/8",
    }
    with served(tmp_path_factory.mktemp("site"), FILL, **chosen) as site:

        def answer_to(path, method="GET", body=None, **headers):
            connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
            headers = FROM_HERE | {"Host": "example.org"} | headers
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.text = answer.read().decode(errors="replace")
            connection.close()
            return answer

        yield answer_to


# --- Headers ---------------------------------------------------------------------------------------


def policy_of(answer):
    """Return the content security policy of `answer`, its words by directive."""
    parts = [part.split() for part in answer.headers["Content-Security-Policy"].split("; ")]
    return {name: words for name, *words in parts}


def observatory_score(page, by_http):
    """Return what Mozilla's HTTP Observatory would give: 100 and up is its best grade, A+.

    `page` is the answer to a visit by HTTPS, `by_http` to one without. What counts against a site comes
    first; what counts for it only where 90 are left. That browsers know a host beforehand (HSTS
    preloading) would be 5 more.
    """
    policy, headers = policy_of(page), page.headers
    scripts = re.findall(r"<script[^>]*\bsrc=[\"']?([^\"' >]+)", page.text)
    age = re.match(r"max-age=(\d+)", headers.get("Strict-Transport-Security", ""))
    unsafe = {"'unsafe-inline'", "'unsafe-eval'", "data:", "http:", "https:", "*"}
    is_safe = not any(unsafe & set(words) for words in policy.values())
    minus = [
        (25, "default-src" not in policy and "script-src" not in policy),
        (20, not is_safe),
        (20, not by_http.headers.get("Location", "").startswith("https://example.org/")),
        (20, age is None),
        (10, age is not None and int(age[1]) < 15_768_000),
        (5, headers.get("X-Content-Type-Options") != "nosniff"),
        (20, "frame-ancestors" not in policy and "X-Frame-Options" not in headers),
        (5, headers.get("Referrer-Policy", "same-origin") in {"unsafe-url", "origin"}),
        (50, "Access-Control-Allow-Credentials" in headers),
        (40, any("secure" not in one.lower() for one in headers.get_all("Set-Cookie", []))),
        (50, any(address.startswith(("http:", "//")) for address in scripts)),
    ]
    plus = [
        (
            10,
            is_safe and policy["default-src"] == ["'none'"] and policy["form-action"] == ["'self'"],
        ),
        (5, headers.get("Referrer-Policy") in {"no-referrer", "same-origin", "strict-origin"}),
        (5, "frame-ancestors" in policy),
        (10, headers.get("Cross-Origin-Resource-Policy") in {"same-origin", "same-site"}),
    ]
    score = 100 - sum(points for points, is_true in minus if is_true)
    return score + sum(points for points, is_true in plus if is_true) if score >= 90 else score


@pytest.mark.processes
def test_the_observatory_gives_its_best_grade(ask):
    page, by_http = ask("/"), ask("/", **{"X-Forwarded-Proto": "http"})
    assert (page.status, by_http.status) == (200, 301)
    assert observatory_score(page, by_http) == 130


@pytest.mark.processes
def test_every_kind_of_answer_has_every_header(ask):
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
    assert {name: answer.status for name, answer in kinds.items()} == {
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
    for name, answer in kinds.items():
        assert "default-src" in policy_of(answer), name
        said = {
            header: answer.headers[header]
            for header in (
                "X-Content-Type-Options",
                "X-Frame-Options",
                "Referrer-Policy",
                "Cross-Origin-Opener-Policy",
                "Cross-Origin-Resource-Policy",
            )
        }
        assert list(said.values()) == [
            "nosniff", "DENY", "same-origin", "same-origin", "same-origin"
        ], name  # fmt: skip
        passkeys = "(self)" if name == "staff" else "()"
        assert f"publickey-credentials-get={passkeys}" in answer.headers["Permissions-Policy"], name
        assert "camera=()" in answer.headers["Permissions-Policy"], name
        if "HTTP" not in name:
            hsts = "max-age=31536000; includeSubDomains; preload"
            assert answer.headers["Strict-Transport-Security"] == hsts, name
        assert not re.search("Traceback|Exception|Django|File &quot;", answer.text), name


def test_public_pages_run_no_script_and_staffs_pages_none_that_is_not_ours(client, content):
    for address in public_addresses("sv"):
        answer = client.get(address)
        assert "script-src" not in policy_of(answer)
        assert "<script" not in answer.content.decode()
    policy = policy_of(client.get("/admin/konto/logga-in/"))
    assert [word for word in policy["script-src"] if not word.startswith("'nonce-")] == ["'self'"]
    assert all(word == "'self'" or word.startswith("'sha256-") for word in policy["style-src"])
    assert policy["style-src-attr"] == ["'unsafe-inline'"]


# --- Where the staff's pages are -------------------------------------------------------------------


@pytest.mark.processes
def test_the_staffs_pages_are_where_the_installation_says(ask):
    answer = ask("/redaktion/")
    assert (answer.status, answer.headers["Location"]) == (
        302,
        "/redaktion/login/?next=/redaktion/",
    )
    assert ask("/admin/").status == 404
    assert "no-store" in ask("/redaktion/konto/logga-in/").headers["Cache-Control"]


@pytest.mark.processes
def test_from_elsewhere_the_staffs_pages_are_not_there(ask):
    nowhere = "/finns-inte-heller/"
    missing = ask(nowhere)
    for path in (
        "/redaktion",
        "/redaktion/",
        "/redaktion/konto/logga-in/",
        "/redaktion/pages/page/",
    ):
        # The visitor may claim any address; only the last is the proxy's word.
        answer = ask(path, **{"X-Forwarded-For": "10.1.2.3, 203.0.113.7"})
        assert answer.status == 404, path
        # Each names itself, and nothing else differs.
        assert answer.text.replace(path, "") == missing.text.replace(nowhere, ""), path
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
def test_networks_may_be_of_either_kind(client, db, settings, address, status):
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
def test_visitors_are_limited_one_by_one(rf, address, counted_as):
    assert ratelimit.get_ip(rf.get("/", REMOTE_ADDR=address)) == counted_as


# --- What is turned away ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "PUT", "DELETE", "OPTIONS", "PATCH", "X"])
def test_other_methods_are_refused_everywhere(client, content, method):
    for address in [*public_addresses("sv"), "/admin/", "/robots.txt", "/finns-inte/"]:
        answer = client.generic(method, address)
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, POST"), address


def test_what_is_too_large_is_not_read_and_the_page_says_so(client, db):
    answer = client.post("/aterkoppling/", {"address": "/", "x": "x" * settings.MAX_PUBLIC_BODY})
    assert answer.status_code == 413
    assert "Det du skickade är för stort" in text_of(answer)
    answer = client.post("/en/feedback/", {"address": "/", "x": "x" * settings.MAX_PUBLIC_BODY})
    assert "What you sent is too large" in text_of(answer)


def test_a_form_with_thousands_of_fields_is_saved(admin_client, db):
    page = make_page("kontakt", status="draft")
    form = {"title_sv": "Ny", "slug": "kontakt"} | {f"x-{number}": "" for number in range(9000)}
    assert admin_client.post(f"/admin/pages/page/{page.pk}/change/", form).status_code == 302
    page.refresh_from_db()
    assert page.title_sv == "Ny"


# --- What machines ask for -------------------------------------------------------------------------


def test_security_txt_says_whom_to_tell(client, db, settings):
    assert client.get("/.well-known/security.txt").status_code == 404
    settings.SECURITY_CONTACT = "https://example.org/report"
    answer = client.get("/.well-known/security.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    contact, expires, *others = answer.content.decode().splitlines()
    assert contact == "Contact: https://example.org/report"
    moment = dt.datetime.fromisoformat(expires.removeprefix("Expires: "))
    assert dt.timedelta(days=178) < moment - dt.datetime.now(dt.UTC) < dt.timedelta(days=181)
    assert others == [
        "Preferred-Languages: sv, en",
        "Canonical: http://testserver/.well-known/security.txt",
    ]


def test_robots_may_read_everything_and_are_not_told_of_the_staff(client, db):
    answer = client.get("/robots.txt")
    assert answer.content.decode().splitlines() == [
        "User-agent: *",
        "Disallow:",
        "Sitemap: http://testserver/sitemap.xml",
    ]
