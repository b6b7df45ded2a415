"""The site's one settings module.

Every setting that differs between installations is read here, from the environment or from a file
`.env` beside `manage.py` (environment.py); README lists them. A bad value stops the start with a sentence
that says how to mend it.
"""

from importlib.util import find_spec
from pathlib import Path

from django.utils.csp import CSP

from blekinge_site.environment import (
    BadSettingError,
    address_path,
    at_least_one,
    contact,
    database,
    env,
    folder,
    from_environment,
    hosts,
    listens_at,
    mailers,
    networks,
    one_of,
    port,
    read_file,
    redis,
    sender,
    sentry,
    sqlite,
    text,
    web_address,
    words,
    yes_or_no,
)

BASE_DIR = Path(__file__).resolve().parent.parent
read_file(BASE_DIR / ".env")

# --- What kind of installation this is -------------------------------------------------------------

DEBUG = yes_or_no("DEBUG", default=False)
HTTPS = yes_or_no("HTTPS", default=True)

SECRET_KEY = from_environment(
    env.str,
    "SECRET_KEY",
    "Set it to at least 50 random characters; `make run` writes one to .env.",
)
if len(SECRET_KEY) < 50:
    raise BadSettingError(
        f"SECRET_KEY has {len(SECRET_KEY)} characters. Set it to at least 50 random ones."
    )

ALLOWED_HOSTS = from_environment(
    hosts,
    "ALLOWED_HOSTS",
    "Name the hosts that the site answers for, with commas, such as example.org,www.example.org.",
    default="localhost,127.0.0.1,[::1]",
)

# The name that header, footer and titles carry, in both languages.
SITE_NAME = from_environment(
    text, "SITE_NAME", "Set it to the region's name, or leave it out.", default="Region Blekinge"
)

# Where the staff's pages are, and the networks that they are open to; without any, to all.
ADMIN_PATH = from_environment(
    address_path,
    "ADMIN_PATH",
    "Set it to words with hyphens that no page has, such as admin/.",
    default="admin/",
)
ADMIN_NETWORKS = from_environment(
    networks, "ADMIN_NETWORKS", "Set it to networks with commas, such as 10.0.0.0/8,2001:db8::/32."
)

# Whom to tell of a hole in the site.
SECURITY_CONTACT = from_environment(
    contact, "SECURITY_CONTACT", "Set it as mailto:name@host or https://…, or leave it out."
)

# --- The application -------------------------------------------------------------------------------

INSTALLED_APPS = [
    "modeltranslation",  # before the admin, which it extends
    "blekinge_site.apps.StaffConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "django_prose_editor",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "pages",
    "planning",
]

# Headers first, so that they stand on whatever the others answer, static files and redirects too.
MIDDLEWARE = [
    "blekinge_site.operations.health.answer_probes",
    "blekinge_site.security.safe_headers",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "pages.publishing.publishable.one_moment",
    "django.middleware.security.SecurityMiddleware",
    "blekinge_site.serving.files.StaticFiles",
    "blekinge_site.serving.files.GZipOfPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "blekinge_site.languages.LanguageOfAddress",
    "blekinge_site.security.gate",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "planning.addresses.known_words_only",
]

ROOT_URLCONF = "blekinge_site.urls"
WSGI_APPLICATION = "blekinge_site.wsgi.application"

# Whether public pages are stored ready to send, in how many megabytes a process, and what tells whether
# they still hold; see page_cache.py.
PAGE_CACHE = yes_or_no("PAGE_CACHE", default=not DEBUG)
PAGE_CACHE_MB = from_environment(
    at_least_one, "PAGE_CACHE_MB", "Set it to a whole number of megabytes, such as 32.", default=32
)

# Functions of the apps that blekinge_site calls. It imports no app, so they are named here.
PAGE_CACHE_STAMP = "pages.publishing.content_version.stamp"
STAFF_DESK = "pages.editing.desk.waiting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "blekinge_site.formats",
                "blekinge_site.languages",
                "pages.publishing.richtext",
            ],
            "context_processors": [
                "django.template.context_processors.csp",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "blekinge_site.context.site",
                "pages.menu.menu",
            ],
        },
    },
]

# --- Data ------------------------------------------------------------------------------------------

