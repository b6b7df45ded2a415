"""Import and export: reading files, the changes they make, and permissions."""

import csv
import datetime as dt
import io
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from pages.models import DailyStat, RegionProfile
from pages.publishing.versions import working_copy
from planning.models import BudgetLine, FocusArea, RegionalPlan
from tests.factories import (
    make_budget,
    make_focus_area,
    make_goal,
    make_perspective,
    make_plan,
    make_profile,
)
from tests.site import text_of

pytestmark = pytest.mark.database

HEADINGS = "År;Kod;Namn;Namn på engelska;Slag;Belopp (mnkr);Utfall (mnkr);Ordning"


def address_of(publishable, page="importera/"):
    meta = publishable._meta
    return f"/admin/{meta.app_label}/{meta.model_name}/{publishable.pk}/{page}"


def csv_of(*lines, encoding="utf-8-sig"):
    return "\r\n".join(lines).encode(encoding)


def workbook_of(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def upload(client, publishable, content, kind="budgetrader"):
    """Upload a file with the bytes `content`; return the response."""
    file = SimpleUploadedFile("fil", content)
    return client.post(address_of(publishable), {"kind": kind, "rows": file})


def confirm(client, publishable, preview):
    return client.post(address_of(publishable), {"sealed": preview.context["sealed"]}, follow=True)


def import_file(client, publishable, content, kind="budgetrader"):
    preview = upload(client, publishable, content, kind)
    assert "outcome" in preview.context, errors_of(preview)
    return confirm(client, publishable, preview)


def errors_of(response):
    return [text for texts in response.context["sent"].errors.values() for text in texts]


def lines_of(plan):
    return list(
        BudgetLine.objects.filter(budget__plan=plan)
        .order_by("budget__year", "position")
        .values_list("budget__year", "code", "name_sv", "kind", "amount_msek")
    )


def areas_of(plan):
    areas = FocusArea.objects.filter(goal__perspective__plan=plan).order_by("pk")
    return list(areas.values_list("goal__slug", "text_sv", "text_en"))


@pytest.fixture
def plan(db):
    plan = make_plan(2019, 2021, status="draft")
    make_budget(plan, lines=[("item", "1.0"), ("result", "2.0")])
    return plan


# --- Export and re-import --------------------------------------------------------------------------


@pytest.mark.parametrize("extension", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("model", "kind", "count"),
    [
        (RegionalPlan, "budgetrader", 10),
        (RegionalPlan, "insatsomraden", 31),
        (RegionProfile, "siffror-for-en-dag", 9),
    ],
)
def test_an_exported_file_is_imported_unchanged(
    admin_client, content, model, kind, count, extension
):
    whole = working_copy(model.objects.get())
    exported = admin_client.get(address_of(whole, f"exportera/{kind}.{extension}"))
    preview = upload(admin_client, whole, exported.content, kind)
    assert preview.context["outcome"].counts == f"0 nya, 0 ändrade, {count} oförändrade"
    assert "Filen säger samma sak som det som redan finns." in text_of(preview)


@pytest.mark.parametrize("extension", ["csv", "xlsx"])
def test_an_export_fills_an_empty_copy(admin_client, content, extension):
    plan = working_copy(RegionalPlan.objects.get())
    kept = lines_of(plan)
    areas = areas_of(plan)
    files = {
        kind: admin_client.get(address_of(plan, f"exportera/{kind}.{extension}")).content
        for kind in ("budgetrader", "insatsomraden")
    }
    BudgetLine.objects.filter(budget__plan=plan).delete()
    FocusArea.objects.filter(goal__perspective__plan=plan).delete()
    for kind, file in files.items():
        import_file(admin_client, plan, file, kind)
    assert lines_of(plan) == kept
    assert areas_of(plan) == areas


def test_text_that_looks_like_a_formula_stays_text(admin_client, plan):
    names = ["=1+1", "+46", "-5", "@SUM(A1)", "'=1", "\uff1d1", "'\uff0b1", "\uff0d1", "\uff201"]
    names += ["''", "\tindragen", "två\r\nrader", "\r=1", "'\r=1", "\x0b=1"]
    goal = make_goal(make_perspective(plan))
    for number, name in enumerate(names, start=1):
        make_focus_area(goal, number, text_sv=name)
    exported = {
        extension: admin_client.get(address_of(plan, f"exportera/insatsomraden.{extension}"))
        for extension in ("csv", "xlsx")
    }
    text = exported["csv"].content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))[1:]
    assert [row[3] for row in rows] == [
        "'=1+1", "'+46", "'-5", "'@SUM(A1)", "''=1", "'\uff1d1", "''\uff0b1", "'\uff0d1", "'\uff201",
        "''", "'\tindragen", "två\nrader", "'\n=1", "''\n=1", "'=1",
    ]  # fmt: skip
    cells = openpyxl.load_workbook(io.BytesIO(exported["xlsx"].content)).active["D"][1:]
    assert {cell.data_type for cell in cells} == {"s"}
    for response in exported.values():
        preview = upload(admin_client, plan, response.content, "insatsomraden")
        assert preview.context["outcome"].counts == "0 nya, 0 ändrade, 15 oförändrade"


