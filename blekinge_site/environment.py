"""How settings.py reads what differs between installations: each kind of value, or why it is none."""

import re
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()
env.read_env(Path(__file__).resolve().parent.parent / ".env")


def from_environment(read, name, mend, **options):
    """Return environment variable `name` as `read` casts it; `mend` tells how to set it right."""
    try:
        return read(name, **options)
    except (ImproperlyConfigured, ValueError, TypeError, KeyError) as error:
        raise ImproperlyConfigured(f"{name} is missing or cannot be read. {mend}") from error


def yes_or_no(name, *, default):
    """Return environment variable `name`, which is on or off, as a bool."""
    value = env.str(name, default="on" if default else "off").lower()
    if value not in {"on", "off"}:
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to on or off.")
    return value == "on"


def one_of(name, choices, *, default):
    """Return environment variable `name`, which is one of `choices`."""
    value = env.str(name, default=default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to {' or '.join(choices)}.")
    return value


def database(name, *, default):
    """Return the database that address `name` gives, or `default`, as Django's settings for it."""
    found = env.db_url(name, default=default)
    kinds = {"django.db.backends.postgresql", "django.db.backends.sqlite3"}
    if found.get("ENGINE") not in kinds or not found["NAME"]:
        raise ValueError("not a database that the site knows")
    return found


def hosts(name, *, default):
    """Return the host names that `name` lists, as browsers send them: in small letters."""
    found = [one.strip().lower() for one in env.str(name, default=default).split(",")]
    if not all(re.fullmatch(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\]", one) for one in found):
        raise ValueError("not names of hosts")
    return found


def redis(name):
    """Return the address of a Redis that `name` gives, or an empty text."""
    found = env.str(name, default="")
    address = urlsplit(found)
    server = address.path if address.scheme == "unix" else address.hostname
    is_one = server and address.scheme in {"redis", "rediss", "unix"}
    if found and not is_one or address.port == 0:  # a port that is no number raises too
        raise ValueError("not a Redis")
    return found


def folder(name, *, default):
    """Return the path of the folder that `name` gives."""
    if not env.str(name, default=str(default)):
        raise ValueError("empty, which would be the folder of the code")
    return env.path(name, default=default)()


def at_least_one(name, *, default):
    """Return environment variable `name`, a whole number above zero."""
    found = env.int(name, default=default)
    if found < 1:
        raise ValueError("not above zero")
    return found


def port(name):
    """Return environment variable `name`, the number of a port, or None."""
    found = env.str(name, default="")
    if found and not 0 < int(found) < 65536:
        raise ValueError("not a port")
    return int(found) if found else None


def sentry(name):
    """Return environment variable `name`, the address of a project in Sentry, or an empty text."""
    found = urlsplit(env.str(name, default=""))
    if found.geturl() and not (found.username and found.hostname and found.path[1:].isdigit()):
        raise ValueError("not a project's address")
    return found.geturl()


def address_path(name, *, default):
    """Return the path that `name` gives, with a slash at both ends."""
    found = env.str(name, default=default).strip("/")
    if not re.fullmatch("[a-z0-9-]+(/[a-z0-9-]+)*", found):
        raise ValueError("not a path of plain words")
    if found.split("/")[0] in {"en", "static", "forhandsgranska"}:
        raise ValueError("visitors' pages are there")
    return f"/{found}/"


def networks(name):
    """Return the IP networks that `name` lists."""
    return [ip_network(one.strip()) for one in env.list(name, default=[])]


def contact(name):
    """Return the address that `name` gives for mail or a web page, or nothing."""
    found = env.str(name, default="")
    if not re.fullmatch(r"(mailto:[^\s@]+@[^\s@]+|https://\S+)?", found):
        raise ValueError("neither mailto: nor https:")
    return found


def mailers(name):
    """Return the mail server that address `name` gives as Django's settings for it."""
    found = env.email_url(name)
    if not found["EMAIL_HOST"]:
        raise ValueError("not a mail server")
    return {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {
                "host": found["EMAIL_HOST"],
                "port": found["EMAIL_PORT"] or 25,
                "username": found["EMAIL_HOST_USER"] or "",
                "password": found["EMAIL_HOST_PASSWORD"] or "",
                "use_tls": found.get("EMAIL_USE_TLS", False),
                "use_ssl": found.get("EMAIL_USE_SSL", False),
            },
        }
    }
