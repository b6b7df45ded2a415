"""docs/redaktorsguide.md: the labels that it names are on the screens, and its pictures exist.

With WRITE_PICTURES set, as in `make pictures`, the pictures are taken again.
"""

import os
import re
from pathlib import Path

from pages.models import Feedback, Page
from pages.publishing.versions import working_copy
from planning.models import BudgetTable, Goal, RegionalPlan
from tests.browser.desk import account, click, enter, open_form, preview
from tests.factories import make_page

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "redaktorsguide.md").read_text()
MAX_BYTES = 60_000

# The texts of headings, labels, links and buttons.
NAMES = """() => [...document.querySelectorAll(
  "h1, h2, h3, label, legend, a, button, summary, .prose-menubar__option, [type='submit'], [title]"
)].filter(e => e.checkVisibility()).flatMap(e => [e.innerText, e.value, e.title]).filter(Boolean)"""


class Tour:
    """The names and pictures collected on a tour of the guide's screens."""

    def __init__(self):
        self.names, self.pictures = set(), []

    def look(self, page):
        """Add the names on the open `page`, cut at punctuation: ”Excel, budgetrader” becomes ”Excel”."""
        for name in page.evaluate(NAMES):
            self.names.add(re.split("[,:(\n]", name)[0].strip())

    def show(self, page, picture, element="#main", height=440):
        """Add the names on the open `page`; with WRITE_PICTURES, take a picture of the top of `element`."""
        page.set_viewport_size({"width": 1000, "height": 700})
        self.look(page)
        self.pictures.append(picture)
        if os.environ.get("WRITE_PICTURES"):
            box = page.locator(element).bounding_box()
            box["y"] += page.evaluate("scrollY")
            box["height"] = min(box["height"], height)
            page.screenshot(path=DOCS / "bilder" / f"{picture}.png", clip=box, full_page=True)


def look_at_a_conflict(tour, page, other, goal):
    """Let two change the same goal, and look at the question, and at the draft that remains."""
    for editor in (page, other):
        open_form(editor, goal)
    for editor in (other, page):
        name = editor.get_by_label("Namn, svenska:").input_value()
        enter(editor, {"Namn, svenska:": f"{name}{'!' if editor is page else '.'}"})
        click(editor, "button", "Spara")
    tour.look(page)
    open_form(page, goal)
    tour.look(page)
    page.on("dialog", lambda dialog: dialog.accept())
    click(page, "button", "Kasta det jag skrev")


def test_the_guide_agrees_with_the_screens(sit_down):
    make_page("kollektivtrafik", status="draft", title_en="Public transport")
    Feedback.objects.create(address="/", language="sv", helpful=False, message="Var är kartan?")
    tour, writer = Tour(), sit_down(account("Redaktör", "Elin Ek"))
    page = sit_down(account("Publicist", "Per Palm"))

    stranger = sit_down()
    stranger.goto("/admin/")
    tour.look(stranger)
    page.goto("/admin/konto/tva-faktorer/")
    tour.look(page)
    page.goto("/admin/")
    tour.show(page, "skrivbordet")

    open_form(page, RegionalPlan.objects.get())
    tour.look(page)
    open_form(page, Goal.objects.get(slug="ett-attraktivt-blekinge"))
    tour.show(page, "publicerat")
    click(page, "button", "Ändra i arbetskopian")
    enter(page, {"Namn, svenska:": "Ett levande Blekinge"})
    tour.show(page, "arbetskopian")
    open_form(writer, working_copy(Page.objects.get(slug="kontakt")))
    writer.locator(".fieldBox.field-body_sv .prose-menubar__selected").click()
    tour.look(writer)  # the text editor's buttons, and an editor's buttons

    popup = preview(page)
    popup.frame_locator("[title='Sidan på svenska']").locator(".goal").first.wait_for()
    tour.show(popup, "forhandsgranskning", element="#content")
    popup.close()

    click(page, "button", "Spara")
    tour.look(page)
    for leads_to in ("Dela förhandsgranskning", "Importera och exportera"):
        click(page, "link", leads_to)
        tour.look(page)
        page.go_back()
    table = BudgetTable.objects.filter(budget__plan__version=2).first()
    open_form(page, table)
    tour.look(page)
    open_form(page, table.budget)
    tour.look(page)
    look_at_a_conflict(tour, page, writer, table.publishable().goals.first())
    open_form(page, table.publishable())
    click(page, "link", "Kontrollera och publicera")
    tour.show(page, "publicera", height=720)
    enter(page, {"Publiceras:": "2999-11-26 13.00"})
    click(page, "button", "Publicera")
    tour.look(page)
    click(page, "link", "Avbryt publiceringen")
    click(page, "button", "Avbryt publiceringen")
    click(page, "link", "Kontrollera och publicera")
    enter(page, {"Publiceras:": ""})
    click(page, "button", "Publicera")
    click(page, "link", "Dra tillbaka")
    tour.look(page)
    open_form(page, RegionalPlan.objects.get(version=2))
    click(page, "link", "Historik")
    tour.look(page)
    page.get_by_label("jämförs med").select_option("fore")
    click(page, "button", "Jämför")
    tour.show(page, "jamfor")
    page.goto("/admin/pages/page/")
    tour.look(page)
    page.goto("/admin/pages/feedback/per-sida/")
    tour.look(page)
    click(page, "button", "Markera som hanterad")
    tour.look(page)

    named = {" ".join(words.split()) for words in re.findall(r"\*\*(.+?)\*\*", GUIDE, re.DOTALL)}
    assert named - tour.names == set()
    assert re.findall(r"!\[.+\]\(bilder/(.+)\.png\)", GUIDE) == tour.pictures
    sizes = {path.name: path.stat().st_size for path in (DOCS / "bilder").iterdir()}
    assert sorted(sizes) == sorted(f"{picture}.png" for picture in tour.pictures)
    assert {name: size for name, size in sizes.items() if size > MAX_BYTES} == {}
