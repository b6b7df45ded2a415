"""Limits on every request and security headers on every response. docs/security.md explains them."""

from ipaddress import ip_address

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import Http404, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils.crypto import salted_hmac

ALLOWED_METHODS = ["GET", "HEAD", "POST"]

# Browser features that no page of the site needs. Staff also sign in with passkeys, which visitors don't.
UNUSED_FEATURES = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen",
    "gamepad", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer",
    "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial",
    "storage-access", "usb", "window-management", "xr-spatial-tracking",
)  # fmt: skip
NO_FEATURES = ", ".join(f"{name}=()" for name in UNUSED_FEATURES)
PASSKEYS = ("publickey-credentials-create", "publickey-credentials-get")
PUBLIC_FEATURES = ", ".join([NO_FEATURES, *(f"{name}=()" for name in PASSKEYS)])
STAFF_FEATURES = ", ".join([NO_FEATURES, *(f"{name}=(self)" for name in PASSKEYS)])

# Django's middleware sets some of these too, but not on responses from middleware that comes before it.
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PUBLIC_FEATURES,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def safe_headers(get_response):
    """Add the headers in HEADERS to every response, except those that it already has."""

    def middleware(request):
        response = get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return middleware


def gate(get_response):
    """Refuse other methods, requests for the admin from other networks, and bodies that are too large."""

    def middleware(request):
        if request.method not in ALLOWED_METHODS:
            return HttpResponseNotAllowed(ALLOWED_METHODS)
        if is_for_staff(request.path_info) and not comes_from_staff_network(request):
            raise Http404("the admin is only open to the networks in ADMIN_NETWORKS")
        if body_length(request) > largest_body(request.path_info):
            return render(request, "413.html", status=413)
        return get_response(request)

    return middleware


def is_for_staff(path):
    return f"{path}/".startswith(settings.ADMIN_PATH)


def largest_body(path):
    """Return the maximum size in bytes of a request body sent to `path`."""
    return settings.MAX_STAFF_BODY if is_for_staff(path) else settings.MAX_PUBLIC_BODY


def comes_from_staff_network(request):
    if not settings.ADMIN_NETWORKS:
        return True
    address = ip_address(get_adapter().get_client_ip(request))
    return any(address in network for network in settings.ADMIN_NETWORKS)


def body_length(request):
    """Return the Content-Length of the request. Without a valid one, Django reads the body as empty."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0


def keyed_hash(salt, value):
    """Return a hash of `value` as 64 hexadecimal digits, which cannot be computed without SECRET_KEY."""
    return salted_hmac(salt, value, algorithm="sha256").hexdigest()


def cache_key(key, prefix, version):
    """Return a hash of `key`, since some keys contain visitors' IP addresses, which are never stored."""
    return keyed_hash("cache", f"{prefix}:{version}:{key}")
