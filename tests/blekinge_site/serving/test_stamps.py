"""How long a stored page holds, and what is sent while the database fails."""

import datetime as dt
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError

from blekinge_site.serving.page_cache import STAMP_INTERVAL_SECONDS, PageCache
from tests.moments import NOON, SECOND
from tests.stand_ins import FAR, HTML, LONG, App, Content, ask, make_cache

pytestmark = pytest.mark.database

# --- How long it holds -----------------------------------------------------------------------------


def test_a_new_version_is_shown():
    app, content = App(), Content()
    cache = make_cache(app, content)
    ask(cache)
    app.body, content.number = LONG.upper(), 2
    assert ask(cache).body == LONG.upper()
    assert len(app.asked) == 2


def test_the_clock_changes_pages_to_the_second(clock):
    app, content = App(), Content()
    content.until = NOON
    cache = make_cache(app, content, interval=3600)
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
    while cache.watch.last_stamp == (1, FAR):
        ask(cache)
    assert STAMP_INTERVAL_SECONDS <= time.monotonic() - started < 2 * STAMP_INTERVAL_SECONDS
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
    cache = PageCache(app, content, hosts=["testserver"], interval=0)
    ask(cache)
    content.error = DatabaseError("down")
    ask(cache)
    content.error, content.number = None, 2
    app.body = LONG.upper()
    assert ask(cache).body == LONG.upper()


def test_a_moment_that_passes_while_the_database_is_down_keeps_the_page(clock):
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
    cache = PageCache(app, content, hosts=["testserver"], interval=0)
    ask(cache)

    def hanging():
        go_on.wait(10)
        return 2, FAR

    cache.watch.read_stamp = hanging
    started = time.monotonic()
    assert [ask(cache).status for _time in range(20)] == ["200 OK"] * 20
    assert time.monotonic() - started < 2
    assert len(app.asked) == 1
    go_on.set()
    cache.watch.pending.result()
    ask(cache)
    assert len(app.asked) == 2


def test_before_the_database_has_ever_answered_everything_goes_past():
    app, content = App(), Content()
    content.error = DatabaseError("down")
    cache = make_cache(app, content)
    assert [ask(cache).headers for _time in range(2)] == [dict(HTML)] * 2
    assert len(app.asked) == 2
