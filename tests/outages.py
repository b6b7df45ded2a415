"""Helpers for tests of outages: visitors and an editor who keep using the site, and waits for recovery."""

import json
import os
import time

from tests.serving import EDITOR, LOAD_FIXTURES, VisitorThreads

FILL = LOAD_FIXTURES + EDITOR


NEWS = "/nyheter/"
# Between two requests of a visitor: next to nothing in CI. `make load` has no settings to ask.
PAUSE_SECONDS = 0.005 if os.environ.get("NOTHING_SKIPPED") else 0.05
LONG_SECONDS = 20  # less than the timeout of a request that hangs, more than a busy machine needs
YES = {"address": "/", "helpful": "ja"}
WORDS = {"message": "Bra att veta.", "website": ""}  # the second field is the hidden spam trap
NOT_SAVED = "Räkna med att det du skickade inte är sparat."


class Readers(VisitorThreads):
    """Visitors who request `paths` again and again; `outcomes` holds (status or error, seconds)."""

    def __init__(self, site, paths, count=3):
        super().__init__(count)
        self.site, self.paths = site, paths

    def visit(self):
        for path in self.paths:
            started = time.monotonic()
            try:
                outcome = self.site.get(path, timeout=30)[0]
            except OSError as error:
                outcome = f"{path}: {error!r}"
            self.outcomes.append((outcome, time.monotonic() - started))
            time.sleep(PAUSE_SECONDS)  # leave the processor to the site

    @property
    def statuses(self):
        return set(dict(self.outcomes))

    @property
    def slowest(self):
        return max(seconds for _outcome, seconds in self.outcomes)


def warmed_up(site):
    """Wait until every process has stored all pages; return their paths."""
    paths = site.addresses()
    for _attempt in range(50):
        before = len(site.log.read_text())
        for path in paths * 3:
            assert site.get(path)[0] == 200
        time.sleep(0.5)  # the log is written in batches
        if '"page_cache": "miss"' not in site.log.read_text()[before:]:
            return paths
    raise AssertionError("some page is still not stored")


def failing_parts(site):
    """Return the names of the parts that /readyz reports as failing."""
    states = json.loads(site.get("/readyz")[2])["parts"]
    return [name for name, state in states.items() if state == "failing"]


def seconds_until(condition, at_most):
    """Wait until `condition()` is true; return the seconds that took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < at_most
        time.sleep(0.02)
    return time.monotonic() - started


def shows(site, text):
    return text in site.get(NEWS)[2].decode()


def each_process_shows(site, text):
    return all(shows(site, text) for _time in range(12))


def publish_and_see(editor, text, *sites):
    """Publish `text` and wait until every process of each of `sites` shows it.

    That takes less than a second, but only `make load` checks that: tests run on busy machines.
    """
    editor.publish(text)
    seconds_until(lambda: all(each_process_shows(site, text) for site in sites), LONG_SECONDS)


def refused_by(editor, fields):
    """Submit the editor's form, assert that it gets a clear 503, and return the response."""
    response = editor.ask(editor.form, fields | {"lead_sv": "Halvt sparat."})
    assert (response.status, response.headers["Retry-After"]) == (503, "60")
    assert NOT_SAVED in response.html
    return response
