"""Tests of the whole site."""

import json
import os
import re
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from pages.models import CoreValue, DailyStat, Page, RegionProfile
from planning.models import (
    Decision,
    FollowUp,
    GoalRating,
    Indicator,
    IndicatorValue,
    PlanDocument,
    RegionalPlan,
)
from tests.factories import (
    make_budget,
    make_focus_area,
    make_goal,
    make_page,
    make_perspective,
    make_plan,
    make_profile,
    make_table,
)
from tests.site import public_addresses, text_of

pytestmark = pytest.mark.database_in_ci

ROOT = Path(settings.BASE_DIR)

# --- Data ------------------------------------------------------------------------------------------


def test_no_migration_is_missing(db):
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def everything():
    """Return all content serialized without primary keys."""
    saved = StringIO()
    apps = ["pages", "planning"]
    call_command("dumpdata", *apps, natural_foreign=True, natural_primary=True, stdout=saved)
    return json.loads(saved.getvalue())


def test_fixtures_load_any_number_of_times(content):
    once = everything()
    names = ["regional_plan_2019_2021", "pages", "region_profile"]
    for name in names:
        call_command("loaddata", name, verbosity=0)
    assert everything() == once
    assert len(once) == 78


def test_fixtures_have_translated_fields_in_both_languages_and_no_primary_keys():
    for path in sorted(ROOT.glob("fixtures/*.json")):
        for entry in json.loads(path.read_text()):
            assert set(entry) == {"model", "fields"}
            fields = {name: value for name, value in entry["fields"].items() if "slug" not in name}
            swedish = {name[:-3] for name in fields if name.endswith("_sv")}
            assert swedish == {name[:-3] for name in fields if name.endswith("_en")}
            assert not swedish & set(fields)
            for name in swedish:
                filled = [bool(fields[f"{name}_{language}"]) for language in ("sv", "en")]
                assert filled[0] == filled[1], (entry["model"], name, fields)


def test_everything_that_staff_can_enter_survives_dump_and_load(db, tmp_path):
    plan = make_plan()
    goal = make_goal(make_perspective(plan))
    make_focus_area(goal)
    make_budget(plan, lines=[("item", "1.0"), ("result", "1.0")])
    PlanDocument.objects.create(plan=plan, position=1, title_sv="Bilaga", file="bilaga.pdf")
    follow_up = FollowUp.objects.create(plan=plan, year=2019, source_sv="Årsredovisning")
    GoalRating.objects.create(follow_up=follow_up, goal=goal, rating="satisfactory")
    once = everything()
    file = tmp_path / "dump.json"
    file.write_text(json.dumps(once))
    call_command("loaddata", file, verbosity=0)
    assert everything() == once


def test_load_fixtures_leaves_an_edited_site_alone(db):
    call_command("load_fixtures", stdout=StringIO())
    assert RegionalPlan.objects.get().title_sv == "Regionplan med budget"
    RegionalPlan.objects.update(title_sv="Ändrad")
    Page.objects.all().delete()
    call_command("load_fixtures", stdout=StringIO())
    assert RegionalPlan.objects.get().title_sv == "Ändrad"
    assert not Page.objects.exists()


# --- Queries ---------------------------------------------------------------------------------------


def fill(number):
    """Fill the site with `number` of each kind of object that a page lists."""
    profile = make_profile()
    for i in range(1, number + 1):
        common = {"profile": profile, "position": i}
        DailyStat.objects.create(value=i, sentence_sv="saker", **common)
        CoreValue.objects.create(slug=f"v{i}", name_sv="Värde", body_sv="Text.", **common)
        make_page(f"sida-{i}", menu_position=i)
    plan = make_plan(1900, 1999)
    for i in range(1, number + 1):
        if i > 1:
            make_plan(1000 + i, 1000 + i)
        perspective = make_perspective(plan, i)
        goal = make_goal(perspective, 1)
        for j in range(2, number + 1):
            make_goal(perspective, j)
        for j in range(1, number + 1):
            make_focus_area(goal, j)
        indicator = Indicator.objects.create(
            goal=goal, position=i, name_sv=f"Indikator {i}", direction="more"
        )
        for j in range(1, number + 1):
            IndicatorValue.objects.create(indicator=indicator, year=1900 + j, value=j)
        make_goal(None, i, plan=plan)
        Decision.objects.create(plan=plan, position=i)
        budget = make_budget(plan, 1899 + i)
        columns = [("plan", 1899 + i + j) for j in range(number)]
        lines = [("item", ["1.0"] * number)] * number + [("result", [f"{number}.0"] * number)]
        for _table in range(number):
            make_table(budget, lines, columns)
        PlanDocument.objects.create(plan=plan, position=i, title_sv="Bilaga", file="bilaga.pdf")


