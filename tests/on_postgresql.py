"""Run the tests marked `database` again, on a PostgreSQL server that lives as long as they do."""

import os
import subprocess
import sys

from tests.serving import POSTGRESQL, ROOT, postgresql


def main():
    if POSTGRESQL is None:
        print("The tests on PostgreSQL are skipped: install it (Debian's package is postgresql).")
        return 1 if os.environ.get("NOTHING_SKIPPED") else 0
    with postgresql() as server:
        print("Again on PostgreSQL:", flush=True)
        command = [sys.executable, "-m", "pytest", "-m", "database", *sys.argv[1:]]
        environment = os.environ | {"DATABASE_URL": server.address}
        return subprocess.run(command, cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
