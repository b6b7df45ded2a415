"""How settings.py reads what differs between installations: each kind of value, or why it is none."""

import os
import re
from contextlib import contextmanager
from email.utils import parseaddr
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
    """A setting is wrong; the message is one line that names it and says how to mend it."""


class Environment(FileAwareMapping):
    """The environment; the value of `NAME` may also be what the file that `NAME_FILE` names holds."""

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
    """Take what the environment doesn't set from the file at `path`, if there is one."""
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


@contextmanager
def told_in_a_line():
    """End the process with exit code 1 and one line where a setting or the database stops it."""
    try:
        yield
    except BadSettingError as error:
        raise SystemExit(str(error)) from None
    except Error:
        if why := no_connection():
            raise SystemExit(
                f"The database cannot be reached ({why}). Start it, or correct DATABASE_URL."
            ) from None
        raise


def no_connection():
    """Return why the database takes no connection, on one line, or None if it takes one."""
    alone = connection.copy()
    alone.settings_dict.get("OPTIONS", {}).pop("pool", None)  # a pool doesn't tell the cause
    try:
        alone.ensure_connection()
        return None
    except Error as error:
        return " ".join(str(error).split())
    finally:
        alone.close()


def from_environment(read, name, mend, **options):
    """Return environment variable `name` as `read` casts it; `mend` tells how to set it right."""
    try:
        return read(name, **options)
    except BadSettingError:
        raise
    except (ImproperlyConfigured, ValueError, TypeError, KeyError, ValidationError) as error:
        raise BadSettingError(f"{name} is missing or cannot be read. {mend}") from error


def yes_or_no(name, *, default):
    """Return environment variable `name`, which is on or off, as a bool."""
    value = env.str(name, default="on" if default else "off").lower()
    if value not in {"on", "off"}:
        raise BadSettingError(f"{name} is {value!r}. Set it to on or off.")
    return value == "on"


def one_of(name, choices, *, default):
    """Return environment variable `name`, which is one of `choices`."""
    value = env.str(name, default=default)
    if value not in choices:
        raise BadSettingError(f"{name} is {value!r}. Set it to {' or '.join(choices)}.")
    return value


def text(name, *, default):
    """Return environment variable `name`, one line of text that isn't empty."""
    value = env.str(name, default=default)
    if not value or not value.isprintable():
        raise ValueError("no text, or more than a line")
    return value


def database(name, *, default):
    """Return the database that address `name` gives, or `default`, as Django's settings for it.

    Where the address has no password, PostgreSQL's is DATABASE_PASSWORD.
    """
    found = env.db_url(name, default=default)
    if found.get("ENGINE") == "django.db.backends.sqlite3":
        file = Path(found["NAME"])
        if file.is_dir() or not file.parent.is_dir():
            raise ValueError("not a file in a folder that is there")
    elif found.get("ENGINE") != "django.db.backends.postgresql" or not found["NAME"]:
        raise ValueError("not a database that the site knows")
    else:
        found["PASSWORD"] = found["PASSWORD"] or env.str("DATABASE_PASSWORD", default="")
    return found


def sqlite(name):
    """Return Django's settings for the SQLite file `name`, which may be on a disk that only reads."""
    file = Path(name)
    if file.exists() and not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)):
        # Without its log of changes, SQLite can only open the file as one that never changes.
        how = "mode=ro" if Path(f"{file}-wal").exists() else "immutable=1"
        return {"NAME": f"file:{quote(str(file.absolute()))}?{how}"}
    return {
        "OPTIONS": {
            # Readers never wait for the one writer, and a writer waits its turn before it fails.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,
        }
    }


HOST = r"[a-z0-9-]+(\.[a-z0-9-]+)*"


def hosts(name, *, default):
    """Return the host names that `name` lists, as browsers send them: in small letters."""
    found = [one.strip().lower() for one in env.str(name, default=default).split(",")]
    if not all(re.fullmatch(rf"\.?{HOST}|\[[0-9a-f:]+\]", one) for one in found):
        raise ValueError("not names of hosts")
    return found


def listens_at(name, *, default):
    """Return the host name or the IP address that `name` gives; empty, which would be all, is `default`."""
    value = env.str(name, default="") or default
    if not re.fullmatch(HOST, value, re.IGNORECASE):
        ip_address(value)
    return value


def redis(name):
    """Return the address of a Redis that `name` gives, or an empty text.

    Where the address has no password, it gets CACHE_PASSWORD.
    """
    address = urlsplit(env.str(name, default=""))
    if not address.geturl():
        return ""
    server = address.path if address.scheme == "unix" else address.hostname
    # A port that is no number raises too.
    if not server or address.scheme not in {"redis", "rediss", "unix"} or address.port == 0:
        raise ValueError("not a Redis")
    password = env.str("CACHE_PASSWORD", default="")
    if password and not address.password and address.scheme != "unix":
        user, _at, host = address.netloc.rpartition("@")
        netloc = f"{user.removesuffix(':')}:{quote(password, safe='')}@{host}"
        address = address._replace(netloc=netloc)
    return address.geturl()


def folder(name, *, default):
    """Return the path of the folder that `name` gives, which is there or can be made."""
    if not env.str(name, default=str(default)):
        raise ValueError("empty, which would be the folder of the code")
    path = env.path(name, default=default)()
    there = next(place for place in (Path(path), *Path(path).parents) if place.exists())
    if not there.is_dir():
        raise ValueError("a file is there")
    return path


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
    """Return the path that `name` gives, with a slash at both ends; urls.py looks whether it's free."""
    found = env.str(name, default=default).strip("/")
    if not re.fullmatch("[a-z0-9-]+(/[a-z0-9-]+)*", found):
        raise ValueError("not a path of plain words")
    return f"/{found}/"


def web_address(name):
    """Return the address on the web that `name` gives, or an empty text."""
    address = urlsplit(env.str(name, default=""))
    if address.geturl() and not (address.scheme in {"http", "https"} and address.hostname):
        raise ValueError("not an address on the web")
    return address.geturl()


def networks(name):
    """Return the IP networks that `name` lists."""
    return [ip_network(one.strip()) for one in env.list(name, default=[])]


def words(name):
    """Return the words that `name` lists with commas, a list of str."""
    listed = [word.strip() for word in env.list(name, default=[])]
    if not all(re.fullmatch(r"[!-~]+", word) for word in listed):
        raise ValueError("not words")
    return listed


def contact(name):
    """Return the address that `name` gives for mail or a web page, or nothing."""
    found = env.str(name, default="")
    if not re.fullmatch(r"(mailto:[^\s@]+@[^\s@]+|https://\S+)?", found):
        raise ValueError("neither mailto: nor https:")
    return found


def sender(name):
    """Return the sender of mail that `name` gives: `name@host` or `Name <name@host>`."""
    value = text(name, default="")
    validate_email(parseaddr(value)[1])
    return value


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
