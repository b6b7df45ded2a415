"""How often something may be done, by one visitor and by all of them.

Counted with allauth, which limits the sign-in, in the cache that all processes and machines share. Its
own way in, `consume`, tells neither how long to wait nor whether it was the store that failed.
"""

import logging
import math
import time

from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.db import Error, OperationalError
from django.utils.crypto import salted_hmac

logger = logging.getLogger(__name__)

# How many, in how long, and for whom: `ip` is one visitor's address, `key` all visitors together.
RATES = {
    # A hospital or a school sends hundreds of people through one address. An answer and its words are
    # two, so 30 of them may answer in ten minutes; all together no faster than somebody can read.
    "feedback": "60/10m/ip,600/10m/key",
}


def cache_key(key, prefix, version):
    """Return what stands for `key` in the cache: some hold visitors' addresses, which are never stored."""
    return salted_hmac(__name__, f"{prefix}:{version}:{key}", algorithm="sha256").hexdigest()


def seconds_to_wait(request, action):
    """Count one `action` by this visitor and return 0; or, if it is one too many, how long to wait.

    Raises a database error where the counts are kept in a database that doesn't work.
    """
    for rate in ratelimit.parse_rates(RATES[action]):
        key = ratelimit.get_cache_key(request, app="site", action=action, rate=rate, key="all")
        if seconds := _count(key, rate):
            return seconds
    return 0


def _count(key, rate):
    try:
        with ratelimit.cache_lock(key) as is_held:
            if not is_held:
                raise OperationalError("the cache takes nothing in")
            now = time.time()
            # A clock that has been put back has counted what is yet to come: that limits nobody.
            counted = [moment for moment in cache.get(key, []) if moment <= now]
            is_allowed, times = ratelimit.apply_rate(counted, now, rate)
            if not is_allowed:
                return math.ceil(times[-1] + rate.duration - now)
            cache.set(key, times, rate.duration)
    except Error:
        raise
    except Exception:  # each kind of cache has errors of its own
        logger.exception("Nothing is limited, as the cache does not answer.")
    return 0
