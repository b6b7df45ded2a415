"""Rate limits for visitors: for each network, and for all of them together.

The counts are rows in the database, so all processes and machines share them.
"""

import datetime as dt
import math
from dataclasses import dataclass
from ipaddress import ip_network

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from blekinge_site.security import keyed_hash
from pages.models import SendCount


@dataclass(frozen=True)
class Limit:
    """At most `count` actions in a period of `minutes`, which starts with the first action."""

    count: int
    minutes: int
    is_for_each_visitor: bool


LIMITS = {
    # Hundreds of people at a hospital or a school can share an address. An answer and its message count as
    # two actions, so 30 of them can give feedback in ten minutes. All visitors together can send no more than
    # somebody has time to read.
    "feedback": [
        Limit(60, 10, is_for_each_visitor=True),
        Limit(600, 10, is_for_each_visitor=False),
    ],
}


def seconds_to_wait(request, action):
    """Count one `action` by this visitor and return 0, or return the seconds to wait if a limit is reached.

    Raises a database error if the database is down.
    """
    for limit in LIMITS[action]:
        sender = network_of(request) if limit.is_for_each_visitor else "all"
        if seconds := _count(keyed_hash(__name__, f"{action} {sender} {limit.minutes}"), limit):
            return seconds
    return 0


def network_of(request):
    """Return the visitor's network: an IPv4 address, or the IPv6 network of one subscriber."""
    address = get_adapter().get_client_ip(request)
    prefix = settings.ALLAUTH_RATE_LIMIT_IPV6_PREFIX if ":" in address else 32
    return ip_network((address, prefix), strict=False)


def _count(key, limit):
    """Increase the count of `key` and return 0, or return the seconds until `limit` allows another action."""
    now = timezone.now()
    ends_at = now + dt.timedelta(minutes=limit.minutes)
    rows = SendCount.objects.filter(key=key)
    # If the stored period ends much later than a new one would, it began before the clock was set back and
    # no longer counts. The clocks of other machines can differ a little.
    is_current = Q(ends_at__gt=now, ends_at__lte=ends_at + dt.timedelta(minutes=limit.minutes))
    current = rows.filter(is_current)
    # Each step is a single statement, which succeeds in only one of several concurrent processes.
    if current.filter(count__lt=limit.count).update(count=F("count") + 1):
        return 0
    if rows.filter(~is_current).update(count=1, ends_at=ends_at):
        return 0
    row, is_new = rows.get_or_create(key=key, defaults={"count": 1, "ends_at": ends_at})
    if is_new or current.filter(count__lt=limit.count).update(count=F("count") + 1):
        return 0
    return math.ceil((row.ends_at - now).total_seconds())
