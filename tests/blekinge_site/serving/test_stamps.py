"""How long a stored page is valid, and the responses while the database is down."""

import datetime as dt
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError

from blekinge_site.serving.page_cache import STAMP_INTERVAL_SECONDS, PageCache
from tests.moments import NOON, SECOND
from tests.stand_ins import FAR_FUTURE, HTML, LONG_BODY, App, Content, ask, make_cache

pytestmark = pytest.mark.database

# --- Validity --------------------------------------------------------------------------------------


def test_a_new_version_replaces_the_stored_page():
    app, content = App(), Content()
    cache = make_cache(app, content)
    ask(cache)
    app.body, content.number = LONG_BODY.upper(), 2
    assert ask(cache).body == LONG_BODY.upper()
    assert len(app.requests) == 2


def test_pages_change_with_the_clock_to_the_second(clock):
    app, content = App(), Content()
    content.until = NOON
    cache = make_cache(app, content, interval=3600)
    request_counts = []
    for moment in (NOON - SECOND, NOON - dt.timedelta(microseconds=1), NOON, NOON + SECOND):
        clock(moment)
        content.until = NOON if moment < NOON else FAR_FUTURE
        ask(cache)
        request_counts.append(len(app.requests))
    assert request_counts == [1, 1, 2, 2]
    assert content.calls == 2


def test_a_page_rendered_during_a_change_does_not_count_as_new():
    content = Content()

    class Changing(App):
        def __call__(self, environ, start_response):
            response = super().__call__(environ, start_response)
            content.number += 1  # a save while the page is rendered from the old content
            return response

    app = Changing()
    cache = make_cache(app, content)
    ask(cache)
    ask(cache)
    assert len(app.requests) == 2


def test_the_version_is_read_twice_a_second():
    content = Content()
    cache = PageCache(App(), content, hosts=["testserver"])
    started = time.monotonic()
    ask(cache)
    content.number = 2
    while cache.watch.last_stamp == (1, FAR_FUTURE):
        ask(cache)
    assert STAMP_INTERVAL_SECONDS <= time.monotonic() - started < 2 * STAMP_INTERVAL_SECONDS
    assert content.calls == 2


class SlowApp(App):
    """An application that responds once `go_on` is set."""

    def __init__(self, *args):
        super().__init__(*args)
        self.go_on = threading.Event()

    def __call__(self, environ, start_response):
        self.go_on.wait(10)
        return super().__call__(environ, start_response)


def test_simultaneous_requests_render_a_page_once():
    app = SlowApp()
    cache = PageCache(app, Content(), hosts=["testserver"])
    with ThreadPoolExecutor(8) as visitors:
        responses = [visitors.submit(ask, cache) for _visitor in range(8)]
        while not cache.fillings:
            time.sleep(0.01)
        app.go_on.set()
    assert [response.result().body for response in responses] == [LONG_BODY] * 8
    assert len(app.requests) == 1


def test_requests_that_waited_for_an_unstorable_response_get_their_own():
    app = SlowApp("302 Found")
    cache = PageCache(app, Content(), hosts=["testserver"])
    with ThreadPoolExecutor(3) as visitors:
        responses = [visitors.submit(ask, cache) for _visitor in range(3)]
        app.go_on.set()
    assert [response.result().status for response in responses] == ["302 Found"] * 3
    assert (len(app.requests), cache.fillings) == (3, {})


def test_an_error_in_the_app_leaves_no_request_waiting():
    def broken(environ, start_response):
        raise RuntimeError("broken")

    cache = make_cache(broken)
    for _time in range(2):
        with pytest.raises(RuntimeError):
            ask(cache)
    assert cache.fillings == {}


# --- Outages of the database -----------------------------------------------------------------------


def test_stored_pages_are_served_while_the_database_is_down(caplog):
    app, content = App(), Content()
    cache = make_cache(app, content)
    ask(cache)
    content.error = DatabaseError("down")
    statuses = [ask(cache).status for _time in range(3)]
    assert statuses == ["200 OK"] * 3
    assert len(app.requests) == 1
    content.error, content.number = None, 2
    ask(cache)
    assert len(app.requests) == 2
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "The database does not answer; what is stored is served: down"),
        (logging.WARNING, "The database answers again."),
    ]


def test_a_change_shows_at_the_first_request_after_the_outage():
    app, content = App(), Content()
    cache = PageCache(app, content, hosts=["testserver"], interval=0)
    ask(cache)
    content.error = DatabaseError("down")
    ask(cache)
    content.error, content.number = None, 2
    app.body = LONG_BODY.upper()
    assert ask(cache).body == LONG_BODY.upper()


def test_a_scheduled_change_during_an_outage_keeps_the_stored_page(clock):
    app, content = App(), Content()
    content.until = NOON
    cache = make_cache(app, content)
    ask(cache)
    content.error = DatabaseError("down")
    clock(NOON)
    assert ask(cache).status == "200 OK"
    assert len(app.requests) == 1


def test_an_outage_between_version_and_rendering_keeps_the_stored_page():
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


def test_other_errors_than_the_databases_are_raised():
    app, content = App(), Content()
    cache = make_cache(app, content)
    ask(cache)
    app.status, content.number = "500 Internal Server Error", 2
    assert ask(cache).status == "500 Internal Server Error"
    app.status = "200 OK"
    assert ask(cache).status == "200 OK"


def test_a_hanging_database_does_not_block_visitors():
    app, content, go_on = App(), Content(), threading.Event()
    cache = PageCache(app, content, hosts=["testserver"], interval=0)
    ask(cache)

    def hanging():
        go_on.wait(10)
        return 2, FAR_FUTURE

    cache.watch.read_stamp = hanging
    started = time.monotonic()
    assert [ask(cache).status for _time in range(20)] == ["200 OK"] * 20
    assert time.monotonic() - started < 2
    assert len(app.requests) == 1
    go_on.set()
    cache.watch.pending.result()
    ask(cache)
    assert len(app.requests) == 2


def test_all_requests_bypass_the_cache_until_the_database_has_responded():
    app, content = App(), Content()
    content.error = DatabaseError("down")
    cache = make_cache(app, content)
    assert [ask(cache).headers for _time in range(2)] == [dict(HTML)] * 2
    assert len(app.requests) == 2
