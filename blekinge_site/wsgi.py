"""The way in for gunicorn."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

from blekinge_site.page_cache import PageCache

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blekinge_site.settings")

application = get_wsgi_application()
if settings.PAGE_CACHE:
    application = PageCache(
        application,
        import_string(settings.PAGE_CACHE_STAMP),
        hosts=settings.ALLOWED_HOSTS,
        cookie=settings.SESSION_COOKIE_NAME,
        staff=settings.ADMIN_PATH,
        proxy_header=settings.SECURE_PROXY_SSL_HEADER,
        megabytes=settings.PAGE_CACHE_MB,
    )
