"""The plan in force in each year."""

import pytest
from django.core.files.base import ContentFile

from planning.models import Decision, PlanDocument
from planning.periods import plan_to_show, published_plans
from tests.factories import make_budget, make_focus_area, make_goal, make_perspective, make_plan
from tests.site import text_of

pytestmark = pytest.mark.database


def test_the_plan_in_force_is_the_current_one(db):
    old, now, coming = make_plan(2019, 2021), make_plan(2022, 2024), make_plan(2025, 2027)
    plans = published_plans(2023)
    assert [entry.plan for entry in plans] == [coming, now, old]
    assert plan_to_show(plans).plan == now
    assert [entry.has_ended for entry in plans] == [False, False, True]
    assert [entry.in_force for entry in plans] == [False, True, False]


def test_a_successor_takes_over_from_its_first_year(db):
    new = make_plan(2020, 2022)
    old = make_plan(2019, 2021, successor=new)
    assert plan_to_show(published_plans(2019)).plan == old
    assert plan_to_show(published_plans(2020)).plan == new
    assert [entry.has_ended for entry in published_plans(2020)] == [False, True]


def test_a_draft_successor_replaces_no_plan(db):
    old = make_plan(2019, 2021, successor=make_plan(2020, 2022, status="draft"))
    plans = published_plans(2020)
    assert [entry.plan for entry in plans] == [old]
    assert plans[0].in_force


@pytest.mark.parametrize(("year", "period"), [(2030, "2022–2024"), (2015, "2019–2021")])
def test_without_a_plan_in_force_the_nearest_is_shown(db, year, period):
    make_plan(2019, 2021), make_plan(2022, 2024)
    assert plan_to_show(published_plans(year)).plan.period == period


def test_an_old_plan_says_that_it_is_no_longer_in_force(client, db):
    new = make_plan(2022, 2999, title_sv="Nya planen")
    old = make_plan(2019, 2021, successor=new)
    perspective, budget = make_perspective(old), make_budget(old)
    for obj in (old, perspective, budget):
        html = client.get(obj.get_absolute_url()).content.decode()
        assert "Gäller inte längre." in html
        assert '<a href="/regionplan/2022-2999/">' in html
    assert "Gäller inte längre." not in client.get("/regionplan/2022-2999/").content.decode()


def test_the_overview_shows_the_current_plan_and_lists_all(client, db):
    make_plan(2019, 2021, title_sv="Gamla planen")
    make_plan(2022, 2999, title_sv="Nya planen")
    response = client.get("/regionplan/")
    html, text = response.content.decode(), text_of(response)
    assert '<link rel="canonical" href="http://testserver/regionplan/2022-2999/">' in html
    assert "<h1>Nya planen 2022–2999</h1>" in html
    assert "Nya planen 2022–2999 Gäller nu Gamla planen 2019–2021 Gäller inte längre" in text


def test_a_plans_page_links_to_the_list_of_all_plans(client, db):
    old = make_plan(2019, 2021)
    alone = client.get(old.get_absolute_url()).content.decode()
    for first_year in (2022, 2025, 2028):
        make_budget(make_plan(first_year, first_year + 2), first_year)
    html = client.get(old.get_absolute_url()).content.decode()
    link = '<a class="button button--quiet" href="/regionplan/#planer">Alla planperioder</a>'
    assert html.replace(link, "") == alone
    assert link not in alone


def test_an_old_plan_points_to_the_last_of_those_that_followed(client, db):
    last = make_plan(2022, 2024)
    middle = make_plan(2020, 2022, successor=last)
    first = make_plan(2019, 2021, successor=middle)
    html = client.get(first.get_absolute_url()).content.decode()
    assert "Läs regionplanen 2022–2024, som följde på den." in html
    assert "som gäller i stället" not in html


def test_a_plan_shows_who_decided_it_and_when(client, db):
    plan = make_plan()
    decision = Decision.objects.create(plan=plan, position=1, decided_by_sv="regionfullmäktige")
    assert "Beslutad av regionfullmäktige." in text_of(client.get(plan.get_absolute_url()))
    Decision.objects.update(decided_on="2018-11-26")
    text = text_of(client.get(plan.get_absolute_url()))
    assert "Beslutad av regionfullmäktige 26 november 2018." in text
    Decision.objects.update(decided_by_sv="")
    assert "Beslutad 26 november 2018." in text_of(client.get(plan.get_absolute_url()))
    Decision.objects.update(decided_on=None)
    assert "Beslutad" not in text_of(client.get(plan.get_absolute_url()))
    decision.delete()
    assert "Beslutad" not in text_of(client.get(plan.get_absolute_url()))


