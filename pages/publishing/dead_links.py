"""Links in rich text that lead nowhere on our own site.

Where links lead is looked up as data, for all of them at once: each app says with `looks_up` what there is
at its addresses. The number of queries depends on the kinds of addresses, not on the number of links.
"""

from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from django.apps import apps
from django.conf import settings
from django.http.request import validate_host
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.translation import get_language_from_path, override

from blekinge_site.languages import give_anchors, slug_now
from pages.models import Administration, Page, RegionProfile
from pages.publishing import preview
from pages.publishing.richtext import links_of
from pages.views import IDS_ON_PROFILE

# The ids on every page about content: the page's own text, and the question below it.
EVERY_PAGE = frozenset({"innehall", "feedback-question"})


class Target(NamedTuple):
    """An address on our site: the name of its view, its language, and the values in it, such as a slug."""

    view_name: str
    language: str
    values: tuple


LOOKUPS = {}


def looks_up(*view_names):
    """Have the decorated function look up the targets of the views `view_names`.

    It takes a set of `Target` and returns a dict of what visitors find: for each target the ids on its
    page, a set of str; or None where any fragment will do, as in a file and where the address redirects.
    Targets where visitors find nothing are left out.
    """

    def register(function):
        LOOKUPS.update(dict.fromkeys(view_names, function))
        return function

    return register


# --- Dead links ------------------------------------------------------------------------------------


def dead_links(texts):
    """Return the links that lead nowhere on our site, a list of `Link` for each of `texts`.

    Each text is a pair: rich text, and the path of the page that it is on.
    """
    links = [
        [(link, *destination(link.address, base)) for link in links_of(html)]
        for html, base in texts
    ]
    paths = {path for row in links for _link, path, _fragment in row if path is not None}
    targets = {path: target_at(path) for path in paths}
    found = look_up({target for target in targets.values() if target})

    def is_dead(path, fragment):
        if path is None:
            return False
        if targets[path] not in found:
            return True
        ids = found[targets[path]]
        return bool(fragment) and ids is not None and fragment not in ids

    return [[link for link, path, fragment in row if is_dead(path, fragment)] for row in links]


def destination(address, base):
    """Return the path and the fragment that `address`, in a text on the page at `base`, leads to.

    The path is None where it isn't looked up: on another site, a staff page, a static file, or `base`
    itself. An address that cannot be read has a path that no page has.
    """
    try:
        parts = urlsplit(urljoin(base, address))
    except ValueError:
        return "//", ""
    ours = parts.hostname is None or validate_host(parts.hostname, settings.ALLOWED_HOSTS)
    path = unquote(parts.path)
    if (
        parts.scheme not in {"", "http", "https"}
        or not ours
        or path == base
        or f"{path}/".startswith((settings.STATIC_URL, settings.ADMIN_PATH))
    ):
        return None, ""
    return path, unquote(parts.fragment)


def target_at(path):
    """Return the Target at `path` on our site, or None where the site has no such address."""
    language = get_language_from_path(path) or settings.LANGUAGE_CODE
    with override(language):
        # An address without its last slash is sent on to the one with it.
        for possible in [path] if path.endswith("/") else [path, f"{path}/"]:
            try:
                match = resolve(possible)
            except Resolver404:
                continue
            return Target(match.view_name, language, tuple(match.captured_kwargs.values()))
    return None


def look_up(targets):
    """Return what visitors find at `targets`, as functions decorated with `looks_up` do."""
    by_function = {}
    for target in targets:
        if function := LOOKUPS.get(target.view_name):
            by_function.setdefault(function, set()).add(target)
    found = {}
    for function, its_targets in by_function.items():
        found |= function(its_targets)
    return found


# --- What there is ---------------------------------------------------------------------------------


@looks_up("pages:page")
def pages(targets):
    by_word = {}
    words = {word for target in targets for word in target.values}
    for page in Page.objects.published().at(*words).only("slug", "slug_en"):
        for word in {page.slug, page.slug_en}:
            by_word.setdefault(word, []).append(page)
    found = {}
    for target in targets:
        (word,) = target.values
        if word in by_word:
            with override(target.language):
                is_own = any(slug_now(page) == word for page in by_word[word])
            found[target] = EVERY_PAGE if is_own else None
    return found


@looks_up("pages:profile")
def profile(targets):
    profile = RegionProfile.objects.published().first()
    if profile is None:
        return {}
    core_values = list(profile.core_values.only("profile", "slug"))
    give_anchors(core_values, taken=set(IDS_ON_PROFILE))
    ids = EVERY_PAGE | {value.anchor for value in core_values}
    if profile.daily_stats.exists():
        ids |= {"en-dag-hos-oss"}
    has_administrations = Administration.objects.filter(profile=profile).on(timezone.localdate())
    has_administrations = has_administrations.exists()
    found = {}
    for target in targets:
        with override(target.language):
            organisation = profile.organisation_facts or has_administrations
            core = profile.values_introduction or core_values
        found[target] = (
            ids
            | ({"organisation"} if organisation else set())
            | ({"vardegrund"} if core else set())
        )
    return found


@looks_up("pages:feedback", "pages:feedback_thanks")
def feedback(targets):
    """The form's own address redirects to the start page."""
    return {
        target: {"innehall"} if target.view_name == "pages:feedback_thanks" else None
        for target in targets
    }


@looks_up("preview")
def previews(targets):
    """A preview that hasn't ended is there, whichever page of the site it is opened at."""
    tokens = {target: preview.named_by(target.values[0]) for target in targets}
    pks = {}
    for label, pk in filter(None, tokens.values()):
        pks.setdefault(label, set()).add(pk)
    rows = {
        (label, row.pk): row
        for label, numbers in pks.items()
        for row in apps.get_model(label).objects.filter(pk__in=numbers)
    }
    found = {}
    for target, named in tokens.items():
        if named not in rows:
            continue
        shown = target_at("/" + "".join(target.values[1:]))
        if rows[named].has_been_published or (shown and shown.view_name in preview.PREVIEWABLE):
            found[target] = None
    return found


@looks_up("robots_txt", "security_txt", "sitemap")
def for_machines(targets):
    return {
        target: set()
        for target in targets
        if target.view_name != "security_txt" or settings.SECURITY_CONTACT
    }
