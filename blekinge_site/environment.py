"""Reads the settings that differ between installations from the environment, one function for each kind.

Each function takes the name of an environment variable, and raises BadSettingError for an invalid value.
"""

import os
import re
from contextlib import contextmanager
from email.utils import parseaddr
from functools import wraps
from io import StringIO
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import quote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from django.db import Error, connection
from environ.fileaware_mapping import FileAwareMapping


class BadSettingError(ImproperlyConfigured):
    """A setting is wrong. The message is one line that names it and says how to correct it."""


class Environment(FileAwareMapping):
    """The environment, where `NAME_FILE` may name a file that contains the value of `NAME`."""

    def __getitem__(self, name):
        try:
            return super().__getitem__(name).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSettingError(
                f"{name}_FILE cannot be read. Set it to a text file that the site may read."
            ) from error


class Env(environ.Env):
    ENVIRON = Environment()


env = Env()


def read_file(path):
    """Add the variables in the file at `path`, if it exists, to those of the environment."""
    if not path.exists():
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettingError(
            f"{path.name} cannot be read. Save it as a text file in UTF-8 that the site may read."
        ) from error
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not re.match(r"\s*#|(export )?\w+=", line):
            raise BadSettingError(f"Line {number} of {path.name} is not NAME=value. Correct it.")
    env.read_env(StringIO(text))


# --- Errors ----------------------------------------------------------------------------------------


@contextmanager
def one_line_errors():
    """Exit with status 1 and a one-line message after a bad setting or a failed database connection."""
    try:
        yield
    except BadSettingError as error:
        raise SystemExit(str(error)) from None
    except Error:
        if reason := connection_error():
            raise SystemExit(
                f"The database cannot be reached ({reason}). Start it, or correct DATABASE_URL."
            ) from None
        raise


def connection_error():
    """Return why the database cannot be connected to, on one line, or None if it can."""
    unpooled = connection.copy()
    unpooled.settings_dict.get("OPTIONS", {}).pop("pool", None)  # a pool hides the reason
    try:
        unpooled.ensure_connection()
        return None
    except Error as error:
        return " ".join(str(error).split())
    finally:
        unpooled.close()


def hint(sentence):
    """Decorate a reader so that an invalid value raises BadSettingError.

    The message ends with `sentence`, which says how to correct the value.
    """

    def decorate(read):
        @wraps(read)
        def read_or_explain(name, **options):
            try:
                return read(name, **options)
            except BadSettingError:
                raise
            except (
                ImproperlyConfigured,
                ValueError,
                TypeError,
                KeyError,
                ValidationError,
            ) as error:
                message = f"{name} is missing or cannot be read. {sentence}"
                raise BadSettingError(message) from error

        return read_or_explain

    return decorate


# --- Text, numbers and choices ---------------------------------------------------------------------


def on_or_off(name, *, default):
    """Return a bool. The value is `on` or `off`."""
    value = env.str(name, default="on" if default else "off").lower()
    if value not in {"on", "off"}:
        raise BadSettingError(f"{name} is {value!r}. Set it to on or off.")
    return value == "on"


def choice(name, choices, *, default):
    """Return the value, which is in `choices`."""
    value = env.str(name, default=default)
    if value not in choices:
        raise BadSettingError(f"{name} is {value!r}. Set it to {' or '.join(choices)}.")
    return value


def positive_integer(name, *, unit, default):
    """Return an int above zero. The error message names its `unit`."""

    @hint(f"Set it to a whole number of {unit}, such as {default}.")
    def read(name):
        value = env.int(name, default=default)
        if value < 1:
            raise ValueError("not above zero")
        return value

    return read(name)


@hint("Set it to at least 50 random characters; `make run` writes one to .env.")
def secret_key(name):
    value = env.str(name)
    if len(value) < 50:
        raise BadSettingError(
            f"{name} has {len(value)} characters. Set it to at least 50 random ones."
        )
    return value


@hint("Set it to one line of text, or leave it out.")
def text(name, *, default):
    value = env.str(name, default=default)
    if not value or not value.isprintable():
        raise ValueError("empty, or more than one line")
    return value


@hint("Set it to words with commas, or leave it out.")
def word_list(name):
    """Return a list of str. The value has commas between the words."""
    words = [word.strip() for word in env.list(name, default=[])]
    if not all(re.fullmatch(r"[!-~]+", word) for word in words):
        raise ValueError("not words")
    return words


# --- Databases and folders -------------------------------------------------------------------------


@hint("Set it as postgresql://user:password@host/name, or leave it out for SQLite.")
def database(name, *, default):
    """Return Django's settings for the database at a URL.

    DATABASE_PASSWORD is used for PostgreSQL if the URL has no password.
    """
    config = env.db_url(name, default=default)
    if config.get("ENGINE") == "django.db.backends.sqlite3":
        file = Path(config["NAME"])
        if file.is_dir() or not file.parent.is_dir():
            raise ValueError("not a file in an existing folder")
    elif config.get("ENGINE") != "django.db.backends.postgresql" or not config["NAME"]:
        raise ValueError("not a supported database")
    else:
        config["PASSWORD"] = config["PASSWORD"] or env.str("DATABASE_PASSWORD", default="")
    return config


