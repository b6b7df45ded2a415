"""Findings: faults that staff must or should correct before publishing."""

import datetime as dt

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pages.models import CoreValue, DailyStat, Page, RegionProfile
from pages.publishing.findings import findings, readability_of
from pages.publishing.readability import level, lix, sentences
from pages.publishing.versions import working_copy
from planning.models import Decision, FollowUp, PlanDocument, RegionalPlan
from tests.factories import (
    make_budget,
    make_focus_area,
    make_goal,
    make_page,
    make_perspective,
    make_plan,
    make_profile,
    make_table,
)

STOPS, ADVICE = True, False
REVIEWED = {"review_on": dt.date(2999, 1, 1), "responsible_en": "Testland Region"}
IN_ENGLISH = {"title_en": "Text", "lead_en": "In short."}


def triples_of(publishable):
    """Return the findings in `publishable` as triples: whether it stops, the text, the field."""
    return [(finding.stops, finding.text, finding.field) for finding in findings(publishable)]


def page_with(slug="text", **bodies):
    """Make a page whose only findings can be in `bodies`."""
    return make_page(slug, **REVIEWED | {"title_en": "Text", "menu_position": 1} | bodies)


def plan_with(**fields):
    """Make a plan whose only finding is that it is empty."""
    return make_plan(**REVIEWED | IN_ENGLISH | fields)


# --- Whole publishables ----------------------------------------------------------------------------


def test_the_sites_own_content_lacks_only_a_review_date(content):
    no_day = (
        ADVICE,
        "Ingen dag är satt då någon ska läsa igenom innehållet igen. Ange ”Granskas senast”.",
        "review_on",
    )
    for model in (RegionProfile, Page, RegionalPlan):
        for publishable in model.objects.all():
            assert triples_of(publishable) == [no_day]


def test_errors_come_first_and_link_to_their_fields(db):
    page = page_with(title_sv=" ", responsible_sv="")
    title, responsible = (
        f"/admin/pages/page/{page.pk}/change/?del=om#id_{name}"
        for name in ("title_sv", "responsible_sv")
    )
    page.review_on = None
    stops = {finding.address: finding.stops for finding in findings(page)}
    assert stops == {
        responsible: STOPS,
        title: STOPS,
        f"/admin/pages/page/{page.pk}/change/?del=om#id_review_on": ADVICE,
    }
    assert [finding.stops for finding in findings(page)] == [STOPS, STOPS, ADVICE]


def grow(plan, numbers):
    """Add a part of each kind to `plan` for each number in `numbers`."""
    for number in numbers:
        perspective = make_perspective(plan, number, name_en="x")
        goal = make_goal(perspective, number, name_en="x")
        make_focus_area(goal, number, text_en="x")
        year = 2018 + number
        lines = [("item", "1.0"), ("result", "1.0")]
        make_english_budget(plan, year, lines)
        FollowUp.objects.create(plan=plan, year=year, source_sv="Källa", source_en="Source")
        file = ContentFile(b"%PDF", name="b.pdf")
        PlanDocument.objects.create(
            plan=plan, position=number, title_sv="Bilaga", title_en="Annex", file=file
        )


def make_english_budget(plan, year, lines):
    """Make a budget whose table has English texts."""
    budget = make_budget(plan, year, lines)
    for table in budget.tables.all():
        table.title_en = "Table"
        table.save()
        table.lines.update(name_en="x")
    return budget


def test_checking_a_plan_takes_a_fixed_number_of_queries(db):
    plan = plan_with()
    for numbers in ([1], [2, 3]):
        grow(plan, numbers)
        with CaptureQueriesContext(connection) as queries:
            assert triples_of(RegionalPlan.objects.get()) == []
        # The plan, the version before it, the plan as it is now, perspectives, goals, focus areas,
        # indicators, budgets, tables, columns, lines, documents, decisions, follow-ups, ratings; whether
        # it is a proposal; the other plans in force.
        assert len(queries) == 17


def test_a_profile_is_checked_with_its_parts(db):
    profile = make_profile(
        **REVIEWED,
        **{f"{name}_en": "x" for name in ("name", "lead", "mission", "responsibilities", "vision")},
    )
    stat = DailyStat.objects.create(profile=profile, position=1, value=4, sentence_sv="barn föds")
    value = CoreValue.objects.create(profile=profile, position=1, slug="mod", name_en="Courage")
    triples = [(finding.stops, finding.obj, finding.field) for finding in findings(profile)]
    assert triples == [
        (STOPS, value, "name_sv"),
        (STOPS, value, "body_sv"),
        (ADVICE, stat, "sentence_en"),
    ]


# --- Two languages ---------------------------------------------------------------------------------


