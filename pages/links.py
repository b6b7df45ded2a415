"""Links in rich text that lead nowhere on our own site."""

from urllib.parse import unquote, urljoin, urlsplit

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest
from django.http.request import validate_host
from django.urls import Resolver404, resolve
from django.utils.translation import get_language_from_path, override

from pages.richtext import links_of


def asked_for(path, match):
    """Return the request of a visitor who asks for `path`, which `match` answers."""
    request = HttpRequest()
    request.method, request.path, request.path_info = "GET", path, path
    request.META = {"SERVER_NAME": settings.ALLOWED_HOSTS[0].lstrip("."), "SERVER_PORT": "443"}
    request.user, request.resolver_match = AnonymousUser(), match
    return request


def answer_at(path):
    """Return the response that visitors get at `path`, or None where there is nothing for them."""
    with override(get_language_from_path(path) or settings.LANGUAGE_CODE):
        try:
            match = resolve(path)
            response = match.func(asked_for(path, match), *match.args, **match.kwargs)
        except Resolver404:
            # An address without its last slash is sent on to the one with it.
            return None if path.endswith("/") else answer_at(f"{path}/")
        except Http404:
            return None
    if response.streaming:
        response.file_to_stream.close()  # response.close() would end the request that is asking
    return response if response.status_code < 400 else None


def is_dead(address, base):
    """Tell whether `address`, in a text on the page at `base`, leads to our own site and to nothing."""
    try:
        goal = urlsplit(urljoin(base, address))
    except ValueError:  # no address at all
        return True
    ours = goal.hostname is None or validate_host(goal.hostname, settings.ALLOWED_HOSTS)
    if goal.scheme not in {"", "http", "https"} or not ours:
        return False
    path = unquote(goal.path)
    if path == base or f"{path}/".startswith((settings.STATIC_URL, settings.ADMIN_PATH)):
        return False
    response = answer_at(path)
    if response is None:
        return True
    if not goal.fragment or response.status_code != 200 or response.streaming:
        return False
    return f'id="{unquote(goal.fragment)}"' not in response.text


def dead_links(html, base):
    """Return the links in rich text `html`, on the page at `base`, that lead nowhere on our site."""
    return [link for link in links_of(html) if is_dead(link.address, base)]
