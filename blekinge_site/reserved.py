"""Checks that ADMIN_PATH does not hide public pages, existing or planned."""

from django.conf import settings
from django.utils.translation import override

from blekinge_site.environment import BadSettingError

PROBES = {"healthz", "readyz"}  # operations/health.py answers these before URLs are resolved
# Planned in both languages: search, changes of a plan, open data.
PLANNED = {"sok", "search", "andringar", "changes", "oppna-data", "open-data", "datasets"}


def first_words(patterns, before=""):
    """Return a set of the first path segments of the URL patterns `patterns` in the active language."""
    words = set()
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if "/" in route or not hasattr(pattern, "url_patterns"):
            words.add(route.split("/")[0])
        else:
            words |= first_words(pattern.url_patterns, route)
    return words


def check_admin_path(admin_path, public_patterns):
    """Raise BadSettingError if `admin_path` has the same first word as a public page in any language.

    All paths below the first word of a public page are reserved for public pages.
    """
    words = PLANNED | PROBES | {settings.STATIC_URL.strip("/"), *dict(settings.LANGUAGES)}
    for language, _name in settings.LANGUAGES:
        with override(language):
            words |= first_words(public_patterns)
    word = admin_path.split("/")[0]
    if word in words:
        refuse_admin_path(word)


def refuse_admin_path(word):
    raise BadSettingError(
        f"ADMIN_PATH begins with {word}, which is reserved for public pages. Set it to another word."
    )
