"""Nothing typed is lost: the sign-in runs out, the browser is closed, or the page is left."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.sessions.models import Session

from pages.models import FormDraft, Page
from tests.accounts import PASSWORD, SECRET, code_now, make_account
from tests.browser.desk import click, faults
from tests.browser.test_rich_text import press_in_text
from tests.factories import make_budget, make_page, make_plan
from tests.staff_forms import admin_address

NOTICE = "Här är det du skrev"


@pytest.fixture
def anna(site):
    return make_account("anna", "Redaktör")


@pytest.fixture
def news(site):
    return make_page("nyhet", status="draft", body_sv="<p>Sparat.</p>")


def write(page):
    """Type a title and rich text in the open form, and wait until the server has them."""
    kept = ("Skriven+rubrik", "%3Cstrong%3ESkriven+text")

    def has_all(response):
        body = response.request.post_data or ""
        return response.url.endswith("/utkast/") and all(words in body for words in kept)

    with page.expect_response(has_all):
        page.get_by_label("Rubrik, svenska").fill("Skriven rubrik")
        page.get_by_role("textbox", name="Text, svenska").click()
        press_in_text(page, "Control+A", "Sparat.")
        page.keyboard.type("Skriven text")
        press_in_text(page, "Control+A", "Skriven text")
        page.keyboard.press("Control+B")


def is_back(page):
    """Assert that the form is filled in with what was typed, which is not saved."""
    page.get_by_text(NOTICE).wait_for()
    assert page.get_by_label("Rubrik, svenska").input_value() == "Skriven rubrik"
    text = page.locator("[name='body_sv']").input_value()
    assert text == "<p><strong>Skriven text</strong></p>"
    assert not Page.objects.filter(title_sv="Skriven rubrik").exists()


def enter_password(page):
    page.get_by_label("Användarnamn").fill("anna")
    page.get_by_label("Lösenord").fill(PASSWORD)
    page.get_by_role("button", name="Logga in", exact=True).click()


@pytest.mark.parametrize("has_second_factor", [False, True])
def test_the_sign_in_runs_out_while_somebody_writes(sit_down, anna, news, has_second_factor):
    if has_second_factor:
        TOTP.activate(anna, SECRET)
    page = sit_down(anna, keeps_drafts=True)
    page.goto(admin_address(news))
    Session.objects.all().delete()
    page.get_by_label("Rubrik, svenska").fill("Börjat")  # the browser still has the form
    page.get_by_text("Din inloggning har gått ut.").wait_for()
    write(page)
    assert faults(page) == []
    page.get_by_role("link", name="Logga in igen").click()
    enter_password(page)
    if has_second_factor:
        page.get_by_label("Kod").fill(code_now(SECRET))
        page.get_by_role("button", name="Logga in").click()
    page.wait_for_url(f"**{admin_address(news)}")
    is_back(page)
    assert faults(page) == []


def test_a_form_sent_after_the_sign_in_has_run_out_comes_back(sit_down, anna, news):
    page = sit_down(anna, keeps_drafts=True)
    page.goto(admin_address(news))
    write(page)
    Session.objects.all().delete()
    click(page, "button", "Spara")
    assert "det du skrev är kvar åt dig" in page.locator(".messagelist").inner_text()
    enter_password(page)
    page.wait_for_url(f"**{admin_address(news)}")
    is_back(page)
    click(page, "button", "Spara")
    assert Page.objects.get(pk=news.pk).title_sv == "Skriven rubrik"
    page.goto(admin_address(news))
    assert page.get_by_text(NOTICE).count() == 0


def test_a_sign_in_in_another_tab(sit_down, anna, news):
    page = sit_down(anna, keeps_drafts=True)
    page.goto(admin_address(news))
    Session.objects.all().delete()
    write(page)
    page.get_by_text("Din inloggning har gått ut.").wait_for()
    other = page.context.new_page()
    other.goto("/admin/")
    enter_password(other)
    other.get_by_role("link", name="Sida ”").click()
    is_back(other)
    other.close()
    click(page, "button", "Spara")  # with the token of the earlier session
    assert "hörde till en tidigare inloggning" in page.locator(".messagelist").inner_text()
    is_back(page)
    click(page, "button", "Spara")
    assert Page.objects.get(pk=news.pk).title_sv == "Skriven rubrik"


def test_the_amounts_of_a_table(sit_down, anna):
    plan = make_plan(2030, 2032, status="draft")
    table = make_budget(plan, year=2030, lines=[("item", "1.0")]).tables.get()
    page = sit_down(anna, keeps_drafts=True)
    page.goto(admin_address(table))
    with page.expect_response(lambda response: "amount" in (response.request.post_data or "")):
        amount = page.locator("input[name^='lines-'][name*='-amount_']").first
        amount.fill("7,5")
    name = amount.get_attribute("name")
    Session.objects.all().delete()
    page.goto(admin_address(table))
    enter_password(page)
    page.get_by_text(NOTICE).wait_for()
    assert page.locator(f"[name='{name}']").input_value() == "7,5"


def test_a_page_left_by_back(sit_down, anna, news):
    page = sit_down(anna, keeps_drafts=True)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/admin/pages/page/")
    page.goto(admin_address(news))
    write(page)
    page.go_back()
    page.goto(admin_address(news))
    is_back(page)


def test_a_page_left_at_once(sit_down, anna, news):
    page = sit_down(anna, keeps_drafts=True)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/admin/pages/page/")
    page.goto(admin_address(news))
    page.get_by_label("Rubrik, svenska").fill("Skriven rubrik")
    page.go_back()
    # The request outlives its page, so Playwright doesn't report it. The database can't be asked meanwhile.
    for _attempt in range(100):
        page.goto(admin_address(news))
        if page.get_by_text(NOTICE).count():
            break
        page.wait_for_timeout(100)
    assert page.get_by_label("Rubrik, svenska").input_value() == "Skriven rubrik"


def test_a_browser_that_crashes(sit_down, anna, news):
    page = sit_down(anna, keeps_drafts=True)
    page.goto(admin_address(news))
    write(page)
    page.context.close()
    kept_at = FormDraft.objects.get().saved_at
    page = sit_down(anna, keeps_drafts=True)
    page.goto(admin_address(news))
    is_back(page)
    page.wait_for_timeout(4000)  # the script has looked for changes
    assert FormDraft.objects.get().saved_at == kept_at
    click(page, "button", "Kasta det jag skrev")
    assert page.get_by_text(NOTICE).count() == 0
    assert page.locator("[name='body_sv']").input_value() == "<p>Sparat.</p>"


def test_the_form_warns_and_extends_the_session(sit_down, anna, news, settings):
    settings.SESSION_COOKIE_AGE = 12  # seconds
    page = sit_down(anna, keeps_drafts=True)
    page.goto(admin_address(news))
    extend = page.get_by_role("button", name="Fortsätt vara inloggad")
    assert not extend.is_visible()
    warning = page.get_by_text("Din inloggning går ut klockan")
    warning.wait_for(timeout=15_000)
    assert faults(page) == []
    before = Session.objects.get().expire_date
    extend.click()
    warning.wait_for(state="detached")
    assert not extend.is_visible()
    assert Session.objects.get().expire_date > before
    page.get_by_text("Din inloggning har gått ut.").wait_for(timeout=20_000)


def test_without_javascript(site, anna, news, new_context):
    page = new_context(base_url=site, java_script_enabled=False).new_page()
    page.goto(admin_address(news))
    enter_password(page)
    page.get_by_label("Rubrik, svenska").fill("Skriven rubrik")
    page.locator("[name='body_sv']").fill("<p><strong>Skriven text</strong></p>")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Spara", exact=True).click()
    assert "det du skrev är kvar åt dig" in page.locator(".messagelist").inner_text()
    enter_password(page)
    is_back(page)
