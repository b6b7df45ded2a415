import re
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile

from planning.models import FollowUp, GoalRating, PlanDocument
from tests.factories import (
    make_budget,
    make_focus_area,
    make_goal,
    make_perspective,
    make_plan,
)
from tests.site import text_of

pytestmark = pytest.mark.database_in_ci

# --- A plan's pages --------------------------------------------------------------------------------


def test_parts_come_in_the_order_of_their_positions(client, db):
    plan = make_plan()
    for number in (3, 1, 2):
        make_goal(make_perspective(plan, number), 1, slug=f"mal-{number}")
    text = text_of(client.get(plan.get_absolute_url()))
    places = [text.index(f"Perspektiv perspektiv {number} {number} av 3") for number in (1, 2, 3)]
    assert places == sorted(places)


def test_anchors_are_unique_where_two_goals_share_a_slug(client, db):
    plan = make_plan()
    for number in (1, 2):
        make_goal(make_perspective(plan, number), 1, slug="lika")
    make_goal(make_perspective(plan, 3), 1, slug="dokument")
    html = client.get(plan.get_absolute_url()).content.decode()
    assert html.count('id="dokument"') == 1
    assert html.count('id="dokument-2"') == 1
    assert html.count('id="lika"') == 1
    assert html.count('id="lika-2"') == 1


def test_the_swedish_slug_redirects_permanently_to_the_english(client, db):
    make_perspective(make_plan(), slug="ekonomi", slug_en="finances")
    response = client.get("/en/regional-plan/2019-2021/ekonomi/")
    expected = (301, "/en/regional-plan/2019-2021/finances/")
    assert (response.status_code, response["Location"]) == expected
    assert client.get("/regionplan/2019-2021/finns-inte/").status_code == 404


def test_a_document_is_sent_as_a_download(client, db):
    document = PlanDocument.objects.create(
        plan=make_plan(), position=1, title_sv="Bilaga", file=ContentFile(b"%PDF", name="b.pdf")
    )
    assert "Bilaga (pdf)" in text_of(client.get("/regionplan/2019-2021/"))
    response = client.get(document.get_absolute_url())
    assert b"".join(response.streaming_content) == b"%PDF"
    assert response["Content-Disposition"].startswith("attachment")
    response.close()


