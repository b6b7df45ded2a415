"""Ten thousand clients that hang up leave the site as it was; test_deploy.py tries them through nginx."""

import os
import socket

import pytest

from tests.hang_ups import hang_up_often, held, settles
from tests.serving import pss, served

pytestmark = pytest.mark.processes

COUNT = int(os.environ.get("HANG_UPS", 10_000))
FILL = "from django.core.management import call_command; call_command('load_fixtures', verbosity=0)"


def test_clients_that_hang_up_leave_the_site_as_it_was(tmp_path):
    with served(tmp_path, FILL, WEB_CONCURRENCY="1") as site:

        def connect():
            return socket.create_connection(("127.0.0.1", site.port), 20)

        hang_up_often(connect, "localhost", COUNT // 2)  # until all that is kept has been loaded
        [worker] = site.workers()
        assert settles(worker, (12, 24))
        before, memory = held(worker), pss(worker)
        hang_up_often(connect, "localhost", COUNT)
        assert site.get("/healthz")[0] == 200
        assert settles(worker, before)
        assert pss(worker) < memory * 1.1
        assert site.workers() == [worker]
        site.process.terminate()
        assert site.process.wait(15) == 0
        log = site.log.read_text()
        for sign in ("Traceback", '"status": 5', "Forcing close"):
            assert sign not in log
