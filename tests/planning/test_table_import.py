"""Files from finance as tables of a budget: lines, kinds, units, and what has to be asked about."""

import time
from decimal import Decimal

import pytest

from pages.exchange.spreadsheets import as_csv, as_workbook
from planning.importing.exports import export_table
from planning.models import NONE
from planning.sums import sums_of
from tests.factories import make_budget, make_plan, make_table
from tests.pages.exchange.workbooks import opendocument
from tests.planning.table_files import (
    csv_of,
    import_file,
    lines_of,
    problems_of,
    review_of,
    workbook_of,
)

pytestmark = pytest.mark.database_in_ci

# Another region's order of lines than that of the fixtures, with other subtotals.
INCOME_STATEMENT = csv_of(
    "Post;Miljoner kronor",
    "Verksamhetens intäkter;1 106,0",
    "Verksamhetens kostnader;−7 250,4",
    "Avskrivningar;−270,0",
    "Verksamhetens nettokostnad;−6 414,4",
    "Skatteintäkter;4 719,8",
    "Generella statsbidrag och utjämning;1 745,9",
    "Verksamhetens resultat;51,3",
    "Finansiella intäkter;55,0",
    "Finansiella kostnader;−103,7",
    "Resultat efter finansiella poster;2,6",
    "Årets resultat;2,6",
)


@pytest.fixture
def plan(db):
    return make_plan(2023, 2025, status="draft")


@pytest.fixture
def budget(plan):
    return make_budget(plan, 2023)


def all_add_up(table):
    sums = sums_of(list(table.lines.all()), list(table.columns.all()), table.precision)
    return [entry.adds_up for entry in sums.values()]


# --- Whole tables ----------------------------------------------------------------------------------


def test_an_income_statement_imports_as_it_is(budget):
    table = import_file(INCOME_STATEMENT, budget)
    assert (table.title_sv, table.unit, table.decimals) == ("Resultatbudget", "msek", 1)
    assert [str(column) for column in table.columns.all()] == ["Budget 2023"]
    assert lines_of(table) == [
        ("Verksamhetens intäkter", "item", ["1106.0"]),
        ("Verksamhetens kostnader", "item", ["-7250.4"]),
        ("Avskrivningar", "item", ["-270.0"]),
        ("Verksamhetens nettokostnad", "subtotal", ["-6414.4"]),
        ("Skatteintäkter", "item", ["4719.8"]),
        ("Generella statsbidrag och utjämning", "item", ["1745.9"]),
        ("Verksamhetens resultat", "subtotal", ["51.3"]),
        ("Finansiella intäkter", "item", ["55.0"]),
        ("Finansiella kostnader", "item", ["-103.7"]),
        ("Resultat efter finansiella poster", "subtotal", ["2.6"]),
        ("Årets resultat", "result", ["2.6"]),
    ]
    assert all_add_up(table) == [True] * 4


def test_no_line_is_left_over_from_a_table_copied_from_another_year(budget):
    table = make_table(budget, [("item", [None]), ("result", [None])], title_sv="Resultatbudget")
    import_file(INCOME_STATEMENT, table)
    assert [line[0] for line in lines_of(table)][::10] == [
        "Verksamhetens intäkter",
        "Årets resultat",
    ]
    assert table.lines.filter(name_sv__startswith="Rad").count() == 0
    assert list(table.lines.values_list("position", flat=True)) == list(range(1, 12))


WHOLE_MILLIONS = csv_of(
    "Post;Post på engelska;Slag;Bokslut 2022 (mnkr);Budget 2023 (mnkr);Budget 2024 (mnkr);"
    "Plan 2025 (mnkr);Plan 2026–2028 (mnkr)",
    "Verksamhetens intäkter;Operating revenue;Post;1106;1140;1175;1210;3700",
    "Övrigt;Other;Post;20;–;25;;80",
    "Verksamhetens kostnader;Operating expenses;Post;-7250;-7400;-7600;-7800;-23900",
    "varav pensioner;of which pensions;Varav;-610;-700;-650;-600;-1900",
    "Nettokostnad;Net cost;Delsumma;-6124;-6260;-6400;-6590;-20120",
    "Skatteintäkter;Tax revenue;Post;4720;4830;4950;5090;15800",
    "Statsbidrag;Grants;Post;1460;1470;1500;1550;4700",
    "Finansiella poster;Financial items;Post;-40;-30;-20;-20;-60",
    "Övrigt;Other items;Post;5;5;;–;10",
    "Summa finansiering;Total financing;Delsumma;6145;6275;6430;6620;20450",
    "Resultat;Result;Resultat;21;15;30;30;330",
    "",
)


