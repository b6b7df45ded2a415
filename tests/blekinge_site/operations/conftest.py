"""A database that is filled once for all tests in this folder."""

import shutil

import pytest

from tests.outages import FILL
from tests.serving import (
    Served,
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A SQLite file with the site's content and an editor."""
    site = Served(tmp_path_factory.mktemp("filled"))
    site.manage("migrate", "--verbosity", "0")
    site.run(FILL)
    return site.log.parent / "site.sqlite3"


@pytest.fixture
def folder(filled, tmp_path):
    shutil.copy(filled, tmp_path)
    return tmp_path
