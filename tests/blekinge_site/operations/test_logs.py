"""The log: a line per event, with nothing that identifies visitors."""

import io
import json
import logging
import re
import time
from contextlib import suppress
from pathlib import Path

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import DatabaseError

from blekinge_site.operations.logs import Formatter, masked, request_id_of
from blekinge_site.serving.request_log import LineWriter, json_line, text_line
from blekinge_site.staff.signin_log import log_sign_in_event
from pages.models import Feedback
from tests.factories import make_page
from tests.staff_forms import change
from tests.stand_ins import App, Content, ask, make_cache


def logged(record, shape="json"):
    line = Formatter(shape).format(record)
    assert "\n" not in line or shape == "text"
    return json.loads(line) if shape == "json" else line


# --- Requests --------------------------------------------------------------------------------------

ENVIRON = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/regionplan/ö".encode().decode("latin-1"),
    "QUERY_STRING": "q=hemligt",
    "REMOTE_ADDR": "192.0.2.7",
    "HTTP_USER_AGENT": "Mozilla",
    "HTTP_COOKIE": "sessionid=hemligt",
    "request_id": "0123456789abcdef",
    "page_cache": "hit",
}


def test_a_request_is_one_line_without_visitor_data():
    line = json_line(ENVIRON, 200, 8463, 0.26)
    assert line.endswith("}\n")
    fields = json.loads(line)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", fields.pop("time"))
    assert fields == {
        "level": "INFO",
        "logger": "request",
        "method": "GET",
        "path": "/regionplan/ö",
        "status": 200,
        "ms": 0.3,
        "bytes": 8463,
        "request_id": "0123456789abcdef",
        "page_cache": "hit",
    }


def test_the_text_format_is_easier_to_read():
    line = text_line(ENVIRON | {"PATH_INFO": "/\nforged"}, 200, 8463, 0.26)
    assert re.sub("^.{8}", "", line) == " GET /\\nforged 200 8463 bytes 0.3 ms hit\n"


@pytest.mark.parametrize(
    ("sent", "logged_text"),
    [
        ("/forhandsgranska/WyJwYWdlcyJd:1x:y/nyhet/", "/forhandsgranska/…/nyhet/"),
        ("/admin/konto/glomt/1-abc-def/", "/admin/konto/glomt/…/"),
        ("Not Found: /sok/?q=personnummer", "Not Found: /sok/"),
        ("Invalid request from ip=192.0.2.7: 'Cookie: a'", "Invalid request from …"),
        (
            "duplicate key\nDETAIL:  Key (username)=(anna) already exists.",
            "duplicate key\nDETAIL: …",
        ),
        ("Vad gör vi? Allt.", "Vad gör vi? Allt."),
    ],
)
def test_secrets_are_masked(sent, logged_text):
    assert masked(sent) == logged_text


def test_masking_any_path_is_fast():
    started = time.perf_counter()
    assert masked("/" * 40_000 + " /a?b") == "/" * 40_000 + " /a"
    assert time.perf_counter() - started < 1


def test_logging_goes_on_after_a_full_disk(monkeypatch):
    lines, room = LineWriter(), io.StringIO()
    with suppress(OSError), Path("/dev/full").open("w") as full:  # closing the file raises too
        monkeypatch.setattr("sys.stderr", full)
        lines.waiting.append("lost\n")
        lines.write()
        monkeypatch.setattr("sys.stderr", room)
        lines.waiting.append("written\n")
        lines.write()
    assert room.getvalue() == "written\n"


def test_the_line_says_whether_the_page_was_cached():
    app, content = App(), Content()
    cache = make_cache(app, content)
    environs = []

    def visit(**environ):
        ask(
            lambda environ, response: environs.append(environ) or cache(environ, response),
            **environ,
        )
        return environs[-1].get("page_cache")

    assert [visit(), visit(), visit(method="POST")] == ["miss", "hit", None]
    content.error = DatabaseError("down")
    assert visit() == "stale"
    content.error = None
    visit()
    content.number, app.status = 2, "500 Internal Server Error"
    assert visit() == "miss"


