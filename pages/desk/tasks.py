"""The tasks on the desk: for each kind of work that waits for somebody, how much of it there is."""

import datetime as dt
from dataclasses import dataclass

from django.contrib import admin
from django.core.cache import cache
from django.db.models import Count, Min
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from blekinge_site.formats import day, when
from blekinge_site.staff.addresses import admin_address, change_address, form_address
from pages.desk.activity import last_revisions
from pages.desk.links import broken_links
from pages.editing.content_admin import ContentAdmin
from pages.editing.filters import missing_english
from pages.editing.form_drafts import drafts_of
from pages.editing.permissions import may_publish, permission_name
from pages.models import Feedback
from pages.publishing.findings import findings, text_in, translated_fields
from pages.publishing.owners import without_texts
from pages.publishing.publishable import Publishable, Status, previewing

STOPS_CACHE_KEY = "pages.desk.stops"
STOPS_CACHE_SECONDS = 7 * 24 * 3600
MAX_DRAFTS_PER_VISIT = 1  # whose findings are computed in one request
MAX_ENTRIES = 50  # listed below a task

STOP, ADVICE, PLANNED = "stop", "advice", "copy"  # the tints of the marks


@dataclass(frozen=True)
class Task:
    """A row on the desk: all work of a kind."""

    kind: str
    severity: str
    icon: str
    count: int
    text: str
    detail: str
    action: str
    address: str
    since: dt.datetime | None = None  # how long the oldest has waited, if that is known
    emphasis: str = ""  # the beginning of the detail
    entries: tuple = ()  # the single rows, if there are several: pairs of a text and an address

    @property
    def hidden_entries(self):
        """How many entries there are in addition to those listed."""
        return max(self.count - len(self.entries), 0)


def models_for(user):
    """Return the models of publishables that `user` may view."""
    return [
        model
        for model in Publishable.__subclasses__()
        if user.has_perm(permission_name("view", model))
    ]


def you_or_name(user, viewer):
    """Return "dig" if `user` is the `viewer`, otherwise the name of `user`."""
    if user == viewer:
        return "dig"
    return user.get_full_name() or user.get_username()


def listing(names):
    """Return names as a list in a sentence, at most three: A, B och C; A, B och 4 till."""
    names = list(names)
    if len(names) > 3:
        names = [*names[:2], f"{len(names) - 2} till"]
    return " och ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


# --- Drafts and working copies ---------------------------------------------------------------------


def stops_in(drafts):
    """Return how many findings stop the publication of each of `drafts`: `{(model label, pk): number}`.

    The numbers are kept until the draft changes. A request computes those of MAX_DRAFTS_PER_VISIT drafts,
    those that were changed last, so drafts may be missing in the result.
    """
    known = cache.get(STOPS_CACHE_KEY) or {}
    keys = {(draft._meta.label, draft.pk, draft.changed_at): draft for draft in drafts}
    current = {key: known[key] for key in keys if key in known}
    new = sorted(keys.keys() - known.keys(), key=lambda key: key[2], reverse=True)
    for key in new[:MAX_DRAFTS_PER_VISIT]:
        with previewing(keys[key]):  # so that links to its own new parts work
            current[key] = sum(finding.stops for finding in findings(keys[key]))
    if current != known:
        cache.set(STOPS_CACHE_KEY, current, STOPS_CACHE_SECONDS)
    return {(label, pk): number for (label, pk, _changed_at), number in current.items()}


def draft_tasks(user):
    drafts_of = {
        model: list(without_texts(model.objects.latest_versions().filter(status=Status.DRAFT)))
        for model in models_for(user)
    }
    drafts = [draft for drafts in drafts_of.values() for draft in drafts]
    stops, revisions = stops_in(drafts), last_revisions(drafts)
    return [
        draft_task(user, model, drafts, stops, revisions)
        for model, drafts in drafts_of.items()
        if drafts
    ]


