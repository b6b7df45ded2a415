"""Error reports to Sentry name the place in the code and nothing about the visitor."""

import json

import pytest
import sentry_sdk
from django.core.handlers.wsgi import WSGIHandler
from sentry_sdk.transport import Transport

from blekinge_site.operations import sentry
from tests.stand_ins import ask

SECRETS = [
    "192.0.2.7",
    "Mozilla",
    "cookie-secret",
    "query-secret",
    "body-secret",
    "local-secret",
    "token-secret",
    "header-secret",
    "testserver",
]


class RecordingTransport(Transport):
    """A transport that keeps events instead of sending them."""

    def __init__(self):
        super().__init__()
        self.events = []

    def capture_envelope(self, envelope):
        self.events += [item.get_event() for item in envelope.items if item.get_event()]


@pytest.fixture
def events():
    transport = RecordingTransport()
    sentry.start("https://key@sentry.invalid/1", transport=transport)
    yield transport.events
    sentry_sdk.get_client().close()
    sentry_sdk.init()


def test_an_error_is_reported_without_visitor_data(events, database, monkeypatch):
    monkeypatch.setattr("planning.views.render", broken)
    response = ask(
        WSGIHandler(),
        "/?q=query-secret",
        REMOTE_ADDR="192.0.2.7",
        HTTP_USER_AGENT="Mozilla",
        HTTP_COOKIE="theme=cookie-secret",
        HTTP_X_SOMETHING="header-secret",
        data=b"body-secret",
    )
    assert response.status == "500 Internal Server Error"
    (event,) = events
    assert event["request"] == {"method": "GET", "url": "/"}
    (error,) = event["exception"]["values"][-1:]
    assert (error["type"], error["value"]) == ("ValueError", "cannot read /forhandsgranska/…/ 12")
    assert {"user", "breadcrumbs", "extra", "server_name", "contexts", "tags"} & set(event) == set()
    event_text = json.dumps(event, default=str)
    assert [secret for secret in SECRETS if secret in event_text] == []


# At a distance from the test's own data, because Sentry sends the source lines around an error.
def broken(*args, **kwargs):
    mine = "-".join(("local", "secret"))
    raise ValueError(f"cannot read /forhandsgranska/token-secret/ {len(mine)}")