@pytest.mark.parametrize(
    ("behind_proxy", "sent", "is_kept"),
    [
        (True, "7f3b-11AA_x", True),
        (False, "7f3b-11AA_x", False),
        (True, "short", False),
        (True, 'quote"and\nline', False),
        (True, "ö" * 10, False),
        (True, "", False),
    ],
)
def test_only_our_own_proxy_may_set_request_ids(behind_proxy, sent, is_kept):
    number = request_id_of({"HTTP_X_REQUEST_ID": sent}, behind_proxy=behind_proxy)
    assert (number == sent) == is_kept
    assert is_kept or re.fullmatch("[0-9a-f]{16}", number)


# --- Errors ----------------------------------------------------------------------------------------


def test_an_error_is_one_line_with_its_request_id(
    database,
    monkeypatch,
    caplog,
):
    def broken(*args, **kwargs):
        raise ValueError("cannot read /forhandsgranska/hemligt/")

    monkeypatch.setattr("planning.views.render", broken)
    site = make_cache(WSGIHandler(), Content())
    response = ask(site, "/", request_id="from-our-proxy")
    assert response.status == "500 Internal Server Error"
    (error,) = [record for record in caplog.records if record.name == "django.request"]
    line = logged(error)
    assert line["message"] == "Internal Server Error: /"
    assert line["traceback"].endswith("ValueError: cannot read /forhandsgranska/…/")
    assert line["request_id"] == "from-our-proxy"
    assert logged(error, "text").count("\n") > 3


@pytest.mark.parametrize("shape", ["json", "text"])
def test_an_unknown_host_is_one_short_line(
    database,
    caplog,
    shape,
):
    site = make_cache(WSGIHandler(), Content())
    response = ask(site, "/", headers={"host": "evil.example"})
    assert response.status == "400 Bad Request"
    ask(site, "/", headers={"host": "e" * 8000})
    short, long = [
        Formatter(shape).format(record)
        for record in caplog.records
        if record.name == "django.security.DisallowedHost"
    ]
    assert "Invalid HTTP_HOST header: 'evil.example'." in short
    assert "Traceback" not in short
    assert "\n" not in short
    assert len(long) < 800


# --- Edits -----------------------------------------------------------------------------------------


@pytest.fixture
def edits(caplog, django_capture_on_commit_callbacks):
    """A function that runs an action and returns the lines about edits that it logs."""
    caplog.set_level(logging.INFO, "edits")

    def lines(do):
        caplog.clear()
        with django_capture_on_commit_callbacks(execute=True):
            do()
        logged_lines = [logged(record) for record in caplog.records if record.name == "edits"]
        return [
            {name: line[name] for name in ("user", "action", "model", "id")}
            for line in logged_lines
        ]

    return lines


def test_an_edit_is_one_line_of_numbers(edits, admin_client, admin_user):
    page = make_page("nyhet", status="draft")
    assert edits(lambda: change(admin_client, page, lead_sv="Ny ingress.")) == [
        {"user": admin_user.pk, "action": "change", "model": "pages.page", "id": page.pk}
    ]


def test_objects_deleted_together_get_a_line_each(edits, admin_client, admin_user):
    for address in ("/a/", "/b/"):
        Feedback.objects.create(address=address, language="sv", helpful=True)
    keys = list(Feedback.objects.order_by("pk").values_list("pk", flat=True))
    form = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
    lines = edits(lambda: admin_client.post("/admin/pages/feedback/", form))
    assert sorted(lines, key=lambda line: line["id"]) == [
        {"user": admin_user.pk, "action": "delete", "model": "pages.feedback", "id": key}
        for key in keys
    ]


def test_signing_in_is_a_line(edits, admin_user):
    lines = edits(lambda: log_sign_in_event(admin_user, "Loggade in."))
    assert lines == [
        {
            "user": admin_user.pk,
            "action": "sign-in",
            "model": "auth.user",
            "id": admin_user.pk,
        }
    ]
