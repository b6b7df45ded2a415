"""The way in for gunicorn."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

from blekinge_site.logs import with_request_id
from blekinge_site.page_cache import PageCache

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blekinge_site.settings")

if settings.SENTRY_DSN:
    from blekinge_site import sentry  # only then installed

    sentry.start(settings.SENTRY_DSN)

application = get_wsgi_application()
if settings.PAGE_CACHE:
    application = page_cache = PageCache(
        application,
        import_string(settings.PAGE_CACHE_STAMP),
        hosts=settings.ALLOWED_HOSTS,
        cookie=settings.SESSION_COOKIE_NAME,
        proxy_header=settings.SECURE_PROXY_SSL_HEADER,
        megabytes=settings.PAGE_CACHE_MB,
    )
application = with_request_id(application, behind_proxy=settings.BEHIND_PROXY)
