"""Backup and restore: a restore brings everything back, or changes nothing."""

import hashlib
import io
import json
import lzma
import shutil
import stat
import tarfile

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.query import QuerySet

from blekinge_site.operations import backup
from pages.models import Feedback, Page, Revision
from pages.publishing.content_version import stamp
from pages.publishing.versions import working_copy
from planning.models import NONE, PlanDocument, RegionalPlan
from tests.factories import make_page, make_table
from tests.site import public_addresses
from tests.staff_forms import change

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]


@pytest.fixture
def filled(content, admin_client, admin_user, settings, tmp_path):
    """A site in use: content, accounts, a second factor, a history, a working copy, a document, a table."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    }
    editor = User.objects.create_user("redaktor", password="hemligt")
    # A migration creates the group, but browser tests leave every table empty.
    editor.groups.add(Group.objects.get_or_create(name="Redaktör")[0])
    Authenticator.objects.create(user=editor, type="totp", data={"secret": "å", "used": [1, None]})
    change(admin_client, make_page("nyhet", status="draft"), lead_sv="Ny ingress.")
    plan = RegionalPlan.objects.get()
    columns = [("budget", 2019), ("plan", 2020), ("plan", 2021)]
    make_table(plan.budgets.get(), [("item", ["-6198.0", NONE, None])], columns, title_sv="Ramar")
    working_copy(plan)
    PlanDocument.objects.create(
        plan=plan, title_sv="Beslutet", position=1, file=ContentFile(b"%PDF-1", "beslut.pdf")
    )
    Feedback.objects.create(address="/", language="sv", helpful=False, message="Rad 1\nRad 2 ”å”")


def everything():
    """Return all rows of the database except sessions, by table."""
    return {
        model._meta.db_table: list(
            QuerySet(model)
            .order_by("pk")
            .values_list(*[field.attname for field in model._meta.concrete_fields])
        )
        for model in backup.models_in_backup()
    }


def wipe():
    """Empty every table."""
    with transaction.atomic():  # foreign keys are checked when it ends
        for model in backup.all_models():
            QuerySet(model)._raw_delete("default")


def restore(file, **options):
    output = io.StringIO()
    call_command("restore", file, stdout=output, **options)
    return output.getvalue()


def remake(file, *, rows=None, manifest=None, extra=()):
    """Rewrite the backup `file` with matching digests; `rows` is a function that changes the rows' text."""
    contents = members(file)
    new_manifest = json.loads(contents["manifest.json"]) | (manifest or {})
    if rows:
        text = lzma.decompress(contents["rows.jsonl.xz"]).decode()
        contents["rows.jsonl.xz"] = lzma.compress(rows(text).encode())
        new_manifest["sha256"]["rows.jsonl.xz"] = digest(contents["rows.jsonl.xz"])
    for name, content in extra:
        new_manifest["sha256"][name] = digest(content)
    contents["manifest.json"] = json.dumps(new_manifest).encode()
    pack(file, [*contents.items(), *extra])


def digest(content):
    return hashlib.sha256(content).hexdigest()


def members(file):
    with tarfile.open(file) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def pack(file, members):
    """Write a tar file of `members`, pairs of name and bytes, to the path `file`."""
    with tarfile.open(file, "w") as tar:
        for name, content in members:
            about = tarfile.TarInfo(name)
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))


@pytest.fixture
def file(filled, tmp_path):
    """The path of a backup of the site in use."""
    call_command("backup", tmp_path / "backup.tar", stdout=io.StringIO())
    return tmp_path / "backup.tar"


def test_restore_brings_back_all_rows_and_byte_identical_pages(client, file, settings):
    addresses = public_addresses("sv") + public_addresses("en")
    document = PlanDocument.objects.get(plan__version=1).get_absolute_url()
    addresses.append(document)
    before, version = everything(), stamp()[0]

    def pages():
        responses = [client.get(address) for address in addresses]
        return [(response.status_code, b"".join(response)) for response in responses]

    pages_before = pages()
    assert {status for status, _body in pages_before} == {200}
    assert b"%PDF-1" in pages_before[-1][1]
    wipe()
    shutil.rmtree(settings.MEDIA_ROOT)
    assert client.get(document).status_code == 404
    rows = sum(map(len, before.values()))
    assert restore(file).startswith(f"Restored {rows} rows and 1 doc")
    assert everything() == before
    assert pages() == pages_before
    assert stamp()[0] > version + 1_000_000_000
    assert Authenticator.objects.get().data == {"secret": "å", "used": [1, None]}
    assert User.objects.get(username="redaktor").check_password("hemligt")
    assert Revision.objects.exists()


def test_rows_saved_after_a_restore_get_new_primary_keys(file):
    last = Page.objects.latest("pk").pk
    restore(file, replace=True)
    version = stamp()[0]
    assert make_page("ny").pk == last + 1
    assert stamp()[0] > version


def test_only_the_owner_may_read_the_file_and_no_other_file_is_left(file):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == ["backup.tar", "media"]


def test_an_unfinished_upload_is_not_backed_up(file, settings):
    (settings.MEDIA_ROOT / f".{'0' * 32}").write_bytes(b"half of it")
    (settings.MEDIA_ROOT / ".restore-x").mkdir()
    (settings.MEDIA_ROOT / ".restore-x/rows.jsonl").write_bytes(b"half of it")
    call_command("backup", file, stdout=io.StringIO())
    with tarfile.open(file) as tar:
        assert tar.getnames() == ["rows.jsonl.xz", "media/dokument/beslut.pdf", "manifest.json"]


