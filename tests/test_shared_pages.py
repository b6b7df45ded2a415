"""Stored pages that several processes have in common: one makes a page, all send it."""

from types import SimpleNamespace

import pytest
from django.core.cache.backends.locmem import LocMemCache

from blekinge_site.stored_pages import SharedShelf, release
from tests.test_page_cache import App, Content, ask, make_cache


@pytest.fixture
def store():
    store = LocMemCache("shared pages", {})
    yield store
    store.clear()


def process(store, app, content=None, *, of="this release"):
    return make_cache(app, content, shared=SharedShelf(store, of))


def test_what_one_process_has_made_another_sends_in_every_encoding(store):
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
    assert (len(first.asked), len(second.asked)) == (1, 0)


def test_a_new_version_is_made_anew(store):
    app, content = App(), Content()
    ask(process(store, app, content))
    content.number = 2
    ask(process(store, app, content))
    assert len(app.asked) == 2


def test_another_release_makes_its_own(store):
    app = App()
    ask(process(store, app, of="the old"))
    ask(process(store, app, of="the new"))
    assert len(app.asked) == 2


def test_what_is_missing_is_not_shared(store):
    app = App(status="404 Not Found")
    ask(process(store, app))
    ask(process(store, app))
    assert len(app.asked) == 2


class Lost:
    """A store that does not answer."""

    times_asked = 0

    def get(self, *arguments):
        self.times_asked += 1
        raise ConnectionError("connection refused")

    set = get


def test_a_store_that_is_lost_is_left_alone_for_a_while(caplog):
    app, lost = App(), Lost()
    cache = process(lost, app)
    for path in ("/", "/kontakt/", "/en/"):
        assert ask(cache, path).status == "200 OK"
    assert lost.times_asked == 1
    assert [record.getMessage() for record in caplog.records] == [
        "The shared page store does not answer: connection refused"
    ]
    cache.shared.rests_until = 0
    ask(cache, "/sok/")
    assert lost.times_asked == 2


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
def test_a_release_is_known_by_its_files(tmp_path, path, text, is_another):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/page.html").write_text("<h1>")
    settings = SimpleNamespace(SITE_NAME="Region Blekinge")
    before = release(tmp_path, settings)
    (tmp_path / path).write_text(text)
    assert (release(tmp_path, settings) != before) == is_another


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"SITE_NAME": "A"}, {"SITE_NAME": "B"}),
        ({"DATABASES": {"default": {"NAME": "a"}}}, {"DATABASES": {"default": {"NAME": "b"}}}),
    ],
)
def test_a_release_is_known_by_its_settings_too(tmp_path, one, other):
    assert release(tmp_path, SimpleNamespace(**one)) != release(tmp_path, SimpleNamespace(**other))