def test_five_columns_of_three_kinds_import_and_export_to_the_same_file(budget):
    table = import_file(WHOLE_MILLIONS, budget)
    assert [(column.kind, column.period) for column in table.columns.all()] == [
        ("outcome", "2022"), ("budget", "2023"), ("budget", "2024"), ("plan", "2025"),
        ("plan", "2026–2028"),
    ]  # fmt: skip
    assert (table.unit, table.decimals) == ("msek", 0)
    first, last = table.lines.filter(name_sv="Övrigt")
    assert (first.code, last.code) == ("ovrigt", "ovrigt-2")
    assert first.amounts["budget-2023"] is NONE
    assert "plan-2025" not in first.amounts
    exported = as_csv(export_table(table))
    assert exported.decode("utf-8-sig") == WHOLE_MILLIONS.decode()
    again = review_of(exported, table, way="whole")
    assert again.summary == "0 nya, 0 ändrade, 0 borttagna, 11 oförändrade"
    assert not again.changes_something
    assert problems_of(again) == []


@pytest.mark.parametrize("write", [as_csv, as_workbook])
@pytest.mark.parametrize("unit", ["sek", "ksek", "msek", "bsek"])
@pytest.mark.parametrize("decimals", [0, 1, 2, 3])
def test_an_export_makes_the_same_table_of_another_budget(plan, budget, write, unit, decimals):
    table = make_table(
        budget,
        [("item", [12, NONE]), ("of_which", [3, None]), ("item", [-5, 4]), ("total", [7, 4])],
        [("forecast", 2022), ("plan", 2031)],
        unit=unit,
        decimals=decimals,
        title_sv="Ramar: per nämnd",
    )
    for line in table.lines.all():
        line.amounts = {
            code: amount if amount is NONE else amount.quantize(table.precision)
            for code, amount in line.amounts.items()
        }
        line.save()
    table.columns.filter(year=2022).update(name_sv="Senaste bedömning")
    exported = write(export_table(table))
    # In a csv file, 4,000 may be four thousand.
    answers = {"separator": "decimals"} if decimals == 3 and write is as_csv else {}
    copy = import_file(exported, make_budget(plan, 2024), title=table.title_sv, **answers)
    assert (copy.unit, copy.decimals) == (unit, decimals)
    assert lines_of(copy) == lines_of(table)
    assert as_csv(export_table(copy)) == as_csv(export_table(table))


