"""Import in a real browser: choose a file, put it right, review the changes and confirm."""

from pages.publishing.versions import working_copy
from planning.models import BudgetTable, RegionalPlan
from tests.browser import pages

FILE = """Region Blekinge;;
Resultatbudget, mnkr;;
Benämning;Budget 2019;Not
Verksamhetens intäkter;988,3;1
Verksamhetens kostnader;−6 198,0;2
Statsbidrag;1 412,7*;
Verksamhetens resultat;78,8;
Summa finansiella poster;5 517,4;
"""


def choose(page, text):
    file = {"name": "resultatbudget-2019.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("Fil:", exact=True).set_input_files(file)
    page.get_by_role("button", name="Granska filen").click()


def faults(page):
    pages.ready_for_axe(page)
    return pages.faults(page)


def test_a_file_is_imported_after_review(editor):
    plan = working_copy(RegionalPlan.objects.get())
    table = BudgetTable.objects.get(budget__plan=plan)
    editor.goto(f"/admin/planning/budgettable/{table.pk}/change/")
    editor.get_by_role("link", name="Importera och exportera").click()
    assert faults(editor) == []
    choose(editor, FILE)
    assert editor.locator(":focus").inner_text() == "En cell är fel, så ingenting är importerat än."
    assert faults(editor) == []
    editor.get_by_role("link", name="Rad 6, Budget 2019").click()
    assert editor.locator("#id_cell-6-1:focus").input_value() == "1\xa0412,7"
    editor.get_by_role("button", name="Rätta raden").click()
    assert editor.locator(":focus").inner_text() == (
        "En fråga att svara på, så ingenting är importerat än."
    )
    editor.get_by_label("Samma rad, byt namn").check()
    editor.get_by_role("button", name="Läs filen så här").click()
    assert editor.locator(":focus").inner_text() == (
        "Filen går att importera. Ingenting är sparat än."
    )
    assert faults(editor) == []
    editor.set_viewport_size({"width": 375, "height": 800})
    width = editor.evaluate("document.documentElement.scrollWidth")
    assert width <= 375
    editor.get_by_role("button", name="Importera 2 rader").click()
    assert editor.locator(".messagelist").inner_text() == (
        "Resultatbudget är importerad: 0 nya, 2 ändrade, 0 borttagna, 3 oförändrade."
    )
    line = table.lines.get(code="verksamhetens-nettoresultat")
    assert (line.name_sv, str(line.amounts["budget-2019"])) == ("Verksamhetens resultat", "78.8")
