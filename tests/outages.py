"""Visitors and an editor of a site in trouble, and how it recovers."""

import json
import time

from tests.serving import (
    EDITOR,
    Several,
)

FILL = f"""
from django.core.management import call_command
call_command("load_fixtures", verbosity=0)
{EDITOR}
"""


NEWS = "/nyheter/"
LONG = 20  # seconds: less than a request that hangs takes, more than a busy machine needs
YES = {"address": "/", "helpful": "ja"}
WORDS = {"message": "Bra att veta.", "website": ""}  # the second field is a trap, and hidden
NOT_SAVED = "Räkna med att det du skickade inte är sparat."


class Readers(Several):
    """Some who read `paths` without pause; `seen` is how each request ended, and in how many seconds."""

    def __init__(self, site, paths, count=3):
        super().__init__(count)
        self.site, self.paths = site, paths

    def visit(self):
        for path in self.paths:
            started = time.monotonic()
            try:
                said = self.site.get(path, timeout=30)[0]
            except OSError as error:
                said = f"{path}: {error!r}"
            self.seen.append((said, time.monotonic() - started))
            time.sleep(0.005)  # the site, too, needs the processor

    @property
    def statuses(self):
        return set(dict(self.seen))

    @property
    def slowest(self):
        return max(seconds for _said, seconds in self.seen)


def warmed_up(site):
    """Return the paths of all pages, when every process has stored them."""
    paths = site.addresses()
    for _attempt in range(50):
        before = len(site.log.read_text())
        for path in paths * 3:
            assert site.get(path)[0] == 200
        time.sleep(0.5)  # the log is written now and then
        if '"page_cache": "miss"' not in site.log.read_text()[before:]:
            return paths
    raise AssertionError("the pages are never all stored")


def parts(site):
    """Return what /readyz says fails."""
    told = json.loads(site.get("/readyz")[2])["parts"]
    return [name for name, state in told.items() if state == "failing"]


def seconds_until(is_so, at_most):
    """Wait until `is_so()`; return how long that took."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < at_most
        time.sleep(0.02)
    return time.monotonic() - started


def shows(site, text):
    return text in site.get(NEWS)[2].decode()


def each_process_shows(site, text):
    return all(shows(site, text) for _time in range(12))


def publish_and_see(editor, text, *sites):
    """Publish `text` and see it in every process, at each of `sites`.

    That takes less than a second, which `make load` holds it to; a test on a busy machine can't.
    """
    editor.publish(text)
    seconds_until(lambda: all(each_process_shows(site, text) for site in sites), LONG)


def refused_by(editor, fields):
    """Send the form of the editor's page, which is to be refused clearly, and return the answer."""
    answer = editor.ask(editor.form, fields | {"lead_sv": "Halvt sparat."})
    assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
    assert NOT_SAVED in answer.html
    return answer
