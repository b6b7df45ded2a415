"""Measure how the cost of the site's work grows with its content: `make growth`.

Two databases are filled (fill.py): a plan and 15 pages, and twenty times that in twenty versions. The table
has queries and CPU seconds at both sizes. Staff pages are requested in this process with empty caches; the
other rows are commands and a served site. The databases are SQLite files, whose CPU time is that of the
process that queries them. `ON=postgresql` uses a PostgreSQL server, whose CPU time isn't counted.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import django

from tests.serving import ROOT, Served, fields_of, postgresql

TIMES = (1, 20)
WARM_WITHIN_SECONDS = 300
WITHOUT_FORM_OF_NEW = {"regionprofile", "feedback", "budgetcolumn", "budgetline"}
IDLE_CPU_SECONDS = 0.1  # of all processes in a second; less than warming up takes


def cost_of(action, *, rounds=3):
    """Return the queries and CPU seconds of `action`, the least of `rounds`; each is rolled back."""
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    costs = []
    for _round in range(rounds):
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            started = time.process_time()
            action()
            costs.append((len(queries), round(time.process_time() - started, 3)))
            transaction.set_rollback(True)
    return min(costs, key=lambda cost: cost[1])


class Staff:
    """A superuser in the admin, with a working copy and a draft to work on."""

    def __init__(self):
        from django.contrib import admin
        from django.contrib.auth.models import User
        from django.test import Client

        from pages.models import Page, RegionProfile
        from planning.models import RegionalPlan

        self.client = Client(SERVER_NAME="localhost")
        user = User.objects.create_superuser("matare", password="prova-allting-2026")
        self.client.force_login(user)
        self.models = list(admin.site._registry)
        self.published = {
            model: model.objects.published().last() for model in (RegionalPlan, Page, RegionProfile)
        }

    def get(self, path):
        # The form of a line of a budget leads to that of its table.
        response = self.client.get(path, follow=True)
        assert response.status_code == 200, (path, response.status_code)
        return response

    def post(self, path, **fields):
        response = self.client.post(path, fields)
        assert response.status_code == 302, (path, response.status_code)
        return response

    def publish(self, row):
        path = self.address(row, "publicera")
        return self.post(path, **fields_of(self.get(path).text))

    def address(self, row, word):
        meta = row._meta
        return f"/admin/{meta.app_label}/{meta.model_name}/{row.pk}/{word}/"

    def pages(self):
        """Yield each action of staff as a pair of a name and a function."""
        from django.core.cache import cache
        from django.urls import reverse

        def load_desk_anew():
            cache.clear()
            self.get("/admin/")

        yield "desk, nothing known", load_desk_anew
        yield "desk, again", lambda: self.get("/admin/")
        yield "feedback per page", lambda: self.get("/admin/pages/feedback/per-sida/")
        for model in self.models:
            meta = model._meta
            name = f"admin:{meta.app_label}_{meta.model_name}"
            yield (
                f"list: {meta.verbose_name_plural}",
                lambda n=name: self.get(reverse(f"{n}_changelist")),
            )
            row = model._base_manager.last()
            if row and meta.app_label in {"pages", "planning"}:
                yield (
                    f"form: {meta.verbose_name}",
                    lambda r=row: self.get(self.address(r, "change")),
                )
                if meta.model_name not in WITHOUT_FORM_OF_NEW:
                    yield f"new: {meta.verbose_name}", lambda n=name: self.get(reverse(f"{n}_add"))
        for published in self.published.values():
            yield from self.work_on(published)

    def work_on(self, published):
        from pages.models import Revision
        from pages.publishing.versions import working_copy

        name = published._meta.verbose_name
        yield (
            f"make a working copy: {name}",
            lambda: self.post(self.address(published, "arbetskopia")),
        )
        working = working_copy(published)
        yield f"publish page: {name}", lambda: self.get(self.address(working, "publicera"))
        yield f"publish: {name}", lambda: self.publish(working)
        yield f"history: {name}", lambda: self.get(self.address(working, "history"))
        revisions = list(Revision.objects.of(working).values_list("pk", flat=True)[:2])
        if revisions:
            query = f"?fran={revisions[-1]}&till={revisions[0]}"
            yield f"compare: {name}", lambda: self.get(self.address(working, "history") + query)
            yield (
                f"restore a version: {name}",
                lambda: self.post(self.address(working, "aterstall"), version=revisions[-1]),
            )
        yield f"form of a working copy: {name}", lambda: self.get(self.address(working, "change"))
        yield f"preview link: {name}", lambda: self.get(self.address(working, "dela"))
        yield (
            f"deleted: {name}",
            lambda: self.get(self.address(working, "x").replace(f"{working.pk}/x", "borttaget")),
        )
        yield f"delete page: {name}", lambda: self.get(self.address(working, "delete"))
        yield f"delete: {name}", lambda: self.post(self.address(working, "delete"), post="yes")


def visitors_pages():
    """Yield the public pages, the sitemap and the content version as pairs of a name and a function."""
    from django.test import Client

    from pages.models import Page
    from pages.publishing.content_version import current
    from planning.models import RegionalPlan

    client = Client(SERVER_NAME="localhost")

    def get(path):
        response = client.get(path)
        assert response.status_code == 200, (path, response.status_code)
        b"".join(response)

    plan = RegionalPlan.objects.published().first()
    paths = {
        "start": "/",
        "profile": "/om-region-blekinge/",
        "a page": Page.objects.published().last().get_absolute_url(),
        "current plan": "/regionplan/",
        "a plan": plan.get_absolute_url(),
        "a perspective": plan.perspectives.first().get_absolute_url(),
        "a budget": plan.budgets.first().get_absolute_url(),
        "a document": plan.documents.first().get_absolute_url(),
        "pdf of a plan": plan.get_absolute_url().rstrip("/") + ".pdf",
        "sitemap": "/sitemap.xml",
    }
    for name, path in paths.items():
        yield name, lambda p=path: get(p)
    yield "content version, four times a second", current


def in_process():
    """Measure staff and public pages in this process; print JSON `{name: [queries, seconds]}`."""
    django.setup()
    costs = {}
    for name, action in [*visitors_pages(), *Staff().pages()]:
        costs[name] = cost_of(action)
    print(json.dumps(costs))


# --- Commands and a served site --------------------------------------------------------------------


def cpu_seconds_of(command, environment):
    """Run `command` to its end; return its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cpu_seconds_so_far(processes):
    stats = [
        Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        for process in processes
    ]
    return sum(int(values[11]) + int(values[12]) for values in stats) / os.sysconf("SC_CLK_TCK")


