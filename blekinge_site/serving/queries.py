"""Which public views read the query of an address: the parameters after the question mark.

The page cache stores a page under its path alone and sends it whatever the query says. A view that reads
its query names the parameters with `reads_query`; all others stay out of what is stored, and out of what
the view sees. An answer that may not be stored at all says so itself: `Cache-Control: no-store`.
"""

from django.conf import settings
from django.urls import get_resolver, reverse
from django.utils.translation import override


def reads_query(*names):
    """Let a view read these parameters. Its path has no arguments: `readers` lists it."""

    def declare(view):
        view.query_names = frozenset(names)
        return view

    return declare


def readers():
    """Return the parameters that are read at each path whose view reads any: a dict of frozensets."""
    names = dict(_names_of_views(get_resolver().url_patterns))
    found = {}
    for language, _name in settings.LANGUAGES:
        with override(language):
            found |= {reverse(view): read for view, read in names.items()}
    return found


def _names_of_views(patterns, namespaces=()):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            within = [pattern.namespace] if pattern.namespace else []
            yield from _names_of_views(pattern.url_patterns, (*namespaces, *within))
        elif hasattr(pattern.callback, "query_names"):
            yield ":".join((*namespaces, pattern.name)), pattern.callback.query_names
