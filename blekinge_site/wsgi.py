"""The WSGI application, which asgi.py runs in threads."""

import os

from django.conf import settings
from django.core.cache import caches
from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

from blekinge_site.serving.page_cache import PageCache
from blekinge_site.serving.queries import query_names_by_path
from blekinge_site.serving.shared_pages import SharedShelf, release

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blekinge_site.settings")

if settings.SENTRY_DSN:
    from blekinge_site.operations import sentry  # sentry-sdk is an optional dependency

    sentry.start(settings.SENTRY_DSN)

application, page_cache = get_wsgi_application(), None
if settings.PAGE_CACHE:
    application = page_cache = PageCache(
        application,
        import_string(settings.PAGE_CACHE_STAMP),
        hosts=settings.ALLOWED_HOSTS,
        proxy_header=settings.SECURE_PROXY_SSL_HEADER,
        query_names=query_names_by_path(),
        shared=SharedShelf(caches["pages"], release(settings.BASE_DIR, settings))
        if "pages" in settings.CACHES
        else None,
        megabytes=settings.PAGE_CACHE_MB,
    )
