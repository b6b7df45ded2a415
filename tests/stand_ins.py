"""Stand-ins for the page cache's surroundings: an application, the content version, threads."""

import datetime as dt
from concurrent.futures import Future

from django.test import RequestFactory

from blekinge_site.serving.page_cache import PageCache

FAR_FUTURE = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
LONG_BODY = b"<p>Vad regionen har beslutat.</p>" * 100
HTML = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(LONG_BODY)))]


class ImmediateExecutor:
    """An executor that runs each task before `submit` returns."""

    def submit(self, task, *arguments):
        done = Future()
        done.set_result(task(*arguments))
        return done


class App:
    """A WSGI application that sends a fixed response and keeps the environ of each request."""

    def __init__(self, status="200 OK", headers=HTML, body=LONG_BODY):
        self.status, self.headers, self.body, self.requests = status, headers, body, []

    def __call__(self, environ, start_response):
        self.requests.append(environ)
        start_response(self.status, list(self.headers))
        return [self.body]


class Content:
    """A content version that tests raise by hand; `calls` counts the reads."""

    def __init__(self):
        self.number, self.until, self.error, self.calls = 1, FAR_FUTURE, None, 0

    def __call__(self):
        self.calls += 1
        if self.error:
            raise self.error
        return self.number, self.until


def make_cache(app, content=None, **options):
    """Return a page cache in front of `app` that reads the version each time and uses no threads."""
    options = {"hosts": ["testserver"], "interval": 0} | options
    cache = PageCache(app, content or Content(), **options)
    cache.watch.thread = cache.finishing = ImmediateExecutor()
    return cache


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, dict(headers), body
        assert len(self.headers) == len(headers), "a header twice"


def ask(app, path="/", method="GET", **environ):
    """Return the Response of WSGI application `app`; `environ` adds to the request."""
    started = []
    environ = {"SERVER_PORT": "8000", "HTTP_HOST": "testserver"} | environ
    request = RequestFactory().generic(method, path, **environ).environ
    body = app(request, lambda status, headers, error=None: started.append((status, headers)))
    whole = b"".join(body)
    getattr(body, "close", lambda: None)()
    return Response(*started[-1], whole)
