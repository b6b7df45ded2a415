"""Put a mixed load on the site for MINUTES (10 by default): `make load`. Exits with 1 on any problem.

Visitors read every page and send feedback, an editor changes a page each second, and one request in a
hundred is aborted. No response may be an error, no page may lag more than a second behind a save that the
site has confirmed, and memory and sockets must not grow.
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

from tests.hang_ups import hang_up_often, sockets_and_threads
from tests.outages import FILL
from tests.serving import Browser, Editor, served

READERS = 4
NEWS = ("/nyheter/", "/en/news/")
MAX_AGE_SECONDS = 1.0  # how long visitors may get the old page after a save
FEEDBACK_EVERY_SECONDS = 25  # an answer and a message each time; the limit is 60 in ten minutes
MAX_MEMORY_RATIO = 1.1  # mean memory in the last third of the time over that in the first
REQUESTS_PER_ABORTED = 100
MAX_MORE_SOCKETS = 4  # mean per process, in the last third of the time compared with the first


class Load:
    """A load on `site` until `done` is set.

    `counts` counts responses by kind and status; `problems` lists errors as sentences.
    """

    def __init__(self, site):
        self.site, self.done = site, threading.Event()
        self.paths = site.addresses()
        self.counts, self.problems, self.memory, self.sockets = Counter(), [], [], []
        self.saved_at, self.max_age_seconds = {0: time.monotonic()}, 0.0
        self.number = 0

    def run(self, seconds):
        """Run all visitors and the editor for this long."""
        tasks = [self.read] * READERS + [self.edit, self.send_feedback, self.hang_up]
        threads = [threading.Thread(target=self.run_safely, args=[task]) for task in tasks]
        for thread in threads:
            thread.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.done.wait(max(0, min(seconds / 60, end - time.monotonic())))
            self.memory.append(self.site.pss())
            self.sockets.append(
                mean(sockets_and_threads(worker)[0] for worker in self.site.workers())
            )
        self.done.set()
        for thread in threads:
            thread.join()

    def run_safely(self, task):
        try:
            task()
        except Exception as error:
            self.problems.append(f"{task.__name__}: {error!r}")

    def note(self, kind, status):
        self.counts[kind, status] += 1
        if status >= 500:
            self.problems.append(f"{kind}: {status}")

    # --- Visitors and staff ---

    def read(self):
        """Request every page, plain and compressed, with and without a known ETag."""
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=30)
        known = {}
        addresses = cycle(
            [(path, encoding) for path in self.paths for encoding in ("identity", "gzip")]
        )
        for number, (path, encoding) in enumerate(addresses):
            if self.done.is_set():
                break
            headers = {"Accept-Encoding": encoding}
            etag, body = known.get((path, encoding), ("", b""))
            if number % 3 and etag:
                headers["If-None-Match"] = etag
            started = time.monotonic()
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = response.read() or body
            known[path, encoding] = response.headers["ETag"], body
            self.note(f"page, {encoding}", response.status)
            if path in NEWS and response.status < 400:
                html = gzip.decompress(body) if encoding == "gzip" else body
                self.check_age(path, html.decode(), started)
            time.sleep(0.002)  # leave the processor to the site
        connection.close()

    def check_age(self, path, html, requested_at):
        """Note how long before `requested_at` a newer text than the one in `html` had been saved."""
        shown = int(re.search(r"Nummer (\d+)\.", html)[1])
        newer = self.saved_at.get(shown + 1)
        age = requested_at - newer if newer else 0
        self.max_age_seconds = max(self.max_age_seconds, age)
        if age > MAX_AGE_SECONDS:
            self.problems.append(f"{path} says {shown}, {age:.2f} s after {shown + 1} was saved")

    def edit(self):
        """Publish a new number each second; preview every fifth first."""
        editor = Editor(self.site.address)
        while not self.done.is_set():
            started = time.monotonic()
            number = self.number + 1
            if number % 5 == 1:
                text = f"Nummer {number}."
                preview = {"lead_sv": text, "lead_en": text, "_preview": "1"}
                response = editor.ask(editor.form, editor.open_copy() | preview)
                self.note("preview", response.status)
                assert text in response.html
            self.saved_at[number] = editor.publish(f"Nummer {number}.")
            self.number = number
            self.note("save", 200)
            self.done.wait(max(0, started + 1 - time.monotonic()))

    def send_feedback(self):
        visitor = Browser(self.site.address)
        while not self.done.is_set():
            response = visitor.ask("/aterkoppling/", {"address": "/", "helpful": "ja"})
            self.note("feedback", response.status)
            words = visitor.ask(response.headers["Location"], {"message": "Bra att veta."})
            self.note("feedback", words.status)
            self.done.wait(FEEDBACK_EVERY_SECONDS)

    def hang_up(self):
        """Abort a request for each hundred responses, in every way in turn."""

        def connect():
            return socket.create_connection(("127.0.0.1", self.site.port), 20)

        while not self.done.wait(1):
            missing = self.counts.total() // REQUESTS_PER_ABORTED - self.counts["aborted", 0]
            hang_up_often(connect, "localhost", missing)
            self.counts["aborted", 0] += missing

    # --- Results ---

    def thirds(self, figures):
        """Return the mean of `figures` in each third of the time."""
        third = len(figures) // 3
        return [mean(figures[start : start + third]) for start in (0, third, 2 * third)]

    def all_problems(self):
        """Return all problems, growth included, as a list of sentences."""
        problems = list(self.problems)
        first, _second, last = self.thirds(self.memory)
        if last > first * MAX_MEMORY_RATIO:
            problems.append(f"memory grew to {last / first:.2f} of what it was")
        first, _second, last = self.thirds(self.sockets)
        if last > first + MAX_MORE_SOCKETS:
            problems.append(f"sockets grew from {first:.1f} to {last:.1f} in each process")
        return problems


def run_load(folder, seconds):
    """Serve a site in `folder`, put it under load and return the `Load`."""
    with served(folder, FILL, WEB_CONCURRENCY="2") as site:
        load = Load(site)
        time.sleep(3)  # until both processes have warmed up
        load.run(seconds)
    return load


def main():
    minutes = float(os.environ.get("MINUTES", 10))
    with tempfile.TemporaryDirectory() as folder:
        load = run_load(Path(folder), 60 * minutes)
    for (kind, status), count in sorted(load.counts.items()):
        print(f"{kind:16} {status} {count:8}")
    print(f"pages at most {load.max_age_seconds:.2f} s behind the latest save")
    thirds = ", ".join(f"{memory:.1f}" for memory in load.thirds(load.memory))
    print(f"memory of all processes in each third of the time: {thirds} MiB")
    thirds = ", ".join(f"{sockets:.1f}" for sockets in load.thirds(load.sockets))
    print(f"sockets of each process in each third of the time: {thirds}")
    problems = load.all_problems()
    print(*(problems or ["no problems"]), sep="\n")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
