"""Settings are parsed as documented, and a bad value stops every way to start with one line."""

import os
import re
import shutil
import socket
import subprocess
import sys

import pytest
from django.core import checks

from blekinge_site.environment import BadSettingError
from blekinge_site.operations.health import readiness
from blekinge_site.reserved import check_admin_path, first_words
from blekinge_site.serving.bridge import THREADS
from blekinge_site.urls import public_patterns, translated_patterns
from tests.factories import make_page
from tests.serving import ROOT, free_port

GOOD = {"SECRET_KEY": "0" * 50}
ON_OR_OFF = "Set it to on or off."
# A bad value of each setting and part of its error; several values where the errors differ.
BAD = [
    ("SECRET_KEY", "short", "SECRET_KEY has 5 characters. Set it to at least 50 random ones."),
    ("SECRET_KEY", "", "SECRET_KEY has 0 characters. Set it to at least 50 random ones."),
    ("DEBUG", "true", f"DEBUG is 'true'. {ON_OR_OFF}"),
    ("HTTPS", "1", f"HTTPS is '1'. {ON_OR_OFF}"),
    ("BEHIND_PROXY", "nginx", f"BEHIND_PROXY is 'nginx'. {ON_OR_OFF}"),
    ("SECOND_FACTOR", "no", f"SECOND_FACTOR is 'no'. {ON_OR_OFF}"),
    ("PAGE_CACHE", "yes", f"PAGE_CACHE is 'yes'. {ON_OR_OFF}"),
    ("ACCESS_LOG", "/var/log/x", f"ACCESS_LOG is '/var/log/x'. {ON_OR_OFF}"),
    ("LOG_FORMAT", "xml", "LOG_FORMAT is 'xml'. Set it to json or text."),
    ("ALLOWED_HOSTS", "*", "Set it to host names with commas, such as example.org,www."),
    ("ALLOWED_HOSTS", "", "Set it to host names"),
    ("ALLOWED_HOSTS", "https://example.org", "Set it to host names"),
    ("DATABASE_URL", "oracle", "Set it as postgresql://user:password@host/name, or leave it out"),
    ("DATABASE_URL", "mysql://u:p@host/name", "Set it as postgresql://"),
    ("DATABASE_URL", "postgresql://u:p@host", "Set it as postgresql://"),
    ("DATABASE_URL", "sqlite:////nowhere/site.sqlite3", "Set it as postgresql://"),
    ("DATABASE_URL", "sqlite:////etc", "Set it as postgresql://"),
    ("MEDIA_ROOT", "", "Set it to a folder, or leave it out."),
    ("MEDIA_ROOT", "/etc/passwd", "Set it to a folder, or leave it out."),
    ("MEDIA_ROOT", "/etc/passwd/media", "Set it to a folder, or leave it out."),
    ("CACHE_URL", "memcached://host", "Set it as redis://host:6379/0."),
    ("CACHE_URL", "redis://host:x", "Set it as redis://host:6379/0."),
    ("ACCOUNT_CONTACT", "", "Set it to one line of text, or leave it out."),
    ("INACTIVITY_MINUTES", "1h", "Set it to a whole number of minutes, such as 60."),
    ("INACTIVITY_MINUTES", "0", "Set it to a whole number of minutes, such as 60."),
    ("PAGE_CACHE_MB", "0", "Set it to a whole number of megabytes, such as 32."),
    ("FEEDBACK_DAYS", "0", "Set it to a whole number of days, such as 365."),
    ("WEB_CONCURRENCY", "zero", "Set it to a whole number of processes, such as 2."),
    ("ADMIN_PATH", "/", "Set it to a path that no page has, such as admin/."),
    ("ADMIN_NETWORKS", "10.0.0.1/8", "Set it to networks with commas, such as 10.0.0.0/8,"),
    ("SECURITY_CONTACT", "x@example.se", "Set it as mailto:name@host or https://…, or leave"),
    ("OIDC_ACR", "två faktorer", "Set it to words with commas, or leave it out."),
    ("SITE_NAME", "", "Set it to one line of text, or leave it out."),
    ("METRICS_PORT", "70000", "Set it to a number from 1 to 65535, or leave it out."),
    ("METRICS_HOST", "all of them", "Set it to an address of this machine, or leave it out."),
    ("SENTRY_DSN", "https://sentry.example/1", "Set it as https://key@host/number, or leave"),
    ("EMAIL_URL", "example.se", "Set it as smtp+tls://user:password@host:587, or leave it out."),
    ("EMAIL_FROM", "Regionen", "Set it to the address that mail is sent from."),
    ("OIDC_SERVER_URL", "x", "Set it as https://host/path, or leave it out."),
    ("OIDC_NAME", " ", "Set it to one line of text, or leave it out."),
    ("OIDC_CLIENT_ID", "x", "OIDC_SERVER_URL is missing. Set all of OIDC_SERVER_URL, OIDC_CLIENT_"),
    ("OIDC_CLIENT_SECRET", "x", "OIDC_SERVER_URL is missing. Set all of OIDC_SERVER_URL,"),
    ("DATABASE_PASSWORD_FILE", "/nowhere", "DATABASE_PASSWORD_FILE cannot be read. Set it to a"),
    ("CACHE_PASSWORD_FILE", "/nowhere", "CACHE_PASSWORD_FILE cannot be read. Set it to a text"),
    ("SECRET_KEY_FILE", "/etc", "SECRET_KEY_FILE cannot be read. Set it to a text file that"),
]
# Other settings that each of these depends on.
TOGETHER = {
    "EMAIL_FROM": {"EMAIL_URL": "smtp://a.se"},
    "DATABASE_PASSWORD_FILE": {"DATABASE_URL": "postgresql://site@host/site"},
    "CACHE_PASSWORD_FILE": {"CACHE_URL": "redis://host"},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project, with a folder for static files and this Python's packages."""
    folder = tmp_path_factory.mktemp("project") / "site"
    left_out = (".git", ".venv", ".env", "node_modules", "staticfiles", "media", "*.sqlite3*")
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*left_out, "__pycache__"))
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture(params=["make run", "manage.py", "serve.py", "gunicorn"])
def starter(request):
    return request.param


