"""Reading sheets from Excel workbooks and csv files."""

import datetime as dt
import io
from decimal import Decimal

import openpyxl
import pytest
from django.core.exceptions import ValidationError

from blekinge_site.amounts import Amount, AmountError, PercentError
from blekinge_site.units import Unit
from pages.exchange.cells import ERROR_VALUE, NO_VALUE, Cell, amount_of
from pages.exchange.spreadsheets import read_rows
from tests.pages.exchange.workbooks import excel, read, styles_of, texts_of


def saved(book):
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def cells_of(content):
    return [cell for row in read(content).rows for cell in row.cells]


# --- Sheets, rows and columns ----------------------------------------------------------------------


def three_sheets(active, **states):
    book = openpyxl.Workbook()
    book.active.title = "Noter"
    book.create_sheet("Budget")
    book.create_sheet("Underlag")
    for sheet in book:
        sheet["A1"] = f"i {sheet.title}"
    for title, state in states.items():
        book[title].sheet_state = state
    book.active = book.sheetnames.index(active)
    return saved(book)


@pytest.mark.parametrize(
    ("active", "states", "name"),
    [
        ("Noter", {}, "Noter"),
        ("Budget", {}, "Budget"),
        ("Underlag", {"Underlag": "hidden"}, "Noter"),
        ("Noter", {"Noter": "veryHidden"}, "Budget"),
    ],
)
def test_the_sheet_that_was_open_is_read_unless_it_is_hidden(active, states, name):
    sheet = read(three_sheets(active, **states))
    assert (sheet.name, texts_of(sheet)) == (name, [[f"i {name}"]])
    assert [(tab.name, tab.is_hidden) for tab in sheet.sheets] == [
        (title, title in states) for title in ("Noter", "Budget", "Underlag")
    ]


def test_another_sheet_can_be_chosen():
    content = three_sheets("Noter", Underlag="hidden")
    assert texts_of(read(content, "Budget")) == [["i Budget"]]
    assert texts_of(read(content, "Underlag")) == [["i Underlag"]]
    with pytest.raises(ValidationError, match="inget blad som heter ”Bilaga”"):
        read(content, "Bilaga")


def test_a_workbook_without_visible_sheets_is_refused():
    with pytest.raises(ValidationError, match="inget synligt blad"):
        read(excel(names=['name="A" state="hidden"']))


def test_a_chart_is_not_a_sheet():
    book = openpyxl.Workbook()
    book.active["A1"] = "här"
    book.create_chartsheet("Diagram", 0)
    book.active = 0
    sheet = read(saved(book))
    assert ([tab.name for tab in sheet.sheets], texts_of(sheet)) == (["Sheet"], [["här"]])


def test_hidden_rows_and_columns_are_read_and_said():
    book = openpyxl.Workbook()
    sheet = book.active
    for number in (1, 2, 4):
        sheet.cell(number, 1, f"rad {number}")
        sheet.cell(number, 4, number)
    sheet.row_dimensions[2].hidden = True
    sheet.column_dimensions["B"].hidden = True
    sheet.column_dimensions.group("C", "C", hidden=True)
    read_sheet = read(saved(book))
    assert [(row.number, row.is_hidden, len(row.cells)) for row in read_sheet.rows] == [
        (1, False, 4), (2, True, 4), (4, False, 4),
    ]  # fmt: skip
    assert read_sheet.hidden_columns == {1, 2}


def test_rows_and_columns_without_height_and_width_are_hidden():
    content = excel(
        '<row r="1" ht="0" customHeight="1"><c r="A1"><v>1</v></c></row>',
        before='<cols><col min="2" max="16384" width="0" customWidth="1"/></cols>',
    )
    sheet = read(content)
    assert sheet.rows[0].is_hidden
    assert sheet.hidden_columns == set(range(1, 50))


def test_merged_cells_have_their_value_top_left_only():
    rows = "".join(
        f'<row r="{row}">' + "".join(f'<c r="{c}{row}"><v>{row}</v></c>' for c in "ABC") + "</row>"
        for row in (1, 2, 3)
    )
    merged = '<mergeCells count="1"><mergeCell ref="A1:B2"/></mergeCells>'
    assert texts_of(read(excel(rows, after=merged))) == [
        ["1", "", "1"],
        ["", "", "2"],
        ["3", "3", "3"],
    ]


def test_columns_after_the_fiftieth_are_left_out_and_said():
    book = openpyxl.Workbook()
    book.active.append(range(1, 52))
    sheet = read(saved(book))
    assert (len(sheet.rows[0].cells), sheet.has_more_columns) == (50, True)
    sheet = read(";".join("x" * 51).encode())
    assert (len(sheet.rows[0].cells), sheet.has_more_columns) == (50, True)
    sheet = read(b"x" + b";" * 60)
    assert (len(sheet.rows[0].cells), sheet.has_more_columns) == (1, False)


