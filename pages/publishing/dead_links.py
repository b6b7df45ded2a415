"""Dead links in rich text: links to addresses on this site where there is no page.

Targets are looked up in the database, all at once, by functions that each app registers with `looks_up`.
The number of queries depends on the number of different views, not on the number of links.
"""

from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from django.apps import apps
from django.conf import settings
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.translation import get_language_from_path, override

from blekinge_site.languages import give_anchors, slug_now
from pages.models import Administration, Page, RegionProfile
from pages.publishing import preview
from pages.publishing.publishable import now
from pages.publishing.richtext import is_this_site, links_of
from pages.publishing.slugs import find_by_slug
from pages.views import IDS_ON_PROFILE

# The ids on every page with content: its main text, and the feedback question below it.
IDS_ON_EVERY_PAGE = frozenset({"innehall", "feedback-question"})


class Target(NamedTuple):
    """An address on this site: the name of its view, its language and its URL arguments, such as a slug."""

    view_name: str
    language: str
    values: tuple


LOOKUPS = {}


def looks_up(*view_names):
    """Register the decorated function to look up targets of the views `view_names`.

    It takes a set of `Target` and returns a dict that maps each target that exists to the set of ids on its
    page, or to None if any fragment is valid, as in files and for addresses that redirect.
    """

    def register(function):
        LOOKUPS.update(dict.fromkeys(view_names, function))
        return function

    return register


# --- Dead links ------------------------------------------------------------------------------------


def dead_links(texts):
    """Return the dead links of each of `texts`, a list of lists of `Link`.

    Each text is a pair: HTML, and the path of the page that it is on.
    """
    links = [
        [(link, *destination(link.address, base)) for link in links_of(html)]
        for html, base in texts
    ]
    paths = {path for row in links for _link, path, _fragment in row if path is not None}
    targets = {path: target_at(path) for path in paths}
    ids_at = look_up({target for target in targets.values() if target})

    def is_dead(path, fragment):
        if path is None:
            return False
        if targets[path] not in ids_at:
            return True
        ids = ids_at[targets[path]]
        return bool(fragment) and ids is not None and fragment not in ids

    return [[link for link, path, fragment in row if is_dead(path, fragment)] for row in links]


def destination(address, base):
    """Return the path and the fragment that `address` leads to from the page at `base`.

    The path is None if it doesn't need to be looked up: on other sites, and for pages of staff, static
    files and `base` itself. An invalid address gets a path that no page has.
    """
    try:
        parts = urlsplit(urljoin(base, address))
    except ValueError:
        return "//", ""
    is_on_this_site = parts.hostname is None or is_this_site(parts.hostname)
    path = unquote(parts.path)
    if (
        parts.scheme not in {"", "http", "https"}
        or not is_on_this_site
        or path == base
        or f"{path}/".startswith((settings.STATIC_URL, settings.ADMIN_PATH))
    ):
        return None, ""
    return path, unquote(parts.fragment)


def target_at(path):
    """Return the Target at `path`, or None if no view has such an address."""
    language = get_language_from_path(path) or settings.LANGUAGE_CODE
    with override(language):
        # Django redirects an address without its trailing slash.
        for candidate in [path] if path.endswith("/") else [path, f"{path}/"]:
            try:
                match = resolve(candidate)
            except Resolver404:
                continue
            return Target(match.view_name, language, tuple(match.captured_kwargs.values()))
    return None


def look_up(targets):
    """Return the ids on the page of each of `targets` that exists; see `looks_up`."""
    by_function = {}
    for target in targets:
        if function := LOOKUPS.get(target.view_name):
            by_function.setdefault(function, set()).add(target)
    ids_at = {}
    for function, its_targets in by_function.items():
        ids_at |= function(its_targets)
    return ids_at


# --- Lookups ---------------------------------------------------------------------------------------


@looks_up("pages:page")
def ids_on_pages(targets):
    pages_at = {}
    slugs = {slug for target in targets for slug in target.values}
    for page in Page.objects.published().at(*slugs).only("slug", "slug_en"):
        for slug in {page.slug, page.slug_en}:
            pages_at.setdefault(slug, []).append(page)
    ids_at = {}
    for target in targets:
        (slug,) = target.values
        with override(target.language):
            page = find_by_slug(pages_at.get(slug, []), slug)
            if page:
                is_redirected = slug_now(page) != slug
                ids_at[target] = None if is_redirected else IDS_ON_EVERY_PAGE
    return ids_at


@looks_up("pages:profile")
def ids_on_profile(targets):
    profile = RegionProfile.objects.published().first()
    if profile is None:
        return {}
    core_values = list(profile.core_values.only("profile", "slug"))
    give_anchors(core_values, taken=set(IDS_ON_PROFILE))
    ids = IDS_ON_EVERY_PAGE | {value.anchor for value in core_values}
    if profile.daily_stats.exists():
        ids |= {"en-dag-hos-oss"}
    today = timezone.localdate(now())
    has_administrations = Administration.objects.filter(profile=profile).on(today).exists()
    ids_at = {}
    for target in targets:
        with override(target.language):
            has_organisation = profile.organisation_facts or has_administrations
            has_core_values = profile.values_introduction or core_values
        ids_at[target] = (
            ids
            | ({"organisation"} if has_organisation else set())
            | ({"vardegrund"} if has_core_values else set())
        )
    return ids_at


@looks_up("pages:feedback", "pages:feedback_thanks")
def ids_on_feedback_pages(targets):
    # The address of the form itself redirects to the start page.
    return {
        target: {"innehall"} if target.view_name == "pages:feedback_thanks" else None
        for target in targets
    }


@looks_up("preview")
def previews(targets):
    """Look up preview links. A link that hasn't expired can show any page that can be previewed."""
    keys = {target: preview.publishable_key(target.values[0]) for target in targets}
    pks = {}
    for label, pk in filter(None, keys.values()):
        pks.setdefault(label, set()).add(pk)
    rows = {
        (label, row.pk): row
        for label, model_pks in pks.items()
        for row in apps.get_model(label).objects.filter(pk__in=model_pks)
    }
    ids_at = {}
    for target, key in keys.items():
        if key not in rows:
            continue
        shown = target_at("/" + "".join(target.values[1:]))
        can_be_shown = shown and shown.view_name in preview.PREVIEWABLE_VIEWS
        if rows[key].has_been_published or can_be_shown:
            ids_at[target] = None
    return ids_at


@looks_up("robots_txt", "security_txt", "sitemap")
def machine_readable_files(targets):
    return {
        target: set()
        for target in targets
        if target.view_name != "security_txt" or settings.SECURITY_CONTACT
    }