def start(project, starter, **environment):
    """Start the site in the folder `project`; return the exit code and the lines of errors.

    For `make run`, the code is 1 and make's own error line is left out.
    """
    port = str(free_port())
    python = [sys.executable, "-W", "ignore"]
    command = {
        # --old-file: the packages are installed already.
        "make run": ["make", "--old-file=install", "run", f"PORT={port}"],
        "manage.py": [*python, "manage.py", "migrate", "--verbosity", "0"],
        "serve.py": [*python, "serve.py", "--bind", f"127.0.0.1:{port}"],
        "gunicorn": [*python, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"],
    }[starter]
    ended = subprocess.run(
        command,
        cwd=project,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    lines = ended.stderr.splitlines()
    if starter == "make run":
        assert re.match(r"make: \*\*\* .* Error 1$", lines.pop())
        return 1, lines
    return ended.returncode, lines


def assert_one_line(ended, sentence):
    code, (line,) = ended
    assert code == 1
    assert sentence in line


# --- Bad values ------------------------------------------------------------------------------------


@pytest.mark.processes
@pytest.mark.parametrize(("name", "value", "sentence"), BAD)
def test_a_bad_setting_stops_the_start_with_one_line(project, name, value, sentence):
    environment = GOOD | TOGETHER.get(name, {}) | {name: value}
    code, (line,) = start(project, "serve.py", **environment)
    assert code == 1
    if not sentence.startswith(("OIDC_", name)):
        sentence = f"{name} is missing or cannot be read. {sentence}"
    assert line.startswith(sentence)


@pytest.mark.processes
def test_every_way_to_start_reports_a_bad_setting_the_same(project, starter):
    name, value, mend = next(bad for bad in BAD if bad[0] == "OIDC_SERVER_URL")
    sentence = f"{name} is missing or cannot be read. {mend}"
    assert_one_line(start(project, starter, **GOOD, **{name: value}), sentence)


@pytest.mark.processes
@pytest.mark.parametrize("starter", ["make run", "manage.py", "serve.py"])
def test_bad_variables_that_gunicorn_reads_itself_are_reported_too(project, starter):
    ended = start(project, starter, **GOOD, WEB_CONCURRENCY="zero")
    assert_one_line(ended, "WEB_CONCURRENCY is missing or cannot be read.")


@pytest.mark.processes
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("SITE_NAME=Region Örebro\n".encode("latin-1"), ".env cannot be read. Save it as a text"),
        (b"SITE_NAME=Region\nHTTPS off\n", "Line 2 of .env is not NAME=value. Correct it."),
    ],
)
def test_a_bad_settings_file_is_reported(project, starter, text, sentence):
    (project / ".env").write_bytes(text)
    try:
        assert_one_line(start(project, starter, **GOOD), sentence)
    finally:
        (project / ".env").unlink()


