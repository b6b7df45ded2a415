"""Using the public pages: by keyboard, in both languages, and the feedback form."""

import re
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from django.utils.translation import override
from playwright.sync_api import expect

from pages import limits
from pages.models import Feedback
from tests.browser import pages
from tests.browser.pages import in_both_languages

# --- By keyboard -----------------------------------------------------------------------------------


def test_the_skip_link_comes_first_and_leads_to_the_content(site, new_context):
    page = new_context().new_page()
    for address in pages.addresses_of_each_kind("sv"):
        page.goto(site + address)
        link = page.locator(".skip-link")
        expect(link).not_to_be_in_viewport()
        page.keyboard.press("Tab")
        expect(link).to_be_focused()
        expect(link).to_be_in_viewport(ratio=1)
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.locator("main :focus")).to_have_count(1)


# Puts all elements that Tab should stop at into `stops`, in document order; returns the position of each, and
# its look without focus.
PREPARE = """() => {
  window.look = e => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(e);
    return [outlineStyle, outlineWidth, outlineColor, boxShadow].join(" ");
  };
  // Scroll containers cut off outlines that extend outside them.
  window.ringIsWhole = e => {
    const box = e.getBoundingClientRect();
    const style = getComputedStyle(e);
    const reach = parseFloat(style.outlineOffset) + parseFloat(style.outlineWidth);
    for (let around = e.parentElement; around !== document.body; around = around.parentElement) {
      if (getComputedStyle(around).overflowX === "visible") continue;
      const edge = around.getBoundingClientRect();
      if (box.left - reach < edge.left || box.right + reach > edge.right) return false;
    }
    return true;
  };
  window.stops = [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), textarea, select, summary, [tabindex='0']"
  )].filter(e => e.checkVisibility());
  return stops.map(e => {
    const lines = e.getClientRects();
    return {
      name: `${e.tagName} "${e.textContent.trim()}"`,
      first: lines[0].toJSON(),
      last: lines[lines.length - 1].toJSON(),
      look: look(e),
    };
  });
}"""

# The focused element, and whether its focus is visible.
FOCUSED = """() => {
  const e = document.activeElement;
  const box = e.getBoundingClientRect();
  const line = e.getClientRects()[0];
  const hit = document.elementFromPoint(line.x + line.width / 2, line.y + line.height / 2);
  const style = getComputedStyle(e);
  return {
    stop: stops.indexOf(e),
    look: look(e),
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inWindow: box.top >= -0.5 && box.left >= -0.5
      && box.bottom <= innerHeight + 0.5 && box.right <= innerWidth + 0.5,
    uncovered: e.contains(hit),
    whole: ringIsWhole(e),
  };
}"""


@pytest.mark.parametrize(
    ("language", "width", "scheme"), [("sv", 320, "light"), ("en", 1280, "dark")]
)
def test_tab_stops_at_everything_in_order_with_visible_focus(
    site, new_context, language, width, scheme
):
    page = new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    ).new_page()
    faults = []
    for address in pages.addresses_of_each_kind(language):
        page.goto(site + address)
        stops = page.evaluate(PREPARE)
        assert len(stops) > 8
        for number, stop in enumerate(stops):
            page.keyboard.press("Tab")
            now = page.evaluate(FOCUSED)
            assert now["stop"] == number, (address, stop["name"])
            if not now["outlined"] or now["look"] == stop["look"]:
                faults.append(f"{address}: {stop['name']} does not show its focus")
            if not (now["inWindow"] and now["uncovered"] and now["whole"]):
                faults.append(f"{address}: {stop['name']} is not wholly in sight: {now}")
        page.keyboard.press("Tab")  # to the browser, or back to the first stop
        assert page.evaluate("stops.indexOf(document.activeElement)") <= 0, address
        # Each stop is below the previous stop or to its right; the table of contents is a separate column.
        for before, after in zip(stops, stops[1:], strict=False):
            below = after["first"]["top"] >= before["last"]["bottom"] - 2
            beside = after["first"]["left"] >= before["last"]["right"] - 2
            if not (below or beside):
                faults.append(f"{address}: {after['name']} stands before {before['name']}")
    assert not faults, "\n".join(faults)


# --- The other language ----------------------------------------------------------------------------


def test_pages_link_to_the_other_language_and_back(site, new_context):
    """A page of each kind; test_site.py checks the links of all pages."""
    page = new_context().new_page()
    for swedish, english in zip(
        pages.addresses_of_each_kind("sv"), pages.addresses_of_each_kind("en"), strict=True
    ):
        if swedish == pages.NOT_FOUND["sv"]:
            continue
        page.goto(site + swedish)
        links = alternates(page)
        assert links["sv"] == page.url
        page.get_by_role("link", name="English").click()
        assert page.url == links["en"]
        assert urlsplit(page.url).path == urlsplit(english).path
        assert page.locator("html").get_attribute("lang") == "en"
        assert alternates(page) == links
        page.get_by_role("link", name="Svenska").click()
        assert page.url == links["sv"]
        assert page.locator("html").get_attribute("lang") == "sv"


def alternates(page):
    """Return the addresses of the open `page` in each language, `{"sv": …, "en": …}`."""
    links = page.locator("link[rel=alternate]").all()
    return {link.get_attribute("hreflang"): link.get_attribute("href") for link in links}


# --- The feedback form -----------------------------------------------------------------------------

