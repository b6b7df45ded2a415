import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils.translation import override

from planning import charts
from planning.copying import copy_to_period
from planning.models import (
    Budget,
    BudgetLine,
    FocusArea,
    FollowUp,
    Goal,
    GoalRating,
    Perspective,
    PlanDocument,
    RegionalPlan,
)
from planning.periods import current, published_plans
from tests.factories import (
    make_budget,
    make_focus_area,
    make_goal,
    make_perspective,
    make_plan,
)
from tests.site import text_of
from tests.test_pages import refuses

WORDS = {"title_sv": "Plan", "lead_sv": "Vart.", "responsible_sv": "Regionen"}

# --- What the database refuses ---------------------------------------------------------------------


def test_a_plans_period_is_ordered(db):
    plan = RegionalPlan(first_year=2021, last_year=2019, **WORDS)
    refuses(plan, "Sista året kan inte vara före första året.")


def test_a_plans_years_have_four_digits(db):
    refuses(RegionalPlan(first_year=19, last_year=21, **WORDS), "Skriv året med fyra siffror.")


def test_a_plans_period_is_its_own(db):
    make_plan(2019, 2021)
    refuses(
        RegionalPlan(first_year=2019, last_year=2021, **WORDS),
        "Det finns redan en regionplan för de åren.",
    )
    make_plan(2020, 2022)


def test_a_plan_does_not_succeed_itself(db):
    plan = make_plan()
    plan.successor = plan
    refuses(plan, "En plan kan inte ersätta sig själv.")


def test_slugs_are_unique_in_their_parent(db):
    plan = make_plan()
    perspective = make_perspective(plan, 1, slug="ekonomi", slug_en="finances")
    make_goal(perspective, 1, slug="hushalla")
    same = "Ett annat perspektiv i planen har samma adress."
    refuses(Perspective(plan=plan, position=2, slug="ekonomi", name_sv="ekonomi"), same)
    english = Perspective(
        plan=plan, position=2, slug="pengar", slug_en="finances", name_sv="pengar"
    )
    refuses(english, same)
    refuses(
        Goal(perspective=perspective, position=2, slug="hushalla", name_sv="Hushålla"),
        "Ett annat mål i perspektivet har samma adressord.",
    )
    other = make_perspective(make_plan(2022, 2024), 1, slug="ekonomi", slug_en="finances")
    make_goal(other, 1, slug="hushalla")
    # An English address is the Swedish word where no other is given.
    refuses(Perspective(plan=plan, position=2, slug="finances", name_sv="a"), same)


def test_positions_start_at_one(db):
    plan = make_plan()
    goal = make_goal(make_perspective(plan))
    budget = make_budget(plan)
    message = "Ordningen börjar på 1."
    refuses(Perspective(plan=plan, position=0, slug="a", name_sv="a"), message)
    refuses(Goal(perspective=goal.perspective, position=0, slug="a", name_sv="a"), message)
    refuses(FocusArea(goal=goal, position=0, text_sv="a"), message)
    line = {"code": "a", "name_sv": "a", "amount_msek": 1}
    refuses(BudgetLine(budget=budget, position=0, **line), message)
    refuses(PlanDocument(plan=plan, position=0, title_sv="a", file="a.pdf"), message)


def test_a_plan_has_one_budget_a_year(db):
    plan = make_plan()
    make_budget(plan, 2019)
    again = Budget(plan=plan, year=2019, unit_sv="miljoner kronor")
    refuses(again, "Planen har redan en budget för det året.")


def test_a_budgets_year_is_one_of_the_plans(db):
    with pytest.raises(ValidationError, match="Planen gäller 2019–2021"):
        Budget(plan=make_plan(), year=2022, unit_sv="miljoner kronor").full_clean()


def test_a_budget_has_one_result_and_each_code_once(db):
    budget = make_budget(make_plan(), lines=[("item", "1.0"), ("result", "1.0")])
    line = {"budget": budget, "position": 3, "name_sv": "Rad", "amount_msek": 1}
    refuses(
        BudgetLine(code="igen", kind="result", **line),
        "Budgeten har redan en rad för resultatet.",
    )
    refuses(BudgetLine(code="rad-1", **line), "En annan rad i budgeten har samma kod.")


