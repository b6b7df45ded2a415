"""Sheets of goals, with perspectives, descriptions and focus areas."""

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pages.exchange.sheets import read_file
from pages.exchange.spreadsheets import as_csv, as_workbook
from pages.publishing.versions import as_data, working_copy
from planning.importing.exports import export_goals
from planning.importing.goals import GoalReview
from planning.importing.saving import save_goals
from planning.models import FocusArea, Goal, Perspective, RegionalPlan
from tests.factories import make_focus_area, make_goal, make_perspective, make_plan
from tests.planning.table_files import csv_of, problems_of, workbook_of

pytestmark = pytest.mark.database_in_ci


def review_of(content, plan, **choices):
    plan = RegionalPlan.objects.get(pk=plan.pk)
    return GoalReview(read_file(ContentFile(content)), plan, choices)


def import_file(content, plan, **choices):
    review = review_of(content, plan, **choices)
    assert review.can_be_saved, problems_of(review)
    save_goals(review)
    return review


def goals_of(plan):
    """Return `[(perspective, goal, [text of a focus area, …]), …]`."""
    return [
        (
            goal.perspective.name_sv if goal.perspective else None,
            goal.name_sv,
            list(goal.focus_areas.values_list("text_sv", flat=True)),
        )
        for goal in plan.goals.select_related("perspective")
    ]


@pytest.fixture
def plan(db):
    return make_plan(status="draft")


@pytest.fixture
def filled(plan):
    first, second = make_perspective(plan, 1), make_perspective(plan, 2)
    make_focus_area(make_goal(first, 1, name_sv="God hälsa"), 1, text_sv="Träna.", text_en="Train.")
    make_goal(first, 2, name_sv="Trygghet", slug="trygghet")
    make_goal(second, 1, name_sv="Tillväxt", slug="tillvaxt")
    return plan


def test_an_empty_cell_means_the_same_as_above(plan):
    file = csv_of(
        "Vår plan;;",
        "Perspektiv;Inriktningsmål;Insatsområde",
        "medborgare;God hälsa;Träna.",
        ";;Vila.",
        ";Trygghet;Lås dörren.",
        "ekonomi;Balans;",
    )
    review = import_file(file, plan)
    assert review.way == "whole"
    assert goals_of(plan) == [
        ("medborgare", "God hälsa", ["Träna.", "Vila."]),
        ("medborgare", "Trygghet", ["Lås dörren."]),
        ("ekonomi", "Balans", []),
    ]
    assert review.advice == ["Rad 1 hoppas över: där finns inga mål."]


def test_merged_cells_hold_for_all_their_rows(plan):
    def merge(book):
        book.active.merge_cells("A2:A3")

    rows = [["Mål", "Insatsområde"], ["God hälsa", "Träna."], [None, "Vila."]]
    import_file(workbook_of(*rows, prepare=merge), plan)
    assert goals_of(plan) == [(None, "God hälsa", ["Träna.", "Vila."])]


def test_a_plan_without_perspectives_has_no_column_for_them(plan):
    file = csv_of("Övergripande mål", "Kollektivtrafiken är attraktiv", "Kompetensen är långsiktig")
    import_file(file, plan)
    assert [goal[:2] for goal in goals_of(plan)] == [
        (None, "Kollektivtrafiken är attraktiv"), (None, "Kompetensen är långsiktig"),
    ]  # fmt: skip
    assert export_goals(plan).headers[0] == "Mål"


def test_the_plans_own_words_are_recognised(plan):
    RegionalPlan.objects.update(perspective_label_sv="inriktning", goal_label_sv="effekt")
    import_file(csv_of("Inriktning;Effekt", "hälsa;Fler mår bra"), plan)
    assert goals_of(plan) == [("hälsa", "Fler mår bra", [])]


@pytest.mark.parametrize("write", [as_csv, as_workbook])
def test_an_export_is_imported_unchanged(content, write):
    plan = working_copy(RegionalPlan.objects.get())
    review = review_of(write(export_goals(plan)), plan, way="whole")
    assert review.summary == "0 nya, 0 ändrade, 0 borttagna, 31 oförändrade"
    assert not review.changes_something
    assert problems_of(review) == []


@pytest.mark.parametrize("write", [as_csv, as_workbook])
def test_an_export_fills_an_empty_plan(content, write):
    plan = working_copy(RegionalPlan.objects.get())
    before = as_data(plan)["parts"]
    exported = write(export_goals(plan))
    plan.perspectives.all().delete()
    import_file(exported, plan)
    after = as_data(plan)["parts"]
    for name in ("perspectives", "goals"):
        assert [texts_of(part) for part in after[name]] == [texts_of(part) for part in before[name]]


