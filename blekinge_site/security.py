"""What holds for every request and every answer, whatever it is about; docs/security.md says why."""

from ipaddress import ip_address

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import Http404, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils.crypto import salted_hmac

METHODS = ["GET", "HEAD", "POST"]

# What a browser can lend to a page. Ours need none of it, but staff sign in with passkeys.
OFF = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen",
    "gamepad", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer",
    "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial",
    "storage-access", "usb", "window-management", "xr-spatial-tracking",
)  # fmt: skip
NO_FEATURES = ", ".join(f"{name}=()" for name in OFF)
PASSKEYS = ("publickey-credentials-create", "publickey-credentials-get")
PUBLIC_FEATURES = ", ".join([NO_FEATURES, *(f"{name}=()" for name in PASSKEYS)])
STAFF_FEATURES = ", ".join([NO_FEATURES, *(f"{name}=(self)" for name in PASSKEYS)])

# Django's middleware set some of these too, but not on what is answered before they are asked.
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PUBLIC_FEATURES,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def safe_headers(get_response):
    """Send `HEADERS` with every answer, but for those that it has words of its own for."""

    def middleware(request):
        response = get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return middleware


def gate(get_response):
    """Turn away what no page answers: other methods, bodies too large, staff's pages from outside."""

    def middleware(request):
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        if is_for_staff(request.path_info) and not comes_from_staff_network(request):
            raise Http404("the staff's pages are open to their own networks only")
        if body_length(request) > largest_body(request.path_info):
            return render(request, "413.html", status=413)
        return get_response(request)

    return middleware


def is_for_staff(path):
    return f"{path}/".startswith(settings.ADMIN_PATH)


def largest_body(path):
    """Return how many bytes may be sent to `path`."""
    return settings.MAX_STAFF_BODY if is_for_staff(path) else settings.MAX_PUBLIC_BODY


def comes_from_staff_network(request):
    if not settings.ADMIN_NETWORKS:
        return True
    address = ip_address(get_adapter().get_client_ip(request))
    return any(address in network for network in settings.ADMIN_NETWORKS)


def body_length(request):
    """Return how many bytes the request says that its body has; one that doesn't say is read as empty."""
    said = request.META.get("CONTENT_LENGTH") or "0"
    return int(said) if said.isdecimal() else 0


def keyed_hash(salt, value):
    """Return 64 hexadecimal digits that stand for `value`, which nobody without SECRET_KEY can find."""
    return salted_hmac(salt, value, algorithm="sha256").hexdigest()


def cache_key(key, prefix, version):
    """Return the cache's own key for `key`: some hold visitors' addresses, which are never stored."""
    return keyed_hash("cache", f"{prefix}:{version}:{key}")
