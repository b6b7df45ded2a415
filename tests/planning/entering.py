"""Enters a plan as staff do: with the forms of the admin and with files to import.

The files in `real_plans/` hold facts from public pages of other regions; `source` says which. Their tables
have lines with `values` in the order of `columns`, null if the source lacks them.
"""

import json
from pathlib import Path

from planning.models import Budget, RegionalPlan
from tests.planning.review_pages import confirm, upload
from tests.planning.table_files import csv_of, workbook_of
from tests.site import text_of
from tests.staff_forms import change

FOLDER = Path(__file__).with_name("real_plans")
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
SINGULAR = {"Strategiska mål": "Strategiskt mål", "Övergripande mål": "Övergripande mål"}
EMPTY = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0"}


def enter(client, name):
    """Enter the plan `name` through `client`, a signed-in superuser; return it and the data of its file."""
    data = json.loads((FOLDER / f"{name}.json").read_text())
    plan = add_plan(client, data)
    add_goals(client, plan, data.get("perspectives", []))
    budget = add_budget(client, plan, data)
    for table in data["tables"]:
        add_table(client, budget, table)
    return plan, data


def empty_inlines(*prefixes):
    return {f"{prefix}-{name}": value for prefix in prefixes for name, value in EMPTY.items()}


def post(client, address, form):
    response = client.post(address, form)
    assert response.status_code == 302, response.context["errors"]


def add_plan(client, data):
    is_proposal = "förslag" in data["document"]
    region = data["region"].partition(" (")[0]
    goals = data.get("goals_label", "")
    form = {
        "first_year": data["first_year"],
        "last_year": data["last_year"],
        "title_sv": data["document"],
        "lead_sv": f"Planen för {region}.",
        "responsible_sv": region,
        "goal_label_sv": SINGULAR.get(goals, ""),
        "goal_label_plural_sv": goals,
        "decisions-TOTAL_FORMS": "1",
        "decisions-INITIAL_FORMS": "0",
        "decisions-0-kind": "proposed" if is_proposal else "decided",
        "decisions-0-decided_on": data.get("decided_on", ""),
        "decisions-0-decided_by_sv": "regionstyrelsen" if is_proposal else "fullmäktige",
    }
    form |= empty_inlines("perspectives", "documents")
    post(client, "/admin/planning/regionalplan/add/", form)
    return RegionalPlan.objects.get(first_year=data["first_year"], last_year=data["last_year"])


def add_goals(client, plan, perspectives):
    """Import the goals from a csv file, which has a column for perspectives if there are any."""
    rows = [(each["name"], goal) for each in perspectives for goal in each["goals"]]
    if not rows:
        return
    if any(name for name, _goal in rows):
        file = csv_of("Perspektiv;Mål", *(f"{name};{goal}" for name, goal in rows))
    else:
        file = csv_of("Mål", *(goal for _name, goal in rows))
    import_file(client, plan, file, "mal.csv")


def add_budget(client, plan, data):
    year = str(data["first_year"])
    rate = data.get("tax_rate", {}).get(year, "").replace(".", ",")
    form = {"plan": plan.pk, "year": year, "tax_rate": rate} | empty_inlines("tables")
    post(client, "/admin/planning/budget/add/", form)
    return Budget.objects.get(plan=plan)


def add_table(client, budget, table):
    """Import a workbook such as finance makes, with a title, a unit, headings and rows, and set the kinds."""
    rows = [[table["title"]], [table["unit"]], ["Benämning", *table["columns"]]]
    rows += [[row["name"], *row["values"]] for row in table["rows"]]
    import_file(client, budget, workbook_of(*rows), f"{table['title']}.xlsx")
    saved = budget.tables.order_by("pk").last()
    kinds = {
        f"lines-{number}-kind": row["kind"].replace(" ", "_")
        for number, row in enumerate(table["rows"])
    }
    change(client, saved, **kinds)


def import_file(client, obj, content, name):
    """Import a file to `obj`, accepting what the review proposes."""
    page = confirm(client, obj, upload(client, obj, content, name))
    if not page.redirect_chain:  # the review asks something, and its first answer is chosen
        page = confirm(client, obj, page)
    assert page.redirect_chain, text_of(page)
