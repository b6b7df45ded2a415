"""Stored pages that all processes of one release have in common, in Redis."""

import hashlib
import json
import logging
import time
from base64 import b64decode, b64encode

from django.core.signing import BadSignature, Signer
from django.utils.crypto import salted_hmac

from blekinge_site.serving.stored_pages import Page

logger = logging.getLogger(__name__)

SHARED_SECONDS = 24 * 3600  # after which nobody asks for what was made under an old stamp
WARM_UP_SECONDS = 600  # in which no other process begins to warm up for the same content
REST = 5  # seconds
# What a page is made of, except content and settings.
RELEASED = [
    "blekinge_site",
    "pages",
    "planning",
    "templates",
    "locale",
    "requirements.txt",
    "staticfiles/staticfiles.json",
]
# No page depends on these, so sites that differ in them share what they store. Any other setting counts.
NOT_ON_PAGES = {
    "ACCESS_LOG",
    "CACHES",
    "LOGGING",
    "LOG_FORMAT",
    "METRICS_HOST",
    "METRICS_PORT",
    "PAGE_CACHE_MB",
    "SENTRY_DSN",
    "WEB_CONCURRENCY",
}


class SharedShelf:
    """Pages that all processes of one release have in common, in `cache`, one of Django's.

    Where it does not answer, it is left in peace for a while: losing it costs speed and nothing else.
    """

    def __init__(self, cache, release):
        self.cache, self.release = cache, release
        self.rests_until = 0

    def get(self, key, stamp):
        """Return the Page stored as `key` and made under `stamp`, or None."""
        name = self._name(key, stamp)
        text = self._ask(lambda: self.cache.get(name))
        try:
            page = json.loads(Signer(salt=name).unsign(text if isinstance(text, str) else ""))
        except BadSignature:
            return None  # there is none, or it is not ours
        headers = [tuple(header) for header in page["headers"]]
        bodies = {name: (etag, b64decode(body)) for name, (etag, body) in page["bodies"].items()}
        return Page(stamp, page["status"], headers, bodies)

    def put(self, key, page):
        """Store `page`, sealed: whoever can write to the store can neither change a page nor swap two."""
        parts = {
            "status": page.status,
            "headers": page.headers,
            "bodies": {
                name: (etag, b64encode(body).decode()) for name, (etag, body) in page.bodies.items()
            },
        }
        name = self._name(key, page.stamp)
        text = Signer(salt=name).sign(json.dumps(parts))
        self._ask(lambda: self.cache.set(name, text, SHARED_SECONDS))

    def claims_warm_up(self, host, stamp):
        """Tell whether this process is to make the pages of `host` under `stamp`: it is the first to ask."""
        name = self._name(("warm-up", host), stamp)
        return self._ask(lambda: self.cache.add(name, "claimed", WARM_UP_SECONDS)) is not False

    def _name(self, key, stamp):
        """Return a name that nobody can guess without SECRET_KEY, different for each key and stamp."""
        whole = repr((self.release, key, stamp))
        return salted_hmac("shared pages", whole, algorithm="sha256").hexdigest()

    def _ask(self, question):
        if time.monotonic() < self.rests_until:
            return None
        try:
            return question()
        except ValueError:
            return None  # what somebody else has put there is no JSON
        except Exception as error:
            logger.warning("The shared page store does not answer: %s", error)
            self.rests_until = time.monotonic() + REST


def release(folder, settings):
    """Return a str that differs between two releases in `folder`, or between two sets of `settings`.

    Pages that another release has made are not to be shown by this one.
    """
    digest = hashlib.blake2b(digest_size=20)
    for name in sorted(dir(settings)):
        value = getattr(settings, name)
        counts = name.isupper() and name not in NOT_ON_PAGES
        if counts and isinstance(value, str | int | list | tuple | dict | None):
            digest.update(f"{name}={value!r}\n".encode())
    for part in RELEASED:
        for path in sorted([folder / part, *(folder / part).rglob("*")]):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()
