"""The site's one settings module.

Every setting that differs between installations is read here, from the environment or from a file
`.env` beside `manage.py`; README lists them. A bad value stops the start with a sentence that says how
to mend it.
"""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")


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


def database(name, *, default):
    """Return the database that address `name` gives, or `default`, as Django's settings for it."""
    found = env.db_url(name, default=default)
    if not found.get("ENGINE"):
        raise ValueError("not a database that Django knows")
    return found


def at_least_one(name, *, default):
    """Return environment variable `name`, a whole number above zero."""
    found = env.int(name, default=default)
    if found < 1:
        raise ValueError("not above zero")
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


# --- What kind of installation this is -------------------------------------------------------------

DEBUG = yes_or_no("DEBUG", default=False)
HTTPS = yes_or_no("HTTPS", default=True)

SECRET_KEY = from_environment(
    env.str,
    "SECRET_KEY",
    "Set it to at least 50 random characters; `make run` writes one to .env.",
)
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured(
        f"SECRET_KEY has {len(SECRET_KEY)} characters. Set it to at least 50 random ones."
    )

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is *. Name the hosts that the site answers for.")

# The name that header, footer and titles carry, in both languages.
SITE_NAME = env.str("SITE_NAME", default="Region Blekinge")

# --- The application -------------------------------------------------------------------------------

INSTALLED_APPS = [
    "modeltranslation",  # before the admin, which it extends
    "blekinge_site.apps.StaffConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_prose_editor",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "pages",
    "planning",
]

MIDDLEWARE = [
    "pages.publishing.one_moment",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "blekinge_site.languages.LanguageOfAddress",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "blekinge_site.urls"
WSGI_APPLICATION = "blekinge_site.wsgi.application"

# Whether public pages are stored ready to send, in how many megabytes a process, and what tells whether
# they still hold; see page_cache.py.
PAGE_CACHE = yes_or_no("PAGE_CACHE", default=not DEBUG)
PAGE_CACHE_MB = from_environment(
    at_least_one, "PAGE_CACHE_MB", "Set it to a whole number of megabytes, such as 32.", default=32
)
PAGE_CACHE_STAMP = "pages.content_version.stamp"

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
                "pages.richtext",
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
    # Readers never wait for the one writer, and a writer waits its turn instead of failing.
    DATABASES["default"]["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    }
# To connect takes longer than to ask: a thread keeps its connection for a while.
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Only the sign-in's limits are kept here. They are to hold whichever process or machine is asked, and
# the database is what all of them share.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}
FIXTURE_DIRS = [BASE_DIR / "fixtures"]
MEDIA_ROOT = env.path("MEDIA_ROOT", default=BASE_DIR / "media")()

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
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True


def WHITENOISE_ADD_HEADERS_FUNCTION(headers, path, url):  # noqa: N802 - a setting
    """Mark the ETag as weak: a file has the same one compressed and not."""
    file = Path(path).stat()
    headers["ETag"] = f'W/"{int(file.st_mtime):x}-{file.st_size:x}"'


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
if yes_or_no("BEHIND_PROXY", default=False):
    # Only where a proxy of ours sets these headers and strips a visitor's own.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1  # the last address in X-Forwarded-For is the visitor's

# Public pages: our own files and nothing else, nothing inline. The staff's pages: see staff.py.
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}

# --- Sign-in ---------------------------------------------------------------------------------------

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "blekinge_site.signin.AccountAdapter"
ACCOUNT_FORMS = {"login": "blekinge_site.signin.SignInForm"}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"

# Staff make the accounts, with a user name; many have no e-mail address.
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""

# A session ends with the browser, and after this long without a request for a page of the staff's.
SESSION_COOKIE_AGE = 60 * from_environment(
    env.int, "INACTIVITY_MINUTES", "Set it to a whole number of minutes, such as 60.", default=60
)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
ACCOUNT_SESSION_REMEMBER = False

# Whether those who publish or keep the accounts must have a second factor; see signin.py.
SECOND_FACTOR = yes_or_no("SECOND_FACTOR", default=True)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "add_webauthn": "blekinge_site.signin_keys.AddKeyForm",
    "edit_webauthn": "blekinge_site.signin_keys.RenameKeyForm",
}
MFA_TOTP_ISSUER = SITE_NAME
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS

# With a mail server, a forgotten password can be replaced by mail.
if env.str("EMAIL_URL", default=""):
    MAILERS = from_environment(
        mailers, "EMAIL_URL", "Set it as smtp+tls://user:password@host:587, or leave it out."
    )
    DEFAULT_FROM_EMAIL = from_environment(
        env.str, "EMAIL_FROM", "Set it to the address that mail is sent from."
    )

# The region's own directory, by OpenID Connect.
OIDC = {
    name: env.str(name, default="")
    for name in ("OIDC_SERVER_URL", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
}
if any(OIDC.values()) and not all(OIDC.values()):
    missing = [name for name, value in OIDC.items() if not value]
    raise ImproperlyConfigured(f"{missing[0]} is missing. Set all of {', '.join(OIDC)}, or none.")

SOCIALACCOUNT_ADAPTER = "blekinge_site.signin.DirectoryAdapter"
# The way there is a link: our policy stops a form that leads to another host.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": []}}
if all(OIDC.values()):
    INSTALLED_APPS.append("allauth.socialaccount.providers.openid_connect")
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"].append(
        {
            "provider_id": "region",
            "name": env.str("OIDC_NAME", default="regionens konto"),
            "client_id": OIDC["OIDC_CLIENT_ID"],
            "secret": OIDC["OIDC_CLIENT_SECRET"],
            "settings": {"server_url": OIDC["OIDC_SERVER_URL"]},
        }
    )
