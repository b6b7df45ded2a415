"""Changes from start to finish: an editor writes, a publisher publishes, and a visitor reads."""

import datetime as dt
import time

import pytest
from django.utils import timezone

from blekinge_site.formats import moment
from pages.models import Page
from pages.publishing.versions import working_copy
from planning.models import Goal, RegionalPlan
from tests.browser.desk import (
    account,
    click,
    enter,
    entered,
    faults,
    open_form,
    open_working_copy,
    press_and_wait,
    preview,
    publish,
    save,
    tab_to,
    write,
)
from tests.factories import make_budget, make_goal, make_perspective, make_plan

PLAN = "/regionplan/2019-2021/"
SWEDISH, ENGLISH = "Namn, svenska:", "Namn, engelska:"


@pytest.fixture
def writer(sit_down):
    return sit_down(account("Redaktör", "Elin Ek"))


@pytest.fixture
def publisher(sit_down):
    return sit_down(account("Publicist", "Per Palm"))


def names_on(frame):
    """Return the names of the goals on a perspective's page."""
    return frame.locator(".goal__name").all_inner_texts()


def names_for(visitor, address=f"{PLAN}invanare-och-samhalle/"):
    visitor.goto(address)
    return names_on(visitor)


# --- Drafts and publishing -------------------------------------------------------------------------


def test_an_editor_writes_the_plan_of_a_new_period(writer, visitor):
    writer.goto("/admin/")
    click(writer, "link", "Regionplan")
    click(writer, "link", "Regionplan med budget 2019–2021")
    click(writer, "link", "Kopiera till ny period")
    years = {"Första året:": "2022", "Sista året:": "2024"}
    assert entered(writer, years) == years
    click(writer, "button", "Kopiera")
    writer.locator("summary.row", has_text="Invånare och samhälle").click()
    click(writer, "link", "1.1 Ett attraktivt Blekinge 3 insatsområden")
    enter(writer, {SWEDISH: "Ett levande Blekinge", ENGLISH: "A thriving Blekinge"})

    shown = preview(writer)
    goals = ["Ett levande Blekinge", *names_for(visitor)[1:]]
    swedish, english = (
        shown.frame_locator(f"[title='Sidan på {language}']")
        for language in ("svenska", "engelska")
    )
    swedish.locator(".goal__name").first.wait_for()
    assert names_on(swedish) == goals
    shown.get_by_label("Engelska").check()
    english.locator(".goal__name").first.wait_for()
    assert names_on(english)[0] == "A thriving Blekinge"
    shown.close()
    assert not Goal.objects.filter(name_sv="Ett levande Blekinge").exists()
    assert entered(writer, [SWEDISH]) == {SWEDISH: "Ett levande Blekinge"}

    click(writer, "button", "Spara")
    draft = RegionalPlan.objects.get(first_year=2022)
    saved = Goal.objects.get(perspective__plan=draft, slug="ett-attraktivt-blekinge")
    assert (saved.name_sv, saved.name_en) == ("Ett levande Blekinge", "A thriving Blekinge")
    assert visitor.request.get("/regionplan/2022-2024/").status == 404
    # An editor can't publish, but sees the errors that must be corrected first.
    click(writer, "link", "Kontrollera")
    assert writer.get_by_role("heading", name="Måste rättas").is_visible()
    assert writer.locator(".notice").inner_text() == (
        "En publicist publicerar, när det som måste rättas är rättat."
    )
    assert writer.get_by_role("button", name="Publicera").count() == 0


def test_a_change_is_published_by_the_clock_and_taken_back(publisher, visitor):
    before = names_for(visitor)
    after = ["Ett levande Blekinge", *before[1:]]
    open_form(publisher, Goal.objects.get(slug="ett-attraktivt-blekinge"))
    open_working_copy(publisher)
    tab_to(publisher, "textbox", SWEDISH)
    write(publisher, "Ett levande Blekinge")
    save(publisher)
    assert names_for(visitor) == before

    click(publisher, "link", "Kontrollera och publicera")
    at = moment(timezone.now() + dt.timedelta(minutes=2))
    tab_to(publisher, "textbox", "Publiceras:")
    write(publisher, at)
    press_and_wait(publisher, "Enter")
    assert publisher.locator(".messagelist").inner_text() == (
        f"Regionplan med budget 2019–2021 publiceras {at}."
    )
    assert names_for(visitor) == before
    # The form takes whole minutes, so shorten the wait in the database.
    soon = timezone.now() + dt.timedelta(seconds=2)
    copies = RegionalPlan.objects.filter(version=2)
    assert copies.update(publish_at=soon, published_at=soon) == 1
    time.sleep(max(0, (soon - timezone.now()).total_seconds()))
    assert names_for(visitor) == after

    click(publisher, "link", "Historik")
    events = publisher.get_by_role("navigation", name="Ändringar").get_by_role("listitem")
    assert [text.split("\n")[1] for text in events.all_inner_texts()] == [
        f"Planerade publicering {at}",
        "Ändrade mål ”Ett levande Blekinge”",
        "Gjorde en arbetskopia",
    ]
    publisher.get_by_label("jämförs med").select_option(index=3)
    click(publisher, "button", "Jämför")
    difference = publisher.locator(".difference")
    assert difference.get_by_role("heading").all_inner_texts() == ["Mål ”Ett levande Blekinge”"]
    assert (
        difference.locator(".difference__text")
        .inner_html()
        .endswith("Ett <del>attraktivt</del><ins>levande</ins> Blekinge")
    )
    with publisher.expect_navigation():
        publisher.locator(".restoring button").last.click()
    assert names_for(visitor) == after
    publish(publisher)
    assert names_for(visitor) == before


