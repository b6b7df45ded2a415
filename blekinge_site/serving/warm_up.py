"""Fills the page cache when a process starts, in the order of the sitemap."""

import io
import re
import time
from contextlib import suppress
from itertools import islice
from urllib.parse import unquote, urlsplit

from blekinge_site.serving.page_cache import drain

RETRY_SECONDS = 2  # while the database is down
MAX_PAGES_WITHOUT_STORE = 200  # as each process then generates its own


def warm_up(cache, listens_at):
    """Store the sitemap's pages in `cache`, as soon as the database answers.

    The pages are for requests through a proxy or to `listens_at`, a socket's address and port or its path;
    pages of other host names are stored on request. One of the processes that share a store generates the
    pages of a release and its content, and the others fetch them on request.
    """
    hosts = [
        host for host in cache.hosts if not host.startswith(".")
    ]  # a dot matches all subdomains
    if not hosts:
        return
    scheme, host, port = "http", hosts[0], 80
    if cache.proxy_header:
        scheme = "https"
    elif not isinstance(listens_at, str):
        address, port = listens_at[:2]
        host = f"{address if address in hosts else host}:{port}"
    environ = {
        "REQUEST_METHOD": "GET",
        "HTTP_HOST": host,
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "wsgi.url_scheme": scheme,
    } | dict([cache.proxy_header] if cache.proxy_header else [])
    with suppress(RuntimeError):  # the cache's executors take no more tasks: the process is ending
        stamp = wait_for_stamp(cache)
        if cache.shared and not cache.shared.claim_warm_up(host, stamp):
            return
        addresses = re.findall(rb"<loc>([^<]*)</loc>", fetch(cache, environ, "/sitemap.xml"))
        for address in islice(addresses, None if cache.shared else MAX_PAGES_WITHOUT_STORE):
            fetch(cache, environ, unquote(urlsplit(address.decode()).path, "latin-1"))


def fetch(cache, environ, path):
    """Return the body of the page at `path`; retry while the database is failing."""
    statuses = []
    while not statuses or statuses[-1].startswith("5") and cache.watch.has_failed():
        wait_for_stamp(cache)
        request = environ | {"PATH_INFO": path, "wsgi.input": io.BytesIO()}
        body = drain(cache(request, lambda status, headers: statuses.append(status)))
    return body


def wait_for_stamp(cache):
    """Return the current stamp, as soon as the database answers."""
    while not (stamp := cache.watch.stamp()) or cache.watch.is_failing:
        time.sleep(RETRY_SECONDS)
    return stamp
