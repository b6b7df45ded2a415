"""Helpers for the admin in the browser: keyboard, forms and links, and checks of each page."""

import re

from blekinge_site.staff.addresses import form_address
from tests.accounts import make_account
from tests.browser import pages

NAME, PASSWORD = "redaktör", "ett-långt-lösenord"


def account(role, name):
    """Make an account for `name`, a first and a last name, in the group `role`."""
    first, last = name.split()
    return make_account(first.lower(), role, first_name=first, last_name=last)


# --- Keyboard --------------------------------------------------------------------------------------

# All candidates for the focused element's name. A quick check before the slow snapshot.
FOCUSED_WORDS = """() => {
  const e = document.activeElement;
  const labels = [...(e.labels ?? [])].map(label => label.textContent);
  return [e.ariaLabel, e.value, e.textContent, ...labels].map(w => `${w}`.trim());
}"""


# The labels of the text editors.
TEXT_EDITORS = {"Text, svenska", "Text, engelska"}


def focused(page):
    """Return the role and the name of the focused element: `button "Fet"`."""
    return re.search(r'\w+ ".*?"', page.locator(":focus").aria_snapshot())[0]


def tab_to(page, role, name, key="Tab"):
    """Press Tab until the element with this role and name has the focus."""
    wanted = f'{role} "{name}"'
    for _ in range(300):
        page.keyboard.press(key)
        words = page.evaluate(FOCUSED_WORDS)
        if name in words and focused(page) == wanted:
            return
        if words[0] in TEXT_EDITORS:
            page.keyboard.press("Escape")  # otherwise Tab goes through the cells of its tables
    raise AssertionError(f"300 tabs do not reach the {wanted}")


def write(page, text):
    """Replace the focused field's value by typing `text`."""
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def paste(page, text):
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def press_and_wait(page, key):
    with page.expect_navigation():
        page.keyboard.press(key)


def sign_in(page):
    page.goto("/admin/")
    assert focused(page) == 'textbox "Användarnamn:"'
    write(page, NAME)
    tab_to(page, "textbox", "Lösenord:")
    write(page, PASSWORD)
    press_and_wait(page, "Enter")


def follow(page, *links):
    for name in links:
        tab_to(page, "link", name)
        press_and_wait(page, "Enter")


def sums_are_checked(page):
    """Wait until a table's sums have been checked: the tests' database takes only one request at a time."""
    page.locator("[aria-busy='true']").wait_for(state="detached")


def save(page):
    tab_to(page, "button", "Spara")
    sums_are_checked(page)
    press_and_wait(page, "Enter")
    assert page.locator(".errorlist, .messagelist > :not(.success)").all_inner_texts() == []


def open_working_copy(page):
    tab_to(page, "button", "Ändra i arbetskopian")
    press_and_wait(page, "Enter")


def publish(page):
    """Publish the open object as it is saved, by keyboard."""
    follow(page, "Kontrollera och publicera")
    tab_to(page, "button", "Publicera")
    press_and_wait(page, "Enter")
    assert page.locator(".messagelist").inner_text().endswith("är publicerad.")


# --- Forms and links -------------------------------------------------------------------------------


def enter(page, typed):
    """Fill in, or select, each value of `typed`, `{label: value}`."""
    for label, value in typed.items():
        field = page.get_by_label(label, exact=True)
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(label=value)
        else:
            field.fill(value)


def entered(page, labels):
    """Return `{label: value}` for the fields with these labels."""
    value = "field => field.selectedOptions ? field.selectedOptions[0].text : field.value"
    return {label: page.get_by_label(label, exact=True).evaluate(value) for label in labels}


def add_row(page):
    page.get_by_role("button", name="Lägg till ytterligare").click()


def click(page, role, name):
    """Click the element with this role and name, wait for the new page, and return its response."""
    with page.expect_navigation() as navigation:
        page.get_by_role(role, name=name, exact=True).click()
    return navigation.value


def link_to(page, name):
    return page.get_by_role("link", name=name, exact=True).get_attribute("href")


def open_form(page, obj):
    return page.goto(form_address(obj))


def preview(page):
    """Preview the form in `page`; return the browser page that opens."""
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Förhandsgranska").click()
    return popup.value


# --- Accessibility ---------------------------------------------------------------------------------

# axe's complaint about the magnifying glass in Django's widget for choosing groups and permissions.
DJANGOS_FAULTS = {("aria-prohibited-attr", ".help-tooltip.search-label-icon")}

# Django doesn't translate the alt text of the magnifying glass beside a list's search field.
DJANGOS_WORDS = {"Search"}

# English words that no Swedish sentence has.
ENGLISH = re.compile(
    r"\b(add|and|are|can|change|choose|clear|click|close|delete|enter|error|from|has|have|heading|hide"
    r"|history|home|insert|items|list|no|not|now|of|page|please|remove|required|save|search|see|select"
    r"|selected|show|site|sort|the|this|time|title|to|today|toggle|undo|update|view|was|welcome|with"
    r"|you|your)\b",
    re.IGNORECASE,
)

# All visible and read-out texts of a page, except edited or compared content, names of keys, and permissions,
# whose English names Django keeps in the database.
WORDS = """() => {
  const texts = [document.title];
  for (const e of document.body.querySelectorAll("*")) {
    if (e.closest(".tiptap, textarea, .readonly, .tabular td p, .selector option, script, kbd")) continue;
    if (e.closest(".difference, [lang='en']")) continue;
    for (const name of ["alt", "aria-label", "placeholder", "title"]) texts.push(e.getAttribute(name));
    if (e.matches("[type='submit'], [type='button']")) texts.push(e.value);
    if (e.matches(".material-icons")) continue;  // the names of pictures
    for (const node of e.childNodes) if (node.nodeType === Node.TEXT_NODE) texts.push(node.data);
  }
  return texts.filter(words => words?.trim());
}"""


def faults(page):
    """Return axe's violations and the English texts on the open `page`, as strings."""
    pages.ready_for_axe(page)
    rules = page.evaluate("options => axe.run(options)", pages.AXE_OPTIONS)["violations"]
    violations = [(rule["id"], node["target"][-1]) for rule in rules for node in rule["nodes"]]
    return [
        f"{rule}: {target}"
        for rule, target in violations
        if not any(rule == known and target.endswith(where) for known, where in DJANGOS_FAULTS)
    ] + [
        f"it says: {text}"
        for text in page.evaluate(WORDS)
        if ENGLISH.search(text) and text not in DJANGOS_WORDS
    ]
