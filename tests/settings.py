"""The site's settings with what tests need otherwise; nothing in .env changes a test."""

import os

os.environ |= {
    "SECRET_KEY": "for-tests-only-" + "0" * 50,
    "DEBUG": "off",
    "HTTPS": "off",
    "SECOND_FACTOR": "off",
    "INACTIVITY_MINUTES": "60",
    "FEEDBACK_DAYS": "365",
    "EMAIL_URL": "",
    "ACCOUNT_CONTACT": "den som är ansvarig för redaktionen",
    "OIDC_SERVER_URL": "",
    "OIDC_CLIENT_ID": "",
    "OIDC_CLIENT_SECRET": "",
    "OIDC_ACR": "",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "SITE_NAME": "Region Blekinge",
    "SENTRY_DSN": "",
    "LOG_FORMAT": "json",
    "ADMIN_PATH": "admin/",
    "ADMIN_NETWORKS": "",
    "SECURITY_CONTACT": "",
}
# These a test of real processes may set for itself.
os.environ |= {
    "BEHIND_PROXY": "off",
    "PAGE_CACHE": "on",
    "PAGE_CACHE_MB": "32",
    "CACHE_URL": "",
    "ACCESS_LOG": "on",
    "METRICS_PORT": "",
    "METRICS_HOST": "127.0.0.1",
    "OIDC_NAME": "regionens konto",
    "WEB_CONCURRENCY": "2",
} | os.environ

from blekinge_site.settings import *  # noqa: F403

# Static files under their own names, so that no test waits for them to be collected.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Tests that come by a directory say so themselves; settings.py has this only where there is one.
INSTALLED_APPS = [*INSTALLED_APPS, "allauth.socialaccount.providers.openid_connect"]  # noqa: F405
MIDDLEWARE = [name for name in MIDDLEWARE if not name.endswith("StaticFiles")]  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# In CI no test may be skipped, and a few try more content.
IN_CI = bool(os.environ.get("NOTHING_SKIPPED"))
