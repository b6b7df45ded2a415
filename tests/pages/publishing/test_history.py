"""The history of a plan, a page or the profile: recording, comparing and restoring versions."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pages.models import CoreValue, Page, Revision
from pages.publishing.history import differences, marked_words, restore, save_revision
from pages.publishing.versions import as_data, working_copy
from planning.models import Budget, Goal, RegionalPlan
from tests.factories import (
    make_budget,
    make_focus_area,
    make_goal,
    make_page,
    make_perspective,
    make_plan,
    make_profile,
)
from tests.site import text_of
from tests.staff_forms import change, publish

pytestmark = pytest.mark.database


@pytest.fixture
def plan(db):
    english = {"title_en": "Plan", "lead_en": "Where.", "responsible_en": "The region"}
    return make_plan(status="draft", **english)


def events(publishable):
    return list(Revision.objects.of(publishable).values_list("event", flat=True))


def differences_between(before, after):
    """Return the differences between two serialized objects as triples: part, change, fields with HTML."""
    return [
        (
            f"{difference['model']} {difference['name']}",
            difference["change"],
            [(name, html) for name, html in difference["fields"]],
        )
        for difference in differences(before, after)
    ]


# --- Recording -------------------------------------------------------------------------------------


def test_each_change_is_recorded_with_its_user_and_time(admin_client, admin_user, plan):
    goal = make_goal(make_perspective(plan))
    area = make_focus_area(goal)
    change(admin_client, goal)  # as it was
    change(admin_client, goal, name_sv="Nytt namn")
    admin_client.post("/admin/planning/focusarea/add/", {"goal": goal.pk, "text_sv": "Ny insats."})
    admin_client.post(f"/admin/planning/focusarea/{area.pk}/delete/", {"post": "yes"})
    publish(admin_client, plan)
    admin_client.post(f"/admin/planning/regionalplan/{plan.pk}/dra-tillbaka/")
    assert events(plan) == [
        "Drog tillbaka",
        "Publicerade",
        "Tog bort insatsområde ”Insats 1.”",
        "Lade till insatsområde ”Ny insats.”",
        "Ändrade mål ”Nytt namn”",
        "Innan det ändrades",
    ]
    assert {revision.made_by for revision in Revision.objects.of(plan)[:5]} == {admin_user}


def test_all_versions_of_a_plan_have_one_history(admin_client, plan):
    publish(admin_client, plan)
    admin_client.post(f"/admin/planning/regionalplan/{plan.pk}/arbetskopia/")
    copy = plan.versions().first()
    change(admin_client, copy, title_sv="Ny rubrik")
    assert (
        events(plan)
        == events(copy)
        == [
            "Ändrade regionplan ”Ny rubrik 2019–2021”",
            "Gjorde en arbetskopia",
            "Publicerade",
        ]
    )
    assert events(make_plan(2022, 2024)) == []


def test_publishing_is_in_the_log_that_managers_read(admin_client, plan):
    publish(admin_client, plan, publish_at="2999-01-01 08.00")
    publish(admin_client, plan)
    admin_client.post(f"/admin/planning/regionalplan/{plan.pk}/dra-tillbaka/")
    text = text_of(admin_client.get("/admin/admin/logentry/"))
    for event in ("Planerade publicering 2999-01-01 08.00", "Publicerade", "Drog tillbaka"):
        assert event in text
    assert LogEntry.objects.count() == 3


def test_the_history_lists_users_and_events(admin_client, plan):
    change(admin_client, plan, title_sv="Ny")
    User.objects.update(first_name="Astrid", last_name="Ek")
    text = text_of(admin_client.get(f"/admin/planning/regionalplan/{plan.pk}/history/"))
    assert "Astrid Ek" in text
    assert "Ändrade regionplan ”Ny 2019–2021”" in text


def test_an_empty_history_says_so(admin_client, plan):
    text = text_of(admin_client.get(f"/admin/planning/regionalplan/{plan.pk}/history/"))
    assert "Inget är sparat i historiken än." in text


# --- Comparing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "html"),
    [
        ("", "Ny", "<ins>Ny</ins>"),
        ("Gammal", "", "<del>Gammal</del>"),
        ("En god vård", "En nära vård", "En <del>god</del><ins>nära</ins> vård"),
        ("a < b", "a < c", "a &lt; <del>b</del><ins>c</ins>"),
        ("Ett.\nTvå.\nTre.", "Ett.\nFem.\nTre.", "Ett.\n<del>Två</del><ins>Fem</ins>.\nTre."),
        ("Ett.\nTvå.", "Ett.", "Ett.<del>\nTvå.</del>"),
    ],
)
def test_words_are_marked(before, after, html):
    assert marked_words(before, after) == html


def test_differences_are_listed_by_field_with_all_parts(plan):
    goal = make_goal(make_perspective(plan))
    first, _second = make_focus_area(goal, 1), make_focus_area(goal, 2)
    budget = make_budget(plan, lines=[("item", "1.0")])
    before = as_data(plan)
    Budget.objects.update(decided_on="2018-11-26")
    Goal.objects.update(name_sv="Nytt mål")
    first.delete()
    make_focus_area(goal, 3)
    budget.tables.get().lines.update(amounts={"budget-2019": "-6198.0"})
    assert differences_between(before, as_data(plan)) == [
        (
            "mål Nytt mål",
            "ändrad",
            [("namn, svenska", "<del>Mål</del><ins>Nytt</ins> <del>1</del><ins>mål</ins>")],
        ),
        (
            "insatsområde Insats 3.",
            "tillagd",
            [("text, svenska", "<ins>Insats 3.</ins>")],
        ),
        (
            "insatsområde Insats 1.",
            "borttagen",
            [("text, svenska", "<del>Insats 1.</del>")],
        ),
        ("budget 2019", "ändrad", [("beslutad den", "<ins>26 november 2018</ins>")]),
        (
            "budgetrad Rad 1",
            "ändrad",
            [("belopp, Budget 2019", "<del>1,0</del><ins>−6\N{NO-BREAK SPACE}198,0</ins>")],
        ),
    ]


def test_a_part_that_only_moved_is_listed_as_moved(plan):
    goal = make_goal(make_perspective(plan))
    first, second = make_focus_area(goal, 1), make_focus_area(goal, 2)
    before = as_data(plan)
    for area, position in ((first, 2), (second, 1)):
        area.position = position
        area.save()
    assert differences_between(before, as_data(plan)) == [
        ("insatsområde Insats 2.", "ändrad", [("ordning", "<del>2</del><ins>1</ins>")]),
        ("insatsområde Insats 1.", "ändrad", [("ordning", "<del>1</del><ins>2</ins>")]),
    ]


def test_rich_text_is_compared_as_text(db):
    page = make_page("kontakt", body_sv="<p>Ring <strong>oss</strong>.</p><p>Skriv.</p>")
    before = as_data(page)
    Page.objects.update(body_sv="<p>Ring oss.</p><p>Kom.</p>")
    assert differences_between(before, as_data(page)) == [
        (
            "sida Kontakt",
            "ändrad",
            [("text, svenska", "Ring oss.\n<del>Skriv</del><ins>Kom</ins>.")],
        )
    ]


def test_a_version_compares_with_its_working_copy(content):
    plan = RegionalPlan.objects.get()
    assert differences(as_data(plan), as_data(working_copy(plan))) == []


def test_any_two_revisions_are_compared_the_older_first(admin_client, plan):
    for title in ("Ett", "Två", "Tre"):
        change(admin_client, plan, title_sv=title)
    third, _second, first, _before = Revision.objects.of(plan)
    address = f"/admin/planning/regionalplan/{plan.pk}/history/"
    for pair in ({"fran": first.pk, "till": third.pk}, {"fran": third.pk, "till": first.pk}):
        page = admin_client.get(address, pair)
        assert "<del>Ett</del><ins>Tre</ins>" in page.content.decode()
    assert admin_client.get(address, {"fran": "x", "till": third.pk}).status_code == 404
    assert admin_client.get(address, {"till": "x"}).status_code == 404
    other = make_page("kontakt")
    save_revision(other, None, "Ändrade")
    theirs = Revision.objects.of(other).get()
    assert admin_client.get(address, {"fran": first.pk, "till": theirs.pk}).status_code == 404
    assert admin_client.get(address, {"fran": theirs.pk, "till": first.pk}).status_code == 404


def test_the_former_address_of_a_comparison_leads_to_the_history(admin_client, plan):
    change(admin_client, plan, title_sv="Ett")
    last, first = Revision.objects.of(plan)
    query = f"?fran={first.pk}&till={last.pk}"
    response = admin_client.get(f"/admin/planning/regionalplan/{plan.pk}/jamfor/{query}")
    assert response["Location"] == f"/admin/planning/regionalplan/{plan.pk}/history/{query}"
    assert admin_client.get(response["Location"]).status_code == 200
    wrong = f"/admin/planning/regionalplan/{plan.pk}/jamfor/?fran=x&till={last.pk}"
    assert admin_client.get(wrong).status_code == 404


def test_a_change_is_compared_with_the_one_before(admin_client, plan):
    for title in ("Ett", "Två"):
        change(admin_client, plan, title_sv=title)
    address = f"/admin/planning/regionalplan/{plan.pk}/history/"
    assert "<del>Ett</del><ins>Två</ins>" in admin_client.get(address).content.decode()
    _second, first, before = Revision.objects.of(plan)
    page = admin_client.get(address, {"till": first.pk}).content.decode()
    assert "<del>Regionplan</del><ins>Ett</ins>" in page
    assert "Inget skiljer dem åt." in text_of(admin_client.get(address, {"till": before.pk}))


def test_a_working_copy_is_compared_with_what_is_published(admin_client, plan):
    publish(admin_client, plan)
    admin_client.post(f"/admin/planning/regionalplan/{plan.pk}/arbetskopia/")
    copy = plan.versions().first()
    for title in ("Ett", "Två"):
        change(admin_client, copy, title_sv=title)
    page = admin_client.get(f"/admin/planning/regionalplan/{copy.pk}/history/")
    assert "<del>Regionplan</del><ins>Två</ins>" in page.content.decode()
    assert "Som det publicerade" in text_of(page)
    published = Revision.objects.of(plan).get(event="Publicerade")
    older = admin_client.get(
        f"/admin/planning/regionalplan/{copy.pk}/history/",
        {"till": Revision.objects.of(plan).last().pk, "fran": "publicerat"},
    )
    assert older.context["other"] == published


def test_both_languages_of_a_field_share_a_row(admin_client, plan):
    change(admin_client, plan, title_sv="Ett", title_en="One")
    page = admin_client.get(f"/admin/planning/regionalplan/{plan.pk}/history/")
    [difference] = page.context["differences"]
    assert difference["rows"] == [
        (
            "rubrik",
            {"sv": "<del>Regionplan</del><ins>Ett</ins>", "en": "<del>Plan</del><ins>One</ins>"},
        )
    ]


def test_the_queries_of_the_history_do_not_grow(admin_client, admin_user, plan):
    address = f"/admin/planning/regionalplan/{plan.pk}/history/"
    counts = []
    for number in (2, 20):
        for _revision in range(number):
            RegionalPlan.objects.update(title_sv=f"Plan {number}")
            save_revision(plan, admin_user, "Ändrade")
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(address).status_code == 200
        counts.append(len(queries))
    # The account, permissions, the versions, the page of revisions and the contents of the two compared.
    assert counts[0] == counts[1]


def test_the_history_shows_fifty_changes_a_page(admin_client, plan):
    for number in range(51):
        save_revision(plan, None, f"Ändring {number}.")
    address = f"/admin/planning/regionalplan/{plan.pk}/history/"
    first, second = (admin_client.get(address, {"sida": page}) for page in (1, 2))
    lists = [
        [str(revision.event) for _day, revisions in page.context["days"] for revision in revisions]
        for page in (first, second)
    ]
    assert (len(lists[0]), lists[1]) == (50, ["Ändring 0."])
    assert "Äldre ändringar" in text_of(first)
    assert "Historiken börjar här." in text_of(second)


# --- Restoring -------------------------------------------------------------------------------------


def test_a_published_object_is_restored_as_a_working_copy(admin_client, client, plan):
    goal = make_goal(make_perspective(plan))
    make_focus_area(goal)
    publish(admin_client, plan)
    old = Revision.objects.of(plan).first()
    admin_client.post(f"/admin/planning/regionalplan/{plan.pk}/arbetskopia/")
    copy = plan.versions().first()
    copy.perspectives.all().delete()
    publish(admin_client, copy)
    assert "Mål 1" not in text_of(client.get("/regionplan/"))
    address = f"/admin/planning/regionalplan/{copy.pk}/aterstall/"
    text = text_of(admin_client.post(address, {"version": old.pk}, follow=True))
    assert "är återställt, men inte publicerat." in text
    restored = plan.versions().first()
    assert (restored.version, restored.status) == (3, "draft")
    assert "Mål 1" not in text_of(client.get("/regionplan/"))
    publish(admin_client, restored)
    assert "Mål 1" in text_of(client.get("/regionplan/"))


def test_restoring_replaces_the_current_working_copy(plan):
    save_revision(plan, None, "Först")
    RegionalPlan.objects.filter(pk=plan.pk).update(title_sv="Ändrad")
    make_perspective(plan)
    restored = restore(Revision.objects.get())
    assert (restored.pk, restored.title_sv) == (plan.pk, "Regionplan")
    assert not restored.perspectives.exists()


def test_a_scheduled_working_copy_is_not_replaced(admin_client, plan):
    save_revision(plan, None, "Först")
    publish(admin_client, plan, publish_at="2999-01-01 08.00")
    address = f"/admin/planning/regionalplan/{plan.pk}/aterstall/"
    old = Revision.objects.last()
    text = text_of(admin_client.post(address, {"version": old.pk}, follow=True))
    assert "Avbryt den publiceringen först." in text
    assert RegionalPlan.objects.get().status == "published"


def test_a_deleted_draft_is_restored_with_all_its_parts(admin_client, plan):
    make_goal(make_perspective(plan))
    admin_client.post(f"/admin/planning/regionalplan/{plan.pk}/delete/", {"post": "yes"})
    assert not RegionalPlan.objects.exists()
    address = "/admin/planning/regionalplan/borttaget/"
    assert "Regionplan 2019–2021, borttaget" in text_of(admin_client.get(address))
    admin_client.post(address, {"version": Revision.objects.get().pk})
    restored = RegionalPlan.objects.get()
    assert (restored.status, Goal.objects.get().perspective.plan) == ("draft", restored)
    assert events(restored)[-1] == "Tog bort regionplan ”Regionplan 2019–2021”"
    assert "Inget är borttaget." in text_of(admin_client.get(address))


def test_a_deleted_draft_is_not_restored_over_another(admin_client, plan):
    admin_client.post(f"/admin/planning/regionalplan/{plan.pk}/delete/", {"post": "yes"})
    make_plan()
    address = "/admin/planning/regionalplan/borttaget/"
    data = {"version": Revision.objects.get().pk}
    assert "Något annat har nu samma adress." in text_of(
        admin_client.post(address, data, follow=True)
    )
    assert RegionalPlan.objects.count() == 1


def test_a_deleted_working_copy_can_be_restored(admin_client, db):
    page = make_page("kontakt", title_en="Contact", responsible_en="The region")
    admin_client.post(f"/admin/pages/page/{page.pk}/arbetskopia/")
    copy = page.versions().first()
    change(admin_client, copy, title_sv="Ny rubrik")
    admin_client.post(f"/admin/pages/page/{copy.pk}/delete/", {"post": "yes"})
    assert page.versions().count() == 1
    restored = restore(Revision.objects.of(page).get(event__startswith="Ändrade"))
    assert (restored.version, restored.title_sv) == (2, "Ny rubrik")


def test_a_part_of_the_profile_is_restored(admin_client, db):
    profile = make_profile(status="draft")
    CoreValue.objects.create(profile=profile, position=1, slug="mod", name_sv="Mod", body_sv=".")
    save_revision(profile, None, "Först")
    CoreValue.objects.all().delete()
    restore(Revision.objects.get())
    assert CoreValue.objects.get().name_sv == "Mod"