def draft_task(user, model, drafts, stops, revisions):
    """Return the Task of the `drafts` of `model`; the name of a single draft is its text."""
    drafts.sort(key=lambda draft: draft.changed_at, reverse=True)
    latest = drafts[0]
    stopped = [draft for draft in drafts if stops.get((model._meta.label, draft.pk))]
    revision = revisions.get(latest)
    by = f" av {you_or_name(revision.made_by, user)}" if revision and revision.made_by else ""
    fields = {
        "kind": f"drafts-{model._meta.model_name}",
        "severity": STOP if stopped else ADVICE,
        "icon": "edit",
        "count": len(drafts),
        "since": min(draft.changed_at for draft in drafts),
    }
    if len(drafts) == 1:
        number = stops.get((model._meta.label, latest.pk))
        may = may_publish(user, latest)
        return Task(
            **fields,
            text=f"{latest}, {'arbetskopia' if latest.version > 1 else 'utkast'}",
            emphasis=f"{number} {'sak' if number == 1 else 'saker'} måste rättas" if number else "",
            detail=(" före publicering. " if number else "")
            + f"Ändrades senast{by} {when(latest.changed_at)}.",
            action="Fortsätt" if number else "Publicera" if may else "Kontrollera",
            address=change_address(latest)
            if number
            else admin_address(latest, "publicera", latest.pk),
        )
    names = listing(str(draft) for draft in stopped)
    return Task(
        **fields,
        text=f"{len(drafts)} {model._meta.verbose_name_plural} är utkast eller arbetskopior",
        emphasis=f"Något måste rättas i {names}. " if stopped else "",
        detail=f"{latest} ändrades senast{by} {when(latest.changed_at)}.",
        action="Visa alla",
        address=admin_address(model, "changelist", query={"status__exact": Status.DRAFT}),
        entries=tuple((str(draft), change_address(draft)) for draft in drafts[:MAX_ENTRIES]),
    )


def unsaved_tasks(user):
    """Yield a Task for the forms that the user has typed in but not saved."""
    drafts = list(drafts_of(user).order_by("-saved_at"))
    if not drafts:
        return
    latest = drafts[0]
    several = len(drafts) > 1
    yield Task(
        kind="unsaved",
        severity=STOP,
        icon="undo",
        count=len(drafts),
        text=f"Du har {len(drafts)} formulär att spara"
        if several
        else f"{latest.name} är inte sparat",
        detail=f"Du skrev {'senast ' if several else ''}{when(latest.saved_at)}. Bara du ser det.",
        action="Fortsätt skriva",
        address=latest.form,
        since=drafts[-1].saved_at,
        entries=tuple(
            (f"{draft.name}: skrevs {when(draft.saved_at)}", draft.form)
            for draft in drafts[:MAX_ENTRIES]
        )
        if several
        else (),
    )


# --- Other kinds -----------------------------------------------------------------------------------


def link_tasks(user):
    """Yield a Task for the dead links, and one if some pages remain to be checked."""
    if not user.has_perm("pages.view_page"):
        return
    links, left = broken_links()
    if links:
        texts = [
            f"{link.page}{', engelska' if link.language == 'en' else ''}: "
            f"”{link.text}” går till {link.leads_to}"
            for link in links
        ]
        several = len(links) > 1
        yield Task(
            kind="links",
            severity=STOP,
            icon="dead-link",
            count=len(links),
            text=f"{len(links)} länkar leder ingenstans" if several else "1 länk leder ingenstans",
            detail=f"På {listing(dict.fromkeys(link.page for link in links))}."
            if several
            else f"{texts[0]}.",
            action="Rätta länkarna" if several else "Rätta länken",
            address=links[0].address,
            entries=tuple(zip(texts, [link.address for link in links], strict=True))[:MAX_ENTRIES]
            if several
            else (),
        )
    if left:
        yield Task(
            kind="unchecked-links",
            severity=ADVICE,
            icon="link",
            count=left,
            text="Alla länkar är inte kontrollerade",
            detail=f"{left} {'sida' if left == 1 else 'sidor'} återstår.",
            action="Fortsätt",
            address=reverse("admin:index"),
        )


