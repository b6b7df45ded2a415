"""Previews: a public page as it will be, for staff at a form, and for whoever is sent a link.

A page is made by its own view, with one version seen as if it were published. Its links stay inside the
preview: they get the preview's address in front, as links of a site in a folder do.
"""

import copy
from functools import wraps
from urllib.parse import urlsplit

from django.apps import apps
from django.core import signing
from django.http import Http404, QueryDict
from django.shortcuts import redirect, render
from django.urls import get_script_prefix, resolve, reverse, set_script_prefix
from django.utils.cache import add_never_cache_headers
from django.utils.translation import get_language_from_path, override
from django.views.decorators.http import require_safe

from pages.publishing.publishable import previewing
from pages.views import page_not_found

SALT = "pages.preview"
DAYS = 14

# The names of the views that show content, and so can be previewed.
PREVIEWABLE = {"pages:page", "pages:profile"}


def previewable(*view_names):
    """Let the views `view_names` of another app be previewed."""
    PREVIEWABLE.update(view_names)


def link_to(publishable):
    """Return the address that shows `publishable` to whoever has it, for `DAYS` days."""
    token = signing.dumps([publishable._meta.label_lower, publishable.pk], salt=SALT)
    with override("sv"):
        return reverse("preview", args=[token, publishable.get_absolute_url().removeprefix("/")])


def named_by(token):
    """Return what the link with `token` opens, its model's label and its pk; None if it has ended."""
    try:
        label, pk = signing.loads(token, salt=SALT, max_age=DAYS * 24 * 3600)
    except signing.BadSignature:
        return None
    return label, pk


def answer_to(request, publishable, path, *, prefix="/"):
    """Return the public page at `path`, `/en/…` for English, with `publishable` as if it were published.

    Raises Http404 where no page is that a visitor reads.
    """
    asked = copy.copy(request)
    asked.method, asked.GET, asked.POST = "GET", QueryDict(), QueryDict()
    asked.path = asked.path_info = prefix + path.removeprefix("/")
    asked.is_preview = True
    before = get_script_prefix()
    with override(get_language_from_path(path) or "sv"), previewing(publishable):
        match = resolve(path)
        if match.view_name not in PREVIEWABLE:
            raise Http404("not a page that can be previewed")
        asked.resolver_match = match
        set_script_prefix(prefix)
        try:
            answer = match.func(asked, *match.args, **match.kwargs)
        finally:
            set_script_prefix(before)
    return answer


def in_both_languages(request, thing):
    """Return `[(code, HTML), …]`: the page where visitors will find `thing`, a part of a publishable."""
    publishable = thing.publishable()
    pages = []
    for language in ("sv", "en"):
        shown = publishable if hasattr(thing, "file") else thing  # a document is seen as a link
        with override(language):
            paths = [urlsplit(one.get_absolute_url()).path for one in (shown, publishable)]
        try:
            answer = answer_to(request, publishable, paths[0])
        except Http404:
            answer = None
        if answer is None or answer.status_code != 200:  # it has no page of its own yet
            answer = answer_to(request, publishable, paths[1])
        pages.append((language, answer.content.decode()))
    return pages


def kept_by_nobody(view):
    """Let neither caches nor search engines keep what `view` answers: its address opens a draft."""

    @wraps(view)
    def page(request, **kwargs):
        try:
            answer = view(request, **kwargs)
        except Http404 as error:
            answer = page_not_found(request, error)
        add_never_cache_headers(answer)
        del answer["X-Accel-Expires"]  # nginx heeds nothing else
        answer["X-Robots-Tag"] = "noindex, nofollow"
        return answer

    return page


@kept_by_nobody
@require_safe
def shared(request, token, path):
    """Show what the link with `token` is for; once it is published, lead to where everyone sees it."""
    named = named_by(token)
    if named is None:
        return _ended(request)
    label, pk = named
    publishable = apps.get_model(label).objects.filter(pk=pk).first()
    if publishable is None:
        return _ended(request)
    if publishable.has_been_published:
        return redirect("/" + path.lstrip("/"))  # two would be another site
    prefix = reverse("preview", args=[token, "x"]).removesuffix("x")
    return answer_to(request, publishable, "/" + path, prefix=prefix)


def _ended(request):
    return render(request, "pages/preview_ended.html", {"days": DAYS}, status=410)
