"""The desk: what waits for somebody when they come to the admin, with counts and links."""

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
from pages.editing.permissions import permission_name
from pages.models import Feedback, Page
from pages.publishing import content_version
from pages.publishing.dead_links import dead_links
from pages.publishing.publishable import Publishable, Status

DAYS_NEW = 7
LINKS_KEY = "pages.editing.desk.broken_links"
LINKS_KEPT_SECONDS = 7 * 24 * 3600
PAGES_AT_ONCE = 300  # whose links one visit looks up


def publishables(user):
    """Return the latest version of everything publishable that `user` may see, a queryset a model."""
    return [
        model.objects.latest_versions()
        for model in Publishable.__subclasses__()
        if user.has_perm(permission_name("view", model))
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
                address = admin_address(model, "changelist", query={"engelska": "saknas"})
                found.append((f"{name}: {count}", address))
    return found


def new_feedback(user):
    if not user.has_perm("pages.view_feedback"):
        return []
    since = timezone.localdate() - dt.timedelta(days=DAYS_NEW)
    counts = Feedback.objects.filter(created_at__date__gte=since).aggregate(
        answers=Count("pk"),
        unhelped=Count("pk", filter=Q(helpful=False)),
        worded=Count("pk", filter=~Q(message="")),
    )
    if not counts["answers"]:
        return []
    text = "{answers} svar på {days} dagar: {unhelped} nej, {worded} med egna ord"
    text = text.format(days=DAYS_NEW, **counts)
    return [(text, admin_address(Feedback, "per_page", query={"dagar": DAYS_NEW}))]


def broken_links():
    """Return the dead links of the published pages, and how many pages have links left to look up.

    What is found is kept and holds until content changes. After that each visit looks up the links of
    PAGES_AT_ONCE pages, so that a visit takes no longer the more pages there are.
    """
    content = content_version.current()
    known = cache.get(LINKS_KEY) or {"content": None, "looked_up": {}, "dead": {}, "left": 0}
    if known["content"] != content or known["left"]:
        known = looked_further(known, content)
        cache.set(LINKS_KEY, known, LINKS_KEPT_SECONDS)
    found = [link for links in known["dead"].values() for link in links]
    if known["left"]:
        text = f"{known['left']} sidor återstår att kontrollera. Fortsätt"
        found.append((text, reverse("admin:index")))
    return found


def looked_further(known, content):
    """Return what is `known` of links with those of some more pages looked up, now that `content` holds.

    `looked_up` has for each page the content version that its links were last looked up under, those
    longest ago first; `dead` has the entries of the pages with dead links. Those pages come first: who
    has mended a link is to see it gone.
    """
    pks = set(Page.objects.published().values_list("pk", flat=True))
    before = {pk: under for pk, under in known["looked_up"].items() if pk in pks}
    looked_up = dict.fromkeys(sorted(pks - before.keys())) | before
    dead = {pk: links for pk, links in known["dead"].items() if pk in pks}
    left = [pk for pk, under in looked_up.items() if under != content]
    left.sort(key=lambda pk: pk not in dead)
    chosen = set(left[:PAGES_AT_ONCE])
    looked_up = {pk: under for pk, under in looked_up.items() if pk not in chosen}
    dead = {pk: links for pk, links in dead.items() if pk not in chosen}
    return {
        "content": content,
        "looked_up": looked_up | dict.fromkeys(sorted(chosen), content),
        "dead": dead | dead_links_of(Page.objects.filter(pk__in=chosen)),
        "left": len(left) - len(chosen),
    }


def dead_links_of(pages):
    """Return the dead links of `pages` as the desk's entries, a list for each page by its pk."""
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
