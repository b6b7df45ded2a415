"""Rich text in the admin: written by keyboard, with tables, and pasted from Word."""

from pages.models import Page
from pages.publishing.versions import working_copy
from tests.browser.desk import (
    click,
    enter,
    faults,
    focused,
    open_form,
    publish,
    save,
    tab_to,
    write,
)

TOOLBAR = [
    "Brödtext",
    "Punktlista",
    "Numrerad lista",
    "Listans egenskaper",
    "Citat",
    "Fet",
    "Kursiv",
    "Lägg in en länk",
    "Ta bort länken",
    "Lägg in en tabell",
    "Lägg till en kolumn",
    "Ta bort kolumnen",
    "Lägg till en rad",
    "Ta bort raden",
    "Slå ihop cellerna",
    "Dela cellen",
    "Gör till rubrik eller vanlig cell",
    "Ta bort tabellen",
    "Ångra",
    "Gör om",
]


# Whether the text editor, which handles a key after a short delay, has `words` selected.
SELECTED = """words => {
  const { doc, selection } = document.activeElement.editor?.state ?? {};
  return doc?.textBetween(selection.from, selection.to) === words;
}"""


def press_in_text(page, key, selected=""):
    """Press `key` in rich text, and wait until the text `selected` is selected."""
    page.keyboard.press(key)
    page.wait_for_function(SELECTED, arg=selected)


def test_only_english_rich_text_is_marked_as_english(editor):
    open_form(editor, working_copy(Page.objects.get(slug="kontakt")))
    editor.wait_for_selector("[contenteditable]")
    languages = editor.eval_on_selector_all(
        "[contenteditable]", "texts => texts.map(text => [text.ariaLabel, text.lang])"
    )
    assert ["Text, svenska", ""] in languages
    assert ["Text, engelska", "en"] in languages


def test_rich_text_is_written_by_keyboard(editor, visitor):
    page = Page.objects.get(slug="kontakt")
    Page.objects.filter(pk=page.pk).update(body_sv="<p>Ring</p>")
    open_form(editor, working_copy(page))
    tab_to(editor, "textbox", "Text, svenska")
    press_in_text(editor, "End")
    editor.keyboard.type(" oss")
    press_in_text(editor, "Shift+Control+ArrowLeft", "oss")
    press_in_text(editor, "Control+B", "oss")
    press_in_text(editor, "End")
    press_in_text(editor, "Control+B")
    editor.keyboard.type(" eller skriv")
    press_in_text(editor, "Shift+Control+ArrowLeft", "skriv")
    editor.keyboard.press("Control+K")
    dialog = editor.get_by_role("dialog")
    words = dialog.locator("h3, label, button").all_inner_texts()
    assert words == ["Ändra länken", "Adress", "Titel", "Ändra", "Avbryt"]
    assert focused(editor) == 'combobox "Adress"'
    editor.keyboard.type("mailto:region@example.se")
    press_in_text(editor, "Enter", "skriv")
    press_in_text(editor, "End")
    press_in_text(editor, "Enter")
    editor.keyboard.type("Besök oss")

    toolbar = editor.locator(".fieldBox.field-body_sv .prose-menubar__button")
    assert toolbar.evaluate_all("all => all.map(button => button.title)") == TOOLBAR
    # The first button shows the paragraph's type, and opens a menu of the others.
    tab_to(editor, "button", "Brödtext", key="Shift+Tab")
    editor.keyboard.press("Enter")
    tab_to(editor, "button", "Rubrik")
    press_in_text(editor, "Enter")
    save(editor)
    publish(editor)

    visitor.goto("/kontakt/")
    text = visitor.locator("main .prose")
    assert text.locator("p").inner_text() == "Ring oss eller skriv"
    assert text.locator("strong").inner_text() == "oss"
    assert text.locator("a[href='mailto:region@example.se']").inner_text() == "skriv"
    assert text.locator("h2").inner_text() == "Besök oss"


def body_of(page, slug):
    """Open a working copy of the page `slug`, and return its Swedish text field, emptied."""
    Page.objects.filter(slug=slug).update(body_sv="")
    open_form(page, working_copy(Page.objects.get(slug=slug)))
    return page.get_by_role("textbox", name="Text, svenska")


def test_a_link_to_a_text_field_focuses_it(editor):
    page = working_copy(Page.objects.get(slug="kontakt"))
    editor.goto(f"/admin/pages/page/{page.pk}/change/#id_body_en")
    editor.wait_for_function("() => document.activeElement.editor")
    assert focused(editor) == 'textbox "Text, engelska"'


def test_a_table_is_inserted_with_a_heading_row(editor, visitor):
    text = body_of(editor, "kontakt")
    text.click()
    click_in = editor.locator(".field-body_sv .prose-menubar").first
    click_in.get_by_role("button", name="Lägg in en tabell").click()
    dialog = editor.get_by_role("dialog")
    assert dialog.locator("h3, label, option, button").all_inner_texts() == [
        *("Tabellens egenskaper", "Rader", "Kolumner", "Med rubrikrad", "Ja", "Nej"),
        *("Lägg in tabellen", "Avbryt"),
    ]
    assert faults(editor) == []
    enter(editor, {"Rader": "2", "Kolumner": "2"})
    dialog.get_by_role("button", name="Lägg in tabellen").click()
    for number, cell in enumerate(["Linje", "Avgång", "1", "7.00"]):
        text.locator("th, td").nth(number).click()
        editor.keyboard.type(cell)
    assert faults(editor) == []
    click(editor, "button", "Spara")
    publish(editor)

    visitor.goto("/kontakt/")
    table = visitor.get_by_role("region", name="Tabell 1").get_by_role("table")
    assert table.locator("th[scope='col']").all_inner_texts() == ["Linje", "Avgång"]
    assert table.locator("td").all_inner_texts() == ["1", "7.00"]