def test_a_table_as_it_is_printed(budget):
    """Sjöbo's income statement: titles above, notes beside, and a dash and a space before costs."""
    table = import_file(
        csv_of(
            "Sjöbo kommun;;;;",
            "Resultatbudget, mnkr;;;;",
            "",
            ";Not;Bokslut 2022;Budget 2023;Plan 2025",
            "Verksamhetens intäkter;1;282,3;372,4;352,3",
            "varav jämförelsestörande post;;0,1;0,0;0,0",
            "Verksamhetens kostnader;2;– 1 452,8;– 1 628,8;– 1 647,8",
            "Avskrivningar;;– 29,3;– 35,9;– 40,5",
            "Verksamhetens nettokostnader;;– 1 199,8;– 1 292,3;– 1 336,0",
            "Skatteintäkter;3;922,7;951,2;1 042,8",
            "Generella statsbidrag och utjämning;4;325,0;311,2;324,4",
            "Verksamhetens resultat;;47,9;– 29,9;31,2",
            "Finansiella intäkter;5;12,9;11,6;9,1",
            "Finansiella kostnader;6;– 10,5;– 1,1;– 0,3",
            "Årets resultat;;50,3;– 19,4;40,0",
        ),
        budget,
    )
    assert table.title_sv == "Resultatbudget"
    assert [kind for _name, kind, _amounts in lines_of(table)] == [
        "item", "of_which", "item", "item", "subtotal", "item", "item", "subtotal", "item", "item",
        "result",
    ]  # fmt: skip
    assert lines_of(table)[2][2] == ["-1452.8", "-1628.8", "-1647.8"]
    assert all(all_add_up(table))


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        (["A;10", "B;20", "Summa;30"], ["item", "item", "total"]),
        (
            ["A;10", "B;20", "Summa A och B;30", "C;5", "Totalt;35"],
            ["item", "item", "subtotal", "item", "total"],
        ),
        (["Finansiering totalt;5725"], ["total"]),
        (["Årets resultat;332"], ["result"]),
        (["A;10", "B;20", "C;30"], ["item", "item", "item"]),
        (["A;66900", "B;14100", "C;13500", "D;3485", "Anslag till nämnder;98000"], ["item"] * 4 + ["total"]),
        (["Nettokostnad;−50", "Skatt;60", "Resultat;10"], ["item", "item", "result"]),
        (
            ["A;10", "  därav a;4", "  varav b;6", "B;5", "Summa;15"],
            ["item", "of_which", "of_which", "item", "total"],
        ),
        (["A;10", "   a;4", "   b;6", "B;5", "Summa;15"], ["item", "of_which", "of_which", "item", "total"]),
        (["A;10", "   a;4", "   b;6", "B;5", "Summa;25"], ["item", "item", "item", "item", "total"]),
    ],
)  # fmt: skip
def test_kinds_follow_from_names_and_amounts(budget, rows, kinds):
    table = import_file(csv_of("Post;Budget 2023 (mnkr)", *rows), budget, title="Tabell")
    assert [kind for _name, kind, _amounts in lines_of(table)] == kinds


def test_kinds_that_staff_or_the_file_state_hold(budget):
    file = csv_of("Post;Slag;Budget 2023 (mnkr)", "A;Delsumma;1", "B;;2", "Summa;;3")
    table = import_file(file, budget, title="Tabell", **{"kind-3": "of_which"})
    assert [kind for _name, kind, _amounts in lines_of(table)] == ["subtotal", "of_which", "total"]


def test_two_results_are_refused(budget):
    file = csv_of("Post;Slag;Budget 2023 (mnkr)", "A;Resultat;1", "B;Resultat;2")
    assert problems_of(review_of(file, budget, title="Tabell")) == [
        "Rad 3, Slag: ”A” är redan tabellens resultat."
    ]


# --- Existing tables -------------------------------------------------------------------------------


@pytest.fixture
def table(budget):
    lines = [("item", ["10.0"]), ("item", ["20.0"]), ("result", ["30.0"])]
    table = make_table(budget, lines)
    table.lines.filter(code="rad-1").update(name_sv="Intäkter", name_en="Revenue")
    table.lines.filter(code="rad-2").update(name_sv="Bidrag")
    table.lines.filter(code="rad-3").update(name_sv="Resultat")
    return table


def test_only_the_rows_of_the_file_change(table):
    file = csv_of("Post;Budget 2023 (mnkr)", "Bidrag;25,0", "Avgifter;1,0")
    review = review_of(file, table)
    assert review.way == "only"
    assert review.summary == "1 nya, 1 ändrade, 0 borttagna, 0 oförändrade"
    import_file(file, table)
    assert lines_of(table) == [
        ("Intäkter", "item", ["10.0"]),
        ("Bidrag", "item", ["25.0"]),
        ("Avgifter", "item", ["1.0"]),
        ("Resultat", "result", ["30.0"]),
    ]