# --- Cells -----------------------------------------------------------------------------------------


def test_values_of_all_kinds_become_text():
    moments = [dt.datetime(2021, 4, 7), dt.datetime(2021, 4, 7, 13, 30), dt.time(13, 30)]  # noqa: DTZ001
    book = openpyxl.Workbook()
    book.active.append(
        [988.3000000000001, 2019, -6198.0, 0, True, False, *moments, " två\nord ", "'=1"]
    )
    cells = cells_of(saved(book))
    assert [cell.text for cell in cells] == [
        "988,3", "2019", "-6198", "0", "SANT", "FALSKT", "2021-04-07", "2021-04-07 13:30:00", "13:30:00",
        " två\nord ", "=1",
    ]  # fmt: skip
    assert [cell.number for cell in cells] == [
        Decimal("988.3"), Decimal(2019), Decimal(-6198), Decimal(0), *[None] * 7,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stored", "number"),
    [
        ("988.3000000000001", "988.3"),
        ("0.30000000000000004", "0.3"),
        ("0.1000000000003638", "0.1"),
        ("59.30000000000018", "59.3"),
        ("12345678901.23", "12345678901.23"),
        ("1.0795120000000001E6", "1079512"),
        ("-1E-3", "-0.001"),
        ("1E20", "100000000000000000000"),
        ("-0", "0"),
    ],
)
def test_numbers_lose_the_traces_of_binary_arithmetic(stored, number):
    (cell,) = cells_of(excel(f"<row><c><v>{stored}</v></c></row>"))
    assert str(cell.number) == number


@pytest.mark.parametrize("stored", ["1E999", "nan", "abc", "1 2"])
def test_a_number_that_is_none_is_a_problem(stored):
    (cell,) = cells_of(excel(f"<row><c><v>{stored}</v></c></row>"))
    assert (cell.number, cell.problem) == (None, f"Cellens värde, {stored}, är inget tal.")


def test_number_formats_are_those_of_the_file():
    codes = ["General", "#,##0.0,", '0.0 "tkr"', "0.0%", "[Red]-#,##0", 'yyyy"-"mm']
    cells = "".join(f'<c s="{style}"><v>44293.5</v></c>' for style in range(len(codes)))
    read_cells = cells_of(excel(f"<row>{cells}</row>", styles=styles_of(*codes)))
    assert [cell.number_format for cell in read_cells] == codes
    assert [cell.text for cell in read_cells] == [
        "44293,5", "44293,5", "44293,5", "4429350 %", "44293,5", "2021-04-07 12:00:00",
    ]  # fmt: skip


def test_dates_may_be_counted_from_1904():
    cell = '<row><c s="0"><v>42831</v></c><c t="d"><v>2021-04-07T00:00:00</v></c></row>'
    book = '<workbookPr date1904="1"/>'
    sheet = read(excel(cell, styles=styles_of("yyyy-mm-dd"), book=book))
    assert texts_of(sheet) == [["2021-04-07", "2021-04-07"]]