def texts_of(part):
    """Return the texts of `part`, the data of an object, and of its parts."""
    texts = {
        name: value or "" for name, value in part["fields"].items() if name.endswith(("_sv", "_en"))
    }
    return texts, [[texts_of(below) for below in parts] for parts in part["parts"].values()]


def test_only_the_rows_of_the_file_change(filled):
    file = csv_of(
        "Perspektiv;Mål;Insatsområde", "perspektiv 1;God hälsa;Vila.", "perspektiv 2;Balans;"
    )
    review = import_file(file, filled)
    assert review.way == "only"
    assert goals_of(filled) == [
        ("perspektiv 1", "God hälsa", ["Träna.", "Vila."]),
        ("perspektiv 1", "Trygghet", []),
        ("perspektiv 2", "Tillväxt", []),
        ("perspektiv 2", "Balans", []),
    ]


def test_a_whole_file_removes_reorders_and_moves(filled):
    file = csv_of(
        "Perspektiv;Mål;Insatsområde", "perspektiv 2;Trygghet;", "perspektiv 1;God hälsa;Träna.;"
    )
    review = review_of(file, filled, way="whole")
    assert [(row.name, row.event) for row in review.rows] == [
        ("Trygghet", "Ändras"), ("Träna.", "Oförändrad"), ("Tillväxt", "Tas bort"),
    ]  # fmt: skip
    assert review.rows[0].changes == [("Perspektiv", "perspektiv 1", "perspektiv 2")]
    import_file(file, filled, way="whole")
    assert goals_of(filled) == [
        ("perspektiv 2", "Trygghet", []), ("perspektiv 1", "God hälsa", ["Träna."]),
    ]  # fmt: skip
    assert FocusArea.objects.get().text_en == "Train."


def test_a_similar_goal_is_asked_about(filled):
    file = csv_of("Perspektiv;Mål", "perspektiv 1;Godare hälsa")
    assert problems_of(review_of(file, filled)) == [
        "”Godare hälsa” liknar ”God hälsa”, som redan finns."
    ]
    import_file(file, filled, **{"same-goal-2": "same"})
    assert Goal.objects.get(slug="mal-1").name_sv == "Godare hälsa"


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (["Perspektiv;Mål;Insatsområde", "a;;Träna."], "Rad 2, Mål: Målet saknas."),
        (["Mål;Insatsområde på engelska", "God hälsa;Train."], "Rad 2, Insatsområde: Texten saknas."),
        (["Mål", "x" * 301], "Rad 2, Mål: Texten har fler än 300 tecken."),
        (
            ["Mål;Beskrivning;Insatsområde", "A;Ett.;x", ";Två.;y"],
            "Rad 3, Beskrivning av mål: En rad ovanför har en annan text.",
        ),
        (["Mål;Insatsområde"], "Filen har inga mål under rubrikraden."),
        (
            ["Text;Mer text", "A;B"],
            "Ingen rubrikrad hittades bland de första tjugo raderna. Välj vilken rad som har rubrikerna.",
        ),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_imported_is_explained(plan, rows, problem):
    assert problems_of(review_of(csv_of(*rows), plan)) == [problem]


def test_a_new_goal_needs_a_perspective_in_a_plan_that_has_them(filled):
    file = csv_of("Mål;Insatsområde", "God hälsa;Vila.", "Balans;")
    assert problems_of(review_of(file, filled)) == [
        "Rad 3, Perspektiv: Filen säger inte vilket perspektiv målet hör till. Lägg till en kolumn för det."
    ]


def test_addresses_are_unique_and_not_those_of_budgets(plan):
    file = csv_of("Perspektiv;Mål", "Budget 2019;A", "Budget-2019;A", "hälsa;B")
    import_file(file, plan)
    slugs = list(Perspective.objects.values_list("slug", flat=True))
    assert slugs == ["2019", "2019-2", "halsa"]


def test_queries_do_not_depend_on_the_rows(plan):
    counts = []
    for rows in (2, 200):
        lines = [f"p {number % 7};Mål {number:04};Gör {number:04}." for number in range(rows)]
        with CaptureQueriesContext(connection) as queries:
            import_file(csv_of("Perspektiv;Mål;Insatsområde", *lines), plan, way="whole")
        counts.append(len(queries))
        assert Goal.objects.count() == rows
        plan.perspectives.all().delete()
    assert counts[0] == counts[1]
