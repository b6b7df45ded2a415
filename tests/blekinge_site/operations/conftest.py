"""A site whose database is filled once for all tests."""

import shutil

import pytest

from tests.outages import FILL
from tests.serving import filled_folder


@pytest.fixture
def folder(tmp_path):
    """A folder with a SQLite file that has the site's content and an editor."""
    return shutil.copytree(filled_folder(FILL), tmp_path, dirs_exist_ok=True)
