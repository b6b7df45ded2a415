"""How staff edit: by keyboard alone, a whole plan from nothing, and in rich text."""

from django.core import serializers

from pages.models import Page, RegionProfile
from pages.publishing.versions import working_copy
from planning.models import Budget, BudgetLine, FocusArea, Goal, Perspective, RegionalPlan
from tests.browser import pages
from tests.browser.desk import (
    add_row,
    click,
    enter,
    entered,
    faults,
    focused,
    follow,
    link_to,
    open_form,
    open_working_copy,
    paste,
    publish,
    save,
    sign_in,
    tab_to,
    write,
)
from tests.site import public_addresses

PLAN = "/regionplan/2019-2021/"
ENGLISH_PLAN = "/en/regional-plan/2019-2021/"
THE_PLAN = ("Regionplaner", "Regionplan med budget 2019–2021")  # the links that lead to it

# --- Public pages ----------------------------------------------------------------------------------


def goal_on(page, address, slug):
    """Return the name, the paragraphs and the focus areas of the goal `slug` on the page at `address`."""
    page.goto(address)
    goal = page.locator(f".goal:has(#{slug})")
    return (
        goal.locator(".goal__name").inner_text(),
        goal.locator("> p:not(.goal__label)").all_inner_texts(),
        goal.locator("li").all_inner_texts(),
    )


def table_and_chart(page, section="main"):
    """Return what a budget's table says within `section`, and what its chart does: two lists of pairs."""
    cells = page.locator(f"{section} .budget-table tbody :is(th, td)").all_inner_texts()
    texts = page.locator(f"{section} .waterfall text").all_text_contents()
    return [list(zip(texts[::2], texts[1::2], strict=True)) for texts in (cells, texts)]


# --- By keyboard alone -----------------------------------------------------------------------------


def test_a_goal_is_changed_by_keyboard_in_both_languages(staff, visitor):
    sign_in(staff)
    follow(staff, *THE_PLAN, "Ett attraktivt Blekinge")
    open_working_copy(staff)
    for field, text in {
        "Namn, svenska:": "Ett levande Blekinge",
        "Namn, engelska:": "A thriving Blekinge",
        "Beskrivning, svenska:": "Fler ska vilja bo här.",
        "Beskrivning, engelska:": "More people are to want to live here.",
    }.items():
        tab_to(staff, "textbox", field)
        write(staff, text)
    save(staff)
    assert goal_on(visitor, PLAN, "ett-attraktivt-blekinge")[0] == "Ett attraktivt Blekinge"
    publish(staff)

    for address in (PLAN, f"{PLAN}invanare-och-samhalle/"):
        name, paragraphs, _areas = goal_on(visitor, address, "ett-attraktivt-blekinge")
        assert (name, paragraphs) == ("Ett levande Blekinge", ["Fler ska vilja bo här."])
    for address in (ENGLISH_PLAN, f"{ENGLISH_PLAN}residents-and-society/"):
        name, paragraphs, _areas = goal_on(visitor, address, "ett-attraktivt-blekinge")
        assert name == "A thriving Blekinge"
        assert paragraphs == ["More people are to want to live here."]


def test_a_focus_area_is_added_by_keyboard_and_comes_last(staff, visitor):
    sign_in(staff)
    follow(staff, *THE_PLAN)
    open_working_copy(staff)
    follow(staff, "Lägg till insatsområde i Ett attraktivt Blekinge")
    tab_to(staff, "button", "Lägg till ytterligare Insatsområde")
    staff.keyboard.press("Enter")
    assert focused(staff) == 'textbox "Text, svenska, rad 4"'
    write(staff, "Stärka besöksnäringen.")
    tab_to(staff, "textbox", "Text, engelska, rad 4")
    write(staff, "Strengthen tourism.")
    save(staff)
    publish(staff)

    for plan, text in ((PLAN, "Stärka besöksnäringen."), (ENGLISH_PLAN, "Strengthen tourism.")):
        areas = goal_on(visitor, plan, "ett-attraktivt-blekinge")[2]
        assert (len(areas), areas[-1]) == (4, text)


def test_a_focus_area_is_moved_by_keyboard(staff, visitor):
    text = "Utveckla varumärket för Region Blekinge."
    sign_in(staff)
    follow(staff, *THE_PLAN, "Ett attraktivt Blekinge")
    open_working_copy(staff)
    tab_to(staff, "button", f"Flytta upp: {text}")
    staff.keyboard.press("Enter")
    assert focused(staff) == f'button "Flytta upp: {text}"'
    assert staff.get_by_role("status").all_inner_texts() == [f"{text}: plats 2 av 3"]
    staff.keyboard.press("Space")
    # It goes no further up, so the focus is on the way back.
    assert focused(staff) == f'button "Flytta ner: {text}"'
    assert staff.get_by_role("status").all_inner_texts() == [f"{text}: plats 1 av 3"]
    save(staff)
    publish(staff)

    assert goal_on(visitor, PLAN, "ett-attraktivt-blekinge")[2] == [
        text,
        "Skapa förutsättningar för en attraktiv boendemiljö och samhällsservice.",
        "Förmedla bilden av det attraktiva Blekinge.",
    ]