def feedback_tasks(user, owners):
    """Yield a Task for the new answers in visitors' own words."""
    if not user.has_perm("pages.view_feedback"):
        return
    pages = list(
        Feedback.objects.waiting()
        .values("address")
        .annotate(count=Count("pk"), oldest=Min("created_at"))
        .order_by("-count", "address")
    )
    if not pages:
        return
    count, oldest = sum(row["count"] for row in pages), min(row["oldest"] for row in pages)
    names = list(dict.fromkeys(owners().name_of(row["address"]) for row in pages))
    subject = "Det" if count == 1 else "Alla" if len(names) == 1 else "De"
    age = "från" if count == 1 else "Det äldsta är från"
    detail = f"{subject} gäller {listing(names)}" + (", " if count == 1 else ". ")
    yield Task(
        kind="feedback",
        severity=ADVICE,
        icon="message",
        count=count,
        text=f"{count} {'nytt' if count == 1 else 'nya'} svar med egna ord",
        detail=f"{detail}{age} {when(timezone.localdate(oldest))}.",
        action="Läs svaret" if count == 1 else "Läs svaren",
        address=admin_address(Feedback, "per_page") + "#egna-ord",
        since=oldest,
    )


def english_tasks(request):
    """Yield a Task for the texts without English; a single text's action opens its field."""
    counts = {}
    for model, model_admin in admin.site._registry.items():
        if isinstance(model_admin, ContentAdmin) and model_admin.has_view_permission(request):
            rows = missing_english(model_admin.latest(model.objects.all()))
            if count := rows.count():
                counts[model] = count, rows
    if not counts:
        return
    total = sum(count for count, _rows in counts.values())
    fields = {"kind": "english", "severity": ADVICE, "icon": "translate", "count": total}
    if total == 1:
        (_count, rows) = next(iter(counts.values()))
        obj = rows.get()
        field = next(
            name
            for name in translated_fields(obj)
            if text_in(obj, name, "sv") and not text_in(obj, name, "en")
        )
        publishable = obj.publishable()
        place = "" if publishable == obj else f" i {publishable}"
        yield Task(
            **fields,
            text="1 text saknar engelska",
            detail=f"{capfirst(obj._meta.verbose_name)} ”{obj}”{place}.",
            action="Översätt",
            address=f"{form_address(obj)}#id_{field}_en",
        )
        return
    entries = tuple(
        (
            f"{capfirst(model._meta.verbose_name_plural)}: {count}",
            admin_address(model, "changelist", query={"engelska": "saknas"}),
        )
        for model, (count, _rows) in counts.items()
    )
    yield Task(
        **fields,
        text=f"{total} texter saknar engelska",
        detail=f"{listing(text for text, _address in entries)}.",
        action="Översätt",
        address=entries[0][1],
        entries=entries if len(entries) > 1 else (),
    )


def review_tasks(user):
    """Yield a Task for the content whose day of review has passed."""
    due = [
        publishable
        for model in models_for(user)
        for publishable in without_texts(model.objects.latest_versions())
        .filter(review_on__lt=timezone.localdate())
        .exclude(status=Status.WITHDRAWN)
    ]
    if not due:
        return
    due.sort(key=lambda publishable: publishable.review_on)
    oldest = due[0]
    yield Task(
        kind="reviews",
        severity=ADVICE,
        icon="calendar",
        count=len(due),
        text="1 granskningsdag har passerat"
        if len(due) == 1
        else f"{len(due)} granskningsdagar har passerat",
        detail=f"{oldest} skulle ha granskats {when(oldest.review_on)}.",
        action="Granska",
        address=f"{form_address(oldest)}#id_review_on",
        since=timezone.make_aware(dt.datetime.combine(oldest.review_on, dt.time())),
        entries=tuple(
            (f"{publishable}, {day(publishable.review_on)}", change_address(publishable))
            for publishable in due[:MAX_ENTRIES]
        )
        if len(due) > 1
        else (),
    )


def waiting(request, owners):
    """Return the user's tasks: those that stop something first, then the oldest.

    `owners` is a function that returns an Owners, which is called only if it is needed.
    """
    tasks = [
        *unsaved_tasks(request.user),
        *draft_tasks(request.user),
        *link_tasks(request.user),
        *feedback_tasks(request.user, owners),
        *english_tasks(request),
        *review_tasks(request.user),
    ]
    return sorted(
        tasks,
        key=lambda task: (task.severity != STOP, task.since is None, task.since or timezone.now()),
    )