def test_a_year_is_followed_up_and_a_goal_rated_once(db):
    plan = make_plan()
    goal = make_goal(make_perspective(plan))
    follow_up = FollowUp.objects.create(plan=plan, year=2019, source_sv="Årsredovisning")
    refuses(
        FollowUp(plan=plan, year=2019, source_sv="Igen"),
        "Planen har redan en uppföljning för det året.",
    )
    GoalRating.objects.create(follow_up=follow_up, goal=goal, rating="satisfactory")
    refuses(
        GoalRating(follow_up=follow_up, goal=goal, rating="unsatisfactory"),
        "Målet är redan bedömt det året.",
    )


def test_a_perspective_cannot_take_a_budgets_address(db):
    words = {"plan": make_plan(), "position": 1, "name_sv": "budget"}
    message = "Adresser som börjar på budget- hör till budgetarna."
    refuses(Perspective(slug="budget-2019", **words), message)
    refuses(Perspective(slug="pengar", slug_en="budget-2019", **words), message)


def test_a_budgets_year_has_four_digits(db):
    plan = make_plan()
    budget = Budget(plan=plan, year=19, unit_sv="miljoner kronor")
    with pytest.raises(IntegrityError), transaction.atomic():
        budget.save()


def test_a_plans_years_cannot_leave_its_budgets_behind(db):
    plan = make_plan(2019, 2021, status="draft")
    make_budget(plan, 2020)
    plan.last_year = 2019
    with pytest.raises(ValidationError, match="budget för år utanför perioden: 2020"):
        plan.full_clean()


def test_plans_do_not_replace_each_other_in_a_ring(db):
    first = make_plan(2019, 2021)
    second = make_plan(2022, 2024, successor=first)
    first.successor = second
    with pytest.raises(ValidationError, match="i en ring"):
        first.full_clean()


def test_a_follow_up_is_of_one_of_the_plans_years_and_goals(db):
    plan = make_plan()
    follow_up = FollowUp(plan=plan, year=2022, source_sv="Årsredovisning")
    with pytest.raises(ValidationError, match="Planen gäller 2019–2021"):
        follow_up.full_clean()
    follow_up.year = 2019
    follow_up.save()
    others = make_goal(make_perspective(make_plan(2022, 2024)))
    rating = GoalRating(follow_up=follow_up, goal=others, rating="satisfactory")
    with pytest.raises(ValidationError, match="en annan plan"):
        rating.full_clean()


# --- Which plan holds ------------------------------------------------------------------------------


def test_the_plan_in_force_is_the_current_one(db):
    old, now, coming = make_plan(2019, 2021), make_plan(2022, 2024), make_plan(2025, 2027)
    plans = published_plans(2023)
    assert plans == [coming, now, old]
    assert current(plans, 2023) == now
    assert [plan.has_ended for plan in plans] == [False, False, True]
    assert [plan.in_force for plan in plans] == [False, True, False]


def test_a_successor_takes_over_from_its_first_year(db):
    new = make_plan(2020, 2022)
    old = make_plan(2019, 2021, successor=new)
    assert current(published_plans(2019), 2019) == old
    assert current(published_plans(2020), 2020) == new
    assert [plan.has_ended for plan in published_plans(2020)] == [False, True]


def test_a_draft_successor_takes_over_nothing(db):
    old = make_plan(2019, 2021, successor=make_plan(2020, 2022, status="draft"))
    plans = published_plans(2020)
    assert plans == [old]
    assert old in plans
    assert plans[0].in_force


@pytest.mark.parametrize(("year", "period"), [(2030, "2022–2024"), (2015, "2019–2021")])
def test_without_a_plan_in_force_the_nearest_is_shown(db, year, period):
    make_plan(2019, 2021), make_plan(2022, 2024)
    assert current(published_plans(year), year).period == period


def test_an_old_plan_says_that_it_no_longer_holds(client, db):
    new = make_plan(2022, 2999, title_sv="Nya planen")
    old = make_plan(2019, 2021, successor=new)
    perspective, budget = make_perspective(old), make_budget(old)
    for thing in (old, perspective, budget):
        html = client.get(thing.get_absolute_url()).content.decode()
        assert "Gäller inte längre." in html
        assert '<a href="/regionplan/2022-2999/">' in html
    assert "Gäller inte längre." not in client.get("/regionplan/2022-2999/").content.decode()


def test_the_overview_shows_the_current_plan_and_lists_all(client, db):
    make_plan(2019, 2021, title_sv="Gamla planen")
    make_plan(2022, 2999, title_sv="Nya planen")
    answer = client.get("/regionplan/")
    html, said = answer.content.decode(), text_of(answer)
    assert '<link rel="canonical" href="http://testserver/regionplan/2022-2999/">' in html
    assert "<h1>Nya planen 2022–2999</h1>" in html
    assert "Nya planen 2022–2999 Gäller nu Gamla planen 2019–2021 Gäller inte längre" in said


