"""Entering a whole plan of another region from nothing, and publishing it."""

import pytest
from django.utils.text import capfirst

from tests.browser import pages
from tests.browser.desk import add_row, click, enter, link_to, sums_are_checked
from tests.site import public_addresses

NEW_PLAN = {
    "Första året:": "2023",
    "Sista året:": "2026",
    "Rubrik, svenska:": "Verksamhetsplan",
    "Rubrik, engelska:": "Operational plan",
    "Ingress, svenska:": "Det här ska regionen göra.",
    "Ansvarig, svenska:": "Regionens stab",
}
NEW_PERSPECTIVES = {
    "medborgare": {
        "Nöjda medborgare": ["Korta väntetiderna.", "Öppna fler digitala tjänster."],
        "Jämlik hälsa": ["Nå dem som sällan söker vård."],
    },
    "verksamhet": {"Säker vård": ["Minska vårdskadorna.", "Införa gemensamma arbetssätt."]},
    "medarbetare": {"Hållbart arbetsliv": ["Minska sjukfrånvaron."]},
    "hushållning": {"Ekonomi i balans": []},
}
NEW_BUDGET = [
    ("Patientavgifter", "Post", "412,5"),
    ("Övriga intäkter", "Post", "1\u00a0087,5"),
    ("Summa intäkter", "Delsumma", "1\u00a0500,0"),
    ("Personalkostnader", "Post", "−5\u00a0220,4"),
    ("Köpt vård", "Post", "−2\u00a0310,6"),
    ("Läkemedel", "Post", "−1\u00a0004,0"),
    ("Summa kostnader", "Delsumma", "−8\u00a0535,0"),
    ("Verksamhetens nettokostnad", "Delsumma", "−7\u00a0035,0"),
    ("Regionskatt", "Post", "5\u00a0900,2"),
    ("Kommunalekonomisk utjämning", "Post", "1\u00a0250,3"),
    ("Summa skatter och utjämning", "Delsumma", "7\u00a0150,5"),
    ("Årets resultat", "Resultat", "115,5"),
]


def enter_new_plan(page):
    """Enter the plan above with all its parts as a draft; return its address in the admin."""
    page.goto("/admin/planning/regionalplan/add/")
    enter(page, NEW_PLAN)
    click(page, "button", "Spara och fortsätt redigera")
    plan = page.url
    add_perspective = link_to(page, "Lägg till perspektiv")
    for perspective in NEW_PERSPECTIVES:
        page.goto(add_perspective)
        enter(page, {"Namn, svenska:": perspective})
        click(page, "button", "Spara")
    page.goto(f"{plan}?utfallt=ja")
    add_goal = {
        perspective: link_to(page, f"Lägg till inriktningsmål i {capfirst(perspective)}")
        for perspective in NEW_PERSPECTIVES
    }
    for perspective, goals in NEW_PERSPECTIVES.items():
        for goal, areas in goals.items():
            page.goto(add_goal[perspective])
            enter(page, {"Namn, svenska:": goal})
            for number, area in enumerate(areas, start=1):
                add_row(page)
                enter(page, {f"Text, svenska, rad {number}": area})
            click(page, "button", "Spara")
    page.goto(plan)
    click(page, "link", "Lägg till budget")
    enter(page, {"År:": "2023"})
    click(page, "button", "Spara")
    click(page, "link", "Lägg till tabell i Budget 2023")
    enter(page, {"Rubrik, svenska:": "Resultatbudget"})
    click(page, "button", "Spara")
    rows = "\n".join(f"{name};{amount}" for name, _kind, amount in NEW_BUDGET)
    page.get_by_text("Klistra in rader", exact=True).click()
    enter(page, {"Rader att klistra in": rows})
    click(page, "button", "Läs in raderna")
    for number, (_name, kind, _amount) in enumerate(NEW_BUDGET, start=1):
        enter(page, {f"Slag, rad {number}": kind})
    sums_are_checked(page)
    checks = page.locator("td.budget__check").all_inner_texts()
    assert list(filter(None, checks)) == ["Stämmer"] * 5
    click(page, "button", "Spara")
    return plan


@pytest.mark.in_ci
def test_another_regions_plan_is_entered_as_a_draft_and_published(editor, visitor, tmp_path):
    def published():
        addresses = public_addresses("sv") + public_addresses("en")
        return {address: visitor.request.get(address).text() for address in addresses}

    slugs = ["medborgare", "verksamhet", "medarbetare", "hushallning", "budget-2023"]
    swedish = [f"/regionplan/2023-2026/{part}" for part in ["", *(f"{slug}/" for slug in slugs)]]
    swedish.append("/regionplan/2023-2026.pdf")
    english = [address.replace("/regionplan/", "/en/regional-plan/") for address in swedish]
    before = published()
    plan = enter_new_plan(editor)
    for address in swedish + english:
        assert visitor.request.get(address).status == 404, address
    assert published() == before

    editor.goto(plan)
    click(editor, "link", "Kontrollera och publicera")
    click(editor, "button", "Publicera")
    for address in swedish + english:
        assert visitor.request.get(address).status == 200, address
    visitor.goto("/regionplan/2023-2026/")
    assert visitor.locator("h1").inner_text() == "Verksamhetsplan 2023–2026"
    shown = {}
    for perspective in visitor.locator("section.perspective").all():
        shown[perspective.locator(".perspective__name").text_content()] = {
            goal.locator(".goal__name").text_content(): goal.locator("li").all_text_contents()
            for goal in perspective.locator(".goal").all()
        }
    assert shown == NEW_PERSPECTIVES
    amounts = [(name, amount) for name, _kind, amount in NEW_BUDGET]
    assert pages.table_rows(visitor) == amounts

    faults = []
    pages.ready_for_axe(visitor)
    for width in (320, 1280):
        visitor.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            visitor.emulate_media(color_scheme=scheme)
            faults += [f"{width} px, {scheme}: {fault}" for fault in pages.faults(visitor)]
            # For manual inspection: pytest keeps the files of the last few runs.
            visitor.screenshot(path=tmp_path / f"{width}-{scheme}.png", full_page=True)
    assert not faults, "\n".join(faults)
