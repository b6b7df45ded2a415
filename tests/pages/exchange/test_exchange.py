"""Import and export of a day in numbers: reading files, the changes they make, and permissions."""

import csv
import datetime as dt
import io

import openpyxl
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from pages.models import DailyStat, RegionProfile
from pages.publishing.versions import working_copy
from tests.factories import make_profile
from tests.site import text_of

pytestmark = pytest.mark.database

KIND = "siffror-for-en-dag"
HEADINGS = "Ordning;Antal;Mening;Mening på engelska;Gäller per;Källa;Källa på engelska"


def address_of(profile, page="importera/"):
    return f"/admin/pages/regionprofile/{profile.pk}/{page}"


def csv_of(*lines, encoding="utf-8-sig"):
    return "\r\n".join(lines).encode(encoding)


def workbook_of(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def upload(client, profile, content):
    """Upload a file with the bytes `content`; return the response."""
    file = SimpleUploadedFile("fil", content)
    return client.post(address_of(profile), {"kind": KIND, "rows": file})


def confirm(client, profile, preview):
    return client.post(address_of(profile), {"sealed": preview.context["sealed"]}, follow=True)


def import_file(client, profile, content):
    preview = upload(client, profile, content)
    assert "outcome" in preview.context, errors_of(preview)
    return confirm(client, profile, preview)


def errors_of(response):
    return [text for texts in response.context["sent"].errors.values() for text in texts]


def stats_of(profile):
    return list(profile.daily_stats.values_list("position", "value", "sentence_sv"))


@pytest.fixture
def profile(db):
    profile = make_profile(status="draft")
    for number in (1, 2):
        DailyStat.objects.create(
            profile=profile, position=number, value=number, sentence_sv=f"resor {number}"
        )
    return profile


# --- Export and re-import --------------------------------------------------------------------------


@pytest.mark.parametrize("extension", ["csv", "xlsx"])
def test_an_exported_file_is_imported_unchanged(admin_client, content, extension):
    profile = working_copy(RegionProfile.objects.get())
    exported = admin_client.get(address_of(profile, f"exportera/{KIND}.{extension}"))
    preview = upload(admin_client, profile, exported.content)
    assert preview.context["outcome"].counts == "0 nya, 0 ändrade, 9 oförändrade"
    assert "Filen säger samma sak som det som redan finns." in text_of(preview)


@pytest.mark.parametrize("extension", ["csv", "xlsx"])
def test_an_export_fills_an_empty_copy(admin_client, content, extension):
    profile = working_copy(RegionProfile.objects.get())
    kept = stats_of(profile)
    file = admin_client.get(address_of(profile, f"exportera/{KIND}.{extension}")).content
    profile.daily_stats.all().delete()
    import_file(admin_client, profile, file)
    assert stats_of(profile) == kept


def test_text_that_looks_like_a_formula_stays_text(admin_client, profile):
    sentences = [
        "=1+1",
        "+46",
        "-5",
        "@SUM(A1)",
        "'=1",
        "\uff1d1",
        "'\uff0b1",
        "\uff0d1",
        "\uff201",
    ]
    sentences += ["''", "\tindragen", "två\r\nrader", "\r=1", "'\r=1", "\x0b=1"]
    profile.daily_stats.all().delete()
    for number, sentence in enumerate(sentences, start=1):
        DailyStat.objects.create(profile=profile, position=number, value=1, sentence_sv=sentence)
    exported = {
        extension: admin_client.get(address_of(profile, f"exportera/{KIND}.{extension}"))
        for extension in ("csv", "xlsx")
    }
    text = exported["csv"].content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))[1:]
    assert [row[2] for row in rows] == [
        "'=1+1", "'+46", "'-5", "'@SUM(A1)", "''=1", "'\uff1d1", "''\uff0b1", "'\uff0d1", "'\uff201",
        "''", "'\tindragen", "två\nrader", "'\n=1", "''\n=1", "'=1",
    ]  # fmt: skip
    cells = openpyxl.load_workbook(io.BytesIO(exported["xlsx"].content)).active["C"][1:]
    assert {cell.data_type for cell in cells} == {"s"}
    for response in exported.values():
        preview = upload(admin_client, profile, response.content)
        assert preview.context["outcome"].counts == "0 nya, 0 ändrade, 15 oförändrade"


def test_an_exported_csv_opens_in_swedish_excel(admin_client, profile):
    profile.daily_stats.filter(position=1).update(sentence_en="journeys; trips", value=6198)
    response = admin_client.get(address_of(profile, f"exportera/{KIND}.csv"))
    assert response["Content-Disposition"] == (f'attachment; filename="{KIND}-region-testland.csv"')
    assert response.content == csv_of(
        HEADINGS, '1;6198;resor 1;"journeys; trips";;;', "2;2;resor 2;;;;", ""
    )


