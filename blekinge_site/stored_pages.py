"""Answers ready to send: each in every encoding, under strong ETags, on a shelf of bounded size."""

import gzip
import hashlib
import logging
import re
import threading
import time
from collections import OrderedDict
from functools import lru_cache

import brotli

logger = logging.getLogger(__name__)

SHARED_SECONDS = 24 * 3600  # after which nobody asks for what was made under an old stamp
REST = 5  # seconds
# What a page is made of, but for content and settings.
RELEASED = [
    "blekinge_site",
    "pages",
    "planning",
    "templates",
    "locale",
    "requirements.txt",
    "staticfiles/staticfiles.json",
]

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


# What a page is known by to other processes.
PARTS = ("stamp", "status", "headers", "is_long_text", "bodies")


class Page:
    """An answer ready to send: its bytes in each encoding, each with a strong ETag of its own."""

    def __init__(self, stamp, status, headers, body):
        self.stamp, self.status = stamp, status
        said = {name.lower(): (name, value) for name, value in headers}
        for name in ("content-length", "etag", "vary"):
            said.pop(name, None)
        said.setdefault("cache-control", ("Cache-Control", CACHE_CONTROL))
        self.headers = [*said.values(), ("Vary", "Accept-Encoding")]
        if self.is_found:  # there is no end of addresses without a page, and nginx is to keep none
            self.headers.append(("X-Accel-Expires", X_ACCEL_EXPIRES))
        content_type = said.get("content-type", ("", ""))[1]
        # A PDF is compressed as it is, and a redirect says too little.
        is_text = bool(re.match(r"text/|.*[/+](json|xml)\b", content_type))
        self.is_long_text = is_text and len(body) > 500
        self.bodies = {}
        self.add("identity", body)
        if self.is_long_text:
            self.add("gzip", gzip.compress(body, 6, mtime=0))

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
        """Add the page as small as it gets, which takes about 20 ms."""
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


class SharedShelf:
    """Pages that all processes of one release have in common, in `cache`, one of Django's.

    Where it does not answer, it is left in peace for a while: losing it costs speed and nothing else.
    """

    def __init__(self, cache, release):
        self.cache, self.release = cache, release
        self.rests_until = 0

    def get(self, key, stamp):
        """Return the Page stored as `key` and made under `stamp`, or None."""
        return self._ask(lambda: self._page(self._name(key, stamp)))

    def _page(self, name):
        found = self.cache.get(name)
        if found is None:
            return None
        page = Page.__new__(Page)
        page.__dict__ |= {part: found[part] for part in PARTS}  # an error, if it is no page
        return page

    def put(self, key, page):
        name = self._name(key, page.stamp)
        self._ask(lambda: self.cache.set(name, vars(page), SHARED_SECONDS))

    def _name(self, key, stamp):
        """Return a name that no address a visitor makes up can turn into another."""
        whole = repr((self.release, key, stamp))
        return hashlib.blake2b(whole.encode(), digest_size=20).hexdigest()

    def _ask(self, question):
        if time.monotonic() < self.rests_until:
            return None
        try:
            return question()
        except Exception as error:
            logger.warning("The shared page store does not answer: %s", error)
            self.rests_until = time.monotonic() + REST


def release(folder, settings):
    """Return what tells apart two releases in `folder`, or one under other `settings`: a str.

    Pages that another release has made are not to be shown by this one.
    """
    digest = hashlib.blake2b(digest_size=20)
    for name in sorted(dir(settings)):
        value = getattr(settings, name)
        if name.isupper() and isinstance(value, str | int | list | tuple | dict | None):
            digest.update(f"{name}={value!r}\n".encode())
    for part in RELEASED:
        for path in sorted([folder / part, *(folder / part).rglob("*")]):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()
