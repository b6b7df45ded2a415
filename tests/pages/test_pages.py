import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from pages.models import Administration, CoreValue, DailyStat, Page
from tests.constraints import refuses
from tests.factories import make_page, make_profile
from tests.site import text_of

pytestmark = pytest.mark.database_in_ci

# --- Constraints -----------------------------------------------------------------------------------


def test_there_is_one_profile(db):
    make_profile()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_profile()


def test_positions_start_at_one(db):
    profile = make_profile()
    message = "Ordningen börjar på 1."
    stat = DailyStat(profile=profile, position=0, value=1, sentence_sv="person testar")
    refuses(stat, message)
    refuses(CoreValue(profile=profile, position=0, slug="mod", name_sv="Mod", body_sv="."), message)
    refuses(Administration(profile=profile, position=0, slug="teknik", name_sv="Teknik"), message)


def test_slugs_are_unique_in_the_profile(db):
    profile = make_profile()
    value = {"profile": profile, "slug": "mod", "name_sv": "Mod", "body_sv": "."}
    CoreValue.objects.create(position=1, **value)
    refuses(CoreValue(position=2, **value), "En annan ledstjärna har samma adressord.")
    office = {"profile": profile, "slug": "teknik", "name_sv": "Teknik"}
    Administration.objects.create(position=1, **office)
    refuses(Administration(position=2, **office), "En annan förvaltning har samma kortnamn.")


def test_an_administration_does_not_end_before_it_begins(db):
    office = Administration(
        profile=make_profile(),
        position=1,
        slug="teknik",
        name_sv="Teknik",
        valid_from="2021-01-01",
        valid_to="2020-12-31",
    )
    refuses(office, "Sista dagen kan inte vara före den första.")


def test_page_addresses_are_unique_in_each_language(db):
    make_page("kontakt", slug_en="contact")
    words = {"title_sv": "Kontakt", "responsible_sv": "Regionen"}
    refuses(Page(slug="kontakt", **words), "En annan sida har samma svenska adress.")
    refuses(
        Page(slug="annan", slug_en="contact", **words), "En annan sida har samma engelska adress."
    )
    # The English address falls back to the Swedish slug.
    refuses(Page(slug="contact", **words), "En annan sida har samma engelska adress.")
    make_page("utan-engelska")
    make_page("ocksa-utan-engelska")


@pytest.mark.parametrize(
    ("slug", "slug_en"),
    [
        ("om-region-blekinge", ""),
        ("regionplan", ""),
        ("aterkoppling", ""),
        ("admin", ""),
        ("en", ""),
        ("ny", "about-region-blekinge"),
        ("ny", "feedback"),
        ("feedback", ""),
    ],
)
def test_a_page_cannot_take_an_address_of_the_site_itself(db, slug, slug_en):
    page = Page(slug=slug, slug_en=slug_en, title_sv="Ny", responsible_sv="Regionen")
    with pytest.raises(ValidationError) as caught:
        page.full_clean()
    (message,) = caught.value.messages
    assert message.endswith("används redan av webbplatsen själv. Välj en annan.")


@pytest.mark.parametrize("slug", ["två ord", "a/b"])
def test_a_bad_page_address_is_explained(admin_client, db, slug):
    new = {"title_sv": "Ny", "slug": slug, "responsible_sv": "Regionen", "status": "draft"}
    response = admin_client.post("/admin/pages/page/add/", new)
    assert response.status_code == 200
    assert response.context["adminform"].form.errors["slug"] == [
        "Skriv bara bokstäverna a–z, siffror, bindestreck och understreck, utan mellanrum."
    ]
    assert not Page.objects.exists()


def test_a_page_is_not_its_own_parent(db):
    page = make_page("om")
    page.parent = page
    refuses(page, "En sida kan inte ligga under sig själv.")


def test_the_footers_order_starts_at_one(db):
    page = Page(slug="om", title_sv="Om", responsible_sv="Regionen", menu_position=0)
    refuses(page, "Ordningen börjar på 1.")


def test_anchors_never_collide_with_the_pages_own_ids(client, db):
    profile = make_profile(organisation_sv="Vi är många")
    CoreValue.objects.create(
        profile=profile, position=1, slug="organisation", name_sv="Mod", body_sv="."
    )
    html = client.get("/om-region-blekinge/").content.decode()
    assert html.count('id="organisation"') == 1
    assert html.count('id="organisation-2"') == 1


# --- Public pages ----------------------------------------------------------------------------------


