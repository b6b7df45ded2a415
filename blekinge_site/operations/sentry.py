"""Errors sent to Sentry, with nothing about who visited. Imported only where SENTRY_DSN is set."""

import sentry_sdk

from blekinge_site.operations.logs import masked

# What an event may say; all else is dropped, also what a newer version of the library adds.
KEPT = {
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
    """Return `event` with its address masked and without host, headers, user and what led to it."""
    kept = {name: value for name, value in event.items() if name in KEPT}
    if request := event.get("request"):
        path = "/" + request.get("url", "").partition("://")[2].partition("/")[2]
        kept["request"] = {"method": request.get("method"), "url": path}
    return masked_throughout(kept)


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
