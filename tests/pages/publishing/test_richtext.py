"""Rich text: sanitising, whatever editor it comes from, and display."""

from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from pages.models import Page
from pages.publishing.richtext import sanitised
from tests.factories import make_page


def test_rich_text_is_sanitised_however_it_is_saved(db):
    bad = '<p onclick="x()">Hej <b>du</b><script>alert(1)</script></p><a href="javascript:x">y</a>'
    page = make_page("text", body_sv=bad)
    page.refresh_from_db()
    assert "script" not in page.body_sv
    assert "onclick" not in page.body_sv
    Page.objects.filter(pk=page.pk).update(body_en=bad)
    page.refresh_from_db()
    assert "script" not in page.body_en


@pytest.mark.parametrize(
    ("source", "stored"),
    [
        ("<h1>Ett</h1><h2>Två</h2><h3>Tre</h3>", "<h3>Ett</h3><h3>Två</h3><h3>Tre</h3>"),
        ("<h4>Fyra</h4><h5>Fem</h5><h6>Sex</h6>", "<h4>Fyra</h4><h4>Fem</h4><h4>Sex</h4>"),
        ("<p><b>fet</b> <i>kursiv</i></p>", "<p><strong>fet</strong> <em>kursiv</em></p>"),
        ("<div><div>Ett</div><p>Två</p></div>", "<p>Ett</p><p>Två</p>"),
        ('<p style="color: red" class="x" id="y">Röd</p>', "<p>Röd</p>"),
        (
            "<p>Ett</p><p>&nbsp;</p><p><b> </b></p><ul><li></li></ul><p>Två</p>",
            "<p>Ett</p><p>Två</p>",
        ),
        ("<p>&nbsp; Ett&nbsp;&nbsp; två\n tre&nbsp;</p>", "<p>Ett två tre</p>"),
        ("<p>6&nbsp;198</p>", "<p>6&nbsp;198</p>"),
        ("<p>Ett<br>två<br><br>tre<br></p>", "<p>Ett<br>två</p><p>tre</p>"),
        ('<p>Se <img src="/bild.png" onerror="x()">här</p>', "<p>Se här</p>"),
        ('<p><a href="javascript:x()">Ond</a></p>', "<p>Ond</p>"),
        ('<p><a name="topp"></a>Topp</p>', "<p>Topp</p>"),
        (
            '<p><a href="/kontakt/" target="_blank" onclick="x()">Kontakt</a></p>',
            '<p><a href="/kontakt/">Kontakt</a></p>',
        ),
        ('<p><a href="tel:+46455">Ring</a></p>', '<p><a href="tel:+46455">Ring</a></p>'),
        ("<!-- x --><style>p {}</style><script>x()</script><p>Ja</p>", "<p>Ja</p>"),
        ("<p>&nbsp;</p>", ""),
    ],
)
def test_rich_text_is_stored_clean(source, stored):
    assert sanitised(source) == stored
    assert sanitised(stored) == stored


def test_text_from_word_is_stored_clean():
    source = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><title>Brev</title>
<style><!-- p.MsoNormal {mso-style-parent:"";} --></style></head><body lang=SV><!--StartFragment-->
<h1 style='mso-pagination:none'>Kollektivtrafik<o:p></o:p></h1>
<p class=MsoNormal style='margin-bottom:0cm'><a name="_Toc1"></a><b><span
style='font-size:12.0pt'>Bussar</span></b> går&nbsp;&nbsp; <i>varje</i>
timme.<span style='mso-spacerun:yes'>  </span><o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<!--[if gte vml 1]><v:shape id="bild"/><![endif]--><img src="file:///C:/bild.png">
<!--EndFragment--></body></html>"""
    assert sanitised(source) == (
        "<h3>Kollektivtrafik</h3><p><strong>Bussar</strong> går <em>varje</em> timme.</p>"
    )


@pytest.mark.parametrize(
    ("source", "stored"),
    [
        (
            "<table><thead><tr><td>Linje</td><td>Ort</td></tr></thead><tr><td>1</td><td>A</td></tr></table>",
            '<table><thead><tr><th scope="col">Linje</th><th scope="col">Ort</th></tr></thead>'
            "<tbody><tr><td>1</td><td>A</td></tr></tbody></table>",
        ),
        (
            '<table border=1 style="width: 9cm"><tr><th scope="col" width=3>Ort</th>'
            "<td colspan=2 align=center>Olofström</td></tr></table>",
            '<table><tbody><tr><th scope="row">Ort</th><td colspan="2">Olofström</td></tr></tbody></table>',
        ),
    ],
)
def test_table_headings_have_a_scope(source, stored):
    assert sanitised(source) == stored
    assert sanitised(stored) == stored


def test_a_page_shows_its_headings_one_level_up(client, db):
    make_page("text", body_sv="<h3>Ett</h3><h4>Under</h4><p>3 &lt; 4</p>")
    html = client.get("/text/").content.decode()
    assert "<h2>Ett</h2><h3>Under</h3><p>3 &lt; 4</p>" in html


def test_a_table_scrolls_in_a_box_with_a_name_in_its_own_language(client, db):
    table = "<table><tbody><tr><td>1</td></tr></tbody></table>"
    make_page("text", body_sv=table * 2, body_en=table)
    make_page("bara-svenska", body_sv=table)
    box = '<div class="prose__table" role="region" aria-label="{}" tabindex="0">' + table + "</div>"
    assert box.format("Tabell 1") + box.format("Tabell 2") in client.get("/text/").content.decode()
    assert box.format("Table 1") in client.get("/en/text/").content.decode()
    swedish = f'<div lang="sv">{box.format("Tabell 1")}</div>'
    assert swedish in client.get("/en/bara-svenska/").content.decode()


def test_stored_headings_move_one_level_down_and_back(db):
    name = "0002_headings_from_level_three"
    (move,) = import_module(f"pages.migrations.{name}").Migration.operations
    then = MigrationLoader(connection).project_state(("pages", name)).apps
    pages = then.get_model("pages", "Page").objects
    before = "<h2>Ett</h2><p>…</p><h3>Under</h3>"
    pages.create(slug="text", body=before, body_sv=before, body_en="")
    move.code(then, None)
    after = "<h3>Ett</h3><p>…</p><h4>Under</h4>"
    assert list(pages.values_list("body", "body_sv", "body_en")) == [(after, after, "")]
    move.reverse_code(then, None)
    assert list(pages.values_list("body", "body_sv", "body_en")) == [(before, before, "")]