@pytest.mark.processes
@pytest.mark.parametrize("starter", ["make run", "manage.py"])
@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("postgresql://site@127.0.0.1:{port}/site", "Connection refused"),
        ("sqlite:///{folder}/text", "file is not a database"),
    ],
)
def test_an_unreachable_database_is_reported(project, starter, address, why):
    (project / "text").write_text("This is no database. " * 100)
    collected = project / "staticfiles/staticfiles.json"
    collected.parent.mkdir(exist_ok=True)
    collected.touch()  # as after the first `make run`
    ended = start(
        project, starter, **GOOD, DATABASE_URL=address.format(port=free_port(), folder=project)
    )
    assert_one_line(ended, "The database cannot be reached (")
    assert why in ended[1][0]
    assert ended[1][0].endswith("). Start it, or correct DATABASE_URL.")


@pytest.mark.processes
@pytest.mark.parametrize("starter", ["serve.py", "gunicorn"])
def test_a_busy_metrics_port_is_reported(project, starter):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code, lines = start(
            project, starter, **GOOD, METRICS_PORT=str(port), ACCESS_LOG="off", LOG_FORMAT="json"
        )
    assert code == 1
    assert [line for line in lines if '"INFO"' not in line] == [
        "METRICS_HOST and METRICS_PORT cannot be used ([Errno 98] Address already in use). "
        "Choose others."
    ]


# --- The admin's address ---------------------------------------------------------------------------


@pytest.mark.processes
@pytest.mark.parametrize("starter", ["make run", "manage.py", "gunicorn"])
def test_the_admin_cannot_take_the_plans_address(project, starter):
    (project / "staticfiles").mkdir(exist_ok=True)
    (project / "staticfiles/staticfiles.json").touch()
    ended = start(project, starter, **GOOD, ADMIN_PATH="regionplan/personal/")
    assert_one_line(
        ended, "ADMIN_PATH begins with regionplan, which is reserved for public pages. Set it to"
    )


@pytest.mark.parametrize(
    "word",
    ["regionplan", "regional-plan", "om-region-blekinge", "about-region-blekinge", "aterkoppling"]
    + ["feedback", "forhandsgranska", "en", "sv", "static", "readyz", "sok", "search", "andringar"]
    + ["changes", "oppna-data", "open-data", "datasets"],
)
def test_the_admin_path_cannot_begin_with_a_word_of_public_addresses(word):
    for path in (f"{word}/", f"{word}/personal/"):
        with pytest.raises(
            BadSettingError, match=f"^ADMIN_PATH begins with {word}, which is reserved"
        ):
            check_admin_path(path, [*public_patterns, *translated_patterns])


def test_the_words_of_public_addresses_come_from_the_url_patterns():
    # The empty word is the start page's; <slug:slug> is any editorial page's.
    assert first_words([*public_patterns, *translated_patterns]) == {
        *("", "<slug:slug>", ".well-known", "robots.txt", "sitemap.xml", "forhandsgranska"),
        *("om-region-blekinge", "aterkoppling", "regionplan"),
    }
    for path in ("admin/", "personal/regionplan/", "regionplan-personal/"):
        check_admin_path(path, [*public_patterns, *translated_patterns])


@pytest.mark.parametrize(("path", "is_taken"), [("/contact/", True), ("/contact/x/", False)])
def test_the_admin_cannot_be_at_the_address_of_a_page(db, settings, path, is_taken):
    make_page("kontakt", slug_en="contact", status="draft")
    settings.ADMIN_PATH = path
    if is_taken:
        with pytest.raises(BadSettingError, match="ADMIN_PATH begins with contact"):
            checks.run_checks(databases=["default"])
    assert checks.run_checks() == []


# --- Parsing ---------------------------------------------------------------------------------------


