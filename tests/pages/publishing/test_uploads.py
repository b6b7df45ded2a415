"""Documents that staff upload."""

import io
import re
import resource
import zipfile

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError

from pages.publishing.uploads import MAX_MEGABYTES, check_document
from planning.models import PlanDocument
from tests.factories import make_plan
from tests.site import text_of

PDF = b"%PDF-1.7\n"
ADD = "/admin/planning/plandocument/add/"


def archive(**parts):
    """Return a zip archive of `parts`, contents by name; __ in a name stands for a slash."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as writer:
        for name, content in parts.items():
            writer.writestr(name.replace("__", "/"), content)
    return file.getvalue()


WORD = {"word__document.xml": "<?xml version='1.0'?>"}
TEXT = {"mimetype": "application/vnd.oasis.opendocument.text"}


@pytest.fixture
def disk(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "pages.publishing.uploads.WholeFileStorage"}
    }
    return tmp_path


def files_on(disk):
    return sorted(str(path.relative_to(disk)) for path in disk.rglob("*") if path.is_file())


def form(plan, content=PDF, name="bilaga.pdf"):
    return {"plan": plan.pk, "title_sv": "Bilaga", "file": SimpleUploadedFile(name, content)}


# --- Accepted files --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", PDF),
        ("a.PDF", PDF),
        ("a.docx", archive(**WORD)),
        ("a.xlsx", archive(**{"xl/workbook.xml": b"\xef\xbb\xbf<workbook/>"})),
        ("a.odt", archive(**TEXT)),
    ],
)
def test_a_document_is_accepted_by_its_content(name, content):
    check_document(SimpleUploadedFile(name, content))


OTHER = "innehåller något annat, eller har lösenord. Spara den på nytt."


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.html", b"<script>", "Filen ska vara något av pdf, docx, xlsx, pptx, odt, ods, odp."),
        ("a.pdf.exe", PDF, "Filen ska vara något av"),
        ("a", PDF, "Filen ska vara något av"),
        ("a.svg", b"<svg/>", "Filen ska vara något av"),
        ("a.pdf", b"<html>%PDF-", f"Filen heter .pdf men {OTHER}"),
        ("a.pdf", b"", f"Filen heter .pdf men {OTHER}"),
        ("a.docx", b"PK\3\4", f"Filen heter .docx men {OTHER}"),
        ("a.docx", archive(**TEXT), f"Filen heter .docx men {OTHER}"),
        ("a.ods", archive(**TEXT), f"Filen heter .ods men {OTHER}"),
        ("a.docx", bytes.fromhex("d0cf11e0a1b11ae1"), f"Filen heter .docx men {OTHER}"),
        (
            "a.docx",
            archive(**WORD, **{"word/vbaProject.bin": b"x"}),
            "makron",
        ),
        ("a.odt", archive(**TEXT, Basic__script=b"x"), "Filen innehåller makron."),
        ("a.pdf", PDF + b"x" * MAX_MEGABYTES * 1024 * 1024, "Filen är större än 25 MB."),
    ],
)
def test_a_document_of_another_type_is_refused(name, content, message):
    with pytest.raises(ValidationError) as refused:
        check_document(SimpleUploadedFile(name, content))
    assert message in refused.value.messages[0]


def test_the_error_is_shown_at_the_field_and_no_file_is_kept(admin_client, db, disk):
    response = admin_client.post(ADD, form(make_plan(status="draft"), b"<html>", "a.pdf"))
    assert f"Filen heter .pdf men {OTHER}" in text_of(response)
    assert (PlanDocument.objects.count(), files_on(disk)) == (0, [])


def test_a_document_older_than_the_rules_does_not_stop_a_form(db, disk):
    document = PlanDocument(plan=make_plan(), position=1, title_sv="Bilaga")
    document.file.save("bilaga.txt", SimpleUploadedFile("bilaga.txt", b"text"))
    PlanDocument.objects.get().full_clean()


# --- Storage ---------------------------------------------------------------------------------------


def test_a_document_gets_a_clean_name_of_its_own(admin_client, db, disk):
    plan = make_plan(status="draft")
    names = ["../Års redo\u202egörelse;.pdf", "../Års redo\u202egörelse;.pdf", "å" * 150 + ".pdf"]
    for name in names:
        assert admin_client.post(ADD, form(plan, name=name)).status_code == 302
    first, second, long = [document.file.name for document in PlanDocument.objects.order_by("pk")]
    assert first == "dokument/Års_redogörelse.pdf"
    assert re.fullmatch("dokument/Års_redogörelse_[A-Za-z0-9]{7}.pdf", second)
    assert long == f"dokument/{'å' * 80}.pdf"
    assert files_on(disk) == sorted([first, second, long])


def test_a_full_disk_keeps_no_incomplete_document(admin_client, db, disk):
    plan = make_plan(status="draft")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # writing beyond this size fails
    try:
        response = admin_client.post(ADD, form(plan, PDF + b"x" * 200_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "Filen kunde inte sparas, eftersom servern inte har plats" in text_of(response)
    assert (PlanDocument.objects.count(), files_on(disk)) == (0, [])
    assert admin_client.post(ADD, form(plan, PDF + b"x" * 200_000)).status_code == 302
    assert files_on(disk) == ["dokument/bilaga.pdf"]


def test_a_row_that_is_not_saved_keeps_no_file(admin_client, db, disk, monkeypatch):
    plan = make_plan(status="draft")

    def fail(*args, **kwargs):
        raise DatabaseError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr("planning.admin.plans.PlanDocumentAdmin.log_addition", fail)
        with pytest.raises(DatabaseError):
            admin_client.post(ADD, form(plan))
    assert (PlanDocument.objects.count(), files_on(disk)) == (0, [])


# --- Downloads -------------------------------------------------------------------------------------


def test_a_document_is_a_harmless_download(client, db, disk):
    plan = make_plan()
    document = PlanDocument(plan=plan, position=1, title_sv="Bilaga")
    document.file.save("Bilagan.pdf", SimpleUploadedFile("Bilagan.pdf", PDF))
    response = client.get(document.get_absolute_url())
    assert b"".join(response.streaming_content) == PDF
    response.close()
    assert response["Content-Disposition"] == 'attachment; filename="Bilagan.pdf"'
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["X-Content-Type-Options"] == "nosniff"


def test_the_document_of_a_draft_is_missing(client, db, disk):
    plan = make_plan(status="draft")
    document = PlanDocument(plan=plan, position=1, title_sv="Bilaga")
    document.file.save("bilaga.pdf", SimpleUploadedFile("bilaga.pdf", PDF))
    assert client.get(document.get_absolute_url()).status_code == 404
    for path in ("/media/dokument/bilaga.pdf", "/dokument/bilaga.pdf"):
        assert client.get(path).status_code == 404
