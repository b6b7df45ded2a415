"""The site's one settings module.

Settings that differ between installations are read from the environment, or from a file `.env` beside
`manage.py`, with the functions in environment.py. README lists them. A bad value stops the start with a
one-line message that says how to correct it.
"""

from importlib.util import find_spec
from pathlib import Path

from django.utils.csp import CSP

from blekinge_site.environment import (
    BadSettingError,
    choice,
    contact_url,
    database,
    env,
    folder,
    hosts,
    listen_host,
    mail_sender,
    mailers,
    networks,
    on_or_off,
    port,
    positive_integer,
    read_file,
    redis_url,
    secret_key,
    sentry_dsn,
    sqlite,
    text,
    url_path,
    web_url,
    word_list,
)

BASE_DIR = Path(__file__).resolve().parent.parent
read_file(BASE_DIR / ".env")

# --- The installation ------------------------------------------------------------------------------

DEBUG = on_or_off("DEBUG", default=False)
HTTPS = on_or_off("HTTPS", default=True)
SECRET_KEY = secret_key("SECRET_KEY")
ALLOWED_HOSTS = hosts("ALLOWED_HOSTS", default="localhost,127.0.0.1,[::1]")

# The name in the header, the footer and titles, in both languages.
SITE_NAME = text("SITE_NAME", default="Region Blekinge")

# The path of the admin, and the networks from which it can be reached. An empty list allows all.
ADMIN_PATH = url_path("ADMIN_PATH", default="admin/")
ADMIN_NETWORKS = networks("ADMIN_NETWORKS")

# Where to report a vulnerability.
SECURITY_CONTACT = contact_url("SECURITY_CONTACT")

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

# Probes have nothing to protect. Then come headers, so that redirects and static files have them too.
MIDDLEWARE = [
    "blekinge_site.operations.health.answer_probes",
    "blekinge_site.security.safe_headers",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "pages.publishing.publishable.fix_request_time",
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
    "planning.addresses.reject_unknown_values",
]

ROOT_URLCONF = "blekinge_site.urls"
WSGI_APPLICATION = "blekinge_site.wsgi.application"

# Whether each process stores public pages, and in how many megabytes. See serving/page_cache.py.
PAGE_CACHE = on_or_off("PAGE_CACHE", default=not DEBUG)
PAGE_CACHE_MB = positive_integer("PAGE_CACHE_MB", unit="megabytes", default=32)

# blekinge_site imports neither app, so it finds functions of theirs by name: the value that changes when
# stored pages become outdated, the admin's front page, and what keeps a form that a signed-out user sends.
PAGE_CACHE_STAMP = "pages.publishing.content_version.stamp"
STAFF_DESK = "pages.desk.page.desk"
STAFF_DRAFTS = "pages.editing.form_drafts.keep_refused"

# The menu of the staff's pages: each place's name, the model whose rows are edited there, and its first view.
STAFF_PLACES = [
    ("Om regionen", "pages.RegionProfile", "pages_regionprofile_changelist"),
    ("Regionplan", "planning.RegionalPlan", "planning_regionalplan_changelist"),
    ("Sidor", "pages.Page", "pages_page_changelist"),
    ("Återkoppling", "pages.Feedback", "pages_feedback_per_page"),
]

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
                "blekinge_site.staff.frame",
                "pages.publishing.marked",
                "pages.publishing.richtext",
                "planning.indicators",
                "planning.labels",
                "planning.sentences",
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

DATABASES = {"default": database("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"] |= sqlite(DATABASES["default"]["NAME"])
    DATABASES["default"]["CONN_MAX_AGE"] = 60  # seconds: connecting takes longer than a query
else:
    # The threads of a process share a pool. Each connection is checked before it is reused.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {
        # A lost server is noticed within seconds. DATABASE_URL can override these options.
        "connect_timeout": 3,  # seconds
        "tcp_user_timeout": 5000,  # milliseconds until sent data must be acknowledged
        "keepalives_idle": 5,  # seconds of silence before the system checks the server
        "keepalives_interval": 2,  # seconds
        "keepalives_count": 3,
        "pool": {
            "min_size": 1,
            # A connection for each thread that may need it at once: four for requests
            # (serving/bridge.py), three for /readyz, and one each for the content version, the warm-up
            # and the metrics.
            "max_size": 10,
            "timeout": 2,  # seconds that a thread waits for a connection
            # The pool doubles the pause between two attempts to reconnect. A short limit makes it start
            # again with a short pause, so that it notices soon when the server is back.
            "reconnect_timeout": 2,  # seconds
            # Idle connections are closed: other processes may need them.
            "max_idle": 3,  # seconds
        },
    } | DATABASES["default"].get("OPTIONS", {})

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# allauth counts sign-in attempts in this cache. In the database, its limits apply to all processes on all
# machines together.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "KEY_FUNCTION": "blekinge_site.security.cache_key",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}
# With Redis, all processes share their stored pages. The timeouts keep a lost server from delaying visitors.
if CACHE_URL := redis_url("CACHE_URL"):
    CACHES["pages"] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "OPTIONS": {
            "serializer": "django.core.signing.JSONSerializer",  # the default, pickle, can run code
            "socket_connect_timeout": 0.25,  # seconds
            "socket_timeout": 0.25,  # seconds
        },
    }
FIXTURE_DIRS = [BASE_DIR / "fixtures"]
MEDIA_ROOT = folder("MEDIA_ROOT", default=BASE_DIR / "media")

