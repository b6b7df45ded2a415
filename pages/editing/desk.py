"""The desk on the admin's front page: lists of tasks for the user, with counts and links."""

import datetime as dt

from django.contrib import admin
from django.core.cache import cache
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from blekinge_site.formats import day
from blekinge_site.languages import in_each_language
from blekinge_site.staff.addresses import admin_address, change_address
from pages.editing.content_admin import ContentAdmin
from pages.editing.filters import missing_english
from pages.editing.form_drafts import unsaved
from pages.editing.permissions import permission_name
from pages.models import Feedback, Page
from pages.publishing import content_version
from pages.publishing.dead_links import dead_links
from pages.publishing.publishable import Publishable, Status

NEW_FEEDBACK_DAYS = 7
LINKS_CACHE_KEY = "pages.editing.desk.broken_links"
LINKS_CACHE_SECONDS = 7 * 24 * 3600
MAX_PAGES_PER_VISIT = 300  # pages whose links are looked up in one request


def publishables(user):
    """Return the latest versions that `user` may view, as a list with a queryset for each model."""
    return [
        model.objects.latest_versions()
        for model in Publishable.__subclasses__()
        if user.has_perm(permission_name("view", model))
    ]


def with_state(querysets):
    """Return a desk entry, with the state, for each publishable in `querysets`."""
    return [
        (f"{publishable}: {publishable.state()}", change_address(publishable))
        for queryset in querysets
        for publishable in queryset
    ]


def being_prepared(querysets):
    return with_state(queryset.filter(status=Status.DRAFT) for queryset in querysets)


def scheduled(querysets):
    now = timezone.now()
    is_scheduled = Q(publish_at__gt=now) | Q(unpublish_at__gt=now)
    return with_state(
        queryset.model.objects.with_superseded().filter(
            is_scheduled, is_superseded=False, status=Status.PUBLISHED
        )
        for queryset in querysets
    )


def due_for_review(querysets):
    today = timezone.localdate()
    return [
        (
            f"{publishable}: skulle ha granskats {day(publishable.review_on)}",
            change_address(publishable),
        )
        for queryset in querysets
        for publishable in queryset.filter(review_on__lt=today).exclude(status=Status.WITHDRAWN)
    ]


def lacking_english(request):
    entries = []
    for model, model_admin in admin.site._registry.items():
        if isinstance(model_admin, ContentAdmin) and model_admin.has_view_permission(request):
            count = missing_english(model_admin.latest(model.objects.all())).count()
            if count:
                name = capfirst(model._meta.verbose_name_plural)
                address = admin_address(model, "changelist", query={"engelska": "saknas"})
                entries.append((f"{name}: {count}", address))
    return entries


def new_feedback(user):
    if not user.has_perm("pages.view_feedback"):
        return []
    since = timezone.localdate() - dt.timedelta(days=NEW_FEEDBACK_DAYS)
    counts = Feedback.objects.filter(created_at__date__gte=since).aggregate(
        answers=Count("pk"),
        unhelped=Count("pk", filter=Q(helpful=False)),
        worded=Count("pk", filter=~Q(message="")),
    )
    if not counts["answers"]:
        return []
    text = "{answers} svar på {days} dagar: {unhelped} nej, {worded} med egna ord"
    text = text.format(days=NEW_FEEDBACK_DAYS, **counts)
    return [(text, admin_address(Feedback, "per_page", query={"dagar": NEW_FEEDBACK_DAYS}))]


def broken_links():
    """Return desk entries for dead links on published pages, and for the number of pages left to check.

    The result is cached and valid until content changes. After a change, each request looks up the links
    of MAX_PAGES_PER_VISIT pages, so that its duration doesn't depend on the number of pages.
    """
    content = content_version.current()
    known = cache.get(LINKS_CACHE_KEY) or {"content": None, "looked_up": {}, "dead": {}, "left": 0}
    if known["content"] != content or known["left"]:
        known = with_more_pages(known, content)
        cache.set(LINKS_CACHE_KEY, known, LINKS_CACHE_SECONDS)
    entries = [entry for page_entries in known["dead"].values() for entry in page_entries]
    if known["left"]:
        text = f"{known['left']} sidor återstår att kontrollera. Fortsätt"
        entries.append((text, reverse("admin:index")))
    return entries


def with_more_pages(known, content):
    """Return the cached result `known`, updated for some pages at the content version `content`.

    In the result, `looked_up` maps the pk of each page to the content version at which its links were
    last looked up, oldest first. `dead` maps the pk of each page with dead links to its desk entries.
    These pages are looked up first, so that an editor who corrects a link sees the entry disappear.
    """
    pks = set(Page.objects.published().values_list("pk", flat=True))
    before = {pk: version for pk, version in known["looked_up"].items() if pk in pks}
    looked_up = dict.fromkeys(sorted(pks - before.keys())) | before
    dead = {pk: entries for pk, entries in known["dead"].items() if pk in pks}
    left = [pk for pk, version in looked_up.items() if version != content]
    left.sort(key=lambda pk: pk not in dead)
    chosen = set(left[:MAX_PAGES_PER_VISIT])
    looked_up = {pk: version for pk, version in looked_up.items() if pk not in chosen}
    dead = {pk: entries for pk, entries in dead.items() if pk not in chosen}
    return {
        "content": content,
        "looked_up": looked_up | dict.fromkeys(sorted(chosen), content),
        "dead": dead | dead_links_of(Page.objects.filter(pk__in=chosen)),
        "left": len(left) - len(chosen),
    }


def dead_links_of(pages):
    """Return desk entries for the dead links of `pages`: `{pk of the page: [(text, address), …]}`."""
    texts = [
        (page, html, base)
        for page in pages
        for language, base in in_each_language(page.get_absolute_url).items()
        if (html := getattr(page, f"body_{language}"))
    ]
    dead = dead_links([(html, base) for _page, html, base in texts])
    entries = {}
    for (page, _html, _base), links in zip(texts, dead, strict=True):
        for link in links:
            text = f"{page}: ”{link.text}” leder till {link.address}"
            entries.setdefault(page.pk, []).append((text, change_address(page)))
    return entries


def waiting(request):
    """Return the user's tasks: `[(heading, [(text, address), …]), …]`, without empty lists."""
    querysets = publishables(request.user)
    sections = [
        ("Det du har skrivit och inte sparat", unsaved(request.user)),
        ("Utkast och arbetskopior", being_prepared(querysets)),
        ("Planerade ändringar", scheduled(querysets)),
        ("Granskningsdag har passerat", due_for_review(querysets)),
        ("Saknar engelska", lacking_english(request)),
        ("Ny återkoppling", new_feedback(request.user)),
        ("Trasiga länkar", broken_links() if request.user.has_perm("pages.view_page") else []),
    ]
    return [(heading, entries) for heading, entries in sections if entries]