def test_an_exported_csv_opens_in_swedish_excel(admin_client, plan):
    BudgetLine.objects.filter(code="rad-1").update(amount_msek="-6198.0", name_en="Costs; net")
    response = admin_client.get(address_of(plan, "exportera/budgetrader.csv"))
    assert response["Content-Disposition"] == (
        'attachment; filename="budgetrader-regionplan-2019-2021.csv"'
    )
    assert response.content == csv_of(
        HEADINGS,
        '2019;rad-1;Rad 1;"Costs; net";Post;-6198,0;;1',
        "2019;rad-2;Rad 2;;Resultat;2,0;;2",
        "",
    )


def test_an_exported_workbook_has_numbers_and_dates(admin_client, db):
    profile = make_profile(status="draft")
    DailyStat.objects.create(
        profile=profile, position=1, value=22022, sentence_sv="resor", as_of=dt.date(2021, 4, 7)
    )
    response = admin_client.get(address_of(profile, "exportera/siffror-for-en-dag.xlsx"))
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
    headings, row = sheet.values
    assert headings[:4] == ("Ordning", "Antal", "Mening", "Mening på engelska")
    assert row == (1, 22022, "resor", None, dt.datetime(2021, 4, 7), None, None)  # noqa: DTZ001
    assert (sheet.freeze_panes, sheet["A1"].font.bold) == ("A2", True)


# --- Reading files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_is_read_as_excel_writes_it(admin_client, plan, encoding, delimiter):
    lines = [
        HEADINGS,
        '2019;;"Ränta och\nåterbäring";;;−6 198,0;;',
        "",
        "2019;rad-1;Rad 1;;;988.3;;",
    ]
    file = csv_of(*(line.replace(";", delimiter) for line in lines), encoding="utf-8")
    text = file.decode() if encoding != "cp1252" else file.decode().replace("−", "–")
    import_file(admin_client, plan, text.encode(encoding))
    assert lines_of(plan) == [
        (2019, "rad-1", "Rad 1", "item", Decimal("988.3")),
        (2019, "rad-2", "Rad 2", "result", Decimal("2.0")),
        (2019, "ranta-och-aterbaring", "Ränta och\nåterbäring", "item", Decimal("-6198.0")),
    ]


def test_commas_may_separate_where_points_are_decimal(admin_client, plan):
    import_file(admin_client, plan, csv_of("År,Namn,Belopp", "2019,Rad 1,988.3"))
    assert lines_of(plan)[0] == (2019, "rad-1", "Rad 1", "item", Decimal("988.3"))


def test_a_workbook_is_read_as_displayed(admin_client, plan):
    rows = [
        (2019.0, "Rad 1", 988.3000000001, "3"),
        ("2019", " Ny ", "−6\u00a0198,0", None),
        (None, None, None, None),
    ]
    import_file(admin_client, plan, workbook_of(("år", "NAMN ", "Belopp", "Ordning"), *rows))
    assert lines_of(plan) == [
        (2019, "rad-2", "Rad 2", "result", Decimal("2.0")),
        (2019, "rad-1", "Rad 1", "item", Decimal("988.3")),
        (2019, "ny", "Ny", "item", Decimal("-6198.0")),
    ]


