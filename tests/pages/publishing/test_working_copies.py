"""Published objects are changed in a working copy, which replaces them as a whole."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from pages.models import CoreValue, DailyStat, Page, RegionProfile, Revision
from pages.publishing.history import restore, save_revision
from pages.publishing.publishable import previewing
from pages.publishing.versions import (
    as_data,
    build,
    counterpart,
    fetch_with_parts,
    walk,
    working_copy,
)
from planning.copying import year_to_budget
from planning.models import FollowUp, Goal, GoalRating, PlanDocument, RegionalPlan
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
from tests.staff_forms import admin_address, change, publish

pytestmark = pytest.mark.database

MINUTE = dt.timedelta(minutes=1)


def publish_now(publishable, **fields):
    publishable.status = "published"
    for name, value in fields.items():
        setattr(publishable, name, value)
    publishable.save()


def content_of(publishable):
    """Return the serialized content of `publishable` without primary keys."""

    def without_keys(data):
        fields = {
            name: value
            for name, value in data["fields"].items()
            if not name.endswith("_id") or name in ("parent_id", "successor_id")
        }
        parts = {
            name: [without_keys(part) for part in parts] for name, parts in data["parts"].items()
        }
        return fields, parts

    return without_keys(as_data(publishable))


# --- Copies ----------------------------------------------------------------------------------------


def test_a_working_copy_has_all_the_content_of_the_plan(content):
    plan = RegionalPlan.objects.get()
    goal = Goal.objects.first()
    year = FollowUp.objects.create(plan=plan, year=2019, satisfactory=1, source_sv="Årsredovisning")
    GoalRating.objects.create(follow_up=year, goal=goal, rating="satisfactory")
    copy = working_copy(plan)
    assert (copy.version, copy.status, copy.published_at) == (2, "draft", None)
    assert content_of(copy) == content_of(plan)
    rated = GoalRating.objects.get(follow_up__plan=copy).goal
    assert (rated.perspective.plan, rated.name) == (copy, goal.name)
    assert working_copy(plan) == copy


def test_the_profile_and_a_page_have_working_copies_too(content):
    for publishable in (RegionProfile.objects.get(), Page.objects.first()):
        copy = working_copy(publishable)
        assert copy.version == 2
        assert content_of(copy) == content_of(publishable)


def test_visitors_do_not_see_a_working_copy(client, content):
    plan, profile = RegionalPlan.objects.get(), RegionProfile.objects.get()
    pages = {
        address: text_of(client.get(address))
        for address in ("/", "/regionplan/", "/regionplan/2019-2021/", "/om-region-blekinge/")
    }
    copy = working_copy(plan)
    copy.perspectives.update(name_sv="Hemligt")
    RegionalPlan.objects.filter(pk=copy.pk).update(title_sv="Hemligt")
    working_copy(profile).daily_stats.update(value=7)
    assert pages == {address: text_of(client.get(address)) for address in pages}


def test_a_published_working_copy_replaces_the_whole_plan(client, db):
    plan = make_plan()
    make_goal(make_perspective(plan), name_sv="Gammalt mål")
    copy = working_copy(plan)
    copy.perspectives.get().goals.update(name_sv="Nytt mål")
    publish_now(copy, lead_sv="Ny ingress.")
    page = text_of(client.get("/regionplan/2019-2021/perspektiv-1/"))
    assert "Nytt mål" in page
    assert "Gammalt mål" not in page
    assert "Ny ingress." in text_of(client.get("/regionplan/"))
    assert RegionalPlan.objects.published().get() == copy
    assert working_copy(plan).version == 3


def test_a_scheduled_working_copy_replaces_to_the_second(client, db, monkeypatch):
    now = timezone.now()
    page = make_page("nyhet", title_sv="Före", published_at=now - MINUTE)
    publish_now(working_copy(page), title_sv="Efter", publish_at=now + MINUTE)
    titles = []
    for moment in (now + MINUTE - dt.timedelta(seconds=1), now + MINUTE):
        monkeypatch.setattr(timezone, "now", lambda moment=moment: moment)
        titles.append(text_of(client.get("/nyhet/")).split(" – ")[0])
    assert titles == ["Före", "Efter"]


def test_withdrawing_a_replacement_does_not_bring_back_the_old_version(client, db):
    page = make_page("nyhet")
    copy = working_copy(page)
    publish_now(copy)
    copy.status = "withdrawn"
    copy.save()
    assert client.get("/nyhet/").status_code == 410


def test_a_cancelled_replacement_changes_nothing(client, db):
    page = make_page("nyhet", title_sv="Före")
    copy = working_copy(page)
    publish_now(copy, title_sv="Efter", publish_at=timezone.now() + MINUTE)
    copy.status = "draft"
    copy.save()
    assert "Före" in text_of(client.get("/nyhet/"))
    assert copy.state() == "Arbetskopia"


def test_no_two_plans_of_a_period_are_live(db):
    make_plan()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_plan()
    publish_now(working_copy(RegionalPlan.objects.get()))
    assert RegionalPlan.objects.published().count() == 1


def test_a_visitor_just_before_a_replacement_sees_a_single_version(db, monkeypatch):
    plan = make_plan()
    copy = working_copy(plan)
    copy.status = "published"
    copy.save()
    just_before = copy.published_at - dt.timedelta(milliseconds=1)
    monkeypatch.setattr(timezone, "now", lambda: just_before)
    assert list(RegionalPlan.objects.published()) == [copy]


def test_a_second_page_with_the_same_address_is_explained(admin_client, db):
    make_page("kontakt")
    new = {"title_sv": "Ny", "slug": "kontakt", "responsible_sv": "Regionen"}
    response = admin_client.post("/admin/pages/page/add/", new)
    assert "En annan sida har samma svenska adress." in text_of(response)


def test_a_plan_links_to_the_current_version_of_its_successor(client, db):
    new = make_plan(2022, 2024, title_sv="Gammal rubrik")
    old = make_plan(2019, 2021, successor=new)
    publish_now(working_copy(new), title_sv="Ny rubrik")
    assert "Läs planen 2022–2024" in text_of(client.get(old.get_absolute_url()))
    overview = text_of(client.get("/regionplan/"))
    assert "Ny rubrik 2022–2024" in overview
    assert "Gammal rubrik" not in overview


# --- Stable addresses ------------------------------------------------------------------------------


def test_a_part_that_a_new_version_lacks_redirects_to_the_plan(client, db):
    plan = make_plan()
    make_perspective(plan, slug="ekonomi", slug_en="economy")
    make_budget(plan)
    document = PlanDocument(plan=plan, position=1, title_sv="Bilaga")
    document.file.save("bilaga.txt", ContentFile(b"text"))
    copy = working_copy(plan)
    for part in [*copy.perspectives.all(), *copy.budgets.all(), *copy.documents.all()]:
        part.delete()
    publish_now(copy)
    for address in ("ekonomi/", "budget-2019/", "dokument/1/"):
        response = client.get(f"/regionplan/2019-2021/{address}")
        assert (response.status_code, response["Location"]) == (301, "/regionplan/2019-2021/")
    response = client.get("/en/regional-plan/2019-2021/economy/")
    assert (response.status_code, response["Location"]) == (301, "/en/regional-plan/2019-2021/")
    assert client.get("/regionplan/2019-2021/budget-2020/").status_code == 404


def test_a_part_that_was_only_in_a_working_copy_is_missing(client, db):
    plan = make_plan()
    make_perspective(working_copy(plan), slug="hemlig")
    assert client.get("/regionplan/2019-2021/hemlig/").status_code == 404


def test_a_document_keeps_its_address_and_never_takes_anothers(client, db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    plan = make_plan()
    first = PlanDocument(plan=plan, position=1, title_sv="Ett")
    first.file.save("ett.txt", ContentFile(b"ett"))
    copy = working_copy(plan)
    copy.documents.all().delete()
    second = PlanDocument(plan=copy, position=1, title_sv="Två")
    second.file.save("tva.txt", ContentFile(b"tva"))
    assert (first.number, second.number) == (1, 2)
    publish_now(copy)
    response = client.get("/regionplan/2019-2021/dokument/2/")
    assert b"".join(response.streaming_content) == b"tva"


def test_slugs_of_public_addresses_are_read_only_in_a_working_copy(admin_client, db):
    plan = make_plan()
    make_perspective(plan, slug="ekonomi")
    copy = working_copy(plan)
    known, new = copy.perspectives.get(), make_perspective(copy, 2)

    def fields(obj):
        address = admin_address(obj)
        return set(admin_client.get(address).context["adminform"].form.fields)

    assert "slug" not in fields(known)
    assert "slug_en" in fields(known)  # no English address is public yet
    assert {"slug", "slug_en"} <= fields(new)
    assert not {"first_year", "last_year"} & fields(copy)


def test_an_english_slug_belongs_to_one_page_across_versions(db):
    page = make_page("om-oss")
    publish_now(working_copy(page), slug_en="about-us")
    with pytest.raises(ValidationError, match="samma engelska adress"):
        Page(slug="about-us", title_sv="Ny", responsible_sv="Regionen").full_clean()


def test_an_english_slug_is_editable_until_it_is_public(admin_client, db):
    page = make_page("kontakt")
    copy = working_copy(page)
    change(admin_client, copy, slug_en="contcat")
    change(admin_client, copy, slug_en="contact")
    publish_now(copy)
    fields = (
        admin_client.get(f"/admin/pages/page/{working_copy(page).pk}/change/")
        .context["adminform"]
        .form.fields
    )
    assert "slug_en" not in fields


def test_restoring_keeps_public_english_slugs(client, db):
    page = make_page("kontakt", title_en="Contact")
    save_revision(page, None, "Först")
    publish_now(working_copy(page), slug_en="contact")
    publish_now(restore(Revision.objects.get()))
    assert client.get("/en/contact/").status_code == 200


def test_a_page_is_never_its_own_ancestor(db):
    page = make_page("ett")
    below = make_page("tva", parent=page)
    for copy, parent in ((working_copy(page), page), (working_copy(page), below)):
        copy.parent = parent
        with pytest.raises(ValidationError, match="ligger under sig själv"):
            copy.full_clean()


def test_plans_never_replace_each_other(db):
    first, second = make_plan(2019, 2021), make_plan(2022, 2024)
    publish_now(working_copy(first), successor=second)
    copy = working_copy(second)
    copy.successor = first
    with pytest.raises(ValidationError, match="i en ring"):
        copy.full_clean()


def test_a_published_object_with_a_working_copy_can_be_withdrawn(admin_client, client, db):
    page = make_page("kontakt")
    publish_now(working_copy(page), publish_at=timezone.now() + MINUTE)
    address = f"/admin/pages/page/{page.pk}/"
    assert "Dra tillbaka" in text_of(admin_client.get(f"{address}change/"))
    assert "då syns sidan igen" in text_of(admin_client.get(f"{address}dra-tillbaka/"))
    admin_client.post(f"{address}dra-tillbaka/")
    assert client.get("/kontakt/").status_code == 410


def test_a_part_of_a_replaced_version_says_so_too(admin_client, db):
    plan = make_plan()
    goal = make_goal(make_perspective(plan))
    publish_now(working_copy(plan))
    text = text_of(admin_client.get(f"/admin/planning/goal/{goal.pk}/change/"))
    assert "Det här är en äldre version. Den är ersatt." in text


def test_a_replaced_version_says_so_and_is_not_withdrawn(admin_client, db):
    page = make_page("kontakt")
    publish_now(working_copy(page))
    address = f"/admin/pages/page/{page.pk}/"
    text = text_of(admin_client.get(f"{address}change/"))
    assert "Det här är en äldre version. Den är ersatt." in text
    assert "Dra tillbaka" not in text
    assert admin_client.post(f"{address}dra-tillbaka/").status_code == 404


# --- The admin -------------------------------------------------------------------------------------


def test_a_published_goal_is_changed_in_the_working_copy(admin_client, client, db):
    plan = make_plan(title_en="Plan", lead_en="Where.", responsible_en="The region")
    goal = make_goal(make_perspective(plan))
    form = admin_client.get(f"/admin/planning/goal/{goal.pk}/change/")
    assert "ändras i en arbetskopia" in text_of(form)
    address = f"/admin/planning/regionalplan/{plan.pk}/arbetskopia/"
    opened = admin_client.post(address, {"del": f"planning.goal:{goal.pk}"})
    copy = plan.versions().first()
    copied = counterpart(goal, copy)
    assert opened["Location"] == f"/admin/planning/goal/{copied.pk}/change/#goal-{copied.pk}"
    change(admin_client, copied, name_sv="Nytt namn", name_en="New name")
    assert "Nytt namn" not in text_of(client.get("/regionplan/2019-2021/"))
    publish(admin_client, copy)
    assert "Nytt namn" in text_of(client.get("/regionplan/2019-2021/"))
    assert "New name" in text_of(client.get("/en/regional-plan/2019-2021/"))


def test_a_published_page_shows_its_text_and_not_its_markup(admin_client, db):
    page = make_page("kontakt", body_sv="<h3>Rubrik</h3><p>Ring &amp; skriv.</p>")
    form = admin_client.get(f"/admin/pages/page/{page.pk}/change/").content.decode()
    assert "<h3>Rubrik</h3><p>Ring &amp; skriv.</p>" in form


def test_lists_show_public_objects_and_working_copies(admin_client, db):
    plan = make_plan()
    make_goal(make_perspective(plan))
    publish_now(working_copy(plan))
    third = working_copy(plan)
    for address, versions in (("regionalplan", {2, 3}), ("perspective", {3}), ("goal", {3})):
        listed = admin_client.get(f"/admin/planning/{address}/").context["cl"].queryset
        assert {obj.publishable().version for obj in listed} == versions, address
    assert third.version == 3


def test_only_a_post_makes_a_working_copy(admin_client, db):
    plan = make_plan()
    address = f"/admin/planning/regionalplan/{plan.pk}/arbetskopia/"
    assert admin_client.get(address).status_code == 405
    assert RegionalPlan.objects.count() == 1


def test_an_incomplete_draft_is_saved_but_not_published(admin_client, db):
    new = {"first_year": "2030", "last_year": "2032", "title_sv": ""}
    empty = {
        f"{name}-{total}_FORMS": "0"
        for name in ("perspectives", "decisions", "documents")
        for total in ("TOTAL", "INITIAL")
    }
    assert admin_client.post("/admin/planning/regionalplan/add/", new | empty).status_code == 302
    plan = RegionalPlan.objects.get()
    address = f"/admin/planning/regionalplan/{plan.pk}/publicera/"
    response = admin_client.post(address, {"publish_at": "", "unpublish_at": ""})
    assert response.status_code == 200
    assert {finding.field for finding in response.context["stops"]} == {
        "title_sv",
        "lead_sv",
        "responsible_sv",
    }
    plan.refresh_from_db()
    assert plan.status == "draft"


def test_an_object_without_a_name_is_named_by_its_kind(admin_client, db):
    plan = make_plan(status="draft")
    make_goal(make_perspective(plan, name_sv=""), name_sv="")
    html = admin_client.get(f"/admin/planning/regionalplan/{plan.pk}/change/").content.decode()
    for name in ("Perspektiv utan namn", "mål utan namn"):
        assert f"<b>{name}</b>" in html


def test_a_page_gets_its_address_from_its_title(admin_client, db):
    for slug in ("ny-sida", "ny-sida-2"):
        admin_client.post("/admin/pages/page/add/", {"title_sv": "Ny sida", "slug": ""})
        assert Page.objects.filter(slug=slug).exists()


def test_a_new_budget_copies_the_lines_of_the_previous_budget_without_amounts(admin_client, db):
    plan = make_plan(2019, 2021, status="draft")
    make_budget(plan, 2019, [("item", "1.0"), ("result", "1.0")], decided_on=dt.date(2018, 11, 26))
    address = f"/admin/planning/regionalplan/{plan.pk}/ny-budget/"
    assert "Budget 2020 får samma rader som Budget 2019" in text_of(admin_client.get(address))
    opened = admin_client.post(address)
    new = plan.budgets.get(year=2020)
    assert opened["Location"] == f"/admin/planning/budget/{new.pk}/change/"
    table = new.tables.get()
    assert list(table.columns.values_list("code", "year")) == [("budget-2020", 2020)]
    lines = table.lines.values_list("code", "kind", "amounts")
    assert list(lines) == [("rad-1", "item", {}), ("rad-2", "result", {})]
    assert new.decided_on is None
    assert year_to_budget(plan) == (2021, new)
    make_budget(plan, 2021)
    assert year_to_budget(plan) is None
    assert "redan en budget för varje år" in text_of(admin_client.get(address))


# --- Serialisation ---------------------------------------------------------------------------------


def test_data_is_read_in_a_bounded_number_of_queries(content, django_assert_num_queries):
    plan = RegionalPlan.objects.get()
    # The plan, perspectives, goals, focus areas, indicators, budgets, tables, columns, lines, documents,
    # decisions, follow-ups.
    with django_assert_num_queries(12):
        as_data(plan)
    for number in (8, 9):
        for position in (1, 2, 3):
            make_focus_area(make_goal(plan.perspectives.first(), 10 * number + position), position)
    with django_assert_num_queries(12):
        as_data(plan)


def test_data_without_a_newer_field_is_built_with_its_default(db):
    page = make_page("nyhet", menu_position=3)
    data = as_data(page)
    del data["fields"]["menu_position"]
    page.delete()
    assert build(data).menu_position is None


def test_a_whole_walk_names_each_part_once(content):
    plan = fetch_with_parts(RegionalPlan.objects.get())
    parts = [(type(part), part.pk) for part in walk(plan)]
    assert len(parts) == len(set(parts))
    assert sum(kind is Goal for kind, _pk in parts) == Goal.objects.count()


def test_a_version_is_previewed_with_the_rest_as_published(client, db):
    plan, other = make_plan(), make_plan(2022, 2024)
    copy = working_copy(plan)
    with previewing(copy):
        assert set(RegionalPlan.objects.published()) == {copy, other}
    assert set(RegionalPlan.objects.published()) == {plan, other}


def test_the_profile_is_previewed(db):
    profile = make_profile()
    DailyStat.objects.create(profile=profile, position=1, value=4, sentence_sv="barn föds")
    CoreValue.objects.create(profile=profile, position=1, slug="mod", name_sv="Mod", body_sv=".")
    copy = working_copy(profile)
    with previewing(copy):
        assert RegionProfile.objects.published().get() == copy