def test_a_budget_is_added_by_keyboard_with_pasted_amounts(staff, visitor):
    lines = [
        ("Verksamhetens intäkter", "Operating revenue", "Post", "988,3"),
        ("Verksamhetens kostnader", "Operating expenses", "Post", "−6\u00a0198,0"),
        ("Verksamhetens nettoresultat", "Net operating result", "Delsumma", "−5\u00a0209,7"),
        ("Skatteintäkter", "Tax revenue", "Post", "5\u00a0300,0"),
        ("Resultat", "Result for the year", "Resultat", "90,3"),
    ]
    sign_in(staff)
    follow(staff, *THE_PLAN)
    open_working_copy(staff)
    follow(staff, "Lägg till budget")
    tab_to(staff, "spinbutton", "År:")
    write(staff, "2020")
    for number, (swedish, english, kind, amount) in enumerate(lines, start=1):
        tab_to(staff, "button", "Lägg till ytterligare Budgetrad")
        staff.keyboard.press("Enter")
        assert focused(staff) == f'textbox "Namn, svenska, rad {number}"'
        write(staff, swedish)
        tab_to(staff, "textbox", f"Namn, engelska, rad {number}")
        write(staff, english)
        tab_to(staff, "combobox", f"Slag, rad {number}")
        staff.keyboard.type(kind)
        tab_to(staff, "textbox", f"Belopp, mnkr, rad {number}")
        paste(staff, amount)
    save(staff)
    publish(staff)

    kinds = BudgetLine.objects.filter(budget__year=2020).values_list("kind", flat=True)
    assert list(kinds) == ["item", "item", "subtotal", "item", "result"]
    expected = [(swedish, amount) for swedish, _english, _kind, amount in lines]
    visitor.goto(f"{PLAN}budget-2020/")
    assert table_and_chart(visitor) == [expected, expected]
    visitor.goto(PLAN)
    assert table_and_chart(visitor, "[aria-labelledby='budget-2020']") == [expected, expected]
    visitor.goto(f"{ENGLISH_PLAN}budget-2020/")
    assert table_and_chart(visitor)[0][1] == ("Operating expenses", "−6,198.0")


# --- Entering a whole plan -------------------------------------------------------------------------

NEW_PLAN = {
    "Första året:": "2023",
    "Sista året:": "2026",
    "Rubrik, svenska:": "Verksamhetsplan",
    "Rubrik, engelska:": "Operational plan",
    "Ingress, svenska:": "Det här ska regionen göra.",
    "Ansvarig, svenska:": "Regionens stab",
}
NEW_PERSPECTIVES = {
    "medborgare": {
        "Nöjda medborgare": ["Korta väntetiderna.", "Öppna fler digitala tjänster."],
        "Jämlik hälsa": ["Nå dem som sällan söker vård."],
    },
    "verksamhet": {"Säker vård": ["Minska vårdskadorna.", "Införa gemensamma arbetssätt."]},
    "medarbetare": {"Hållbart arbetsliv": ["Minska sjukfrånvaron."]},
    "hushållning": {"Ekonomi i balans": []},
}
NEW_BUDGET = [
    ("Patientavgifter", "Post", "412,5"),
    ("Övriga intäkter", "Post", "1\u00a0087,5"),
    ("Summa intäkter", "Delsumma", "1\u00a0500,0"),
    ("Personalkostnader", "Post", "−5\u00a0220,4"),
    ("Köpt vård", "Post", "−2\u00a0310,6"),
    ("Läkemedel", "Post", "−1\u00a0004,0"),
    ("Summa kostnader", "Delsumma", "−8\u00a0535,0"),
    ("Verksamhetens nettokostnad", "Delsumma", "−7\u00a0035,0"),
    ("Regionskatt", "Post", "5\u00a0900,2"),
    ("Kommunalekonomisk utjämning", "Post", "1\u00a0250,3"),
    ("Summa skatter och utjämning", "Delsumma", "7\u00a0150,5"),
    ("Årets resultat", "Resultat", "115,5"),
]


