"""Reading sheets from OpenDocument files as LibreOffice writes them."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from pages.exchange.cells import ERROR_VALUE, NO_VALUE, Cell
from tests.pages.exchange.workbooks import (
    archive_of,
    opendocument,
    opendocument_parts,
    read,
    texts_of,
)

STYLES = """
<number:number-style style:name="N1"><number:number number:decimal-places="1" number:grouping="true"/>
</number:number-style>
<number:number-style style:name="N2"><number:number number:decimal-places="1" number:grouping="true"
 number:display-factor="1000"/><number:text> tkr</number:text></number:number-style>
<number:percentage-style style:name="N3"><number:number number:decimal-places="0"/>
<number:text>%</number:text></number:percentage-style>
<style:style style:name="ce1" style:family="table-cell" style:data-style-name="N1"/>
<style:style style:name="ce2" style:family="table-cell" style:data-style-name="N2"/>
<style:style style:name="ce3" style:family="table-cell" style:data-style-name="N3"/>
<style:style style:name="ce4" style:family="table-cell" style:parent-style-name="ce1"/>
<style:style style:name="ta1" style:family="table">
<style:table-properties table:display="true"/></style:style>
<style:style style:name="ta2" style:family="table">
<style:table-properties table:display="false"/></style:style>
"""


def number(value, attributes=""):
    return f'<table:table-cell {attributes} office:value-type="float" office:value="{value}"/>'


def string(text, attributes=""):
    attributes += ' office:value-type="string"'
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def table(*rows, name="Blad1", style="ta1", columns=""):
    body = "".join(
        row if row.startswith("<table:table-row") else f"<table:table-row>{row}</table:table-row>"
        for row in rows
    )
    return (
        f'<table:table table:name="{name}" table:style-name="{style}">{columns}{body}</table:table>'
    )


def active(name):
    return (
        '<config:config-item-set config:name="ooo:view-settings">'
        f'<config:config-item config:name="ActiveTable" config:type="string">{name}</config:config-item>'
        '<config:config-item config:name="Zoom">100</config:config-item></config:config-item-set>'
    )


@pytest.mark.parametrize(
    ("wanted", "open_sheet", "name"),
    [
        (None, "Budget", "Budget"),
        (None, "Dold", "Noter"),
        (None, "", "Noter"),
        ("Dold", "Budget", "Dold"),
    ],
)
def test_the_sheet_that_was_open_is_read_unless_it_is_hidden(wanted, open_sheet, name):
    tables = (
        table(string("i Noter"), name="Noter")
        + table(string("i Budget"), name="Budget")
        + table(string("i Dold"), name="Dold", style="ta2")
    )
    content = opendocument(tables, styles=STYLES, settings=active(open_sheet))
    sheet = read(content, wanted)
    assert (sheet.name, texts_of(sheet)) == (name, [[f"i {name}"]])
    assert [(tab.name, tab.is_hidden) for tab in sheet.sheets] == [
        ("Noter", False), ("Budget", False), ("Dold", True),
    ]  # fmt: skip


def test_values_of_all_kinds_become_text():
    cells = (
        number("988.3000000000001"),
        number("0.21", 'table:style-name="ce3"'),
        '<table:table-cell office:value-type="date" office:date-value="2021-04-07"><text:p>7/4</text:p>'
        "</table:table-cell>",
        '<table:table-cell office:value-type="boolean" office:boolean-value="true"/>',
        string(
            "två<text:s text:c='2'/>ord</text:p><text:p>och<text:span> en</text:span><text:line-break/>rad"
        ),
        '<table:table-cell office:value-type="string"><office:annotation><text:p>Obs</text:p>'
        "</office:annotation><text:p>cell</text:p></table:table-cell>",
    )
    (row,) = read(opendocument(table("".join(cells)), styles=STYLES)).rows
    assert [cell.text for cell in row.cells] == [
        "988,3", "21 %", "2021-04-07", "SANT", "två  ord\noch en\nrad", "cell",
    ]  # fmt: skip
    assert [cell.number for cell in row.cells] == [Decimal("988.3"), Decimal("0.21"), *[None] * 4]


def test_number_formats_are_written_as_those_of_excel():
    cells = [number(1, f'table:style-name="ce{style}"') for style in (1, 2, 3, 4)] + [number(1)]
    columns = '<table:table-column table:number-columns-repeated="4"/>' + (
        '<table:table-column table:default-cell-style-name="ce1"/>'
    )
    (row,) = read(opendocument(table("".join(cells), columns=columns), styles=STYLES)).rows
    assert [cell.number_format for cell in row.cells] == [
        "#,##0.0", '#,##0.0," tkr"', "0%", "#,##0.0", "#,##0.0",
    ]  # fmt: skip


def test_formulas_without_value_and_errors_are_problems():
    error = (
        '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value=""'
        ' calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
    )
    cells = (
        '<table:table-cell table:formula="of:=1+1"/>' + error + number(2, 'table:formula="of:=1+1"')
    )
    (row,) = read(opendocument(table(cells))).rows
    assert row.cells == [
        Cell("", None, "General", NO_VALUE),
        Cell("#DIV/0!", None, "General", ERROR_VALUE.format("#DIV/0!")),
        Cell("2", Decimal(2), "General"),
    ]


def test_repeated_hidden_and_merged_cells_keep_their_places():
    columns = (
        "<table:table-column/>"
        '<table:table-column table:visibility="collapse" table:number-columns-repeated="2"/>'
        '<table:table-column table:number-columns-repeated="16381"/>'
    )
    merged = string("rubrik", 'table:number-columns-spanned="2"') + (
        '<table:covered-table-cell office:value-type="string"><text:p>dold</text:p>'
        "</table:covered-table-cell>"
    )
    tables = table(
        merged + number(1, 'table:number-columns-repeated="2"'),
        '<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>',
        '<table:table-row table:number-rows-repeated="2" table:visibility="filter">' + number(5)
        + '<table:table-cell table:number-columns-repeated="16383"/></table:table-row>',
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell'
        ' table:number-columns-repeated="16384"/></table:table-row>',
        columns=columns,
    )  # fmt: skip
    sheet = read(opendocument(tables))
    assert [(row.number, row.is_hidden, [cell.text for cell in row.cells]) for row in sheet.rows] == [
        (1, False, ["rubrik", "", "1", "1"]), (5, True, ["5"]), (6, True, ["5"]),
    ]  # fmt: skip
    assert (sheet.hidden_columns, sheet.has_more_columns) == ({1, 2}, False)


def test_a_row_repeated_a_million_times_is_refused():
    row = f'<table:table-row table:number-rows-repeated="1000000">{number(1)}</table:table-row>'
    with pytest.raises(ValidationError, match="fler än 5 000 rader"):
        read(opendocument(table(row)))


def test_values_after_the_fiftieth_column_are_left_out_and_said():
    sheet = read(opendocument(table(number(1, 'table:number-columns-repeated="16384"'))))
    assert (len(sheet.rows[0].cells), sheet.has_more_columns) == (50, True)


def test_a_password_is_said():
    parts = opendocument_parts(table(number(1)))
    parts["META-INF/manifest.xml"] = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/>'
        "</manifest:file-entry></manifest:manifest>"
    )
    parts["content.xml"] = b"\x8f\x1e" * 100
    with pytest.raises(ValidationError, match="Filen har lösenord"):
        read(archive_of(parts))


def test_a_text_document_is_refused():
    with pytest.raises(ValidationError, match="Filen är inget kalkylark"):
        read(opendocument("<text:p>Hej</text:p>"))
