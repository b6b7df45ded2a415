"""Content of earlier versions of the site, carried over by migrations."""

import json
import os
import subprocess
import sys

import pytest

from tests.serving import ROOT

pytestmark = pytest.mark.processes

# Restores the only revision as a working copy, and prints what it holds.
RESTORE = """
from pages.models import Revision
from pages.publishing.history import restore
from planning.models import RegionalPlan
copy = restore(Revision.objects.get())
table = copy.budgets.get().tables.get()
print([str(d.decided_by_sv) for d in copy.decisions.all()])
print([(g.slug, g.perspective.slug, g.focus_areas.count()) for g in copy.goals.all()])
print([(c.code, c.kind) for c in table.columns.all()])
print([(line.code, {code: str(a) for code, a in line.amounts.items()}) for line in table.lines.all()])
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a function that runs Python on a database of the version before, once migrated."""
    file = tmp_path_factory.mktemp("before") / "db.sqlite3"
    env = os.environ | {
        "DATABASE_URL": f"sqlite:///{file}",
        "DJANGO_SETTINGS_MODULE": "blekinge_site.settings",
        "SECRET_KEY": "x" * 50,
        "PYTHONPATH": str(ROOT),
    }

    def run(*arguments):
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("tests/planning/before_any_plan.py")
    run("manage.py", "migrate", "--verbosity", "0")
    return run


@pytest.fixture(scope="module")
def rows(run):
    """Return a function that returns the fields of all rows of a model of `planning`."""
    everything = json.loads(
        run("manage.py", "dumpdata", "planning", "--natural-primary", "--natural-foreign")
    )

    def rows(model, *names):
        objects = [row["fields"] for row in everything if row["model"] == f"planning.{model}"]
        return [tuple(fields[name] for name in names) for fields in objects]

    return rows


def test_budgets_become_tables_with_their_amounts(rows):
    assert rows("budgettable", "budget", "title_sv", "unit", "decimals", "note_sv") == [
        ([2019, 2021, 2019], "Resultatbudget", "msek", 1, ""),
        ([2019, 2021, 2020], "Resultatbudget", "ksek", 1, ""),
        ([2019, 2021, 2021], "Resultatbudget", "msek", 1, "Enhet: euro"),
    ]
    assert rows("budgetcolumn", "code", "kind", "year", "name_sv") == [
        ("budget-2019", "budget", 2019, ""),
        ("utfall-2019", "outcome", 2019, "Utfall"),
        ("budget-2020", "budget", 2020, ""),
        ("budget-2021", "budget", 2021, ""),
    ]
    assert sorted(rows("budgetline", "code", "kind", "amounts"), key=str) == sorted(
        [
            ("kostnader", "item", {"budget-2019": "-6198.0"}),
            ("resultat", "result", {"budget-2019": "59.3", "utfall-2019": "61.8"}),
            ("kostnader", "item", {"budget-2020": "-6198.0"}),
            ("resultat", "result", {"budget-2020": "59.3"}),
            ("kostnader", "item", {"budget-2021": "-6198.0"}),
            ("resultat", "result", {"budget-2021": "59.3"}),
        ],
        key=str,
    )


def test_decisions_become_rows_and_goals_know_their_plan(rows):
    assert rows("decision", "plan", "kind", "decided_on", "decided_by_sv", "decided_by_en") == [
        ([2019, 2021], "decided", "2018-11-26", "regionfullmäktige", "the Regional Council")
    ]
    assert rows("goal", "plan", "perspective", "slug") == [
        ([2019, 2021], [2019, 2021, "ekonomi"], "balans")
    ]


def test_the_history_can_still_be_restored(run):
    assert run("manage.py", "shell", "--no-imports", "--command", RESTORE).splitlines() == [
        "['regionfullmäktige']",
        "[('balans', 'ekonomi', 1)]",
        "[('budget-2019', 'budget')]",
        "[('resultat', {'budget-2019': '59.3'})]",
    ]
