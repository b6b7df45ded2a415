"""Previews of public pages, for staff who edit a form and for anyone with a preview link.

The page's own view renders it, with one version treated as published. The links on the page stay inside
the preview, because its address is set as the script prefix.
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
LINK_DAYS = 14

# The names of all views that show content.
PREVIEWABLE_VIEWS = {"pages:page", "pages:profile"}


def previewable(*view_names):
    """Register views of another app that show content."""
    PREVIEWABLE_VIEWS.update(view_names)


def link_to(publishable):
    """Return a link that shows `publishable` to anyone who has it, for `LINK_DAYS` days."""
    token = signing.dumps([publishable._meta.label_lower, publishable.pk], salt=SALT)
    with override("sv"):
        return reverse("preview", args=[token, publishable.get_absolute_url().removeprefix("/")])


def publishable_key(token):
    """Return the model label and pk of the publishable that `token` is for, or None if it is invalid."""
    try:
        label, pk = signing.loads(token, salt=SALT, max_age=LINK_DAYS * 24 * 3600)
    except signing.BadSignature:
        return None
    return label, pk


def preview_response(request, publishable, path, *, prefix="/"):
    """Return the response of the public page at `path` as if `publishable` were published.

    Links on the page begin with `prefix`. Raises Http404 if no page with content is at `path`.
    """
    page_request = copy.copy(request)
    page_request.method, page_request.GET, page_request.POST = "GET", QueryDict(), QueryDict()
    page_request.path = page_request.path_info = prefix + path.removeprefix("/")
    page_request.is_preview = True
    previous_prefix = get_script_prefix()
    with override(get_language_from_path(path) or "sv"), previewing(publishable):
        match = resolve(path)
        if match.view_name not in PREVIEWABLE_VIEWS:
            raise Http404("not a page that can be previewed")
        page_request.resolver_match = match
        set_script_prefix(prefix)
        try:
            return match.func(page_request, *match.args, **match.kwargs)
        finally:
            set_script_prefix(previous_prefix)


def in_both_languages(request, obj):
    """Return `[(language code, HTML), …]`: the page that will show `obj`, a publishable or a part."""
    publishable = obj.publishable()
    pages = []
    for language in ("sv", "en"):
        shown = publishable if hasattr(obj, "file") else obj  # documents have no page
        with override(language):
            paths = [urlsplit(page.get_absolute_url()).path for page in (shown, publishable)]
        try:
            response = preview_response(request, publishable, paths[0])
        except Http404:
            response = None
        if response is None or response.status_code != 200:  # `obj` has no page of its own yet
            response = preview_response(request, publishable, paths[1])
        pages.append((language, response.content.decode()))
    return pages


def never_stored(view):
    """Keep caches and search engines from storing the responses of `view`, which can show drafts."""

    @wraps(view)
    def wrapper(request, **kwargs):
        try:
            response = view(request, **kwargs)
        except Http404 as error:
            response = page_not_found(request, error)
        add_never_cache_headers(response)
        del response["X-Accel-Expires"]  # nginx stores a response only if it has this header
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return wrapper


@never_stored
@require_safe
def shared(request, token, path):
    """Show the publishable of a preview link, or redirect to the public page once it is published."""
    key = publishable_key(token)
    if key is None:
        return _link_ended(request)
    label, pk = key
    publishable = apps.get_model(label).objects.filter(pk=pk).first()
    if publishable is None:
        return _link_ended(request)
    if publishable.has_been_published:
        # A path that begins with two slashes would lead to another site.
        return redirect("/" + path.lstrip("/"))
    prefix = reverse("preview", args=[token, "x"]).removesuffix("x")
    return preview_response(request, publishable, "/" + path, prefix=prefix)


def _link_ended(request):
    return render(request, "pages/preview_ended.html", {"days": LINK_DAYS}, status=410)
