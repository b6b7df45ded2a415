"""The rest of the desk: the cards, what is offered, the trend and what has happened."""

import datetime as dt

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from django.utils import timezone

from pages.desk.page import summary
from pages.desk.trend import bars, line_of
from pages.models import Feedback
from pages.publishing.history import save_revision
from pages.publishing.versions import working_copy
from tests.accounts import make_account
from tests.factories import make_goal, make_page, make_perspective, make_plan, make_profile
from tests.site import text_of

pytestmark = pytest.mark.database_in_ci


def desk_of(client):
    return client.get("/admin/").context["desk"]


@pytest.mark.parametrize(
    ("waiting", "planned", "text"),
    [
        (0, 0, "Inget väntar."),
        (1, 0, "En sak väntar."),
        (5, 1, "Fem saker väntar, och en är planerad."),
        (0, 2, "Inget väntar, och två är planerade."),
        (13, 0, "13 saker väntar."),
    ],
)
def test_the_summary_counts_in_words(waiting, planned, text):
    assert summary(waiting, planned) == text


# --- Cards -----------------------------------------------------------------------------------------


def test_each_kind_of_content_has_a_card(in_march, admin_client):
    make_profile(review_on=dt.date(2027, 9, 1))
    plan = make_plan(2019, 2021)
    make_goal(make_perspective(plan))
    working_copy(plan)
    make_page("kontakt")
    profile, regional_plan, pages = desk_of(admin_client)["cards"]
    assert profile.facts[1:] == ["Publicerad i dag", "Granskas senast 1 september"]
    assert regional_plan.status == ("advice", "advice", "Gäller inte längre")
    assert regional_plan.facts == [
        "1 perspektiv, 1 mål",
        "Publicerad i dag",
        "Arbetskopia, ändrad i dag 10.00",
    ]
    assert (pages.title, pages.status[2], pages.facts) == ("Sidor", "1 publicerad", ["Kontakt"])
    assert [name for name, _address in pages.links] == ["Ny sida"]


def test_a_new_plan_is_offered_while_none_is_in_force(in_march, admin_client):
    plan = make_plan(2019, 2021)
    (offer,) = desk_of(admin_client)["offers"]
    assert offer.title == "Ingen regionplan gäller 2027"
    assert offer.address == f"/admin/planning/regionalplan/{plan.pk}/kopiera/"
    current = make_plan(2027, 2028)
    desk = desk_of(admin_client)
    assert desk["offers"] == []
    card = desk["cards"][0]
    assert card.links == [
        ("Visa på webben", "/regionplan/2027-2028/"),
        ("Ny planperiod", f"/admin/planning/regionalplan/{current.pk}/kopiera/"),
    ]


def test_without_any_content_a_plan_can_be_begun(admin_client, db):
    desk = desk_of(admin_client)
    assert [card.status[2] for card in desk["cards"]] == ["Inget publicerat"]
    assert [offer.address for offer in desk["offers"]] == ["/admin/planning/regionalplan/add/"]


# --- The trend -------------------------------------------------------------------------------------


def answer(days_ago, helped, count=1):
    for _number in range(count):
        feedback = Feedback.objects.create(address="/kontakt/", language="sv", helpful=helped)
        moment = timezone.now() - dt.timedelta(days=days_ago)
        Feedback.objects.filter(pk=feedback.pk).update(created_at=moment)


def test_the_trend_counts_twelve_weeks(in_march, admin_client):
    make_page("kontakt")
    answer(0, True, 3)
    answer(3, False)
    answer(79, True)  # the Monday of the first week
    answer(80, False)  # the day before
    trend = desk_of(admin_client)["trend"]
    assert (trend["answers"], trend["share"]) == (5, 80)
    assert (trend["first_week"], trend["last_week"]) == (52, 10)
    assert [(bar.color, bar.height) for bar in trend["bars"]] == [
        ("yes", "26.4"),
        ("no", "26.4"),
        ("yes", "82.4"),
    ]
    worst = trend["worst"]
    assert (worst["name"], worst["unhelped"], worst["answers"]) == ("Kontakt", 1, 5)


def test_without_answers_a_sentence_replaces_the_chart(admin_client, db):
    assert "Ingen har svarat på tolv veckor." in text_of(admin_client.get("/admin/"))
    answer(0, True)
    assert "1 svar på tolv veckor, för få för en andel." in text_of(admin_client.get("/admin/"))


def test_bars_are_stacked_from_the_axis():
    no_answers, both = bars([(0, 0), (4, 3)]), bars([(4, 3)])
    assert [(bar.color, bar.y) for bar in both] == [("yes", "30.6"), ("no", "9.6")]
    assert [bar.x for bar in no_answers] == ["24.2", "24.2"]


def test_a_line_leaves_out_periods_without_answers():
    assert line_of([(1, 1), (0, 0), (2, 1)]).points == "4.0,5.0 110.0,19.0"
    assert line_of([(1, 1), (0, 0)]) is None


# --- What has happened -----------------------------------------------------------------------------


def test_events_come_from_the_history_in_words(in_march, client, db):
    me = make_account("jag", "Publicist")
    other = make_account("per", "Redaktör", first_name="Per", last_name="Palm")
    page = make_page("kontakt")
    save_revision(page, None, "Innan det ändrades")
    save_revision(page, other, "Ändrade sida ”Kontakt”")
    save_revision(page, me, "Planerade publiceringen")
    gone = make_page("borta")
    save_revision(gone, other, "Tog bort sida ”Borta”")
    gone.delete()
    client.force_login(me)
    history = f"/admin/pages/page/{page.pk}/history/"
    events = [(event.who, event.text, event.address) for event in desk_of(client)["events"]]
    assert events == [
        ("Per Palm", "tog bort sida ”Borta”", None),
        ("Du", "planerade publiceringen", history),
        ("Per Palm", "ändrade sida ”Kontakt”", history),
    ]
    assert client.get(history).status_code == 200


def test_only_those_who_keep_accounts_see_what_happens_to_them(client, db):
    manager, editor = make_account("chef", "Ansvarig"), make_account("red", "Redaktör")
    LogEntry.objects.log_actions(manager.pk, [editor], ADDITION, [{"added": {}}])
    client.force_login(editor)
    assert desk_of(client)["events"] == []
    client.force_login(manager)
    (event,) = desk_of(client)["events"]
    assert (event.who, event.text, event.name) == ("Du", "lade till kontot", "red")
