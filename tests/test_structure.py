"""What keeps the tree readable: short modules, small folders, and imports that lead one way."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
FOLDERS = ["blekinge_site", "pages", "planning"]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for folder in FOLDERS
    for path in ROOT.glob(f"{folder}/**/*.py")
    if "migrations" not in path.parts
}
TESTS = sorted(ROOT.glob("tests/**/*.py"))


def imported_by(module):
    """Return the names of the site's own modules that `module` imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} imports by a relative path"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return names & MODULES.keys() - {module}


def test_pages_never_imports_planning():
    upwards = {
        module: sorted(name for name in imported_by(module) if name.startswith("planning"))
        for module in MODULES
        if module.startswith("pages")
    }
    assert not {module: names for module, names in upwards.items() if names}


def test_imports_make_no_circle():
    graph = {module: imported_by(module) for module in MODULES}
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError


def test_modules_are_short():
    limits = dict.fromkeys(MODULES.values(), 400) | dict.fromkeys(TESTS, 500)
    lengths = {path: len(path.read_text().splitlines()) for path in limits}
    too_long = {str(path): lengths[path] for path in limits if lengths[path] > limits[path]}
    assert not too_long


def test_folders_are_small():
    folders = {path.parent for path in [*MODULES.values(), *TESTS]}
    assert not {str(folder) for folder in folders if len(list(folder.glob("*.py"))) > 20}