DATABASES = {
    "default": from_environment(
        database,
        "DATABASE_URL",
        "Set it as postgresql://user:password@host/name, or leave it out for SQLite.",
        default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}",
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"] |= sqlite(DATABASES["default"]["NAME"])
    # To connect takes longer than to ask: a thread keeps its connection for a while.
    DATABASES["default"]["CONN_MAX_AGE"] = 60
else:
    # Connections that the threads of a process share, each tried before it is used again.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {
        # A server that is gone is noticed within seconds; DATABASE_URL may say otherwise.
        "connect_timeout": 3,  # seconds
        "tcp_user_timeout": 5000,  # milliseconds until what was sent must have arrived
        "keepalives_idle": 5,  # seconds of silence after which a waiting thread tries the server
        "keepalives_interval": 2,  # seconds
        "keepalives_count": 3,
        "pool": {
            "min_size": 1,
            # As many as the threads that may ask at once: four for requests (serving/bridge.py), one each
            # for the content version, the warm-up and the metrics, and three for /readyz.
            "max_size": 10,
            "timeout": 2,  # seconds that a thread waits for a connection
            # Reconnecting is tried each second. After two it starts anew, with the next thread that wants a
            # connection: otherwise the pauses double, and the server has long been back when one ends.
            "reconnect_timeout": 2,  # seconds
            # What is not in use is given up, one at a time: other processes may be short of connections.
            "max_idle": 3,  # seconds
        },
    } | DATABASES["default"].get("OPTIONS", {})

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# allauth counts attempts to sign in here. Its limits hold in every process and on every machine, which all
# share the database.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "KEY_FUNCTION": "blekinge_site.security.cache_key",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}
# With Redis, what one process has made of a page is there for all. Without an answer it is not waited for.
if CACHE_URL := from_environment(redis, "CACHE_URL", "Set it as redis://host:6379/0."):
    CACHES["pages"] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "OPTIONS": {
            "serializer": "django.core.signing.JSONSerializer",  # the default one, pickle, runs code
            "socket_connect_timeout": 0.25,
            "socket_timeout": 0.25,
        },
    }
FIXTURE_DIRS = [BASE_DIR / "fixtures"]
MEDIA_ROOT = from_environment(
    folder, "MEDIA_ROOT", "Set it to a folder, or leave it out.", default=BASE_DIR / "media"
)

# How long visitors' answers are kept; `manage.py prune` deletes what is older, and the form says so.
FEEDBACK_DAYS = from_environment(
    at_least_one, "FEEDBACK_DAYS", "Set it to a whole number of days, such as 365.", default=365
)

# --- Languages, numbers and time -------------------------------------------------------------------

LANGUAGE_CODE = "sv"
LANGUAGES = [("sv", "svenska"), ("en", "engelska")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Stockholm"
FORMAT_MODULE_PATH = ["blekinge_site.admin_formats"]

MODELTRANSLATION_DEFAULT_LANGUAGE = "sv"
MODELTRANSLATION_FALLBACK_LANGUAGES = ("sv",)
MODELTRANSLATION_CUSTOM_FIELDS = ("RichTextField",)


def MODELTRANSLATION_BUILD_LOCALIZED_VERBOSE_NAME(verbose_name, language):  # noqa: N802 - a setting
    return f"{verbose_name}, {dict(LANGUAGES)[language]}"


# --- Static files ----------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "pages.publishing.uploads.WholeFileStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_IMMUTABLE_FILE_TEST = (
    r"\.[0-9a-f]{12}\.[^/]+$"  # without it, each file's name is hashed at the start
)


def WHITENOISE_ADD_HEADERS_FUNCTION(headers, path, url):  # noqa: N802 - a setting
    """Mark the ETag as weak: a file has the same one compressed and not."""
    file = Path(path).stat()
    headers["ETag"] = f'W/"{int(file.st_mtime):x}-{file.st_size:x}"'


# --- The log ---------------------------------------------------------------------------------------

# One line an event, to stderr; see logs.py for what it leaves out, server_log.py for requests.
LOG_FORMAT = one_of("LOG_FORMAT", ("json", "text"), default="text" if DEBUG else "json")
ACCESS_LOG = yes_or_no("ACCESS_LOG", default=True)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "blekinge_site.operations.logs.Formatter", "shape": LOG_FORMAT}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "edits": {"level": "INFO"},
        "django": {"handlers": [], "level": "INFO"},
        "django.request": {"level": "ERROR"},  # a page that isn't there is told of by its request
    },
}

# Where Prometheus may ask for figures; without a port nowhere. See metrics.py.
METRICS_PORT = from_environment(
    port, "METRICS_PORT", "Set it to a number from 1 to 65535, or leave it out."
)
METRICS_HOST = from_environment(
    listens_at,
    "METRICS_HOST",
    "Set it to an address of this machine, or leave it out.",
    default="127.0.0.1",
)

