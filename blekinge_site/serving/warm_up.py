"""Fills the page cache when a process starts, with the pages that visitors want most first."""

import io
import re
import time
from itertools import islice
from urllib.parse import unquote, urlsplit

from blekinge_site.serving.page_cache import drain

RETRY_SECONDS = 2  # while the database is down
# Without a shared store each process makes pages for itself: those that the sitemap begins with.
MOST_PAGES_OF_OWN = 200


def warm_up(cache, listens_at):
    """Store in `cache` the pages that the sitemap names, as soon as there is a database to make them of.

    They are for those who come through a proxy, or to `listens_at`: the address and port of a socket, or a
    path. Other names of the site have to wait. Of the processes that share a store, one makes the pages of
    a release and its content; the others fetch them when they are wanted.
    """
    names = [name for name in cache.hosts if not name.startswith(".")]  # a dot: any name below it
    if not names:
        return
    scheme, host, port = "http", names[0], 80
    if cache.proxy_header:
        scheme = "https"
    elif not isinstance(listens_at, str):
        address, port = listens_at[:2]
        host = f"{address if address in names else host}:{port}"
    environ = {
        "REQUEST_METHOD": "GET",
        "HTTP_HOST": host,
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "wsgi.url_scheme": scheme,
    } | dict([cache.proxy_header] if cache.proxy_header else [])
    stamp = stamp_that_holds(cache)
    if cache.shared and not cache.shared.claims_warm_up(host, stamp):
        return
    addresses = re.findall(rb"<loc>([^<]*)</loc>", page(cache, environ, "/sitemap.xml"))
    for address in islice(addresses, None if cache.shared else MOST_PAGES_OF_OWN):
        page(cache, environ, unquote(urlsplit(address.decode()).path, "latin-1"))


def page(cache, environ, path):
    """Return the body of the page at `path`."""
    said = []
    while not said or said[-1].startswith("5") and cache.has_failed():
        stamp_that_holds(cache)
        asked = environ | {"PATH_INFO": path, "wsgi.input": io.BytesIO()}
        body = drain(cache(asked, lambda status, headers: said.append(status)))
    return body


def stamp_that_holds(cache):
    """Return the stamp, once the database tells it."""
    while not (stamp := cache.watch.stamp()) or cache.watch.is_failing:
        time.sleep(RETRY_SECONDS)
    return stamp