def test_a_plans_own_page_leads_to_the_list_of_all_and_grows_no_more(client, db):
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


def test_a_plan_says_who_decided_it_and_when(client, db):
    plan = make_plan(decided_by_sv="regionfullmäktige")
    assert "Beslutad av regionfullmäktige." in text_of(client.get(plan.get_absolute_url()))
    RegionalPlan.objects.update(decided_on="2018-11-26")
    said = text_of(client.get(plan.get_absolute_url()))
    assert "Beslutad av regionfullmäktige 26 november 2018." in said
    RegionalPlan.objects.update(decided_by_sv="")
    assert "Beslutad 26 november 2018." in text_of(client.get(plan.get_absolute_url()))


@pytest.mark.parametrize(
    "address", ["/regionplan/٢٠١٩-2021/", "/regionplan/2019-2021/budget-02019/"]
)
def test_an_address_has_one_spelling(client, content, address):
    assert client.get(address).status_code == 404


def test_perspectives_may_trade_words_between_languages(client, db):
    plan = make_plan()
    make_perspective(plan, 1, slug="tjanst", slug_en="service")
    make_perspective(plan, 2, slug="service", slug_en="support")
    for word, name in (("tjanst", "perspektiv 1"), ("service", "perspektiv 2")):
        answer = client.get(f"/regionplan/2019-2021/{word}/")
        assert answer.status_code == 200
        assert f"Perspektiv {name}" in text_of(answer)
    assert client.get("/en/regional-plan/2019-2021/service/").status_code == 200


def test_without_any_plan_the_pages_still_answer(client, db):
    assert "Ingen regionplan är publicerad." in text_of(client.get("/regionplan/"))
    assert client.get("/").status_code == 200


def test_a_draft_plan_is_nowhere(client, db):
    plan = make_plan(status="draft", title_sv="Hemliga planen")
    goal = make_goal(make_perspective(plan))
    make_focus_area(goal)
    budget = make_budget(plan, lines=[("item", "1.0"), ("result", "1.0")])
    document = PlanDocument.objects.create(
        plan=plan, position=1, title_sv="Bilaga", file=ContentFile(b"x", name="bilaga.pdf")
    )
    pdf = "/regionplan/2019-2021.pdf"
    for language in ("", "/en"):
        for thing in (plan, goal.perspective, budget, document):
            address = thing.get_absolute_url()
            assert client.get(language + address).status_code == 404
        assert client.get(language + pdf).status_code == 404
    for address in ("/", "/regionplan/"):
        assert "Hemliga planen" not in client.get(address).content.decode()
    plan.status = "published"
    plan.save()
    for thing in (plan, goal.perspective, budget, document):
        assert client.get(thing.get_absolute_url()).status_code == 200
    assert client.get(pdf).status_code == 200


# --- A plan's pages --------------------------------------------------------------------------------


def test_parts_come_in_the_order_of_their_positions(client, db):
    plan = make_plan()
    for number in (3, 1, 2):
        make_goal(make_perspective(plan, number), 1, slug=f"mal-{number}")
    said = text_of(client.get(plan.get_absolute_url()))
    places = [said.index(f"Perspektiv perspektiv {number} {number} av 3") for number in (1, 2, 3)]
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


def test_a_perspective_moves_to_its_english_word_for_good(client, db):
    make_perspective(make_plan(), slug="ekonomi", slug_en="finances")
    answer = client.get("/en/regional-plan/2019-2021/ekonomi/")
    expected = (301, "/en/regional-plan/2019-2021/finances/")
    assert (answer.status_code, answer["Location"]) == expected
    assert client.get("/regionplan/2019-2021/finns-inte/").status_code == 404


def test_a_document_is_sent_as_a_download(client, db):
    document = PlanDocument.objects.create(
        plan=make_plan(), position=1, title_sv="Bilaga", file=ContentFile(b"%PDF", name="b.pdf")
    )
    assert "Bilaga (pdf)" in text_of(client.get("/regionplan/2019-2021/"))
    answer = client.get(document.get_absolute_url())
    assert b"".join(answer.streaming_content) == b"%PDF"
    assert answer["Content-Disposition"].startswith("attachment")
    answer.close()


