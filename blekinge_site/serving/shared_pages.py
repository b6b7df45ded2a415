"""Stored pages that all processes of a release share, in Redis."""

import hashlib
import json
import logging
import time
from base64 import b64decode, b64encode

from django.core.signing import BadSignature, Signer
from django.utils.crypto import salted_hmac

from blekinge_site.serving.stored_pages import StoredPage

logger = logging.getLogger(__name__)

SHARED_SECONDS = 24 * 3600  # after which pages of an old stamp are gone
WARM_UP_SECONDS = 600  # during which no other process begins to warm up for the same content
PAUSE_SECONDS = 5  # after an error of the store
# What pages are generated from, except content and settings.
RELEASE_FILES = [
    "blekinge_site", "pages", "planning", "templates", "locale", "requirements.txt",
    "staticfiles/staticfiles.json",
]  # fmt: skip
# Settings that no page depends on: sites that differ in these share pages. Pages may depend on any other.
NOT_ON_PAGES = {
    "ACCESS_LOG", "CACHES", "LOGGING", "LOG_FORMAT", "METRICS_HOST", "METRICS_PORT", "PAGE_CACHE_MB",
    "SENTRY_DSN", "WEB_CONCURRENCY",
}  # fmt: skip


class SharedShelf:
    """Pages that all processes of `release` share, in `cache`, a Django cache.

    After an error the cache is not used for a while. Losing it makes the site slower, nothing more.
    """

    def __init__(self, cache, release):
        self.cache, self.release = cache, release
        self.paused_until = 0

    def get(self, key, stamp):
        """Return the StoredPage for `key` and `stamp`, or None."""
        name = self._name(key, stamp)
        text = self._try(self.cache.get, name)
        try:
            page = json.loads(Signer(salt=name).unsign(text if isinstance(text, str) else ""))
        except BadSignature:
            return None  # missing, or not written by this site
        headers = [tuple(header) for header in page["headers"]]
        items = page["bodies"].items()
        bodies = {encoding: (etag, b64decode(body)) for encoding, (etag, body) in items}
        return StoredPage(stamp, page["status"], headers, bodies)

    def put(self, key, page):
        """Store `page`, signed, so that others with access to the store can neither change nor swap pages."""
        items = page.bodies.items()
        bodies = {encoding: (etag, b64encode(body).decode()) for encoding, (etag, body) in items}
        text = json.dumps({"status": page.status, "headers": page.headers, "bodies": bodies})
        name = self._name(key, page.stamp)
        self._try(self.cache.set, name, Signer(salt=name).sign(text), SHARED_SECONDS)

    def claim_warm_up(self, host, stamp):
        """Return whether this process is the first that wants to generate the pages of `host` for `stamp`."""
        name = self._name(("warm-up", host), stamp)
        return self._try(self.cache.add, name, "claimed", WARM_UP_SECONDS) is not False

    def _name(self, key, stamp):
        """Return the cache key, which cannot be guessed without SECRET_KEY."""
        parts = repr((self.release, key, stamp))
        return salted_hmac("shared pages", parts, algorithm="sha256").hexdigest()

    def _try(self, operation, *arguments):
        if time.monotonic() < self.paused_until:
            return None
        try:
            return operation(*arguments)
        except ValueError:
            return None  # somebody else stored a value that is not JSON
        except Exception as error:
            logger.warning("The shared page store does not answer: %s", error)
            self.paused_until = time.monotonic() + PAUSE_SECONDS


def release(folder, settings):
    """Return a str that identifies the release in `folder` and its `settings`.

    Pages of one release are not shown by another.
    """
    digest = hashlib.blake2b(digest_size=20)
    for name in sorted(dir(settings)):
        value = getattr(settings, name)
        counts = name.isupper() and name not in NOT_ON_PAGES
        if counts and isinstance(value, str | int | list | tuple | dict | None):
            digest.update(f"{name}={value!r}\n".encode())
    for part in RELEASE_FILES:
        for path in sorted([folder / part, *(folder / part).rglob("*")]):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()
