"""Responses ready to send: in each encoding, with strong ETags, on a shelf of limited size."""

import gzip
import hashlib
import re
import threading
from collections import OrderedDict
from functools import lru_cache

import brotli

ENCODINGS = ("br", "gzip", "identity")  # the smallest first

# Browsers and CDNs may store a page but must revalidate it each time, so that changes are visible at once.
# Only when the site can't be reached may they show the stored page.
CACHE_CONTROL = "public, max-age=0, stale-if-error=3600"
# The same for nginx, which otherwise stores nothing with max-age=0: store it, expired since 1970. nginx does
# not send this header on.
X_ACCEL_EXPIRES = "@1"

# Browsers send less. gunicorn accepts 800 kB, which would stop the event loop for half a second.
MAX_HEADER_CHARACTERS = 500

HEADERS_NOT_IN_304 = {"content-type", "content-language", "content-disposition"}


@lru_cache(maxsize=256)
def acceptable(accept_encoding):
    """Return the encodings that an `Accept-Encoding` header allows, a tuple, the best first.

    "identity" is included even if the header refuses it: an uncompressed page is better than none.
    """
    weights = {}
    for part in accept_encoding.lower().split(","):
        name, _semicolon, weight = part.partition(";")
        match = re.fullmatch(r"\s*q\s*=\s*([01](\.\d*)?)\s*", weight)
        weights[name.strip()] = float(match[1]) if match else 1.0
    weights = dict.fromkeys(ENCODINGS, weights.get("*", 0)) | {"identity": 0.0001} | weights
    by_weight = sorted(ENCODINGS, key=lambda name: -weights[name])
    return tuple(name for name in by_weight if weights[name] or name == "identity")


def is_file(headers):
    """Return whether a response with `headers`, pairs, is a file, of which a client may request a range."""
    return any(name.lower() == "accept-ranges" for name, _value in headers)


def is_storable(status, headers, max_bytes):
    """Return whether a response is the same for all visitors, and no larger than `max_bytes`."""
    values = {name.lower(): value.lower() for name, value in headers}
    return (
        status[:3] in {"200", "301", "404", "410"}
        and "set-cookie" not in values
        and not re.search("no-store|no-cache|private", values.get("cache-control", ""))
        and values.get("vary", "accept-encoding") == "accept-encoding"
        and "'nonce-" not in values.get("content-security-policy", "")
        and not is_file(headers)
        and int(values.get("content-length", max_bytes + 1)) <= max_bytes
    )


class StoredPage:
    """A response ready to send: `bodies` is `{encoding: (strong ETag, bytes)}`.

    `is_endless` means that there can be any number of such pages: for queries, or addresses without a page.
    """

    def __init__(self, stamp, status, headers, bodies, *, is_endless=False):
        self.stamp, self.status, self.headers = stamp, status, headers
        self.bodies, self.is_endless = bodies, is_endless
        self.is_ok = status.startswith("200")

    @classmethod
    def of_response(cls, stamp, status, headers, body, reads_query):
        """Return the page for a response of the app, whose view may read the query."""
        fields = {name.lower(): (name, value) for name, value in headers}
        for name in ("content-length", "etag", "vary"):
            fields.pop(name, None)
        fields.setdefault("cache-control", ("Cache-Control", CACHE_CONTROL))
        page = cls(stamp, status, [*fields.values(), ("Vary", "Accept-Encoding")], {})
        page.is_endless = reads_query or not page.is_ok
        if not page.is_endless:  # nginx may store only these: its cache key leaves the query out
            page.headers.append(("X-Accel-Expires", X_ACCEL_EXPIRES))
        page.add("identity", body)
        # PDFs are compressed already, and redirects are too short.
        content_type = fields.get("content-type", ("", ""))[1]
        if re.match(r"text/|.*[/+](json|xml)\b", content_type) and len(body) > 500:
            page.add("gzip", gzip.compress(body, 6, mtime=0))
        return page

    @property
    def size(self):
        return 1000 + sum(len(body) for _etag, body in self.bodies.values())

    def add(self, encoding, body):
        etag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
        # A new dict, as other threads may be reading the old one.
        self.bodies = self.bodies | {encoding: (etag, body)}

    def compress_more(self):
        """Add the Brotli encoding, which takes about 20 ms, if the page is worth compressing."""
        if "gzip" in self.bodies:
            self.add("br", brotli.compress(self.bodies["identity"][1]))

    def response(self, environ):
        """Return the status, headers and body, a list of one bytes object, for the request `environ`."""
        bodies = self.bodies
        accept_encoding = environ.get("HTTP_ACCEPT_ENCODING", "")[:MAX_HEADER_CHARACTERS]
        encodings = [name for name in acceptable(accept_encoding) if name in bodies]
        if_none_match = environ.get("HTTP_IF_NONE_MATCH", "")[:MAX_HEADER_CHARACTERS]
        etags = re.findall('"[^"]*"', if_none_match)  # weak or strong: either identifies the page
        for name in encodings if self.is_ok else ():
            etag = bodies[name][0]
            if etag in etags or if_none_match.strip() == "*":
                headers = [
                    pair for pair in self.headers if pair[0].lower() not in HEADERS_NOT_IN_304
                ]
                return "304 Not Modified", [*headers, ("ETag", etag)], [b""]
        etag, body = bodies[encodings[0]]
        headers = [*self.headers, ("Content-Length", str(len(body)))]
        if encodings[0] != "identity":
            headers.append(("Content-Encoding", encodings[0]))
        if self.is_ok:
            headers.append(("ETag", etag))
        return self.status, headers, [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


class Shelf:
    """Pages by key, at most `max_bytes` in all. The least recently used are removed first."""

    def __init__(self, max_bytes):
        self.max_bytes, self.size = max_bytes, 0
        self.pages, self.lock = OrderedDict(), threading.RLock()

    def get(self, key):
        with self.lock:
            if key in self.pages:
                self.pages.move_to_end(key)
                return self.pages[key][0]

    def put(self, key, page):
        with self.lock:
            self.drop(key)
            size = page.size + len(str(key))
            self.pages[key] = page, size
            self.size += size
            while self.size > self.max_bytes:
                self.drop(next(iter(self.pages)))

    def drop(self, key):
        with self.lock:
            _page, size = self.pages.pop(key, (None, 0))
            self.size -= size
