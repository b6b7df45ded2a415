"""Measure the site and the servers it is compared with, in turns, and print a table: `make bench`.

Everything runs on this machine over loopback. A figure is the median of all rounds. A ratio is taken
within a round, so that other work on the machine affects both sides. ROUNDS and SECONDS (per measurement)
can be set in the environment. It needs wrk, and skips nginx if that isn't installed.
"""

import datetime as dt
import http.client
import os
import pickle
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import count, islice, repeat
from pathlib import Path

from tests.serving import ROOT, Served, children, free_port, pss

ROUNDS = int(os.environ.get("ROUNDS", 5))
SECONDS = int(os.environ.get("SECONDS", 3))
CONNECTIONS = 16
START_WITHIN_SECONDS = 60
PLAN = "/regionplan/2019-2021/"
ENCODINGS = {"plain": "identity", "gzip": "gzip", "Brotli": "br"}

# Nineteen more plans, each with a budget a year, for the periods before the measured plan's.
MORE_CONTENT = """
from planning.copying import copy_to_period
from planning.models import BudgetLine, RegionalPlan
from pages.publishing.versions import as_data, build
plan = RegionalPlan.objects.get()
for number in range(1, 20):
    first = plan.first_year - 3 * number
    copy = copy_to_period(plan, first, first + 2)
    budget = copy.budgets.get()
    for year in (first + 1, first + 2):
        build(as_data(budget), plan_id=copy.pk, year=year)
    copy.status = "published"
    copy.save()
"""

NGINX = """
{user}
worker_processes 2;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log crit;
events {{ worker_connections 256; }}
http {{
    access_log off;
    types {{ text/html html; }}
    gzip_static on;
    keepalive_requests 1000000;
    server {{ listen 127.0.0.1:{port}; root {folder}/files; }}
}}
"""


