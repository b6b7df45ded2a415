"""The admin's pages for importing a table or goals: choosing a file, reviewing it and confirming."""

from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile

from pages.models import Revision
from planning.models import BudgetTable, Goal, ImportMapping
from tests.factories import make_budget, make_plan, make_table
from tests.site import text_of

pytestmark = pytest.mark.database

INCOME_STATEMENT = "Post;Budget 2019 (mnkr)\nIntäkter;988,3\nKostnader;−900,0\nÅrets resultat;88,3\n"


def address_of(obj, page="importera/"):
    return f"/admin/{obj._meta.app_label}/{obj._meta.model_name}/{obj.pk}/{page}"


def upload(client, obj, text, name="fil.csv"):
    content = text if isinstance(text, bytes) else text.encode()
    return client.post(address_of(obj), {"file": SimpleUploadedFile(name, content)})


def inputs_of(response):
    """Return the values that the review page submits, as a browser finds them in its HTML."""
    import re

    html = response.content.decode()
    form = html[html.index('<form class="import"') : html.index("</form>", html.index('<form class="import"'))]
    data = {}
    for tag in re.findall(r"<input [^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        kind = attributes.get("type")
        if kind in ("radio", "checkbox") and " checked" not in tag:
            continue
        data[attributes["name"]] = attributes.get("value", "")
    for name, options in re.findall(r'<select name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        values = re.findall(r'<option(?: value="([^"]*)")?( selected)?>([^<]*)', options)
        chosen = [value or (label if not value else "") for value, selected, label in values if selected]
        first = [value for value, _selected, _label in values]
        raw = [value for value, selected, _label in values if selected]
        data[name] = (raw or first or chosen)[0]
    return data


def post(client, obj, response, **changes):
    return client.post(address_of(obj), inputs_of(response) | changes, follow=True)


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
    page = post(admin_client, budget, review, confirm="ja")
    table = budget.tables.get()
    assert page.redirect_chain[-1][0] == address_of(table, "change/")
    assert "Resultatbudget är importerad: 3 nya, 0 ändrade, 0 borttagna, 0 oförändrade." in text_of(page)
    assert (table.title_sv, table.slug, table.unit, table.decimals) == (
        "Resultatbudget", "resultatbudget", "msek", 1,
    )  # fmt: skip
    assert list(table.lines.values_list("name_sv", "kind", "position")) == [
        ("Intäkter", "item", 1), ("Kostnader", "item", 2), ("Årets resultat", "result", 3),
    ]  # fmt: skip


def test_an_import_is_recorded_in_the_log_and_the_history(admin_client, budget):
    post(admin_client, budget, upload(admin_client, budget, INCOME_STATEMENT), confirm="ja")
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
    assert "En cell är fel" in text_of(post(admin_client, budget, review, again="ja"))
    mended = post(admin_client, budget, review, fix="cell-2-1")
    assert "Filen går att importera." in text_of(mended)
    post(admin_client, budget, mended, confirm="ja")
    assert budget.tables.get().lines.first().amounts == {"budget-2019": Decimal("988.3")}


def test_a_question_stops_the_import_until_it_is_answered(admin_client, budget):
    review = upload(admin_client, budget, INCOME_STATEMENT.replace(" (mnkr)", ""))
    assert "Filen säger inte vilken enhet beloppen har. Vilken är det?" in text_of(review)
    assert not budget.tables.exists()
    post(admin_client, budget, review, confirm="ja")
    assert not budget.tables.exists()
    answered = post(admin_client, budget, review, unit="ksek")
    assert "Filen går att importera." in text_of(answered)
    post(admin_client, budget, answered, confirm="ja")
    assert (budget.tables.get().unit, budget.tables.get().decimals) == ("ksek", 1)


def test_columns_chosen_by_staff_are_remembered_for_the_next_year(admin_client, budget):
    file = "Rubrik;Beskrivning;Budget 2019 (mnkr)\nA;Intäkter;1,0\nB;Kostnader;2,0\n"
    review = upload(admin_client, budget, file)
    assert inputs_of(review)["column-0"] == "name_sv"
    chosen = post(admin_client, budget, review, **{"column-0": "", "column-1": "name_sv", "title": "Ramar"})
    post(admin_client, budget, chosen, confirm="ja")
    assert list(budget.tables.get().lines.values_list("name_sv", flat=True)) == ["Intäkter", "Kostnader"]
    later = make_budget(budget.plan, 2020)
    again = upload(admin_client, later, file.replace("2019", "2020"))
    assert inputs_of(again)["column-1"] == "name_sv"
    assert ImportMapping.objects.count() == 1


def test_another_heading_row_can_be_chosen(admin_client, budget):
    file = "Text;Budget 2019 (mnkr)\nsummor;1,0\nPost;Budget 2020 (mnkr)\nIntäkter;2,0\n"
    review = upload(admin_client, budget, file)
    assert "Rubrikraden hittades på rad 1." in text_of(review)
    chosen = post(admin_client, budget, review, heading_row="3", title="Ramar")
    assert "Rubrikraden är rad 3." in text_of(chosen)
    post(admin_client, budget, chosen, confirm="ja")
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
    page = post(admin_client, table, review, confirm="ja")
    assert "Det som filen ändrar är inte längre det som du granskade." in text_of(page)
    assert table.lines.get(code="rad-1").amounts == {"budget-2019": Decimal("2.0")}


def test_a_review_is_valid_for_one_table_only(admin_client, table):
    other = make_table(table.budget, [("item", ["1.0"])])
    review = upload(admin_client, table, INCOME_STATEMENT)
    page = admin_client.post(address_of(other), inputs_of(review) | {"confirm": "ja"})
    assert "Granskningen gäller inte längre. Välj filen igen." in text_of(page)


def test_a_file_that_cannot_be_read_is_explained(admin_client, table):
    assert "Filen är en pdf." in text_of(upload(admin_client, table, b"%PDF-1.7"))
    page = admin_client.post(address_of(table), {})
    assert '<a href="#id_file">Fil</a>: Detta fält måste fyllas i.' in page.content.decode()


def test_published_tables_cannot_be_imported_to(admin_client, db):
    table = make_table(make_budget(make_plan(), 2019), [("item", ["1.0"])])
    assert upload(admin_client, table, INCOME_STATEMENT).status_code == 403
    assert "publicerat innehåll ändras i en arbetskopia" in text_of(admin_client.get(address_of(table)))


@pytest.mark.parametrize(("role", "status"), [("Redaktör", 200), ("Publicist", 200)])
def test_roles_that_edit_may_import(signed_in, budget, role, status):
    assert upload(signed_in(role), budget, INCOME_STATEMENT).status_code == status


def test_queries_are_constant(admin_client, budget, django_assert_num_queries):
    counts = []
    for rows in (3, 60):
        lines = "".join(f"Post {number:03};{number},0\n" for number in range(1, rows + 1))
        file = f"Post;Budget 2019 (mnkr)\n{lines}"
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as queries:
            review = upload(admin_client, budget, file)
            changed = post(admin_client, budget, review, title=f"Tabell {rows}")
            post(admin_client, budget, changed, confirm="ja")
        counts.append(len(queries))
        assert budget.tables.last().lines.count() == rows
        BudgetTable.objects.all().delete()
    assert counts[0] == counts[1]


def test_the_plans_page_links_to_imports_and_exports(admin_client, table):
    plan = table.budget.plan
    html = admin_client.get(address_of(plan)).content.decode()
    for address in (
        address_of(table),
        address_of(table.budget),
        address_of(table, "exportera.xlsx"),
        address_of(table, "exportera.csv"),
        address_of(plan, "exportera/mal.xlsx"),
    ):
        assert f'href="{address}"' in html
    response = admin_client.get(address_of(plan, "exportera/insatsomraden.csv"))
    assert response["Location"] == address_of(plan, "exportera/mal.csv")


def test_goals_are_imported_on_the_plans_page(admin_client, budget):
    plan = budget.plan
    file = "Perspektiv;Mål;Insatsområde\nmedborgare;God hälsa;Träna.\n;;Vila.\n"
    page = post(admin_client, plan, upload(admin_client, plan, file), confirm="ja")
    assert page.redirect_chain[-1][0] == address_of(plan, "change/")
    goal = Goal.objects.get()
    assert (goal.name_sv, goal.perspective.name_sv) == ("God hälsa", "medborgare")
    assert list(goal.focus_areas.values_list("text_sv", flat=True)) == ["Träna.", "Vila."]
