"""The admin's pages for importing a table or goals: choosing a file, reviewing it and confirming."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pages.models import Revision
from planning.models import Goal, ImportMapping
from tests.factories import make_budget, make_plan, make_table
from tests.planning.review_pages import answer, confirm, import_address, inputs_of, upload
from tests.planning.table_files import workbook_of
from tests.site import text_of

pytestmark = pytest.mark.database_in_ci

INCOME_STATEMENT = (
    "Post;Budget 2019 (mnkr)\nIntäkter;988,3\nKostnader;−900,0\nÅrets resultat;88,3\n"
)


@pytest.fixture
def budget(db):
    return make_budget(make_plan(status="draft"), 2019)


@pytest.fixture
def table(budget):
    return make_table(budget, [("item", ["1.0"]), ("result", ["1.0"])])


def test_a_file_becomes_a_table_of_the_budget(admin_client, budget):
    review = upload(admin_client, budget, INCOME_STATEMENT)
    assert "Filen går att importera. Ingenting är sparat än." in text_of(review)
    assert not budget.tables.exists()
    page = confirm(admin_client, budget, review)
    table = budget.tables.get()
    assert page.redirect_chain[-1][0] == import_address(table, "change/")
    assert "Resultatbudget är importerad: 3 nya, 0 ändrade, 0 borttagna, 0 oförändrade." in text_of(
        page
    )
    assert (table.title_sv, table.slug, table.unit, table.decimals) == (
        "Resultatbudget", "resultatbudget", "msek", 1,
    )  # fmt: skip
    assert list(table.lines.values_list("name_sv", "kind", "position")) == [
        ("Intäkter", "item", 1), ("Kostnader", "item", 2), ("Årets resultat", "result", 3),
    ]  # fmt: skip


def test_an_import_is_recorded_in_the_log_and_the_history(admin_client, budget):
    confirm(admin_client, budget, upload(admin_client, budget, INCOME_STATEMENT))
    event = "Importerade tabell ”Resultatbudget”: 3 nya, 0 ändrade, 0 borttagna, 0 oförändrade"
    assert LogEntry.objects.get().get_change_message() == event
    assert Revision.objects.of(budget.plan).first().event == event


def test_a_wrong_cell_is_put_right_on_the_page(admin_client, budget):
    review = upload(admin_client, budget, INCOME_STATEMENT.replace("988,3", "988,3*"))
    text = text_of(review)
    assert "En cell är fel, så ingenting är importerat än." in text
    assert "”988,3*” har en fotnot eller ett annat tecken." in text
    html = review.content.decode()
    assert 'href="#id_cell-2-1"' in html
    assert 'id="id_cell-2-1" value="988,3"' in html
    # Other buttons don't accept the proposal.
    assert "En cell är fel" in text_of(answer(admin_client, budget, review, again="ja"))
    mended = answer(admin_client, budget, review, fix="cell-2-1")
    assert "Filen går att importera." in text_of(mended)
    confirm(admin_client, budget, mended)
    assert budget.tables.get().lines.first().amounts == {"budget-2019": Decimal("988.3")}


def test_all_proposals_are_accepted_with_one_button(admin_client, budget):
    file = INCOME_STATEMENT.replace("988,3", "988,3*").replace("−900,0", "−900,0 1)")
    review = upload(admin_client, budget, file)
    assert "Godta alla 2 förslag" in text_of(review)
    mended = answer(admin_client, budget, review, fix="all")
    assert "Filen går att importera." in text_of(mended)
    confirm(admin_client, budget, mended)
    amounts = [line.amounts["budget-2019"] for line in budget.tables.get().lines.all()]
    assert amounts == [Decimal("988.3"), Decimal("-900.0"), Decimal("88.3")]


def test_a_question_stops_the_import_until_it_is_answered(admin_client, budget):
    review = upload(admin_client, budget, INCOME_STATEMENT.replace(" (mnkr)", ""))
    assert "Filen säger inte vilken enhet beloppen har. Vilken är det?" in text_of(review)
    assert not budget.tables.exists()
    confirm(admin_client, budget, review)
    assert not budget.tables.exists()
    answered = answer(admin_client, budget, review, unit="ksek")
    assert "Filen går att importera." in text_of(answered)
    confirm(admin_client, budget, answered)
    assert (budget.tables.get().unit, budget.tables.get().decimals) == ("ksek", 1)


def test_columns_chosen_by_staff_are_remembered_for_the_next_year(admin_client, budget):
    file = "Rubrik;Beskrivning;Budget 2019 (mnkr)\nA;Intäkter;1,0\nB;Kostnader;2,0\n"
    review = upload(admin_client, budget, file)
    assert inputs_of(review)["column-0"] == "name_sv"
    chosen = answer(
        admin_client, budget, review, **{"column-0": "", "column-1": "name_sv", "title": "Ramar"}
    )
    confirm(admin_client, budget, chosen)
    assert list(budget.tables.get().lines.values_list("name_sv", flat=True)) == [
        "Intäkter",
        "Kostnader",
    ]
    later = make_budget(budget.plan, 2020)
    again = upload(admin_client, later, file.replace("2019", "2020"))
    assert inputs_of(again)["column-1"] == "name_sv"
    assert ImportMapping.objects.count() == 1


def test_what_is_remembered_is_deleted_when_it_has_not_been_used_for_long(admin_client, budget):
    long_ago = timezone.now() - dt.timedelta(days=801)
    ImportMapping.objects.create(key="gammal", choices={}, used_at=long_ago)
    ImportMapping.objects.create(key="ny", choices={})
    confirm(admin_client, budget, upload(admin_client, budget, INCOME_STATEMENT))
    keys = set(ImportMapping.objects.values_list("key", flat=True))
    assert (len(keys), "gammal" in keys, "ny" in keys) == (2, False, True)


def test_another_heading_row_can_be_chosen(admin_client, budget):
    file = "Text;Budget 2019 (mnkr)\nsummor;1,0\nPost;Budget 2020 (mnkr)\nIntäkter;2,0\n"
    review = upload(admin_client, budget, file)
    assert "Rubrikraden hittades på rad 1." in text_of(review)
    chosen = answer(admin_client, budget, review, heading_row="3", title="Ramar")
    assert "Rubrikraden är rad 3." in text_of(chosen)
    confirm(admin_client, budget, chosen)
    assert list(budget.tables.get().columns.values_list("year", flat=True)) == [2020]


def test_without_a_heading_row_staff_choose_among_the_first_rows(admin_client, budget):
    review = upload(admin_client, budget, "Intäkter;1,0\nKostnader;2,0\n")
    text = text_of(review)
    assert "Ingen rubrikrad hittades bland de första tjugo raderna." in text
    assert "1: Intäkter | 1,0" in text


def test_a_file_that_was_reviewed_against_other_content_is_reviewed_again(admin_client, table):
    file = "Post;Budget 2019 (mnkr)\nRad 1;3,0\n"
    review = upload(admin_client, table, file)
    table.lines.filter(code="rad-1").update(amounts={"budget-2019": "2.0"})
    page = confirm(admin_client, table, review)
    assert "Det som filen ändrar är inte längre det som du granskade." in text_of(page)
    assert table.lines.get(code="rad-1").amounts == {"budget-2019": Decimal("2.0")}


@pytest.mark.parametrize(
    "answers",
    [
        {"heading_row": "x"},
        {"heading_row": "99999999999999999999"},
        {"column-0": "färg", "column-1": ""},
        {"column-0": "amounts", "column-1": "amounts"},
        {"kind-of-1": "x"},
        {"year-1": "99999999999999999999"},
        {"year-1": "²"},
        {"year-1": "-5"},
        {"last_year-1": "1999"},
        {"heading-1": "\x00" + "x" * 400},
        {"target-1": "x"},
        {"table_unit": "x", "decimals": "9"},
        {"title": "x" * 3000},
        {"title": " "},
        {"cell-2-1": "9" * 2000, "fix": "cell-2-1"},
        {"cell-2-0": "x" * 3000, "fix": "cell-2-0"},
        {"kind-2": "x"},
        {"way": "x"},
        {"hidden_rows": "ja"},
    ],
)
def test_odd_answers_are_explained_or_ignored(admin_client, budget, answers):
    review = upload(admin_client, budget, INCOME_STATEMENT)
    assert "Granska filen" in text_of(answer(admin_client, budget, review, **answers))
    assert confirm(admin_client, budget, review, **answers).status_code == 200
    # What is imported is what has been reviewed.
    reviewed = ["Intäkter", "Kostnader", "Årets resultat"]
    for table in budget.tables.all():
        assert list(table.lines.values_list("name_sv", flat=True)) == reviewed


def test_a_review_is_valid_for_one_table_only(admin_client, table):
    other = make_table(table.budget, [("item", ["1.0"])])
    review = upload(admin_client, table, INCOME_STATEMENT)
    page = admin_client.post(import_address(other), inputs_of(review) | {"confirm": "ja"})
    assert "Granskningen gäller inte längre. Välj filen igen." in text_of(page)


def test_a_file_that_cannot_be_read_is_explained(admin_client, table):
    assert "Filen är en pdf." in text_of(upload(admin_client, table, b"%PDF-1.7"))
    page = admin_client.post(import_address(table), {})
    assert '<a href="#id_file">Fil</a>: Detta fält måste fyllas i.' in page.content.decode()


def test_published_tables_cannot_be_imported_to(admin_client, db):
    table = make_table(make_budget(make_plan(), 2019), [("item", ["1.0"])])
    assert upload(admin_client, table, INCOME_STATEMENT).status_code == 403
    assert "filer importeras i en arbetskopia" in text_of(admin_client.get(import_address(table)))


def test_the_page_of_a_published_budget_leads_to_the_working_copy(admin_client, db):
    budget = make_budget(make_plan(), 2019)
    page = admin_client.get(import_address(budget))
    assert "filer importeras i en arbetskopia" in text_of(page)
    action = re.search(
        r'<form class="notice" method="post" action="([^"]+)"', page.content.decode()
    )
    data = {"del": f"planning.budget:{budget.pk}", "page": "import"}
    response = admin_client.post(action[1], data)
    copy = budget.plan.versions().first()
    assert response.url == import_address(copy.budgets.get())
    assert "Granska filen" in admin_client.get(response.url).content.decode()


def test_a_budget_that_waits_says_that_its_publication_can_be_cancelled(admin_client, db):
    tomorrow = timezone.now() + dt.timedelta(days=1)
    page = admin_client.get(import_address(make_budget(make_plan(publish_at=tomorrow), 2019)))
    assert "En publicist kan avbryta publiceringen, så att det går att importera." in text_of(page)


@pytest.mark.parametrize(("role", "status"), [("Redaktör", 200), ("Publicist", 200)])
def test_roles_that_edit_may_import(signed_in, budget, role, status):
    assert upload(signed_in(role), budget, INCOME_STATEMENT).status_code == status


def test_queries_do_not_depend_on_the_rows(admin_client, table):
    counts = []
    for rows in (1, 3, 60):  # the first import also saves the content before it
        lines = "".join(f"Post {number:03};{number},0\n" for number in range(1, rows + 1))
        file = f"Post;Budget 2019 (mnkr)\n{lines}"
        with CaptureQueriesContext(connection) as queries:
            review = answer(admin_client, table, upload(admin_client, table, file), way="whole")
            page = confirm(admin_client, table, review)
        assert "är importerad" in text_of(page)
        counts.append(len(queries))
    assert counts[1] == counts[2]
    assert table.lines.count() == 60


def test_another_sheet_can_be_read(admin_client, budget):
    def add_sheets(book):
        for name in ("Ramar", "Underlag"):
            sheet = book.create_sheet(name)
            sheet.append(["Nämnd", "Budget 2019 (mnkr)"])
            sheet.append(["Patientnämnden", 35])
        sheet.sheet_state = "hidden"

    file = workbook_of(["Post", "Budget 2019 (mnkr)"], ["Intäkter", 1], prepare=add_sheets)
    review = upload(admin_client, budget, file, "budget.xlsx")
    text = text_of(review)
    assert "budget.xlsx, blad Sheet" in text
    assert "Underlag" not in text
    other = answer(admin_client, budget, review, sheet="Ramar")
    assert "budget.xlsx, blad Ramar" in text_of(other)
    confirm(admin_client, budget, other)
    assert budget.tables.get().title_sv == "Ramar"
    hidden = answer(admin_client, budget, review, sheet="Underlag")
    assert "Bladet ”Underlag” är dolt i filen, och läses därför inte." in text_of(hidden)


def test_a_file_too_large_to_travel_between_the_steps_is_refused(admin_client, budget):
    noise = "".join(f"{number * 7919 % 10007:x}" for number in range(1_200_000))
    file = "Post;Budget 2019 (mnkr);Not\nIntäkter;1,0;\n" + "\n".join(
        f";;{noise[at : at + 3000]}" for at in range(0, len(noise), 3000)
    )
    page = upload(admin_client, budget, file)
    assert "Filen är för stor för att granskas." in text_of(page)


def test_many_rows_are_counted_rather_than_shown(admin_client, budget):
    lines = "".join(f"Post {number:03};{number},0\n" for number in range(1, 251))
    review = upload(admin_client, budget, f"Post;Budget 2019 (mnkr)\n{lines}")
    assert "Och 50 rader till." in text_of(review)
    assert len(inputs_of(review)) < 1000  # what Django accepts
    chosen = answer(admin_client, budget, review, title="Ramar")
    confirm(admin_client, budget, chosen)
    assert budget.tables.get().lines.count() == 250


def test_the_plans_page_links_to_imports_and_exports(admin_client, table):
    plan = table.budget.plan
    html = admin_client.get(import_address(plan)).content.decode()
    for address in (
        import_address(table),
        import_address(table.budget),
        import_address(table, "exportera.xlsx"),
        import_address(table, "exportera.csv"),
        import_address(plan, "exportera/mal.xlsx"),
    ):
        assert f'href="{address}"' in html
    response = admin_client.get(import_address(plan, "exportera/insatsomraden.csv"))
    assert response["Location"] == import_address(plan, "exportera/mal.csv")


def test_goals_are_imported_on_the_plans_page(admin_client, budget):
    plan = budget.plan
    file = "Perspektiv;Mål;Insatsområde\nmedborgare;God hälsa;Träna.\n;;Vila.\n"
    page = confirm(admin_client, plan, upload(admin_client, plan, file))
    assert page.redirect_chain[-1][0] == import_address(plan, "change/")
    goal = Goal.objects.get()
    assert (goal.name_sv, goal.perspective.name_sv) == ("God hälsa", "medborgare")
    assert list(goal.focus_areas.values_list("text_sv", flat=True)) == ["Träna.", "Vila."]


def test_pages_and_files_need_permission(client, signed_in, table):
    plan = table.budget.plan
    addresses = [
        import_address(table),
        import_address(table.budget),
        import_address(plan),
        import_address(table, "exportera.csv"),
        import_address(plan, "exportera/mal.csv"),
    ]
    for address in addresses:
        assert client.get(address).url == f"/admin/login/?next={address}"
    staff = signed_in("Redaktör")
    assert [staff.get(address).status_code for address in addresses] == [200] * 5
    User.objects.get().groups.clear()
    assert [staff.get(address).status_code for address in addresses] == [403] * 5


def test_unknown_exports_are_missing(admin_client, table):
    plan = table.budget.plan
    for address in (
        import_address(table, "exportera.pdf"),
        import_address(plan, "exportera/mal.pdf"),
        import_address(plan, "exportera/budgetrader.csv"),
    ):
        assert admin_client.get(address).status_code == 404


def test_the_import_page_is_linked_from_the_object(admin_client, table):
    for obj in (table, table.budget, table.budget.plan):
        html = admin_client.get(import_address(obj, "change/")).content.decode()
        assert f'href="{import_address(obj)}"' in html
