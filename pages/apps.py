from importlib import import_module

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Tags, register
from django.db import DatabaseError
from django.db.models.signals import post_migrate

from blekinge_site.reserved import refuse_admin_path


class PagesConfig(AppConfig):
    name = "pages"
    verbose_name = "Om regionen"

    def ready(self):
        # Models can be imported only now.
        from pages.publishing.content_version import create_triggers

        import_module("pages.checks")
        post_migrate.connect(create_triggers, sender=self)
        register(check_admin_path_is_free, Tags.database)


def check_admin_path_is_free(databases, **kwargs):
    """Raise BadSettingError if the address of a page is in ADMIN_PATH.

    `migrate` runs this check before each release. A page that is created later cannot get such an address.
    """
    from pages.models import Page  # models are ready only now

    slug = settings.ADMIN_PATH.strip("/")
    try:
        is_taken = bool(databases) and Page.objects.at(slug).exists()
    except DatabaseError:
        return []  # no tables yet, or no database, which other code reports
    if is_taken:
        refuse_admin_path(slug)
    return []