def warming_up(site):
    """Return the CPU seconds of the processes of `site`, just started, until all are idle."""
    processes = site.workers()
    before, ends = 0, time.monotonic() + WARM_WITHIN_SECONDS
    while time.monotonic() < ends:
        time.sleep(1)
        now = cpu_seconds_so_far(processes)
        if now - before < IDLE_CPU_SECONDS:
            break
        before = now
    return now


class Size:
    """A site `times` as large as the smallest, with its database at `address`, and its costs."""

    def __init__(self, folder, times, address=None):
        self.folder, self.costs = folder, {}
        folder.mkdir()
        environment = {"DATABASE_URL": address} if address else {}
        self.site = Served(folder, **environment)
        self.note("filling", self.run("tests.benchmarks.fill", str(times)))

    def note(self, name, seconds, queries=None):
        self.costs[name] = queries, seconds

    def run(self, module, *arguments):
        command = [sys.executable, "-m", module, *arguments]
        return cpu_seconds_of(command, self.site.environment)

    def measure(self):
        """Fill `costs` with the queries, or None, and the seconds or MiB of each row of the table."""
        command = [sys.executable, "-m", "tests.benchmarks.growth", "--in-process"]
        output = subprocess.run(
            command, cwd=ROOT, env=self.site.environment, check=True, capture_output=True, text=True
        ).stdout
        self.costs |= json.loads(output.splitlines()[-1])
        file = self.folder / "backup"
        manage = [sys.executable, "manage.py"]
        self.note("backup", cpu_seconds_of([*manage, "backup", file], self.site.environment))
        self.note("backup, MiB", file.stat().st_size / 2**20)
        restore = [*manage, "restore", "--replace", file]
        self.note("restore", cpu_seconds_of(restore, self.site.environment))
        with self.site.running():
            self.note("warm-up of two processes", warming_up(self.site))
            self.note("memory of all processes, MiB", self.site.pss())


@contextmanager
def database():
    """Yield the address of a new database: None for an SQLite file, or a PostgreSQL where ON says so."""
    if os.environ.get("ON") != "postgresql":
        yield None
        return
    with postgresql() as server:
        yield server.address


def table(sizes):
    """Return the table of `sizes`, the smallest first, as rows of strings."""
    small, large = sizes
    for name, (queries, cost) in large.costs.items():
        before = small.costs.get(name, (None, 0))
        counts = "" if queries is None else f"{before[0]} → {queries}"
        yield name, counts, f"{before[1]:.2f}", f"{cost:.2f}"


def main():
    sizes = []
    with tempfile.TemporaryDirectory() as folder:
        for times in TIMES:
            with database() as address:
                print(f"Filling {times} and measuring.", file=sys.stderr)
                sizes.append(Size(Path(folder, str(times)), times, address))
                sizes[-1].measure()
    head = ("what", "queries", *(f"CPU s, or MiB, at {times} ×" for times in TIMES))
    for row in (head, ("---", "---:", "---:", "---:"), *table(sizes)):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    in_process() if "--in-process" in sys.argv else main()
