"""Where the staff's pages may not be: at an address that visitors' pages have, or will have."""

from django.conf import settings
from django.utils.translation import override

from blekinge_site.environment import BadSettingError

PROBES = {"healthz", "readyz"}  # which health.py answers before there is an address
# Planned, in both languages: search, changes of a plan, open data.
TO_COME = {"sok", "search", "andringar", "changes", "oppna-data", "open-data", "datasets"}


def first_words(patterns, before=""):
    """Return the words, a set, that the addresses of `patterns` begin with in the active language."""
    words = set()
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if "/" in route or not hasattr(pattern, "url_patterns"):
            words.add(route.split("/")[0])
        else:
            words |= first_words(pattern.url_patterns, route)
    return words


def refuse_taken(staff, visitors):
    """Raise BadSettingError where path `staff` begins as an address of the URL patterns `visitors` does.

    Only the first word counts, in any language: what is below it is the visitors' too.
    """
    words = TO_COME | PROBES | {settings.STATIC_URL.strip("/"), *dict(settings.LANGUAGES)}
    for language, _name in settings.LANGUAGES:
        with override(language):
            words |= first_words(visitors)
    word = staff.split("/")[0]
    if word in words:
        refuse(word)


def refuse(word):
    raise BadSettingError(
        f"ADMIN_PATH begins with {word}, which is kept for visitors' pages. Set it to another word."
    )
