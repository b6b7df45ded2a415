"""Ten thousand clients hang up and leave nothing behind.

test_deploy.py tries the same through nginx.
"""

import os
import socket

import pytest

from tests.hang_ups import falls_to, hang_up_often, sockets_and_threads
from tests.serving import LOAD_FIXTURES, pss, served

pytestmark = [pytest.mark.processes, pytest.mark.in_ci]

COUNT = int(os.environ.get("HANG_UPS", 10_000))


def test_clients_that_hang_up_leave_the_site_as_it_was(tmp_path):
    with served(tmp_path, LOAD_FIXTURES, WEB_CONCURRENCY="1") as site:

        def connect():
            return socket.create_connection(("127.0.0.1", site.port), 20)

        # The first half loads everything that stays in memory.
        hang_up_often(connect, "localhost", COUNT // 2)
        [worker] = site.workers()
        assert falls_to(worker, (12, 24))
        before, memory = sockets_and_threads(worker), pss(worker)
        hang_up_often(connect, "localhost", COUNT)
        assert site.get("/healthz")[0] == 200
        assert falls_to(worker, before)
        assert pss(worker) < memory * 1.1
        assert site.workers() == [worker]
        site.process.terminate()
        assert site.process.wait(15) == 0
        log = site.log.read_text()
        for sign in ("Traceback", '"status": 5', "Forcing close"):
            assert sign not in log