ADDRESSES = [
    "/",
    "/om-region-blekinge/",
    "/regionplan/",
    "/regionplan/1900-1999/",
    "/regionplan/1900-1999/perspektiv-1/",
    "/regionplan/1900-1999/budget-1900/",
    "/sida-1/",
    "/aterkoppling/tack/",
    "/finns-inte/",
]


@pytest.mark.parametrize("number", [1, 3, pytest.param(50, marks=pytest.mark.in_ci)])
def test_queries_do_not_grow_with_content(client, db, number):
    fill(number)
    query_counts = {}
    for address in ADDRESSES:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address).status_code in {200, 404}
        query_counts[address] = len(queries)
    assert query_counts == {
        # profile, stats, plans, perspectives with counts, goals, budgets, tables, columns, lines, footer
        "/": 10,
        "/om-region-blekinge/": 5,  # profile, stats, administrations, values, footer
        # plans, perspectives; goals, focus areas, indicators and values, in perspectives and directly in
        # the plan; budgets, tables, columns, lines, documents, decisions, footer: the maximum
        "/regionplan/": 16,
        "/regionplan/1900-1999/": 16,
        # plans, perspectives, goals, areas, indicators, values, footer
        "/regionplan/1900-1999/perspektiv-1/": 7,
        # plans, budget, tables, columns, lines, follow-up, footer
        "/regionplan/1900-1999/budget-1900/": 7,
        "/sida-1/": 3,  # page, tree, footer
        "/aterkoppling/tack/": 1,  # footer
        "/finns-inte/": 3,  # page, withdrawn page, footer
    }


# --- Every public page -----------------------------------------------------------------------------


def test_every_public_page_is_safe_and_sets_no_cookie(client, content):
    for language in ("sv", "en"):
        for address in [*public_addresses(language), "/finns-inte/"]:
            response = client.get(address)
            assert response.status_code == (404 if address == "/finns-inte/" else 200), address
            assert not response.cookies
            policy = response["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert response["X-Content-Type-Options"] == "nosniff"
            assert response["X-Frame-Options"] == "DENY"


def test_every_public_page_names_its_other_language(client, content):
    for swedish, english in zip(public_addresses("sv"), public_addresses("en"), strict=True):
        links = "".join(
            f'<link rel="alternate" hreflang="{language}" href="http://testserver{address}">\n'
            for language, address in (("sv", swedish), ("en", english))
        )
        assert links in client.get(swedish).content.decode()
        html = client.get(english).content.decode()
        assert links in html
        assert f'<a href="{swedish}" hreflang="sv" lang="sv">Svenska</a>' in html


def test_english_addresses_have_english_words(content):
    assert public_addresses("en") == [
        "/en/",
        "/en/about-region-blekinge/",
        "/en/regional-plan/",
        "/en/regional-plan/2019-2021/",
        "/en/regional-plan/2019-2021/residents-and-society/",
        "/en/regional-plan/2019-2021/quality-and-process/",
        "/en/regional-plan/2019-2021/competence/",
        "/en/regional-plan/2019-2021/environment-and-sustainability/",
        "/en/regional-plan/2019-2021/finances/",
        "/en/regional-plan/2019-2021/budget-2019/",
        "/en/accessibility-statement/",
        "/en/about-the-website/",
        "/en/contact/",
        "/en/feedback/thanks/",
    ]


def test_the_visitors_browser_does_not_choose_the_language(client, content):
    response = client.get("/", headers={"accept-language": "en"})
    assert '<html lang="sv">' in response.content.decode()


def test_years_are_never_grouped(client, content):
    for language in ("sv", "en"):
        for address in public_addresses(language):
            assert not re.search(r"2[ ,]0(19|20|21|26)\b", text_of(client.get(address))), address


def test_the_statement_is_linked_by_its_full_name_from_every_page(client, content):
    link = '<a href="/tillganglighetsredogorelse/">Tillgänglighetsredogörelse</a>'
    for address in [*public_addresses("sv"), "/finns-inte/"]:
        assert link in client.get(address).content.decode(), address


# --- Errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "heading"), [("/", "Något gick fel hos oss"), ("/en/", "Something went wrong")]
)
def test_the_error_page_needs_no_database(client, monkeypatch, address, heading):
    def down(*args, **kwargs):
        raise DatabaseError("down")

    monkeypatch.setattr("django.db.models.sql.compiler.SQLCompiler.execute_sql", down)
    client.raise_request_exception = False
    response = client.get(address)
    assert response.status_code == 500
    assert heading in text_of(response)
    assert "Traceback" not in response.content.decode()