class Running:
    """A running server to measure, started as a child process; `path` is a page of it."""

    def __init__(self, command, port, path="/", **environment):
        self.port = port
        started = time.perf_counter()
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stderr=subprocess.DEVNULL
        )
        while self.status_of(path) != 200:
            is_late = time.perf_counter() - started > START_WITHIN_SECONDS
            if self.process.poll() is not None or is_late:
                sys.exit(f"{command[0]} did not start.")
        self.seconds_to_first_200 = time.perf_counter() - started

    def status_of(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            time.sleep(0.005)
        finally:
            connection.close()

    def processes(self):
        return [self.process.pid, *children(self.process.pid)]

    def cpu_seconds(self):
        fields = [
            Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            for number in self.processes()
        ]
        ticks = sum(int(user) + int(system) for *_head, user, system in (f[:13] for f in fields))
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def gunicorn(port, *arguments):
    return [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", *arguments]


def site(served, **environment):
    """Start the site of `served`, whose database is filled already."""
    return Running(gunicorn(served.port), served.port, PLAN, **served.environment | environment)


def bare(responses_path, *arguments):
    port = free_port()
    return Running(
        gunicorn(port, "--config", "/dev/null", *arguments), port, "/plain", BARE=responses_path
    )


def fetch(running, path, encoding="identity", **headers):
    """Return the status, headers and body of the page at `path`, and the seconds it took."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    host = {"Host": f"127.0.0.1:{running.port}", "Accept-Encoding": encoding}
    started = time.perf_counter()
    connection.request("GET", path, headers=host | headers)
    response = connection.getresponse()
    body = response.read()
    seconds = time.perf_counter() - started
    connection.close()
    return response.status, response.headers, body, seconds


def requests_a_second(running, path, *headers):
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s"]
    for header in headers:
        command += ["-H", header]
    output = subprocess.run(
        [*command, f"http://127.0.0.1:{running.port}{path}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    if re.search("Non-2xx|Socket errors", output) and "304" not in " ".join(headers):
        sys.exit(f"Errors while measuring {path}:\n{output}")
    return float(re.search(r"Requests/sec: +([\d.]+)", output)[1])


def cpu_milliseconds(running, paths, count, method="GET"):
    """Return the mean CPU time of `count` requests for the iterator `paths`, all on the same connection."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    before = running.cpu_seconds()
    for path in islice(paths, count):
        connection.request(method, path)
        connection.getresponse().read()
    connection.close()
    return (running.cpu_seconds() - before) / count * 1000


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.rounds = []
        self.small_data, self.large_data = self.fill("one"), self.fill("twenty", MORE_CONTENT)

    def fill(self, name, code=None):
        folder = self.folder / name
        folder.mkdir()
        served = Served(folder)
        served.manage("migrate", "--verbosity", "0")
        served.manage("load_fixtures")
        if code:
            served.run(code)
        return served

    def write_responses(self):
        """Write the site's responses for the bare applications and nginx; return the pickle's path."""
        running, responses = site(self.small_data), {}
        self.cold = [fetch(running, "/om-region-blekinge/")[3]]
        files = self.folder / "files"
        files.mkdir()
        self.bytes = {}
        for name, encoding in ENCODINGS.items():
            while True:  # the cache compresses with Brotli in the background
                _status, headers, body, _seconds = fetch(running, PLAN, encoding)
                if headers.get("Content-Encoding", "identity") == encoding:
                    break
            kept = [pair for pair in headers.items() if pair[0].lower() not in {"date", "server"}]
            responses[f"/{name}"] = "200 OK", kept, body
            self.bytes[name] = len(body)
            about = {"content-length", "content-type", "content-encoding"}
            of_304 = [pair for pair in kept if pair[0].lower() not in about]
            responses[f"/304-{name}"] = "304 Not Modified", of_304, b""
        self.etag = dict(responses["/gzip"][1])["etag"]
        (files / "plain.html").write_bytes(responses["/plain"][2])
        (files / "gzip.html").write_bytes(b"")
        (files / "gzip.html.gz").write_bytes(responses["/gzip"][2])
        running.stop()
        path = self.folder / "responses"
        path.write_bytes(pickle.dumps(responses))
        return str(path)

    def start(self):
        self.bare = self.write_responses()
        self.gthread = self.start_gthread()
        loop = ["--workers", "2", "--worker-class", "asgi", "--asgi-lifespan", "off"]
        self.asgi = bare(self.bare, *loop, "tests.benchmarks.bare:asgi")
        self.site, self.larger = site(self.small_data), site(self.large_data)
        served = Served(self.folder / "one")
        self.uncached = site(served, PAGE_CACHE="off", WEB_CONCURRENCY="1")
        served = Served(self.folder / "twenty")
        self.uncached_larger = site(served, PAGE_CACHE="off", WEB_CONCURRENCY="1")
        self.nginx = self.start_nginx()

    def start_gthread(self):
        threads = ["--workers", "2", "--worker-class", "gthread", "--threads", "4"]
        return bare(self.bare, *threads, "tests.benchmarks.bare:wsgi")

    def start_nginx(self):
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if not program:
            print("nginx is not installed, and left out.")
            return None
        port, settings = free_port(), self.folder / "nginx.conf"
        # The workers of nginx must be able to read the folder.
        user = "user root;" if os.getuid() == 0 else ""
        settings.write_text(NGINX.format(folder=self.folder, port=port, user=user))
        return Running([program, "-c", str(settings)], port, "/plain.html")

    def stop(self):
        for running in vars(self).values():
            if isinstance(running, Running):
                running.stop()

    def measure(self):
        """Run one round; return its figures by (server, measurement)."""
        figures = {}
        for name, encoding in list(ENCODINGS.items()):
            accept = f"Accept-Encoding: {encoding}"
            for server in (self.site, self.larger):
                fetch(server, PLAN, encoding)
            figures["gthread", name] = requests_a_second(self.gthread, f"/{name}")
            figures["site", name] = requests_a_second(self.site, PLAN, accept)
            figures["asgi", name] = requests_a_second(self.asgi, f"/{name}")
            figures["larger", name] = requests_a_second(self.larger, PLAN, accept)
            if self.nginx and name != "Brotli":
                figures["nginx", name] = requests_a_second(self.nginx, f"/{name}.html", accept)
        gzip = "Accept-Encoding: gzip"
        figures["site", "query"] = requests_a_second(self.site, f"{PLAN}?fbclid=1", gzip)
        missing = (f"/finns-inte-{number}/" for number in count())
        figures["site", "missing"] = cpu_milliseconds(self.site, missing, 500)
        known = f"If-None-Match: {self.etag}"
        figures["gthread", "304"] = requests_a_second(self.gthread, "/304-gzip", known)
        figures["site", "304"] = requests_a_second(self.site, PLAN, gzip, known)
        # wrk waits for a body that a HEAD response doesn't have, so HEAD is compared by CPU time.
        figures["gthread", "HEAD"] = 1 / cpu_milliseconds(
            self.gthread, repeat("/plain"), 2000, "HEAD"
        )
        figures["site", "HEAD"] = 1 / cpu_milliseconds(self.site, repeat(PLAN), 2000, "HEAD")
        figures["gthread", "cpu"] = cpu_milliseconds(self.gthread, repeat("/plain"), 2000)
        figures["uncached", "cpu"] = cpu_milliseconds(self.uncached, repeat(PLAN), 100)
        figures["uncached_larger", "cpu"] = cpu_milliseconds(
            self.uncached_larger, repeat(PLAN), 100
        )
        restarted = site(Served(self.folder / "one"))
        figures["site", "start"] = restarted.seconds_to_first_200
        empty = self.start_gthread()
        figures["gthread", "start"] = empty.seconds_to_first_200
        empty.stop()
        for path in ("/", "/om-region-blekinge/", PLAN, "/en/", "/regionplan/2019-2021.pdf"):
            fetch(restarted, path)
        time.sleep(2)  # until the warm-up has filled the cache
        master, *workers = restarted.processes()
        figures["workers", "memory"], figures["master", "memory"] = pss(*workers), pss(master)
        restarted.stop()
        cold = site(Served(self.folder / "one"), PAGE_CACHE="off")
        figures["site", "cold"] = fetch(cold, "/om-region-blekinge/")[3] * 1000
        cold.stop()
        return figures

    def median(self, *key):
        return statistics.median(figures[key] for figures in self.rounds)

    def ratio(self, server, other, name):
        return statistics.median(
            figures[server, name] / figures[other, name] for figures in self.rounds
        )

    def table(self):
        rows = [("what", "figure", "ratio")]
        for name in ("plain", "gzip", "Brotli", "304", "HEAD"):
            ratio = self.ratio("site", "gthread", name)
            text = f"{self.median('site', name):,.0f}/s"
            if name == "HEAD":
                text = f"{self.median('site', name):.1f} a CPU-ms"
            rows.append((f"warm plan page, {name}, over bare gthread", text, f"{ratio:.2f}"))
        for name in ENCODINGS:
            rows.append(self.row_for("the same, {}, over a bare asgi application", "asgi", name))
        for name in ("plain", "gzip"):
            if self.nginx:
                rows.append(self.row_for("the same, {}, over nginx with the file", "nginx", name))
        for name in ("plain", "gzip"):
            ratio = self.ratio("larger", "site", name)
            text = f"{self.median('larger', name):,.0f}/s"
            rows.append((f"with 20 times the plans, {name}, over one", text, f"{ratio:.2f}"))
        ratio = statistics.median(
            figures["site", "query"] / figures["site", "gzip"] for figures in self.rounds
        )
        text = f"{self.median('site', 'query'):,.0f}/s"
        rows.append(("warm plan page, gzip, with a query string, over none", text, f"{ratio:.2f}"))
        cpu = f"{self.median('site', 'missing'):.1f} ms"
        rows.append(("CPU of an address without a page, each another", cpu, ""))
        cpu = f"{self.median('uncached', 'cpu'):.1f} ms"
        ratio = self.ratio("uncached", "gthread", "cpu")
        rows.append(("CPU of an uncached plan page, over the bare request", cpu, f"{ratio:.0f}"))
        cpu = f"{self.median('uncached_larger', 'cpu'):.1f} ms"
        ratio = self.ratio("uncached_larger", "uncached", "cpu")
        rows.append(("the same with 20 times the plans, over one", cpu, f"{ratio:.2f}"))
        ratio = f"{self.ratio('site', 'gthread', 'start'):.1f}"
        rows.append(("start to first 200", f"{self.median('site', 'start'):.2f} s", ratio))
        rows.append(
            ("first page of all, nothing stored", f"{self.median('site', 'cold'):.0f} ms", "")
        )
        for name, text in (("workers", "two workers"), ("master", "gunicorn's first process")):
            memory = f"{self.median(name, 'memory'):.0f} MiB"
            rows.append((f"memory of {text}, PSS, after all pages and the PDF", memory, ""))
        for name in ENCODINGS:
            ratio = self.bytes[name] / self.bytes["plain"]
            rows.append(
                (f"plan page, {name}, over plain", f"{self.bytes[name]:,} B", f"{ratio:.2f}")
            )
        return rows

    def row_for(self, text, other, name):
        figure = f"{self.median(other, name):,.0f}/s"
        return text.format(name), figure, f"{self.ratio('site', other, name):.2f}"


def main():
    if not shutil.which("wrk"):
        sys.exit("wrk makes the load. Install it (Debian's package is wrk).")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        try:
            bench.start()
            for number in range(ROUNDS):
                print(f"Round {number + 1} of {ROUNDS}.", flush=True)
                bench.rounds.append(bench.measure())
        finally:
            bench.stop()
    today = dt.datetime.now(dt.UTC).date()
    print(
        f"\n{today}, {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"{CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s\n"
    )
    head, *rows = bench.table()
    for row in (head, ("---", "---:", "---:"), *rows):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