@pytest.mark.parametrize(
    ("cell", "text", "problem"),
    [
        ("<c><f>SUM(A1)</f><v>5</v></c>", "5", ""),
        ("<c><f>SUM(A1)</f><v>0</v></c>", "0", ""),
        ('<c t="str"><f>A1</f><v></v></c><c><v>1</v></c>', "", ""),
        ("<c><f>SUM(A1)</f></c>", "", NO_VALUE),
        ("<c><f>SUM(A1)</f><v></v></c>", "", NO_VALUE),
        ("<c><f>SUM(A1)</f><v/></c>", "", NO_VALUE),
        ('<c><f t="shared" si="0"/></c>', "", NO_VALUE),
        ('<c t="str"><f>A1</f></c>', "", NO_VALUE),
        ('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!", ERROR_VALUE.format("#DIV/0!")),
        ('<c t="e"><v>#REF!</v></c>', "#REF!", ERROR_VALUE.format("#REF!")),
        ('<c t="str"><v>#N/A</v></c>', "#N/A", ERROR_VALUE.format("#N/A")),
    ],
)
def test_formulas_without_value_and_errors_are_problems(cell, text, problem):
    first = cells_of(excel(f"<row>{cell}</row>"))[0]
    assert (first.text, first.problem) == (text, problem)


def test_a_zero_awaiting_calculation_is_no_value():
    """XlsxWriter, and pandas with it, write 0 as the value of every formula."""
    book = '<calcPr calcId="124519" fullCalcOnLoad="1"/>'
    cells = cells_of(excel("<row><c><f>A2</f><v>0</v></c><c><v>0</v></c></row>", book=book))
    assert [(cell.text, cell.problem) for cell in cells] == [("", NO_VALUE), ("0", "")]


def test_openpyxl_leaves_formulas_without_value():
    book = openpyxl.Workbook()
    book.active.append(["Summa", "=1+1"])
    content = saved(book)
    assert cells_of(content)[1].problem == NO_VALUE
    book.active.append(["Rad", 1])
    with pytest.raises(ValidationError, match="Rad 1: Cellen har en formel utan uträknat värde"):
        read_rows_of(saved(book))


def read_rows_of(content):
    file = io.BytesIO(content)
    file.size = len(content)
    return read_rows(file)


def test_shared_and_rich_text_is_whole():
    shared = (
        "<si><t>ett</t></si><si><r><t>tv</t></r><r><rPr><b/></rPr><t>å</t></r><rPh><t>x</t></rPh></si>"
        "<si><t>rad_x000D_\nrad_x005F_</t></si>"
    )
    cells = '<c t="s"><v>1</v></c><c t="s"><v>0</v></c><c t="s"><v>2</v></c>'
    inline = '<c t="inlineStr"><is><r><t>f</t></r><r><t>yra</t></r></is></c>'
    assert texts_of(read(excel(f"<row>{cells}{inline}</row>", shared=shared))) == [
        ["två", "ett", "rad\nrad_", "fyra"]
    ]


def test_the_strict_variant_with_prefixes_is_read():
    strict = "http://purl.oclc.org/ooxml/spreadsheetml/main"
    rows = f'<x:row xmlns:x="{strict}" r="3"><x:c r="B3"><x:v>7</x:v></x:c></x:row>'
    (row,) = read(excel(rows)).rows
    assert (row.number, [cell.text for cell in row.cells]) == (3, ["", "7"])


# --- Amounts in cells ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        (
            Cell("1079512", Decimal(1079512), "#,##0.0,"),
            Amount(Decimal("1079.512"), Unit.THOUSANDS),
        ),
        (Cell("5", Decimal(5), '0.0 "tkr"'), Amount(Decimal(5), Unit.THOUSANDS)),
        (Cell("1,234", Decimal("1.234"), "General"), Amount(Decimal("1.234"))),
        (Cell("(6 198,0)"), Amount(Decimal("-6198.0"))),
        (Cell("\u2013"), Amount(None)),
        (Cell(""), None),
    ],
)
def test_an_amount_is_what_the_cell_displays(cell, amount):
    assert amount_of(cell) == amount


@pytest.mark.parametrize(
    ("cell", "error", "message"),
    [
        (Cell("21 %", Decimal("0.21"), "0%"), PercentError, "är procent"),
        (Cell("", None, "", NO_VALUE), AmountError, "utan uträknat värde"),
        (Cell("2021-04-07", None, "yyyy-mm-dd"), AmountError, "är inget tal"),
        (Cell("5", Decimal(5), '0 "tkr";0 "kr"'), AmountError, "flera enheter"),
    ],
)
def test_a_cell_without_amount_says_why(cell, error, message):
    with pytest.raises(error, match=message):
        amount_of(cell)


# --- Csv -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_a_csv_file_is_read_in_its_encoding(encoding, delimiter):
    lines = [
        "Resultatbudget 2024",
        "",
        delimiter.join(["Post", "År"]),
        delimiter.join(["Ränta", '"6,5"']),
    ]
    sheet = read("\r\n".join(lines).encode(encoding))
    assert [(row.number, [cell.text for cell in row.cells]) for row in sheet.rows] == [
        (1, ["Resultatbudget 2024"]), (3, ["Post", "År"]), (4, ["Ränta", "6,5"]),
    ]  # fmt: skip
    assert (sheet.name, sheet.sheets, sheet.rows[2].cells[1].number_format) == ("", [], "")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("Post;2023\nSkatter, avgifter;6 198,0\n", [["Post", "2023"], ["Skatter, avgifter", "6 198,0"]]),
        ("Post\tMnkr\nSkatt\t6,0\nBidrag; riktade\t5,0", [["Post", "Mnkr"], ["Skatt", "6,0"],
                                                          ["Bidrag; riktade", "5,0"]]),
        ("Skatter, avgifter\nBidrag\nRänta", [["Skatter, avgifter"], ["Bidrag"], ["Ränta"]]),
        ("sep=,\na,b;c\n", [["a", "b;c"]]),
        ("a;#SAKNAS!\n", [["a", "#SAKNAS!"]]),
        ("", []),
    ],
)  # fmt: skip
def test_the_delimiter_is_the_sign_that_divides_the_lines(text, rows):
    assert texts_of(read(text.encode())) == rows


def test_swedish_errors_in_csv_are_problems():
    cells = cells_of("a;#SAKNAS!;#VÄRDEFEL!;#N/A;# 5".encode())
    assert [bool(cell.problem) for cell in cells] == [False, True, True, True, False]
