"""The desk and the inbox of feedback: accessible in every state, by keyboard and without JavaScript."""

import datetime as dt

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from pages.models import Feedback, Page
from pages.publishing.history import save_revision
from pages.publishing.versions import working_copy
from planning.models import RegionalPlan
from tests.browser.desk import account, click, faults, press_and_wait, tab_to
from tests.factories import make_page

DAY = dt.timedelta(days=1)
FEEDBACK = "/admin/pages/feedback/per-sida/"


def make_answer(message, address="/kontakt/", **fields):
    return Feedback.objects.create(
        address=address, language="sv", helpful=False, message=message, **fields
    )


@pytest.fixture
def busy_desk(superuser):
    """Content with all kinds of tasks, several of some."""
    copy = working_copy(RegionalPlan.objects.get())
    copy.perspectives.update(name_sv="")
    save_revision(copy, superuser, "Ändrade perspektiv")
    for number in range(2):
        make_page(f"utkast-{number}", status="draft")
        make_page(f"lank-{number}", body_sv='<p><a href="/finns-inte/">Kartan</a></p>')
    for number in range(6):
        make_page(f"snart-{number}", publish_at=timezone.now() + DAY)
    Page.objects.filter(slug="kontakt").update(review_on=timezone.localdate() - DAY)
    for number in range(6):
        make_answer(f"Var är kartan {number}?")
    cache.clear()  # the desk keeps the results of its checks for a while


def is_as_wide_as_the_window(page, width):
    return page.evaluate("document.documentElement.scrollWidth") <= width


def open_everything(page):
    page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_the_desk_is_accessible_and_in_swedish(editor, busy_desk, scheme, width):
    editor.emulate_media(color_scheme=scheme)
    editor.set_viewport_size({"width": width, "height": 800})
    editor.goto("/admin/")
    assert editor.locator(".task--links .task__title").inner_text() == "2 länkar leder ingenstans"
    assert editor.locator(".task .default").count() == 1
    assert faults(editor) == []
    open_everything(editor)
    assert faults(editor) == []
    assert is_as_wide_as_the_window(editor, width)


def test_an_empty_desk_is_accessible_and_in_swedish(editor):
    editor.goto("/admin/")
    section = editor.get_by_role("region", name="Det här väntar")
    assert section.locator("p").inner_text().startswith("Inget väntar just nu. Senaste publicering")
    assert "Ingen har svarat på tolv veckor." in editor.locator("main").inner_text()
    assert faults(editor) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_the_feedback_is_accessible_and_in_swedish(editor, superuser, scheme, width):
    editor.emulate_media(color_scheme=scheme)
    editor.set_viewport_size({"width": width, "height": 800})
    editor.goto(FEEDBACK)
    assert "Alla svar är hanterade." in editor.locator("main").inner_text()
    assert faults(editor) == []
    for number in range(25):
        make_answer(f"{'lång-mening-' * 9}{number}", f"/{'lang-adress-' * 8}{number % 3}/")
    make_answer("Klart?", handled_at=timezone.now(), handled_by=superuser, note="Rättat.")
    editor.goto(FEEDBACK)
    open_everything(editor)
    assert faults(editor) == []
    assert is_as_wide_as_the_window(editor, width)
    editor.goto(f"{FEEDBACK}?lage=hanterade&dagar=365")
    assert faults(editor) == []
    editor.goto("/admin/pages/feedback/")
    assert faults(editor) == []


def press_and_wait_on(page, name):
    tab_to(page, "button", name)
    press_and_wait(page, "Enter")


def focused_answer(page):
    return page.locator(":focus q").inner_text()


def test_answers_are_handled_by_keyboard(sit_down, site):
    for number in range(3):
        make_answer(f"Nr {number}")
    page = sit_down(account("Redaktör", "Ronja Ros"))
    page.goto("/admin/")
    tab_to(page, "link", "Läs svaren 3 nya svar med egna ord")
    press_and_wait(page, "Enter")
    press_and_wait_on(page, "Markera som hanterad")
    assert focused_answer(page) == "Nr 1"
    described = page.locator(":focus").get_attribute("aria-describedby")
    assert page.locator(f"#{described}").text_content() == "2 nya svar kvar."
    page.keyboard.press("Tab")  # the note
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("Rättat på sidan.")
    page.keyboard.press("Tab")
    press_and_wait(page, "Enter")
    assert focused_answer(page) == "Nr 0"
    press_and_wait_on(page, "Markera som hanterad")
    assert page.locator(":focus").inner_text() == "Med egna ord"
    handled = Feedback.objects.order_by("pk").values_list("handled_by__username", "note")
    assert list(handled) == [("ronja", ""), ("ronja", "Rättat på sidan."), ("ronja", "")]
    assert page.locator("#kvar").text_content() == "Alla svar är hanterade."
    press_and_wait_on(page, "Öppna igen")
    assert focused_answer(page) == "Nr 0"


def test_a_colleague_has_handled_the_answer_meanwhile(sit_down, site):
    make_answer("Var?")
    first, second = (sit_down(account("Redaktör", name)) for name in ("Ronja Ros", "Per Palm"))
    for page in (first, second):
        page.goto(FEEDBACK)
    click(first, "button", "Markera som hanterad")
    second.get_by_text("Skriv en anteckning").click()
    second.get_by_label("Vad gjordes?").fill("Ringde växeln.")
    click(second, "button", "Markera som hanterad")
    message = second.locator(".messagelist").inner_text()
    assert message.startswith("Ronja Ros hanterade svaret i dag ")
    assert "Per Palm: Ringde växeln." in second.locator("main").inner_text()
    assert faults(second) == []


def test_everything_works_without_javascript(site, superuser, new_context, busy_desk):
    client = Client()
    client.force_login(superuser)
    context = new_context(base_url=site, java_script_enabled=False)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site}])
    page = context.new_page()
    page.goto("/admin/")
    page.get_by_text("Alla register").click()
    assert page.get_by_role("link", name="Regionplaner").is_visible()
    page.get_by_role("link", name="Läs svaren").click()
    page.get_by_text("Skriv en anteckning").first.click()
    page.get_by_label("Vad gjordes?").first.fill("Rättat.")
    page.get_by_role("button", name="Markera som hanterad").first.click()
    assert page.locator(".messagelist").inner_text() == "Svaret är markerat som hanterat."
    assert page.locator("#egna-ord + nav").inner_text().split() == ["Nya", "5", "Hanterade", "1"]
    page.get_by_role("button", name="Öppna igen").click()
    assert page.locator(".messagelist").inner_text() == "Svaret är öppnat igen."