def test_daily_stats_are_read_with_dates_of_all_kinds(admin_client, db):
    profile = make_profile(status="draft")
    for number in (1, 2, 3):
        DailyStat.objects.create(profile=profile, position=number, value=1, sentence_sv="resor")
    rows = [(1, 5, dt.date(2021, 4, 7)), (2, "22 022", "7 april 2021"), (None, 7, "2021-04-07")]
    file = workbook_of(
        ("Ordning", "Antal", "Gäller per", "Mening"), *((*row, "resor") for row in rows)
    )
    import_file(admin_client, profile, file, "siffror-for-en-dag")
    day = dt.date(2021, 4, 7)
    assert list(profile.daily_stats.values_list("position", "value", "as_of")) == [
        (1, 5, day), (2, 22022, day), (3, 1, None), (4, 7, day),
    ]  # fmt: skip


def test_goals_are_matched_by_perspective_and_name(admin_client, plan):
    first, second = make_perspective(plan, 1), make_perspective(plan, 2)
    for perspective in (first, second):
        make_goal(perspective, 1, name_sv="God hälsa", slug="halsa")
    make_goal(first, 2, name_sv="God hälsa", slug="halsa-igen")
    file = csv_of(
        "Perspektiv;Mål;Insatsområde",
        "Perspektiv 2;god hälsa;Träna.",
        "perspektiv-1;halsa-igen;Vila.",
    )
    import_file(admin_client, plan, file, "insatsomraden")
    assert list(FocusArea.objects.values_list("goal__perspective", "goal__slug", "text_sv")) == [
        (second.pk, "halsa", "Träna."),
        (first.pk, "halsa-igen", "Vila."),
    ]
    ambiguous = csv_of("Perspektiv;Mål;Insatsområde", "Perspektiv 1;God hälsa;Träna.")
    assert errors_of(upload(admin_client, plan, ambiguous, "insatsomraden")) == [
        "Rad 2, kolumn Mål: Planen har inget, eller flera, som heter ”God hälsa”."
    ]
    exported = admin_client.get(address_of(plan, "exportera/insatsomraden.csv")).content
    assert exported.decode("utf-8-sig").splitlines()[1:] == [
        "perspektiv 1;halsa-igen;1;Vila.;",
        "perspektiv 2;God hälsa;1;Träna.;",
    ]


def test_a_missing_column_leaves_values_unchanged(admin_client, plan):
    BudgetLine.objects.update(outcome_msek="7.0", name_en="Line")
    import_file(admin_client, plan, csv_of("År;Kod;Namn;Belopp;Utfall", "2019;rad-1;Rad ett;3;"))
    line = BudgetLine.objects.get(code="rad-1")
    assert (line.name_sv, line.name_en, line.outcome_msek) == ("Rad ett", "Line", None)


# --- Refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "Den skickade filen är tom."),
        (b"\xef\xbb\xbf", "Filen har inga rader under rubrikraden."),
        (csv_of(HEADINGS, ";;;;;;;"), "Filen har inga rader under rubrikraden."),
        (b"\x89PNG\r\n\x1a\n\0\0", "Filen är varken en Excelfil eller en csv-fil."),
        (
            bytes.fromhex("d0cf11e0a1b11ae1"),
            "Filen har lösenord eller är sparad i ett äldre format. Spara den utan lösenord som .xlsx.",
        ),
        (
            csv_of(HEADINGS, '2019;"rad'),
            "Filen går inte att läsa längre än till rad 2. Kontrollera citattecknen.",
        ),
        (b";" * (5 * 1024 * 1024 + 1), "Filen är större än 5 MB. Ta bort bilder och annat som inte behövs."),
        (csv_of("År", *["2019"] * 5001), "Filen har fler än 5 000 rader. Dela den i flera."),
        (csv_of("År;Namn", "2019;x"), "Filen saknar kolumnen ”Belopp (mnkr)”."),
        (csv_of("År;Namn;Belopp;Färg", "2019;x;1;röd"), "Kolumnen ”Färg” känns inte igen."),
        (csv_of("År;Namn;Belopp;år", "2019;x;1;2019"), "Kolumnen ”År” finns mer än en gång."),
        (csv_of("År;Namn;Belopp", "2019;x;1;2"), "Rad 2 har text i en kolumn utan rubrik."),
        (csv_of("År;Namn;Belopp", "2025;x;1"), "Rad 2, kolumn År: Planen har ingen budget för 2025."),
        (csv_of("År;Namn;Belopp", ";x;1"), "Rad 2, kolumn År: Cellen är tom."),
        (csv_of("År;Namn;Belopp", "2019;x;"), "Rad 2, kolumn Belopp (mnkr): Cellen är tom."),
        (csv_of("År;Namn;Belopp", "", "2019;x;1", "2019;X;2"), "Rad 4: Samma år och kod som på rad 3."),
        (
            csv_of("År;Namn;Belopp;Slag", "2019;x;1;summa"),
            "Rad 2, kolumn Slag: ”summa” går inte. Välj bland post, delsumma, resultat.",
        ),
        (
            csv_of("År;Namn;Belopp;Slag", "2019;x;1;resultat"),
            "Rad 2, kolumn Slag: Budgeten har redan en rad för resultatet.",
        ),
        (
            csv_of("År;Namn;Belopp;Ordning", "2019;x;1;0"),
            "Rad 2, kolumn Ordning: ”0” går inte. Skriv ett heltal från 1.",
        ),
        (
            csv_of("År;Namn;Belopp", "2019;#N/A;1"),
            "Rad 2, kolumn Namn: #N/A är ett felmeddelande från Excel. Rätta formeln.",
        ),
    ],
)  # fmt: skip
def test_an_invalid_file_is_explained_and_changes_nothing(admin_client, plan, content, error):
    before = lines_of(plan)
    response = upload(admin_client, plan, content)
    assert errors_of(response) == [error]
    assert error in text_of(response)
    assert lines_of(plan) == before


