"""Editing the plan: by keyboard alone, and the admin's filters, links and error messages."""

from django.core import serializers

from pages.models import FormDraft, Page, RegionProfile
from pages.publishing.versions import working_copy
from planning.models import Budget, BudgetLine, FocusArea, Goal, Perspective, RegionalPlan
from tests.browser.desk import (
    click,
    enter,
    entered,
    focused,
    follow,
    open_form,
    open_working_copy,
    paste,
    publish,
    save,
    sign_in,
    tab_to,
    write,
)
from tests.browser.pages import table_rows

PLAN = "/regionplan/2019-2021/"
ENGLISH_PLAN = "/en/regional-plan/2019-2021/"
# The links from the admin's front page to the plan's form.
PLAN_LINKS = ("Regionplan", "Regionplan med budget 2019–2021")


def goal_on(page, address, slug):
    """Return the name, paragraphs and focus areas of the goal `slug` on the public page at `address`."""
    page.goto(address)
    goal = page.locator(f".goal:has(#{slug})")
    return (
        goal.locator(".goal__name").inner_text(),
        goal.locator("> p:not(.goal__label)").all_inner_texts(),
        goal.locator("li").all_inner_texts(),
    )


# --- By keyboard alone -----------------------------------------------------------------------------


def test_a_goal_is_changed_by_keyboard_in_both_languages(staff, visitor):
    sign_in(staff)
    follow(staff, *PLAN_LINKS, "Ett attraktivt Blekinge")
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
    follow(staff, *PLAN_LINKS, "Ett attraktivt Blekinge")
    open_working_copy(staff)
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
    follow(staff, *PLAN_LINKS, "Ett attraktivt Blekinge")
    open_working_copy(staff)
    tab_to(staff, "button", f"Flytta upp: {text}")
    staff.keyboard.press("Enter")
    assert focused(staff) == f'button "Flytta upp: {text}"'
    assert staff.locator("#focus_areas-group .move-status").all_inner_texts() == [
        f"{text}: plats 2 av 3"
    ]
    staff.keyboard.press("Space")
    # The row is first now, so the focus moves to the other button.
    assert focused(staff) == f'button "Flytta ner: {text}"'
    assert staff.locator("#focus_areas-group .move-status").all_inner_texts() == [
        f"{text}: plats 1 av 3"
    ]
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
    follow(staff, *PLAN_LINKS)
    open_working_copy(staff)
    follow(staff, "Lägg till budget")
    tab_to(staff, "spinbutton", "År:")
    write(staff, "2020")
    save(staff)
    follow(staff, "Lägg till tabell i Budget 2020")
    tab_to(staff, "textbox", "Rubrik, svenska:")
    write(staff, "Resultatbudget")
    save(staff)
    for number, (swedish, english, kind, amount) in enumerate(lines, start=1):
        if number > 3:  # a new table has three rows
            tab_to(staff, "button", "Lägg till rad")
            staff.keyboard.press("Enter")
            assert focused(staff) == f'textbox "Namn, svenska, rad {number}"'
        tab_to(staff, "textbox", f"Namn, svenska, rad {number}")
        write(staff, swedish)
        tab_to(staff, "textbox", f"Namn, engelska, rad {number}")
        write(staff, english)
        tab_to(staff, "combobox", f"Slag, rad {number}")
        staff.keyboard.type(kind)
        tab_to(staff, "textbox", f"Budget 2020, rad {number}")
        paste(staff, amount)
    save(staff)
    publish(staff)

    kinds = BudgetLine.objects.filter(table__budget__year=2020).values_list("kind", flat=True)
    assert list(kinds) == ["item", "item", "subtotal", "item", "result"]
    expected = [(swedish, amount) for swedish, _english, _kind, amount in lines]
    visitor.goto(f"{PLAN}budget-2020/")
    assert table_rows(visitor) == expected
    visitor.goto(PLAN)
    assert table_rows(visitor, "[aria-labelledby='budget-2020']") == expected
    visitor.goto(f"{ENGLISH_PLAN}budget-2020/")
    assert table_rows(visitor)[1] == ("Operating expenses", "−6,198.0")


# --- Filters, links and errors ---------------------------------------------------------------------


def test_the_filter_lists_goals_without_english(editor):
    Goal.objects.filter(slug="god-tillganglighet").update(name_en="")
    working_copy(RegionalPlan.objects.get())
    editor.goto("/admin/planning/goal/")
    click(editor, "link", "Saknar engelska")
    listed = editor.locator("#result_list tbody th")
    assert listed.all_inner_texts() == ["God tillgänglighet"]
    click(editor, "link", "God tillgänglighet")
    enter(editor, {"Namn, engelska:": "Good accessibility"})
    click(editor, "button", "Spara")
    # The filter is still on.
    assert (listed.count(), editor.url.partition("?")[2]) == (0, "engelska=saknas")


def test_view_on_site_opens_the_public_page_and_is_absent_for_drafts(editor):
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


YEAR = {"År:": "2020", "Skattesats:": "11,18", "Inledning, svenska:": "Så används pengarna."}
SAME_PERIOD = {
    "Första året:": "2019",
    "Sista året:": "2021",
    "Rubrik, svenska:": "Verksamhetsplan",
}
# The model to add, the values to enter, and the expected error.
BAD_INPUT = [
    (
        Budget,
        YEAR | {"Skattesats:": "abc"},
        "Skriv ett tal, till exempel 59,3 eller −6 198,0.",
    ),
    (
        Budget,
        YEAR | {"Beslutad den:": "01/02/2019"},
        "Skriv ett datum, till exempel 2021-04-07 eller 7 april 2021.",
    ),
    (Budget, YEAR | {"År:": "2022"}, "Planen gäller 2019–2021: välj ett av de åren."),
    (Budget, YEAR | {"År:": "2019"}, "Planen har redan en budget för det året."),
    (RegionalPlan, SAME_PERIOD, "Det finns redan en regionplan för de åren."),
]


def test_bad_input_is_explained_and_kept_but_not_saved(editor):
    def stored():
        everything = [*RegionalPlan.objects.all(), *Budget.objects.all(), *BudgetLine.objects.all()]
        return serializers.serialize("json", everything)

    plan = working_copy(RegionalPlan.objects.get())
    before = stored()
    for model, typed, message in BAD_INPUT:
        editor.goto(f"/admin/planning/{model._meta.model_name}/add/?plan={plan.pk}")
        enter(editor, typed)
        click(editor, "button", "Spara")
        assert editor.locator(".errornote").all_inner_texts() == ["Var god rätta felet nedan."]
        assert editor.locator(".errorlist li").all_inner_texts() == [message]
        assert entered(editor, typed) == typed
        assert stored() == before
        FormDraft.objects.all().delete()  # otherwise the next form opens with it