# A document as Word puts it on the clipboard, reduced to Word's peculiarities.
FROM_WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head>
<style><!-- p.MsoNormal {margin:0cm; mso-style-parent:"";} --></style></head>
<body lang=SV><!--StartFragment-->
<h1>Kollektivtrafik<o:p></o:p></h1>
<p class=MsoNormal style='margin-bottom:0cm'><a name="_Toc1"></a><b style='mso-bidi-font-weight:
normal'><span style='font-size:12.0pt;color:red'>Bussar</span></b> går&nbsp;&nbsp; <i>varje</i>
timme.<o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if
!supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>·<span
style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp; </span></span></span><![endif]>Karlskrona</p>
<p class=MsoListParagraphCxSpMiddle style='text-indent:-18.0pt;mso-list:l0 level3 lfo1'><![if
!supportLists]><span style='mso-list:Ignore'>1.<span>&nbsp;&nbsp; </span></span><![endif]>Lyckeby</p>
<p class=MsoListParagraphCxSpMiddle style='text-indent:-18.0pt;mso-list:l0 level3 lfo1'><![if
!supportLists]><span style='mso-list:Ignore'>2.<span>&nbsp;&nbsp; </span></span><![endif]>Jämjö</p>
<p class=MsoListParagraphCxSpLast style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if
!supportLists]><span style='mso-list:Ignore'>·<span>&nbsp;&nbsp; </span></span><![endif]>Ronneby</p>
<table class=MsoTableGrid border=1 style='border:none'><thead><tr><td width=302 style='width:8cm'>
<p class=MsoNormal>Linje<o:p></o:p></p></td><td><p class=MsoNormal>Avgång</p></td></tr></thead>
<tr><td valign=top><p class=MsoNormal>1</p></td><td><p class=MsoNormal>7.00</p></td></tr></table>
<p class=MsoNormal>Läs <a href="javascript:alert(1)">inte</a> <a href="https://www.example.se/"
target="_blank">hit</a>.<img src="file:///C:/bild.png"><o:p></o:p></p>
<!--EndFragment--></body></html>"""

PASTE = """(text, html) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/html", html);
  text.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
}"""


def test_text_pasted_from_word_is_stored_clean(editor):
    body_of(editor, "kontakt").evaluate(PASTE, FROM_WORD)
    click(editor, "button", "Spara")
    assert Page.objects.get(slug="kontakt", version=2).body_sv == (
        "<h3>Kollektivtrafik</h3>"
        "<p><strong>Bussar</strong> går <em>varje</em> timme.</p>"
        '<ul><li><p>Karlskrona</p><ol data-type="decimal"><li><p>Lyckeby</p></li>'
        "<li><p>Jämjö</p></li></ol></li><li><p>Ronneby</p></li></ul>"
        '<table><tbody><tr><th scope="col"><p>Linje</p></th><th scope="col"><p>Avgång</p></th></tr>'
        "<tr><td><p>1</p></td><td><p>7.00</p></td></tr></tbody></table>"
        '<p>Läs inte <a href="https://www.example.se/">hit</a>.</p>'
    )


def test_a_page_of_the_site_is_picked_by_keyboard_for_a_link(editor):
    text = body_of(editor, "kontakt")
    text.click()
    editor.keyboard.type("tillgänglighet")
    press_in_text(editor, "Shift+Control+ArrowLeft", "tillgänglighet")
    editor.keyboard.press("Control+K")
    dialog = editor.get_by_role("dialog")
    editor.keyboard.type("om webb")
    dialog.get_by_role("option").wait_for()
    assert dialog.get_by_role("option").all_inner_texts() == ["Om webbplatsen\nSida"]
    assert dialog.get_by_role("status").inner_text() == "1 förslag."
    assert faults(editor) == []
    editor.keyboard.press("Escape")  # closes the list only
    assert dialog.get_by_role("option").count() == 0
    write(editor, "blekinge finns inte")
    dialog.get_by_text("Inget på webbplatsen heter så.").wait_for()
    write(editor, "om webbplatsen")
    dialog.get_by_role("option").wait_for()
    editor.keyboard.press("ArrowDown")
    assert dialog.get_by_role("option", selected=True).count() == 1
    assert faults(editor) == []
    editor.keyboard.press("Enter")
    assert dialog.get_by_label("Adress").input_value() == "/om-webbplatsen/"
    assert dialog.get_by_role("status").inner_text() == "Länken leder till Om webbplatsen."
    press_in_text(editor, "Enter", "tillgänglighet")
    save(editor)
    stored = '<p><a href="/om-webbplatsen/">tillgänglighet</a></p>'
    assert Page.objects.get(slug="kontakt", version=2).body_sv == stored


def test_the_list_of_addresses_to_link_to_is_accessible(editor):
    open_form(editor, working_copy(Page.objects.get(slug="kontakt")))
    editor.get_by_role("link", name="Adresser att länka till").first.click()
    enter(
        editor,
        {"Sök efter sidor, planer, mål, budgetar och dokument": "om webb", "Språk": "Engelska"},
    )
    click(editor, "button", "Sök")
    assert editor.locator("code").all_inner_texts() == ["/en/about-the-website/"]
    assert faults(editor) == []