def test_a_whole_table_removes_reorders_and_keeps_codes_and_english_names(table):
    file = csv_of("Post;Budget 2023 (mnkr)", "Resultat;10,0", "INTÄKTER;10,0")
    review = review_of(file, table, way="whole")
    assert review.summary == "0 nya, 2 ändrade, 1 borttagna, 0 oförändrade"
    assert "Raderna får samma ordning som i filen." in review.notes
    import_file(file, table, way="whole")
    assert list(table.lines.values_list("code", "name_sv", "name_en")) == [
        ("rad-3", "Resultat", None), ("rad-1", "INTÄKTER", "Revenue"),
    ]  # fmt: skip


def test_a_similar_name_is_asked_about(table):
    file = csv_of("Post;Budget 2023 (mnkr)", "Bidragen;25,0")
    review = review_of(file, table)
    assert problems_of(review) == ["Liknar Bidrag, som redan finns."]
    assert not review.can_be_saved
    new = review_of(file, table, **{"same-2": "new"})
    assert new.summary == "1 nya, 0 ändrade, 0 borttagna, 0 oförändrade"
    import_file(file, table, **{"same-2": "same"})
    assert table.lines.get(code="rad-2").name_sv == "Bidragen"
    assert table.lines.count() == 3


def test_an_empty_cell_is_missing_and_a_dash_is_none(table):
    import_file(
        csv_of("Post;Budget 2023 (mnkr);Plan 2024 (mnkr)", "Intäkter;;1,0", "Bidrag;–;2,0"), table
    )
    assert table.lines.get(code="rad-1").amounts == {"plan-2024": Decimal("1.0")}
    assert table.lines.get(code="rad-2").amounts == {
        "budget-2023": NONE,
        "plan-2024": Decimal("2.0"),
    }


def test_a_line_has_the_code_that_it_has_in_other_years(plan, table):
    file = csv_of("Post;Budget 2024 (mnkr)", "Bidrag;1,0", "Intäkter;2,0", "Avgifter;3,0")
    later = import_file(file, make_budget(plan, 2024), title="Resultatbudget")
    assert list(later.lines.values_list("code", flat=True)) == ["rad-2", "rad-1", "avgifter"]


def test_columns_that_the_file_lacks_stay(table):
    file = csv_of("Post;Bokslut 2021 (mnkr)", "Intäkter;9,0", "Bidrag;18,0", "Resultat;27,0")
    review = review_of(file, table, way="whole")
    assert "Finns inte i filen och blir kvar: Budget 2023." in review.advice
    import_file(file, table, way="whole")
    assert [str(column) for column in table.columns.all()] == ["Bokslut 2021", "Budget 2023"]
    assert lines_of(table)[0] == ("Intäkter", "item", ["9.0", "10.0"])


# --- Rows, columns and sheets ----------------------------------------------------------------------


def test_a_hidden_sheet_is_never_read(budget):
    def hide(book):
        book.active.sheet_state = "hidden"
        visible = book.create_sheet("Budget")
        visible.append(["Post", "Budget 2023 (mnkr)"])
        visible.append(["Synlig", 1])

    file = workbook_of(["Post", "Budget 2023 (mnkr)"], ["Dold", 1], prepare=hide)
    assert [row.name for row in review_of(file, budget, title="Ramar").rows] == ["Synlig"]


def test_hidden_rows_and_columns_are_said_and_left_out(budget):
    def hide(book):
        book.active.row_dimensions[3].hidden = True
        book.active.column_dimensions["C"].hidden = True

    rows = [
        ["Post", "Budget 2023 (mnkr)", "Plan 2024 (mnkr)"],
        ["A", 1, 2],
        ["B", 3, 4],
        ["C", 5, 6],
    ]
    file = workbook_of(*rows, prepare=hide)
    review = review_of(file, budget)
    assert [row.name for row in review.rows] == ["A", "C"]
    assert "Rad 3 är dold i filen och läses inte." in review.advice
    assert "Läses inte: kolumn C (Plan 2024 (mnkr)), dold." in review.advice
    assert review.layout.roles == ["name_sv", "amounts", ""]
    chosen = review_of(file, budget, hidden_rows="ja", column_2="amounts")
    assert [row.name for row in chosen.rows] == ["A", "B", "C"]
    assert [str(column) for column in chosen.columns] == ["Budget 2023", "Plan 2024"]