def test_a_wrong_host_gets_a_page_that_says_so(client):
    response = client.get("/", headers={"host": "example.org"})
    assert response.status_code == 400
    assert "Vi förstår inte frågan" in text_of(response)


def test_a_missing_page_is_missing_in_its_language(client, db):
    assert "Sidan finns inte" in text_of(client.get("/finns-inte/"))
    assert "Page not found" in text_of(client.get("/en/not-there/"))


# --- Loaded modules --------------------------------------------------------------------------------

# These load slowly, and public pages don't need them.
ONLY_FOR_STAFF = {"cryptography", "fido2", "import_export", "openpyxl", "requests", "tablib"}
VISIT = """
import sys
import blekinge_site.wsgi
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
print(Client().get("/", headers={"host": "localhost"}).status_code, *sys.modules)
"""


@pytest.mark.processes
def test_a_visit_loads_no_module_that_only_staff_need(tmp_path):
    process = subprocess.run(
        [sys.executable, "-c", VISIT],
        env={
            "SECRET_KEY": "0" * 50,
            "HTTPS": "off",
            "DEBUG": "off",
            "DATABASE_URL": f"sqlite:///{tmp_path / 'site.sqlite3'}",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    status, *modules = process.stdout.split()
    assert status == "200"
    assert set(modules) & ONLY_FOR_STAFF == set()


# --- Translations ----------------------------------------------------------------------------------


@pytest.mark.processes
def test_make_messages_changes_nothing_and_the_english_catalogue_is_complete(tmp_path):
    if shutil.which("xgettext") is None:
        pytest.skip("no xgettext here: apt-get install gettext")
    project = tmp_path / "site"
    left_out = (".git", ".venv", "node_modules", "staticfiles", "media", "__pycache__")
    shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(*left_out))
    (project / ".venv").symlink_to(sys.prefix)
    subprocess.run(
        # --old-file: the packages are installed already.
        ["make", "--silent", "--old-file=install-dev", "messages"],
        cwd=project,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "blekinge_site.settings"},
        check=True,
    )
    before, after = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.[mp]o")}
        for folder in (ROOT / "locale", project / "locale")
    )
    assert len(before) == 6
    assert after == before, "run make messages and translate what is new"
    english = (ROOT / "locale/en/LC_MESSAGES/django.po").read_text().split("\n\n", 1)[1]
    assert "fuzzy" not in english
    assert not re.search(r'msgstr(\[\d\])? ""\n(?!")', english)


# --- The admin -------------------------------------------------------------------------------------


def test_every_admin_page_opens(admin_client, content):
    # Our own models, and Django's users, groups and log entries.
    assert len(admin.site._registry) == 19
    for model, model_admin in admin.site._registry.items():
        names = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        pages = [names]
        if model_admin.has_add_permission(admin_client.get("/admin/").wsgi_request):
            pages.append(f"{names}add/")
        if obj := model.objects.first():
            pages += [f"{names}{obj.pk}/change/", f"{names}{obj.pk}/history/"]
        for page in pages:
            assert admin_client.get(page, follow=True).status_code == 200, page


def test_queries_of_lists_in_the_admin_do_not_grow_with_content(admin_client, db):
    def queries_of_lists():
        counts = {}
        for model in admin.site._registry:
            address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
            with CaptureQueriesContext(connection) as queries:
                admin_client.get(address, follow=True)
            counts[address] = len(queries)
        return counts

    fill(1)
    few = queries_of_lists()
    for model in (Page, RegionalPlan, RegionProfile):
        model.objects.all().delete()
    fill(3)
    assert queries_of_lists() == few
