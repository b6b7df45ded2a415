"""Amounts and units in files from finance: converted exactly, or asked about, and never ignored."""

from decimal import Decimal

import pytest

from planning.importing.headings import read_heading
from planning.models import NONE
from tests.factories import make_budget, make_plan, make_table
from tests.planning.table_files import (
    csv_of,
    import_file,
    problems_of,
    review_of,
    workbook_of,
)

pytestmark = pytest.mark.database_in_ci

NOT_SAID = "Filen säger inte vilken enhet beloppen har. Vilken är det?"


@pytest.fixture
def plan(db):
    return make_plan(2023, 2025, status="draft")


@pytest.fixture
def budget(plan):
    return make_budget(plan, 2023)


@pytest.fixture
def table(budget):
    """A table in million kronor with one decimal."""
    table = make_table(budget, [("item", ["1000.0"]), ("item", ["5.0"])])
    table.lines.filter(code="rad-1").update(name_sv="Skatteintäkter")
    return table


def amount_of(table):
    return table.lines.get(name_sv="Skatteintäkter").amounts["budget-2023"]


# --- Headings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "year", "last_year", "name"),
    [
        ("Budget 2024", "budget", 2024, None, ""),
        ("BUDGET 2024 (mnkr)", "budget", 2024, None, ""),
        ("Bokslut 2022", "outcome", 2022, None, ""),
        ("Utfall 2022", "outcome", 2022, None, "Utfall 2022"),
        ("Prognos 2023", "forecast", 2023, None, ""),
        ("Helårsprognos 2023 (tkr)", "forecast", 2023, None, "Helårsprognos 2023"),
        ("Plan 2025", "plan", 2025, None, ""),
        ("Ekonomisk plan 2026", "plan", 2026, None, "Ekonomisk plan 2026"),
        ("Flerårsplan 2026", "plan", 2026, None, "Flerårsplan 2026"),
        ("VP 2025", "plan", 2025, None, "VP 2025"),
        ("Bu 24", "budget", 2024, None, "Bu 24"),
        ("Plan 2026–2028", "plan", 2026, 2028, ""),
        ("Plan 2026 - 28", "plan", 2026, 2028, "Plan 2026 - 28"),
        ("2024, budget", "budget", 2024, None, ""),
        ("Budget\n2024\nTKR", "budget", 2024, None, ""),
        ("Budget för år 2024", "budget", 2024, None, ""),
        ("Reviderad budget 2024", "budget", 2024, None, "Reviderad budget 2024"),
        ("2026", None, 2026, None, ""),
        ("Miljoner kronor", None, None, None, ""),
        ("Belopp (tkr)", None, None, None, ""),
        ("Budget och plan 2024", None, 2024, None, ""),
    ],
)
def test_headings_say_kind_and_year(text, kind, year, last_year, name):
    heading = read_heading(text)
    assert (heading.kind, heading.year, heading.last_year, heading.name) == (
        kind, year, last_year, name,
    )  # fmt: skip
    assert heading.is_recognised


@pytest.mark.parametrize(
    "text", ["Förändring 2023–2024", "Avvikelse mot budget", "Not", "Andel, %", "Text"]
)
def test_other_headings_are_not_of_amounts(text):
    assert not read_heading(text).is_recognised


# --- Units -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file",
    [
        csv_of("Post;Belopp (tkr)", "Skatteintäkter;1 079 500"),
        csv_of("Belopp i tkr;", "Post;Budget 2023", "Skatteintäkter;1 079 500"),
        csv_of("tkr;Budget 2023", "Skatteintäkter;1 079 500"),
        csv_of("Post;Budget 2023", "Skatteintäkter;1 079 500 tkr"),
        csv_of("Post;Budget 2023", "Skatteintäkter;1,0795 mdkr"),
        csv_of("Post;Budget 2023 (kr)", "Skatteintäkter;1.079.500.000"),
        workbook_of(["Post", "Budget 2023"], ["Skatteintäkter", 1079500], formats={"B2": '#,##0 "tkr"'}),
        workbook_of(["Post", "Budget 2023"], ["Skatteintäkter", 1079500000], formats={"B2": "#,##0,"}),
        workbook_of(["Post", "Budget 2023"], ["Skatteintäkter", 1079500000], formats={"B2": "#,##0.0,,"}),
        workbook_of(
            ["Post", "Budget 2023"], ["Skatteintäkter", 1079500],
            prepare=lambda book: setattr(book.active, "title", "Budget tkr"),
        ),
    ],
)  # fmt: skip
def test_the_unit_is_read_and_converted_exactly(table, file):
    import_file(file, table)
    assert amount_of(table) == Decimal("1079.5")


