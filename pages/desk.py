"""The desk: what waits for somebody when they come to the admin, with counts and links."""

import datetime as dt

from django.contrib import admin
from django.core.cache import cache
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from blekinge_site.formats import day
from blekinge_site.languages import in_each_language
from pages.editing import ContentAdmin, change_address
from pages.filters import missing_english
from pages.links import dead_links
from pages.models import Feedback, Page
from pages.publishing import Publishable, Status

DAYS_NEW = 7
LINKS_KEPT_SECONDS = 600


def list_address(model, query=""):
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist") + query


def publishables(user):
    """Return the latest version of everything publishable that `user` may see, a queryset a model."""
    return [
        model.objects.latest_versions()
        for model in Publishable.__subclasses__()
        if user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
    ]


def linked(found):
    return [(f"{one}: {one.state()}", change_address(one)) for one in found]


def being_prepared(querysets):
    drafts = [one for rows in querysets for one in rows.filter(status=Status.DRAFT)]
    return linked(drafts)


def scheduled(querysets):
    now = timezone.now()
    coming = Q(publish_at__gt=now) | Q(unpublish_at__gt=now)
    seen = [rows.model.objects.with_superseded().filter(is_superseded=False) for rows in querysets]
    return linked(one for rows in seen for one in rows.filter(coming, status=Status.PUBLISHED))


def due_for_review(querysets):
    today = timezone.localdate()
    return [
        (f"{one}: skulle ha granskats {day(one.review_on)}", change_address(one))
        for rows in querysets
        for one in rows.filter(review_on__lt=today).exclude(status=Status.WITHDRAWN)
    ]


def lacking_english(request):
    found = []
    for model, model_admin in admin.site._registry.items():
        if isinstance(model_admin, ContentAdmin) and model_admin.has_view_permission(request):
            count = missing_english(model_admin.latest(model.objects.all())).count()
            if count:
                name = capfirst(model._meta.verbose_name_plural)
                found.append((f"{name}: {count}", list_address(model, "?engelska=saknas")))
    return found


def new_feedback(user):
    if not user.has_perm("pages.view_feedback"):
        return []
    since = timezone.localdate() - dt.timedelta(days=DAYS_NEW)
    answers = list(
        Feedback.objects.filter(created_at__date__gte=since).values("helpful", "message")
    )
    if not answers:
        return []
    unhelped = sum(not answer["helpful"] for answer in answers)
    worded = sum(bool(answer["message"]) for answer in answers)
    text = f"{len(answers)} svar på {DAYS_NEW} dagar: {unhelped} nej, {worded} med egna ord"
    return [(text, reverse("admin:pages_feedback_per_page", query={"dagar": DAYS_NEW}))]


def broken_links():
    """Return the dead links of the published pages. Looking for them takes a while, so it is kept a while."""

    def look():
        found = []
        for page in Page.objects.published():
            for language, base in in_each_language(page.get_absolute_url).items():
                found += [
                    (f"{page}: ”{link.text}” leder till {link.address}", change_address(page))
                    for link in dead_links(getattr(page, f"body_{language}") or "", base)
                ]
        return found

    return cache.get_or_set("pages.desk.broken_links", look, LINKS_KEPT_SECONDS)


def waiting(request):
    """Return what waits for the user: `[(heading, [(text, address), …]), …]`, without what is empty."""
    querysets = publishables(request.user)
    found = [
        ("Utkast och arbetskopior", being_prepared(querysets)),
        ("Planerade ändringar", scheduled(querysets)),
        ("Granskningsdag har passerat", due_for_review(querysets)),
        ("Saknar engelska", lacking_english(request)),
        ("Ny återkoppling", new_feedback(request.user)),
        ("Trasiga länkar", broken_links() if request.user.has_perm("pages.view_page") else []),
    ]
    return [(heading, entries) for heading, entries in found if entries]