# --- Conflicts -------------------------------------------------------------------------------------


def test_two_in_one_goal_choose_only_about_what_both_have_changed(writer, publisher):
    goal = make_goal(make_perspective(make_plan(2022, 2024, status="draft")), name_sv="Mål")
    for page in (writer, publisher):
        open_form(page, goal)
    assert publisher.locator(".notice").inner_text().startswith("Elin Ek öppnade det här")
    enter(writer, {SWEDISH: "Elins mål", "Beskrivning, engelska:": "Elin's."})
    click(writer, "button", "Spara")

    own = {SWEDISH: "Pers mål", "Beskrivning, svenska:": "Pers beskrivning."}
    enter(publisher, own)
    click(publisher, "button", "Spara")
    assert publisher.locator(".errorlist.nonfield > li").inner_text().startswith("Elin Ek")
    question = publisher.get_by_role("group", name="Namn, svenska")
    assert publisher.locator(".conflicts__field").count() == 1
    assert question.locator("del").all_inner_texts() == ["Elins"]
    assert question.locator("ins").all_inner_texts() == ["Pers"]
    assert faults(publisher) == []
    assert entered(publisher, own) == own
    goal.refresh_from_db()
    assert (goal.name_sv, goal.description_sv) == ("Elins mål", "")

    question.get_by_label("Kollegans").check()
    click(publisher, "button", "Spara")
    goal.refresh_from_db()
    texts = (goal.name_sv, goal.description_sv, goal.description_en)
    assert texts == ("Elins mål", "Pers beskrivning.", "Elin's.")


def test_two_in_two_goals_are_not_asked(writer, publisher):
    perspective = make_perspective(make_plan(2022, 2024, status="draft"))
    goals = [make_goal(perspective, number) for number in (1, 2)]
    for page, goal in zip((writer, publisher), goals, strict=True):
        open_form(page, goal)
    for page, name in ((writer, "Elins mål"), (publisher, "Pers mål")):
        enter(page, {SWEDISH: name})
        click(page, "button", "Spara")
    names = list(perspective.goals.order_by("position").values_list("name_sv", flat=True))
    assert names == ["Elins mål", "Pers mål"]


def test_two_in_one_budget_keep_each_others_amounts_without_javascript(
    site, writer, publisher, new_context
):
    plan = make_plan(2022, 2024, status="draft")
    table = make_budget(plan, lines=[("item", "1.0"), ("item", "2.0")]).tables.get()
    cookies = writer.context.cookies(), publisher.context.cookies()
    pages = []
    for each in cookies:
        context = new_context(base_url=site, java_script_enabled=False)
        context.add_cookies(each)
        pages.append(context.new_page())
        open_form(pages[-1], table)
    for page, row, text in ((pages[0], 0, "-5,0"), (pages[1], 1, "6,0")):
        page.locator(f'[name="lines-{row}-amount_budget-2019"]').fill(text)
        click(page, "button", "Spara")
    assert [line.amounts["budget-2019"] for line in table.lines.all()] == [-5, 6]


# --- Unsaved changes -------------------------------------------------------------------------------


def test_leaving_unsaved_changes_asks_for_confirmation(publisher):
    dialogs = []

    def stay(dialog):
        dialogs.append(dialog.type)
        dialog.dismiss()

    publisher.on("dialog", stay)
    open_form(publisher, working_copy(Page.objects.get(slug="kontakt")))
    form = publisher.url
    click(publisher, "link", "Återkoppling")  # nothing has changed
    assert dialogs == []

    publisher.goto(form)
    title = {"Rubrik, svenska:": "Ring oss"}
    enter(publisher, title)
    publisher.get_by_role("link", name="Återkoppling", exact=True).click()
    assert dialogs == ["beforeunload"]
    assert (publisher.url, entered(publisher, title)) == (form, title)
    preview(publisher).close()
    assert dialogs == ["beforeunload"]
    publisher.get_by_role(
        "link", name="Återkoppling", exact=True
    ).click()  # a preview saves nothing
    assert dialogs == ["beforeunload", "beforeunload"]

    click(publisher, "button", "Spara")
    click(publisher, "link", "Återkoppling")
    assert dialogs == ["beforeunload", "beforeunload"]
    assert Page.objects.get(slug="kontakt", version=2).title_sv == "Ring oss"
