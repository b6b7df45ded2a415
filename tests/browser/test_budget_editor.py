"""The form of a budget's table in the browser: pasting from Excel, the keyboard, and a phone."""

from decimal import Decimal

import pytest

from planning.models import NONE
from tests.browser.desk import enter, entered, faults, focused, open_form, save
from tests.factories import make_budget, make_plan, make_table

# What a copied range of cells does in a browser.
PASTE = """text => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const options = {clipboardData: data, bubbles: true, cancelable: true};
  return document.activeElement.dispatchEvent(new ClipboardEvent("paste", options));
}"""

# The visible controls in the table that are too small for a finger.
SMALL = """() => [...document.querySelectorAll("#lines-group :is(input, select, textarea, button, summary)")]
  .filter(each => each.checkVisibility() && each.type !== "checkbox" && !each.closest("label"))
  .map(each => [each.name || each.ariaLabel || each.textContent, each.getBoundingClientRect()])
  .filter(([name, box]) => Math.min(box.width, box.height) < 44)
  .map(([name, box]) => `${name}: ${box.width} x ${box.height}`)"""


@pytest.fixture
def table(site):
    plan = make_plan(2030, 2031, status="draft")
    return make_table(
        make_budget(plan, 2030),
        [
            ("item", ["988.3", "990.0"]),
            ("item", ["-6198.0", "-6200.0"]),
            ("subtotal", ["-5209.7", "-5210.0"]),
            ("item", ["5505.0", NONE]),
            ("result", ["295.2", None]),
        ],
        [("budget", 2030), ("plan", 2031)],
    )


def status(page):
    return page.locator(".budget__status p").inner_text()


def paste(page, label, text):
    page.get_by_label(label, exact=True).focus()
    page.evaluate(PASTE, text)


def amounts(table, column):
    return [line.amounts.get(column) for line in table.lines.all()]


def test_cells_from_excel_fill_down_and_right_and_add_rows(editor, table):
    open_form(editor, table)
    before = entered(editor, [f"Budget 2030, rad {row}" for row in range(1, 6)])
    cells = "300,0\t1\r\n\t–\r\n7\t8\r\n9\t\r\n"
    paste(editor, "Budget 2030, rad 4", cells)
    assert status(editor) == "Inte sparat: 8 celler klistrades in och 2 rader lades till."
    assert editor.locator(".line").count() == 7

    editor.get_by_role("button", name="Ångra").click()
    assert status(editor) == "Det som klistrades in är borttaget."
    assert editor.locator(".line").count() == 5
    assert entered(editor, before) == before

    paste(editor, "Budget 2030, rad 4", cells)
    save(editor)
    assert amounts(table, "budget-2030")[3:] == [300, None, 7, 9]
    assert amounts(table, "plan-2031")[3:] == [1, NONE, 8, None]


def test_one_cell_is_pasted_as_usual(editor, table):
    open_form(editor, table)
    editor.get_by_label("Budget 2030, rad 1", exact=True).focus()
    assert editor.evaluate(PASTE, "12,5") is True
    assert status(editor) == ""


def test_the_keyboard_moves_between_cells_and_moves_rows(editor, table):
    open_form(editor, table)
    editor.get_by_label("Budget 2030, rad 4", exact=True).focus()
    editor.keyboard.press("Tab")
    assert focused(editor) == 'textbox "Plan 2031, rad 4"'
    editor.keyboard.press("Enter")
    editor.keyboard.press("Enter")
    assert focused(editor) == 'textbox "Plan 2031, rad 6"'
    editor.keyboard.type("5")
    editor.keyboard.press("Shift+Enter")
    editor.keyboard.press("Alt+ArrowUp")
    assert focused(editor) == 'textbox "Plan 2031, rad 4"'
    assert status(editor) == "Rad 5: plats 4 av 6"
    save(editor)
    names = [line.name for line in table.lines.all()]
    assert names == ["Rad 1", "Rad 2", "Rad 3", "Rad 5", "Rad 4", ""]


def test_sums_are_checked_while_they_are_typed(editor, table):
    open_form(editor, table)
    checks = editor.locator("td.budget__check")
    assert checks.nth(2).inner_text() == "Stämmer"
    enter(editor, {"Budget 2030, rad 3": "−5 200,0"})
    editor.keyboard.press("Tab")
    editor.get_by_text("Avviker 9,7").wait_for()
    assert checks.nth(2).inner_text().split("\n") == ["Avviker 9,7", "Posterna ger −5\u00a0209,7"]
    editor.get_by_role("button", name="Plan 2031").click()
    editor.locator(".budget__amount--shown", has_text="Plan 2031").first.wait_for()
    assert checks.nth(2).inner_text() == "Stämmer"
    enter(editor, {"Plan 2031, rad 1": "tusen"})
    editor.keyboard.press("Tab")
    editor.get_by_text("”tusen” är inget belopp.").wait_for()
    assert amounts(table, "budget-2030")[2] == Decimal("-5209.7")


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.in_ci)])
def test_the_form_is_accessible_and_fits_a_phone(editor, table, tmp_path, scheme):
    problems = []
    editor.emulate_media(color_scheme=scheme)
    for width in (375, 1280):
        editor.set_viewport_size({"width": width, "height": 900})
        open_form(editor, table)
        editor.locator(".line__open summary").first.click()
        enter(editor, {"Budget 2030, rad 2": "1,25"})
        editor.keyboard.press("Tab")
        editor.get_by_text("Tabellen har en decimal, men 1,25 har fler.").wait_for()
        problems += [f"{width}: {fault}" for fault in faults(editor)]
        if editor.evaluate("document.documentElement.scrollWidth") > width:
            problems.append(f"{width}: wider than the screen")
        if width == 375:
            problems += editor.evaluate(SMALL)
            assert editor.get_by_label("Plan 2031, rad 1").is_visible()
            assert not editor.get_by_label("Plan 2031, rad 3").is_visible()
        editor.screenshot(path=tmp_path / f"{width}.png", full_page=True)
    assert not problems, "\n".join(problems)
