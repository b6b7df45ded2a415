"""Use the site in all ways at once, for MINUTES (10): `make load`. Ends with 1 if anything is amiss.

Visitors read every page, send feedback, and an editor changes a page each second; one request in a hundred
is aborted. No answer may be an error, no page a second older than what the editor was told is saved, and
memory and sockets are to stay as they are.
"""

import gzip
import http.client
import os
import re
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from itertools import cycle
from pathlib import Path
from statistics import mean

from tests.hang_ups import hang_up_often, held
from tests.serving import EDITOR, Browser, Editor, served

FILL = f"""
from django.core.management import call_command
call_command("load_fixtures", verbosity=0)
{EDITOR}
"""
READERS = 4
NEWS = ("/nyheter/", "/en/news/")
LATEST = 1.0  # seconds after which what is saved must show
FEEDBACK_EVERY = (
    25  # seconds: an answer and its words, of which a visitor may send 60 in ten minutes
)
GROWTH = 1.1  # the last third's memory over the first third's
ABORTED = 100  # requests for each that is aborted
MORE_SOCKETS = 4  # in the last third than in the first, on average in each process


class Load:
    """What goes on at `site` until `done`; `answers` counts kinds and statuses, `amiss` says what broke."""

    def __init__(self, site):
        self.site, self.done = site, threading.Event()
        self.paths = site.addresses()
        self.answers, self.amiss, self.memory, self.sockets = Counter(), [], [], []
        self.saved_at, self.latest = {0: time.monotonic()}, 0.0
        self.number = 0

    def run(self, seconds):
        """Let everybody do their part for so long."""
        parts = [self.read] * READERS + [self.edit, self.send_feedback, self.hang_up]
        threads = [threading.Thread(target=self.guarded, args=[part]) for part in parts]
        for thread in threads:
            thread.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.done.wait(max(0, min(seconds / 60, end - time.monotonic())))
            self.memory.append(self.site.pss())
            self.sockets.append(mean(held(worker)[0] for worker in self.site.workers()))
        self.done.set()
        for thread in threads:
            thread.join()

    def guarded(self, part):
        try:
            part()
        except Exception as error:
            self.amiss.append(f"{part.__name__}: {error!r}")

    def note(self, kind, status):
        self.answers[kind, status] += 1
        if status >= 500:
            self.amiss.append(f"{kind}: {status}")

    # --- Who uses it ---

    def read(self):
        """Ask for every page, plain and compressed, known already or not."""
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=30)
        known = {}
        asked = cycle(
            [(path, encoding) for path in self.paths for encoding in ("identity", "gzip")]
        )
        for number, (path, encoding) in enumerate(asked):
            if self.done.is_set():
                break
            headers = {"Accept-Encoding": encoding}
            etag, body = known.get((path, encoding), ("", b""))
            if number % 3 and etag:
                headers["If-None-Match"] = etag
            started = time.monotonic()
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read() or body
            known[path, encoding] = answer.headers["ETag"], body
            self.note(f"page, {encoding}", answer.status)
            if path in NEWS and answer.status < 400:
                html = gzip.decompress(body) if encoding == "gzip" else body
                self.look(path, html.decode(), started)
            time.sleep(0.002)  # the site, too, needs the processor
        connection.close()

    def look(self, path, html, asked_at):
        """Note for how long what `html` lacks had been saved when it was asked for."""
        shown = int(re.search(r"Nummer (\d+)\.", html)[1])
        newer = self.saved_at.get(shown + 1)
        age = asked_at - newer if newer else 0
        self.latest = max(self.latest, age)
        if age > LATEST:
            self.amiss.append(f"{path} says {shown}, {age:.2f} s after {shown + 1} was saved")

    def edit(self):
        """Publish a new number each second, and see each fifth of them in a preview first."""
        editor = Editor(self.site.address)
        while not self.done.is_set():
            started = time.monotonic()
            number = self.number + 1
            if number % 5 == 1:
                text = f"Nummer {number}."
                preview = {"lead_sv": text, "lead_en": text, "_preview": "1"}
                answer = editor.ask(editor.form, editor.open_copy() | preview)
                self.note("preview", answer.status)
                assert text in answer.html
            self.saved_at[number] = editor.publish(f"Nummer {number}.")
            self.number = number
            self.note("save", 200)
            self.done.wait(max(0, started + 1 - time.monotonic()))

    def send_feedback(self):
        visitor = Browser(self.site.address)
        while not self.done.is_set():
            answer = visitor.ask("/aterkoppling/", {"address": "/", "helpful": "ja"})
            self.note("feedback", answer.status)
            words = visitor.ask(answer.headers["Location"], {"message": "Bra att veta."})
            self.note("feedback", words.status)
            self.done.wait(FEEDBACK_EVERY)

    def hang_up(self):
        """Abort a request for each hundred that are answered, in every way in turn."""

        def connect():
            return socket.create_connection(("127.0.0.1", self.site.port), 20)

        while not self.done.wait(1):
            missing = self.answers.total() // ABORTED - self.answers["aborted", 0]
            hang_up_often(connect, "localhost", missing)
            self.answers["aborted", 0] += missing

    # --- What came of it ---

    def thirds(self, figures):
        """Return the mean of `figures` in each third of the time."""
        third = len(figures) // 3
        return [mean(figures[start : start + third]) for start in (0, third, 2 * third)]

    def breaches(self):
        """Return what was not as it is to be, a list of sentences."""
        found = list(self.amiss)
        first, _second, last = self.thirds(self.memory)
        if last > first * GROWTH:
            found.append(f"memory grew to {last / first:.2f} of what it was")
        first, _second, last = self.thirds(self.sockets)
        if last > first + MORE_SOCKETS:
            found.append(f"sockets grew from {first:.1f} to {last:.1f} in each process")
        return found


def loaded(folder, seconds):
    """Return the Load that a site in `folder` has been under."""
    with served(folder, FILL, WEB_CONCURRENCY="2") as site:
        load = Load(site)
        time.sleep(3)  # until both processes have warmed up
        load.run(seconds)
    return load


def main():
    minutes = float(os.environ.get("MINUTES", 10))
    with tempfile.TemporaryDirectory() as folder:
        load = loaded(Path(folder), 60 * minutes)
    for (kind, status), count in sorted(load.answers.items()):
        print(f"{kind:16} {status} {count:8}")
    print(f"pages shown at most {load.latest:.2f} s after what they lacked was saved")
    thirds = ", ".join(f"{memory:.1f}" for memory in load.thirds(load.memory))
    print(f"memory of all processes in each third of the time: {thirds} MiB")
    thirds = ", ".join(f"{sockets:.1f}" for sockets in load.thirds(load.sockets))
    print(f"sockets of each process in each third of the time: {thirds}")
    breaches = load.breaches()
    print(*(breaches or ["nothing amiss"]), sep="\n")
    sys.exit(bool(breaches))


if __name__ == "__main__":
    main()