# Where errors are sent, if anywhere; see sentry.py for what is left out.
SENTRY_DSN = from_environment(
    sentry, "SENTRY_DSN", "Set it as https://key@host/number, or leave it out."
)
if SENTRY_DSN and find_spec("sentry_sdk") is None:
    raise BadSettingError("SENTRY_DSN is set, and sentry-sdk not installed. Install it.")

# How many processes gunicorn runs.
WEB_CONCURRENCY = from_environment(
    at_least_one, "WEB_CONCURRENCY", "Set it to a whole number of processes, such as 2.", default=2
)

# --- Security --------------------------------------------------------------------------------------

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
BEHIND_PROXY = yes_or_no("BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    # Only where a proxy of ours sets these headers and strips a visitor's own.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1  # the last address in X-Forwarded-For is the visitor's

# Public pages: our own files and nothing else, nothing inline, no scripts. The staff's pages: see staff.py.
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}

# A visitor sends a few words, staff documents (pages.publishing.uploads) and forms with hundreds of rows.
MAX_PUBLIC_BODY = 64 * 1024
MAX_STAFF_BODY = 26 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

# --- Sign-in ---------------------------------------------------------------------------------------

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ALLAUTH_RATE_LIMIT_IPV6_PREFIX = 64  # one subscriber's network; pages.limits counts by it too
ACCOUNT_ADAPTER = "blekinge_site.staff.signin.AccountAdapter"
ACCOUNT_FORMS = {"login": "blekinge_site.staff.signin.SignInForm"}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"

# Staff make the accounts, with a user name; many have no e-mail address.
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""

# A session ends with the browser, and after this long without a request for a page of the staff's.
SESSION_COOKIE_AGE = 60 * from_environment(
    at_least_one,
    "INACTIVITY_MINUTES",
    "Set it to a whole number of minutes, such as 60.",
    default=60,
)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
ACCOUNT_SESSION_REMEMBER = False

# Whether those who publish or keep the accounts must have a second factor; see signin.py.
SECOND_FACTOR = yes_or_no("SECOND_FACTOR", default=True)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "add_webauthn": "blekinge_site.staff.signin_keys.AddKeyForm",
    "edit_webauthn": "blekinge_site.staff.signin_keys.RenameKeyForm",
}
MFA_TOTP_ISSUER = SITE_NAME
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS

# With a mail server, a forgotten password can be replaced by mail.
if env.str("EMAIL_URL", default=""):
    MAILERS = from_environment(
        mailers, "EMAIL_URL", "Set it as smtp+tls://user:password@host:587, or leave it out."
    )
    DEFAULT_FROM_EMAIL = from_environment(
        sender, "EMAIL_FROM", "Set it to the address that mail is sent from."
    )

# The region's own directory, by OpenID Connect.
OIDC = {
    "OIDC_SERVER_URL": from_environment(
        web_address, "OIDC_SERVER_URL", "Set it as https://host/path, or leave it out."
    ),
    "OIDC_CLIENT_ID": env.str("OIDC_CLIENT_ID", default=""),
    "OIDC_CLIENT_SECRET": env.str("OIDC_CLIENT_SECRET", default=""),
}
if any(OIDC.values()) and not all(OIDC.values()):
    missing = [name for name, value in OIDC.items() if not value]
    raise BadSettingError(f"{missing[0]} is missing. Set all of {', '.join(OIDC)}, or none.")

# What the directory's ID token says, as `acr`, where it has asked for a second factor. It is asked to.
OIDC_ACR = from_environment(
    words, "OIDC_ACR", "Set it to values of acr with commas, or leave it out."
)

SOCIALACCOUNT_ADAPTER = "blekinge_site.staff.signin.DirectoryAdapter"
# The way there is a link: our policy stops a form that leads to another host.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "AUTH_PARAMS": {"acr_values": " ".join(OIDC_ACR)} if OIDC_ACR else {},
        "APPS": [],
    }
}
OIDC_NAME = from_environment(
    text,
    "OIDC_NAME",
    "Set it to what staff call the directory, or leave it out.",
    default="regionens konto",
)
if all(OIDC.values()):
    INSTALLED_APPS.append("allauth.socialaccount.providers.openid_connect")
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"].append(
        {
            "provider_id": "region",
            "name": OIDC_NAME,
            "client_id": OIDC["OIDC_CLIENT_ID"],
            "secret": OIDC["OIDC_CLIENT_SECRET"],
            "settings": {"server_url": OIDC["OIDC_SERVER_URL"]},
        }
    )