# How long feedback is kept. `manage.py prune` deletes older feedback, and the form tells visitors so.
FEEDBACK_DAYS = positive_integer("FEEDBACK_DAYS", unit="days", default=365)

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
# A pattern, so that WhiteNoise doesn't hash every file at startup to recognise hashed names.
WHITENOISE_IMMUTABLE_FILE_TEST = r"\.[0-9a-f]{12}\.[^/]+$"


def WHITENOISE_ADD_HEADERS_FUNCTION(headers, path, url):  # noqa: N802 - a setting
    """Set a weak ETag: a file's compressed versions share it."""
    file = Path(path).stat()
    headers["ETag"] = f'W/"{int(file.st_mtime):x}-{file.st_size:x}"'


# --- The log ---------------------------------------------------------------------------------------

# One line for each event, to stderr. See operations/logs.py for the data that is left out, and
# serving/request_log.py for requests.
LOG_FORMAT = choice("LOG_FORMAT", ("json", "text"), default="text" if DEBUG else "json")
ACCESS_LOG = on_or_off("ACCESS_LOG", default=True)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "blekinge_site.operations.logs.Formatter", "log_format": LOG_FORMAT}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "edits": {"level": "INFO"},
        "django": {"handlers": [], "level": "INFO"},
        "django.request": {"level": "ERROR"},  # a 404 is in the request log already
    },
}

# Where Prometheus reads metrics. Without a port there are none. See operations/metrics.py.
METRICS_PORT = port("METRICS_PORT")
METRICS_HOST = listen_host("METRICS_HOST", default="127.0.0.1")

# The Sentry project that receives errors, if any. See operations/sentry.py for the data that is left out.
SENTRY_DSN = sentry_dsn("SENTRY_DSN")
if SENTRY_DSN and find_spec("sentry_sdk") is None:
    raise BadSettingError("SENTRY_DSN is set, but sentry-sdk is not installed. Install it.")

# How many processes gunicorn runs.
WEB_CONCURRENCY = positive_integer("WEB_CONCURRENCY", unit="processes", default=2)

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
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "pages.editing.form_draft_views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
BEHIND_PROXY = on_or_off("BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    # Only safe behind a proxy of ours, which sets these headers and removes a visitor's own.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1  # the last address in X-Forwarded-For is the visitor's

# Public pages may use our own files only, with no scripts and no inline styles. See also staff/site.py.
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}

# Visitors send short messages. Staff send documents (pages.publishing.uploads) and forms with many rows.
MAX_PUBLIC_BODY_BYTES = 64 * 1024
MAX_STAFF_BODY_BYTES = 26 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

# --- Sign-in ---------------------------------------------------------------------------------------

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ALLAUTH_RATE_LIMIT_IPV6_PREFIX = 64  # one subscriber's network; pages/limits.py uses it too
ACCOUNT_ADAPTER = "blekinge_site.staff.signin.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "blekinge_site.staff.signin.SignInForm",
    "user_token": "blekinge_site.staff.links.LinkForm",
}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"

# Staff create the accounts. Many have no e-mail address, so they sign in with a user name.
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# A link to choose a password is valid once, for this long. The user is then signed in.
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600  # seconds
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
# Whom to ask for an account or a link, to complete a sentence. The sign-in pages show it to anyone.
ACCOUNT_CONTACT = text("ACCOUNT_CONTACT", default="den som är ansvarig för redaktionen")
# A session ends when the browser closes, or after this time without a request for a staff page.
SESSION_COOKIE_AGE = 60 * positive_integer("INACTIVITY_MINUTES", unit="minutes", default=60)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
ACCOUNT_SESSION_REMEMBER = False
# Whether staff who publish or manage accounts need a second factor. See staff/signin.py.
SECOND_FACTOR = on_or_off("SECOND_FACTOR", default=True)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "add_webauthn": "blekinge_site.staff.signin_keys.AddKeyForm",
    "edit_webauthn": "blekinge_site.staff.signin_keys.RenameKeyForm",
}
MFA_TOTP_ISSUER = SITE_NAME
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS

# With a mail server, invitations are sent, and staff can reset a forgotten password.
if env.str("EMAIL_URL", default=""):
    MAILERS = mailers("EMAIL_URL")
    DEFAULT_FROM_EMAIL = mail_sender("EMAIL_FROM")

# The region's directory, which staff can sign in with by OpenID Connect.
OIDC = {
    "OIDC_SERVER_URL": web_url("OIDC_SERVER_URL"),
    "OIDC_CLIENT_ID": env.str("OIDC_CLIENT_ID", default=""),
    "OIDC_CLIENT_SECRET": env.str("OIDC_CLIENT_SECRET", default=""),
}
if any(OIDC.values()) and not all(OIDC.values()):
    missing = [name for name, value in OIDC.items() if not value]
    raise BadSettingError(f"{missing[0]} is missing. Set all of {', '.join(OIDC)}, or none.")

# Values of `acr` that the site requests. In the answer, any of them means a checked second factor.
OIDC_ACR = word_list("OIDC_ACR")

SOCIALACCOUNT_ADAPTER = "blekinge_site.staff.signin.DirectoryAdapter"
# A link leads to the directory, since our content security policy blocks forms that lead to other hosts.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "AUTH_PARAMS": {"acr_values": " ".join(OIDC_ACR)} if OIDC_ACR else {},
        "APPS": [],
    }
}
OIDC_NAME = text("OIDC_NAME", default="regionens konto")  # the directory's name on the sign-in page
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
