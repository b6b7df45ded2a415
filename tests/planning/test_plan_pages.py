from decimal import Decimal

import pytest
from django.core.files.base import ContentFile

from planning.models import FollowUp, GoalRating, PlanDocument
from tests.factories import make_budget, make_goal, make_perspective, make_plan
from tests.site import text_of

pytestmark = pytest.mark.database

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