WORDS = {
    "sv": {
        "yes": "Ja",
        "no": "Nej",
        "thanks": "Tack för ditt svar",
        "field": "Berätta gärna mer",
        "send": "Skicka",
        "taken": "Vi har tagit emot det du skrev.",
        "back": "Tillbaka till sidan",
        "too long": "Texten får ha högst 2 000 tecken. Korta den och skicka igen.",
        "too late": "Det gick inte att spara din text",
        "again": "Försök igen",
    },
    "en": {
        "yes": "Yes",
        "no": "No",
        "thanks": "Thank you for your answer",
        "field": "Tell us more if you like",
        "send": "Send",
        "taken": "We have received what you wrote.",
        "back": "Back to the page",
        "too long": "The text may have at most 2,000 characters. Shorten it and send it again.",
        "too late": "Your text could not be saved",
        "again": "Try again",
    },
}


def tab_to(page, role, name):
    """Press Tab until the element with this role and name has the focus."""
    wanted = page.get_by_role(role, name=name, exact=True)
    for _ in range(100):
        page.keyboard.press("Tab")
        if wanted.and_(page.locator(":focus")).count():
            return
    pytest.fail(f"Tab never comes to {role} {name}")


@in_both_languages
def test_feedback_is_sent_by_keyboard_without_javascript(site, new_context, language):
    words = WORDS[language]
    context = new_context(java_script_enabled=False)
    page = context.new_page()
    address = pages.budget_address(language)
    page.goto(site + address)

    tab_to(page, "button", words["yes"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(words["thanks"])
    with override(language):
        assert urlsplit(page.url).path == reverse("pages:feedback_thanks")
    tab_to(page, "textbox", words["field"])
    page.keyboard.type("Jag saknar 2020.")
    page.keyboard.press("Enter")
    page.keyboard.type("Tack!")
    tab_to(page, "button", words["send"])
    page.keyboard.press("Enter")
    expect(page.get_by_text(words["taken"])).to_be_visible()

    stored = Feedback.objects.get()
    assert (stored.address, stored.language, stored.helpful) == (address, language, True)
    assert stored.message.splitlines() == ["Jag saknar 2020.", "Tack!"]
    tab_to(page, "link", words["back"])
    page.keyboard.press("Enter")
    expect(page).to_have_url(site + address)
    assert context.cookies() == []


@in_both_languages
def test_a_too_long_message_is_explained_and_kept(site, new_context, language):
    words = WORDS[language]
    page = new_context(viewport={"width": 320, "height": 640}).new_page()
    page.goto(site + pages.budget_address(language))
    page.get_by_role("button", name=words["no"], exact=True).click()
    field = page.get_by_role("textbox", name=words["field"])
    field.focus()
    page.keyboard.insert_text("å" * 2001)  # as if pasted
    page.get_by_role("button", name=words["send"]).click()

    expect(page.get_by_text(words["too long"])).to_be_visible()
    expect(field).to_have_value("å" * 2001)
    expect(field).to_have_accessible_description(re.compile(words["too long"].replace(" ", r"\s")))
    expect(field).to_have_attribute("aria-invalid", "true")
    pages.ready_for_axe(page)
    assert pages.faults(page) == []
    assert Feedback.objects.get().message == ""

    field.press("End")
    field.press("Backspace")
    page.get_by_role("button", name=words["send"]).click()
    expect(page.get_by_text(words["taken"])).to_be_visible()
    stored = Feedback.objects.get()
    assert (stored.helpful, stored.message) == (False, "å" * 2000)


@in_both_languages
def test_a_late_message_is_given_back(site, new_context, language):
    words = WORDS[language]
    page = new_context(viewport={"width": 320, "height": 640}).new_page()
    page.goto(site + pages.thanks_address(language))
    page.get_by_role("textbox", name=words["field"]).fill("Viktigt.\nMycket.")
    Feedback.objects.all().delete()
    page.get_by_role("button", name=words["send"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["too late"])
    assert page.locator(".quote").inner_text() == "Viktigt.\nMycket."
    pages.ready_for_axe(page)
    assert pages.faults(page) == []


@in_both_languages
def test_a_message_over_the_limit_is_kept(site, new_context, language, monkeypatch):
    monkeypatch.setitem(limits.LIMITS, "feedback", [limits.Limit(1, 10, is_for_each_visitor=True)])
    words = WORDS[language]
    page = new_context(viewport={"width": 320, "height": 640}).new_page()
    page.goto(site + pages.budget_address(language))
    page.get_by_role("button", name=words["no"], exact=True).click()
    page.get_by_role("textbox", name=words["field"]).fill("Viktigt.\nMycket.")
    page.get_by_role("button", name=words["send"]).click()
    expect(page.get_by_role("textbox", name=words["field"])).to_have_value("Viktigt.\nMycket.")
    pages.ready_for_axe(page)
    assert pages.faults(page) == []

    monkeypatch.setitem(limits.LIMITS, "feedback", [limits.Limit(9, 10, is_for_each_visitor=True)])
    page.get_by_role("button", name=words["again"]).click()
    expect(page.get_by_text(words["taken"])).to_be_visible()


def test_the_spam_trap_is_hidden(site, visitor):
    visitor.goto(site + pages.thanks_address("sv"))
    trap = visitor.locator("[name=website]")
    expect(trap).to_be_hidden()
    assert "Lämna" not in visitor.locator("form").aria_snapshot()
    visitor.get_by_role("textbox").focus()
    visitor.keyboard.press("Tab")
    expect(visitor.get_by_role("button", name="Skicka")).to_be_focused()