def read(project, names, **environment):
    """Return the printed values of the settings `names` under these environment variables."""
    process = subprocess.run(
        [sys.executable, "-c", f"from blekinge_site.settings import *; print({names})"],
        env={"PATH": os.environ["PATH"]} | GOOD | environment,
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    return process.stdout.rstrip("\n")


@pytest.mark.processes
def test_settings_are_normalised(project):
    environment = {"ALLOWED_HOSTS": "Example.org, .example.net,[::1]", "METRICS_HOST": ""}
    names = "ALLOWED_HOSTS, METRICS_HOST"
    assert (
        read(project, names, **environment) == "['example.org', '.example.net', '[::1]'] 127.0.0.1"
    )


@pytest.mark.processes
def test_secrets_may_be_in_files(project, tmp_path):
    secrets = {
        "SECRET_KEY": "y" * 60,
        "DATABASE_URL": "postgresql://site:ord@host/site",
        "CACHE_URL": "redis://:ord@host/0",
        "OIDC_CLIENT_SECRET": "hemligt",
        "EMAIL_URL": "smtp://u:ord@host",
        "SENTRY_DSN": "",
    }
    files = {}
    for name, value in secrets.items():
        path = tmp_path / name
        path.write_text(f"{value}\n")
        files[f"{name}_FILE"] = str(path)
    names = (
        'SECRET_KEY, DATABASES["default"]["PASSWORD"], CACHE_URL, OIDC["OIDC_CLIENT_SECRET"], '
        'MAILERS["default"]["OPTIONS"]["password"], SENTRY_DSN'
    )
    others = {"OIDC_SERVER_URL": "https://a.se", "OIDC_CLIENT_ID": "x", "EMAIL_FROM": "r@a.se"}
    assert (
        read(project, names, **others, **files)
        == f"{'y' * 60} ord redis://:ord@host/0 hemligt ord "
    )


@pytest.mark.processes
@pytest.mark.parametrize(
    ("database", "cache", "expected"),
    [
        ("postgresql://site@h/site", "redis://h:6379/1", "p@ss redis://:p%40ss@h:6379/1"),
        ("postgresql://site:own@h/site", "redis://user:own@h", "own redis://user:own@h"),
        ("postgresql://site@h/site", "redis://user@h", "p@ss redis://user:p%40ss@h"),
    ],
)
def test_passwords_may_be_settings_of_their_own(project, database, cache, expected):
    passwords = {"DATABASE_PASSWORD": "p@ss", "CACHE_PASSWORD": "p@ss"}
    names = 'DATABASES["default"]["PASSWORD"], CACHE_URL'
    assert read(project, names, DATABASE_URL=database, CACHE_URL=cache, **passwords) == expected


@pytest.mark.processes
def test_the_pool_has_a_connection_for_each_thread(project):
    url = "postgresql://u@host/name"
    names = 'DATABASES["default"]["OPTIONS"]["pool"]["max_size"]'
    others = 3  # the content version, the warm-up and the metrics
    probes = len(
        [part for part in ("database", "migrations", "writes") if part in readiness.checks]
    )
    assert read(project, names, DATABASE_URL=url) == str(THREADS + others + probes)
    assert "at most ten connections" in (ROOT / "docs/operations.md").read_text()


# --- Documentation ---------------------------------------------------------------------------------


def test_each_setting_has_a_row_in_the_readme_and_a_bad_value_here():
    code = [ROOT / f"blekinge_site/{name}.py" for name in ("settings", "environment")]
    text = "".join(path.read_text() for path in code)
    # The first argument of each function that reads a variable.
    names = re.findall(r'(?:env\.|[^.\w])[a-z_]+\(\s*"([A-Z_]+)"', text)
    rows = re.findall(r"^\| (`[A-Z_`, ]+`) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    documented = [name for row in rows for name in re.findall("[A-Z_]+", row)]
    assert sorted(documented) == sorted(set(names))
    assert {name.removesuffix("_FILE") for name, _value, _sentence in BAD} == set(documented)


def test_the_environment_is_read_in_the_settings_only():
    code = [
        *ROOT.glob("blekinge_site/**/*.py"),
        *ROOT.glob("p*/**/*.py"),
        ROOT / "gunicorn.conf.py",
    ]
    readers = [
        path.name for path in code if re.search(r"os\.environ\.get|getenv", path.read_text())
    ]
    assert readers == []