def test_skipped_rows_are_said(budget):
    file = csv_of(
        "Region Testland;",
        "Ramar;",
        "Post;Budget 2023 (mnkr)",
        "Nämnder;",
        "A;1",
        "Källa: beslutet;",
    )
    review = review_of(file, budget)
    assert review.advice == [
        "Rad 1 och 2 hoppas över: de har ingen budgetrad.",
        "Rad 4 och 6 hoppas över: de har inga belopp.",
    ]


def test_kinds_above_years_are_read_together(budget):
    file = workbook_of(
        ["Post, mnkr", "Bokslut", None, "Budget"], [None, 2021, 2022, 2023], ["A", 1, 2, 3]
    )
    review = review_of(file, budget, title="Ramar")
    assert [str(column) for column in review.columns] == [
        "Bokslut 2021",
        "Bokslut 2022",
        "Budget 2023",
    ]


@pytest.mark.parametrize(
    "file",
    [
        csv_of("mnkr;2022;2023", "A;1;2", "Investeringar;2022;2023", "B;3;4"),
        csv_of("Post;Budget 2022 (mnkr);Budget 2023 (mnkr)", "A;1;2", "Investeringar;Budget 2024;", "B;3;4"),
        workbook_of(["mnkr", 2022, 2023], ["A", 1, 2], ["Investeringar", 2022, 2023], ["B", 3, 4]),
    ],
)  # fmt: skip
def test_another_table_below_is_asked_about(budget, file):
    assert problems_of(review_of(file, budget, title="Ramar")) == [
        "Rad 3 ser ut som rubrikerna för en tabell till. Ska raderna under den läsas?"
    ]
    first = review_of(file, budget, title="Ramar", table_below="none")
    assert [row.name for row in first.rows] == ["A"]
    assert "Rad 3 och 4 hoppas över: de har ingen budgetrad." in first.advice
    both = review_of(file, budget, title="Ramar", table_below="all")
    assert [row.name for row in both.rows] == ["A", "B"]


def test_headings_that_repeat_on_each_page_are_skipped(budget):
    headings = "Post;Budget 2023 (mnkr)"
    table = import_file(csv_of(headings, "A;1", headings, "B;2"), budget, title="Ramar")
    assert [name for name, _kind, _amounts in lines_of(table)] == ["A", "B"]


@pytest.mark.parametrize(
    ("heading", "columns"),
    [
        ("Utfall 2022", ["Bokslut 2022", "Budget 2023"]),
        ("2022", ["Bokslut 2022", "Budget 2023", "Budget 2022"]),
        ("Reviderad budget 2023", ["Bokslut 2022", "Budget 2023", "Reviderad budget 2023"]),
    ],
)
def test_columns_are_found_by_year_and_kind_whatever_they_are_called(budget, heading, columns):
    table = make_table(budget, [("item", ["10.0", "20.0"])], [("outcome", 2022), ("budget", 2023)])
    import_file(csv_of(f"Post;{heading} (mnkr)", "Rad 1;11,0"), table)
    assert [str(column) for column in table.columns.all()] == columns


def test_names_may_be_numbers_under_a_heading_that_says_so(budget):
    file = csv_of("Konto;Slag;Budget 2023 (mnkr)", "3000;Post;1", "4000;Post;2")
    table = import_file(file, budget, title="Ramar")
    assert [name for name, _kind, _amounts in lines_of(table)] == ["3000", "4000"]
    with_texts = csv_of("Konto;Text;Budget 2023 (mnkr)", "3000;Intäkter;1", "4000;Kostnader;2")
    assert [row.name for row in review_of(with_texts, budget, title="Andra").rows] == [
        "Intäkter", "Kostnader",
    ]  # fmt: skip