def sqlite(name):
    """Return Django's settings for the SQLite file `name`, which may be read-only."""
    file = Path(name)
    if file.exists() and not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)):
        # Without its write-ahead log, SQLite can only open a read-only file as immutable.
        how = "mode=ro" if Path(f"{file}-wal").exists() else "immutable=1"
        return {"NAME": f"file:{quote(str(file.absolute()))}?{how}"}
    return {
        "OPTIONS": {
            # Readers never wait for a writer. A writer waits for its turn before it fails.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,  # seconds
        }
    }


@hint("Set it as redis://host:6379/0.")
def redis_url(name):
    """Return the URL of a Redis server, or an empty string.

    CACHE_PASSWORD is added if the URL has no password.
    """
    url = urlsplit(env.str(name, default=""))
    if not url.geturl():
        return ""
    server = url.path if url.scheme == "unix" else url.hostname
    # Reading an invalid port raises ValueError too.
    if not server or url.scheme not in {"redis", "rediss", "unix"} or url.port == 0:
        raise ValueError("not a Redis URL")
    password = env.str("CACHE_PASSWORD", default="")
    if password and not url.password and url.scheme != "unix":
        user, _at, host = url.netloc.rpartition("@")
        netloc = f"{user.removesuffix(':')}:{quote(password, safe='')}@{host}"
        url = url._replace(netloc=netloc)
    return url.geturl()


@hint("Set it to a folder, or leave it out.")
def folder(name, *, default):
    """Return the path of a folder that exists or can be created."""
    if not env.str(name, default=str(default)):
        raise ValueError("empty, which would mean the folder of the code")
    path = env.path(name, default=default)()
    existing = next(place for place in (Path(path), *Path(path).parents) if place.exists())
    if not existing.is_dir():
        raise ValueError("a file has this path")
    return path


# --- Hosts and addresses ---------------------------------------------------------------------------

HOST = r"[a-z0-9-]+(\.[a-z0-9-]+)*"


@hint("Set it to host names with commas, such as example.org,www.example.org.")
def hosts(name, *, default):
    """Return a list of host names in lowercase, as browsers send them."""
    names = [host.strip().lower() for host in env.str(name, default=default).split(",")]
    if not all(re.fullmatch(rf"\.?{HOST}|\[[0-9a-f:]+\]", host) for host in names):
        raise ValueError("not host names")
    return names


@hint("Set it to an address of this machine, or leave it out.")
def listen_host(name, *, default):
    """Return a host name or an IP address. An empty value, which would mean all, becomes `default`."""
    value = env.str(name, default="") or default
    if not re.fullmatch(HOST, value, re.IGNORECASE):
        ip_address(value)
    return value


@hint("Set it to a number from 1 to 65535, or leave it out.")
def port(name):
    """Return a port number, or None."""
    value = env.str(name, default="")
    if value and not 0 < int(value) < 65536:
        raise ValueError("not a port")
    return int(value) if value else None


@hint("Set it to networks with commas, such as 10.0.0.0/8,2001:db8::/32.")
def networks(name):
    """Return a list of IP networks."""
    return [ip_network(network.strip()) for network in env.list(name, default=[])]


@hint("Set it to a path that no page has, such as admin/.")
def url_path(name, *, default):
    """Return a path with a slash at both ends. urls.py checks that no page has it."""
    path = env.str(name, default=default).strip("/")
    if not re.fullmatch("[a-z0-9-]+(/[a-z0-9-]+)*", path):
        raise ValueError("not a path of plain words")
    return f"/{path}/"


@hint("Set it as https://host/path, or leave it out.")
def web_url(name):
    """Return an HTTP or HTTPS URL, or an empty string."""
    url = urlsplit(env.str(name, default=""))
    if url.geturl() and not (url.scheme in {"http", "https"} and url.hostname):
        raise ValueError("not a web address")
    return url.geturl()


@hint("Set it as https://key@host/number, or leave it out.")
def sentry_dsn(name):
    """Return the DSN of a Sentry project, or an empty string."""
    url = urlsplit(env.str(name, default=""))
    if url.geturl() and not (url.username and url.hostname and url.path[1:].isdigit()):
        raise ValueError("not a DSN")
    return url.geturl()


@hint("Set it as mailto:name@host or https://…, or leave it out.")
def contact_url(name):
    """Return a `mailto:` or `https:` URL, or an empty string."""
    url = env.str(name, default="")
    if not re.fullmatch(r"(mailto:[^\s@]+@[^\s@]+|https://\S+)?", url):
        raise ValueError("neither mailto: nor https:")
    return url


# --- Mail ------------------------------------------------------------------------------------------


@hint("Set it to the address that mail is sent from.")
def mail_sender(name):
    """Return `name@host` or `Name <name@host>`."""
    sender = env.str(name, default="")
    if not sender.isprintable():
        raise ValueError("more than one line")
    validate_email(parseaddr(sender)[1])
    return sender


@hint("Set it as smtp+tls://user:password@host:587, or leave it out.")
def mailers(name):
    """Return Django's settings for the mail server at a URL."""
    config = env.email_url(name)
    if not config["EMAIL_HOST"]:
        raise ValueError("not a mail server")
    return {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {
                "host": config["EMAIL_HOST"],
                "port": config["EMAIL_PORT"] or 25,
                "username": config["EMAIL_HOST_USER"] or "",
                "password": config["EMAIL_HOST_PASSWORD"] or "",
                "use_tls": config.get("EMAIL_USE_TLS", False),
                "use_ssl": config.get("EMAIL_USE_SSL", False),
                "timeout": 10,  # seconds; somebody waits for the page
            },
        }
    }