def enter_new_plan(page):
    """Enter the plan above, as a draft, and all that belongs to it; return its address in the admin."""
    page.goto("/admin/planning/regionalplan/add/")
    enter(page, NEW_PLAN)
    click(page, "button", "Spara och fortsätt redigera")
    plan = page.url
    add_perspective = link_to(page, "Lägg till perspektiv")
    for perspective in NEW_PERSPECTIVES:
        page.goto(add_perspective)
        enter(page, {"Namn, svenska:": perspective})
        click(page, "button", "Spara")
    page.goto(plan)
    add_goal = {p: link_to(page, f"Lägg till inriktningsmål i {p}") for p in NEW_PERSPECTIVES}
    for perspective, goals in NEW_PERSPECTIVES.items():
        for goal, areas in goals.items():
            page.goto(add_goal[perspective])
            enter(page, {"Namn, svenska:": goal})
            for number, area in enumerate(areas, start=1):
                add_row(page)
                enter(page, {f"Text, svenska, rad {number}": area})
            click(page, "button", "Spara")
    page.goto(plan)
    click(page, "link", "Lägg till budget")
    enter(page, {"År:": "2023"})
    for number, (name, kind, amount) in enumerate(NEW_BUDGET, start=1):
        add_row(page)
        enter(page, {f"Namn, svenska, rad {number}": name, f"Slag, rad {number}": kind})
        enter(page, {f"Belopp, mnkr, rad {number}": amount})
    click(page, "button", "Spara")
    # Its sums add up, so that nothing else is said.
    messages = page.locator(".messagelist li").all_inner_texts()
    assert messages == ["Lade till budget “Budget 2023”."]
    return plan


def test_another_regions_plan_is_entered_as_a_draft_and_published(editor, visitor, tmp_path):
    def published():
        addresses = public_addresses("sv") + public_addresses("en")
        return {address: visitor.request.get(address).text() for address in addresses}

    slugs = ["medborgare", "verksamhet", "medarbetare", "hushallning", "budget-2023"]
    swedish = [f"/regionplan/2023-2026/{part}" for part in ["", *(f"{slug}/" for slug in slugs)]]
    swedish.append("/regionplan/2023-2026.pdf")
    english = [address.replace("/regionplan/", "/en/regional-plan/") for address in swedish]
    before = published()
    plan = enter_new_plan(editor)
    for address in swedish + english:
        assert visitor.request.get(address).status == 404, address
    assert published() == before

    editor.goto(plan)
    click(editor, "link", "Kontrollera och publicera")
    click(editor, "button", "Publicera")
    for address in swedish + english:
        assert visitor.request.get(address).status == 200, address
    visitor.goto("/regionplan/2023-2026/")
    assert visitor.locator("h1").inner_text() == "Verksamhetsplan 2023–2026"
    shown = {}
    for perspective in visitor.locator("section.perspective").all():
        shown[perspective.locator(".perspective__name").text_content()] = {
            goal.locator(".goal__name").text_content(): goal.locator("li").all_text_contents()
            for goal in perspective.locator(".goal").all()
        }
    assert shown == NEW_PERSPECTIVES
    amounts = [(name, amount) for name, _kind, amount in NEW_BUDGET]
    assert table_and_chart(visitor) == [amounts, amounts]

    faults = []
    pages.ready_for_axe(visitor)
    for width in (320, 1280):
        visitor.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            visitor.emulate_media(color_scheme=scheme)
            faults += [f"{width} px, {scheme}: {fault}" for fault in pages.faults(visitor)]
            # For a person to look at: pytest keeps the last few runs' in its directory under /tmp.
            visitor.screenshot(path=tmp_path / f"{width}-{scheme}.png", full_page=True)
    assert not faults, "\n".join(faults)


# --- Filters, links and errors ---------------------------------------------------------------------


def test_the_filter_leads_to_what_lacks_english(editor):
    Goal.objects.filter(slug="god-tillganglighet").update(name_en="")
    working_copy(RegionalPlan.objects.get())
    editor.goto("/admin/planning/goal/")
    click(editor, "link", "Saknar engelska")
    listed = editor.locator("#result_list tbody th")
    assert listed.all_inner_texts() == ["God tillgänglighet"]
    click(editor, "link", "God tillgänglighet")
    enter(editor, {"Namn, engelska:": "Good accessibility"})
    click(editor, "button", "Spara")
    # Back in the list as it was filtered.
    assert (listed.count(), editor.url.partition("?")[2]) == (0, "engelska=saknas")