def test_the_kind_and_the_file_are_required(admin_client, plan):
    response = admin_client.post(address_of(plan), {})
    assert errors_of(response) == ["Detta fält måste fyllas i."] * 2
    for field in ("kind", "rows"):
        assert f'<a href="#id_{field}">' in response.content.decode()
        assert f'id="id_{field}"' in response.content.decode()


def test_a_workbook_that_decompresses_to_too_much_is_refused(admin_client, plan):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * (31 * 1024 * 1024))
    assert errors_of(upload(admin_client, plan, file.getvalue())) == [
        "Filen är för stor när den packas upp. Spara bara det första bladet."
    ]


def test_a_broken_workbook_is_refused(admin_client, plan):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("innehåll.txt", "inget")
    assert errors_of(upload(admin_client, plan, file.getvalue())) == [
        "Filen går inte att läsa. Spara den som .xlsx eller .csv."
    ]


def test_one_bad_row_in_500_changes_nothing_and_is_reported(admin_client, plan):
    before = lines_of(plan)
    rows = [f"2019;Post {number};{number},5" for number in range(2, 502)]
    rows[310] = "2019;Post 312;12,3x"
    response = upload(admin_client, plan, csv_of("År;Namn;Belopp", *rows))
    assert errors_of(response) == [
        "Rad 312, kolumn Belopp (mnkr): ”12,3x” är inget tal. Skriv till exempel 988,3."
    ]
    assert lines_of(plan) == before


# --- Preview and confirmation ----------------------------------------------------------------------


def test_a_dry_run_shows_each_row_and_saves_nothing(admin_client, plan):
    before = lines_of(plan)
    file = csv_of("År;Namn;Belopp", "2019;Rad 2;2,0", "2019;Rad 1;-6198", "2019;Ny;5")
    preview = upload(admin_client, plan, file)
    assert preview.context["outcome"].rows == [
        (2, "Oförändrad", "Budget 2019: Rad 2", []),
        (3, "Ändras", "Budget 2019: Rad 1", [("Belopp (mnkr)", "1,0", "−6 198,0".replace(" ", "\u00a0"))]),
        (
            4,
            "Ny",
            "Budget 2019: Ny",
            [
                ("År", "", "2019"), ("Kod", "", "ny"), ("Namn", "", "Ny"), ("Slag", "", "Post"),
                ("Belopp (mnkr)", "", "5,0"), ("Ordning", "", "3"),
            ],
        ),
    ]  # fmt: skip
    assert "3 Ändras Budget 2019: Rad 1 Belopp (mnkr): 1,0 → −6 198,0 4 Ny" in text_of(preview)
    assert lines_of(plan) == before
    assert not LogEntry.objects.exists()