def test_administrations_are_shown_while_they_exist(client, db):
    profile = make_profile()
    for number, (name, dates) in enumerate(
        {
            "Alltid": {},
            "Nedlagd": {"valid_to": "2020-12-31"},
            "Kommande": {"valid_from": "2999-01-01"},
        }.items(),
        start=1,
    ):
        Administration.objects.create(
            profile=profile, position=number, slug=name.lower(), name_sv=name, **dates
        )
    text = text_of(client.get("/om-region-blekinge/"))
    assert "Alltid" in text
    assert "Nedlagd" not in text
    assert "Kommande" not in text


def test_a_daily_stat_shows_its_source_and_date_if_known(client, db):
    profile = make_profile()
    DailyStat.objects.create(profile=profile, position=1, value=4, sentence_sv="barn föds")
    DailyStat.objects.create(
        profile=profile,
        position=2,
        value=5,
        sentence_sv="katter föds",
        source_sv="Kattregistret",
        as_of="2021-04-07",
    )
    text = text_of(client.get("/om-region-blekinge/"))
    assert "4 barn föds 5 katter föds Källa: Kattregistret, 7 april 2021" in text


def test_a_draft_is_shown_nowhere(client, content):
    page = make_page("hemlig", title_sv="Hemligheten", status="draft", menu_position=9)
    for address in ("/hemlig/", "/en/hemlig/"):
        assert client.get(address).status_code == 404
    assert "Hemligheten" not in text_of(client.get("/"))
    page.status = "published"
    page.save()
    assert client.get("/hemlig/").status_code == 200
    assert "Hemligheten" in text_of(client.get("/"))


def test_a_draft_profile_is_shown_nowhere(client, db):
    make_profile(status="draft")
    assert client.get("/om-region-blekinge/").status_code == 404
    assert "Allt är prövat" not in text_of(client.get("/"))


def test_the_swedish_slug_redirects_permanently_to_the_english(client, db):
    make_page("kontakt", slug_en="contact")
    response = client.get("/en/kontakt/")
    assert (response.status_code, response["Location"]) == (301, "/en/contact/")
    assert client.get("/contact/")["Location"] == "/kontakt/"


def test_a_slug_may_belong_to_two_pages_in_two_languages(client, db):
    make_page("plan", slug_en="map", title_sv="Plan")
    make_page("karta", slug_en="plan", title_sv="Karta")
    for address, title in (("/plan/", "Plan"), ("/karta/", "Karta")):
        assert f"<h1>{title}</h1>" in client.get(address).content.decode()
    for address, title in (("/en/map/", "Plan"), ("/en/plan/", "Karta")):
        html = client.get(address).content.decode()
        assert f'<h1><span lang="sv">{title}</span></h1>' in html


def test_a_page_shows_its_parent_unless_that_is_a_draft(client, db):
    parent = make_page("om", title_sv="Om oss")
    make_page("historia", parent=parent)
    assert 'href="/om/">Om oss</a>' in client.get("/historia/").content.decode()
    parent.status = "draft"
    parent.save()
    assert "Om oss" not in client.get("/historia/").content.decode()


def test_missing_english_falls_back_to_marked_swedish(client, db):
    make_page("kontakt", title_sv="Kontakta oss", body_sv="<p>Ring.</p>", menu_position=1)
    html = client.get("/en/kontakt/").content.decode()
    assert '<h1><span lang="sv">Kontakta oss</span></h1>' in html
    assert '<div lang="sv"><p>Ring.</p></div>' in html
    assert '<a href="/en/kontakt/"><span lang="sv">Kontakta oss</span></a>' in html
    assert 'lang="sv">Kontakta' not in client.get("/kontakt/").content.decode()


def test_a_page_shows_its_responsible_party_and_dates(client, db):
    page = make_page("kontakt", responsible_sv="Kommunikation")
    Page.objects.filter(pk=page.pk).update(
        published_at="2021-04-07T12:00Z", changed_at="2021-05-01T12:00Z"
    )
    text = text_of(client.get("/kontakt/"))
    assert (
        "Publicerad 7 april 2021 Senast ändrad 1 maj 2021 Ansvarig för sidan Kommunikation" in text
    )


def test_publishing_records_the_first_time_only(db):
    page = make_page("ny", status="draft")
    assert page.published_at is None
    page.status = "published"
    page.save()
    first = page.published_at
    assert first == page.changed_at
    page.save()
    assert page.published_at == first
    assert page.changed_at > first


def test_queries_share_a_class():
    assert type(Page.objects.all()) is type(Page.objects.all())
