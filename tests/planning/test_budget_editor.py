"""The form of a budget's table: columns, lines, amounts and checks. tests/browser/ does it in a browser."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pages.publishing.history import differences
from pages.publishing.versions import as_data
from planning.models import NONE, Budget, BudgetTable
from tests.accounts import make_account
from tests.factories import make_budget, make_plan, make_table
from tests.site import text_of
from tests.staff_forms import admin_address, change, form_of

pytestmark = pytest.mark.database_in_ci


@pytest.fixture
def budget(db):
    return make_budget(make_plan(status="draft"), 2019)


@pytest.fixture
def table(budget):
    """A table whose sums fit exactly, by rounding, and not at all."""
    return make_table(
        budget,
        [
            ("item", ["988.3"]),
            ("item", ["-6198.0"]),
            ("subtotal", ["-5209.7"]),
            ("item", ["4111.8"]),
            ("item", ["1393.2"]),
            ("subtotal", ["5517.4"]),
            ("result", ["295.2"]),
        ],
    )


def submitted(admin_client, table, **fields):
    """Submit the form of `table` with changed `fields`; return the response, which shows the form again."""
    data = form_of(admin_client.get(admin_address(table)))
    response = admin_client.post(admin_address(table), data | fields)
    assert response.status_code == 200, "it was saved"
    return response


def grid_of(response):
    [grid] = [
        inline.formset.grid
        for inline in response.context["inline_admin_formsets"]
        if inline.formset.prefix == "lines"
    ]
    return grid


def checks_of(response):
    """Return what the checks say, for the lines that have one: `{name: (words, details)}`."""
    return {
        row.line.name: (row.check.words, row.check.details)
        for row in grid_of(response).rows
        if row.check
    }


def errors_of(response):
    """Return the errors of all rows: `[(number of the row, label, text), …]`."""
    return [(row.number, *error) for row in grid_of(response).rows for error in row.errors]


def amounts_of(table, column="budget-2019"):
    return [line.amounts.get(column) for line in table.lines.all()]


def rows_of(before, after):
    """Return the differing fields of lines in the history: `{name of the line: [(field, HTML), …]}`."""
    entries = differences(before, after)
    return {each["name"]: each["fields"] for each in entries if each["model"] == "budgetrad"}


# --- Cells -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("−6 198,0", Decimal("-6198.0")),
        ("-6198", Decimal("-6198.0")),
        ("\u20136\u2009198,00", Decimal("-6198.0")),
        ("(6 198,0)", Decimal("-6198.0")),
        ("6.198,0-", Decimal("-6198.0")),
        ("-", NONE),
        (" \u2013 ", NONE),
        ("\u2212", NONE),
        ("", None),
        ("  ", None),
    ],
)
def test_a_cell_is_an_amount_a_dash_or_missing(admin_client, table, written, amount):
    change(admin_client, table, **{"lines-0-amount_budget-2019": written})
    assert amounts_of(table)[0] == amount
    assert ("budget-2019" in table.lines.first().amounts) == (amount is not None)


def test_amounts_are_shown_with_the_decimals_of_the_table(admin_client, budget):
    lines = [("item", ["-6198", NONE, None])]
    columns = [("outcome", 2017), ("budget", 2018), ("budget", 2019)]
    table = make_table(budget, lines, columns, decimals=2)
    [row, *_extra] = grid_of(admin_client.get(admin_address(table))).rows
    shown = [cell.field.value() for cell in row.amounts]
    assert shown == ["\u22126\u00a0198,00", "\u2013", None]


@pytest.mark.parametrize("written", ["98 8,3", "1 079 512 tkr", "59,3 %", "59,3 1)"])
def test_a_cell_that_can_be_misread_is_refused(admin_client, table, written):
    response = submitted(admin_client, table, **{"lines-0-amount_budget-2019": written})
    [(row, label, text)] = errors_of(response)
    assert (row, label, text.partition(".")[0]) == (
        1,
        "Budget 2019",
        f"”{written}” är inget belopp",
    )


@pytest.mark.parametrize(
    ("written", "decimals", "message"),
    [
        (
            "sextusen",
            1,
            "”sextusen” är inget belopp. Skriv ett tal, till exempel 59,3 eller −6 198,0, "
            "ett streck om det inte finns något belopp, eller lämna tomt om det saknas.",
        ),
        (
            "988,35",
            1,
            "Tabellen har en decimal, men 988,35 har fler. Skriv beloppet som det är beslutat, "
            "eller ge tabellen fler decimaler.",
        ),
        (
            "59,3",
            0,
            "Tabellen har hela tal, men 59,3 har fler. Skriv beloppet som det är beslutat, "
            "eller ge tabellen fler decimaler.",
        ),
        ("1234567890123456", 1, "Beloppet är för stort."),
    ],
)
def test_a_wrong_cell_is_explained_and_everything_typed_is_kept(
    admin_client, budget, written, decimals, message
):
    table = make_table(budget, [("item", ["1"]), ("item", ["2"])], decimals=decimals)
    typed = {"lines-0-name_sv": "Nytt namn", "lines-1-amount_budget-2019": written}
    response = submitted(admin_client, table, **typed)
    assert errors_of(response) == [(2, "Budget 2019", message)]
    html = response.content.decode()
    assert f'value="{written}"' in html
    assert "Nytt namn</textarea>" in html
    assert amounts_of(table) == [1, 2]


def test_fewer_decimals_than_the_amounts_have_are_refused(admin_client, table):
    response = submitted(admin_client, table, decimals="0")
    assert {text.partition(",")[0] for _row, _label, text in errors_of(response)} == {
        "Tabellen har hela tal"
    }
    table.refresh_from_db()
    assert table.decimals == 1


# --- Checks and bars -------------------------------------------------------------------------------


def test_the_check_beside_each_sum_is_in_words(admin_client, table):
    response = admin_client.get(admin_address(table))
    assert checks_of(response) == {
        "Rad 3": ("Stämmer", ""),
        "Rad 6": ("Avviker 12,4", "Posterna ger 5\u00a0505,0"),
        "Rad 7": ("Avviker 0,1: avrundning", ""),
    }
    text = text_of(response)
    assert "1 summa avviker" in text
    assert "Rad 6 är 12,4 högre än sina poster, och så mycket är inte avrundning." in text
    assert [bool(row.chart_row and row.chart_row.bar) for row in grid_of(response).rows] == [
        *[True] * 7,
        *[False] * 3,
    ]


def test_a_form_that_isnt_saved_is_checked_as_it_is_typed(admin_client, table):
    typed = {"lines-5-amount_budget-2019": "5505,0", "_show": "budget-2019"}
    response = submitted(admin_client, table, **typed)
    assert checks_of(response)["Rad 6"] == ("Stämmer", "")
    assert response.context["errors"] == []
    assert "Det du har skrivit står kvar, men är inte sparat än." in text_of(response)
    assert amounts_of(table)[5] == Decimal("5517.4")


def test_a_missing_amount_is_said_instead_of_a_sum(admin_client, table):
    change(admin_client, table, **{"lines-0-amount_budget-2019": ""})
    checks = checks_of(admin_client.get(admin_address(table)))
    assert checks["Rad 3"] == ("Belopp saknas", "i ”Rad 1”")


def test_the_column_that_is_checked_can_be_chosen(admin_client, budget):
    lines = [("item", ["1", "1"]), ("item", ["1", "1"]), ("total", ["2", "9"])]
    table = make_table(budget, lines, [("budget", 2019), ("plan", 2020)])
    address = admin_address(table)
    assert checks_of(admin_client.get(address))["Rad 3"] == ("Stämmer", "")
    other = checks_of(admin_client.get(f"{address}?kolumn=plan-2020"))
    assert other["Rad 3"] == ("Avviker 7,0", "Posterna ger 2,0")
    response = submitted(admin_client, table, _show="plan-2020")
    assert checks_of(response) == other


# --- Rows ------------------------------------------------------------------------------------------


def test_empty_rows_are_filled_in_without_javascript(admin_client, table):
    row = {"name_sv": "Rad 1", "kind": "item", "position": "1", "amount_budget-2019": "2,0"}
    change(admin_client, table, **{f"lines-7-{name}": value for name, value in row.items()})
    assert table.lines.count() == 8
    new = table.lines.get(pk=max(table.lines.values_list("pk", flat=True)))
    assert (new.code, new.amounts) == ("rad-1-2", {"budget-2019": Decimal("2.0")})
    assert [line.position for line in table.lines.all()] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_two_lines_may_have_the_same_name(admin_client, table):
    change(admin_client, table, **{"lines-1-name_sv": "Rad 1", "lines-1-code": ""})
    assert [line.code for line in table.lines.all()][:2] == ["rad-1", "rad-1-2"]


def test_a_code_of_another_line_is_refused(admin_client, table):
    response = submitted(admin_client, table, **{"lines-1-code": "rad-1"})
    assert errors_of(response) == [(2, "Kod", "En annan rad har koden ”rad-1”.")]


def test_lines_exchange_codes_and_the_result_moves(admin_client, table):
    typed = {"lines-0-code": "rad-2", "lines-1-code": "rad-1"}
    kinds = {"lines-5-kind": "result", "lines-6-kind": "subtotal"}
    change(admin_client, table, **typed, **kinds)
    lines = list(table.lines.all())
    assert [line.code for line in lines][:2] == ["rad-2", "rad-1"]
    assert [line.kind for line in lines][5:] == ["result", "subtotal"]


def test_a_second_result_is_refused(admin_client, table):
    response = submitted(admin_client, table, **{"lines-5-kind": "result"})
    assert errors_of(response) == [(7, "Slag", "Tabellen har redan en rad för resultatet.")]


def test_a_deleted_line_is_gone_and_the_rest_renumbered(admin_client, table):
    change(admin_client, table, **{"lines-6-DELETE": "on", "lines-0-DELETE": "on"})
    assert [(line.name, line.position) for line in table.lines.all()] == [
        ("Rad 2", 1),
        ("Rad 3", 2),
        ("Rad 4", 3),
        ("Rad 5", 4),
        ("Rad 6", 5),
    ]


def test_a_row_of_another_table_is_refused(admin_client, table, budget):
    other = make_table(budget, [("item", ["7"])])
    response = submitted(admin_client, table, **{"lines-0-id": str(other.lines.get().pk)})
    assert response.context["errors"]
    assert amounts_of(other) == [7]


# --- Pasted rows -----------------------------------------------------------------------------------


def test_pasted_rows_become_rows_but_arent_saved(admin_client, budget):
    table = make_table(budget, [("item", [None, None])], [("budget", 2019), ("plan", 2020)])
    pasted = "Post\tBudget 2019, tkr\t2020\nrad 1\t988,3\t–\nSumma intäkter\t(oklart)\t1\t2\n"
    response = submitted(admin_client, table, pasted=pasted, _paste="")
    rows = [
        (row.names[0].field.value(), row.line.kind, [cell.field.value() for cell in row.amounts])
        for row in grid_of(response).rows
        if row.names[0].field.value()
    ]
    assert rows == [
        ("Rad 1", "item", ["988,3", "–"]),
        ("Summa intäkter", "subtotal", ["(oklart)", "1"]),
    ]
    [(row, label, text)] = errors_of(response)
    assert (row, label, text.partition(".")[0]) == (2, "Budget 2019", "”(oklart)” är inget belopp")
    text = text_of(response)
    assert "2 rader är inlästa, men inget är sparat än. Se över raderna nedan och spara." in text
    assert "Den första raden, ”Post · Budget 2019, tkr · 2020”, lästes som rubriker." in text
    assert "Rubrikerna säger tusen kronor, men tabellens belopp är i miljoner kronor." in text
    assert "1 av raderna har fler belopp än tabellen, som har 2 kolumner." in text
    assert table.lines.get().amounts == {}


def test_pasted_rows_that_the_empty_ones_dont_hold_are_added_and_saved(admin_client, table):
    data = form_of(admin_client.get(admin_address(table)))
    pasted = "\n".join(f"Ny {number};{number}" for number in range(20))
    response = admin_client.post(
        admin_address(table), data | {"pasted": pasted, "_paste": "", "lines-TOTAL_FORMS": "7"}
    )
    assert response.context["errors"] == []
    data = {
        field.html_name: field.value() or ""
        for inline in response.context["inline_admin_formsets"]
        for form in [inline.formset.management_form, *inline.formset.forms]
        for field in form
        if field.name != "DELETE"
    } | form_of(response)
    assert admin_client.post(admin_address(table), data).status_code == 302
    assert amounts_of(table)[7:] == list(range(20))


def test_a_damaged_form_with_pasted_rows_is_no_error_of_ours(admin_client, table):
    data = {"pasted": "x;1", "_paste": "", "lines-TOTAL_FORMS": "x", "lines-INITIAL_FORMS": "0"}
    assert admin_client.post(admin_address(table), data).status_code == 200
    other = admin_address(table).replace(f"/{table.pk}/", "/abc/")
    assert admin_client.post(other, data).status_code == 302


# --- Columns ---------------------------------------------------------------------------------------


def new_column(**fields):
    names = {"year": "2020", "kind": "plan", "last_year": "", "position": ""} | fields
    row = {f"columns-1-{name}": value for name, value in names.items()}
    return {"columns-TOTAL_FORMS": "2"} | row


def test_a_new_column_gets_a_code_and_then_its_fields(admin_client, table):
    change(admin_client, table, **new_column())
    change(admin_client, table, **{"lines-0-amount_plan-2020": "7,0"})
    assert table.lines.first().amounts["plan-2020"] == 7
    change(admin_client, table, **{"columns-0-position": "2", "columns-1-position": "1"})
    assert [column.code for column in table.columns.all()] == ["plan-2020", "budget-2019"]


def test_amounts_survive_a_change_of_year_and_kind(admin_client, table):
    change(admin_client, table, **{"columns-0-year": "2018", "columns-0-kind": "outcome"})
    column = table.columns.get()
    assert (str(column), column.code) == ("Bokslut 2018", "budget-2019")
    assert amounts_of(table)[0] == Decimal("988.3")
    change(admin_client, table, **new_column(year="2019", kind="budget"))
    assert table.columns.last().code == "budget-2019-2"
    assert "budget-2019-2" not in table.lines.first().amounts


def test_a_removed_column_takes_its_amounts_along_and_says_so(admin_client, table):
    change(admin_client, table, **new_column())
    assert "7 belopp" in text_of(admin_client.get(admin_address(table)))
    change(admin_client, table, **{"columns-0-DELETE": "on"})
    assert [column.code for column in table.columns.all()] == ["plan-2020"]
    assert [line.amounts for line in table.lines.all()] == [{}] * 7


def test_the_history_names_the_column_of_each_amount(admin_client, table):
    change(admin_client, table, **new_column())
    before = as_data(table.budget.plan)
    typed = {"lines-0-amount_plan-2020": "-", "lines-1-amount_budget-2019": "990"}
    change(admin_client, table, **typed)
    entered = as_data(table.budget.plan)
    assert rows_of(before, entered) == {
        "Rad 1": [("belopp, Plan 2020", "<ins>\u2013</ins>")],
        "Rad 2": [
            ("belopp, Budget 2019", "<del>\u22126\u00a0198,0</del><ins>990,0</ins>"),
        ],
    }
    change(admin_client, table, **{"columns-1-DELETE": "on"})
    removed = rows_of(entered, as_data(table.budget.plan))
    assert removed["Rad 1"] == [("belopp, Plan 2020", "<del>\u2013</del>")]


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"year": "19"}, "year", "Skriv året med fyra siffror."),
        ({"last_year": "2020"}, "last_year", "Skriv ett senare år än det första, eller inget."),
        ({"year": "2019", "kind": "budget"}, "__all__", "En annan kolumn har samma slag, år och"),
        ({"position": "0"}, "position", "Ordningen börjar på 1."),
    ],
)
def test_a_wrong_column_is_explained(admin_client, table, fields, field, message):
    response = submitted(admin_client, table, **new_column(**fields))
    columns = response.context["inline_admin_formsets"][0].formset
    assert [list(errors) for errors in columns.errors] == [[], [field]]
    assert columns.errors[1][field][0].startswith(message)


# --- Adding, viewing and conflicts -----------------------------------------------------------------


def test_a_new_table_gets_the_budgets_own_column_and_then_its_lines(admin_client, budget):
    address = f"/admin/planning/budgettable/add/?budget={budget.pk}"
    page = admin_client.get(address)
    data = form_of(page)
    for form in page.context["inline_admin_formsets"][0].formset.forms:
        data |= {field.html_name: field.value() or "" for field in form if field.name != "DELETE"}
    response = admin_client.post(address, data | {"title_sv": "Resultatbudget"})
    table = BudgetTable.objects.get()
    assert response["Location"] == admin_address(table)
    assert table.slug == "resultatbudget"
    assert [(str(each), each.code) for each in table.columns.all()] == [
        ("Budget 2019", "budget-2019")
    ]


def test_the_plan_and_the_budget_list_tables_and_add_them(admin_client, table, budget):
    add = f'href="/admin/planning/budgettable/add/?budget={budget.pk}"'
    for obj in (budget, budget.plan):
        html = admin_client.get(admin_address(obj)).content.decode()
        assert add in html
        assert f'href="{admin_address(table)}' in html
    lineage = admin_client.get(admin_address(table)).context["lineage"]
    assert [address for _name, address in lineage] == [
        admin_address(budget.plan),
        admin_address(budget),
    ]


def test_a_published_table_is_shown_as_a_table(admin_client, table):
    table.budget.plan.__class__.objects.update(status="published")
    html = admin_client.get(admin_address(table)).content.decode()
    assert "\u22126\u00a0198,0" in html
    assert "<textarea" not in html
    assert "Avviker 12,4" in html


def test_a_line_leads_to_its_row(admin_client, table):
    line = table.lines.first()
    response = admin_client.get(admin_address(line))
    assert response["Location"] == f"{admin_address(table)}#rad-{line.pk}"
    assert f'id="rad-{line.pk}"' in admin_client.get(admin_address(table)).content.decode()


def test_two_who_change_the_same_amount_are_told(table):
    clients = []
    for name in ("Astrid", "Bo"):
        client = Client()
        client.force_login(make_account(name.lower(), "Redaktör", first_name=name))
        clients.append(client)
    pages = [client.get(admin_address(table)) for client in clients]
    forms = [form_of(page) | {"_seen": page.context["seen"]} for page in pages]
    cell = "lines-0-amount_budget-2019"
    clients[0].post(admin_address(table), forms[0] | {cell: "990,0"})
    response = clients[1].post(admin_address(table), forms[1] | {cell: "991,0"})
    [conflict] = response.context["conflicts"]
    values = (conflict.label, conflict.mine, conflict.theirs)
    assert values == ("Rad 1, Budget 2019", "991,0", "990,0")
    assert amounts_of(table)[0] == 990
    # Asking for a check doesn't hide that somebody else has saved.
    response = clients[1].post(admin_address(table), forms[1] | {cell: "991,0", "_show": ""})
    assert f'name="_choice-{cell}"' in response.content.decode()


def test_an_amount_is_previewed_but_not_saved(admin_client, table):
    data = form_of(admin_client.get(admin_address(table)))
    cell = {"lines-0-amount_budget-2019": "4\u00a0321,0", "_preview": ""}
    response = admin_client.post(admin_address(table), data | cell)
    assert "4\u00a0321,0" in dict(response.context["pages"])["sv"]
    assert amounts_of(table)[0] == Decimal("988.3")


def test_the_tax_rate_keeps_its_decimals(admin_client, budget):
    change(admin_client, budget, tax_rate="11,76")
    assert Budget.objects.get().tax_rate == Decimal("11.76")
    assert 'value="11,76"' in admin_client.get(admin_address(budget)).content.decode()


# --- Queries ---------------------------------------------------------------------------------------


def test_queries_grow_with_neither_lines_nor_columns(admin_client, budget):
    counts = {}
    for count in (1, 1, 3, 50):  # the first save also records what was there before it
        columns = [("budget", 2000 + number) for number in range(count)]
        table = make_table(budget, [("item", ["1.0"] * count)] * count, columns)
        with CaptureQueriesContext(connection) as opening:
            data = form_of(admin_client.get(admin_address(table)))
        data["lines-0-amount_budget-2000"] = "2,0"
        with CaptureQueriesContext(connection) as saving:
            assert admin_client.post(admin_address(table), data).status_code == 302
        assert amounts_of(table, "budget-2000")[0] == 2
        counts[count] = (len(opening), len(saving))
    assert len(set(counts.values())) == 1, counts
