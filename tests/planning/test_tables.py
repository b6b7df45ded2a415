"""The tables of a budget on its page, on the plan's page, on the start page and in the PDF."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from planning.models import NONE, BudgetColumn, Decision
from planning.sentences import in_words
from planning.views import charts_of
from tests.factories import make_budget, make_goal, make_plan, make_table
from tests.site import text_of

pytestmark = pytest.mark.database_in_ci

BUDGET = "/regionplan/2019-2021/budget-2019/"
ENGLISH = "/en/regional-plan/2019-2021/budget-2019/"
SEVERAL = [("outcome", 2018), ("budget", 2019), ("plan", 2020)]


@pytest.fixture
def budget(db):
    return make_budget(make_plan(), 2019)


def page(client, address=BUDGET):
    return text_of(client.get(address)).replace("\xa0", " ")


# --- Amounts ---------------------------------------------------------------------------------------


def test_an_amount_a_dash_and_a_missing_amount_are_three_things(client, budget):
    make_table(budget, [("item", ["-6198.0"]), ("item", [NONE]), ("item", [None])])
    rows = "Rad 1 −6 198,0 Rad 2 –inget Rad 3 saknas"
    assert f"Tabell 1 Miljoner kronor {rows}" in page(client)
    english = "Rad 1 −6,198.0 Rad 2 –none Rad 3 missing"
    assert f"Tabell 1 SEK million {english}" in page(client, ENGLISH)


@pytest.mark.parametrize(
    ("unit", "decimals", "swedish", "english"),
    [
        ("bsek", 1, ("Miljarder kronor", "14,7"), ("SEK billion", "14.7")),
        ("ksek", 0, ("Tusen kronor", "15"), ("SEK thousand", "15")),
        ("sek", 3, ("Kronor", "14,700"), ("SEK", "14.700")),
    ],
)
def test_amounts_have_their_unit_and_decimals(client, budget, unit, decimals, swedish, english):
    make_table(budget, [("item", ["14.7"])], unit=unit, decimals=decimals)
    assert "Tabell 1 {} Rad 1 {}".format(*swedish) in page(client)
    assert "Tabell 1 {} Rad 1 {}".format(*english) in page(client, ENGLISH)


def test_kinds_of_columns_have_names_in_both_languages(client, budget):
    columns = [("outcome", 2018), ("forecast", 2019), ("budget", 2019), ("plan", 2020)]
    table = make_table(budget, [("item", ["1", "2", "3", "4"])], columns)
    table.columns.filter(kind="plan").update(last_year=2021)
    assert "Bokslut 2018 Prognos 2019 Budget 2019 Plan 2020–2021" in page(client)
    assert "Outcome 2018 Forecast 2019 Budget 2019 Plan 2020–2021" in page(client, ENGLISH)


# --- Columns ---------------------------------------------------------------------------------------


def test_the_bars_follow_the_column_in_the_address(client, budget):
    make_table(budget, [("item", ["1", "2", "3"])], SEVERAL, slug="ramar")
    html = client.get(BUDGET).text
    assert f'href="{BUDGET}outcome-2018/#ramar"' in html
    assert f'href="{BUDGET}budget-2019/#ramar"' not in html
    assert "Staplarna visar Budget 2019." in page(client)
    chosen = client.get(f"{BUDGET}outcome-2018/").text
    assert f'href="{BUDGET}budget-2019/#ramar"' in chosen
    assert f'<link rel="canonical" href="http://testserver{BUDGET}">' in chosen
    assert "Staplarna visar Bokslut 2018." in page(client, f"{BUDGET}outcome-2018/")
    assert client.get(f"{BUDGET}plan-2030/").status_code == 404


def test_a_table_of_three_columns_or_of_long_amounts_scrolls_in_a_box(client, budget):
    narrow = make_table(budget, [("item", ["1", "2"])], SEVERAL[:2])
    assert 'tabindex="0"' not in client.get(BUDGET).text
    make_table(budget, [("item", ["1", "2", "3"])], SEVERAL)
    box = 'role="region" aria-labelledby="caption-2019-tabell-2" tabindex="0"'
    assert client.get(BUDGET).text.count(box) == 1
    narrow.lines.update(amounts={"budget-2019": Decimal("1234567.8")})
    assert client.get(BUDGET).text.count('tabindex="0"') == 2


def test_a_result_is_coloured_by_the_chosen_column_only(client, budget):
    lines = [("item", ["3", "1"]), ("item", ["-2", "-2"]), ("result", ["1", "-1"])]
    make_table(budget, lines, SEVERAL[:2])
    html = client.get(BUDGET).text
    cells = r".*?<td{}>\s*{}.*?<td{}>\s*{}"
    chosen = ' class="bars__chosen"'
    red = 'class="bars__result bars__loss"' + cells.format("", "1,0", chosen, "−1,0")
    assert re.search(red, html, re.S)
    assert "Resultatet är rött: det är ett underskott." in page(client)
    outcome = client.get(f"{BUDGET}outcome-2018/").text
    green = 'class="bars__result bars__gain"' + cells.format(chosen, "1,0", "", "−1,0")
    assert re.search(green, outcome, re.S)
    assert "Resultatet är grönt: det är ett överskott." in page(client, f"{BUDGET}outcome-2018/")


def test_a_result_of_zero_or_none_is_neither_red_nor_green(client, budget):
    make_table(budget, [("item", ["3"]), ("item", ["-3"]), ("result", ["0"])])
    make_table(budget, [("item", ["3"]), ("item", ["-3"]), ("result", [None])])
    assert "Resultatet är" not in page(client)


# --- Sums ------------------------------------------------------------------------------------------


def test_a_sum_shows_its_terms_and_why_it_differs(client, budget):
    lines = [("item", ["100"]), ("of_which", ["7"]), ("item", ["-41"]), ("result", ["60"])]
    table = make_table(budget, lines, decimals=0)
    assert (
        "Rad 4 Rad 1 100 Rad 3 −41 59 räknat, 60 beslutat: posterna är avrundade till hela miljoner. 60"
    ) in page(client)
    assert "59 computed, 60 decided: the items are rounded to whole millions." in page(
        client, ENGLISH
    )
    table.lines.filter(kind="result").update(amounts={"budget-2019": Decimal("70")})
    assert "59 räknat, 70 beslutat. Skillnaden är +11, mer än avrundning förklarar." in page(client)
    assert "En streckad stapel är en summa som skiljer sig" in page(client)
    table.lines.filter(code="rad-1").update(amounts={})
    assert "Summan kan inte räknas, eftersom beloppet för Rad 1 saknas." in page(client)


# --- Sentences -------------------------------------------------------------------------------------


def said(budget, lines, columns=None, **fields):
    make_table(budget, [(kind, [amount]) for kind, amount in lines], columns, **fields)
    return in_words(charts_of(budget)[-1]).replace("\xa0", " ")


def test_a_waterfall_is_summed_up_by_its_sums_and_what_is_left(budget):
    lines = [("item", "5"), ("item", "-8"), ("subtotal", "-3"), ("item", "4"), ("result", "1")]
    assert said(budget, lines) == "Rad 3 är −3,0 miljoner kronor. Kvar blir 1,0."
    budget.tables.all().delete()
    deficit = [("item", "5"), ("item", "-8"), ("result", "-3")]
    assert said(budget, deficit) == "Det fattas 3,0 miljoner kronor."
    budget.tables.all().delete()
    assert said(budget, deficit, [("outcome", 2018)]) == "Det fattades 3,0 miljoner kronor."


def test_what_is_summed_up_is_said_unless_it_is_the_budget_for_the_year(client, budget):
    lines = [("item", ["2", "3", "2"]), ("item", ["-1", "-1", "-4"]), ("result", ["1", "2", "-2"])]
    make_table(budget, lines, [("outcome", 2018), ("budget", 2019), ("plan", 2020)])
    text = "Tabell 1 Kvar blir 2,0 miljoner kronor."
    assert text in page(client)
    assert "Tabell 1 Plan 2020: Det fattas 2,0 miljoner kronor." in page(
        client, f"{BUDGET}plan-2020/"
    )
    english = "Tabell 1 Outcome 2018: The surplus was SEK 1.0 million."
    assert english in page(client, f"{ENGLISH}outcome-2018/")


def test_nothing_is_claimed_of_a_result_that_does_not_add_up(budget):
    assert said(budget, [("item", "5"), ("item", "-8"), ("result", "9")]) == (
        "Rad 3 är 9,0 miljoner kronor."
    )


def test_other_bars_are_summed_up_by_the_largest(budget):
    costs_without_minus = [("item", "14.7"), ("item", "10.9"), ("item", "3.6")]
    assert said(budget, costs_without_minus, unit="bsek") == (
        "Störst är Rad 1: 14,7 miljarder kronor."
    )
    budget.tables.all().delete()
    assert said(budget, [("item", "2"), ("item", "2"), ("item", "1")]) == ""
    colors = [row.bar.color for row in charts_of(budget)[0].rows]
    assert colors == ["item", "item", "item"]  # neither income nor cost


# --- Pages -----------------------------------------------------------------------------------------


def test_the_page_of_a_budget_says_its_tax_rate_and_whether_it_is_proposed(client, budget):
    Decision.objects.create(plan=budget.plan, position=1, kind="proposed")
    budget.tax_rate = Decimal("12.38")
    budget.save()
    assert "Skattesatsen är 12,38 kronor per 100 kronor." in page(client)
    assert "Det här är ett förslag. Planen är inte beslutad." in page(client)
    assert "The tax rate is SEK 12.38 per SEK 100." in page(client, ENGLISH)
    assert "Förslag" not in page(client, "/om-webbplatsen/")


def test_a_plan_shows_the_first_table_of_each_budget_with_ids_of_its_own(client, budget):
    other = make_budget(budget.plan, 2020)
    for each in (budget, other):
        make_table(each, [("item", ["1"])], slug="resultat", title_sv=f"Resultat {each.year}")
        make_table(each, [("item", ["1"])], title_sv="Investeringar")
    html = client.get("/regionplan/2019-2021/").text
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert {"chart-2019", "chart-2020"} <= set(ids)
    text = page(client, "/regionplan/2019-2021/")
    assert "Investeringar" not in text
    assert "Alla 2 tabeller för 2019" in text


def test_tables_without_lines_or_columns_are_neither_shown_nor_counted(client, budget):
    empty = make_table(budget, title_sv="Tom")
    empty.columns.all().delete()
    make_table(budget, title_sv="Utan rader")
    make_table(budget, [("item", ["1"])], title_sv="Ramar")
    text = page(client, "/regionplan/2019-2021/")
    assert "Ramar Miljoner kronor Rad 1 1,0" in text
    assert "Budget 2019 på en egen sida" in text
    make_table(budget, [("item", ["1"])], title_sv="Investeringar")
    assert "Alla 2 tabeller för 2019" in page(client, "/regionplan/2019-2021/")
    html = client.get(BUDGET).content.decode()
    assert html.count('id="chart-2019"') == 1
    assert "Tom" not in html


def test_the_start_page_lists_a_few_goals_of_a_plan_without_perspectives(client, db):
    plan = make_plan(2019, 2999, goal_label_sv="effektmål", goal_label_plural_sv="effektmål")
    for number in range(1, 10):
        make_goal(None, number, plan=plan)
    text = page(client, "/")
    assert "9 effektmål Mål 1 Mål 2" in text
    assert "Mål 8" in text
    assert "Mål 9" not in text


@pytest.mark.parametrize(
    "address", ["/regionplan/2019-2021.pdf", "/en/regional-plan/2019-2021.pdf"]
)
def test_the_pdf_with_wide_tables_is_accessible(client, budget, address):
    lines = [("item", ["1", None, NONE]), ("of_which", ["1", "1", "1"]), ("item", ["-3", "1", "2"])]
    make_table(budget, [*lines, ("result", ["-2", "1", "9"])], SEVERAL)
    make_table(budget, [("item", ["1"] * 9)], [("plan", 2019 + number) for number in range(9)])
    assert b"pdfuaid:part" in client.get(address).content


@pytest.mark.parametrize("number", [1, 3])
def test_queries_do_not_grow_with_tables_columns_and_lines(client, budget, number):
    for _number in range(number):
        lines = [("item", ["1"] * number), ("item", ["-2"] * number), ("result", ["-1"] * number)]
        make_table(budget, lines * number if number == 1 else lines[:2] * 3, SEVERAL[:number])
    assert BudgetColumn.objects.count() == number**2
    with CaptureQueriesContext(connection) as queries:
        assert client.get(BUDGET).status_code == 200
    # plans, budget, tables, columns, lines, follow-up, footer
    assert len(queries) == 7