def test_missing_english_is_one_advice_per_object(db):
    page = page_with(title_en="", lead_sv="Kort sagt.")
    text = "Saknar engelska: rubrik, ingress. Översätt, annars visas den svenska texten."
    assert triples_of(page) == [(ADVICE, text, "title_en")]


def test_text_in_english_only_is_reported(db):
    text = "Fältet ”Ingress, svenska” är tomt, men det engelska är ifyllt. Skriv texten på svenska."
    assert triples_of(page_with(lead_en="In short.")) == [(ADVICE, text, "lead_sv")]


@pytest.mark.parametrize(
    ("sv", "en", "text"),
    [
        ("Ny", "Old", "Den engelska texten är äldre än den svenska: ingress. Se över den."),
        ("Ny", "New", None),
        ("Gammal", "Old", None),
    ],
)
def test_outdated_english_is_reported(db, sv, en, text):
    page = working_copy(page_with(lead_sv="Gammal", lead_en="Old"))
    page.lead_sv, page.lead_en = sv, en
    page.save()
    assert triples_of(page) == ([(ADVICE, text, "lead_en")] if text else [])


def test_a_first_version_has_no_outdated_english(db):
    assert triples_of(page_with(lead_sv="Ny", lead_en="Old")) == []


# --- Texts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "<h4>Tider</h4>",
            "Underrubriken ”Tider” står inte under någon rubrik. Gör den till rubrik.",
        ),
        (
            '<p><a href="https://example.org/">Här.</a></p>',
            "Länken ”Här.” säger inte vart den leder. Skriv till exempel sidans rubrik.",
        ),
        (
            '<p><a href="https://example.org/"><strong>läs mer</strong></a></p>',
            "Länken ”läs mer” säger inte vart den leder. Skriv till exempel sidans rubrik.",
        ),
        (
            '<p><a href="https://example.org/">https://example.org/</a></p>',
            "Länken ”https://example.org/” är en adress. Skriv vad den leder till.",
        ),
        (
            '<p><a href="/borta/">Tider</a></p>',
            "Länken ”Tider” leder till /borta/, där besökare inte hittar något.",
        ),
        ("<h3>Tider</h3><h4>Buss</h4><h3>Taxa</h3><h4>Vuxen</h4>", None),
        ('<p><a href="https://example.org/">Tider</a> <a href="tel:112">112</a></p>', None),
    ],
)
def test_rich_text_is_checked(db, html, text):
    assert triples_of(page_with(body_sv=html, body_en="<p>x</p>")) == (
        [(ADVICE, text, "body_sv")] if text else []
    )
    assert triples_of(page_with("annan", body_sv="<p>x</p>", body_en=html)) == (
        [(ADVICE, text, "body_en")] if text else []
    )


def test_long_sentences_are_reported(db):
    page = page_with(
        body_sv=f"<p>Ett {'ord ' * 29}till.</p><p>{'ord ' * 30}</p>", body_en="<p>x</p>"
    )
    text = "En mening har 31 ord: ”Ett ord ord ord ord …”. Dela den, om det går."
    assert triples_of(page) == [(ADVICE, text, "body_sv")]


def test_the_readability_is_of_all_the_swedish_text(db):
    plan = plan_with(lead_sv="Vi ser till att du får vård.")
    goal = make_goal(make_perspective(plan), description_sv="Vård i tid.")
    make_focus_area(goal, text_sv="Förbättra tillgängligheten.")
    # Twelve words in three sentences, and two of them long.
    assert readability_of(plan) == (21, "mycket lättläst")


# --- Readability -----------------------------------------------------------------------------------


def test_sentences_end_where_a_reader_stops():
    text = "Ring t.ex. Karlskrona kl. 13.00 – eller skriv! Vad kostar det? ”Ingenting.” Vi har\nen sak: vård"
    assert [" ".join(words) for words in sentences(text)] == [
        "Ring t.ex. Karlskrona kl. 13.00 eller skriv!",
        "Vad kostar det?",
        "”Ingenting.”",
        "Vi har",
        "en sak:",
        "vård",
    ]


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("", 0),
        ("–", 0),
        ("Katten sov.", 2),
        ("Barnens katter sov gott. De vaknade.", 36),  # 6 / 2 + 100 · 2 / 6
        ("Regionfullmäktige beslutar.", 102),
    ],
)
def test_lix_counts_words_and_long_words(text, index):
    assert lix(text) == index


def test_lix_has_a_verbal_scale():
    assert [level(index) for index in (0, 24, 25, 40, 50, 59, 60, 102)] == [
        *("mycket lättläst", "mycket lättläst", "lättläst", "medelsvår"),
        *("svår", "svår", "mycket svår", "mycket svår"),
    ]


# --- Plans -----------------------------------------------------------------------------------------