def test_amounts_in_thousands_never_become_millions(table):
    file = csv_of("Post;Belopp (tkr)", "Skatteintäkter;1 079 512")
    assert problems_of(review_of(file, table)) == [
        "Ett belopp har fler decimaler än tabellen, som har en: 1\xa0079,512 blir 1\xa0079,5."
    ]
    import_file(file, table, rounding="ja")
    assert amount_of(table) == Decimal("1079.5")


def test_an_empty_table_takes_the_unit_of_the_file(budget):
    file = csv_of("Post;Belopp (tkr)", "Skatteintäkter;1 079 512")
    table = import_file(file, budget, title="Ramar")
    assert (table.unit, table.decimals, amount_of(table)) == ("ksek", 0, Decimal("1079512"))
    millions = {"table_unit": "msek", "decimals": "3", "title": "Igen"}
    table = import_file(file, budget, **millions)
    assert (table.unit, table.decimals, amount_of(table)) == ("msek", 3, Decimal("1079.512"))


@pytest.mark.parametrize(
    "note", ["", "Källa: SKR;", "1) Varav 2,5 miljarder kronor är bidrag.;", "Tak: 500 tkr;"]
)
def test_a_unit_that_the_file_does_not_state_is_asked_for(table, note):
    file = csv_of("Post;Budget 2023", "Skatteintäkter;1 079,5", note)
    assert problems_of(review_of(file, table)) == [NOT_SAID]
    import_file(file, table, unit="msek")
    assert amount_of(table) == Decimal("1079.5")


@pytest.mark.parametrize(
    "file",
    [
        csv_of("Alla belopp i tkr;", "Post;Budget 2023 (mnkr)", "Skatteintäkter;1 079,5"),
        csv_of("Post;Budget 2023 tkr (mnkr)", "Skatteintäkter;1 079,5"),
        workbook_of(["Post", "Budget 2023 (mnkr)"], ["Skatteintäkter", 1079.5], formats={"B2": '0.0 "tkr"'}),
    ],
)  # fmt: skip
def test_contradictions_about_the_unit_are_asked_about(table, file):
    assert problems_of(review_of(file, table)) == [
        "Filen anger beloppen både i tusen kronor och i miljoner kronor. Vilken enhet har de?"
    ]


@pytest.mark.parametrize(
    "file",
    [
        csv_of("Post;Budget 2023", ";tkr", "Skatteintäkter;1 079 500"),
        csv_of("Post;Budget 2023", "Skatteintäkter;1 079 500", "Alla belopp i tkr;"),
    ],
)
def test_the_unit_may_stand_in_a_row_below(table, file):
    import_file(file, table)
    assert amount_of(table) == Decimal("1079.5")


def test_number_formats_that_state_the_unit_of_some_amounts_only_are_not_enough(table):
    rows = [["Skatteintäkter", 1079500000], ["Bidrag", 5]]
    file = workbook_of(["Post", "Budget 2023"], *rows, formats={"B2": "#,##0,"})
    assert problems_of(review_of(file, table)) == [NOT_SAID]


@pytest.mark.parametrize(
    "headings",
    [
        ["Post;Budget 2023 (mnkr);Plan 2024 (tkr)"],
        ["Post;Budget 2023;Plan 2024", ";mnkr;tkr"],
        [";mnkr;t.kr", "Post;Budget 2023;Plan 2024"],
    ],
)
def test_columns_may_have_different_units(table, headings):
    import_file(csv_of(*headings, "Skatteintäkter;1 079,5;1 100 000"), table)
    assert table.lines.get(code="rad-1").amounts == {
        "budget-2023": Decimal("1079.5"),
        "plan-2024": Decimal("1100.0"),
    }


