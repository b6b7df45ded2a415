"""Sends errors to Sentry, without any data about visitors. Imported only if SENTRY_DSN is set."""

import sentry_sdk

from blekinge_site.operations.logs import masked

# Everything else in an event is dropped, including what newer versions of the library may add.
SENT_FIELDS = {
    "event_id",
    "exception",
    "level",
    "logentry",
    "logger",
    "platform",
    "sdk",
    "timestamp",
    "transaction",
    "type",
}


def without_visitor(event, hint):
    """Return the fields of `event` in SENT_FIELDS, and the method and path of its request, all masked."""
    sent = {name: value for name, value in event.items() if name in SENT_FIELDS}
    if request := event.get("request"):
        path = "/" + request.get("url", "").partition("://")[2].partition("/")[2]
        sent["request"] = {"method": request.get("method"), "url": path}
    return masked_throughout(sent)


def masked_throughout(value):
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: masked_throughout(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked_throughout(inner) for inner in value]
    return value


def start(dsn, **options):
    sentry_sdk.init(
        dsn=dsn,
        before_send=without_visitor,
        max_request_body_size="never",
        include_local_variables=False,
        max_breadcrumbs=0,
        auto_session_tracking=False,
        **options,
    )
