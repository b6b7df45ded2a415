"""The cards on the desk: one for each kind of publishable, with its state and what it holds."""

from dataclasses import dataclass, field

from django.utils.text import capfirst

from blekinge_site.formats import when
from blekinge_site.staff.addresses import admin_address, change_address
from pages.publishing.publishable import Status

MAX_NAMES = 3  # in a card that lists publishables


@dataclass
class Card:
    """What the desk says of a kind of content."""

    title: str
    address: str  # where it is edited
    status: tuple  # the kind of mark, its icon and its words: ("done", "check", "Publicerad")
    facts: list = field(default_factory=list)  # short lines
    links: list = field(default_factory=list)  # in addition to the address: [(name, address), …]


@dataclass
class Offer:
    """Something to begin, and why. Without permission to do so the address is None."""

    title: str
    text: str
    action: str
    address: str | None


def counted(rows, singular=None, plural=None):
    """Return how many `rows` there are, with their name: 11 inriktningsmål."""
    options = rows.model._meta
    count = rows.count()
    name = (
        (singular or options.verbose_name) if count == 1 else plural or options.verbose_name_plural
    )
    return f"{count} {name}"


def latest_state(publishable):
    """Return the lines of a card about dates: when it was published, its working copy and its review."""
    latest = publishable.versions().first()
    lines = []
    if publishable.published_at:
        lines.append(f"Publicerad {when(publishable.published_at.date())}")
    if latest.status == Status.DRAFT:
        name = "Arbetskopia" if latest.version > 1 else "Utkast"
        lines.append(f"{name}, ändrad {when(latest.changed_at)}")
    elif latest.review_on:
        lines.append(f"Granskas senast {when(latest.review_on)}")
    return lines


def card_of(publishable, facts, status=None):
    """Return the Card of the only publishable of its kind, or of the one to show."""
    published = ("done", "check", "Publicerad")
    unpublished = ("copy", "edit", publishable.state())
    is_published = publishable.is_published
    return Card(
        title=str(publishable),
        address=change_address(publishable.versions().first()),
        status=status or (published if is_published else unpublished),
        facts=[*facts, *latest_state(publishable)],
        links=[("Visa på webben", publishable.get_absolute_url())] if is_published else [],
    )


def list_card(model_admin, request, owners):
    """Return the Card of a kind of which there may be many. `owners` is a function that returns an Owners."""
    model = model_admin.model
    names = owners().names(model)
    words = f"{len(names)} publicerad" if len(names) == 1 else f"{len(names)} publicerade"
    links = []
    if model_admin.has_add_permission(request):
        links.append((f"Ny {model._meta.verbose_name}", admin_address(model, "add")))
    return Card(
        title=capfirst(model._meta.verbose_name_plural),
        address=admin_address(model, "changelist"),
        status=("done", "check", words) if names else ("copy", "edit", "Inget publicerat"),
        facts=names[:MAX_NAMES],
        links=links,
    )


def shown_version(model):
    """Return the published publishable of `model`, otherwise its latest version, or None."""
    return model.objects.published().first() or model.objects.latest_versions().first()