def test_empty_parts_of_a_plan_are_reported(db):
    plan = plan_with()
    assert triples_of(plan) == [(ADVICE, "Planen har inga mål. Lägg till dem.", None)]
    perspective = make_perspective(plan, 1, name_en="x")
    make_goal(make_perspective(plan, 2, name_en="x"), name_en="x")
    budget = make_budget(plan)
    table = make_table(make_budget(plan, 2020), title_en="Table")
    triples = [(f.stops, f.text, f.obj) for f in findings(RegionalPlan.objects.get())]
    text = "Här finns inga inriktningsmål. Lägg till dem, eller ta bort ”perspektiv 1”."
    assert triples == [
        (ADVICE, text, perspective),
        (ADVICE, "Budgeten är tom. Lägg till tabeller, eller ta bort den.", budget),
        (ADVICE, "Tabellen har inga rader. Lägg till dem.", table),
    ]


def test_a_plan_is_checked_in_its_own_words(db):
    words = {"goal_label_sv": "Effektmål", "goal_label_en": "Outcome goal"}
    plan = plan_with(**words)
    perspective = make_perspective(plan, name_en="x")
    assert [(f.text, f.obj, f.field) for f in findings(plan)] == [
        (
            "Planen säger ”Effektmål” om en, men inte vad flera heter. Fyll i det.",
            plan,
            "goal_label_plural_sv",
        ),
        (
            "Planen säger ”Outcome goal” om en, men inte vad flera heter. Fyll i det.",
            plan,
            "goal_label_plural_en",
        ),
        (
            "Här finns inga effektmål. Lägg till dem, eller ta bort ”perspektiv 1”.",
            perspective,
            None,
        ),
    ]


def test_one_of_several_plans_in_force_must_lead(db):
    plan = plan_with()
    make_goal(None, plan=plan, name_en="x")
    other = make_plan(2021, 2024, title_sv="Budget")
    make_plan(2022, 2024)
    text = "Samtidigt gäller Budget 2021–2024. Ange vilken plan som leder och visas på startsidan."
    assert triples_of(plan) == [(ADVICE, text, "is_leading")]
    for proposal in (plan, other):
        decision = Decision.objects.create(plan=proposal, position=1, kind="proposed")
        assert triples_of(plan) == []
        decision.delete()
    other.is_leading = True
    other.save()
    assert triples_of(plan) == []


@pytest.mark.parametrize(
    ("lines", "text", "field"),
    [
        ([("item", "10.0"), ("item", "-2.5"), ("result", "7.5")], None, None),
        ([("item", "10.0"), ("item", "-2.5"), ("result", "7.6")], None, None),
        (
            [("item", "10.0"), ("item", "-2.5"), ("result", "7.8")],
            "”Rad 3” stämmer inte med sina poster, även om de är avrundade."
            " Jämför beloppen med beslutet.",
            None,
        ),
        ([("item", "10.0")], None, None),
    ],
)
def test_a_tables_sums_are_checked(db, lines, text, field):
    plan = plan_with()
    make_goal(make_perspective(plan, name_en="x"), name_en="x")
    make_english_budget(plan, 2019, lines)
    assert triples_of(plan) == ([(ADVICE, text, field)] if text else [])


def test_a_line_without_amounts_stops_publishing(db):
    plan = plan_with()
    make_goal(make_perspective(plan, name_en="x"), name_en="x")
    budget = make_english_budget(plan, 2019, [("item", "1.0"), ("result", "1.0")])
    budget.tables.get().lines.filter(kind="item").update(amounts={})
    assert (STOPS, "Belopp saknas. Fyll i minst ett.", None) in triples_of(plan)


def test_a_lost_file_stops_publishing(db):
    plan = plan_with()
    document = PlanDocument.objects.create(
        plan=plan, position=1, title_sv="Bilaga", title_en="Annex", file="finns-inte"
    )
    first = findings(plan)[0]
    assert (first.stops, first.text) == (STOPS, "Filen saknas. Ladda upp den igen.")
    assert first.address == f"/admin/planning/plandocument/{document.pk}/change/#id_file"


# --- Responsibility and review ---------------------------------------------------------------------


def test_a_missing_responsible_party_stops_publishing(db):
    plan = page_with(responsible_sv="", responsible_en="")
    text = "Fältet ”Ansvarig, svenska” är tomt. Fyll i det."
    assert triples_of(plan) == [(STOPS, text, "responsible_sv")]


def test_an_overdue_review_is_reported(db):
    page = page_with(review_on=dt.date(2021, 4, 7))
    text = "Innehållet skulle ha granskats senast 7 april 2021. Läs igenom det och ange en ny dag."
    assert triples_of(page) == [(ADVICE, text, "review_on")]
    page.review_on = timezone.localdate()
    assert triples_of(page) == []
