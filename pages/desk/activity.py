"""What staff have done lately, from the saved history and, for those who keep them, the accounts."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db.models import Max

from blekinge_site.staff.addresses import admin_address, change_address
from pages.editing.conflicts import display_name
from pages.editing.permissions import permission_name
from pages.models import Revision
from pages.publishing.publishable import Publishable

MAX_EVENTS = 6
ACCOUNT_EVENTS = {
    ADDITION: "lade till kontot",
    CHANGE: "ändrade kontot",
    DELETION: "tog bort kontot",
}


@dataclass(frozen=True)
class Event:
    who: str  # "Du" or a name
    initial: str
    text: str  # what they did: ändrade inriktningsmål ”X”
    name: str  # of what they changed
    address: str | None  # None if it is gone
    at: datetime


def last_revisions(publishables):
    """Return the last Revision of each of `publishables` that has any, with two queries for all of them.

    In addition, there is one query for each of their models.
    """
    firsts = {}
    for model in {type(publishable) for publishable in publishables}:
        rows = model.objects.first_versions().values_list("pk", *model.IDENTITY)
        firsts |= {(model, *key): pk for pk, *key in rows}
    keys = {}
    for publishable in publishables:
        model = type(publishable)
        identity = (getattr(publishable, name) for name in model.IDENTITY)
        if first := firsts.get((model, *identity)):
            keys[publishable] = model._meta.label_lower, first, publishable.version
    latest = (
        Revision.objects.filter(thing_pk__in=[pk for _label, pk, _version in keys.values()])
        .order_by()
        .values("thing_model", "thing_pk", "version")
        .annotate(latest=Max("pk"))
        .values("latest")
    )
    revisions = {
        (revision.thing_model, revision.thing_pk, revision.version): revision
        for revision in Revision.objects.filter(pk__in=latest)
        .select_related("made_by")
        .defer("content")
    }
    return {publishable: revisions[key] for publishable, key in keys.items() if key in revisions}


def events(user):
    """Return the last events that `user` may know of, the latest first."""
    latest = sorted(
        [*content_events(user), *account_events(user)], key=lambda event: event.at, reverse=True
    )
    return latest[:MAX_EVENTS]


def event_of(viewer, user, text, name, address, at):
    who = "Du" if user == viewer else display_name(user)
    initial = display_name(user)[:1].upper()
    return Event(who, initial, text[:1].lower() + text[1:], name, address, at)


def content_events(user):
    models = {
        model._meta.label_lower: model
        for model in Publishable.__subclasses__()
        if user.has_perm(permission_name("view", model))
    }
    revisions = list(
        Revision.objects.filter(thing_model__in=models, made_by__isnull=False)
        .select_related("made_by")
        .defer("content")[:MAX_EVENTS]
    )
    existing = {
        (label, pk)
        for label, model in models.items()
        for pk in model.objects.filter(
            pk__in=[row.thing_pk for row in revisions if row.thing_model == label]
        ).values_list("pk", flat=True)
    }
    for row in revisions:
        key = row.thing_model, row.thing_pk
        model = models[row.thing_model]
        address = admin_address(model, "history", row.thing_pk) if key in existing else None
        yield event_of(user, row.made_by, row.event, row.name, address, row.made_at)


def account_events(user):
    account_model = get_user_model()
    if not user.has_perm(permission_name("view", account_model)):
        return
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(account_model),
        action_flag__in=ACCOUNT_EVENTS,
    ).select_related("user")[:MAX_EVENTS]
    entries = list(entries)
    pks = [entry.object_id for entry in entries if entry.action_flag != DELETION]
    accounts = account_model.objects.in_bulk([pk for pk in pks if pk.isdecimal()])
    for entry in entries:
        account = accounts.get(int(entry.object_id)) if entry.object_id.isdecimal() else None
        yield event_of(
            user,
            entry.user,
            ACCOUNT_EVENTS[entry.action_flag],
            entry.object_repr,
            change_address(account) if account else None,
            entry.action_time,
        )
