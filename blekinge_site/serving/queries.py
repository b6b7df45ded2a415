"""Which public views read the query string.

The page cache stores a page under its path alone and sends it whatever the query says. A view that reads
query parameters declares them with `reads_query`. Other parameters neither count for the cache nor reach the
view. A response that must not be stored says so itself, with `Cache-Control: no-store`.
"""

from django.conf import settings
from django.urls import get_resolver, reverse
from django.utils.translation import override


def reads_query(*names):
    """Declare the query parameters that a view reads. Its path must not have arguments."""

    def declare(view):
        view.query_names = frozenset(names)
        return view

    return declare


def query_names_by_path():
    """Return the declared parameters: a dict from path, in each language, to a frozenset."""
    by_view = dict(_declared(get_resolver().url_patterns))
    by_path = {}
    for language, _name in settings.LANGUAGES:
        with override(language):
            by_path |= {reverse(view): names for view, names in by_view.items()}
    return by_path


def _declared(patterns, namespaces=()):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            own = [pattern.namespace] if pattern.namespace else []
            yield from _declared(pattern.url_patterns, (*namespaces, *own))
        elif hasattr(pattern.callback, "query_names"):
            yield ":".join((*namespaces, pattern.name)), pattern.callback.query_names
