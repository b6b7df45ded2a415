"""Import in a real browser: choose a file, correct it, review the changes and confirm."""

from pages.publishing.versions import working_copy
from planning.models import BudgetLine, RegionalPlan
from tests.browser import pages


def choose(page, text):
    file = {"name": "budget.csv", "mimeType": "text/csv", "buffer": text.encode("cp1252")}
    page.get_by_label("Budgetrader", exact=True).check()
    page.get_by_label("Fil:", exact=True).set_input_files(file)
    page.get_by_role("button", name="Granska filen").click()


def faults(page):
    pages.ready_for_axe(page)
    return pages.faults(page)


def test_a_file_is_imported_after_review(editor):
    plan = working_copy(RegionalPlan.objects.get())
    editor.goto(f"/admin/planning/regionalplan/{plan.pk}/change/")
    editor.get_by_role("link", name="Importera och exportera").click()
    assert faults(editor) == []
    choose(editor, "År;Namn;Belopp\r\n2019;Skatteintäkter;12,3x")
    assert editor.locator(":focus").inner_text() == "Ingenting är importerat"
    assert faults(editor) == []
    choose(editor, "År;Namn;Belopp\r\n2019;Skatteintäkter;4 112,0")
    assert editor.locator(":focus").inner_text() == ("Budgetrader: 0 nya, 1 ändrade, 0 oförändrade")
    assert faults(editor) == []
    editor.get_by_role("button", name="Importera").click()
    assert editor.locator(".messagelist").inner_text() == (
        "Budgetrader importerade: 0 nya, 1 ändrade, 0 oförändrade."
    )
    line = BudgetLine.objects.get(budget__plan=plan, code="skatteintakter")
    assert str(line.amount_msek) == "4112.0"