def test_a_lost_file_is_a_missing_page(client, db):
    document = PlanDocument.objects.create(
        plan=make_plan(), position=1, title_sv="Bilaga", file="finns-inte"
    )
    assert "Bilaga</a>" in client.get("/regionplan/2019-2021/").content.decode()
    assert client.get(document.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("sign", ["\uf0b7", "漢", "😀"])
def test_the_pdf_bears_signs_that_its_fonts_lack(client, db, sign):
    make_plan(lead_sv=f"{sign} Vart vi ska.")
    assert client.get("/regionplan/2019-2021.pdf").content.startswith(b"%PDF-")


@pytest.mark.parametrize(("language", "years"), [("", "regionplan"), ("/en", "regional-plan")])
def test_the_plan_is_a_tagged_pdf(client, content, language, years):
    answer = client.get(f"{language}/{years}/2019-2021.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in answer.content or b"/ObjStm" in answer.content
    assert b"pdfuaid:part" in answer.content


def test_the_start_page_shows_goals_and_budget(client, db):
    plan = make_plan(2019, 2999)
    perspective = make_perspective(plan)
    make_goal(perspective, 1), make_goal(perspective, 2)
    make_budget(plan, 2019, [("item", "10.0"), ("item", "-12.5"), ("result", "-2.5")])
    said = text_of(client.get("/"))
    assert "Perspektiv 1 2 inriktningsmål" in said
    assert "Budget 2019 −2,5 miljoner kronor i resultat" in said
    assert "Det kommer in Rad 1 10,0 Det går ut Rad 2 −12,5" in said


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
    said = text_of(client.get("/regionplan/2019-2021/budget-2019/"))
    assert "Årets resultat blev +61,8 miljoner kronor." in said
    assert "Tillfredsställande: 3 Inte helt tillfredsställande: 7 Otillfredsställande: 0" in said
    assert "Mål 1: inte helt tillfredsställande" in said
    assert "Källa: Årsredovisning, beslutad 17 juni 2020." in said


# --- Copies ---------------------------------------------------------------------------------------


def said_below(plan):
    """Return every word and figure below `plan`, in order, in both languages."""
    said = []
    for part in plan.perspectives.all():
        said.append((part.slug, part.slug_en, part.name_sv, part.name_en, part.description_en))
        for goal in part.goals.all():
            said.append((goal.slug, goal.name_sv, goal.name_en, goal.description_sv))
            said += goal.focus_areas.values_list("position", "text_sv", "text_en")
    for budget in plan.budgets.all():
        said.append((budget.unit_sv, budget.introduction_en))
        said += budget.lines.values_list("code", "name_sv", "name_en", "kind", "amount_msek")
    return said


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_copy_for_a_new_period_says_all_that_the_plan_says(content, language):
    plan = RegionalPlan.objects.get()
    budget = plan.budgets.get()
    budget.lines.update(outcome_msek=1)
    RegionalPlan.objects.update(decided_on="2018-11-26", review_on="2020-01-01")
    Budget.objects.update(decided_on="2018-11-26")
    before = said_below(plan)
    assert len(before) == 5 + 11 + 31 + 1 + 10
    plan.refresh_from_db()
    with override(language):
        draft = copy_to_period(plan, 2022, 2024)
    assert said_below(draft) == before == said_below(plan)
    draft.refresh_from_db()
    assert (draft.lead_sv, draft.lead_en) == (plan.lead_sv, plan.lead_en)
    assert (draft.status, draft.published_at, draft.decided_on) == ("draft", None, None)
    copied = draft.budgets.get()
    assert (copied.year, copied.decided_on) == (2022, None)
    assert set(copied.lines.values_list("outcome_msek", flat=True)) == {None}
    assert set(budget.lines.values_list("outcome_msek", flat=True)) == {1}


def test_what_lacks_english_still_lacks_it_in_the_copy(db):
    plan = make_plan()
    make_goal(make_perspective(plan))
    with override("en"):
        draft = copy_to_period(plan, 2022, 2024)
    assert not draft.perspectives.get().name_en


def test_a_budget_outside_a_shorter_period_is_left_out(db):
    plan = make_plan(2019, 2021)
    make_budget(plan, 2019)
    make_budget(plan, 2021)
    draft = copy_to_period(plan, 2022, 2023)
    assert list(draft.budgets.values_list("year", flat=True)) == [2022]


# --- Charts ----------------------------------------------------------------------------------------


def bars_of(*lines):
    """Return the waterfall of unsaved lines, each a pair of kind and amount."""
    return charts.waterfall(
        [BudgetLine(kind=kind, amount_msek=Decimal(amount)) for kind, amount in lines]
    )


def spans(bars):
    return [(float(bar.start), float(bar.end)) for bar in bars]


def test_a_waterfall_leads_from_line_to_line():
    bars = bars_of(("item", "10.0"), ("item", "-4.0"), ("subtotal", "6.0"), ("result", "6.0"))
    assert spans(bars) == [(0, 10), (10, 6), (0, 6), (0, 6)]
    assert [bar.look for bar in bars] == ["gain", "loss", "sum", "gain"]


def test_a_subtotal_spans_what_it_sums():
    bars = bars_of(
        ("item", "-10.0"),
        ("subtotal", "-10.0"),
        ("item", "8.0"),
        ("item", "3.0"),
        ("subtotal", "11.0"),
        ("item", "1.0"),
        ("subtotal", "2.0"),
        ("result", "2.0"),
    )
    assert spans(bars)[4] == (-10, 1)
    assert spans(bars)[6] == (0, 2)
    assert all(bar.adds_up for bar in bars)
    assert not any(bar.is_rounded for bar in bars)


def test_rounded_sums_add_up_and_wrong_ones_do_not():
    rounded = bars_of(
        ("item", "4111.8"), ("item", "1412.7"), ("item", "-19.4"), ("result", "5505.0")
    )
    assert rounded[-1].adds_up
    assert rounded[-1].is_rounded
    wrong = bars_of(("item", "10.0"), ("item", "1.0"), ("result", "12.0"))
    assert not wrong[-1].adds_up
    assert spans(wrong)[-1] == (0, 12)


def test_the_rounding_note_is_there_only_where_sums_are_rounded(client, db):
    plan = make_plan()
    make_budget(plan, 2019, [("item", "1.0"), ("item", "2.0"), ("result", "3.0")])
    make_budget(plan, 2020, [("item", "1.0"), ("item", "2.0"), ("result", "3.1")])
    note = "Beloppen är avrundade vart och ett för sig."
    assert note not in text_of(client.get("/regionplan/2019-2021/budget-2019/"))
    assert note in text_of(client.get("/regionplan/2019-2021/budget-2020/"))


def test_an_outcome_is_shown_beside_its_amount_and_a_missing_one_said(client, db):
    budget = make_budget(make_plan(), 2019, [("item", "1.0"), ("result", "1.0")])
    address = "/regionplan/2019-2021/budget-2019/"
    assert "Utfall" not in text_of(client.get(address))
    budget.lines.filter(kind="item").update(outcome_msek=Decimal("0.0"))
    said = text_of(client.get(address))
    assert "Resultatbudget Miljoner kronor Utfall Rad 1 1,0 0,0 Rad 2 1,0 saknas" in said


def test_a_chart_of_nothing_is_nothing(client, db):
    assert charts.drawn([]) == []
    assert charts.in_and_out([]) == [[], []]
    make_budget(make_plan(), 2019)
    assert "<svg" not in client.get("/regionplan/2019-2021/budget-2019/").content.decode()


def test_a_chart_of_noughts_can_be_drawn():
    assert [bar["x"] for bar in charts.drawn(bars_of(("item", "0.0"), ("result", "0.0")))] == [
        "0%",
        "0%",
    ]
    line = BudgetLine(kind="item", amount_msek=Decimal("0.0"))
    assert charts.in_and_out([line]) == [[], []]


def test_chart_lengths_have_a_decimal_point_in_every_language(client, content):
    html = client.get("/regionplan/2019-2021/budget-2019/").content.decode()
    lengths = re.findall(r' (?:x|x1|x2|width)="([^"]*)"', html[html.index("<svg width") :])
    assert len(lengths) > 40
    assert [length for length in lengths if not re.fullmatch(r"\d+(\.\d+)?%?", length)] == []
    assert any("." in length for length in lengths)


def test_another_regions_plan_is_a_matter_of_data(client, content):
    fixture = Path(__file__).with_name("another_region.json")
    for _time in ("first", "again"):
        call_command("loaddata", fixture, verbosity=0)
    said = text_of(client.get("/regionplan/2023-2026/"))
    assert "Perspektiv natur och klimat 2 av 4" in said
    assert "Inriktningsmål: Mer natur och klimat" in said
    budget = Budget.objects.get(year=2023)
    assert all(bar.adds_up for bar in charts.waterfall(budget.lines.all()))
    said = text_of(client.get("/en/regional-plan/2023-2026/budget-2023/"))
    assert "Expenses −70,000.5 Net expenses −58,000.5" in said
    assert "Net financial items 500.2 Result for the year 299.7" in said
    assert "Perspektiv" not in said
    # Neither plan holds in any other's place.
    assert "Invånare och samhälle" in text_of(client.get("/regionplan/2019-2021/"))
