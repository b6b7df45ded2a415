"""`make run` in a directory of its own, with a Python that only records its arguments."""

import shutil
import socket
import subprocess
import sys

import pytest

from tests.serving import ROOT, free_port

pytestmark = pytest.mark.processes

PROJECT = ROOT

# Creates virtual environments whose Python records its arguments, and fails if they contain $FAILING.
NOTING_PYTHON = f"""#!/bin/sh
if [ "$1" = --version ]; then echo "Python 3.13.0"; exit; fi
if [ "$1 $2" != "-m venv" ]; then exec {sys.executable} "$@"; fi
if [ "$3" = --clear ]; then rm -rf .venv; fi
mkdir -p .venv/bin
cat > .venv/bin/python <<'END'
#!/bin/sh
case "$*" in *secrets*) exec {sys.executable} "$@";; esac
echo "$*" >> commands
case "$*" in *"$FAILING"*) exit 1;; esac
END
chmod +x .venv/bin/python
"""
OLD_PYTHON = "#!/bin/sh\necho Python 3.9.18\n"
PYENV_LEFTOVER = "#!/bin/sh\necho 'pyenv: python3: command not found' >&2\nexit 127\n"

INSTALL = "-m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt"
COLLECT = "manage.py collectstatic --no-input --verbosity 0"
FILL = [
    "manage.py migrate --verbosity 0",
    "manage.py load_fixtures",
    "-m compileall -q blekinge_site pages planning",
]


@pytest.fixture
def clone(tmp_path):
    """A directory with the files that `make run` reads, and the only commands on PATH in `bin`."""
    for name in ("Makefile", "requirements.txt", "blekinge_site/settings.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    for name in ("awk", "cat", "chmod", "cmp", "cp", "find", "ls", "make", "mkdir", "rm"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    return tmp_path


@pytest.fixture
def port():
    """A free port."""
    return free_port()


def add_command(clone, script, name="python3"):
    (clone / "bin" / name).write_text(script)
    (clone / "bin" / name).chmod(0o755)


def make(clone, *arguments, failing="nothing"):
    """Return the exit code, the output lines, and the error lines except make's own."""
    done = subprocess.run(
        ["make", *arguments],
        cwd=clone,
        env={"PATH": str(clone / "bin"), "FAILING": failing},
        capture_output=True,
        text=True,
    )
    errors = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    return done.returncode, done.stdout.splitlines(), errors


def commands(clone):
    """Return the commands that the virtual environment's Python has run since the last call."""
    return (clone / "commands").rename(clone / "read").read_text().splitlines()


def test_make_alone_lists_the_targets(clone):
    code, output, errors = make(clone)
    assert [line.split()[1] for line in output] == [
        "help",
        "run",
        "test",
        "quick",
        "check",
        "audit",
        "fix",
        "lock",
        "messages",
        "pictures",
        "bench",
        "growth",
        "load",
        "hook",
    ]
    assert (code, errors) == (0, [])


@pytest.mark.parametrize("port", ["http", "80 90", "-1", "0", "65536", "'", ""])
def test_run_refuses_a_port_that_is_no_port_number(clone, port):
    assert make(clone, "run", f"PORT={port}") == (
        2,
        [],
        [f"PORT is '{port}'. Set it to a number from 1 to 65535: make run PORT=8010."],
    )


def test_run_refuses_a_busy_port_before_it_installs(clone):
    add_command(clone, NOTING_PYTHON)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert make(clone, "run", f"PORT={port}") == (
            2,
            [],
            [
                f"Port {port} cannot be used: another program has it, or it is reserved. "
                "Choose another: make run PORT=8010."
            ],
        )
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize(
    ("script", "complaint"),
    [(None, "not found"), (PYENV_LEFTOVER, "not found"), (OLD_PYTHON, "Python 3.9.18")],
)
def test_run_without_a_python_it_can_use_says_so(clone, port, script, complaint):
    if script:
        add_command(clone, script)
    assert make(clone, "run", f"PORT={port}") == (
        2,
        [],
        [
            "Python 3.12 or newer with its venv module is needed (on Debian: python3-venv); "
            f"python3 here: {complaint}."
        ],
    )


def test_run_passes_over_a_python_that_does_not_run(clone, port):
    add_command(clone, PYENV_LEFTOVER, "python3.13")
    add_command(clone, NOTING_PYTHON, "python3.12")
    assert make(clone, "run", f"PORT={port}")[0] == 0


def test_run_installs_fills_and_serves(clone, port):
    add_command(clone, NOTING_PYTHON)
    assert make(clone, "run", f"PORT={port}") == (
        0,
        [
            "Making .venv with Python 3.13.0.",
            "Installing what requirements.txt lists.",
            "Writing .env with a secret key for this machine.",
            "Collecting and compressing the static files.",
            "Bringing the database up to date.",
            f"Serving http://127.0.0.1:{port}/ until Ctrl-C.",
            "For a staff account: .venv/bin/python manage.py createsuperuser, "
            f"then http://127.0.0.1:{port}/admin/.",
        ],
        [],
    )
    serve = f"serve.py --bind 127.0.0.1:{port}"
    assert commands(clone) == [INSTALL, COLLECT, *FILL, serve]

    secret, *others = (clone / ".env").read_text().splitlines()
    assert len(secret.removeprefix("SECRET_KEY=")) >= 50
    assert others == ["HTTPS=off", "SECOND_FACTOR=off"]
    assert (clone / ".env").stat().st_mode & 0o077 == 0


def test_run_again_keeps_the_installation_and_the_settings(clone, port):
    add_command(clone, NOTING_PYTHON)
    (clone / ".env").write_text("DEBUG=on\n")
    make(clone, "run", f"PORT={port}")
    commands(clone)

    assert make(clone, "run", f"PORT={port}")[0] == 0
    assert commands(clone) == [
        "-c import django",
        COLLECT,
        *FILL,
        f"serve.py --bind 127.0.0.1:{port}",
    ]
    assert (clone / ".env").read_text() == "DEBUG=on\n"


def test_run_installs_again_when_the_lock_has_changed(clone, port):
    add_command(clone, NOTING_PYTHON)
    make(clone, "run", f"PORT={port}")
    commands(clone)

    (clone / "requirements.txt").write_text("django==6.1.9\n")
    make(clone, "run", f"PORT={port}")
    assert commands(clone)[:2] == ["-c import django", INSTALL]


@pytest.mark.parametrize("failing", ["pip install", "import django"])
def test_run_makes_an_unfinished_or_broken_installation_afresh(clone, port, failing):
    add_command(clone, NOTING_PYTHON)
    make(clone, "run", f"PORT={port}", failing=failing)
    second = make(clone, "run", f"PORT={port}", failing=failing)
    assert second[1][:3] == [
        "The .venv here is unfinished or broken: making it afresh.",
        "Making .venv with Python 3.13.0.",
        "Installing what requirements.txt lists.",
    ]


def test_run_stops_when_pip_fails(clone, port):
    add_command(clone, NOTING_PYTHON)
    assert make(clone, "run", f"PORT={port}", failing="pip install") == (
        2,
        ["Making .venv with Python 3.13.0.", "Installing what requirements.txt lists."],
        ["pip could not install it; above it says why."],
    )