def test_two_columns_of_the_same_year_and_kind_are_refused(budget):
    file = csv_of("Post;Belopp (mnkr);Ram (mnkr)", "A;1;2")
    assert problems_of(review_of(file, budget)) == [
        "Kolumn B och C blir båda Budget 2023. Välj år och slag för dem."
    ]
    settled = {"year-1": "2022", "kind-of-1": "outcome", "title": "Ramar"}
    columns = review_of(file, budget, **settled).columns
    assert [str(column) for column in columns] == ["Bokslut 2022", "Budget 2023"]


NO_HEADINGS = (
    "Ingen rubrikrad hittades bland de första tjugo raderna. Välj vilken rad som har rubrikerna."
)


@pytest.mark.parametrize(
    ("file", "problems"),
    [
        (csv_of("A;1", "B;2"), [NO_HEADINGS]),
        (csv_of("Post;Budget 2023 (mnkr)"), ["Filen har inga rader med belopp under rubrikraden."]),
        (csv_of("Post;Budget 2023 (mnkr)", "A;1", ";2"), ["Rad 3, Namn, svenska: Namnet saknas."]),
        (
            csv_of("Post;Slag;Budget 2023 (mnkr)", "A;Färg;1"),
            ["Rad 2, Slag av rad: ”Färg” går inte. Välj bland post, varav, delsumma, summa, resultat."],
        ),
        (
            csv_of("Post;Budget 2023 (mnkr)", f"{'A' * 201};1"),
            ["Rad 2, Namn, svenska: Namnet har fler än 200 tecken."],
        ),
        (
            csv_of("Post,Budget 2023 (mnkr)", "A,1079,5", "B,12,5"),
            ["Rad 2 och 3 har fler värden än rubrikraden. Komman skiljer kolumner i filen, och står "
             "kanske också i text eller belopp. Spara den som .xlsx."],
        ),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_imported_is_explained(budget, file, problems):
    assert problems_of(review_of(file, budget, title="Ramar")) == problems


TABLE_OF_OPENDOCUMENT = """<table:table table:name="Ramar">
<table:table-row><table:table-cell><text:p>Post</text:p></table:table-cell>
<table:table-cell><text:p>Budget 2023 (mnkr)</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell><text:p>Intäkter</text:p></table:table-cell>
<table:table-cell office:value-type="float" office:value="988.3"><text:p>988,3</text:p></table:table-cell>
</table:table-row><table:table-row><table:table-cell><text:p>Kostnader</text:p></table:table-cell>
<table:table-cell><text:p>– 6 198,0</text:p></table:table-cell></table:table-row></table:table>"""
ROWS = ["Post;Budget 2023 (mnkr)", "Intäkter;988,3", "Kostnader;– 6 198,0"]


@pytest.mark.parametrize(
    "file",
    [
        csv_of(*ROWS),
        csv_of(*ROWS, encoding="utf-8-sig"),
        csv_of(*ROWS, encoding="cp1252"),
        csv_of(*ROWS, encoding="utf-16"),
        csv_of(*(row.replace(";", "\t") for row in ROWS)),
        workbook_of(
            ["Post", "Budget 2023 (mnkr)"], ["Intäkter", 988.3], ["Kostnader", "– 6 198,0"]
        ),
        opendocument(TABLE_OF_OPENDOCUMENT),
    ],
    ids=["utf-8", "utf-8-sig", "cp1252", "utf-16", "tab", "xlsx", "ods"],
)
def test_all_formats_hold_the_same_table(budget, file):
    table = import_file(file, budget, title="Ramar")
    assert lines_of(table) == [("Intäkter", "item", ["988.3"]), ("Kostnader", "item", ["-6198.0"])]


def test_five_thousand_cells_take_under_five_seconds(budget):
    headings = ["Post", *(f"Plan {year} (mnkr)" for year in range(2023, 2033))]
    rows = [
        [f"Post {number}", *(number + year / 10 for year in range(10))] for number in range(500)
    ]
    file = workbook_of(headings, *rows)
    started = time.process_time()
    table = import_file(file, budget, title="Ramar")
    review = review_of(file, table, way="whole")
    assert time.process_time() - started < 5
    assert review.summary == "0 nya, 0 ändrade, 0 borttagna, 500 oförändrade"