def test_view_on_site_leads_there_and_is_absent_for_drafts(editor):
    shown = {
        RegionalPlan.objects.get(): PLAN,
        Perspective.objects.get(slug="kompetens"): f"{PLAN}kompetens/",
        Goal.objects.get(slug="en-hallbar-verksamhet"): (
            f"{PLAN}miljo-och-hallbarhet/#en-hallbar-verksamhet"
        ),
        FocusArea.objects.get(text_sv="Intäktskontroll."): (
            f"{PLAN}ekonomi/#ekonomi-med-god-kostnadskontroll"
        ),
        Budget.objects.get(): f"{PLAN}budget-2019/",
        RegionProfile.objects.get(): "/om-region-blekinge/",
        Page.objects.get(slug="kontakt"): "/kontakt/",
    }
    for publishable, address in shown.items():
        open_form(editor, publishable)
        assert click(editor, "link", "Visa på webbplatsen").status == 200
        assert editor.url.endswith(address)
        if "#" in address:
            assert editor.locator(f"[id='{address.partition('#')[2]}']").count() == 1

    for model in (RegionalPlan, RegionProfile, Page):
        model.objects.update(status="draft")
    for publishable in shown:
        open_form(editor, publishable)
        assert editor.get_by_role("link", name="Visa på webbplatsen").count() == 0, publishable


TWO_LINES = {
    "År:": "2020",
    "Namn, svenska, rad 1": "Intäkter",
    "Belopp, mnkr, rad 1": "1,0",
    "Namn, svenska, rad 2": "Kostnader",
    "Belopp, mnkr, rad 2": "−1,0",
}
SAME_PERIOD = {"Första året:": "2019", "Sista året:": "2021"}
# The kind of thing that is added, what is typed, and the message that answers.
BAD_INPUT = [
    (
        Budget,
        TWO_LINES | {"Belopp, mnkr, rad 2": "abc"},
        "Skriv ett tal, till exempel 59,3 eller −6 198,0.",
    ),
    (
        Budget,
        TWO_LINES | {"Beslutad den:": "01/02/2019"},
        "Skriv ett datum, till exempel 2021-04-07 eller 7 april 2021.",
    ),
    (Budget, TWO_LINES | {"År:": "2022"}, "Planen gäller 2019–2021: välj ett av de åren."),
    (Budget, TWO_LINES | {"År:": "2019"}, "Planen har redan en budget för det året."),
    (
        Budget,
        TWO_LINES | {"Slag, rad 1": "Resultat", "Slag, rad 2": "Resultat"},
        "Budgeten har redan en rad för resultatet.",
    ),
    (RegionalPlan, NEW_PLAN | SAME_PERIOD, "Det finns redan en regionplan för de åren."),
]


def test_bad_input_is_explained_kept_and_not_saved(editor):
    def stored():
        everything = [*RegionalPlan.objects.all(), *Budget.objects.all(), *BudgetLine.objects.all()]
        return serializers.serialize("json", everything)

    plan = working_copy(RegionalPlan.objects.get())
    before = stored()
    for model, typed, message in BAD_INPUT:
        editor.goto(f"/admin/planning/{model._meta.model_name}/add/?plan={plan.pk}")
        if model is Budget:
            add_row(editor)
            add_row(editor)
        enter(editor, typed)
        click(editor, "button", "Spara")
        assert editor.locator(".errornote").all_inner_texts() == ["Var god rätta felet nedan."]
        assert editor.locator(".errorlist li").all_inner_texts() == [message]
        assert entered(editor, typed) == typed
        assert stored() == before


# --- Rich text -------------------------------------------------------------------------------------

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


# Whether the text editor, which sees a key a moment after the browser does, has `words` selected.
SELECTED = """words => {
  const { doc, selection } = document.activeElement.editor?.state ?? {};
  return doc?.textBetween(selection.from, selection.to) === words;
}"""


def press_in_text(page, key, selected=""):
    """Press `key` in rich text, and wait until the words `selected` are."""
    page.keyboard.press(key)
    page.wait_for_function(SELECTED, arg=selected)


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
    assert focused(editor) == 'textbox "Adress"'
    editor.keyboard.type("mailto:region@example.se")
    press_in_text(editor, "Enter", "skriv")
    press_in_text(editor, "End")
    press_in_text(editor, "Enter")
    editor.keyboard.type("Besök oss")

    toolbar = editor.locator(".fieldBox.field-body_sv .prose-menubar__button")
    assert toolbar.evaluate_all("all => all.map(button => button.title)") == TOOLBAR
    # The first in the toolbar says what the paragraph is, and opens the choice of another.
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
    """Open a working copy of the page `slug` with an empty Swedish text; return the place to write it."""
    Page.objects.filter(slug=slug).update(body_sv="")
    open_form(page, working_copy(Page.objects.get(slug=slug)))
    return page.get_by_role("textbox", name="Text, svenska")


def test_a_link_to_a_text_leads_to_where_it_is_written(editor):
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


# A document as Word puts it on the clipboard, cut down to what is peculiar to it.
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


def test_what_is_pasted_from_word_is_stored_clean(editor):
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
