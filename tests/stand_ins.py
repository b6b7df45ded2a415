"""Stand-ins for what the page cache stands between: an application, the content version, threads."""

import datetime as dt
from concurrent.futures import Future

from django.test import RequestFactory

from blekinge_site.serving.page_cache import PageCache

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
    options = {"hosts": ["testserver"], "interval": 0} | options
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