def test_an_exported_workbook_has_numbers_and_dates(admin_client, db):
    profile = make_profile(status="draft")
    DailyStat.objects.create(
        profile=profile, position=1, value=22022, sentence_sv="resor", as_of=dt.date(2021, 4, 7)
    )
    response = admin_client.get(address_of(profile, f"exportera/{KIND}.xlsx"))
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
    headings, row = sheet.values
    assert headings[:4] == ("Ordning", "Antal", "Mening", "Mening på engelska")
    assert row == (1, 22022, "resor", None, dt.datetime(2021, 4, 7), None, None)  # noqa: DTZ001
    assert (sheet.freeze_panes, sheet["A1"].font.bold) == ("A2", True)


# --- Reading files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_is_read_as_excel_writes_it(admin_client, profile, encoding, delimiter):
    lines = [HEADINGS, ';22 022;"resor på\nen dag";;;;', "", "1;7;resor;;;;"]
    text = "\r\n".join(line.replace(";", delimiter) for line in lines)
    import_file(admin_client, profile, text.encode(encoding))
    assert stats_of(profile) == [(1, 7, "resor"), (2, 2, "resor 2"), (3, 22022, "resor på\nen dag")]


def test_commas_may_separate(admin_client, profile):
    import_file(admin_client, profile, csv_of("Ordning,Antal,Mening", "1,988,resor"))
    assert stats_of(profile)[0] == (1, 988, "resor")


def test_a_workbook_is_read_as_displayed(admin_client, profile):
    rows = [(2.0, 988.0000000001, "sist"), (None, "6\u00a0198", " Ny "), (None, None, None)]
    import_file(admin_client, profile, workbook_of(("ordning", "ANTAL ", "Mening"), *rows))
    assert stats_of(profile) == [(1, 1, "resor 1"), (2, 988, "sist"), (3, 6198, "Ny")]


def test_dates_of_all_kinds_are_read(admin_client, profile):
    rows = [(1, 5, dt.date(2021, 4, 7)), (2, "22 022", "7 april 2021"), (None, 7, "2021-04-07")]
    file = workbook_of(
        ("Ordning", "Antal", "Gäller per", "Mening"), *((*row, "resor") for row in rows)
    )
    import_file(admin_client, profile, file)
    day = dt.date(2021, 4, 7)
    assert list(profile.daily_stats.values_list("value", "as_of")) == [
        (5, day), (22022, day), (7, day),
    ]  # fmt: skip


def test_a_missing_column_leaves_values_unchanged(admin_client, profile):
    profile.daily_stats.update(sentence_en="journeys", source_sv="Region Testland")
    import_file(admin_client, profile, csv_of("Ordning;Antal;Mening;Källa", "1;3;turer;"))
    stat = profile.daily_stats.first()
    assert (stat.sentence_sv, stat.sentence_en, stat.source_sv) == ("turer", "journeys", "")


# --- Refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "Den skickade filen är tom."),
        (b"\xef\xbb\xbf", "Filen har inga rader under rubrikraden."),
        (csv_of(HEADINGS, ";;;;;;"), "Filen har inga rader under rubrikraden."),
        (b"\x89PNG\r\n\x1a\n\0\0", "Filen är varken en Excelfil eller en csv-fil."),
        (b";" * (5 * 1024 * 1024 + 1), "Filen är större än 5 MB. Ta bort bilder och annat som inte behövs."),
        (csv_of("Antal", *["2019"] * 5001), "Filen har fler än 5 000 rader. Dela den i flera."),
        (csv_of("Mening", "x"), "Filen saknar kolumnen ”Antal”."),
        (csv_of("Mening;Antal;Färg", "x;1;röd"), "Kolumnen ”Färg” känns inte igen."),
        (csv_of("Antal;Mening;antal", "1;x;1"), "Kolumnen ”Antal” finns mer än en gång."),
        (csv_of("Antal;Mening", "1;x;2"), "Rad 2 har text i en kolumn utan rubrik."),
        (csv_of("Antal;Mening", ";x"), "Rad 2, kolumn Antal: Cellen är tom."),
        (csv_of("Ordning;Antal;Mening", "", "1;1;x", "1;2;y"), "Rad 4: Samma ordning som på rad 3."),
        (
            csv_of("Ordning;Antal;Mening", "0;1;x"),
            "Rad 2, kolumn Ordning: ”0” går inte. Skriv ett heltal från 1.",
        ),
        (
            csv_of("Antal;Mening", "12,3x;x"),
            "Rad 2, kolumn Antal: ”12,3x” är inget tal. Skriv till exempel 988,3.",
        ),
        (
            csv_of("Antal;Mening", "1;#N/A"),
            "Rad 2, kolumn Mening: #N/A är ett felmeddelande från Excel. Rätta formeln.",
        ),
    ],
)  # fmt: skip
def test_an_invalid_file_is_explained_and_changes_nothing(admin_client, profile, content, error):
    before = stats_of(profile)
    response = upload(admin_client, profile, content)
    assert errors_of(response) == [error]
    assert error in text_of(response)
    assert stats_of(profile) == before


