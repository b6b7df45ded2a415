"""Plans that other regions have decided, entered through the admin and read by a visitor."""

import re
from decimal import Decimal

import pytest

from blekinge_site.formats import format_number
from planning.models import BudgetTable
from planning.sums import sums_of
from tests.planning.entering import NAMES, enter
from tests.site import text_of
from tests.staff_forms import publish

pytestmark = pytest.mark.database_in_ci

UNITS = {
    "miljoner kronor": "msek",
    "mnkr": "msek",
    "miljarder kronor": "bsek",
}


def printed(number, table, locale="sv_SE"):
    """Return `number` as the pages print it in `table`."""
    pattern = "#,##0." + "0" * table.decimals if table.decimals else "#,##0"
    return format_number(str(number), format=pattern, locale=locale).replace("\xa0", " ")


def read(client, address):
    response = client.get(address)
    assert response.status_code == 200, address
    return text_of(response).replace("\xa0", " ")


@pytest.fixture(
    params=[NAMES[0], *(pytest.param(name, marks=pytest.mark.in_ci) for name in NAMES[1:])]
)
def entered(request, admin_client):
    """A plan and the data of its file; outside CI, only the first."""
    plan, data = enter(admin_client, request.param)
    publish(admin_client, plan)
    return plan, data


def test_every_figure_is_stored_as_it_is_decided(entered):
    plan, data = entered
    tables = list(BudgetTable.objects.filter(budget__plan=plan))
    assert [table.title_sv for table in tables] == [table["title"] for table in data["tables"]]
    for table, source in zip(tables, data["tables"], strict=True):
        assert table.unit == UNITS[source["unit"]]
        codes = [column.code for column in table.columns.all()]
        assert len(codes) == len(source["columns"])
        assert [
            (line.name_sv, line.kind, [line.amounts.get(code) for code in codes])
            for line in table.lines.all()
        ] == [
            (
                row["name"],
                row["kind"].replace(" ", "_"),
                [None if value is None else Decimal(str(value)) for value in row["values"]],
            )
            for row in source["rows"]
        ]


def test_every_goal_and_figure_is_on_its_page(entered, client):
    plan, data = entered
    page = read(client, plan.get_absolute_url())
    assert data["document"] in page
    goals = [goal for each in data.get("perspectives", []) for goal in each["goals"]]
    assert [goal for goal in goals if goal not in page] == []
    budget = plan.budgets.get()
    swedish = read(client, budget.get_absolute_url())
    english_address = budget.get_absolute_url().replace("/regionplan/", "/en/regional-plan/")
    english = read(client, english_address)
    for table, source in zip(budget.tables.all(), data["tables"], strict=True):
        for row in source["rows"]:
            values = [value for value in row["values"] if value is not None]
            amounts = " ".join(
                "saknas" if value is None else printed(value, table) for value in row["values"]
            )
            assert amounts in swedish, row
            for value in values:
                assert printed(value, table, "en_GB") in english, row
    rate = data.get("tax_rate", {}).get(str(data["first_year"]))
    assert (rate is None) or rate.replace(".", ",") in swedish
    for code in {column.code for table in budget.tables.all() for column in table.columns.all()}:
        read(client, f"{budget.get_absolute_url()}{code}/")


def test_nothing_is_said_that_the_plan_does_not_say(entered, client):
    plan, data = entered
    pages = [
        read(client, address)
        for address in ("/", plan.get_absolute_url(), plan.budgets.get().get_absolute_url())
    ]
    has_perspectives = any(each["name"] for each in data.get("perspectives", []))
    label = data.get("goals_label")
    for page in pages:
        if not has_perspectives:
            assert "erspektiv" not in page
            assert not re.search(r"\d av \d", page)
        if label:
            assert "nriktningsmål" not in page
        for empty in ("None", "insatsområden", "()", " ,", "inga "):
            assert empty not in page, empty
    assert ("Det här är ett förslag." in pages[1]) == ("förslag" in data["document"])
    pdf = client.get(f"{plan.get_absolute_url().rstrip('/')}.pdf")
    assert pdf.content.startswith(b"%PDF-")


def test_the_sums_that_can_be_checked_are(admin_client, db):
    plan, _data = enter(admin_client, "sjobo_2024")
    for table in BudgetTable.objects.filter(budget__plan=plan):
        lines, columns = list(table.lines.all()), list(table.columns.all())
        sums = sums_of(lines, columns, table.precision)
        assert {entry.adds_up for entry in sums.values()} == {True}
        # The second table begins with a sum whose terms it doesn't hold.
        checked = [line for line in lines[1:] if line.is_sum]
        assert len(sums) == len(checked) * len(columns)


def test_frames_that_are_rounded_by_the_hundred_are_explained(admin_client, client, db):
    plan, _data = enter(admin_client, "stockholm_2024")
    publish(admin_client, plan)
    page = read(client, plan.budgets.get().get_absolute_url())
    assert "97 985 räknat, 98 000 beslutat." in page
    assert plan.get_absolute_url() == "/regionplan/2024/"
    assert "Övergripande mål: Kollektivtrafiken är tillgänglig och attraktiv" in read(
        client, plan.get_absolute_url()
    )
    assert "Beslutad av fullmäktige 8 november 2023." in read(client, plan.get_absolute_url())
