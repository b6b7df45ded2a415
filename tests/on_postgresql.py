"""Run the tests marked `database` again, on a PostgreSQL server that lives as long as they do.

Where NOTHING_SKIPPED is set, as in CI, those marked `database_in_ci` or `in_ci` too.
"""

import os
import subprocess
import sys

from tests.serving import POSTGRESQL, ROOT, postgresql


def main():
    in_ci = bool(os.environ.get("NOTHING_SKIPPED"))
    if POSTGRESQL is None:
        print("The tests on PostgreSQL are skipped: install it (Debian's package is postgresql).")
        return int(in_ci)
    marked = "database or database_in_ci" if in_ci else "database and not in_ci"
    with postgresql() as server:
        print("Again on PostgreSQL:", flush=True)
        command = [sys.executable, "-m", "pytest", "-m", marked, *sys.argv[1:]]
        environment = os.environ | {"DATABASE_URL": server.address}
        return subprocess.run(command, cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