def test_the_columns_whose_unit_is_not_stated_are_named(budget):
    file = csv_of("Post;Budget 2023 (mnkr);Plan 2024", "Skatteintäkter;1;2")
    text = "Filen säger inte vilken enhet beloppen under Plan 2024 har. Vilken är det?"
    assert problems_of(review_of(file, budget, title="Ramar")) == [text]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Investeringar (mnkr)", "Namnet säger miljoner kronor, men beloppen är i tusen kronor."),
        ("Skattesats, kr", "Namnet säger kronor, men beloppen är i tusen kronor."),
        ("Soliditet, %", "Raden är i procent enligt sitt namn."),
        ("Resultat i procent av skatter", "Raden är i procent enligt sitt namn."),
    ],
)
def test_a_name_that_says_another_unit_is_refused_until_it_is_written_anew(budget, name, problem):
    file = csv_of("Post;Budget 2023 (tkr)", "Skatteintäkter;1", f"{name};11,19")
    review = review_of(file, budget, title="Ramar")
    [text] = problems_of(review)
    assert text.startswith(f"Rad 3, Namn, svenska: {problem} Ta bort raden ur filen, eller")
    table = import_file(file, budget, title="Ramar", **{"cell-3-0": "Investeringar"})
    assert [line.name_sv for line in table.lines.all()] == ["Skatteintäkter", "Investeringar"]


@pytest.mark.parametrize("name", ["Skatter (tkr)", "Uppräkning med 2 %", "Bidrag på 500 kr"])
def test_a_name_may_have_the_unit_of_its_amounts_and_figures(budget, name):
    table = import_file(csv_of("Post;Budget 2023 (tkr)", f"{name};1"), budget, title="Ramar")
    assert [line.name_sv for line in table.lines.all()] == [name]


def test_a_line_that_the_table_has_may_be_called_what_it_is_called(table):
    table.lines.filter(code="rad-1").update(name_sv="Soliditet, %")
    file = csv_of("Post;Budget 2023 (mnkr)", "Soliditet, %;1001")
    import_file(file, table)


def test_decimals_that_a_workbook_does_not_display_are_offered_as_rounding(budget):
    file = workbook_of(["Post", "Budget 2023 (mnkr)"], ["A", 988.3456], formats={"B2": "#,##0.0"})
    assert problems_of(review_of(file, budget, title="Ramar")) == [
        "Ett belopp har fler decimaler än tabellen, som har en: 988,3456 blir 988,3."
    ]
    table = import_file(file, budget, title="Ramar", rounding="ja")
    assert table.lines.get().amounts == {"budget-2023": Decimal("988.3")}


# --- Cells -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("(6 198,0)", Decimal("-6198.0")),
        ("6 198,0-", Decimal("-6198.0")),
        ("−6 198,0", Decimal("-6198.0")),
        ("– 1 452,8", Decimal("-1452.8")),
        ("1'079,5", Decimal("1079.5")),
        ("6.198,0", Decimal("6198.0")),
        ("0,0", Decimal("0.0")),
        ("–", NONE),
    ],
)
def test_amounts_are_read_as_accountants_write_them(budget, text, amount):
    table = import_file(csv_of("Post;Budget 2023 (mnkr)", f"A;{text}"), budget, title="Ramar")
    assert table.lines.get().amounts == {"budget-2023": amount}


