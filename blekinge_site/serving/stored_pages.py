"""Answers ready to send: each in every encoding, under strong ETags, on a shelf of bounded size."""

import gzip
import hashlib
import re
import threading
from collections import OrderedDict
from functools import lru_cache

import brotli

ENCODINGS = ("br", "gzip", "identity")  # the smallest first

# A visitor's browser, and a CDN, may keep a page but ask each time whether it still holds: what staff
# save is to show at once. Only where the site can't be reached at all may they show what they have.
CACHE_CONTROL = "public, max-age=0, stale-if-error=3600"
# The same, said to nginx, which else keeps nothing with max-age=0, and passes this on to nobody: keep it,
# and take it for out of date since 1970.
X_ACCEL_EXPIRES = "@1"

# No browser sends more. gunicorn takes 800 kB, in which all others would wait half a second.
LONGEST_HEADER = 500

# Of a 304, the browser has these already.
ABOUT_THE_BODY = {"content-type", "content-language", "content-disposition"}


@lru_cache(maxsize=256)
def acceptable(accept_encoding):
    """Return the encodings that header `Accept-Encoding` allows, a tuple, the best first.

    The page as it is comes last, even where the header refuses it: better than no page.
    """
    weights = {}
    for part in accept_encoding.lower().split(","):
        name, _semicolon, weight = part.partition(";")
        found = re.fullmatch(r"\s*q\s*=\s*([01](\.\d*)?)\s*", weight)
        weights[name.strip()] = float(found[1]) if found else 1.0
    others = weights.get("*", 0)
    weights = (
        {"identity": 0.0001} | {name: weights.get(name, others) for name in ENCODINGS[:2]} | weights
    )
    wanted = sorted(ENCODINGS, key=lambda name: (-weights[name], ENCODINGS.index(name)))
    return tuple(name for name in wanted if weights[name] or name == "identity")


def is_file(headers):
    """Tell whether an answer with `headers`, pairs, is a file on a disk, of which parts may be asked for."""
    return any(name.lower() == "accept-ranges" for name, _value in headers)


def may_be_kept(status, headers, limit):
    """Tell whether an answer is the same for everyone, and at most `limit` bytes."""
    said = {name.lower(): value.lower() for name, value in headers}
    return (
        status[:3] in {"200", "301", "404", "410"}
        and "set-cookie" not in said
        and not re.search("no-store|no-cache|private", said.get("cache-control", ""))
        and said.get("vary", "accept-encoding") == "accept-encoding"
        and "'nonce-" not in said.get("content-security-policy", "")
        and not is_file(headers)
        and int(said.get("content-length", limit + 1)) <= limit
    )


class Page:
    """An answer ready to send: `bodies` has its strong ETag and its bytes in each encoding.

    It `is_endless` if it is one of answers without number: to queries, or at addresses without a page.
    """

    def __init__(self, stamp, status, headers, bodies, *, is_endless=False):
        self.stamp, self.status, self.headers = stamp, status, headers
        self.bodies, self.is_endless = bodies, is_endless

    @classmethod
    def of_answer(cls, stamp, status, headers, body, *, reads_query=False):
        """Return the Page of what an application has answered, perhaps depending on the query too."""
        said = {name.lower(): (name, value) for name, value in headers}
        for name in ("content-length", "etag", "vary"):
            said.pop(name, None)
        said.setdefault("cache-control", ("Cache-Control", CACHE_CONTROL))
        headers = [*said.values(), ("Vary", "Accept-Encoding")]
        page = cls(stamp, status, headers, {})
        page.is_endless = reads_query or not page.is_found
        if not page.is_endless:  # nginx is to keep no other, and looks for all without the query
            headers.append(("X-Accel-Expires", X_ACCEL_EXPIRES))
        page.add("identity", body)
        # A PDF is compressed as it is, and a redirect says too little.
        content_type = said.get("content-type", ("", ""))[1]
        if re.match(r"text/|.*[/+](json|xml)\b", content_type) and len(body) > 500:
            page.add("gzip", gzip.compress(body, 6, mtime=0))
        return page

    @property
    def is_found(self):
        return self.status.startswith("200")

    @property
    def size(self):
        return 1000 + sum(len(body) for _etag, body in self.bodies.values())

    def add(self, encoding, body):
        etag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
        self.bodies = self.bodies | {encoding: (etag, body)}  # others may be reading the old one

    def squeeze(self):
        """Add the page as small as it gets, if it is worth it, which takes about 20 ms."""
        if "gzip" in self.bodies:
            self.add("br", brotli.compress(self.bodies["identity"][1]))

    def answer(self, environ):
        """Return status, headers and body for the visitor whose request `environ` is."""
        bodies = self.bodies
        accepted = environ.get("HTTP_ACCEPT_ENCODING", "")[:LONGEST_HEADER]
        usable = [name for name in acceptable(accepted) if name in bodies]
        known = environ.get("HTTP_IF_NONE_MATCH", "")[:LONGEST_HEADER] if self.is_found else ""
        tags = re.findall('"[^"]*"', known)  # weak or strong: a reader is served by either
        for name in usable:
            if bodies[name][0] in tags or known.strip() == "*":
                headers = [one for one in self.headers if one[0].lower() not in ABOUT_THE_BODY]
                return "304 Not Modified", [*headers, ("ETag", bodies[name][0])], b""
        etag, body = bodies[usable[0]]
        headers = [*self.headers, ("Content-Length", str(len(body)))]
        if usable[0] != "identity":
            headers.append(("Content-Encoding", usable[0]))
        if self.is_found:
            headers.append(("ETag", etag))
        return self.status, headers, b"" if environ["REQUEST_METHOD"] == "HEAD" else body


class Shelf:
    """Pages by their keys, at most `limit` bytes of them: what was asked for longest ago goes first."""

    def __init__(self, limit):
        self.limit, self.size = limit, 0
        self.pages, self.lock = OrderedDict(), threading.Lock()

    def get(self, key):
        with self.lock:
            if key in self.pages:
                self.pages.move_to_end(key)
                return self.pages[key][0]

    def drop(self, key):
        with self.lock:
            self._remove(key)

    def put(self, key, page):
        with self.lock:
            self._remove(key)
            size = page.size + len(str(key))
            self.pages[key] = page, size
            self.size += size
            while self.size > self.limit:
                self._remove(next(iter(self.pages)))

    def _remove(self, key):
        _page, size = self.pages.pop(key, (None, 0))
        self.size -= size
