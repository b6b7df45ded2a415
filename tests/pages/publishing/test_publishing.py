"""Visibility: status and clock decide at every request."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from pages.models import DailyStat, Page, RegionProfile
from planning.models import BudgetLine, FocusArea, RegionalPlan
from tests.constraints import refuses
from tests.factories import make_budget, make_page, make_perspective, make_plan, make_profile
from tests.moments import NOON, SECOND
from tests.site import text_of
from tests.staff_forms import change, publish

pytestmark = pytest.mark.database


def test_a_page_appears_and_disappears_to_the_second(client, db, clock):
    until = NOON + dt.timedelta(days=1)
    make_page("nyhet", publish_at=NOON, unpublish_at=until)
    statuses = []
    for moment in (NOON - SECOND, NOON, until - SECOND, until):
        clock(moment)
        statuses.append(client.get("/nyhet/").status_code)
    assert statuses == [404, 200, 200, 410]


def test_a_plan_appears_with_all_that_belongs_to_it(client, db, clock):
    plan = make_plan(2026, 2028, publish_at=NOON)
    objects = [plan, make_perspective(plan), make_budget(plan, 2026)]
    addresses = [obj.get_absolute_url() for obj in objects] + ["/regionplan/2026-2028.pdf"]
    clock(NOON - SECOND)
    assert {client.get(address).status_code for address in addresses} == {404}
    assert "Regionplan 2026–2028" not in text_of(client.get("/"))
    clock(NOON)
    assert {client.get(address).status_code for address in addresses} == {200}
    assert "Regionplan 2026–2028" in text_of(client.get("/"))


def test_a_withdrawn_address_is_gone(client, db):
    page = make_page("nyhet")
    plan = make_plan()
    profile = make_profile()
    for publishable in (page, plan, profile):
        publishable.status = "withdrawn"
        publishable.save()
        response = client.get(publishable.get_absolute_url())
        assert response.status_code == 410
        assert "Sidan är borttagen" in text_of(response)
    assert "This page has been removed" in text_of(client.get("/en/nyhet/"))


def test_an_object_that_was_never_published_is_missing(client, db):
    make_page("nyhet", status="withdrawn")
    assert client.get("/nyhet/").status_code == 404


def test_the_publication_date_is_the_first_public_moment(db, clock):
    page = make_page("nyhet", publish_at=NOON)
    assert page.published_at == NOON
    page.publish_at = NOON + dt.timedelta(days=1)
    page.save()
    assert page.published_at == NOON + dt.timedelta(days=1)
    clock(NOON + dt.timedelta(days=2))
    page.publish_at = None
    page.save()
    assert page.published_at == NOON + dt.timedelta(days=1)


def test_a_cancelled_publication_leaves_no_date(db, clock):
    page = make_page("nyhet", publish_at=NOON)
    page.status = "draft"
    page.save()
    assert page.published_at is None


def test_a_published_page_cannot_become_a_draft(db):
    page = make_page("nyhet")
    page.status = "draft"
    with pytest.raises(ValidationError, match="Dra tillbaka det i stället"):
        page.full_clean()


def test_unpublishing_comes_after_publishing(db):
    page = make_page("nyhet", status="draft")
    page.publish_at = page.unpublish_at = NOON
    refuses(page, "Avpubliceringen måste vara efter publiceringen.")


def test_staff_write_and_read_swedish_time(admin_client, db):
    page = make_page("nyhet", status="draft", title_en="News", responsible_en="The region")
    publish(admin_client, page, publish_at="26 november 2999 kl. 13.00")
    assert page.publish_at == dt.datetime(2999, 11, 26, 12, 0, tzinfo=dt.UTC)
    assert "Publiceras 2999-11-26 13.00" in text_of(admin_client.get("/admin/pages/page/"))
    form = admin_client.get(f"/admin/pages/page/{page.pk}/publicera/").content.decode()
    assert 'value="2999-11-26 13.00"' in form
    publish(admin_client, page, unpublish_at="2998-06-01 08:00")
    assert "Publicerad till 2998-06-01 08.00" in text_of(admin_client.get("/admin/pages/page/"))
    Page.objects.update(unpublish_at="2020-06-01T06:00Z")
    assert "Avpublicerad 2020-06-01 08.00" in text_of(admin_client.get("/admin/pages/page/"))


def test_publishing_in_the_past_is_refused(admin_client, db):
    page = make_page("nyhet", status="draft")
    address = f"/admin/pages/page/{page.pk}/publicera/"
    response = admin_client.post(address, {"publish_at": "2020-01-01 08.00", "unpublish_at": ""})
    assert "Den tiden har varit. Lämna fältet tomt för att publicera nu." in text_of(response)
    page.refresh_from_db()
    assert page.status == "draft"


def test_a_scheduled_object_is_editable_after_cancelling(admin_client, db):
    page = make_page("nyhet", publish_at=timezone.now() + dt.timedelta(days=1))
    address = f"/admin/pages/page/{page.pk}/"
    assert admin_client.post(f"{address}change/", {"slug": "nyheter"}).status_code == 403
    admin_client.post(f"{address}dra-tillbaka/")
    change(admin_client, page, slug="nyheter")
    assert (page.slug, page.status, page.publish_at) == ("nyheter", "draft", None)


def test_a_withdrawn_object_is_gone_until_it_is_published_again(client, db, clock):
    page = make_page("nyhet")
    page.status = "withdrawn"
    page.save()
    page.status, page.publish_at = "published", NOON
    page.save()
    assert client.get("/nyhet/").status_code == 410
    clock(NOON)
    assert client.get("/nyhet/").status_code == 200


def test_a_plan_with_a_future_successor_is_still_current(client, db, clock):
    coming = make_plan(2026, 2028, publish_at=NOON)
    old = make_plan(2025, 2027, successor=coming)
    clock(NOON - SECOND)
    assert "Gäller inte längre." not in text_of(client.get(old.get_absolute_url()))
    clock(NOON)
    assert "Gäller inte längre." in text_of(client.get(old.get_absolute_url()))
    assert RegionalPlan.objects.published().count() == 2


@pytest.mark.parametrize(
    ("part", "path", "publishable"),
    [
        (DailyStat, "profile", RegionProfile),
        (BudgetLine, "table__budget__plan", RegionalPlan),
        (FocusArea, "goal__plan", RegionalPlan),
    ],
)
def test_a_part_knows_the_path_to_its_publishable(part, path, publishable):
    assert part.path_to_publishable() == path
    assert part.publishable_model() is publishable