@pytest.mark.parametrize(
    ("text", "problem", "proposal"),
    [
        ("12,3x", "”12,3x” är inget tal. Skriv till exempel 988,3.", ""),
        ("2,1 %", "”2,1 %” är procent, inte ett belopp.", ""),
        ("988,3*", "”988,3*” har en fotnot eller ett annat tecken.", "988,3"),
        ("988,3 1)", "”988,3 1)” har en fotnot eller ett annat tecken.", "988,3"),
        ("se not 4", "”se not 4” är inget tal. Skriv till exempel 988,3.", ""),
        ("#REF!", "#REF! är ett felmeddelande från Excel. Rätta formeln.", ""),
        ("9" * 20, f"Beloppet {'9' * 20} är för stort.", ""),
    ],
)
def test_a_wrong_cell_is_said_with_row_column_and_reason(budget, text, problem, proposal):
    file = csv_of("Post;Budget 2023 (mnkr)", "B;1,0", f"A;{text}")
    review = review_of(file, budget, title="Ramar")
    assert problems_of(review) == [f"Rad 3, Budget 2023: {problem}"]
    assert [error.proposal for _row, error in review.cell_errors] == [proposal]
    assert not review.can_be_saved
    table = import_file(file, budget, title="Ramar", **{"cell-3-1": "7,5"})
    assert table.lines.get(name_sv="A").amounts == {"budget-2023": Decimal("7.5")}


def test_percent_in_a_workbook_is_refused(budget):
    file = workbook_of(
        ["Post", "Budget 2023 (mnkr)"], ["A", 1], ["B", 0.021], formats={"B3": "0.0%"}
    )
    assert problems_of(review_of(file, budget, title="Ramar")) == [
        "Rad 3, Budget 2023: ”2,1 %” är procent, inte ett belopp."
    ]


def test_a_formula_without_a_value_is_said_to_be_that(budget):
    file = workbook_of(["Post", "Budget 2023 (mnkr)"], ["A", 1], ["B", "=B2*2"])
    assert problems_of(review_of(file, budget, title="Ramar")) == [
        "Rad 3, Budget 2023: Cellen har en formel utan uträknat värde. Öppna filen i Excel, spara den "
        "och välj den igen."
    ]


def test_an_ambiguous_amount_is_asked_about(budget):
    file = csv_of("Post;Budget 2023 (mnkr)", "A;1.234", "B;2.345")
    review = review_of(file, budget, title="Ramar")
    assert problems_of(review) == ["2 belopp går att läsa på två sätt, till exempel ”1.234”."]
    assert [label for _value, label in review.questions[0].choices] == [
        "Tecknet skiljer decimaler: 1,234",
        "Tecknet skiljer tusental: 1 234",
    ]
    table = import_file(file, budget, title="Ramar", separator="thousands")
    assert [line.amounts["budget-2023"] for line in table.lines.all()] == [1234, 2345]


# --- Magnitudes ------------------------------------------------------------------------------------


def test_an_amount_a_thousand_times_that_of_another_column_is_asked_about(table):
    file = csv_of("Post;Plan 2024 (mnkr)", "Skatteintäkter;1 079 512,0")
    assert problems_of(review_of(file, table)) == [
        "Är enheten rätt? Skatteintäkter blir 1\xa0079\xa0512,0 i Plan 2024, ungefär tusen gånger mer än "
        "tidigare eller bredvid."
    ]
    import_file(file, table, scale="ja")


def test_an_amount_a_thousandth_of_last_years_is_asked_about(plan, table):
    later = make_budget(plan, 2024)
    file = csv_of("Post;Budget 2024 (mdkr)", "Skatteintäkter;1,1")
    same_unit = review_of(file, later, title="Resultatbudget")
    assert same_unit.can_be_saved
    table.lines.filter(code="rad-1").update(code="skatteintakter")
    wrong = csv_of("Post;Budget 2024 (mnkr)", "Skatteintäkter;1,1")
    assert problems_of(review_of(wrong, later, title="Resultatbudget")) == [
        "Är enheten rätt? Skatteintäkter blir 1,1 i Budget 2024, ungefär tusen gånger mindre än "
        "tidigare eller bredvid."
    ]


def test_an_amount_far_larger_than_the_other_rows_is_asked_about(budget):
    rows = ["A;988,3", "B;48,8", "C;4 111,8", "D;1 412 700,0"]
    file = csv_of("Post;Budget 2023 (mnkr)", *rows)
    assert problems_of(review_of(file, budget, title="Ramar")) == [
        "Är enheten rätt? D blir 1\xa0412\xa0700,0 i Budget 2023, mer än 100 gånger mer än de andra raderna."
    ]
