"""What the front page of the staff shows, for the user who opens it."""

from functools import cache

from babel.dates import format_date
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db.models import Max
from django.utils import timezone
from django.utils.text import capfirst

from blekinge_site.formats import LOCALES
from pages.desk.activity import events
from pages.desk.planned import planned_tasks
from pages.desk.tasks import models_for, waiting
from pages.desk.trend import trend
from pages.publishing.owners import Owners

MAX_ROWS = 5
NUMBERS = [
    *("noll", "en", "två", "tre", "fyra", "fem", "sex"),
    *("sju", "åtta", "nio", "tio", "elva", "tolv"),
]


def in_words(count):
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def summary(waiting_count, planned_count):
    """Return how much waits and is planned, in words: Fem saker väntar, och en är planerad."""
    noun = "sak" if waiting_count == 1 else "saker"
    text = f"{capfirst(in_words(waiting_count))} {noun} väntar" if waiting_count else "Inget väntar"
    if planned_count:
        adjective = "planerad" if planned_count == 1 else "planerade"
        text += f", och {in_words(planned_count)} är {adjective}"
    return f"{text}."


def contents(request, owners):
    """Return the cards, and the offers, of the admin classes of the places in the menu that have any."""
    cards, offers = [], []
    for _name, label, _view in settings.STAFF_PLACES:
        model_admin = admin.site.get_model_admin(apps.get_model(label))
        if hasattr(model_admin, "desk_card") and model_admin.has_view_permission(request):
            card, offer = model_admin.desk_card(request, owners)
            cards += [card] if card else []
            offers += [offer] if offer else []
    return cards, offers


def last_published(user):
    """Return the time of the last publication of anything that `user` may view, or None."""
    times = [
        model.objects.filter(published_at__lte=timezone.now()).aggregate(last=Max("published_at"))
        for model in models_for(user)
    ]
    return max((row["last"] for row in times if row["last"]), default=None)


def desk(request):
    """Return the template's context: tasks, planned changes, cards, offers, trend and events."""
    owners = cache(Owners)
    tasks, planned = waiting(request, owners), planned_tasks(request.user)
    cards, offers = contents(request, owners)
    may_read_feedback = request.user.has_perm("pages.view_feedback")
    today = timezone.localdate()
    return {
        "today": capfirst(format_date(today, "EEEE d MMMM y", locale=LOCALES["sv"])),
        "summary": summary(len(tasks), len(planned)),
        "tasks": tasks[:MAX_ROWS],
        "more_tasks": tasks[MAX_ROWS:],
        "task_count": len(tasks),
        "last_published": None if tasks else last_published(request.user),
        "planned": planned[:MAX_ROWS],
        "more_planned": planned[MAX_ROWS:],
        "planned_count": len(planned),
        "cards": cards,
        "offers": offers,
        "trend": trend(owners) if may_read_feedback else None,
        "events": events(request.user),
        "may_read_log": request.user.has_perm("admin.view_logentry"),
    }