def test_a_plan_shows_that_it_has_been_revised_and_where_that_is_written(client, db):
    plan = make_plan()
    protocol = PlanDocument.objects.create(
        plan=plan, position=1, title_sv="Protokoll", file=ContentFile(b"x", name="p.pdf")
    )
    council = {"plan": plan, "decided_by_sv": "regionfullmäktige"}
    Decision.objects.create(position=1, decided_on="2018-11-26", **council)
    Decision.objects.create(
        position=2, kind="revised", decided_on="2019-06-12", document=protocol, **council
    )
    page = client.get(plan.get_absolute_url())
    assert (
        "Beslutad av regionfullmäktige 26 november 2018. "
        "Reviderad av regionfullmäktige 12 juni 2019. Protokoll"
    ) in text_of(page)
    assert page.content.decode().count(f'href="{protocol.get_absolute_url()}"') == 2


def test_a_proposal_is_shown_as_one_until_it_is_decided(client, db):
    plan = make_plan()
    board = {"plan": plan, "kind": "proposed", "decided_by_sv": "regionstyrelsen"}
    Decision.objects.create(position=1, decided_on="2025-10-28", **board)
    text = text_of(client.get(plan.get_absolute_url()))
    assert "Det här är ett förslag. Planen är inte beslutad." in text
    assert "Föreslagen av regionstyrelsen 28 oktober 2025." in text
    Decision.objects.create(plan=plan, position=2, decided_by_sv="regionfullmäktige")
    assert "Det här är ett förslag." not in text_of(client.get(plan.get_absolute_url()))


def test_a_proposal_is_in_force_nowhere(client, db):
    proposal = make_plan(2022, 2999, title_sv="Nya planen", is_leading=True)
    decided = make_plan(2019, 2998, title_sv="Beslutade planen", successor=proposal)
    decision = Decision.objects.create(plan=proposal, position=1, kind="proposed")
    perspective = make_perspective(proposal)
    assert plan_to_show(published_plans(2023)).plan == decided
    text = text_of(client.get("/regionplan/"))
    assert (
        "Nya planen 2022–2999 Förslag, inte beslutat Beslutade planen 2019–2998 Gäller nu" in text
    )
    assert "Det här är ett förslag." in text_of(client.get(perspective.get_absolute_url()))
    assert "Det här är ett förslag." not in text_of(client.get("/"))
    decided.delete()
    assert "Det här är ett förslag." in text_of(client.get("/"))
    [past] = published_plans(3000)
    assert (past.has_ended, past.in_force) == (False, False)
    decision.kind = Decision.Kind.DECIDED
    decision.save()
    assert [entry.has_ended for entry in published_plans(3000)] == [True]


def test_a_decision_is_escaped_and_marked_where_english_is_missing(client, db):
    Decision.objects.create(plan=make_plan(), position=1, decided_by_sv="fullmäktige & <styrelsen>")
    swedish = client.get("/regionplan/2019-2021/").content.decode()
    assert "Beslutad av fullmäktige &amp; &lt;styrelsen&gt;." in swedish
    english = client.get("/en/regional-plan/2019-2021/").content.decode()
    name = '<span lang="sv">fullmäktige &amp; &lt;styrelsen&gt;</span>'
    assert f"Decided by {name}." in english


@pytest.mark.parametrize(
    "address", ["/regionplan/٢٠١٩-2021/", "/regionplan/2019-2021/budget-02019/"]
)
def test_an_address_has_one_spelling(client, content, address):
    assert client.get(address).status_code == 404


def test_two_perspectives_may_swap_slugs_between_languages(client, db):
    plan = make_plan()
    make_perspective(plan, 1, slug="tjanst", slug_en="service")
    make_perspective(plan, 2, slug="service", slug_en="support")
    for word, name in (("tjanst", "perspektiv 1"), ("service", "perspektiv 2")):
        response = client.get(f"/regionplan/2019-2021/{word}/")
        assert response.status_code == 200
        assert f"Perspektiv {name}" in text_of(response)
    assert client.get("/en/regional-plan/2019-2021/service/").status_code == 200


def test_without_any_plan_the_pages_still_work(client, db):
    assert "Ingen regionplan är publicerad." in text_of(client.get("/regionplan/"))
    assert client.get("/").status_code == 200


def test_a_draft_plan_is_shown_nowhere(client, db):
    plan = make_plan(status="draft", title_sv="Hemliga planen")
    goal = make_goal(make_perspective(plan))
    make_focus_area(goal)
    budget = make_budget(plan, lines=[("item", "1.0"), ("result", "1.0")])
    document = PlanDocument.objects.create(
        plan=plan, position=1, title_sv="Bilaga", file=ContentFile(b"x", name="bilaga.pdf")
    )
    pdf = "/regionplan/2019-2021.pdf"
    for language in ("", "/en"):
        for obj in (plan, goal.perspective, budget, document):
            address = obj.get_absolute_url()
            assert client.get(language + address).status_code == 404
        assert client.get(language + pdf).status_code == 404
    for address in ("/", "/regionplan/"):
        assert "Hemliga planen" not in client.get(address).content.decode()
    plan.status = "published"
    plan.save()
    for obj in (plan, goal.perspective, budget, document):
        assert client.get(obj.get_absolute_url()).status_code == 200
    assert client.get(pdf).status_code == 200
