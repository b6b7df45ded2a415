"""The store of pages that processes share: one process renders a page, and all send it."""

import json
import os
import pickle
import subprocess
import sys
from types import SimpleNamespace

import pytest
import redis
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.db import DatabaseError

from blekinge_site.serving.shared_pages import SharedShelf, release
from blekinge_site.serving.warm_up import MAX_PAGES_WITHOUT_STORE, warm_up
from tests.serving import ROOT, redis_server
from tests.stand_ins import HTML, LONG_BODY, App, Content, ask, make_cache


@pytest.fixture
def store():
    store = LocMemCache("shared pages", {})
    yield store
    store.clear()


def process(store, app, content=None, *, of="this release"):
    return make_cache(app, content, shared=SharedShelf(store, of))


def test_a_page_rendered_by_another_process_is_sent_in_every_encoding(store):
    first, second = App(), App()
    ask(process(store, first))
    other = process(store, second)
    for encoding in ("br", "gzip", "identity"):
        mine = ask(process(store, first), HTTP_ACCEPT_ENCODING=encoding)
        theirs = ask(other, HTTP_ACCEPT_ENCODING=encoding)
        assert (theirs.status, theirs.headers, theirs.body) == (
            mine.status,
            mine.headers,
            mine.body,
        )
        assert theirs.headers.get("Content-Encoding", "identity") == encoding
    assert (len(first.requests), len(second.requests)) == (1, 0)


def test_a_new_version_is_rendered_again(store):
    app, content = App(), Content()
    ask(process(store, app, content))
    content.number = 2
    ask(process(store, app, content))
    assert len(app.requests) == 2


def test_another_release_renders_its_own_pages(store):
    app = App()
    ask(process(store, app, of="the old"))
    ask(process(store, app, of="the new"))
    assert len(app.requests) == 2


def test_missing_pages_are_not_shared(store):
    app = App(status="404 Not Found")
    ask(process(store, app))
    ask(process(store, app))
    assert len(app.requests) == 2


class LostStore:
    """A store that raises, like a Redis that is gone."""

    calls = 0

    def get(self, *arguments):
        self.calls += 1
        raise ConnectionError("connection refused")

    set = add = get


def test_a_lost_store_is_not_tried_for_a_while(caplog):
    app, lost = App(), LostStore()
    cache = process(lost, app)
    for path in ("/", "/kontakt/", "/en/"):
        assert ask(cache, path).status == "200 OK"
    assert lost.calls == 1
    assert [record.getMessage() for record in caplog.records] == [
        "The shared page store does not answer: connection refused"
    ]
    cache.shared.paused_until = 0
    ask(cache, "/sok/")
    assert lost.calls == 2


@pytest.mark.parametrize(
    ("path", "text", "is_another"),
    [
        ("templates/page.html", "<h1>", False),
        ("templates/page.html", "<p>", True),
        ("templates/new.html", "", True),
        ("requirements.txt", "django", True),
        ("notes.txt", "not of the site", False),
    ],
)
def test_the_release_depends_on_its_files(tmp_path, path, text, is_another):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/page.html").write_text("<h1>")
    settings = SimpleNamespace(SITE_NAME="Region Blekinge")
    before = release(tmp_path, settings)
    (tmp_path / path).write_text(text)
    assert (release(tmp_path, settings) != before) == is_another


@pytest.mark.parametrize(
    ("settings", "other_settings"),
    [
        ({"SITE_NAME": "A"}, {"SITE_NAME": "B"}),
        ({"DATABASES": {"default": {"NAME": "a"}}}, {"DATABASES": {"default": {"NAME": "b"}}}),
        ({}, {"A_SETTING_OF_TOMORROW": 1}),
    ],
)
def test_the_release_depends_on_its_settings(tmp_path, settings, other_settings):
    assert release(tmp_path, SimpleNamespace(**settings)) != release(
        tmp_path, SimpleNamespace(**other_settings)
    )


def test_sites_whose_settings_affect_no_page_share_pages(tmp_path):
    kinds = [{"METRICS_PORT": 9000}, {"WEB_CONCURRENCY": 4, "LOG_FORMAT": "text"}, {}]
    assert len({release(tmp_path, SimpleNamespace(**settings)) for settings in kinds}) == 1


# --- A real Redis ----------------------------------------------------------------------------------


@pytest.fixture
def redis_store():
    """The site's page store as settings.py creates it, and another client of the same Redis."""
    with redis_server() as server:
        options = settings_of(CACHE_URL=server.address)["CACHES"]["pages"]
        yield RedisCache(server.address, options), redis.Redis.from_url(server.address)