def test_a_lost_file_is_a_missing_page(client, db):
    document = PlanDocument.objects.create(
        plan=make_plan(), position=1, title_sv="Bilaga", file="finns-inte"
    )
    assert "Bilaga</a>" in client.get("/regionplan/2019-2021/").content.decode()
    assert client.get(document.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("sign", ["\uf0b7", "漢", "😀"])
def test_the_pdf_handles_characters_that_its_fonts_lack(client, db, sign):
    make_plan(lead_sv=f"{sign} Vart vi ska.")
    assert client.get("/regionplan/2019-2021.pdf").content.startswith(b"%PDF-")


@pytest.mark.parametrize(("language", "years"), [("", "regionplan"), ("/en", "regional-plan")])
def test_the_plan_is_a_tagged_pdf(client, content, language, years):
    response = client.get(f"{language}/{years}/2019-2021.pdf")
    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in response.content or b"/ObjStm" in response.content
    assert b"pdfuaid:part" in response.content


def test_the_start_page_shows_goals_and_budget(client, db):
    plan = make_plan(2019, 2999)
    perspective = make_perspective(plan)
    make_goal(perspective, 1), make_goal(perspective, 2)
    make_budget(plan, 2019, [("item", "10.0"), ("item", "-12.5"), ("result", "-2.5")])
    text = text_of(client.get("/"))
    assert "Perspektiv 1 2 inriktningsmål" in text
    assert "Budget 2019 −2,5 miljoner kronor i resultat" in text
    assert "Det kommer in Rad 1 10,0 Det går ut Rad 2 −12,5" in text


def test_a_follow_up_is_shown_with_its_source(client, db):
    plan = make_plan()
    make_budget(plan, 2019, [("item", "1.0"), ("result", "1.0")])
    goal = make_goal(make_perspective(plan))
    follow_up = FollowUp.objects.create(
        plan=plan,
        year=2019,
        satisfactory=3,
        not_fully=7,
        unsatisfactory=0,
        result_msek=Decimal("61.8"),
        decided_on="2020-06-17",
        source_sv="Årsredovisning",
    )
    GoalRating.objects.create(follow_up=follow_up, goal=goal, rating="not_fully")
    text = text_of(client.get("/regionplan/2019-2021/budget-2019/"))
    assert "Årets resultat blev +61,8 miljoner kronor." in text
    assert "Tillfredsställande: 3 Inte helt tillfredsställande: 7 Otillfredsställande: 0" in text
    assert "Mål 1: inte helt tillfredsställande" in text
    assert "Källa: Årsredovisning, beslutad 17 juni 2020." in text


# --- Any region's plan -----------------------------------------------------------------------------


def test_a_plan_of_one_year_has_one_year_in_its_address(client, db):
    plan = make_plan(2026, 2026, title_sv="Budget")
    perspective = make_perspective(plan, slug="ekonomi")
    make_budget(plan, 2026, [("item", "1.0")])
    assert plan.get_absolute_url() == "/regionplan/2026/"
    for page in ("/", "/ekonomi/", "/budget-2026/", ".pdf"):
        assert client.get(f"/regionplan/2026{page}").status_code == 200
        for prefix, language in (("/regionplan", ""), ("/en/regional-plan", "")):
            old = client.get(f"{prefix}/2026-2026{page}{language}")
            assert (old.status_code, old["Location"]) == (301, f"{prefix}/2026{page}")
    assert client.get("/regionplan/2026-2026").status_code in {301, 404}
    assert perspective.get_absolute_url() == "/regionplan/2026/ekonomi/"


@pytest.mark.parametrize(
    ("title", "years", "name"),
    [
        ("Regionplan", (2019, 2021), "Regionplan 2019–2021"),
        ("Budget 2024", (2024, 2024), "Budget 2024"),
        (
            "Budget 2026 och regionplan 2026–2028",
            (2026, 2028),
            "Budget 2026 och regionplan 2026–2028",
        ),
        (
            "Budget 2017 med flerårsplan 2018–2019",
            (2017, 2019),
            "Budget 2017 med flerårsplan 2018–2019",
        ),
        ("Budget 2024", (2024, 2026), "Budget 2024, 2024–2026"),
        ("Mål för 12024 personer", (2024, 2024), "Mål för 12024 personer 2024"),
    ],
)
def test_a_title_with_its_years_is_not_given_them_again(client, db, title, years, name):
    plan = make_plan(*years, title_sv=title)
    assert str(plan) == name
    html = client.get(plan.get_absolute_url()).content.decode()
    assert f"<h1>{name}</h1>" in html
    assert f"<title>{name} – " in html


def test_a_plan_without_perspectives_lists_its_goals_directly(client, db):
    plan = make_plan(2024, 2024, title_sv="Budget 2024")
    goal = make_goal(None, plan=plan, slug="kollektivtrafiken", name_sv="Bussen går")
    make_goal(None, 2, plan=plan, name_sv="Ekonomin håller")
    assert goal.get_absolute_url() == "/regionplan/2024/#kollektivtrafiken"
    response = client.get("/regionplan/2024/")
    text = text_of(response)
    assert "Inriktningsmål: Bussen går" in text
    for invented in ("Perspektiv", "av 1", "insatsområden", "Regionplanen"):
        assert invented not in text, invented
    assert re.findall(r"<h2[^>]*id=.(\w+[^\"' >]*)", response.content.decode())[:3] == [
        "contents-heading",
        "kollektivtrafiken",
        "mal-2",
    ]
    assert "Bussen går" in text_of(client.get("/"))


def test_a_plan_speaks_its_own_words(client, db):
    plan = make_plan(
        2024,
        2026,
        perspective_label_sv="Målområde",
        perspective_label_plural_sv="Målområden",
        goal_label_sv="Effektmål",
        goal_label_plural_sv="Effektmål",
        goal_label_en="Outcome goal",
        goal_label_plural_en="Outcome goals",
        focus_areas_label_sv="Så gör vi:",
    )
    perspective = make_perspective(plan, 1, slug="halsa", name_sv="hälsa")
    make_focus_area(make_goal(perspective, 1))
    make_goal(perspective, 2)
    make_perspective(plan, 2)
    pages = {
        name: text_of(client.get(address))
        for name, address in {
            "start": "/",
            "plan": plan.get_absolute_url(),
            "perspective": perspective.get_absolute_url(),
            "english": "/en/regional-plan/2024-2026/",
        }.items()
    }
    assert "2 effektmål" in pages["start"]
    assert "Målområde hälsa 1 av 2" in pages["plan"]
    assert "Effektmål: Mål 1" in pages["plan"]
    assert "Så gör vi:" in pages["plan"]
    assert "Planens målområden" in pages["perspective"]
    assert "Outcome goal: Mål 1" in pages["english"]
    for name in ("start", "plan", "perspective"):
        assert "nriktningsmål" not in pages[name]
        assert "erspektiv" not in pages[name].replace("perspektiv 2", "").replace(
            "Perspektiv 2", ""
        )
    html = client.get("/en/regional-plan/2024-2026/").content.decode()
    assert '<span lang="sv">Målområde</span>' in html


def test_the_plan_that_leads_is_shown_first(client, db):
    make_plan(2020, 2099, title_sv="Den gamla", is_leading=True)
    make_plan(2021, 2099, title_sv="Den nya")
    assert "Den gamla" in text_of(client.get("/"))
    assert "<h1>Den gamla 2020–2099</h1>" in client.get("/regionplan/").content.decode()