def test_a_confirmed_import_is_noted(admin_client, plan):
    long_ago = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    RegionalPlan.objects.update(changed_at=long_ago)
    done = import_file(admin_client, plan, csv_of("År;Namn;Belopp", "2019;Rad 1;3"))
    message = "Budgetrader importerade: 0 nya, 1 ändrade, 0 oförändrade."
    assert message in text_of(done)
    assert LogEntry.objects.get().change_message == message
    plan.refresh_from_db()
    assert plan.changed_at > long_ago


def test_rows_changed_meanwhile_are_previewed_again(admin_client, plan):
    preview = upload(admin_client, plan, csv_of("År;Namn;Belopp", "2019;Rad 1;3"))
    BudgetLine.objects.filter(code="rad-1").update(amount_msek="2.5")
    again = confirm(admin_client, plan, preview)
    assert "Innehållet har ändrats sedan du granskade filen." in text_of(again)
    assert lines_of(plan)[0][4] == Decimal("2.5")
    confirm(admin_client, plan, again)
    assert lines_of(plan)[0][4] == Decimal("3.0")


def test_thousands_of_rows_take_as_many_queries_as_few(
    admin_client, plan, django_assert_max_num_queries
):
    """40 for a dry run and 40 for the import: session, user, permissions, existing rows, a few writes."""
    for count, amount in ((2000, "1"), (200, "2")):
        rows = [f"2019;Post {number};{amount}" for number in range(count)]
        with django_assert_max_num_queries(100):
            import_file(admin_client, plan, csv_of("År;Namn;Belopp", *rows))
    assert BudgetLine.objects.filter(amount_msek="2", code__startswith="post-").count() == 200
    assert BudgetLine.objects.count() == 2002


# --- Permissions -----------------------------------------------------------------------------------


def test_an_editor_imports_into_a_draft_only(signed_in):
    client = signed_in("Redaktör")
    plan = make_plan(status="draft")
    make_budget(plan, lines=[("item", "1.0")])
    preview = upload(client, plan, csv_of("År;Namn;Belopp", "2019;Rad 1;3"))
    RegionalPlan.objects.update(status="published")
    assert client.get(address_of(plan)).context["importable"] == []
    assert upload(client, plan, csv_of("År;Namn;Belopp", "2019;Rad 1;3")).status_code == 403
    assert confirm(client, plan, preview).status_code == 403
    assert lines_of(plan)[0][4] == Decimal("1.0")
    RegionalPlan.objects.update(status="draft")
    confirm(client, plan, preview)
    assert lines_of(plan)[0][4] == Decimal("3.0")


def test_a_preview_can_only_be_confirmed_for_its_own_plan(admin_client, plan):
    other = make_plan(2022, 2024, status="draft")
    make_budget(other, 2022)
    preview = upload(admin_client, plan, csv_of("År;Namn;Belopp", "2019;Rad 1;3"))
    for address, sealed in (
        (address_of(other), preview.context["sealed"]),
        (address_of(plan), "x" + preview.context["sealed"]),
        (address_of(plan), ""),
    ):
        response = admin_client.post(address, {"sealed": sealed})
        assert errors_of(response) == ["Granskningen gäller inte längre. Välj filen igen."]
    crafted = csv_of("År;Namn;Belopp", "2022;Rad 1;3")
    assert errors_of(upload(admin_client, plan, crafted)) == [
        "Rad 2, kolumn År: Planen har ingen budget för 2022."
    ]
    assert lines_of(plan)[0][4] == Decimal("1.0")
    assert lines_of(other) == []


def test_files_need_permission(client, signed_in):
    plan = make_plan(status="draft")
    addresses = [address_of(plan), address_of(plan, "exportera/budgetrader.csv")]
    for address in addresses:
        response = client.get(address)
        assert (response.status_code, response.url) == (302, f"/admin/login/?next={address}")
    staff = signed_in("Redaktör")
    assert [staff.get(address).status_code for address in addresses] == [200, 200]
    User.objects.get().groups.clear()
    assert [staff.get(address).status_code for address in addresses] == [403, 403]


def test_unknown_exports_are_missing(admin_client, plan):
    for file in ("budgetrader.pdf", "siffror-for-en-dag.csv"):
        assert admin_client.get(address_of(plan, f"exportera/{file}")).status_code == 404


def test_the_import_page_is_linked_from_the_object(admin_client, plan):
    for whole in (plan, make_profile()):
        html = admin_client.get(address_of(whole, "change/")).content.decode()
        assert f'<a href="{address_of(whole)}">Importera och exportera</a>' in html