def test_a_file_that_cannot_be_written_is_reported(filled, tmp_path):
    with pytest.raises(CommandError, match="No such file or directory"):
        call_command("backup", tmp_path / "nowhere/backup.tar")


def test_a_backup_of_the_first_format_is_restored(file):
    """That format has uncompressed rows, and the manifest comes first."""
    before = everything()
    contents = members(file)
    rows = lzma.decompress(contents["rows.jsonl.xz"])
    manifest = json.loads(contents["manifest.json"]) | {"format": 1}
    del manifest["sha256"]["rows.jsonl.xz"]
    manifest["sha256"]["rows.jsonl"] = digest(rows)
    document = "media/dokument/beslut.pdf"
    first = [("manifest.json", json.dumps(manifest).encode()), ("rows.jsonl", rows)]
    pack(file, [*first, (document, contents[document])])
    wipe()
    restore(file)
    assert everything() == before


def test_content_is_only_replaced_with_the_option(file, admin_client):
    Page.objects.filter(slug="nyhet").update(lead_sv="Efteråt.")
    before = everything()
    with pytest.raises(CommandError) as refusal:
        restore(file)
    assert str(refusal.value) == (
        "Nothing is changed. The database has content. To replace all of it, use --replace."
    )
    assert everything() == before
    assert Session.objects.exists()
    restore(file, replace=True)
    assert Page.objects.get(slug="nyhet").lead_sv == "Ny ingress."
    assert not Session.objects.exists()


def changed(before, after):
    return lambda file: file.write_bytes(file.read_bytes().replace(before, after))


def with_a_byte_flipped(file):
    """Flip a bit in the middle of the compressed rows."""
    with tarfile.open(file) as tar:
        member = tar.getmember("rows.jsonl.xz")
    content = bytearray(file.read_bytes())
    content[member.offset_data + member.size // 2] ^= 1
    file.write_bytes(content)


def with_rows(before, after):
    return lambda file: remake(file, rows=lambda text: text.replace(before, after))


SPOILED = [
    (lambda file: file.write_text("hej"), "The file cannot be read as a backup: "),
    (lambda file: file.unlink(), "The file cannot be read as a backup: "),
    (lambda file: remake(file, manifest={"sha256": None}), "The file cannot be read as a backup: "),
    (lambda file: remake(file, manifest={"format": 3}), "The backup has an unknown format."),
    (with_a_byte_flipped, "rows.jsonl.xz in the backup is damaged or missing."),
    (
        lambda file: file.write_bytes(file.read_bytes()[:9000]),
        "The file cannot be read as a backup: ",
    ),
    (
        changed(b"%PDF-1", b"%PDF-2"),
        "media/dokument/beslut.pdf in the backup is damaged or missing.",
    ),
    (
        lambda file: remake(file, extra=[("media/../../out.txt", b"x")]),
        "media/../../out.txt does not belong in a backup.",
    ),
    (
        lambda file: remake(file, extra=[("/tmp/out.txt", b"x")]),
        "/tmp/out.txt does not belong in a backup.",
    ),
    (
        lambda file: remake(file, manifest={"migrations": []}),
        "The backup lacks migrations that this database has (account.0001_initial, ",
    ),
    (with_rows('"plan_id"', '"no"'), "The rows do not fit this database: "),
    (with_rows('"published"', "null"), "The rows do not fit this database: "),
    (with_rows('"table": "auth_user"', '"table": "no"'), "The rows do not fit this database: "),
    (
        lambda file: remake(file, rows=lambda text: text[: text.rindex("\n[")]),
        "The rows do not fit this database: ",
    ),
]


def test_an_invalid_file_changes_nothing(file, settings, tmp_path):
    document = settings.MEDIA_ROOT / "dokument/beslut.pdf"
    document.write_bytes(b"as it is now")
    before = everything()
    for spoil, sentence in SPOILED:
        spoilt = shutil.copy(file, tmp_path / "spoilt.tar")
        spoil(spoilt)
        with pytest.raises(CommandError) as refusal:
            restore(spoilt, replace=True)
        assert str(refusal.value).startswith(f"Nothing is changed. {sentence}")
        assert everything() == before
        assert document.read_bytes() == b"as it is now"
        assert not (tmp_path / "out.txt").exists()
        assert [path.name for path in settings.MEDIA_ROOT.iterdir()] == ["dokument"]


def test_a_link_in_the_file_is_refused(file, tmp_path):
    with tarfile.open(file, "a") as tar:
        about = tarfile.TarInfo("media/dokument/beslut.pdf")
        about.type, about.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(about)
    with pytest.raises(
        CommandError, match=r"media/dokument/beslut.pdf does not belong in a backup"
    ):
        restore(file, replace=True)


def test_a_file_of_a_newer_release_is_refused(file):
    migrations = [*backup.applied_migrations(), "pages.0099_tomorrow"]
    remake(file, manifest={"migrations": migrations})
    with pytest.raises(CommandError) as refusal:
        restore(file, replace=True)
    assert str(refusal.value) == (
        "Nothing is changed. The backup has migrations that this database lacks (pages.0099_tomorrow). "
        "Install the release that wrote it, or a newer one, and run migrate first."
    )


def test_a_database_behind_its_code_is_not_backed_up(filled, tmp_path):
    migration = MigrationRecorder.Migration.objects.get(app="planning", name="0003_versions")
    migration.delete()
    try:
        with pytest.raises(
            CommandError, match=r"^The database lacks migrations. Run migrate first.$"
        ):
            call_command("backup", tmp_path / "backup.tar")
    finally:
        MigrationRecorder.Migration(app="planning", name="0003_versions").save()
    assert not (tmp_path / "backup.tar").exists()