def test_the_file_is_required(admin_client, profile):
    response = admin_client.post(address_of(profile), {"kind": KIND})
    assert errors_of(response) == ["Detta fält måste fyllas i."]
    assert '<a href="#id_rows">' in response.content.decode()
    assert 'id="id_rows"' in response.content.decode()


# --- Preview and confirmation ----------------------------------------------------------------------


def test_a_dry_run_shows_each_row_and_saves_nothing(admin_client, profile):
    before = stats_of(profile)
    file = csv_of("Ordning;Antal;Mening", "2;2;resor 2", "1;6198;resor 1", ";5;nya")
    preview = upload(admin_client, profile, file)
    assert [row[:2] for row in preview.context["outcome"].rows] == [
        (2, "Oförändrad"), (3, "Ändras"), (4, "Ny"),
    ]  # fmt: skip
    assert preview.context["outcome"].rows[1].changes == [("Antal", "1", "6198")]
    assert "Antal: 1 → 6198" in text_of(preview)
    assert stats_of(profile) == before
    assert not LogEntry.objects.exists()


def test_a_confirmed_import_is_noted(admin_client, profile):
    long_ago = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    RegionProfile.objects.update(changed_at=long_ago)
    done = import_file(admin_client, profile, csv_of("Ordning;Antal;Mening", "1;3;resor 1"))
    message = "Siffror för en dag importerade: 0 nya, 1 ändrade, 0 oförändrade."
    assert message in text_of(done)
    assert LogEntry.objects.get().change_message == message
    profile.refresh_from_db()
    assert profile.changed_at > long_ago


def test_rows_changed_meanwhile_are_previewed_again(admin_client, profile):
    preview = upload(admin_client, profile, csv_of("Ordning;Antal;Mening", "1;3;resor 1"))
    profile.daily_stats.filter(position=1).update(value=25)
    again = confirm(admin_client, profile, preview)
    assert "Innehållet har ändrats sedan du granskade filen." in text_of(again)
    assert stats_of(profile)[0][1] == 25
    confirm(admin_client, profile, again)
    assert stats_of(profile)[0][1] == 3


@pytest.mark.parametrize("many", [300, pytest.param(2000, marks=pytest.mark.in_ci)])
def test_many_rows_take_as_many_queries_as_few(
    admin_client, profile, django_assert_max_num_queries, many
):
    """40 for a dry run and 40 for the import: session, user, permissions, existing rows, a few writes."""
    for count, value in ((many, "1"), (many // 10, "2")):
        rows = [f"{number};{value};resor" for number in range(1, count + 1)]
        with django_assert_max_num_queries(100):
            import_file(admin_client, profile, csv_of("Ordning;Antal;Mening", *rows))
    assert profile.daily_stats.filter(value=2).count() == many // 10
    assert profile.daily_stats.count() == many


# --- Permissions -----------------------------------------------------------------------------------


def test_an_editor_imports_into_a_draft_only(signed_in, profile):
    client = signed_in("Redaktör")
    file = csv_of("Ordning;Antal;Mening", "1;3;resor 1")
    preview = upload(client, profile, file)
    RegionProfile.objects.update(status="published")
    assert client.get(address_of(profile)).context["importable"] == []
    assert upload(client, profile, file).status_code == 403
    assert confirm(client, profile, preview).status_code == 403
    assert stats_of(profile)[0][1] == 1
    RegionProfile.objects.update(status="draft")
    confirm(client, profile, preview)
    assert stats_of(profile)[0][1] == 3


def test_a_preview_is_valid_only_as_it_was_signed(admin_client, profile):
    preview = upload(admin_client, profile, csv_of("Ordning;Antal;Mening", "1;3;resor 1"))
    for sealed in ("x" + preview.context["sealed"], ""):
        response = admin_client.post(address_of(profile), {"sealed": sealed})
        assert errors_of(response) == ["Granskningen gäller inte längre. Välj filen igen."]
    assert stats_of(profile)[0][1] == 1


def test_files_need_permission(client, signed_in, profile):
    addresses = [address_of(profile), address_of(profile, f"exportera/{KIND}.csv")]
    for address in addresses:
        response = client.get(address)
        assert (response.status_code, response.url) == (302, f"/admin/login/?next={address}")
    staff = signed_in("Redaktör")
    assert [staff.get(address).status_code for address in addresses] == [200, 200]
    User.objects.get().groups.clear()
    assert [staff.get(address).status_code for address in addresses] == [403, 403]


def test_unknown_exports_are_missing(admin_client, profile):
    for file in (f"{KIND}.pdf", "budgetrader.csv"):
        assert admin_client.get(address_of(profile, f"exportera/{file}")).status_code == 404


def test_the_import_page_is_linked_from_the_object(admin_client, profile):
    html = admin_client.get(address_of(profile, "change/")).content.decode()
    assert f'href="{address_of(profile)}"' in html