def settings_of(**environment):
    """Return the site's settings with the given environment variables."""
    code = "import json; from blekinge_site import settings; print(json.dumps({'CACHES': settings.CACHES}))"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "blekinge_site.settings"} | environment
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, check=True, capture_output=True
    )
    return json.loads(done.stdout)


class Code:
    """An object that runs a program when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_foreign_data_in_redis_is_a_miss(redis_store, tmp_path):
    store, stranger = redis_store
    ask(process(store, App()))
    (name,) = stranger.keys()
    page = json.loads(stranger.get(name))
    texts = [
        b"",
        b"17",
        b"[]",
        b"{}",
        b'[":"]',
        b'":"',
        b"\xff",
        pickle.dumps(Code(tmp_path / "run")),
    ]
    changed = [page.replace("200 OK", "200 No"), page[:-1], page.partition(":")[0], f"{page}x"]
    for text in [*texts, *(json.dumps(text).encode() for text in changed)]:
        stranger.set(name, text)
        app = App()
        assert ask(process(store, app)).body == LONG_BODY
        assert len(app.requests) == 1, text
    assert not (tmp_path / "run").exists()


def test_a_page_stored_under_the_wrong_key_is_not_sent(redis_store):
    store, stranger = redis_store
    for path, body in (("/a/", b"A" * len(LONG_BODY)), ("/b/", b"B" * len(LONG_BODY))):
        ask(process(store, App(body=body)), path)
    first_key, second_key = stranger.keys()
    stranger.set(first_key, stranger.get(second_key))
    app = App()
    bodies = [ask(process(store, app), path).body[:1] for path in ("/a/", "/b/")]
    assert len(app.requests) == 1
    assert sorted(bodies) in ([b"<", b"A"], [b"<", b"B"])


def test_stored_pages_need_the_same_secret_key(store, settings):
    ask(process(store, App()))
    settings.SECRET_KEY = "another" * 10
    app = App()
    ask(process(store, app))
    assert len(app.requests) == 1


# --- Warm-up ---------------------------------------------------------------------------------------

SITEMAP = b"".join(b"<loc>http://testserver/%d/</loc>" % number for number in range(250))
AT = ("0.0.0.0", 80)


class Pages(App):
    """A site of 250 pages with a sitemap."""

    def __call__(self, environ, start_response):
        self.body = SITEMAP if environ["PATH_INFO"] == "/sitemap.xml" else LONG_BODY
        self.headers = [HTML[0], ("Content-Length", str(len(self.body)))]
        return super().__call__(environ, start_response)

    @property
    def paths(self):
        return [request["PATH_INFO"] for request in self.requests]


def test_one_process_warms_up_the_shared_store_per_release_and_version(store):
    app, content = Pages(), Content()
    for _process in range(3):
        warm_up(process(store, app, content), AT)
    assert app.paths == ["/sitemap.xml", *(f"/{number}/" for number in range(250))]
    warm_up(process(store, app, content, of="the next"), AT)
    content.number = 2
    warm_up(process(store, app, content), AT)
    assert len(app.requests) == 3 * 251


def test_without_a_store_each_process_warms_up_the_first_pages_of_the_sitemap():
    app = Pages()
    warm_up(make_cache(app), AT)
    assert app.paths == [
        "/sitemap.xml",
        *(f"/{number}/" for number in range(MAX_PAGES_WITHOUT_STORE)),
    ]


def test_a_lost_store_does_not_stop_the_warm_up():
    app = Pages()
    warm_up(process(LostStore(), app), AT)
    assert len(app.requests) == 251


def test_warm_up_waits_for_the_database(monkeypatch):
    app, content = Pages(), Content()
    content.error = DatabaseError("down")
    cache = make_cache(app, content)

    def sleep(seconds):
        assert app.requests == []
        content.error = None

    monkeypatch.setattr("blekinge_site.serving.warm_up.time.sleep", sleep)
    warm_up(cache, AT)
    assert len(app.requests) == MAX_PAGES_WITHOUT_STORE + 1


def test_wildcard_hosts_are_not_warmed_up():
    for hosts, names in (([".testserver", "a.se"], {"a.se:80"}), ([".testserver"], set())):
        app = Pages()
        warm_up(make_cache(app, hosts=hosts), AT)
        assert {request["HTTP_HOST"] for request in app.requests} == names
